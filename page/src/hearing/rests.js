// Passages in which nobody drums: adtlib/transcription/rests.py.

import { CLASSES, FPS } from "../constants.js";
import { rint } from "../numbers.js";
import { pickPeaks } from "../onsets/peak_picking.js";

const N = CLASSES.length;
const AROUND = 1200; // frames to each side
const CLEAR = Math.fround(0.9); // as the activations
const LOWERED = Math.fround(0.4);

/** Activations (T * 5), lowered where there are too few clear onsets around; picking and rests as in the model's metadata. */
export function withRests(activations, { peak_picking: picking, rests: rate }) {
  if (!rate) return activations;
  const frames = activations.length / N;
  const before = clearBefore(activations, picking, frames);
  return activations.map((value, i) => {
    const frame = Math.floor(i / N);
    const [first, end] = [Math.max(frame - AROUND, 0), Math.min(frame + AROUND + 1, frames)];
    return before[end] - before[first] < Math.floor((rate * (end - first)) / FPS) ? LOWERED * value : value;
  });
}

/** How many clear onsets lie before each frame, and before the end. */
function clearBefore(activations, picking, frames) {
  const before = new Uint32Array(frames + 1);
  pickPeaks(activations, picking).forEach((onsets, column) => {
    for (const frame of onsets.map((seconds) => rint(seconds * FPS))) {
      if (activations[frame * N + column] >= CLEAR) before[frame + 1] += 1;
    }
  });
  for (let frame = 1; frame <= frames; frame++) before[frame] += before[frame - 1];
  return before;
}
