// A worker with one network: it fetches what it needs beside itself, says what stands in the model's metadata, and takes batches of
// windows, one after the other.

import { metadataOf } from "./metadata.js";
import { loadNetwork } from "./model.js";

let network = null;

self.onmessage = async ({ data }) => {
  try {
    if (data.kind === "load") {
      const [model, wasm] = await Promise.all([bytesOf("adt.onnx"), unpacked("onnxruntime.wasm.gzip")]);
      const metadata = metadataOf(model);
      network = await loadNetwork(model, wasm);
      self.postMessage({ kind: "ready", metadata });
      return;
    }
    const activations = await network.predict(data.features, data.count);
    self.postMessage({ kind: "heard", id: data.id, activations }, [activations.buffer]);
  } catch (error) {
    self.postMessage({ kind: "failed", id: data.id, message: String(error?.message ?? error) });
  }
};

async function bytesOf(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The bytes of a file that was packed with gzip; some servers unpack it on their way. */
async function unpacked(name) {
  const bytes = await bytesOf(name);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
