// What every page gains from a script: the installed shell, menus that close, announcements, focus after a swap.

const root = document.documentElement;

if ("serviceWorker" in navigator && root.dataset.worker && window.isSecureContext) {
  navigator.serviceWorker.register(root.dataset.worker, { scope: "/" }).catch(() => {});
}

/** Say something to assistive technology without moving the focus. */
export function announce(text) {
  const region = document.getElementById("annonces");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}

/** Move the focus to a place that was just swapped in, even if it is not focusable by itself. */
export function focusOn(element) {
  if (!element) return;
  if (!element.matches("a, button, input, select, textarea, summary, [tabindex]")) element.tabIndex = -1;
  element.focus({ preventScroll: false });
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

focusOn(document.querySelector("[data-focus]"));

// A second press of the same button must not send twice; the page that comes back has fresh buttons. Whoever stopped a
// page that didn't come may press again after a while: the server knows a form that it got twice.
const PATIENCE = 10000;
function rearm(form) {
  delete form.dataset.sent;
  for (const each of [form, ...form.elements]) each.removeAttribute("aria-busy");
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  for (const each of [form, event.submitter]) each?.setAttribute("aria-busy", "true");
  setTimeout(() => rearm(form), PATIENCE);
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach(rearm);
});

// What a tab keeps of a publication being written (editor.js, uploads.js) goes once the server has taken it, that is when
// it answers by sending to another page; after an error of the network it is still there.
try {
  const left = sessionStorage.getItem("preau-parti");
  sessionStorage.removeItem("preau-parti");
  const [arrival] = performance.getEntriesByType("navigation");
  if (left && left !== location.pathname && arrival?.type === "navigate" && arrival.redirectCount) {
    for (const kind of ["preau-texte", "preau-envois"]) sessionStorage.removeItem(`${kind}:${left}`);
  }
} catch { /* nothing is kept where storage is forbidden */ }

// htmx: the token goes with every request; what was swapped is announced, and may ask for the focus.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) event.detail.headers["X-CSRFToken"] = token.content;
});
document.addEventListener("htmx:afterSwap", (event) => {
  const region = event.detail.elt;
  const said = region.dataset?.announce ?? region.querySelector?.("[data-announce]")?.dataset.announce;
  if (said) announce(said);
  focusOn(region.matches?.("[data-focus]") ? region : region.querySelector?.("[data-focus]"));
});
// An error answer is a message of ours (see web/errors): show it where messages stand.
document.addEventListener("htmx:beforeSwap", (event) => {
  const messages = document.getElementById("messages");
  if (event.detail.xhr.status < 400 || !messages) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
  event.detail.target = messages;
  event.detail.swapOverride = "innerHTML";
});

document.addEventListener("preau:announce", (event) => announce(event.detail));

// Modules that only some pages need; their hashed addresses stand in the head.
const wanted = {
  editor: "[data-editor]", files: "[data-files]", uploads: "[data-uploads]", arriving: "[data-follow]", blur: "[data-blur]", dates: ".moment time", htmx: "[hx-get], [hx-post]",
};
/** htmx is a script of the classic kind; between the page's parsing and its load event it would never begin. */
function load(address) {
  if (document.readyState !== "complete") { addEventListener("load", () => load(address), { once: true }); return; }
  const script = document.createElement("script");
  script.src = address;
  document.head.append(script);
}
for (const link of document.querySelectorAll('meta[name^="module-"]')) {
  const name = link.name.slice("module-".length);
  if (!document.querySelector(wanted[name])) continue;
  if (name === "htmx") load(link.content);
  else import(link.content);
}
