// The onsets of a song on its beats, for notation: song_strokes and song_pattern of adtlib/notation/patterns.py. Positions are whole
// numbers of DIVISIONS of a quarter note from the start of the first bar.

import { CLASSES, MIDI_PITCH } from "../constants.js";
import { median, rint } from "../numbers.js";
import { beatPosition, BEATS_A_BAR } from "./beats.js";

export const DIVISIONS = 24;
const GRIDS = [4, 3];
const [SPREAD, MAX_MISFIT] = [0.03, 0.1];
const SIMULTANEOUS = 0.05;
const CHANGE = 3.5;
const EARLY = 1 / 8;
const GHOST = 32;
const VELOCITIES = { stroke: 84, ghost: 34 };

/**
 * { start, strokes: [{ at, name, velocity }] } of events [{ seconds, name, velocity }], both sorted: start, the beat at which the first
 * bar begins; of two events of a class at one place the louder is kept.
 *
 * quantise  parts of a whole note, or null for sixteenths and triplets, chosen for each beat.
 */
export function songStrokes(events, beats, quantise = null) {
  const places = events.length ? placesOf(events, beats, quantise) : [];
  const loudest = new Map();
  events.forEach(({ name, velocity }, i) => {
    const key = places[i] * CLASSES.length + CLASSES.indexOf(name);
    loudest.set(key, Math.max(loudest.get(key) ?? 0, velocity));
  });
  const strokes = [...loudest]
    .sort(([a], [b]) => a - b)
    .map(([key, velocity]) => ({ at: Math.floor(key / CLASSES.length), name: CLASSES[key % CLASSES.length], velocity }));
  return { start: firstBeat(events, beats), strokes };
}

/** Whether a stroke is so soft that it is written as a ghost note. */
export const isGhost = ({ name, velocity }) => name === "SD" && velocity < GHOST;

/** { hits: [{ at, pitch, velocity }], nBars, bpm }. Arguments as for `songStrokes`. */
export function songPattern(events, beats, quantise = null) {
  const hits = songStrokes(events, beats, quantise).strokes.map((stroke) => ({
    at: stroke.at,
    pitch: MIDI_PITCH[stroke.name],
    velocity: isGhost(stroke) ? VELOCITIES.ghost : VELOCITIES.stroke,
  }));
  hits.sort((a, b) => a.at - b.at || a.pitch - b.pitch);
  return { hits, nBars: Math.floor((hits.at(-1)?.at ?? 0) / (BEATS_A_BAR * DIVISIONS)) + 1, bpm: beats.bpm };
}

/** The beat at which the first bar begins, that of the first event: a whole number, negative before the first of `beats`. */
export function firstBeat(events, beats) {
  const first = events.length ? beats.at(events[0].seconds) : 0;
  return Math.floor((first + EARLY + beats.phase) / beats.aBar) * beats.aBar - beats.phase;
}

/** Where events are, in divisions from the start of the first bar: arguments as for `songStrokes`. */
export function placesOf(events, beats, quantise = null) {
  const steps = quantise === null || quantise === 48 ? null : quantise / 4;
  const start = firstBeat(events, beats);
  const last = beats.at(events.at(-1).seconds);
  const lines = [];
  for (let beat = start; beat <= Math.ceil(last) + beats.aBar; beat++) lines.push(beats.seconds(beat));
  const period = median(lines.slice(1).map((line, i) => line - lines[i]));
  const positions = events.map((event) => Math.max(beatPosition(event.seconds, lines, period, period), 0));
  const grids = steps ? null : gridsOf(positions.toSorted((a, b) => a - b));
  return positions.map((position) => {
    const grid = steps ?? grids.get(Math.floor(position));
    return (rint(position * grid) * DIVISIONS) / grid;
  });
}

/** Steps of each beat with strokes, 4 or 3: the most likely sequence (Viterbi), which begins with sixteenths and seldom changes. */
function gridsOf(positions) {
  const misfits = new Map();
  positions.forEach((position, i) => {
    const beat = Math.floor(position);
    const own = misfits.get(beat) ?? [0, 0];
    misfits.set(beat, own);
    if (i && position - positions[i - 1] < SIMULTANEOUS) return;
    GRIDS.forEach((steps, index) => {
      const away = Math.min(Math.abs(position * steps - rint(position * steps)) / steps, MAX_MISFIT);
      own[index] += away ** 2 / (2 * SPREAD ** 2);
    });
  });
  let total = [0, CHANGE];
  const changed = [];
  for (const misfit of misfits.values()) {
    const other = [total[1] + CHANGE, total[0] + CHANGE];
    changed.push(other.map((cost, state) => cost < total[state]));
    total = total.map((cost, state) => Math.min(cost, other[state]) + misfit[state]);
  }
  let state = total[1] < total[0] ? 1 : 0;
  const grids = new Map();
  [...misfits.keys()].reverse().forEach((beat, i) => {
    grids.set(beat, GRIDS[state]);
    if (changed.at(-1 - i)[state]) state = 1 - state;
  });
  return grids;
}
