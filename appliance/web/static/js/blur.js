// On the page that asks what to do about a child without image rights: blur the photo here, send it in the place of the other.

import { retouch } from "./retouch/open.js";
import { send } from "./tus.js";

for (const place of document.querySelectorAll("[data-blur]")) {
  const button = place.querySelector("button");
  const error = place.querySelector("[role=alert]");
  place.hidden = false;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    error.hidden = true;
    try {
      const answer = await fetch(`/medias/${place.dataset.blur}/large`);
      if (!answer.ok) throw new Error("unavailable");
      const clear = new File([await answer.blob()], "photo.jpg", { type: "image/jpeg" });
      const result = await retouch(clear);
      if (result?.blurred) await replace(place, await send(result.file, { classroom: place.dataset.classroom, blurred: result.blurred }));
    } catch {
      error.textContent = place.dataset.sayFailed;
      error.hidden = false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

/** The server swaps the two photos and erases the clear one. */
function replace(place, upload) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = place.dataset.action;
  const fields = { media: place.dataset.blur, upload, csrf_token: document.querySelector('meta[name="csrf-token"]').content };
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}
