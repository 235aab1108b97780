// What was chosen and typed in a form outlives a reload, a tab that the telephone closed, an error of the network: this tab
// keeps it until it has arrived (app.js). All of it or nothing: words never come back without the choice of their readers.

const NOT_KEPT = ["csrf_token", "version", "files", "uploads", "removed"];

function mayKeep(name) {
  return name && !NOT_KEPT.includes(name) && !name.startsWith("tags-");
}

function bringBack(form, entries) {
  for (const field of form.elements) {
    if (!mayKeep(field.name) || field.type === "submit") continue;
    const values = entries.filter(([name]) => name === field.name).map(([, value]) => value);
    if (["checkbox", "radio"].includes(field.type)) field.checked = values.includes(field.value);
    else field.value = values[0] ?? "";
    if (field.checked || (field.value && ["date", "time"].includes(field.type))) field.closest("details")?.setAttribute("open", "");
  }
}

/** `version` is the text that is being corrected; what came back with an error stands as the server gave it. */
export function keepTyped(form) {
  const key = `preau-texte:${location.pathname}`;
  const from = form.elements.version?.value ?? "";
  try {
    const kept = JSON.parse(sessionStorage.getItem(key));
    if (kept?.from === from && !document.querySelector(".errors")) bringBack(form, kept.entries);
  } catch { /* nothing was kept */ }
  form.addEventListener("input", () => {
    const entries = [...new FormData(form)].filter(([name]) => mayKeep(name));
    try { sessionStorage.setItem(key, JSON.stringify({ from, entries })); } catch { /* full or forbidden */ }
  });
}
