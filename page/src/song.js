// What was heard in a recording, and its corrections: Transcription of adtlib/transcription/transcription.py, with `edited` of
// adtlib/transcription/events.py. A song is immutable: the methods that change it return another one.

import { CLASSES, FPS } from "./constants.js";
import { rint } from "./numbers.js";
import { velocities } from "./onsets/energies.js";
import { pickClass } from "./onsets/peak_picking.js";

const SAME = 0.03; // seconds within which a picked onset and one set by hand count as the same

export class Song {
  /**
   * name, duration (seconds), activations and energies ((T * 5) float32), picking (parameters with thresholds), model (name),
   * edits ([{ kind, name, seconds, velocity }], kind "add" or "remove", velocity 0: estimate it), beats (null until tracked).
   */
  constructor({ name, duration, activations, energies, picking, model = "", edits = [], beats = null }) {
    Object.assign(this, { name, duration, activations, energies, picking, model, edits, beats });
  }

  with(changes) {
    return new Song({ ...this.plain, ...changes });
  }

  get plain() {
    const { name, duration, activations, energies, picking, model, edits, beats } = this;
    return { name, duration, activations, energies, picking, model, edits, beats };
  }

  /** The onsets sorted by time, simultaneous ones in the order of CLASSES: [{ seconds, name, velocity, confidence, byHand }]. */
  get events() {
    return (this._events ??= this._found());
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

  withThreshold(name, threshold) {
    const values = this.picking.threshold.map((value, column) => (CLASSES[column] === name ? threshold : value));
    return this.with({ picking: { ...this.picking, threshold: values } });
  }

  add(name, seconds, velocity = 0) {
    const inside = Math.min(Math.max(seconds, 0), this.duration);
    return this.with({ edits: [...this.edits, { kind: "add", name, seconds: inside, velocity }] });
  }

  remove(event) {
    return this.with({ edits: [...this.edits, { kind: "remove", name: event.name, seconds: event.seconds, velocity: 0 }] });
  }

  move(event, seconds) {
    return this.remove(event).add(event.name, seconds, event.velocity);
  }

  _found() {
    const picked = CLASSES.map((_, column) => pickClass(this.activations, column, this.picking));
    const { times, byHand } = edited(picked, this.edits);
    const last = Math.max(this.activations.length / CLASSES.length - 1, 0);
    const found = CLASSES.flatMap((name, column) => {
      const strengths = velocities(this.energies, column, times[column]);
      return times[column].map((seconds, i) => {
        const edit = byHand[column].get(seconds);
        const frame = Math.min(rint(seconds * FPS), last);
        const confidence = edit ? 1 : this.activations[frame * CLASSES.length + column];
        return { seconds, name, velocity: edit?.velocity || strengths[i], confidence, byHand: Boolean(edit) };
      });
    });
    return found.sort((a, b) => a.seconds - b.seconds || CLASSES.indexOf(a.name) - CLASSES.indexOf(b.name));
  }
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
