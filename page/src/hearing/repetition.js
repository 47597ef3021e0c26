// A second look at what the network heard, at other bars: adtlib/transcription/repetition.py. Bars have four beats here.

import { CLASSES, FPS } from "../constants.js";
import { BEATS_A_BAR } from "../notation/beats.js";
import { rint } from "../numbers.js";
import { pickPeaks } from "../onsets/peak_picking.js";

const N = CLASSES.length;
const BARS = 4; // before and after
const LIMIT = 3; // of the mean of their log-odds
const OWN = 2; // bars that a frame's own surroundings count as
const POOLED = 2; // frames to each side
const EDGE = 1e-7; // of activations, whose log-odds are finite then
const FIRST_THRESHOLD = 0.5; // of the onsets in which beats are tracked, whatever threshold is chosen for those that are reported

/**
 * Activations as onsets are picked from them: those of other bars are taken into account where the model's thresholds were chosen so.
 *
 * metadata  of the model;  track  a function of onsets, [class] of seconds, that gives their Beats or a promise of them.
 */
export async function secondLook(activations, { peak_picking: picking, repetition }, track) {
  if (!repetition) return activations;
  const onsets = pickPeaks(activations, { ...picking, threshold: CLASSES.map(() => FIRST_THRESHOLD) });
  return withRepetition(activations, await track(onsets), repetition);
}

/** Activations (T * 5), those of the bars around taken into account. beats  a Beats;  weight  of the other bars. */
export function withRepetition(activations, beats, weight) {
  const frames = activations.length / N;
  const odds = Float64Array.from(activations, (value) => {
    const inside = Math.min(Math.max(value, EDGE), 1 - EDGE);
    return Math.log(inside / (1 - inside));
  });
  const pooled = highestAround(odds, frames);
  const result = new Float32Array(activations.length);
  for (let frame = 0; frame < frames; frame++) {
    const others = beats.found ? placesInOtherBars(beats, frame, frames) : [];
    for (let column = 0; column < N; column++) {
      const own = OWN * pooled[frame * N + column];
      const sum = others.reduce((total, other) => total + pooled[other * N + column], own);
      const around = Math.min(Math.max(sum / (others.length + OWN), -LIMIT), LIMIT);
      result[frame * N + column] = 1 / (1 + Math.exp(-odds[frame * N + column] - weight * around));
    }
  }
  return result;
}

/** The frames at the same place of the bars before and after. */
function placesInOtherBars(beats, frame, frames) {
  const place = beats.at(frame / FPS);
  const found = [];
  for (let bar = -BARS; bar <= BARS; bar++) {
    const other = bar && rint(beats.seconds(place + bar * BEATS_A_BAR) * FPS);
    if (bar && other >= 0 && other < frames) found.push(other);
  }
  return found;
}

function highestAround(odds, frames) {
  const found = new Float64Array(odds.length);
  for (let frame = 0; frame < frames; frame++) {
    const [first, last] = [Math.max(0, frame - POOLED), Math.min(frames - 1, frame + POOLED)];
    for (let column = 0; column < N; column++) {
      let highest = -Infinity;
      for (let at = first; at <= last; at++) highest = Math.max(highest, odds[at * N + column]);
      found[frame * N + column] = highest;
    }
  }
  return found;
}
