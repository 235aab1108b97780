// The tool that blurs: zones found by the model or set by hand, each of them blurred or shown.

import { Box } from "./box.js";
import { findFaces } from "./faces.js";
import { keepInside, meets, rectThrough, toPicture, toView } from "./geometry.js";

const LEAST = 12;
const SHARE = 0.2; // of the shorter side: a zone set by hand, before it is moved
let numbers = 0;

export class Blurring {
  constructor(studio) {
    this.studio = studio;
    this.boxes = new Map();
    this.list = studio.find(".retouch__zones");
  }

  enter() {
    const { canvas } = this.studio;
    this.leave();
    this.stop = new AbortController();
    canvas.addEventListener("pointerdown", (event) => this.drawZone(event), { signal: this.stop.signal });
    this.list.addEventListener("focusin", (event) => this.select(event.target.dataset.zone), { signal: this.stop.signal });
  }

  leave() {
    this.stop?.abort();
    this.clear();
  }

  clear() {
    for (const box of this.boxes.values()) box.element.remove();
    this.boxes.clear();
    this.selected = null;
  }

  get hint() {
    return this.zones.length ? "" : "begin";
  }

  act(name) {
    if (name === "find") this.look();
    else if (name === "add") this.add();
    else if (name === "all") this.toggleAll();
    else if (name === "remove") this.remove(this.selected);
  }

  get zones() {
    return this.studio.state.zones;
  }

  edit(id, part) {
    return { zones: this.zones.map((zone) => (zone.id === id ? { ...zone, ...part } : zone)) };
  }

  /** Ask the model. Zones set by hand stay; a face that already has one gets no second. */
  async look() {
    const { studio } = this;
    if (this.looking) return;
    this.looking = true;
    studio.find("progress").hidden = false;
    studio.say("looking");
    try {
      const { found, milliseconds } = await findFaces(studio.picture, studio.state, { ...studio.dialog.dataset });
      if (!studio.dialog.open || studio.stop.signal.aborted) return;
      studio.faces = found.length;
      studio.dialog.dataset.milliseconds = Math.round(milliseconds);
      const added = found.filter((face) => !this.zones.some((zone) => covers(zone, face)));
      if (added.length) studio.change({ zones: [...this.zones, ...added.map((face) => zoneOf(face))] });
      studio.say(found.length ? "found" : "none", { number: found.length });
    } catch {
      if (!studio.stop.signal.aborted) studio.say("byHand");
    } finally {
      this.looking = false;
      if (!studio.stop.signal.aborted) studio.find("progress").hidden = true;
    }
  }

  /** A zone in the middle, beside those that are already there, with the focus on it. */
  add(rect) {
    const { studio } = this;
    const { view } = studio;
    const side = Math.min(view.width, view.height) * SHARE;
    let place = rect ?? { x: (view.width - side) / 2, y: (view.height - side) / 2, w: side, h: side };
    const taken = this.zones.map((zone) => rectThrough(toView, view, zone));
    for (let turn = 0; !rect && turn < 12 && taken.some((other) => Math.hypot(other.x - place.x, other.y - place.y) < side / 4); turn += 1) {
      place = keepInside({ ...place, x: place.x + side / 3, y: place.y + side / 3 }, view, LEAST);
    }
    const zone = zoneOf(rectThrough(toPicture, view, place));
    studio.change({ zones: [...this.zones, zone] });
    this.boxes.get(zone.id)?.element.focus();
    studio.say("added");
  }

  /** Drag on the bare picture: a zone of that size. */
  drawZone(event) {
    if (event.button) return;
    const { studio } = this;
    const { canvas, view } = studio;
    const from = studio.point(event);
    const zone = zoneOf({ x: 0, y: 0, w: 0, h: 0 });
    const before = this.zones;
    let rect = null;
    canvas.setPointerCapture(event.pointerId);
    const stop = new AbortController();
    canvas.addEventListener("pointermove", (now) => {
      const to = studio.point(now);
      const [w, h] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
      if (Math.min(w, h) * studio.scale < LEAST) return;
      rect = keepInside({ x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), w, h }, view, 1);
      studio.preview({ zones: [...before, { ...zone, ...rectThrough(toPicture, view, rect) }] });
    }, { signal: stop.signal });
    const end = () => {
      stop.abort();
      if (!rect) return;
      studio.settle();
      this.boxes.get(zone.id)?.element.focus();
      studio.say("added");
    };
    canvas.addEventListener("pointerup", end, { signal: stop.signal });
    canvas.addEventListener("pointercancel", end, { signal: stop.signal });
  }

  toggle(id) {
    const zone = this.zones.find((each) => each.id === id);
    this.studio.change(this.edit(id, { on: !zone.on }));
    this.studio.say(zone.on ? "shown" : "blurred");
  }

  toggleAll() {
    if (!this.zones.length) return;
    const on = !this.zones.some((zone) => zone.on);
    this.studio.change({ zones: this.zones.map((zone) => ({ ...zone, on })) });
    this.studio.say(on ? "allBlurred" : "allShown");
  }

  remove(id) {
    const at = this.zones.findIndex((zone) => zone.id === id);
    if (at < 0) return;
    this.studio.change({ zones: this.zones.filter((zone) => zone.id !== id) });
    this.studio.say("removed");
    const next = this.zones[Math.min(at, this.zones.length - 1)];
    (this.boxes.get(next?.id)?.element ?? this.studio.find("[data-act=add]")).focus();
  }

  select(id) {
    this.selected = id ?? null;
    for (const [each, { element }] of this.boxes) element.classList.toggle("retouch__box--chosen", each === this.selected);
    this.showActs();
  }

  showActs() {
    this.studio.find("[data-act=remove]").setAttribute("aria-disabled", String(!this.boxes.has(this.selected)));
    this.studio.find("[data-act=all]").setAttribute("aria-disabled", String(!this.zones.length));
  }

  /** One box for each zone that the view shows. */
  place() {
    const { studio } = this;
    const seen = this.zones.filter((zone) => meets(zone, studio.state.crop));
    for (const [id, box] of this.boxes) {
      if (!seen.some((zone) => zone.id === id)) { box.element.remove(); this.boxes.delete(id); }
    }
    seen.forEach((zone, at) => {
      const box = this.boxes.get(zone.id) ?? this.makeBox(zone.id);
      box.place(rectThrough(toView, studio.view, zone));
      box.element.setAttribute("aria-pressed", String(zone.on));
      box.element.setAttribute("aria-label", studio.words("zone", { number: at + 1, total: seen.length }));
    });
    if (this.selected && !this.boxes.has(this.selected)) this.selected = null;
    this.showActs();
  }

  makeBox(id) {
    const { studio } = this;
    const box = new Box(studio, "retouch__box--zone", {
      change: (rect) => studio.preview(this.edit(id, rectThrough(toPicture, studio.view, rect))),
      end: () => studio.settle(),
      press: () => this.toggle(id),
      remove: () => this.remove(id),
    });
    box.element.dataset.zone = id;
    box.element.setAttribute("aria-describedby", "retouch-aide-zones");
    this.boxes.set(id, box);
    this.list.append(box.element);
    return box;
  }
}

function zoneOf({ x, y, w, h }) {
  numbers += 1;
  return { id: String(numbers), x, y, w, h, on: true };
}

/** Whether a zone already holds most of this face. */
function covers(zone, face) {
  const wide = Math.min(zone.x + zone.w, face.x + face.w) - Math.max(zone.x, face.x);
  const high = Math.min(zone.y + zone.h, face.y + face.h) - Math.max(zone.y, face.y);
  return wide > 0 && high > 0 && wide * high > 0.5 * face.w * face.h;
}
