// Finding faces: the picture stays on the device, a worker looks at a copy of it. Every failure means "by hand".

import { blank, paint } from "./canvas.js";
import { rectThrough, toPicture, viewOf, widen } from "./geometry.js";

// The longer side that the model sees, then a smaller one when there is no room for the first; what is smaller than the
// last is enlarged to it.
const SIDES = [1280, 640];
const ENLARGED = 2;
const PATIENCE = 120_000;
let worker = null;

/** Forget the model and give its memory back. */
export function release() {
  worker?.terminate();
  worker = null;
}

function ask(addresses, { data: pixels, width, height }) {
  worker ??= new Worker(addresses.worker, { type: "module" });
  const asked = worker;
  return new Promise((done, failed) => {
    const stop = setTimeout(() => failed(new Error("too long")), PATIENCE);
    asked.onmessage = ({ data }) => {
      clearTimeout(stop);
      if (data.failed) failed(Object.assign(new Error(data.failed), { loaded: data.loaded }));
      else done(data);
    };
    asked.onerror = (event) => {
      clearTimeout(stop);
      event.preventDefault();
      failed(new Error(event.message || "no worker"));
    };
    asked.postMessage({ addresses, pixels, width, height }, [pixels.buffer]);
  });
}

/**
 * The faces of the whole picture, seen as it is now turned: rectangles in pixels of the picture, widened.
 * Rejects when the model cannot be used here.
 */
export async function findFaces(picture, { turns, flipped }, addresses) {
  const whole = { x: 0, y: 0, w: picture.width, h: picture.height };
  const state = { turns, flipped, crop: whole, zones: [], strokes: [] };
  const view = viewOf(state);
  let last;
  for (const side of SIDES) {
    const longer = Math.max(view.width, view.height);
    const scale = Math.min(side / longer, Math.max(1, Math.min(SIDES.at(-1) / longer, ENLARGED)));
    const { canvas, ctx } = blank(view.width * scale, view.height * scale, { willReadFrequently: true });
    paint(ctx, picture, state, scale);
    try {
      const { faces, milliseconds } = await ask(addresses, ctx.getImageData(0, 0, canvas.width, canvas.height));
      const found = faces.map(({ x, y, w, h }) => rectThrough(toPicture, view, widen({ x: x / scale, y: y / scale, w: w / scale, h: h / scale }, view)));
      return { found, milliseconds };
    } catch (error) {
      last = error;
      release();
      if (!error.loaded) break; // a smaller picture would not help
    }
  }
  throw last;
}
