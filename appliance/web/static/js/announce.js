// Say something to assistive technology without moving the focus; app.js holds the region.

export function announce(text) {
  document.dispatchEvent(new CustomEvent("preau:announce", { detail: text }));
}
