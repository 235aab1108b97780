// A rectangle over the picture that fingers, mice and keys can move and size: a zone to blur, or the frame of a crop.

import { dragCorner, keepInside } from "./geometry.js";

const CORNERS = ["nw", "ne", "sw", "se"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LEAST = 16; // CSS pixels: smaller than that, nobody could take hold of it
const STEP = 8;
const TREMOR = 4;

/**
 * `stage` tells `scale` (CSS pixels for a pixel of the view) and `view`; `rect` is in pixels of the view.
 * `on.change(rect)` while it moves, `on.end()` when it is let go, `on.press()` when it is pressed and not moved,
 * `on.remove()` for the Delete key.
 */
export class Box {
  constructor(stage, css, on) {
    this.stage = stage;
    this.on = on;
    this.element = document.createElement("button");
    this.element.type = "button";
    this.element.className = `retouch__box ${css}`;
    for (const corner of CORNERS) {
      const handle = document.createElement("span");
      handle.className = `retouch__handle retouch__handle--${corner}`;
      handle.dataset.corner = corner;
      this.element.append(handle);
    }
    this.element.addEventListener("pointerdown", (event) => this.grab(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("click", (event) => {
      event.preventDefault();
      if (this.moved) this.moved = false;
      else this.on.press?.();
    });
  }

  place(rect) {
    this.rect = rect;
    const { style } = this.element;
    const { scale } = this.stage;
    style.left = `${rect.x * scale}px`;
    style.top = `${rect.y * scale}px`;
    style.width = `${rect.w * scale}px`;
    style.height = `${rect.h * scale}px`;
  }

  change(rect) {
    this.place(rect);
    this.on.change(rect);
  }

  get least() {
    const { scale, view } = this.stage;
    return Math.min(LEAST / scale, view.width, view.height);
  }

  grab(event) {
    if (event.button) return;
    const { element } = this;
    const corner = event.target.dataset.corner;
    const from = { x: event.clientX, y: event.clientY, rect: this.rect };
    event.preventDefault();
    element.focus({ preventScroll: true, focusVisible: false });
    element.setPointerCapture(event.pointerId);
    this.moved = false;
    const move = (now) => {
      const [dx, dy] = [now.clientX - from.x, now.clientY - from.y];
      if (!this.moved && Math.hypot(dx, dy) < TREMOR) return;
      this.moved = true;
      const { scale, view } = this.stage;
      const [x, y] = [dx / scale, dy / scale];
      this.change(corner
        ? dragCorner(from.rect, corner, x, y, view, this.least)
        : keepInside({ ...from.rect, x: from.rect.x + x, y: from.rect.y + y }, view, this.least));
    };
    const end = () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", end);
      if (this.moved) this.on.end?.();
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  }

  /** Arrows move, with Shift they size (the far corner), with Ctrl the step is one pixel of the screen. */
  key(event) {
    if (["Delete", "Backspace"].includes(event.key) && this.on.remove) {
      event.preventDefault();
      this.on.remove();
      return;
    }
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey || event.metaKey) return;
    event.preventDefault();
    const { scale, view } = this.stage;
    const step = (event.ctrlKey ? 1 : STEP) / scale;
    const [dx, dy] = arrow.map((each) => each * step);
    this.change(event.shiftKey
      ? dragCorner(this.rect, "se", dx, dy, view, this.least)
      : keepInside({ ...this.rect, x: this.rect.x + dx, y: this.rect.y + dy }, view, this.least));
    this.on.end?.();
  }
}
