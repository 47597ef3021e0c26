// Recordings are scaled to the level of mastered music before they are heard: `normalised` and what it calls in adtlib/audio/normalise.py.

import { SAMPLE_RATE } from "../constants.js";
import { median, quantile } from "../numbers.js";
import { CLICK_SECONDS, repaired, RumbleFilter } from "./defects.js";

const LOUD_DB = -4;
const LOUD_QUANTILE = 0.95;
const MAX_GAIN_DB = 60;
const PAUSE_DB = -40;
const WINDOW = SAMPLE_RATE / 20; // samples
const [EVENTS, EVENT_WINDOWS, EVENT_SHARE, REST] = [3, 10, 0.01, 4];
const [FAR_BELOW, GAP] = [0.1, 0.05];
const MOVING = 1.3;
const RUMBLE = 0.1;

const largest = (values) => values.reduce((a, b) => Math.max(a, b), 0);
const count = (flags) => flags.reduce((sum, flag) => sum + (flag ? 1 : 0), 0);

/** What one pass through the mono samples of a recording finds of each window of 50 ms. */
export class Measured {
  constructor(samples) {
    const n = Math.ceil(samples.length / WINDOW);
    this.means = new Float32Array(n);
    const levels = new Float32Array(n);
    const narrow = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      const window = samples.subarray(i * WINDOW, (i + 1) * WINDOW);
      let [peak, sum, signed] = [0, 0, 0];
      for (const sample of window) {
        const magnitude = Math.abs(sample);
        if (magnitude > peak) peak = magnitude;
        sum += magnitude;
        signed += sample;
      }
      levels[i] = peak;
      this.means[i] = signed / window.length;
      if (sum / window.length < FAR_BELOW * peak) {
        let near = 0;
        for (const sample of window) if (Math.abs(sample) > FAR_BELOW * peak) near++;
        narrow[i] = near <= CLICK_SECONDS * SAMPLE_RATE ? 1 : 0;
      }
    }
    this.levels = withoutClicks(levels, narrow);
  }

  /** The factor that scales the recording to the common level; 1 for silence, and where more than 60 dB would be needed. */
  get gain() {
    const level = loud(withoutEvents(this.levels));
    const gain = level ? 10 ** (LOUD_DB / 20) / level : 1;
    return gain <= 10 ** (MAX_GAIN_DB / 20) ? gain : 1;
  }

  /** Whether an offset or what is below hearing makes up much of the level. */
  get rumbles() {
    return this.means.length > 0 && median(this.means.map(Math.abs)) > RUMBLE * loud(this.levels);
  }
}

/** The peak level of loud windows, 0 for silence. */
function loud(levels) {
  const loudest = largest(levels);
  return loudest
    ? quantile(
        levels.filter((level) => level >= loudest * 10 ** (PAUSE_DB / 20)),
        LOUD_QUANTILE,
      )
    : 0;
}

/** The levels; of windows with a click far above the windows around and the loud ones, the level around it. */
function withoutClicks(levels, narrow) {
  const others = levels.map((level, i) => (narrow[i] ? 0 : level));
  const level = loud(others);
  if (level === 0 || !narrow.some(Boolean)) return levels;
  return levels.map((own, i) => {
    const around = Math.max(...[-2, -1, 1, 2].map((shift) => others[i + shift] ?? 0));
    return narrow[i] && around < FAR_BELOW * own && level < GAP * own ? around : own;
  });
}

/** The levels without those of a few short events, such as a door or a plug, far above music that is soft. */
function withoutEvents(levels) {
  for (let round = 0; round < EVENTS; round++) {
    const loudest = largest(levels);
    if (loudest === 0) break;
    const events = Array.from(levels, (level) => level >= loudest * FAR_BELOW);
    const fading = withDecays(events, levels);
    const rest = levels.filter((_, i) => !fading[i]);
    const softer = largest(rest);
    const music = rest.filter((level) => level > 0 && level >= softer * FAR_BELOW);
    const few =
      count(events) <= Math.max(EVENT_WINDOWS, EVENT_SHARE * levels.length) &&
      runs(events).length <= EVENTS &&
      REST * count(events) <= music.length;
    // What does not move is noise between strokes.
    if (!few || !music.length || softer > GAP * loudest || quantile(music, LOUD_QUANTILE) < MOVING * median(music)) break;
    levels = levels.map((level, i) => (fading[i] ? 0 : level));
  }
  return levels;
}

/** [first, last] of each run of true values. */
function runs(flags) {
  const found = [];
  flags.forEach((flag, i) => {
    if (!flag) return;
    if (i && flags[i - 1]) found.at(-1)[1] = i;
    else found.push([i, i]);
  });
  return found;
}

/** The events with the window before each, and those after it as long as they grow softer, two at least. */
function withDecays(events, levels) {
  const fading = events.slice();
  const found = runs(events);
  if (found.length > EVENTS) return fading;
  for (const [first, last] of found) {
    let end = last + 2;
    while (end + 1 < levels.length && levels[end + 1] < levels[end]) end++;
    for (let i = Math.max(0, first - 1); i <= Math.min(end, fading.length - 1); i++) fading[i] = true;
  }
  return fading;
}

/**
 * The mono samples of a whole recording at the common level, in blocks.
 *
 * Yields float32 blocks of `size` samples; `remarks` is filled with { rumble: true } and { clicks: [seconds, ...] } where something
 * was removed. Where rumble is filtered, the samples themselves are changed: a long recording has no room for a copy.
 */
export function* normalised(samples, size, remarks = {}) {
  let measured = new Measured(samples);
  const { rumbles } = measured;
  if (rumbles) {
    const filter = new RumbleFilter();
    for (let begin = 0; begin < samples.length; begin += size)
      samples.set(filter.filter(samples.subarray(begin, begin + size)), begin);
    measured = new Measured(samples);
    remarks.rumble = true;
  }
  const gain = Math.fround(measured.gain);
  remarks.gain = gain;
  const clicks = [];
  for (let begin = 0; begin < samples.length; begin += size) {
    const scaled = samples.subarray(begin, begin + size).map((sample) => sample * gain);
    const { block, found } = repaired(scaled, SAMPLE_RATE);
    // Where it ends, a resampled offset leaves one.
    for (const at of found) if (!rumbles || begin + at < samples.length - WINDOW) clicks.push((begin + at) / SAMPLE_RATE);
    yield block;
  }
  if (clicks.length) remarks.clicks = clicks;
}
