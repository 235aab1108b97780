// A thread of its own that finds faces with CenterFace: pixels in, rectangles out. It sends nothing anywhere.
// Its answer's policy allows WebAssembly to it alone (see web/headers).

import { openModel } from "./model.js";

const THRESHOLD = 0.35;
const OVERLAP = 0.3;
const STRIDE = 4;
const RANK = 32;
let session = null;
let runtime = null;

async function load({ runtime: address, wasm, model }) {
  runtime = await import(address);
  Object.assign(runtime.env.wasm, { numThreads: 1, simd: true, proxy: false, wasmPaths: { "ort-wasm-simd.wasm": wasm } });
  runtime.env.logLevel = "error";
  const answer = await fetch(model);
  if (!answer.ok) throw new Error(`the model cannot be read: ${answer.status}`);
  session = await runtime.InferenceSession.create(openModel(new Uint8Array(await answer.arrayBuffer())), {
    executionProviders: ["wasm"], graphOptimizationLevel: "all", logSeverityLevel: 3, enableCpuMemArena: false,
  });
}

/** RGBA rows as three planes of numbers, in a frame whose sides are multiples of 32. */
function planes(pixels, width, height) {
  const [wide, high] = [Math.ceil(width / RANK) * RANK, Math.ceil(height / RANK) * RANK];
  const values = new Float32Array(3 * wide * high);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let row = 0; row < height; row += 1) {
      let to = (channel * high + row) * wide;
      for (let from = row * width * 4 + channel, end = (row + 1) * width * 4; from < end; from += 4, to += 1) values[to] = pixels[from];
    }
  }
  return new runtime.Tensor("float32", values, [1, 3, high, wide]);
}

async function look({ pixels, width, height }) {
  const input = planes(pixels, width, height);
  const found = await session.run({ [session.inputNames[0]]: input });
  const [heat, size, offset] = session.outputNames.map((name) => found[name]);
  const [high, wide] = heat.dims.slice(2);
  const area = high * wide;
  const faces = [];
  for (let at = 0; at < area; at += 1) {
    const score = heat.data[at];
    if (score < THRESHOLD) continue;
    const h = Math.exp(size.data[at]) * STRIDE;
    const w = Math.exp(size.data[area + at]) * STRIDE;
    const y = (Math.floor(at / wide) + offset.data[at] + 0.5) * STRIDE;
    const x = ((at % wide) + offset.data[area + at] + 0.5) * STRIDE;
    if (x < width && y < height) faces.push({ x: x - w / 2, y: y - h / 2, w, h, score });
  }
  return keepBest(faces);
}

/** Of rectangles that show the same face, the surest one. */
function keepBest(faces) {
  const kept = [];
  for (const face of faces.sort((one, other) => other.score - one.score)) {
    const same = kept.some((other) => {
      const wide = Math.min(face.x + face.w, other.x + other.w) - Math.max(face.x, other.x);
      const high = Math.min(face.y + face.h, other.y + other.h) - Math.max(face.y, other.y);
      if (wide <= 0 || high <= 0) return false;
      const both = wide * high;
      return both / (face.w * face.h + other.w * other.h - both) > OVERLAP;
    });
    if (!same) kept.push(face);
  }
  return kept;
}

addEventListener("message", async ({ data }) => {
  try {
    if (!session) await load(data.addresses);
    const began = performance.now();
    const faces = await look(data);
    postMessage({ faces, milliseconds: performance.now() - began });
  } catch (error) {
    postMessage({ failed: String(error), loaded: session !== null });
  }
});
