// Beats and bar lines of a song, and positions in them: the class Beats of adtlib/notation/beats.py.

import { median, searchSorted } from "../numbers.js";

export const BEATS_A_BAR = 4;

export const differences = (times) => times.slice(1).map((time, i) => time - times[i]);

/** Beats of a song: `times` in seconds, rising, beyond both its ends; `positions` of each in its bar, from 1; `found`. */
export class Beats {
  constructor(times, positions, found = true) {
    Object.assign(this, { times, positions, found });
  }

  /** Beats a minute: the median. */
  get bpm() {
    return medianBpm(this.times);
  }

  /** Beats from a bar line to the first beat. */
  get phase() {
    return this.positions[0] - 1;
  }

  /** The position of a time, in beats from the first; the tempo continues before and after the beats. */
  at(seconds) {
    const { times } = this;
    return beatPosition(seconds, times, times[1] - times[0], times.at(-1) - times.at(-2));
  }

  /** The inverse of `at`. */
  seconds(beat) {
    const { times } = this;
    const last = times.length - 1;
    if (beat < 0) return times[0] + beat * (times[1] - times[0]);
    if (beat >= last) return times[last] + (beat - last) * (times[last] - times[last - 1]);
    const below = Math.floor(beat);
    return times[below] + (beat - below) * (times[below + 1] - times[below]);
  }
}

export const medianBpm = (times) => 60 / median(differences(times));

/** The position of a time in beats, 0 at the first of `times`; the periods hold before the first and after the last. */
export function beatPosition(seconds, times, firstPeriod, lastPeriod) {
  const last = times.length - 1;
  if (seconds < times[0]) return (seconds - times[0]) / firstPeriod;
  if (seconds >= times[last]) return last + (seconds - times[last]) / lastPeriod;
  const below = searchSorted(times, seconds, true) - 1;
  return below + (seconds - times[below]) / (times[below + 1] - times[below]);
}
