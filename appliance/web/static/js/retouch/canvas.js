// Pixels: opening a picture upright, drawing a view of it, and burning the zones in.

import { rectThrough, toView, viewOf } from "./geometry.js";

const LONGEST = 4096;
const QUALITY = 0.9;
// A zone keeps this many patches along its longer side, each the mean of what was there: no face can be drawn from them.
const PATCHES = 6;
const SAMPLE = 48;

export function blank(width, height, options) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  return { canvas, ctx: canvas.getContext("2d", options) };
}

/** The picture as it is meant to be seen (its orientation applied), no longer than LONGEST. Throws when unreadable. */
export async function openPicture(file) {
  const bitmap = await decode(file);
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const { canvas, ctx } = blank(bitmap.width * scale, bitmap.height * scale);
  ctx.imageSmoothingQuality = "high";
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close?.();
  return canvas;
}

/** Decoded and upright: as a bitmap where the browser can, as an image element where it cannot. */
async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
    } finally {
      URL.revokeObjectURL(image.src);
    }
    return image;
  }
}

/** Draw the view of a state; `scale` is pixels of the canvas for a pixel of the view. */
export function paint(ctx, picture, state, scale = 1) {
  const view = viewOf(state);
  const [a, b, c, d, e, f] = view.matrix.map((each) => each * scale);
  ctx.setTransform(a, b, c, d, e, f);
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(picture, 0, 0);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  for (const zone of state.zones) {
    if (!zone.on) continue;
    const { x, y, w, h } = rectThrough(toView, view, zone);
    burn(ctx, { x: x * scale, y: y * scale, w: w * scale, h: h * scale });
  }
  ctx.setTransform(a, b, c, d, e, f);
  for (const stroke of state.strokes) trace(ctx, stroke);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
}

/** A line of the pen, in pixels of the picture. */
export function trace(ctx, { colour, width, points }) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.beginPath();
  ctx.moveTo(points[0].x, points[0].y);
  for (const { x, y } of points.length > 1 ? points : [points[0], points[0]]) ctx.lineTo(x, y);
  ctx.stroke();
}

/** Replace what a rectangle shows by a few patches of its mean colours, drawn soft. What was there cannot come back. */
export function burn(ctx, rect) {
  const left = Math.max(0, Math.floor(rect.x));
  const top = Math.max(0, Math.floor(rect.y));
  const width = Math.min(ctx.canvas.width, Math.ceil(rect.x + rect.w)) - left;
  const height = Math.min(ctx.canvas.height, Math.ceil(rect.y + rect.h)) - top;
  if (width < 1 || height < 1) return;
  const longer = Math.max(width, height);
  const across = Math.max(1, Math.round((PATCHES * width) / longer));
  const down = Math.max(1, Math.round((PATCHES * height) / longer));
  const patches = meanPatches(ctx.canvas, { left, top, width, height }, across, down);
  ctx.save();
  ctx.beginPath();
  ctx.roundRect?.(left, top, width, height, Math.min(width, height) * 0.22);
  if (!ctx.roundRect) ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.imageSmoothingEnabled = true;
  ctx.imageSmoothingQuality = "high";
  // The row and column repeated all round fall outside: the soft edge of the enlarged patches is not seen.
  const [x, y] = [width / across, height / down];
  ctx.drawImage(patches, left - x, top - y, width + 2 * x, height + 2 * y);
  ctx.restore();
}

/** A tiny canvas: the means of across × down patches, with one more row and column repeated all round. */
function meanPatches(source, { left, top, width, height }, across, down) {
  const [columns, rows] = [Math.min(SAMPLE, width), Math.min(SAMPLE, height)];
  const { ctx } = blank(columns, rows, { willReadFrequently: true });
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(source, left, top, width, height, 0, 0, columns, rows);
  const { data } = ctx.getImageData(0, 0, columns, rows);
  const sums = Array.from({ length: across * down }, () => [0, 0, 0, 0]);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const at = (row * columns + column) * 4;
      const sum = sums[Math.floor((row * down) / rows) * across + Math.floor((column * across) / columns)];
      for (let each = 0; each < 3; each += 1) sum[each] += data[at + each];
      sum[3] += 1;
    }
  }
  const small = blank(across + 2, down + 2);
  for (let row = 0; row < down + 2; row += 1) {
    for (let column = 0; column < across + 2; column += 1) {
      const inner = Math.min(Math.max(row - 1, 0), down - 1) * across + Math.min(Math.max(column - 1, 0), across - 1);
      const [red, green, blue, count] = sums[inner];
      const n = count || 1;
      small.ctx.fillStyle = `rgb(${Math.round(red / n)} ${Math.round(green / n)} ${Math.round(blue / n)})`;
      small.ctx.fillRect(column, row, 1, 1);
    }
  }
  return small.canvas;
}

/** The view as a new JPEG file: nothing of the original's metadata, nothing under the zones. */
export async function makeFile(picture, state, name) {
  const view = viewOf(state);
  const { canvas, ctx } = blank(view.width, view.height);
  paint(ctx, picture, state);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", QUALITY); });
  canvas.width = canvas.height = 0;
  if (!blob) throw new Error("no room for the picture");
  return new File([blob], `${name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg", lastModified: Date.now() });
}
