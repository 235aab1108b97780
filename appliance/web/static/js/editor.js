// A toolbar over a plain field. What is typed stays text that a person can read: **gras**, *italique*, - liste, [lien](https://…).

import { keepTyped } from "./typed.js";

const PAIRS = { bold: "**", italic: "*" };

/** Replace the field's selection so that the browser's own undo still works, then select part of the result. */
function replace(field, start, end, text, from, to) {
  field.focus();
  field.setSelectionRange(start, end);
  if (!document.execCommand?.("insertText", false, text)) field.setRangeText(text, start, end, "end");
  field.setSelectionRange(from, to);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function surround(field, sign, sample) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const n = sign.length;
  const before = value.slice(start - n, start) === sign && value.slice(end, end + n) === sign;
  const bold = sign === "*" && value.slice(start - 2, start) === "**" && value.slice(start - 3, start) !== "***";
  if (before && !bold) {
    const inner = value.slice(start, end);
    return replace(field, start - n, end + n, inner, start - n, start - n + inner.length);
  }
  const chosen = value.slice(start, end);
  const text = chosen.trim() || sample;
  const lead = chosen.slice(0, chosen.length - chosen.trimStart().length);
  const tail = chosen.trim() ? chosen.slice(chosen.trimEnd().length) : "";
  const from = start + lead.length + n;
  return replace(field, start, end, lead + sign + text + sign + tail, from, from + text.length);
}

function list(field) {
  const { value } = field;
  const start = value.lastIndexOf("\n", field.selectionStart - 1) + 1;
  const next = value.indexOf("\n", field.selectionEnd);
  const end = next < 0 ? value.length : next;
  const lines = value.slice(start, end).split("\n");
  const all = lines.every((line) => line.startsWith("- "));
  const text = lines.map((line) => (all ? line.slice(2) : line.startsWith("- ") ? line : `- ${line}`)).join("\n");
  const single = lines.length === 1;
  replace(field, start, end, text, single ? start + text.length : start, start + text.length);
}

function link(field, sample) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const chosen = value.slice(start, end).trim();
  const address = /^https?:\/\/\S+$/.test(chosen);
  const label = address ? sample : chosen || sample;
  const target = address ? chosen : "https://";
  const from = address ? start + 1 : start + label.length + 3;
  replace(field, start, end, `[${label}](${target})`, from, from + (address ? label.length : target.length));
}

function apply(mark, field, sample) {
  if (PAIRS[mark]) surround(field, PAIRS[mark], sample);
  else if (mark === "list") list(field);
  else if (mark === "link") link(field, sample);
}

/** Enter inside a list starts the next line of the list; on an empty one it leaves the list. */
function continueList(event) {
  const field = event.target;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || field.selectionStart !== field.selectionEnd) return;
  const at = field.selectionStart;
  const start = field.value.lastIndexOf("\n", at - 1) + 1;
  const line = field.value.slice(start, at);
  if (!line.startsWith("- ")) return;
  event.preventDefault();
  if (line === "- ") replace(field, start, at, "", start, start);
  else replace(field, at, at, "\n- ", at + 3, at + 3);
}

/** One stop of the tab key for the whole toolbar; arrows move inside it (ARIA toolbar pattern). */
function rove(bar, event) {
  const buttons = [...bar.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  const forward = getComputedStyle(bar).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const next = buttons[(to + buttons.length) % buttons.length];
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
}

function grow(field) {
  if (window.CSS?.supports?.("field-sizing", "content")) return;
  const lines = field.value.split("\n").length + Math.floor(field.value.length / 60);
  field.rows = Math.min(24, Math.max(Number(field.dataset.rows), lines + 1));
}

for (const editor of document.querySelectorAll("[data-editor]")) {
  const field = editor.querySelector("textarea");
  const bar = editor.querySelector("[role=toolbar]");
  bar.hidden = false;
  field.dataset.rows = field.rows;
  if (field.form?.elements.submission) keepTyped(field.form); // a form that the server knows again when it comes twice
  grow(field);
  field.addEventListener("input", () => grow(field));
  bar.addEventListener("mousedown", (event) => event.preventDefault());
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-mark]");
    if (button) apply(button.dataset.mark, field, button.dataset.sample);
  });
  bar.addEventListener("keydown", (event) => rove(bar, event));
  field.addEventListener("keydown", (event) => {
    continueList(event);
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    const mark = event.shiftKey ? { l: "list" }[key] : { b: "bold", i: "italic", k: "link" }[key];
    if (!mark) return;
    event.preventDefault();
    apply(mark, field, bar.querySelector(`[data-mark="${mark}"]`).dataset.sample);
  });
}
