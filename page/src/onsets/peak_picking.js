// From activations to onsets: pick_peaks of adtlib/onsets/peak_picking.py, with the parameters that stand in the model's file.

import { CLASSES, FPS } from "../constants.js";

const N = CLASSES.length;

/**
 * Onsets of each class in seconds: five sorted arrays.
 *
 * activations  (T * 5) float32 in [0, 1], frame after frame;  picking  as in the model's file (max_window, mean_window, delta, wait,
 * threshold, strict_wait, strict_threshold, skip_first, double, strong), thresholds one for each class.
 */
export function pickPeaks(activations, picking) {
  return CLASSES.map((_, column) => pickClass(activations, column, picking));
}

/** Onsets of one class; after a threshold is moved no other needs to be picked anew. */
export function pickClass(activations, column, picking) {
  const frames = activations.length / N;
  const { max_window: m, mean_window: a, delta } = picking;
  const threshold = Math.fround(picking.threshold[column]); // as the activations
  const distance = picking.wait + (picking.strict_wait ? 1 : 0);
  const found = [];
  let last = -Infinity;
  for (let frame = picking.skip_first; frame < frames; frame++) {
    const value = activations[frame * N + column];
    if (picking.strict_threshold ? !(value > threshold) : !(value >= threshold)) continue;
    if (frame > 0 && !(value > activations[(frame - 1) * N + column])) continue; // the first frame of a plateau is the peak
    if (!isHighest(activations, column, frame, value, m, frames)) continue;
    if (value < mean(activations, column, frame, a, frames) + delta) continue;
    if (frame < last + distance) continue;
    found.push(frame);
    last = frame;
  }
  const kept = picking.double ? withoutDoubles(found, (frame) => activations[frame * N + column], picking) : found;
  return kept.map((frame) => frame / FPS);
}

/** Of peaks within `double` frames of each other the strongest, and others only where both are `strong`. */
function withoutDoubles(frames, valueAt, { double, strong }) {
  const kept = [];
  for (const frame of frames) {
    const before = kept.at(-1);
    if (before === undefined || frame - before > double || Math.min(valueAt(frame), valueAt(before)) >= strong) kept.push(frame);
    else if (valueAt(frame) > valueAt(before)) kept[kept.length - 1] = frame;
  }
  return kept;
}

function isHighest(activations, column, frame, value, reach, frames) {
  for (let at = Math.max(0, frame - reach); at <= Math.min(frames - 1, frame + reach); at++) {
    if (activations[at * N + column] > value) return false;
  }
  return true;
}

function mean(activations, column, frame, reach, frames) {
  const [first, last] = [Math.max(0, frame - reach), Math.min(frames - 1, frame + reach)];
  let sum = 0;
  for (let at = first; at <= last; at++) sum += activations[at * N + column];
  return sum / (last - first + 1);
}
