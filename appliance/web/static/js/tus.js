// One file on its way to the server, piece by piece (tus 1.0): it goes on after a cut, says where it stands, can be stopped.

const HERE = "/televersements";
const MOST = 4 << 20; // the server keeps no larger piece in memory
const LEAST = 512 << 10;
const SILENCE = 45000; // a piece that makes no progress for so long is lost
const encode = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** An answer that isn't a network fault; `text` is what the server said. */
class Refusal extends Error {
  constructor(status, text, after) {
    super(text);
    Object.assign(this, { status, text, after });
  }

  /** Whether asking again later may help. */
  get passes() { return this.status >= 500 || [408, 409, 423, 429, 460].includes(this.status); }

  get isGone() { return this.status === 404 || this.status === 410; }
}

/** `crypto.subtle` only exists on secure pages; elsewhere TCP's own sums must do. */
async function digest(bytes) {
  if (!globalThis.crypto?.subtle) return "";
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha256 ${btoa(String.fromCharCode(...sum))}`;
}

export class Tus {
  /**
   * `told(state, text)` hears `sending`, `waiting` (for the network), `paused`, `done` and `failed`; `moved(bytes)` how far it
   * is; `named(id)` the number that the server gave. `id` takes up an upload that was begun before.
   */
  constructor(file, { metadata, id = "", told, moved, named }) {
    Object.assign(this, { file, metadata, id, told, moved, named });
    this.offset = null;
    this.size = 1 << 20;
    this.failures = 0;
    this.restarts = 0;
    this.state = "";
  }

  /** Send what is missing; the same upload never runs twice. */
  async start() {
    this.stopped = false;
    if (this.running) return;
    this.running = true;
    this.offset = null;
    this.failures = 0;
    try {
      while (!this.stopped && !(await this.step()));
    } finally {
      this.running = false;
    }
    if (!this.stopped) this.tell("done");
  }

  pause() {
    this.stop();
    this.tell("paused");
  }

  stop() {
    this.stopped = true;
    this.request?.abort();
    this.wake?.();
  }

  /** Give it up: what has arrived is erased on the server. */
  cancel() {
    this.stop();
    if (this.id) this.ask("DELETE", `${HERE}/${this.id}`).catch(() => {});
    this.id = "";
  }

  tell(state, text = "") {
    this.state = state;
    this.told(state, text);
  }

  /** One request; true when there is nothing left to send. */
  async step() {
    try {
      if (this.id && this.offset === null) await this.locate();
      else if (!this.id) await this.create();
      if (this.stopped) return true;
      this.moved(this.offset);
      if (this.offset >= this.file.size) return true;
      if (this.state !== "sending") this.tell("sending");
      await this.sendPiece();
      this.failures = 0;
      return false;
    } catch (error) {
      return this.stopped || this.recover(error);
    }
  }

  async recover(error) {
    this.offset = null;
    if (error.isGone && this.id && this.restarts < 2) {
      this.id = "";
      this.restarts += 1;
      return false;
    }
    const isFile = error.name === "NotReadableError" || error.name === "NotFoundError";
    if (isFile || (error instanceof Refusal && (!error.passes || this.failures >= 6))) {
      this.stopped = true;
      this.tell("failed", isFile ? "unreadable" : error.text);
      return true;
    }
    this.size = Math.max(LEAST, this.size / 2);
    await this.rest(error);
    return false;
  }

  /** Wait twice as long each time, but go on at once when the network is back. */
  async rest(error) {
    this.failures += 1;
    const again = error instanceof Refusal && [409, 460].includes(error.status) && this.failures < 3;
    if (!again) this.tell("waiting");
    const wait = again ? 50 : Math.max((error.after || 0) * 1000, Math.min(30000, 500 * 2 ** this.failures) * (0.75 + Math.random() / 2));
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => { clearTimeout(timer); resolve(); };
      addEventListener("online", this.wake, { once: true });
    });
    removeEventListener("online", this.wake);
    this.wake = null;
  }

  async create() {
    const pairs = Object.entries({ filename: this.file.name, ...this.metadata }).filter(([, value]) => value !== "");
    const answer = await this.ask("POST", HERE, {
      "Upload-Length": this.file.size,
      "Upload-Metadata": pairs.map(([key, value]) => `${key} ${encode(String(value))}`).join(","),
    });
    this.id = answer.getResponseHeader("Location").split("/").pop();
    this.offset = 0;
    if (this.stopped) return this.cancel();
    this.named(this.id);
  }

  async locate() {
    const answer = await this.ask("HEAD", `${HERE}/${this.id}`);
    if (Number(answer.getResponseHeader("Upload-Length")) !== this.file.size) throw new Refusal(404, "");
    this.offset = Number(answer.getResponseHeader("Upload-Offset"));
  }

  async sendPiece() {
    const from = this.offset;
    const piece = await this.file.slice(from, from + this.size).arrayBuffer();
    const sum = await digest(piece);
    if (this.stopped) return;
    const begun = performance.now();
    const fields = { "Upload-Offset": from, "Content-Type": "application/offset+octet-stream", ...(sum && { "Upload-Checksum": sum }) };
    const answer = await this.ask("PATCH", `${HERE}/${this.id}`, fields, piece);
    this.offset = Number(answer.getResponseHeader("Upload-Offset"));
    this.moved(this.offset);
    const seconds = (performance.now() - begun) / 1000;
    if (seconds < 3) this.size = Math.min(MOST, this.size * 2);
    else if (seconds > 12) this.size = Math.max(LEAST, this.size / 2);
  }

  ask(method, address, fields = {}, body = null) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let watch;
      const live = () => { clearTimeout(watch); watch = setTimeout(() => request.abort(), SILENCE); };
      if (method !== "DELETE") this.request = request;
      request.open(method, address);
      const token = document.querySelector('meta[name="csrf-token"]')?.content;
      const all = { "Tus-Resumable": "1.0.0", Accept: "text/plain", ...(token && { "X-CSRFToken": token }), ...fields };
      for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => { live(); if (body) this.moved(this.offset + event.loaded); };
      request.onloadend = () => {
        clearTimeout(watch);
        if (request.status >= 200 && request.status < 300 && (method !== "POST" || request.getResponseHeader("Location"))) resolve(request);
        else if (request.status) reject(new Refusal(request.status, request.responseText, Number(request.getResponseHeader("Retry-After"))));
        else reject(new Error("network"));
      };
      live();
      request.send(body);
    });
  }
}

/** Where one's own file stands on the server; null when it is gone, undefined when nobody answers. */
export async function stateOf(id) {
  try {
    const answer = await fetch(`${HERE}/${id}/etat`, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : answer.status === 404 ? null : undefined;
  } catch {
    return undefined;
  }
}

/** Send one file, whole; gives its number. For pages with one thing to send. */
export function send(file, metadata) {
  return new Promise((resolve, reject) => {
    const told = (state, text) => {
      if (state === "done") resolve(upload.id);
      else if (state === "failed") reject(new Error(text));
    };
    const upload = new Tus(file, { metadata, told, moved() {}, named() {} });
    upload.start();
  });
}
