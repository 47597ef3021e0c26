// What was heard in a recording, and its corrections: Transcription of adtlib/transcription/transcription.py, with `edited` of
// adtlib/transcription/events.py. A song is immutable: the methods that change it return another one.

import { CLASSES, FPS } from "./constants.js";
import { DIVISIONS, firstBeat, placesOf } from "./notation/patterns.js";
import { rint } from "./numbers.js";
import { SOFTEST_VELOCITY, velocities } from "./onsets/energies.js";
import { pickClass } from "./onsets/peak_picking.js";

export const SAME = 0.03; // seconds within which a picked onset and one set by hand count as the same
export const AS_FOUND = { tempo: 1, first: null }; // bars: a factor of the tempo, and seconds at which a bar is known to begin

export class Song {
  /**
   * name, duration (seconds), activations and energies ((T * 5) float32), picking (parameters with thresholds), model (name),
   * edits ([{ kind, name, seconds, velocity }], kind "add" or "remove", velocity 0: estimate it), tracked (the beats that were found,
   * null until then), bars (as AS_FOUND).
   */
  constructor({ name, duration, activations, energies, picking, model = "", edits = [], tracked = null, bars = AS_FOUND }) {
    Object.assign(this, { name, duration, activations, energies, picking, model, edits, tracked, bars });
  }

  with(changes) {
    const song = new Song({ ...this.plain, ...changes });
    const same = ["activations", "energies", "picking", "edits"].every((key) => song[key] === this[key]);
    if (same) song._events = this._events;
    return song;
  }

  get plain() {
    const { name, duration, activations, energies, picking, model, edits, tracked, bars } = this;
    return { name, duration, activations, energies, picking, model, edits, tracked, bars };
  }

  /** The onsets sorted by time, simultaneous ones in the order of CLASSES: [{ seconds, name, velocity, confidence, byHand }]. */
  get events() {
    return (this._events ??= this._found());
  }

  /** The beats with the tempo and the bar lines that are wanted; null until they are tracked. */
  get beats() {
    return (this._beats ??= barsOf(this.tracked, this.bars));
  }

  /** Five sorted arrays of seconds. */
  get onsets() {
    return CLASSES.map((name) => this.events.filter((event) => event.name === name).map((event) => event.seconds));
  }

  get counts() {
    return Object.fromEntries(CLASSES.map((name) => [name, this.events.filter((event) => event.name === name).length]));
  }

  get thresholds() {
    return Object.fromEntries(CLASSES.map((name, column) => [name, this.picking.threshold[column]]));
  }

  /** { bar, beat, part } of an event, bar and beat from 1, part in DIVISIONS of a beat, as sheet music has it; null without beats. */
  place(event) {
    if (!this.beats?.found) return null;
    if (!this._places) {
      const places = placesOf(this.events, this.beats);
      this._places = new Map(this.events.map((each, i) => [each, places[i]]));
    }
    const at = this._places.get(event);
    if (at === undefined) return null;
    const beat = Math.floor(at / DIVISIONS);
    const { aBar } = this.beats;
    return { bar: Math.floor(beat / aBar) + 1, beat: (beat % aBar) + 1, part: at % DIVISIONS };
  }

  /** The number of the bar that begins at beat `index`, 1 where sheet music begins. */
  barNumber(index) {
    this._firstBeat ??= firstBeat(this.events, this.beats);
    return Math.round((index - this._firstBeat) / this.beats.aBar) + 1;
  }

  withThreshold(name, threshold) {
    const values = this.picking.threshold.map((value, column) => (CLASSES[column] === name ? threshold : value));
    return this.with({ picking: { ...this.picking, threshold: values } });
  }

  add(name, seconds, velocity = 0) {
    return this.with({ edits: [...this.edits, { kind: "add", name, seconds: this._inside(seconds), velocity }] });
  }

  remove(event) {
    return this.with({ edits: [...this.edits, { kind: "remove", name: event.name, seconds: event.seconds, velocity: 0 }] });
  }

  /** To another time, and to another class if one is named; its velocity stays. */
  move(event, seconds, name = event.name) {
    return this.remove(event).add(name, seconds, event.velocity);
  }

  /** What an onset set by hand is given: from the energy there or, where nothing rises, the median of its class. */
  velocityAt(name, seconds) {
    const added = this.add(name, seconds);
    const estimated = added.events.find((event) => event.byHand && event.name === name && event.seconds === this._inside(seconds));
    if (estimated.velocity > SOFTEST_VELOCITY) return estimated.velocity;
    const others = this.events.filter((event) => event.name === name).map((event) => event.velocity);
    return others.sort((a, b) => a - b)[others.length >> 1] ?? estimated.velocity;
  }

  _inside(seconds) {
    return Math.min(Math.max(seconds, 0), this.duration);
  }

  _found() {
    const picked = CLASSES.map((_, column) => pickClass(this.activations, column, this.picking));
    const { times, byHand } = edited(picked, this.edits);
    const last = Math.max(this.activations.length / CLASSES.length - 1, 0);
    const found = CLASSES.flatMap((name, column) => {
      // Corrections leave the velocities of the other onsets as they are.
      const heard = velocities(this.energies, column, picked[column]);
      const asHeard = new Map(picked[column].map((seconds, i) => [seconds, heard[i]]));
      const estimated = byHand[column].size ? velocities(this.energies, column, times[column], picked[column]) : heard;
      return times[column].map((seconds, i) => {
        const edit = byHand[column].get(seconds);
        const frame = Math.min(rint(seconds * FPS), last);
        const confidence = edit ? 1 : this.activations[frame * CLASSES.length + column];
        const velocity = edit?.velocity || (asHeard.get(seconds) ?? estimated[i]);
        return { seconds, name, velocity, confidence, byHand: Boolean(edit) };
      });
    });
    return found.sort((a, b) => a.seconds - b.seconds || CLASSES.indexOf(a.name) - CLASSES.indexOf(b.name));
  }
}

function barsOf(tracked, { tempo, first }) {
  let beats = tracked;
  for (let factor = tempo; beats && factor > 1; factor /= 2) beats = beats.doubled();
  for (let factor = tempo; beats && factor < 1; factor *= 2) beats = beats.halved();
  return beats && first !== null ? beats.withBarAt(first) : beats;
}

/** { times: five sorted arrays with the edits applied, byHand: five maps from seconds to the edit that added them }. */
export function edited(picked, edits) {
  const times = picked.map((column) => [...column]);
  const byHand = picked.map(() => new Map());
  for (const edit of edits) {
    const column = CLASSES.indexOf(edit.name);
    const away = (time) => Math.abs(time - edit.seconds);
    let removed = times[column].filter((time) => away(time) <= SAME);
    if (edit.kind === "remove") removed = removed.sort((a, b) => away(a) - away(b)).slice(0, 1);
    for (const time of removed) byHand[column].delete(time);
    times[column] = times[column].filter((time) => !removed.includes(time));
    if (edit.kind === "add") {
      times[column].push(edit.seconds);
      byHand[column].set(edit.seconds, edit);
    }
  }
  return { times: times.map((column) => column.sort((a, b) => a - b)), byHand };
}
