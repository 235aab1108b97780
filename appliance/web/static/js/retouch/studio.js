// The dialog: one photo, one state, the steps that led to it. Closing loses nothing: the file stays as it was, and the
// retouching is found again where it was left.

import { makeFile, openPicture, paint } from "./canvas.js";
import { release } from "./faces.js";
import { fit, meets, viewOf } from "./geometry.js";
import { Blurring, Cropping, Drawing, Turning } from "./tools.js";

const ENLARGED = 2;
// What was done to a file: the original it came from and the state; only while the page is open, only in its memory.
const kept = new WeakMap();

export class Studio {
  constructor(dialog) {
    this.dialog = dialog;
    this.find = (selector) => dialog.querySelector(selector);
    this.canvas = this.find("canvas");
    this.frame = this.find(".retouch__frame");
    this.room = this.find(".retouch__stage");
    this.said = this.find("[role=status]");
    this.tools = { faces: new Blurring(this), crop: new Cropping(this), turn: new Turning(this), draw: new Drawing(this) };
    this.stop = new AbortController();
    this.scale = 1;
  }

  /** Open, wait for the person, close. */
  async retouch(file) {
    const before = kept.get(file);
    const source = before?.source ?? file;
    this.waiting(true);
    this.say("opening");
    this.dialog.dataset.shown = "";
    this.dialog.showModal();
    try {
      this.picture = await openPicture(source);
    } catch {
      if (this.dialog.open) return this.giveUp();
    }
    if (!this.dialog.open) return this.waiting(false) ?? null; // closed while it opened
    this.whole = { x: 0, y: 0, w: this.picture.width, h: this.picture.height };
    this.state = before?.state ?? { turns: 0, flipped: false, crop: this.whole, zones: [], strokes: [] };
    this.made = before?.made ?? this.state; // what the file already shows
    this.steps = before?.steps ?? [];
    this.faces = before?.faces ?? 0;
    this.waiting(false);
    this.choose("faces");
    if (before?.steps.length) this.say("again");
    this.find(".retouch__title").focus();
    const result = await this.untilClosed(file, source);
    const { state, steps, faces } = this;
    kept.set(result?.file ?? file, { source, state, steps, faces, made: result ? state : this.made });
    this.canvas.width = this.picture.width = 0;
    return result;
  }

  /** Say why there is nothing to retouch, until the person closes. */
  async giveUp() {
    this.waiting(false);
    this.dialog.dataset.shown = "nothing";
    for (const panel of this.dialog.querySelectorAll("[data-panel]")) panel.hidden = true;
    this.say("unreadable");
    const way = this.find("[data-act=cancel]");
    way.focus();
    await new Promise((done) => {
      way.addEventListener("click", done, { once: true });
      this.dialog.addEventListener("close", done, { once: true });
    });
    if (this.dialog.open) this.dialog.close();
    return null;
  }

  untilClosed(file, source) {
    const { signal } = this.stop;
    return new Promise((done) => {
      const close = (result) => {
        this.stop.abort();
        this.tools[this.tool].leave(false);
        this.tools.faces.clear();
        release();
        if (this.dialog.open) this.dialog.close();
        done(result);
      };
      const finish = async () => {
        this.tools[this.tool].leave(true);
        if (this.state === this.made) return close(null);
        this.waiting(true);
        try {
          const blurred = this.state.zones.filter((zone) => zone.on && meets(zone, this.state.crop)).length;
          const made = await makeFile(this.picture, this.state, source.name);
          this.waiting(false);
          this.tell("done", { number: blurred });
          return close({ file: made, blurred, faces: this.faces });
        } catch {
          this.waiting(false);
          this.choose(this.tool);
          return this.say("tooLarge");
        }
      };
      this.dialog.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button || this.busy) return;
        if (button.dataset.tool) this.choose(button.dataset.tool);
        const { act } = button.dataset;
        if (act === "cancel") close(null);
        else if (act === "done") finish();
        else if (act === "undo") this.undo();
        else if (act) this.tools[this.tool].act(act);
      }, { signal });
      this.dialog.addEventListener("keydown", (event) => this.key(event), { signal });
      this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(null); }, { signal });
      this.dialog.addEventListener("close", () => close(null), { signal });
      addEventListener("resize", () => this.show(), { signal });
    });
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      this.undo();
    }
  }

  choose(name) {
    if (this.tool) this.tools[this.tool].leave(true);
    this.tool = name;
    for (const button of this.dialog.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
    for (const panel of this.dialog.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
    this.dialog.dataset.shown = name;
    this.tools[name].enter();
    this.show();
    this.say(this.tools[name].hint ?? "");
  }

  /** The state while something is being dragged; `settle` makes one step of it. */
  preview(part) {
    this.before ??= this.state;
    this.state = { ...this.state, ...part };
    this.draw();
  }

  settle() {
    if (this.before) this.steps.push(this.before);
    this.before = null;
    this.show();
  }

  change(part) {
    this.preview(part);
    this.settle();
  }

  undo() {
    if (!this.steps.length) return;
    this.state = this.steps.pop();
    this.before = null;
    this.tools[this.tool].undone?.();
    this.show();
    this.say("undone");
    if (document.activeElement === document.body || document.activeElement === this.dialog) this.find("[data-act=undo]").focus();
  }

  /** Fit the view into the room, and put everything where it belongs. */
  show() {
    const { state } = this;
    this.view = viewOf(this.tool === "crop" ? { ...state, crop: this.whole } : state);
    const style = getComputedStyle(this.room);
    const room = {
      width: this.room.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
      height: this.room.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom),
    };
    this.scale = fit(this.view, room, ENLARGED);
    const [width, height] = [this.view.width * this.scale, this.view.height * this.scale];
    this.frame.style.width = `${width}px`;
    this.frame.style.height = `${height}px`;
    this.density = Math.min(devicePixelRatio || 1, 2);
    const [wide, high] = [Math.max(1, Math.round(width * this.density)), Math.max(1, Math.round(height * this.density))];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    const undo = this.find("[data-act=undo]");
    undo.setAttribute("aria-disabled", String(this.steps.length === 0));
    this.tools[this.tool].place();
    this.draw();
  }

  draw() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      if (!this.canvas.width || !this.picture.width) return;
      const ctx = this.canvas.getContext("2d");
      const state = this.tool === "crop" ? { ...this.state, crop: this.whole } : this.state;
      paint(ctx, this.picture, state, this.scale * this.density);
      this.tools[this.tool].drawOver?.(ctx, this.scale * this.density);
    });
  }

  /** Where a pointer is, in pixels of the view. */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / this.scale, y: (event.clientY - box.top) / this.scale };
  }

  waiting(busy) {
    this.busy = busy;
    this.dialog.setAttribute("aria-busy", String(busy));
    this.find("progress").hidden = !busy;
  }

  words(name, values = {}) {
    const text = this.dialog.dataset[`say${name.charAt(0).toUpperCase()}${name.slice(1)}`] ?? "";
    return text.replace(/%\((\w+)\)s/g, (_all, key) => values[key] ?? "");
  }

  say(name, values) {
    this.said.textContent = name ? this.words(name, values) : "";
  }

  /** Said on the page, once the dialog is closed. */
  tell(name, values) {
    const text = this.words(name, values);
    setTimeout(() => document.dispatchEvent(new CustomEvent("preau:announce", { detail: text })), 100);
  }
}
