// One file in the composer's list: its picture, where it stands in words, what can be done about it.

import { announce } from "./announce.js";
import { Tus, stateOf } from "./tus.js";

const DRAWN = /^image\/(jpeg|png|gif|webp|avif)$/;
const PICTURE = /\.(jpe?g|png|gif|webp|heic|heif|avif)$/i;
const ICONS = { picture: "photo", video: "video", audio: "sound" };
const ACTS = {
  look: ["retouch", "send", "remove"], queued: ["retouch", "pause", "remove"], sending: ["retouch", "pause", "remove"],
  waiting: ["pause", "remove"], paused: ["resume", "remove"], failed: ["retry", "remove"], refused: ["remove"],
  again: ["remove"], done: ["retouch", "remove"],
};

function familyOf(file) {
  const family = file.type.split("/")[0];
  if (family === "image" || PICTURE.test(file.name)) return "picture";
  return family === "video" || family === "audio" ? family : "document";
}

export class Item {
  /** Either a file of this device, or one that the server has already (`found`, as `/etat` tells it). */
  constructor(list, { file = null, key = "", id = "", looked = false, found = null }) {
    Object.assign(this, { list, file, key, id, blurred: 0, bytes: 0, error: "", state: "" });
    this.element = list.template.content.firstElementChild.cloneNode(true);
    for (const button of this.element.querySelectorAll("[data-act]")) {
      button.append(Object.assign(document.createElement("span"), { className: "hidden-visually upload__whose" }));
    }
    this.element.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      if (act) this[act]();
    });
    this.seen = this.element.querySelector(".upload__seen");
    this.seen?.addEventListener("change", () => this.countSeen());
    if (found) this.adopt(found);
    else this.takeUp(file, key, looked);
  }

  get isSending() { return ["sending", "waiting"].includes(this.state); }

  get isBusy() { return ["look", "queued", "sending", "waiting", "paused"].includes(this.state); }

  part(name) { return this.element.querySelector(name); }

  weight(size) {
    const units = this.list.box.dataset.units.split(" ");
    let [value, at] = [size, 0];
    while (value >= 1000 && at < units.length - 1) { value /= 1000; at += 1; }
    const digits = value < 10 && at > 1 ? 1 : 0;
    return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits })}\u202f${units[at]}`;
  }

  /** Start from a file of this device; one that was cut before goes on where it stands. */
  takeUp(file, key, looked = false) {
    Object.assign(this, { file, key, name: file.name, size: file.size, family: familyOf(file) });
    this.picture(DRAWN.test(file.type) ? URL.createObjectURL(file) : "");
    const most = Number(this.list.box.dataset.maxBytes) || Infinity;
    if (file.size > most) this.become("refused", this.list.say("sayTooBig", { size: this.weight(most) }));
    else this.become(this.list.box.dataset.look && this.family === "picture" && !looked && !this.id ? "look" : "queued");
  }

  /** Start from what the server has. */
  adopt(found) {
    Object.assign(this, { name: found.name, family: found.family, size: 0 });
    this.picture(found.thumb);
    if (found.state !== "uploading") return this.arrive(found);
    this.percent = found.progress;
    this.become("again");
  }

  picture(address) {
    const frame = this.part(".upload__picture");
    const use = frame.querySelector("use");
    if (this.drawn) URL.revokeObjectURL(this.drawn);
    this.drawn = address.startsWith("blob:") ? address : "";
    frame.querySelector("img")?.remove();
    use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${ICONS[this.family] ?? "document"}`));
    if (!address) return;
    const image = new Image();
    image.src = address;
    image.alt = "";
    image.addEventListener("error", () => image.remove());
    frame.append(image);
  }

  become(state, error = "") {
    this.state = state;
    this.error = error;
    this.show();
  }

  show() {
    const { state, list } = this;
    const part = (name) => this.part(name);
    const percent = this.percent ?? (this.size ? Math.floor((this.bytes / this.size) * 100) : 0);
    const values = { percent: `${percent}\u202f%`, size: this.weight(this.size), name: this.name };
    const say = { look: "sayLook", queued: "sayQueued", sending: "saySending", waiting: "sayWaiting", paused: "sayPaused", again: "sayAgain", done: "sayDone" }[state];
    const blurred = this.blurred ? ` · ${list.say("sayBlurred", { count: this.blurred })}` : "";
    this.element.dataset.state = state;
    part(".upload__name").textContent = this.name;
    part(".upload__state").textContent = this.error || (state === "done" && !this.size ? list.say("sayDone").split(",")[0] : list.say(say, values)) + blurred;
    const bar = part("progress");
    bar.hidden = !["sending", "waiting", "paused", "again"].includes(state);
    bar.value = percent;
    bar.setAttribute("aria-label", this.name);
    for (const button of this.element.querySelectorAll("[data-act]")) {
      const { act } = button.dataset;
      const canRetouch = act !== "retouch" || (this.family === "picture" && this.file && this.retouchable !== false);
      const had = document.activeElement === button;
      button.hidden = !ACTS[state].includes(act) || !canRetouch;
      if (had && button.hidden) this.moveFocus = true;
      button.querySelector(".upload__whose").textContent = ` ${this.name}`;
    }
    if (this.moveFocus) this.element.querySelector("[data-act]:not([hidden])")?.focus();
    this.moveFocus = false;
    if (this.seen) this.seen.hidden = !["picture", "video"].includes(this.family) || ["look", "refused", "failed", "again"].includes(state);
    this.nameFields();
  }

  /** What the form sends about this file, once it is whole. */
  nameFields() {
    let field = this.element.querySelector("input[name=uploads]");
    if (this.state !== "done") return field?.remove();
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = "uploads";
      this.element.append(field);
    }
    field.value = this.id;
    for (const box of this.seen?.querySelectorAll("input") ?? []) box.name = `tags-${this.id}`;
  }

  countSeen() {
    const count = this.seen.querySelector(".count");
    const number = this.seen.querySelectorAll("input:checked").length;
    count.textContent = number;
    count.hidden = !number;
  }

  // What a person may do

  looked() {
    if (this.state === "look") this.become("queued");
  }

  send() { this.looked(); this.list.advance(); }

  /** Send, or go on. */
  begin() {
    this.tus ??= new Tus(this.file, {
      id: this.id,
      metadata: { classroom: this.list.box.dataset.classroom, filetype: this.file.type, blurred: this.blurred || "" },
      told: (state, text) => this.hear(state, text),
      moved: (bytes) => { this.bytes = bytes; this.percent = undefined; this.show(); },
      named: (id) => { this.id = id; this.list.remember(); },
    });
    this.become("sending");
    this.tus.start();
  }

  hear(state, text) {
    if (state === "failed") this.become("failed", text === "unreadable" ? this.list.say("sayUnreadable") : text || this.list.say("sayFailed"));
    else if (state === "done") { this.id = this.tus.id; announce(this.list.say("sayArrived", { name: this.name })); this.arrive(null); }
    else if (state === "paused") this.become("paused");
    else this.become(state);
    if (state === "failed") announce(`${this.name} : ${this.error}`);
    if (state !== "sending") this.list.advance();
  }

  pause() {
    if (this.state === "queued") { this.become("paused"); return this.list.advance(); }
    this.tus?.pause();
  }

  resume() { this.become("queued"); this.list.advance(); }

  retry() { this.resume(); }

  remove() {
    this.drop();
    this.list.remove(this);
  }

  /** Leave nothing of it on the server. */
  drop() {
    clearTimeout(this.timer);
    if (this.tus) this.tus.cancel();
    else if (this.id) new Tus(this.file, { id: this.id }).cancel();
    this.tus = null;
    this.id = "";
    if (this.drawn) URL.revokeObjectURL(this.drawn);
  }

  /** Retouch on the device; what was sent before is erased, so that only the retouched picture stays. */
  async retouch() {
    const waited = this.state;
    if (["queued", "sending", "waiting"].includes(waited)) this.pause();
    let result = null;
    try {
      const { retouch } = await import("./retouch/open.js");
      result = await retouch(this.file);
    } catch {
      this.retouchable = false;
    }
    if (result) {
      this.drop();
      Object.assign(this, { blurred: result.blurred, bytes: 0, percent: undefined });
      this.list.forget([this]);
      this.takeUp(result.file, "", true);
    } else if (waited !== "look" && this.state === "paused") {
      this.resume();
    } else {
      this.show();
    }
    this.list.advance();
    this.element.querySelector('[data-act="retouch"]:not([hidden])')?.focus();
  }

  // What the server makes of it

  /** It is whole: follow it until it can be seen, so that a refusal is read here and not after publishing. */
  async arrive(found) {
    if (this.state !== "done") this.become("done");
    const state = found ?? (await stateOf(this.id));
    if (this.state !== "done" || !this.list.items.includes(this) && !found) return;
    if (state && ["refused", "quarantined"].includes(state.state)) {
      this.become("refused", state.text);
      announce(`${this.name} : ${state.text}`);
      return this.list.advance();
    }
    if (state === null) return;
    if (state?.thumb && !this.part("img")) this.picture(state.thumb);
    if (state?.state === "ready") return this.show();
    if (state) this.part(".upload__state").textContent = this.list.say("sayPreparing", { percent: `${state.progress}\u202f%` });
    this.wait = Math.min(15000, (this.wait ?? 1500) * 1.4);
    this.timer = setTimeout(() => this.arrive(null), this.wait);
  }
}
