// Features cut into overlapping windows of 400 frames, as the network saw them in training: `windows_of` of adtlib/models/windows.py.

import { MARGIN, N_BANDS, SEGMENT_FRAMES } from "../constants.js";

/**
 * A cutter: `add` takes blocks of features (n * 84), `finish` ends the recording. `emit` is called with each window,
 * { features: (400 * 84) float32, low, high, at }: logits are kept for its frames `low` to before `high`, which are those of the
 * recording from `at` on. The last window is padded with zeros.
 */
export function windowsOf(emit) {
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
      while (held.length > SEGMENT_FRAMES * N_BANDS) {
        give(held.slice(0, SEGMENT_FRAMES * N_BANDS), SEGMENT_FRAMES - MARGIN);
        held = held.slice((SEGMENT_FRAMES - 2 * MARGIN) * N_BANDS);
        low = MARGIN;
      }
    },
    finish() {
      const last = new Float32Array(SEGMENT_FRAMES * N_BANDS);
      last.set(held);
      give(last, held.length / N_BANDS);
    },
  };
}
