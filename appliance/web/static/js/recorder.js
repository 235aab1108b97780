// Recording a sound in the page: begin, stop, listen again, keep or throw away. Nothing leaves before it is kept.

import { announce } from "./announce.js";

const KINDS = [["audio/webm;codecs=opus", "webm"], ["audio/mp4", "m4a"], ["audio/ogg;codecs=opus", "ogg"]];
const LONGEST = 30 * 60; // seconds

class Recorder {
  constructor(button, box, give) {
    Object.assign(this, { button, box, give });
    this.audio = box.querySelector("audio");
    button.hidden = false;
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => (this.recorder ? this.stop() : this.begin()));
    box.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      if (act) this[act]();
    });
  }

  part(name) { return this.box.querySelector(name); }

  /** `begin`, `recording`, `recorded` or `failed`: only what can be done then is shown. */
  show(state) {
    this.box.hidden = state === "closed";
    this.button.setAttribute("aria-expanded", String(!this.box.hidden));
    const shown = { recording: ["stop"], recorded: ["keep", "again", "discard"], failed: ["again", "discard"] }[state] ?? [];
    for (const each of this.box.querySelectorAll("[data-act]")) each.hidden = !shown.includes(each.dataset.act);
    this.part(".recorder__now").hidden = state !== "recording";
    this.audio.hidden = state !== "recorded";
    this.part("[role=alert]").hidden = state !== "failed";
    this.box.querySelector("[data-act]:not([hidden])")?.focus();
  }

  fail(text) {
    this.show("failed");
    this.part("[role=alert]").textContent = this.box.dataset[text];
  }

  async begin() {
    this.forget();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      return this.fail("sayRefused");
    }
    const kind = KINDS.find(([mime]) => MediaRecorder.isTypeSupported(mime)) ?? ["", "webm"];
    const pieces = [];
    this.recorder = new MediaRecorder(stream, { ...(kind[0] && { mimeType: kind[0] }), audioBitsPerSecond: 48000 });
    this.recorder.addEventListener("dataavailable", (event) => { if (event.data.size) pieces.push(event.data); });
    this.recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      this.finish(pieces, kind);
    });
    this.recorder.start(1000);
    this.begun = Date.now();
    this.timer = setInterval(() => this.tick(), 250);
    this.show("recording");
    this.tick();
    announce(this.box.dataset.sayRecording);
  }

  tick() {
    const seconds = Math.floor((Date.now() - this.begun) / 1000);
    this.part(".recorder__time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds >= LONGEST) this.stop();
  }

  stop() {
    if (this.recorder?.state === "recording") this.recorder.stop();
  }

  finish(pieces, [mime, ending]) {
    clearInterval(this.timer);
    this.recorder = null;
    if (!pieces.length) return this.fail("sayBroken");
    const date = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date());
    const name = this.box.dataset.sayName.replace("{date}", date).replace(/:/g, "h").replace(/\//g, "-");
    this.file = new File(pieces, `${name}.${ending}`, { type: (mime || pieces[0].type).split(";")[0] });
    this.audio.src = URL.createObjectURL(this.file);
    this.show("recorded");
    announce(this.box.dataset.sayStopped);
  }

  forget() {
    if (this.audio.src) URL.revokeObjectURL(this.audio.src);
    this.audio.removeAttribute("src");
    this.file = null;
  }

  again() { this.begin(); }

  discard() {
    this.forget();
    this.show("closed");
    this.button.focus();
  }

  /** Hand the sound over; it goes like any other file. */
  keep() {
    const { file } = this;
    this.discard();
    this.give(file);
  }
}

/** Show the button where this browser can record; `keep(file)` receives the sound. */
export function offerRecorder(button, box, keep) {
  if (!navigator.mediaDevices?.getUserMedia || typeof MediaRecorder === "undefined") return;
  new Recorder(button, box, keep);
}
