// The network: an ONNX file that `adt pack --onnx` wrote (adtlib/transcription/onnx_export.py), run by onnxruntime-web in WebAssembly.

import * as ort from "onnxruntime-web/wasm";

import { CLASSES, N_BANDS, SEGMENT_FRAMES } from "../constants.js";

const KEY = "adtlib";
const FORMAT = 1;

/** What stands in the file's metadata: name, peak_picking with thresholds, features, ... Error for a file of another kind. */
export function metadataOf(bytes) {
  // The fields of ModelProto; 14 are properties, each a message of key (1) and value (2).
  for (const { field, content } of fields(bytes)) {
    if (field !== 14) continue;
    const parts = Object.fromEntries(fields(content).map((part) => [part.field, new TextDecoder().decode(part.content)]));
    if (parts[1] !== KEY) continue;
    const found = JSON.parse(parts[2]);
    if (found.format !== FORMAT) throw new Error(`the model has format ${found.format}, this page reads ${FORMAT}`);
    if (found.features !== "madmom" || found.classes.join() !== CLASSES.join()) {
      throw new Error(`the model takes features ${found.features} and gives ${found.classes.join(", ")}: this page has others`);
    }
    return found;
  }
  throw new Error("the model says nothing of its peak picking: write it with adt pack --onnx");
}

/** Fields with a length of a protocol buffer. */
function fields(bytes) {
  const found = [];
  let at = 0;
  const number = () => {
    let [value, scale] = [0, 1];
    for (;;) {
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

/** A network ready to run. model: bytes of the ONNX file;  wasm: bytes of onnxruntime's WebAssembly, by default it is looked for. */
export async function loadNetwork(model, wasm = null) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  if (wasm) ort.env.wasm.wasmBinary = wasm;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  return {
    /** Activations (count * 400 * 5) of features (count * 400 * 84), both float32. */
    async predict(features, count) {
      const input = new ort.Tensor("float32", features, [count, SEGMENT_FRAMES, N_BANDS]);
      const { logits } = await session.run({ features: input });
      const found = Float32Array.from(logits.data, (logit) => 1 / (1 + Math.exp(-logit)));
      logits.dispose?.();
      return found;
    },
  };
}
