// What `adt pack --onnx` wrote into the model's file beside the network: adtlib/transcription/onnx_export.py.

import { CLASSES } from "../constants.js";

const KEY = "adtlib";
const FORMAT = 1;
const NOTHING = "the model says nothing of its peak picking: write it with adt pack --onnx";

/** What stands in the file's metadata: name, peak_picking with thresholds, features, ... Error for a file of another kind. */
export function metadataOf(bytes) {
  // The fields of ModelProto; 14 are properties, each a message of key (1) and value (2).
  for (const { field, content } of fields(bytes)) {
    if (field !== 14) continue;
    const parts = Object.fromEntries(fields(content).map((part) => [part.field, new TextDecoder().decode(part.content)]));
    if (parts[1] !== KEY) continue;
    const found = contentOf(parts[2]);
    if (found.format !== FORMAT) throw new Error(`the model has format ${found.format}, this page reads ${FORMAT}`);
    if (found.features !== "madmom" || String(found.classes) !== CLASSES.join()) {
      throw new Error(`the model takes features ${found.features} and gives ${found.classes}: this page has others`);
    }
    return found;
  }
  throw new Error(NOTHING);
}

function contentOf(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new Error(NOTHING); // it was cut
  }
}

/** Fields with a length of a protocol buffer. */
function fields(bytes) {
  const found = [];
  let at = 0;
  const number = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      if (at >= bytes.length) throw new Error(NOTHING);
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const key = number();
    const kind = key % 8;
    if (kind === 0) number();
    else if (kind === 2) {
      const length = number();
      found.push({ field: Math.floor(key / 8), content: bytes.subarray(at, at + length) });
      at += length;
    } else at += kind === 1 ? 8 : 4;
  }
  return found;
}
