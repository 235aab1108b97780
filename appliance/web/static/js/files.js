// What was chosen, before it leaves: a picture of each file, its weight, a way out. Choosing again adds.

import { retouchButton } from "./retouch/open.js";

const BASE = 1000;

function weight(size, units) {
  let at = 0;
  let value = size;
  while (value >= BASE && at < units.length - 1) { value /= BASE; at += 1; }
  const digits = value < 10 && at > 1 ? 1 : 0;
  return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits })}\u202f${units[at]}`;
}

function icon(sprite, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

class Files {
  constructor(box) {
    this.box = box;
    this.input = box.querySelector("input[type=file]");
    this.list = box.querySelector(".files__list");
    this.units = box.dataset.units.split(" ");
    this.maxBytes = Number(box.dataset.maxBytes) || Infinity;
    this.maxFiles = Number(box.dataset.maxFiles) || Infinity;
    this.entries = [];
    this.input.addEventListener("change", () => this.add([...this.input.files]));
    if (this.input.files.length) this.add([...this.input.files]); // chosen before this script came
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest(".files__remove");
      if (button) this.remove(Number(button.dataset.at));
    });
    box.closest("form")?.addEventListener("paste", (event) => {
      const pasted = [...(event.clipboardData?.files ?? [])];
      const words = ["text/html", "text/plain"].every((type) => event.clipboardData?.getData(type));
      if (pasted.length && !words) { event.preventDefault(); this.add(pasted); }
    });
    box.addEventListener("dragover", (event) => event.preventDefault());
    box.addEventListener("drop", (event) => { event.preventDefault(); this.add([...event.dataTransfer.files]); });
  }

  add(files) {
    const known = new Set(this.entries.map(({ file }) => `${file.name}|${file.size}|${file.lastModified}`));
    for (const file of files) {
      if (known.has(`${file.name}|${file.size}|${file.lastModified}`)) continue;
      const picture = /^image\/(jpeg|png|gif|webp|avif)$/.test(file.type) ? URL.createObjectURL(file) : "";
      this.entries.push({ file, picture });
    }
    if (!this.input.multiple) this.entries.splice(0, this.entries.length - 1).forEach((entry) => URL.revokeObjectURL(entry.picture));
    this.show();
  }

  remove(at) {
    const [gone] = this.entries.splice(at, 1);
    if (gone.picture) URL.revokeObjectURL(gone.picture);
    this.show();
    const next = this.list.querySelectorAll(".files__remove")[Math.min(at, this.entries.length - 1)];
    (next ?? this.input).focus();
  }

  /** A retouched photo takes the place of the one it was made from. */
  replace(at, file) {
    const entry = this.entries[at];
    if (entry.picture) URL.revokeObjectURL(entry.picture);
    this.entries[at] = { file, picture: URL.createObjectURL(file) };
    this.show();
    this.list.children[at].querySelector(".files__retouch")?.focus();
  }

  /** Why a file stays here, in words; empty when it may leave. */
  refusal(file, accepted) {
    if (file.size > this.maxBytes) return this.box.dataset.tooBig;
    return accepted >= this.maxFiles ? this.box.dataset.tooMany : "";
  }

  show() {
    const kept = new DataTransfer();
    this.list.replaceChildren(...this.entries.map((entry, at) => {
      const refusal = this.refusal(entry.file, kept.files.length);
      if (!refusal) kept.items.add(entry.file);
      return this.item(entry, at, refusal);
    }));
    this.input.files = kept.files;
    this.list.hidden = this.entries.length === 0;
    this.list.setAttribute("aria-label", `${this.box.dataset.kept} ${kept.files.length}`);
    this.box.dispatchEvent(new CustomEvent("files:change", { bubbles: true, detail: { files: [...kept.files] } }));
  }

  item({ file, picture }, at, refusal) {
    const item = document.createElement("li");
    item.className = refusal ? "files__item files__item--refused" : "files__item";
    const frame = document.createElement("div");
    frame.className = "files__picture";
    if (picture) {
      const image = new Image();
      image.src = picture;
      image.alt = "";
      image.addEventListener("error", () => image.replaceWith(icon(this.box.dataset.icons, "photo")));
      frame.append(image);
    } else {
      frame.append(icon(this.box.dataset.icons, "document"));
    }
    const name = document.createElement("p");
    name.className = "files__name";
    const detail = document.createElement("span");
    detail.textContent = refusal || weight(file.size, this.units);
    name.append(file.name, detail);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--icon files__remove";
    button.dataset.at = at;
    const label = document.createElement("span");
    label.className = "hidden-visually";
    label.textContent = `${this.box.dataset.remove} ${file.name}`;
    button.append(icon(this.box.dataset.icons, "close"), label);
    item.append(frame, name, button);
    const retouch = retouchButton(file, (result) => this.replace(at, result.file));
    if (retouch) item.append(retouch);
    return item;
  }
}

for (const box of document.querySelectorAll("[data-files]")) new Files(box);
