// Channels mixed to one so that what is heard in any of them is kept: adtlib/audio/downmix.py.
//
// The average of the channels; where attacks would vanish from it, joined by what the channels do not share, shifted by 90 degrees.

import { peakOf, rint } from "../numbers.js";
import { hann, RealFourier } from "./fourier.js";

const FRAME_SECONDS = 0.023;
const BANDS = Array.from({ length: 9 }, (_, i) => 40 * (16_000 / 40) ** (i / 8)); // Hz, their edges
const STRONG = 2;
const KEPT = 0.4;
const FAINT = 1e-3;
const SILENT = 1e-4;
const SHIFTER_SECONDS = 0.025;
const RAMP_SECONDS = 0.05;

/** Blocks of channels (arrays of float32 arrays) as mono float32 blocks; each comes when the next one is given, the last by `finish`. */
export class Mixer {
  constructor(rate) {
    this.rate = rate;
    this.half = Math.max(1, rint(SHIFTER_SECONDS * rate));
    this.cancels = false; // whether the block that was given last does
    this.cancelled = 0; // samples of all that do
    this.block = null;
    this.before = null;
    this.state = [false, false]; // whether the block before the kept one cancels, and whether that one does
    this.direction = null;
  }

  /** The kept block mixed, null before the first; `following` (null: there is none) is kept in its place. */
  finish(following) {
    const { block } = this;
    const [before, now] = this.state;
    this.cancels = following !== null && leastKept(following, this.rate) < KEPT * Math.sqrt(2 / following.length);
    if (this.cancels) this.cancelled += following[0].length;
    let mixture = null;
    if (block) {
      mixture = average(block);
      if (now) {
        const weight = this._weight(mixture.length, before, this.cancels || following === null);
        const shifted = this._shifted(block, following);
        for (let i = 0; i < mixture.length; i++) mixture[i] += weight[i] * shifted[i];
      }
      this.before = block.map((channel) => channel.subarray(Math.max(0, channel.length - 2 * this.half)));
    }
    this.state = [block ? now : this.cancels, this.cancels];
    this.block = following;
    return mixture;
  }

  _weight(n, before, after) {
    const weight = new Float32Array(n).fill(1);
    const length = Math.min(n, Math.max(1, rint(RAMP_SECONDS * this.rate)));
    for (let i = 0; i < length; i++) {
      const ramp = length > 1 ? i / (length - 1) : 0;
      if (!before) weight[i] *= ramp;
      if (!after) weight[n - 1 - i] *= ramp;
    }
    return weight;
  }

  /** What the channels do not share, shifted by 90 degrees, for the samples of the block. */
  _shifted(block, following) {
    this.direction ??= unshared(block); // the same for all blocks, so that nothing jumps between them
    const reach = 2 * this.half;
    const after = following?.map((channel) => channel.subarray(0, reach));
    const start = this.before ? this.before[0].length : reach;
    const side = new Float32Array(start + block[0].length + (after ? after[0].length : reach));
    block.forEach((channel, index) => {
      const weight = this.direction[index];
      const add = (part, at) => part && part.forEach((sample, i) => (side[at + i] += weight * sample));
      add(this.before?.[index], 0);
      add(channel, start);
      add(after?.[index], start + channel.length);
    });
    return filtered(side, shifter(this.half), this.half).subarray(start, start + block[0].length);
  }
}

function average(block) {
  const mixture = new Float32Array(block[0].length);
  if (block.length === 2) {
    const [left, right] = block;
    for (let i = 0; i < mixture.length; i++) mixture[i] = Math.fround(left[i] + right[i]) * 0.5;
    return mixture;
  }
  for (let i = 0; i < mixture.length; i++) {
    let sum = 0;
    for (const channel of block) sum += channel[i];
    mixture[i] = sum / block.length;
  }
  return mixture;
}

/** What the average keeps of the attacks, in the band where it keeps least: 1 for equal channels. `least_kept` in Python. */
export function leastKept(block, rate) {
  const size = 1 << Math.max(4, rint(Math.log2(FRAME_SECONDS * rate)));
  const n = block[0].length;
  if (n < 3 * size || Math.max(...block.map(peakOf)) < SILENT) return 1;
  if (block.length === 2 && block[0].every((sample, i) => sample === block[1][i])) return 1;
  const frames = Math.floor(n / size);
  const bands = bandOfBins(size, rate);
  const nBands = Math.max(...bands) + 1;
  const averaged = new Float32Array(frames * nBands);
  const heard = new Float32Array(frames * nBands);
  const fourier = new RealFourier(size);
  const window = hann(size);
  const bins = size / 2 + 1;
  const [real, imaginary, power] = [new Float64Array(bins), new Float64Array(bins), new Float64Array(bins)];
  for (let frame = 0; frame < frames; frame++) {
    real.fill(0);
    imaginary.fill(0);
    power.fill(0);
    for (const channel of block) {
      fourier.forward(channel, frame * size, window);
      for (let bin = 0; bin < bins; bin++) {
        const [r, m] = [fourier.real[bin], fourier.imaginary[bin]];
        real[bin] += r;
        imaginary[bin] += m;
        power[bin] += r * r + m * m;
      }
    }
    const at = frame * nBands;
    for (let bin = 0; bin < bins; bin++) {
      if (bands[bin] < 0) continue;
      averaged[at + bands[bin]] += (real[bin] ** 2 + imaginary[bin] ** 2) / block.length ** 2;
      heard[at + bands[bin]] += power[bin] / block.length;
    }
  }
  return leastShare(rises(averaged, nBands), rises(heard, nBands), nBands);
}

function leastShare(averaged, heard, nBands) {
  const count = heard.length / nBands;
  const strengths = Array.from({ length: nBands }, (_, band) => {
    let sum = 0;
    for (let at = band; at < heard.length; at += nBands) sum += heard[at];
    return sum;
  });
  const strongest = Math.max(...strengths);
  let least = 1;
  for (let band = 0; band < nBands; band++) {
    if (!(strengths[band] > FAINT * strongest)) continue;
    let [sum, attacks] = [0, 0];
    for (let at = band; at < heard.length; at += nBands) {
      if (!(heard[at] > (STRONG * strengths[band]) / count)) continue;
      sum += Math.min(averaged[at], heard[at]) / Math.max(heard[at], 1e-20);
      attacks++;
    }
    if (attacks) least = Math.min(least, sum / attacks);
  }
  return least;
}

/** The band of each bin, -1 for those in none; bands without a bin do not count. */
function bandOfBins(size, rate) {
  const bands = Array.from({ length: size / 2 + 1 }, (_, bin) => BANDS.findLastIndex((edge) => edge <= (bin * rate) / size));
  const inside = bands.map((band) => (band >= BANDS.length - 1 ? -1 : band));
  const used = [...new Set(inside.filter((band) => band >= 0))];
  return inside.map((band) => used.indexOf(band));
}

/** By how much the level of each band rises from frame to frame. */
function rises(power, nBands) {
  const risen = new Float32Array(power.length - nBands);
  for (let at = 0; at < risen.length; at++) risen[at] = Math.max(0, Math.sqrt(power[at + nBands]) - Math.sqrt(power[at]));
  return risen;
}

/** Weights of the strongest mixture that has nothing of the average. */
function unshared(block) {
  if (block.length === 2) return [0.5, -0.5];
  const size = block.length;
  const covariance = Array.from({ length: size }, () => new Float64Array(size));
  const rest = new Float64Array(size);
  for (let i = 0; i < block[0].length; i++) {
    const mean = block.reduce((sum, channel) => sum + channel[i], 0) / size;
    for (let c = 0; c < size; c++) rest[c] = block[c][i] - mean;
    for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) covariance[a][b] += rest[a] * rest[b];
  }
  let direction = Array.from({ length: size }, (_, c) => 1 + c / 7); // power iteration
  for (let step = 0; step < 200; step++) {
    const next = covariance.map((row) => row.reduce((sum, value, c) => sum + value * direction[c], 0));
    const length = Math.hypot(...next) || 1;
    direction = next.map((value) => value / length);
  }
  return direction.map((value) => value / Math.sqrt(size));
}

/** A filter of 2 half + 1 taps that shifts by 90 degrees, as a Hilbert transform does. */
function shifter(half) {
  const size = 2 * half + 1;
  return Float32Array.from({ length: size }, (_, i) => {
    const n = i - half;
    const hamming = 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (size - 1));
    return n % 2 ? (2 / (Math.PI * n)) * hamming : 0;
  });
}

/** The samples through a filter of 2 half + 1 taps, its delay of `half` taken off: transforms of overlapping blocks are multiplied. */
function filtered(samples, taps, half) {
  const size = 8 << Math.ceil(Math.log2(taps.length));
  const fourier = new RealFourier(size);
  const ones = new Float32Array(size).fill(1);
  const block = new Float32Array(size);
  block.set(taps);
  fourier.forward(block, 0, ones);
  const [real, imaginary] = [fourier.real.slice(), fourier.imaginary.slice()];
  const found = new Float32Array(samples.length);
  const step = size - 2 * half; // the first samples of each block are mixed with its last ones
  for (let begin = 0; begin < found.length; begin += step) {
    block.fill(0);
    block.set(samples.subarray(Math.max(0, begin - half), begin - half + size), Math.max(0, half - begin));
    fourier.forward(block, 0, ones);
    for (let bin = 0; bin < real.length; bin++) {
      const [r, m] = [fourier.real[bin], fourier.imaginary[bin]];
      fourier.real[bin] = r * real[bin] - m * imaginary[bin];
      fourier.imaginary[bin] = r * imaginary[bin] + m * real[bin];
    }
    found.set(fourier.inverse().subarray(2 * half, 2 * half + Math.min(step, found.length - begin)), begin);
  }
  return found;
}
