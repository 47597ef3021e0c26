// The network: an ONNX file that `adt pack --onnx` wrote (adtlib/transcription/onnx_export.py), run by onnxruntime-web in WebAssembly.

import * as ort from "onnxruntime-web/wasm";

import { CLASSES, N_BANDS } from "../constants.js";

/** A network ready to run. model: bytes of the ONNX file;  wasm: bytes of onnxruntime's WebAssembly, by default it is looked for. */
export async function loadNetwork(model, wasm = null) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  if (wasm) ort.env.wasm.wasmBinary = wasm;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  return {
    /** Activations (count * frames * 5) of features (count * frames * 84), both float32. */
    async predict(features, count) {
      const input = new ort.Tensor("float32", features, [count, features.length / count / N_BANDS, N_BANDS]);
      const { logits } = await session.run({ features: input });
      const width = logits.dims[2]; // classes, and then kinds of strokes, which a model may hear and which are not shown
      const found = new Float32Array((logits.data.length / width) * CLASSES.length);
      for (let at = 0; at < found.length; at++) {
        const row = Math.floor(at / CLASSES.length);
        found[at] = 1 / (1 + Math.exp(-logits.data[row * width + (at % CLASSES.length)]));
      }
      logits.dispose?.();
      return found;
    },
  };
}
