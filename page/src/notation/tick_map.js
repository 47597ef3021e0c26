// Where a song's beats, bar lines and onsets lie in MIDI files and in the charts of games: adtlib/notation/tick_map.py, for bars of
// four quarters.

import { rint, searchSorted } from "../numbers.js";
import { BEATS_A_BAR, evenPeriod } from "./beats.js";

export const TICKS_A_QUARTER = 960;
export const SIXTEENTH = TICKS_A_QUARTER / 4;
export const THIRTY_SECOND = TICKS_A_QUARTER / 8;
const NEAR = 1 / 16; // of a beat: a first beat closer to the start is moved there
const TOLERANCE = 0.005;
const [SPREAD, FARTHEST, FEWEST] = [0.025, 0.1, 16]; // of beats of a click around even ones, seconds

/**
 * The ticks of a song: lead, before its first beat; first, the number of that beat among the song's; pickup, before the first bar
 * line; tempos, [tick, microseconds a beat], the first at tick 0.
 */
export class TickMap {
  constructor({ lead, first, pickup, tempos }) {
    Object.assign(this, { lead, first, pickup, tempos });
    let now = 0;
    this.changes = tempos.map(([tick], i) => {
      if (i) now += (tick - tempos[i - 1][0]) * (tempos[i - 1][1] / (1e6 * TICKS_A_QUARTER));
      return now;
    });
  }

  /** Ticks in a bar. */
  get bar() {
    return BEATS_A_BAR * TICKS_A_QUARTER;
  }

  /** The tick nearest to a time. */
  at(seconds) {
    const region = Math.max(searchSorted(this.changes, seconds, true) - 1, 0);
    const [tick, tempo] = this.tempos[region];
    return Math.max(rint(tick + (seconds - this.changes[region]) * ((1e6 * TICKS_A_QUARTER) / tempo)), 0);
  }

  /** The tick of a position in quarter notes from the first of the song's beats; 0 if it lies before the recording. */
  ofQuarter(position) {
    return Math.max(0, rint((position - this.first) * TICKS_A_QUARTER) + this.lead);
  }

  /** [tick, numerator, denominator]: of the upbeat, if there is one, and of the song. A whole bar is an ordinary one. */
  get meters() {
    if (!this.pickup || this.pickup === this.bar) return [[0, BEATS_A_BAR, 4]];
    const parts = this.pickup / THIRTY_SECOND;
    const unit = [4, 8, 16, 32].find((each) => (parts * each) % 32 === 0);
    return [
      [0, (parts * unit) / 32, unit],
      [this.pickup, BEATS_A_BAR, 4],
    ];
  }
}

/**
 * The ticks of a song with these beats.
 *
 * steady  at one tempo where the beats are those of a click.
 * upbeat  ticks of which what lies before the first beat has a whole number, unless it is shorter: SIXTEENTH or THIRTY_SECOND.
 */
export function tickMap(beats, { steady = false, upbeat = SIXTEENTH } = {}) {
  const given = steady ? evenBeats(beats.times) : beats.times;
  const period = given[1] - given[0];
  const near = NEAR * (60 / beats.bpm);
  const before = Math.max(0, Math.floor((given[0] + near) / period));
  const known = [...Array.from({ length: before }, (_, i) => given[0] - period * (before - i)), ...given];
  const late = Math.max(
    0,
    known.findIndex((time) => time > -near),
  );
  const first = late - before;
  let times = known.slice(late);
  let lead = 0;
  const heard = first >= 0 ? beats.times[first] : times[0]; // which may lie nearer than the even beat
  if (Math.min(times[0], heard) < near) times = times.map((time, i) => time - times[0] * Math.max(0, 1 - i / BEATS_A_BAR));
  else {
    const ticks = (times[0] / (times[1] - times[0])) * TICKS_A_QUARTER;
    lead = Math.max(THIRTY_SECOND, ticks >= 1.5 * THIRTY_SECOND ? rint(ticks / upbeat) * upbeat : 0);
  }
  const passed = (beats.positions[0] - 1 + first) % BEATS_A_BAR; // beats of the bar in which the recording begins
  const toTheBar = (2 * BEATS_A_BAR - passed) % BEATS_A_BAR;
  return new TickMap({ lead, first, pickup: lead + toTheBar * TICKS_A_QUARTER, tempos: tempoMap(times, lead) });
}

/** The evenly spaced beats around which these lie, by least squares; beats that are not those of a click as they are. */
function evenBeats(times) {
  const n = times.length;
  if (n < FEWEST) return times;
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const [period, middle] = [evenPeriod(times), sum([...times]) / n];
  const even = Array.from({ length: n }, (_, i) => middle + period * (i - (n - 1) / 2));
  const away = even.map((time, at) => Math.abs(times[at] - time));
  return Math.max(...away) <= FARTHEST && Math.sqrt(sum(away.map((each) => each * each)) / n) <= SPREAD ? even : times;
}

/** [tick, microseconds a beat] of tempos, each for as many beats as are evenly spaced; times[0] is at tick lead. */
function tempoMap(times, lead) {
  const tempos = lead ? [[0, Math.max(1, rint((1e6 * times[0] * TICKS_A_QUARTER) / lead))]] : [];
  let start = 0;
  while (start < times.length - 1) {
    let stop = start + 1;
    let [low, high] = [-Infinity, Infinity]; // slopes of lines from here that pass all beats so far within the tolerance
    for (let end = start + 1; end < times.length; end++) {
      const [count, passed] = [end - start, times[end] - times[start]];
      if (!(low <= passed / count && passed / count <= high)) break;
      stop = end;
      low = Math.max(low, (passed - TOLERANCE) / count);
      high = Math.min(high, (passed + TOLERANCE) / count);
    }
    const period = (times[stop] - times[start]) / (stop - start);
    tempos.push([lead + start * TICKS_A_QUARTER, Math.max(1, rint(1e6 * period))]);
    start = stop;
  }
  return tempos;
}
