// Velocities from the rise of energy at the onsets: adtlib/onsets/energies.py.

import { CLASSES, FPS, N_BANDS } from "../constants.js";
import { quantile, rint } from "../numbers.js";
import { bandCentres } from "../audio/features.js";

const RANGES = { KD: [30, 130], SD: [180, 5_000], TT: [70, 400], HH: [6_000, 16_000], CY: [3_000, 16_000] }; // Hz
const [LOUD, LOUD_QUANTILE] = [100, 0.75];
export const SOFTEST_VELOCITY = 20;
const SOFTEST = Math.fround(1e-3);
const [BEFORE, AFTER] = [2, 3]; // frames around an onset
const FLAM = 8; // frames
const N = CLASSES.length;

/** The bands in each class's range. */
const bandsOf = () =>
  CLASSES.map((name) => {
    const [low, high] = RANGES[name];
    return bandCentres().flatMap((centre, band) => (centre >= low && centre <= high ? [band] : []));
  });

/** Sum of the magnitudes in each class's range of frequencies: (T * 5) float32 of features (T * 84). */
export function bandEnergies(features) {
  const frames = features.length / N_BANDS;
  const energies = new Float32Array(frames * N);
  const magnitudes = new Float32Array(N_BANDS);
  const chosen = bandsOf();
  for (let frame = 0; frame < frames; frame++) {
    for (let band = 0; band < N_BANDS; band++) magnitudes[band] = Math.fround(10 ** features[frame * N_BANDS + band]) - 1;
    for (let column = 0; column < N; column++) {
      let sum = 0;
      for (const band of chosen[column]) sum += magnitudes[band];
      energies[frame * N + column] = sum;
    }
  }
  return energies;
}

/** Rise of the energy at each onset of a class, SOFTEST at least: of (T * 5) energies and sorted seconds. */
export function onsetEnergies(energies, column, times) {
  const last = energies.length / N - 1;
  if (last < 0) return times.map(() => SOFTEST);
  const at = (frame) => (frame < 0 ? 0 : energies[frame * N + column]); // silence precedes the recording
  let flam = 0;
  let previous = -FLAM - 1;
  return times.map((seconds, index) => {
    const frame = Math.min(Math.max(rint(seconds * FPS), 0), last);
    if (frame - previous > FLAM || index === 0) flam = frame;
    previous = frame;
    let after = 0;
    for (let step = 0; step <= AFTER; step++) after = Math.max(after, at(Math.min(frame + step, last)));
    const before = Math.min(at(frame - BEFORE), at(flam - BEFORE));
    return Math.max(Math.fround(after - before), SOFTEST);
  });
}

/**
 * Velocities 20 to 127 of the onsets of a class: arguments as for `onsetEnergies`; the loud ones of `among` set the scale, where it has
 * some.
 */
export function velocities(energies, column, times, among = times) {
  const risen = onsetEnergies(energies, column, times);
  const loud = among.length ? onsetEnergies(energies, column, among) : risen;
  const reference = loud.length ? quantile(loud, LOUD_QUANTILE) : 1;
  return risen.map((rise) => {
    const decibels = 20 * Math.log10(rise / reference);
    return Math.min(Math.max(rint(LOUD * 10 ** (decibels / 40)), SOFTEST_VELOCITY), 127);
  });
}
