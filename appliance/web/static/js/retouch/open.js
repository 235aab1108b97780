// The way in: `retouch(file)` for whoever sends photos, `retouchButton(file, replace)` for a list that shows them.
// The rest is fetched when somebody presses the button.

const KINDS = /^image\/(jpeg|png|webp|avif|hei[cf])$/;
const NAMES = /\.hei[cf]$/i;

/** Whether this page can retouch this file; a moving picture would lose its movement. */
export function canRetouch(file) {
  return Boolean(document.getElementById("retouch")?.showModal) && (KINDS.test(file.type) || (!file.type && NAMES.test(file.name)));
}

/**
 * Let a person retouch a photo. Gives `{file, blurred, faces}`: a new JPEG upright and without metadata, the number of
 * zones burned in, the number of faces that were found. Gives null when nothing was changed, and the file stays as it was.
 */
export async function retouch(file) {
  if (!canRetouch(file)) return null;
  const { Studio } = await import("./studio.js");
  return new Studio(document.getElementById("retouch")).retouch(file);
}

/**
 * A button that retouches a file, to be put beside it; null where that cannot be. `replace(result)` puts the new file
 * in the place of the old one, then gives the focus back to the button that took this one's place.
 */
export function retouchButton(file, replace) {
  if (!canRetouch(file)) return null;
  const { sayButton, icons } = document.getElementById("retouch").dataset;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button files__retouch";
  button.innerHTML = '<svg class="icon icon--small" aria-hidden="true"><use/></svg><span></span><span class="hidden-visually"></span>';
  button.querySelector("use").setAttribute("href", `${icons}#face`);
  button.querySelector("span").textContent = sayButton;
  button.lastElementChild.textContent = ` ${file.name}`;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      const result = await retouch(file);
      if (result) replace(result);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  return button;
}
