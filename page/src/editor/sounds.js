// Sounds of the five classes: clicks, as adtlib/audio/clicks.py makes them, and a drum kit made of tones and noise.

import { peakOf } from "../numbers.js";

const CLICKS = { KD: 220, SD: 440, TT: 660, HH: 1_760, CY: 2_640 }; // Hz
const [CLICK_SECONDS, DECAY] = [0.04, 0.008];
export const CLICK_PEAK = 0.35;
export const RECORDING_GAIN = 0.7; // beside clicks or drums

/** 40 ms of a damped tone, peak 1. */
export function click(name, rate) {
  return toPeak(make(CLICK_SECONDS, rate, (t) => Math.exp(-t / DECAY) * Math.sin(2 * Math.PI * CLICKS[name] * t)));
}

/** One stroke, peak 1. */
export function drum(name, rate) {
  const noise = noiseOf(4711 + name.charCodeAt(0));
  const bright = highPass(noise);
  const kinds = {
    KD: [
      0.4,
      (t) =>
        Math.exp(-t / 0.09) * Math.sin(2 * Math.PI * (48 * t + 2.6 * (1 - Math.exp(-t / 0.03)))) +
        0.25 * Math.exp(-t / 0.004) * noise(),
    ],
    SD: [0.3, (t) => 0.55 * Math.exp(-t / 0.05) * Math.sin(2 * Math.PI * 190 * t) + 0.7 * Math.exp(-t / 0.07) * noise()],
    TT: [
      0.5,
      (t) =>
        Math.exp(-t / 0.13) * Math.sin(2 * Math.PI * (110 * t + 1.2 * (1 - Math.exp(-t / 0.04)))) +
        0.15 * Math.exp(-t / 0.01) * noise(),
    ],
    HH: [0.12, (t) => Math.exp(-t / 0.025) * bright()],
    CY: [1.2, (t) => Math.exp(-t / 0.3) * bright() + 0.2 * Math.exp(-t / 0.2) * Math.sin(2 * Math.PI * 3_150 * t)],
  };
  const [seconds, at] = kinds[name];
  return toPeak(make(seconds, rate, at));
}

function make(seconds, rate, at) {
  return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => at(i / rate));
}

function toPeak(samples) {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return samples.map((sample) => sample / peak);
}

/** White noise in [-1, 1], the same each time (xorshift). */
function noiseOf(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

function highPass(noise) {
  let [before, earlier] = [0, 0];
  return () => {
    const now = noise();
    const bright = now - 2 * before + earlier;
    [earlier, before] = [before, now];
    return bright / 4;
  };
}

/**
 * Channels of the recording (or null for the drums alone, one channel) with a sound at each event, peak 0.95 at most.
 *
 * sounds  { class: samples }.
 */
export function rendered(channels, events, sounds, rate, seconds, gain = 1) {
  const mixtures = channels
    ? channels.map((channel) => channel.map((sample) => sample * RECORDING_GAIN))
    : [new Float32Array(Math.ceil(seconds * rate) + rate)];
  for (const event of events) {
    const sound = sounds[event.name];
    const strength = gain * (channels ? 1 : (event.velocity / 127) ** 2);
    const begin = Math.round(event.seconds * rate);
    for (const mixture of mixtures)
      for (let i = 0; i < sound.length && begin + i < mixture.length; i++) mixture[begin + i] += strength * sound[i];
  }
  const peak = Math.max(...mixtures.map(peakOf));
  const scale = peak > 0.95 || (!channels && peak > 0) ? 0.95 / peak : 1;
  return scale === 1 ? mixtures : mixtures.map((mixture) => mixture.map((sample) => sample * scale));
}
