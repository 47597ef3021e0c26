// Beats and bar lines of a whole song, tracked from its onsets: track_beats of adtlib/notation/beats.py.

import { median, searchSorted } from "../numbers.js";
import { firstBarLine } from "./bar_lines.js";
import { bestBeats } from "./bar_pointer.js";
import { STEPS_A_SECOND } from "./beat_model.js";
import { Beats, BEATS_A_BAR, differences, evenPeriod } from "./beats.js";

const [SLOWEST, FASTEST] = [50, 230]; // beats a minute
const [LIKELY_TEMPO, TEMPO_SPREAD] = [115, 0.7];
const FEWEST_ONSETS = 8;
const DEFAULT_TEMPO = 120;
const [STIFFNESS, REACH] = [10, 0.05];
const [UNPLAYED, BESIDE] = [4, 32];
const CLASS_WEIGHTS = [2, 2, 1, 1, 1];

/** Beats of a recording of `duration` seconds: `track_beats` in Python. onsets: five sorted arrays of seconds. */
export function trackBeats(onsets, duration) {
  const end = Math.max(duration, ...onsets.map((times) => times.at(-1) ?? 0));
  if (onsets.reduce((sum, times) => sum + times.length, 0) < FEWEST_ONSETS) {
    const period = 60 / DEFAULT_TEMPO;
    const count = Math.ceil(end / period) + 1 + BEATS_A_BAR;
    const indices = Array.from({ length: count }, (_, i) => i);
    return new Beats(
      indices.map((i) => i * period),
      indices.map((i) => (i % BEATS_A_BAR) + 1),
      false,
    );
  }
  const [shortest, longest] = [Math.floor((60 * STEPS_A_SECOND) / FASTEST), Math.floor((60 * STEPS_A_SECOND) / SLOWEST)];
  const lengths = Array.from({ length: longest - shortest + 1 }, (_, i) => shortest + i);
  const tracked = bestBeats(onsets, end, lengths, LIKELY_TEMPO, TEMPO_SPREAD);
  const { beats, ternary } = whereNobodyPlays(drawnToOnsets(tracked.seconds, onsets), tracked.ternary, onsets);
  const times = extended(beats, end);
  const first = firstBarLine(onsets, times, ternary);
  return new Beats(
    times,
    times.map((_, i) => ((i - first + BEATS_A_BAR) % BEATS_A_BAR) + 1),
  );
}

/** Beats continued at their last tempo until one after `end`. */
function extended(times, end) {
  const last = median(differences(times.slice(-5)));
  const more = Math.max(0, Math.ceil((end - times.at(-1)) / last) + 1);
  return [...times, ...Array.from({ length: more }, (_, i) => times.at(-1) + last * (i + 1))];
}

/** Beats, and what is known of them; those far before the first stroke or after the last have the tempo of those beside them. */
function whereNobodyPlays(beats, ternary, onsets) {
  const strokes = onsets.filter((times) => times.length);
  const start = Math.min(...strokes.map((times) => times[0]));
  const stop = Math.max(...strokes.map((times) => times.at(-1)));
  const first = Math.max(0, searchSorted(beats, start + REACH) - 1);
  const last = Math.min(beats.length - 1, searchSorted(beats, stop - REACH));
  const beside = Math.min(BESIDE, last - first);
  if (beside < 2) return { beats, ternary };
  let [times, known] = [[...beats], [...ternary]];
  if (times.length - 1 - last > UNPLAYED) {
    const period = evenPeriod(times.slice(last - beside, last + 1));
    const after = Math.ceil((times.at(-1) - times[last]) / period);
    times = [...times.slice(0, last + 1), ...Array.from({ length: after }, (_, i) => times[last] + period * (i + 1))];
    known = [...known.slice(0, last + 1), ...Array(after).fill(known[last])];
  }
  if (first > UNPLAYED) {
    const period = evenPeriod(times.slice(first, first + beside + 1));
    const before = Math.ceil((times[first] - times[0]) / period);
    times = [...Array.from({ length: before }, (_, i) => times[first] - period * (before - i)), ...times.slice(first)];
    known = [...Array(before).fill(known[first]), ...known.slice(first)];
  }
  return { beats: times, ternary: known };
}

/** Beats moved towards the onsets near them while their distances stay even: least squares with a stiffness. */
function drawnToOnsets(beats, onsets) {
  const n = beats.length;
  if (n < 3) return beats;
  const marks = onsets.flatMap((times, column) => times.map((time) => [time, CLASS_WEIGHTS[column]]));
  marks.sort((a, b) => a[0] - b[0]);
  const times = marks.map(([time]) => time);
  const weights = new Float64Array(n);
  const right = new Float64Array(n);
  beats.forEach((beat, i) => {
    let [weight, moment] = [0, 0];
    for (let at = searchSorted(times, beat - REACH); at < searchSorted(times, beat + REACH); at++) {
      weight += marks[at][1];
      moment += marks[at][1] * marks[at][0];
    }
    const target = weight > 0 ? moment / weight : beat;
    weights[i] = Math.min(weight, 4) + 1e-6;
    right[i] = weights[i] * target;
  });
  // The sum over beats of squared second differences, times the stiffness: a matrix with five diagonals, of which three are kept.
  const [diagonal, first, second] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n - 2; i++) {
    [1, 4, 1].forEach((square, k) => (diagonal[i + k] += STIFFNESS * square));
    first[i + 1] -= 2 * STIFFNESS;
    first[i + 2] -= 2 * STIFFNESS;
    second[i + 2] += STIFFNESS;
  }
  for (let i = 0; i < n; i++) diagonal[i] += weights[i];
  return solveBanded(diagonal, first, second, right);
}

/** Solves a symmetric system; `first[i]` couples i and i - 1, `second[i]` i and i - 2 (scipy.linalg.solveh_banded). */
function solveBanded(diagonal, first, second, right) {
  const n = diagonal.length;
  const [d, l1, l2] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]; // L D L^T
  const found = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    l2[i] = i > 1 ? second[i] / d[i - 2] : 0;
    l1[i] = i > 0 ? (first[i] - (i > 1 ? l2[i] * d[i - 2] * l1[i - 1] : 0)) / d[i - 1] : 0;
    d[i] = diagonal[i] - (i > 0 ? l1[i] ** 2 * d[i - 1] : 0) - (i > 1 ? l2[i] ** 2 * d[i - 2] : 0);
    found[i] -= (i > 0 ? l1[i] * found[i - 1] : 0) + (i > 1 ? l2[i] * found[i - 2] : 0);
  }
  for (let i = n - 1; i >= 0; i--) {
    found[i] /= d[i];
    found[i] -= (i + 1 < n ? l1[i + 1] * found[i + 1] : 0) + (i + 2 < n ? l2[i + 2] * found[i + 2] : 0);
  }
  return [...found];
}
