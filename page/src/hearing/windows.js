// Features cut into overlapping windows, as long as the network saw them in training: `windows_of` of adtlib/models/windows.py.

import { N_BANDS } from "../constants.js";

/**
 * A cutter: `add` takes blocks of features (n * 84), `finish` ends the recording. `emit` is called with each window,
 * { features: (frames * 84) float32, low, high, at }: logits are kept for its frames `low` to before `high`, which are those of the
 * recording from `at` on. The last window is padded with zeros.
 *
 * frames  of a window;  margin  frames at its edges that the neighbouring window predicts: both stand in the model's metadata.
 */
export function windowsOf({ frames, margin }, emit) {
  let held = new Float32Array(0);
  let [low, at] = [0, 0];
  const give = (features, high) => {
    emit({ features, low, high, at });
    at += high - low;
  };
  return {
    add(block) {
      const joined = new Float32Array(held.length + block.length);
      joined.set(held);
      joined.set(block, held.length);
      held = joined;
      while (held.length > frames * N_BANDS) {
        give(held.slice(0, frames * N_BANDS), frames - margin);
        held = held.slice((frames - 2 * margin) * N_BANDS);
        low = margin;
      }
    },
    finish() {
      const last = new Float32Array(frames * N_BANDS);
      last.set(held);
      give(last, held.length / N_BANDS);
    },
  };
}
