// A worker with one network: it takes batches of windows, one after the other.

import { loadNetwork } from "./model.js";

let network = null;

self.onmessage = async ({ data }) => {
  try {
    if (data.kind === "load") {
      network = await loadNetwork(data.model, data.wasm);
      self.postMessage({ kind: "ready" });
      return;
    }
    const activations = await network.predict(data.features, data.count);
    self.postMessage({ kind: "heard", id: data.id, activations }, [activations.buffer]);
  } catch (error) {
    self.postMessage({ kind: "failed", id: data.id, message: String(error?.message ?? error) });
  }
};
