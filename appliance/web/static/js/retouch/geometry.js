// Where things are. Zones, strokes and the crop are kept in pixels of the picture as it was opened; what is seen is a
// view of it: cropped, mirrored, then turned by quarters. Nothing here touches the page.

const QUARTERS = [[1, 0], [0, 1], [-1, 0], [0, -1]];

/** The view of a state: its size, and the matrix [a, b, c, d, e, f] from the picture to it. */
export function viewOf({ turns, flipped, crop }) {
  const [cos, sin] = QUARTERS[turns];
  const side = flipped ? -1 : 1;
  const width = turns % 2 ? crop.h : crop.w;
  const height = turns % 2 ? crop.w : crop.h;
  const [a, b, c, d] = [cos * side, sin * side, -sin, cos];
  const x = crop.x + crop.w / 2;
  const y = crop.y + crop.h / 2;
  return { width, height, matrix: [a, b, c, d, width / 2 - a * x - c * y, height / 2 - b * x - d * y] };
}

export function toView({ matrix: [a, b, c, d, e, f] }, { x, y }) {
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

export function toPicture({ matrix: [a, b, c, d, e, f] }, { x, y }) {
  const whole = a * d - b * c;
  return { x: (d * (x - e) - c * (y - f)) / whole, y: (a * (y - f) - b * (x - e)) / whole };
}

/** The same rectangle after `move` (toView or toPicture); quarters keep rectangles upright. */
export function rectThrough(move, view, { x, y, w, h }) {
  const one = move(view, { x, y });
  const other = move(view, { x: x + w, y: y + h });
  return {
    x: Math.min(one.x, other.x), y: Math.min(one.y, other.y),
    w: Math.abs(other.x - one.x), h: Math.abs(other.y - one.y),
  };
}

/** The rectangle inside a room of this size, no smaller than `least`: it is pushed back first, then made to fit. */
export function keepInside({ x, y, w, h }, room, least) {
  const width = Math.min(Math.max(w, least), room.width);
  const height = Math.min(Math.max(h, least), room.height);
  return {
    x: Math.min(Math.max(x, 0), room.width - width), y: Math.min(Math.max(y, 0), room.height - height),
    w: width, h: height,
  };
}

/** A rectangle one of whose corners was dragged; `corner` is two of n, s, e, w. The opposite corner stays. */
export function dragCorner({ x, y, w, h }, corner, dx, dy, room, least) {
  const west = corner.includes("w");
  const north = corner.includes("n");
  let left = x, right = x + w, top = y, bottom = y + h;
  if (west) left = Math.min(Math.max(0, left + dx), right - least);
  else right = Math.max(Math.min(room.width, right + dx), left + least);
  if (north) top = Math.min(Math.max(0, top + dy), bottom - least);
  else bottom = Math.max(Math.min(room.height, bottom + dy), top + least);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

export function meets(one, other) {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
}

/** A face as it was found, with its hair, ears and chin around it, inside the picture. */
export function widen({ x, y, w, h }, room) {
  const left = Math.max(0, x - w * 0.2);
  const top = Math.max(0, y - h * 0.22);
  const right = Math.min(room.width, x + w * 1.2);
  const bottom = Math.min(room.height, y + h * 1.15);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/** The smallest scale at which the view fills the room without leaving it. */
export function fit(view, room, most) {
  return Math.min(room.width / view.width, room.height / view.height, most);
}
