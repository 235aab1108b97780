// Files of a publication, each sent by itself while the message is being written. A picture that may show a child without
// image rights leaves only after someone has looked at it; a retouched one takes the place of the one that was sent.

import { announce } from "./announce.js";
import { Item } from "./upload-item.js";
import { offerRecorder } from "./recorder.js";
import { stateOf } from "./tus.js";

const AT_ONCE = 2;
const KNOWN = "preau-envois"; // which upload a file of this device belongs to; no name is kept
const WEEK = 7 * 86400e3;

function read(store, key) {
  try { return JSON.parse(store.getItem(key)) || {}; } catch { return {}; }
}

function write(store, key, value) {
  try { store.setItem(key, JSON.stringify(value)); } catch { /* full or forbidden: nothing is resumed after a reload */ }
}

/** A short number for a file, the same when it is chosen again (FNV-1a, twice). */
export function keyOf(file, place) {
  const text = `${place}|${file.name}|${file.size}|${file.lastModified}`;
  let one = 0x811c9dc5;
  let two = 0x01000193;
  for (let at = 0; at < text.length; at += 1) {
    one = Math.imul(one ^ text.charCodeAt(at), 0x01000193);
    two = Math.imul(two + text.charCodeAt(at), 0x85ebca6b) ^ (two >>> 13);
  }
  return (one >>> 0).toString(36) + (two >>> 0).toString(36);
}

class Uploads {
  constructor(box) {
    this.box = box;
    this.form = box.closest("form");
    this.input = box.querySelector("input[type=file]");
    this.list = box.querySelector(".uploads__list");
    this.template = box.querySelector("template");
    this.holding = box.querySelector(".uploads__holding");
    this.draft = `${KNOWN}:${location.pathname}`;
    this.items = [];
    this.takeOver();
    this.bringBack();
  }

  say(name, values = {}) {
    return (this.box.dataset[name] ?? "").replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");
  }

  /** The plain field gives way to buttons; it stays the means of choosing. */
  takeOver() {
    this.input.removeAttribute("name");
    this.input.hidden = true;
    this.box.querySelector(".uploads__ways").hidden = false;
    this.box.querySelector("label").htmlFor = this.way("choose").id = "files-choisir";
    this.input.addEventListener("change", () => { this.add([...this.input.files]); this.input.value = ""; this.input.removeAttribute("capture"); });
    this.way("choose").addEventListener("click", () => this.input.click());
    this.way("camera").hidden = !matchMedia("(pointer: coarse)").matches;
    this.way("camera").addEventListener("click", () => this.takePhoto());
    this.way("all").addEventListener("click", () => this.sendAll());
    this.way("hold").addEventListener("click", () => this.release());
    offerRecorder(this.way("record"), this.box.querySelector("[data-recorder]"), (file) => this.add([file], true));
    this.receiveDrops();
    this.form.addEventListener("submit", (event) => this.submit(event));
    addEventListener("beforeunload", (event) => { if (!this.leaving && this.items.some((item) => item.isBusy)) event.preventDefault(); });
  }

  way(name) { return this.box.querySelector(`[data-way="${name}"]`); }

  takePhoto() {
    const accept = this.input.accept;
    this.input.accept = "image/*";
    this.input.setAttribute("capture", "environment");
    this.input.click();
    this.input.accept = accept;
  }

  sendAll() {
    for (const item of this.items) item.looked();
    this.advance();
    this.list.querySelector("button:not([hidden])")?.focus();
  }

  receiveDrops() {
    this.form.addEventListener("paste", (event) => {
      const pasted = [...(event.clipboardData?.files ?? [])];
      // A word processor adds a picture of the words that were copied: the words are what is wanted.
      const words = ["text/html", "text/plain"].every((type) => event.clipboardData?.getData(type));
      if (pasted.length && !words) { event.preventDefault(); this.add(pasted); }
    });
    const over = (on) => this.box.classList.toggle("uploads--over", on);
    this.box.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
    this.box.addEventListener("dragleave", (event) => { if (!this.box.contains(event.relatedTarget)) over(false); });
    this.box.addEventListener("drop", (event) => { event.preventDefault(); over(false); this.add([...event.dataTransfer.files]); });
  }

  /** `looked`: nobody has to look at these first. */
  add(files, looked = false) {
    const known = read(localStorage, KNOWN);
    for (const file of files) {
      const key = keyOf(file, this.box.dataset.classroom);
      if (this.items.some((item) => item.key === key && item.file)) continue;
      const id = known[key]?.at > Date.now() - WEEK ? known[key].id : "";
      const waiting = id && this.items.find((item) => item.id === id && !item.file);
      if (waiting) waiting.takeUp(file, key);
      else this.append(new Item(this, { file, key, id, looked }));
    }
    this.advance();
  }

  append(item) {
    this.items.push(item);
    this.list.append(item.element);
    this.list.hidden = false;
  }

  /** Begin what may begin; show what concerns all files. */
  advance() {
    const sending = this.items.filter((item) => item.isSending).length;
    for (const item of this.items.filter((each) => each.state === "queued").slice(0, Math.max(0, AT_ONCE - sending))) item.begin();
    this.box.querySelector(".uploads__all").hidden = this.items.filter((item) => item.state === "look").length < 2;
    this.list.hidden = this.items.length === 0;
    this.remember();
    if (this.submitter === undefined && !this.unready()) this.holding.hidden = true;
    if (this.submitter !== undefined && !this.items.some((item) => item.isBusy)) this.goOn();
  }

  remember() {
    const known = read(localStorage, KNOWN);
    for (const [key, each] of Object.entries(known)) if (!(each.at > Date.now() - WEEK)) delete known[key];
    for (const item of this.items) if (item.id && item.key) known[item.key] = { id: item.id, at: Date.now() };
    write(localStorage, KNOWN, known);
    write(sessionStorage, this.draft, { ids: this.items.filter((item) => item.id && item.state !== "failed").map((item) => item.id) });
  }

  forget(items) {
    const known = read(localStorage, KNOWN);
    for (const item of items) delete known[item.key];
    write(localStorage, KNOWN, known);
  }

  /** What the form names already (it came back with an error), then what this page had before it was loaded again. */
  async bringBack() {
    const named = [...this.box.querySelectorAll("input[name=uploads]")].map((input) => { input.remove(); return input.value; });
    const before = read(sessionStorage, this.draft).ids ?? [];
    const ids = [...new Set([...named, ...before])];
    const found = await Promise.all(ids.map(stateOf));
    for (const state of found) {
      if (!state || ["refused", "quarantined"].includes(state.state) || this.items.some((item) => item.id === state.id)) continue;
      this.append(new Item(this, { id: state.id, found: state }));
    }
    this.advance();
  }

  remove(item) {
    const at = this.items.indexOf(item);
    this.items.splice(at, 1);
    this.forget([item]);
    item.element.remove();
    announce(this.say("sayRemoved", { name: item.name }));
    const next = this.items[Math.min(at, this.items.length - 1)];
    (next?.element.querySelector("button:not([hidden])") ?? this.way("choose")).focus();
    this.advance();
  }

  /** The form leaves once every file has arrived; until then it says what it waits for. */
  submit(event) {
    const unready = this.unready();
    if (unready) {
      event.preventDefault();
      this.hold(this.box.dataset[unready.state === "look" ? "sayUnseen" : "sayStuck"], false);
      unready.element.querySelector("button:not([hidden])").focus();
    } else if (this.items.some((item) => item.isBusy)) {
      event.preventDefault();
      this.submitter = event.submitter ?? null;
      for (const item of this.items) if (item.state === "paused") item.begin();
      this.hold(this.box.dataset.sayHolding, true);
      this.holding.focus();
    } else if (!navigator.onLine) {
      event.preventDefault();
      this.submitter = event.submitter ?? null;
      this.hold(this.box.dataset.sayOffline, true);
      this.holding.focus();
      addEventListener("online", () => this.advance(), { once: true });
    } else {
      this.leaving = true;
      this.forget(this.items);
      try { sessionStorage.setItem("preau-parti", location.pathname); } catch { /* nothing is kept */ }
    }
  }

  /** The first file that asks for somebody's decision. */
  unready() {
    return this.items.find((item) => item.state === "look") ?? this.items.find((item) => ["failed", "refused", "again"].includes(item.state));
  }

  hold(text, waits) {
    this.holding.hidden = false;
    this.holding.classList.toggle("notice--late", !waits);
    this.holding.classList.toggle("notice--info", waits);
    this.holding.firstElementChild.textContent = text;
    this.way("hold").hidden = !waits;
  }

  release() {
    this.submitter = undefined;
    this.holding.hidden = true;
    this.way("choose").focus();
  }

  goOn() {
    const by = this.submitter;
    this.submitter = undefined;
    this.holding.hidden = true;
    if (!this.unready()) this.form.requestSubmit(by);
    else this.hold(this.box.dataset.sayStuck, false);
  }
}

for (const box of document.querySelectorAll("[data-uploads]")) new Uploads(box);
