// The model's file as it came declares ten pictures of 32 × 32, and each of its weights as an input too, which forbids the
// runtime to fuse its layers (half of the speed). Here its copy in memory gets free sizes and one input. It is an ONNX
// file, that is nested protobuf messages: fields of (number << 3 | type), a length, the content.

const MODEL_GRAPH = 7;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const BYTES = 2;
// A dimension is a message: 0A, its length 02, then 08 and its value, or 12 00 for any.
const SIZED = [0x0a, 0x02, 0x08];
const ANY = [0x12, 0x00];

function varint(bytes, at) {
  let value = 0;
  for (let shift = 1, next = at; ; shift *= 128, next += 1) {
    value += (bytes[next] & 127) * shift;
    if (bytes[next] < 128) return [value, next + 1];
  }
}

function asVarint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

/** The fields of a message: number, where the field and its content begin, where both end. */
function* fields(bytes) {
  for (let at = 0; at < bytes.length;) {
    const start = at;
    let key, value;
    [key, at] = varint(bytes, at);
    [value, at] = varint(bytes, at);
    const content = at;
    if (key % 8 === BYTES) at += value;
    else if (key % 8) throw new Error("not a model");
    yield { number: Math.floor(key / 8), whole: bytes.subarray(start, at), inside: bytes.subarray(content, at) };
  }
}

/** Every declared dimension but the second one (the channels) becomes any size. */
function freeSizes(declared) {
  let order = 0;
  for (let at = 0; at + 4 <= declared.length; at += 1) {
    if (!SIZED.every((value, each) => declared[at + each] === value)) continue;
    if (order !== 1) declared.set(ANY, at + 2);
    order += 1;
    at += 3;
  }
}

function join(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { bytes.set(part, at); at += part.length; }
  return bytes;
}

/** The model with one input, the picture, of any size. */
export function openModel(bytes) {
  const outer = [];
  for (const field of fields(bytes)) {
    if (field.number !== MODEL_GRAPH) { outer.push(field.whole); continue; }
    const inner = [];
    let inputs = 0;
    for (const { number, whole, inside } of fields(field.inside)) {
      if (number === GRAPH_INPUT && (inputs += 1) > 1) continue;
      if (number === GRAPH_INPUT || number === GRAPH_OUTPUT) freeSizes(inside);
      inner.push(whole);
    }
    const graph = join(inner);
    outer.push(Uint8Array.from([MODEL_GRAPH * 8 + BYTES, ...asVarint(graph.length)]), graph);
  }
  return join(outer);
}
