// Beats and bar lines of a song, and positions in them: the class Beats of adtlib/notation/beats.py.

import { median, rint, searchSorted } from "../numbers.js";

export const BEATS_A_BAR = 4;

export const differences = (times) => times.slice(1).map((time, i) => time - times[i]);

/** Seconds from one to the next of the evenly spaced beats around which these lie, by least squares. */
export function evenPeriod(times) {
  const index = Array.from(times, (_, i) => i - (times.length - 1) / 2);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return sum(index.map((i, at) => i * times[at])) / sum(index.map((i) => i * i));
}

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

  /** Beats in a bar. */
  get aBar() {
    return (this._aBar ??= Math.max(...this.positions)); // asked for with every onset
  }

  /** The same beats; bars are counted in both directions from the beat nearest to `seconds`: with_bar_at in Python. */
  withBarAt(seconds) {
    const { times, aBar } = this;
    const nearest = rint(Math.min(Math.max(this.at(seconds), 0), times.length - 1));
    return new Beats(
      times,
      times.map((_, i) => beatInBar(i - nearest, 0, aBar)),
      this.found,
    );
  }

  /** Two beats in place of each: bars begin where they began, and in their middle. */
  doubled() {
    const times = this.times.flatMap((time, i) => (i ? [(this.times[i - 1] + time) / 2, time] : [time]));
    return new Beats(
      times,
      times.map((_, i) => beatInBar(i, 2 * this.phase, this.aBar)),
      this.found,
    );
  }

  /** One beat in place of two: of its bars every second one begins where one began, the first one among them. */
  halved() {
    const { times, positions, aBar } = this;
    const bar = Math.max(positions.indexOf(1), 0);
    const kept = times.map((_, i) => i).filter((i) => (i - bar) % 2 === 0);
    const found = kept.map((i) => times[i]);
    const last = found.length - 1;
    if (last < 1) return this;
    if (found[last] < times.at(-1)) {
      found.push(2 * found[last] - found[last - 1]);
      kept.push(kept[last] + 2);
    }
    return new Beats(
      found,
      kept.map((i) => beatInBar((i - bar) / 2, 0, aBar)),
      this.found,
    );
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

/** The position of beat `index` in its bar, from 1, where `phase` beats of the bar are past at beat 0. */
const beatInBar = (index, phase, aBar) => ((((index + phase) % aBar) + aBar) % aBar) + 1;

export const medianBpm = (times) => 60 / median(differences(times));

/** The position of a time in beats, 0 at the first of `times`; the periods hold before the first and after the last. */
export function beatPosition(seconds, times, firstPeriod, lastPeriod) {
  const last = times.length - 1;
  if (seconds < times[0]) return (seconds - times[0]) / firstPeriod;
  if (seconds >= times[last]) return last + (seconds - times[last]) / lastPeriod;
  const below = searchSorted(times, seconds, true) - 1;
  return below + (seconds - times[below]) / (times[below + 1] - times[below]);
}
