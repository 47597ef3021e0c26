// What is no part of the music: clicks far louder than all around them, and rumble below hearing. adtlib/audio/defects.py.

import { peakOf, quantile, rint } from "../numbers.js";
import { RUMBLE_SECTIONS } from "./rumble_filter.js";

export const LIMIT = 10;
export const CLICK_SECONDS = 0.002;
const AROUND_SECONDS = 0.05;
const [FADES_SECONDS, PAUSE_SECONDS] = [0.01, 0.0003];
const FACTOR = 20;
const MANY = 0.01;

const magnitudes = (samples) => samples.map(Math.abs);

/** The block without clicks above LIMIT, and the samples at which they were; the block itself where there are none. */
export function repaired(block, rate) {
  const peak = peakOf(block);
  if (peak <= LIMIT) return { block, found: [] };
  const few = Math.max(MANY * block.length, CLICK_SECONDS * rate);
  let loud = indicesAbove(block, LIMIT);
  if (loud.length > few) {
    // Integers as floats: what is far above most of them.
    const limit = FACTOR * quantile(magnitudes(block), 0.99);
    loud = peak > limit ? indicesAbove(block, limit) : [];
  }
  if (!loud.length || loud.length > few) return { block, found: [] };
  const mended = block.slice();
  const found = [];
  for (const group of groups(loud, CLICK_SECONDS * rate)) {
    const covered = click(mended, group[0], group.at(-1), rate);
    if (!covered) continue;
    const [begin, end] = covered;
    const sides = [mended[begin - 1], mended[end]].filter((sample) => sample !== undefined);
    const [left, right] = sides.length ? [sides[0], sides.at(-1)] : [0, 0];
    const steps = end - begin + 1;
    for (let i = begin; i < end; i++) mended[i] = left + ((right - left) * (i - begin + 1)) / steps;
    found.push(group[0]);
  }
  return { block: found.length ? mended : block, found };
}

function indicesAbove(block, limit) {
  const found = [];
  for (let i = 0; i < block.length; i++) if (Math.abs(block[i]) > limit) found.push(i);
  return found;
}

function groups(indices, apart) {
  const found = [[indices[0]]];
  for (let i = 1; i < indices.length; i++) {
    if (indices[i] - indices[i - 1] > apart) found.push([]);
    found.at(-1).push(indices[i]);
  }
  return found;
}

/** [begin, end) of the samples that a click covers, null where it is part of a sound. */
function click(block, first, last, rate) {
  const [reach, fades] = [rint(AROUND_SECONDS * rate), rint(FADES_SECONDS * rate)];
  const start = Math.max(0, first - reach);
  const near = magnitudes(block.subarray(start, last + 1 + reach));
  const around = quantile(near, 0.9);
  const peak = near.subarray(first - start, last + 1 - start).reduce((a, b) => Math.max(a, b), 0);
  if (peak < FACTOR * around) return null;
  const strong = indicesAbove(near, peak / FACTOR).filter((i) => i + start >= first - fades && i + start <= last + fades);
  if (strong.at(-1) - strong[0] > CLICK_SECONDS * rate) return null;
  const limit = Math.max(3 * around, 1e-5 * peak);
  const rings = (from, to) => near.subarray(Math.max(0, from), to).some((magnitude) => magnitude > limit);
  const pause = Math.max(1, rint(PAUSE_SECONDS * rate));
  let [begin, end] = [strong[0], strong.at(-1) + 1];
  while (begin > Math.max(0, first - start - fades) && rings(begin - pause, begin)) begin--;
  while (end < Math.min(near.length, last - start + fades) && rings(end, end + pause)) end++;
  return [start + begin, start + end];
}

/** A high-pass filter (Butterworth, 48 dB an octave) for blocks at 44.1 kHz; it begins as if its first sample had always been there. */
export class RumbleFilter {
  constructor() {
    this.state = null;
  }

  filter(block) {
    if (!block.length) return block;
    this.state ??= RUMBLE_SECTIONS.map(({ zi }) => zi.map((value) => value * block[0]));
    let values = Float64Array.from(block);
    RUMBLE_SECTIONS.forEach(({ b, a }, section) => {
      let [z0, z1] = this.state[section];
      const filtered = new Float64Array(values.length);
      for (let i = 0; i < values.length; i++) {
        const x = values[i];
        const y = b[0] * x + z0;
        z0 = b[1] * x - a[0] * y + z1;
        z1 = b[2] * x - a[1] * y;
        filtered[i] = y;
      }
      this.state[section] = [z0, z1];
      values = filtered;
    });
    return Float32Array.from(values);
  }
}
