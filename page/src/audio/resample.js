// Samples at other rates brought to 44.1 kHz: resampled_blocks of adtlib/audio/files.py, which uses soxr at its quality HQ. The same
// band is kept, up to 0.913 of the lower Nyquist frequency, with 120 dB of rejection from that frequency on.

import { SAMPLE_RATE } from "../constants.js";

const PASSED = 0.913;
const REJECTION = 120; // dB
const PHASES = 1_024; // of the table, which is interpolated

/** Mono float32 samples at `rate` Hz as samples at 44.1 kHz, with no delay: a Kaiser-windowed sinc. */
export function resampled(samples, rate) {
  if (rate === SAMPLE_RATE) return samples;
  const ratio = rate / SAMPLE_RATE; // samples in for one out
  const scale = Math.min(1, 1 / ratio); // of the band that is kept
  const width = (1 - PASSED) * Math.PI * scale; // of the transition, a sample in
  const half = Math.ceil((REJECTION - 7.95) / (2.285 * width) / 2);
  const table = kernel(half, ((1 + PASSED) / 2) * scale);
  const found = new Float32Array(Math.round(samples.length / ratio));
  for (let i = 0; i < found.length; i++) {
    const at = i * ratio;
    const before = Math.floor(at);
    const phase = (at - before) * PHASES;
    const row = Math.floor(phase);
    const rest = phase - row;
    let [low, high] = [0, 0];
    const first = Math.max(0, half - 1 - before);
    const last = Math.min(2 * half, samples.length + half - 1 - before);
    const from = before - half + 1;
    const begin = row * 2 * half;
    for (let k = first; k < last; k++) {
      const sample = samples[from + k];
      low += sample * table[begin + k];
      high += sample * table[begin + 2 * half + k];
    }
    found[i] = low + rest * (high - low);
  }
  return found;
}

/** The filter at PHASES + 1 positions between two samples, 2 half taps each. */
function kernel(half, cutoff) {
  const beta = 0.1102 * (REJECTION - 8.7);
  const table = new Float64Array((PHASES + 1) * 2 * half);
  const norm = bessel(beta);
  for (let row = 0; row <= PHASES; row++) {
    for (let k = 0; k < 2 * half; k++) {
      const t = k - half + 1 - row / PHASES; // samples from the position that is asked for
      const inside = 1 - (t / half) ** 2;
      if (inside < 0) continue;
      const x = Math.PI * cutoff * t;
      const sinc = t === 0 ? cutoff : (cutoff * Math.sin(x)) / x;
      table[row * 2 * half + k] = (sinc * bessel(beta * Math.sqrt(inside))) / norm;
    }
  }
  return table;
}

/** The modified Bessel function of order 0. */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
