// The tools that crop, turn and draw. Each one: enter, leave(keep), place, act; drawOver when it marks the picture.

import { Box } from "./box.js";
import { keepInside, rectThrough, toPicture, toView } from "./geometry.js";

export { Blurring } from "./zones.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const THIN = 1 / 160;
const THICK = 1 / 55;
const STEP = 10;

/** The whole picture with a frame on it; what the frame holds is kept when one goes on. */
export class Cropping {
  constructor(studio) {
    this.studio = studio;
    this.hint = "framing";
  }

  enter() {
    const { studio } = this;
    this.leave(false);
    this.crop = studio.state.crop;
    this.box = new Box(studio, "retouch__box--frame", {
      change: (rect) => { this.crop = rectThrough(toPicture, studio.view, rect); studio.draw(); },
      press: () => this.act("crop"),
    });
    this.box.element.setAttribute("aria-label", studio.words("frame"));
    this.box.element.setAttribute("aria-describedby", "retouch-aide-cadre");
    studio.frame.append(this.box.element);
  }

  leave(keep) {
    if (!this.box) return;
    this.box.element.remove();
    this.box = null;
    if (keep) this.apply();
  }

  apply() {
    const { state } = this.studio;
    const { x, y, w, h } = this.crop;
    const crop = { x: Math.round(x), y: Math.round(y), w: Math.max(1, Math.round(w)), h: Math.max(1, Math.round(h)) };
    const same = ["x", "y", "w", "h"].every((side) => Math.abs(crop[side] - state.crop[side]) < 1);
    if (!same) this.studio.change({ crop });
    return !same;
  }

  act(name) {
    const { studio } = this;
    if (name === "whole") {
      this.crop = studio.whole;
      this.apply();
      this.place();
      studio.draw();
      studio.say("whole");
    } else if (name === "crop") {
      const done = this.apply();
      studio.choose("faces");
      if (done) studio.say("cropped");
      studio.find("[data-tool=crop]").focus();
    }
  }

  place() {
    this.box?.place(rectThrough(toView, this.studio.view, this.crop));
  }

  undone() {
    this.crop = this.studio.state.crop;
  }

  /** What will be left out is darkened. */
  drawOver(ctx, scale) {
    const { x, y, w, h } = rectThrough(toView, this.studio.view, this.crop);
    ctx.fillStyle = "rgb(16 24 22 / 62%)";
    ctx.beginPath();
    ctx.rect(0, 0, ctx.canvas.width, ctx.canvas.height);
    ctx.rect(x * scale, y * scale, w * scale, h * scale);
    ctx.fill("evenodd");
  }
}

export class Turning {
  constructor(studio) {
    this.studio = studio;
  }

  enter() {}

  leave() {}

  place() {}

  act(name) {
    const { studio } = this;
    const { turns, flipped } = studio.state;
    if (name === "mirror") studio.change({ turns: (4 - turns) % 4, flipped: !flipped });
    else studio.change({ turns: (turns + (name === "right" ? 1 : 3)) % 4 });
    studio.say(name === "mirror" ? "mirrored" : "turned");
  }
}

/** A pen for fingers and mice; with the keyboard, arrows move it and the space bar puts it down or lifts it. */
export class Drawing {
  constructor(studio) {
    this.studio = studio;
    this.mark = studio.find(".retouch__pen");
    this.hint = "drawn";
  }

  enter() {
    const { canvas, view } = this.studio;
    this.leave();
    this.stop = new AbortController();
    const { signal } = this.stop;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", this.studio.words("drawing"));
    canvas.addEventListener("pointerdown", (event) => this.drag(event), { signal });
    canvas.addEventListener("keydown", (event) => this.key(event), { signal });
    canvas.addEventListener("blur", () => { this.lift(); this.mark.hidden = true; }, { signal });
    canvas.addEventListener("focus", () => { this.mark.hidden = !canvas.matches(":focus-visible"); this.place(); }, { signal });
    this.at = view && { x: view.width / 2, y: view.height / 2 };
  }

  leave() {
    this.lift();
    this.stop?.abort();
    const { canvas } = this.studio;
    canvas.removeAttribute("tabindex");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", this.studio.words("photo"));
    this.mark.hidden = true;
  }

  act() {}

  place() {
    const { scale, view } = this.studio;
    this.at = keepInside({ ...(this.at ?? { x: view.width / 2, y: view.height / 2 }), w: 0, h: 0 }, view, 0);
    this.mark.style.left = `${this.at.x * scale}px`;
    this.mark.style.top = `${this.at.y * scale}px`;
  }

  begin(point) {
    const { studio } = this;
    const thick = studio.find("[name=retouch-thick]").checked;
    const { width, height } = studio.picture;
    this.before = studio.state.strokes;
    this.stroke = {
      colour: studio.find("[name=retouch-ink]:checked").value,
      width: Math.max(2, Math.max(width, height) * (thick ? THICK : THIN)),
      points: [toPicture(studio.view, point)],
    };
    studio.preview({ strokes: [...this.before, this.stroke] });
  }

  go(point) {
    this.stroke = { ...this.stroke, points: [...this.stroke.points, toPicture(this.studio.view, point)] };
    this.studio.preview({ strokes: [...this.before, this.stroke] });
  }

  lift() {
    if (!this.stroke) return;
    this.stroke = null;
    this.studio.settle();
  }

  drag(event) {
    if (event.button) return;
    const { studio } = this;
    const { canvas } = studio;
    const stop = new AbortController();
    canvas.setPointerCapture(event.pointerId);
    this.lift();
    this.begin(studio.point(event));
    canvas.addEventListener("pointermove", (now) => {
      for (const each of now.getCoalescedEvents?.() ?? [now]) this.go(studio.point(each));
    }, { signal: stop.signal });
    const end = () => { stop.abort(); this.lift(); };
    canvas.addEventListener("pointerup", end, { signal: stop.signal });
    canvas.addEventListener("pointercancel", end, { signal: stop.signal });
  }

  key(event) {
    const { studio } = this;
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      if (this.stroke) this.lift();
      else this.begin(this.at);
      studio.say(this.stroke ? "penDown" : "penUp");
      this.mark.classList.toggle("retouch__pen--down", Boolean(this.stroke));
      return;
    }
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.mark.hidden = false;
    const step = (event.ctrlKey ? 1 : STEP) / studio.scale;
    this.at = { x: this.at.x + arrow[0] * step, y: this.at.y + arrow[1] * step };
    this.place();
    if (this.stroke) this.go(this.at);
  }
}
