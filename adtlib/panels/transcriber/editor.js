// Made by page/bundle_editor.mjs of page/src/notebook.js and what it imports: change those.

// src/constants.js
var CLASSES = ["KD", "SD", "TT", "HH", "CY"];
var CLASS_NAMES = { KD: "kick drum", SD: "snare drum", TT: "toms", HH: "hi-hat", CY: "cymbals" };
var SAMPLE_RATE = 44100;
var HOP_LENGTH = 441;
var FPS = SAMPLE_RATE / HOP_LENGTH;
var FRAME_SIZE = 2048;

// src/numbers.js
function rint(x) {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  if (!sorted.length) return NaN;
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
var median = (values) => quantile(values, 0.5);
function searchSorted(sorted, x, right = false) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (right ? sorted[middle] <= x : sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

// src/notation/beats.js
var differences = (times) => times.slice(1).map((time, i) => time - times[i]);
var Beats = class _Beats {
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
    return this._aBar ??= Math.max(...this.positions);
  }
  /** The same beats; bars are counted in both directions from the beat nearest to `seconds`: with_bar_at in Python. */
  withBarAt(seconds) {
    const { times, aBar } = this;
    const nearest2 = rint(Math.min(Math.max(this.at(seconds), 0), times.length - 1));
    return new _Beats(
      times,
      times.map((_, i) => beatInBar(i - nearest2, 0, aBar)),
      this.found
    );
  }
  /** Two beats in place of each: bars begin where they began, and in their middle. */
  doubled() {
    const times = this.times.flatMap((time, i) => i ? [(this.times[i - 1] + time) / 2, time] : [time]);
    return new _Beats(
      times,
      times.map((_, i) => beatInBar(i, 2 * this.phase, this.aBar)),
      this.found
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
    return new _Beats(
      found,
      kept.map((i) => beatInBar((i - bar) / 2, 0, aBar)),
      this.found
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
};
var beatInBar = (index, phase, aBar) => ((index + phase) % aBar + aBar) % aBar + 1;
var medianBpm = (times) => 60 / median(differences(times));
function beatPosition(seconds, times, firstPeriod, lastPeriod) {
  const last = times.length - 1;
  if (seconds < times[0]) return (seconds - times[0]) / firstPeriod;
  if (seconds >= times[last]) return last + (seconds - times[last]) / lastPeriod;
  const below = searchSorted(times, seconds, true) - 1;
  return below + (seconds - times[below]) / (times[below + 1] - times[below]);
}

// src/notation/patterns.js
var DIVISIONS = 24;
var GRIDS = [4, 3];
var [SPREAD, MAX_MISFIT] = [0.03, 0.1];
var SIMULTANEOUS = 0.05;
var CHANGE = 3.5;
var EARLY = 1 / 8;
function firstBeat(events, beats) {
  const first = events.length ? beats.at(events[0].seconds) : 0;
  return Math.floor((first + EARLY + beats.phase) / beats.aBar) * beats.aBar - beats.phase;
}
function placesOf(events, beats, quantise = null) {
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
    return rint(position * grid) * DIVISIONS / grid;
  });
}
function gridsOf(positions) {
  const misfits = /* @__PURE__ */ new Map();
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
    changed.push(other.map((cost, state2) => cost < total[state2]));
    total = total.map((cost, state2) => Math.min(cost, other[state2]) + misfit[state2]);
  }
  let state = total[1] < total[0] ? 1 : 0;
  const grids = /* @__PURE__ */ new Map();
  [...misfits.keys()].reverse().forEach((beat, i) => {
    grids.set(beat, GRIDS[state]);
    if (changed.at(-1 - i)[state]) state = 1 - state;
  });
  return grids;
}

// src/notation/places.js
var PARTS = {
  0: "",
  [DIVISIONS / 4]: " e",
  [DIVISIONS / 2]: " +",
  [3 * DIVISIONS / 4]: " a",
  [DIVISIONS / 3]: " ⅓",
  [2 * DIVISIONS / 3]: " ⅔"
};
var beatWords = ({ beat, part }) => `${beat}${PARTS[part] ?? ` ${part}/${DIVISIONS}`}`;
var placeWords = (place) => place ? `bar ${place.bar}, beat ${beatWords(place)}` : "";

// src/audio/features.js
var HALF = FRAME_SIZE / 2;

// src/onsets/energies.js
var [LOUD, LOUD_QUANTILE] = [100, 0.75];
var SOFTEST_VELOCITY = 20;
var SOFTEST = Math.fround(1e-3);
var [BEFORE, AFTER] = [2, 3];
var FLAM = 8;
var N = CLASSES.length;
function onsetEnergies(energies, column, times) {
  const last = energies.length / N - 1;
  if (last < 0) return times.map(() => SOFTEST);
  const at = (frame) => frame < 0 ? 0 : energies[frame * N + column];
  let flam = 0;
  let previous = -FLAM - 1;
  return times.map((seconds, index) => {
    const frame = Math.min(Math.max(rint(seconds * FPS), 0), last);
    if (frame - previous > FLAM || index === 0) flam = frame;
    previous = frame;
    let after = 0;
    for (let step = 0; step <= AFTER; step++) after = Math.max(after, at(Math.min(frame + step, last)));
    const before = Math.min(at(frame - BEFORE), at(flam - BEFORE));
    return Math.max(Math.fround(after - before), SOFTEST);
  });
}
function velocities(energies, column, times, among = times) {
  const risen = onsetEnergies(energies, column, times);
  const loud = among.length ? onsetEnergies(energies, column, among) : risen;
  const reference = loud.length ? quantile(loud, LOUD_QUANTILE) : 1;
  return risen.map((rise) => {
    const decibels = 20 * Math.log10(rise / reference);
    return Math.min(Math.max(rint(LOUD * 10 ** (decibels / 40)), SOFTEST_VELOCITY), 127);
  });
}

// src/onsets/peak_picking.js
var N2 = CLASSES.length;
function pickClass(activations, column, picking) {
  const frames = activations.length / N2;
  const { max_window: m, mean_window: a, delta } = picking;
  const threshold = Math.fround(picking.threshold[column]);
  const distance = picking.wait + (picking.strict_wait ? 1 : 0);
  const found = [];
  let last = -Infinity;
  for (let frame = picking.skip_first; frame < frames; frame++) {
    const value = activations[frame * N2 + column];
    if (picking.strict_threshold ? !(value > threshold) : !(value >= threshold)) continue;
    if (frame > 0 && !(value > activations[(frame - 1) * N2 + column])) continue;
    if (!isHighest(activations, column, frame, value, m, frames)) continue;
    if (value < mean(activations, column, frame, a, frames) + delta) continue;
    if (frame < last + distance) continue;
    found.push(frame);
    last = frame;
  }
  const kept = picking.double ? withoutDoubles(found, (frame) => activations[frame * N2 + column], picking) : found;
  return kept.map((frame) => frame / FPS);
}
function withoutDoubles(frames, valueAt, { double, strong }) {
  const kept = [];
  for (const frame of frames) {
    const before = kept.at(-1);
    if (before === void 0 || frame - before > double || Math.min(valueAt(frame), valueAt(before)) >= strong) kept.push(frame);
    else if (valueAt(frame) > valueAt(before)) kept[kept.length - 1] = frame;
  }
  return kept;
}
function isHighest(activations, column, frame, value, reach, frames) {
  for (let at = Math.max(0, frame - reach); at <= Math.min(frames - 1, frame + reach); at++) {
    if (activations[at * N2 + column] > value) return false;
  }
  return true;
}
function mean(activations, column, frame, reach, frames) {
  const [first, last] = [Math.max(0, frame - reach), Math.min(frames - 1, frame + reach)];
  let sum = 0;
  for (let at = first; at <= last; at++) sum += activations[at * N2 + column];
  return sum / (last - first + 1);
}

// src/song.js
var SAME = 0.03;
var AS_FOUND = { tempo: 1, first: null };
var Song = class _Song {
  /**
   * name, duration (seconds), activations and energies ((T * 5) float32), picking (parameters with thresholds), model (name),
   * edits ([{ kind, name, seconds, velocity }], kind "add" or "remove", velocity 0: estimate it), tracked (the beats that were found,
   * null until then), bars (as AS_FOUND).
   */
  constructor({ name, duration, activations, energies, picking, model = "", edits = [], tracked = null, bars: bars2 = AS_FOUND }) {
    Object.assign(this, { name, duration, activations, energies, picking, model, edits, tracked, bars: bars2 });
  }
  with(changes) {
    const song = new _Song({ ...this.plain, ...changes });
    const same2 = ["activations", "energies", "picking", "edits"].every((key) => song[key] === this[key]);
    if (same2) song._events = this._events;
    return song;
  }
  get plain() {
    const { name, duration, activations, energies, picking, model, edits, tracked, bars: bars2 } = this;
    return { name, duration, activations, energies, picking, model, edits, tracked, bars: bars2 };
  }
  /** The onsets sorted by time, simultaneous ones in the order of CLASSES: [{ seconds, name, velocity, confidence, byHand }]. */
  get events() {
    return this._events ??= this._found();
  }
  /** The beats with the tempo and the bar lines that are wanted; null until they are tracked. */
  get beats() {
    return this._beats ??= barsOf(this.tracked, this.bars);
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
    if (at === void 0) return null;
    const beat = Math.floor(at / DIVISIONS);
    const { aBar } = this.beats;
    return { bar: Math.floor(beat / aBar) + 1, beat: beat % aBar + 1, part: at % DIVISIONS };
  }
  /** The number of the bar that begins at beat `index`, 1 where sheet music begins. */
  barNumber(index) {
    this._firstBeat ??= firstBeat(this.events, this.beats);
    return Math.round((index - this._firstBeat) / this.beats.aBar) + 1;
  }
  withThreshold(name, threshold) {
    const values = this.picking.threshold.map((value, column) => CLASSES[column] === name ? threshold : value);
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
};
function barsOf(tracked, { tempo, first }) {
  let beats = tracked;
  for (let factor = tempo; beats && factor > 1; factor /= 2) beats = beats.doubled();
  for (let factor = tempo; beats && factor < 1; factor *= 2) beats = beats.halved();
  return beats && first !== null ? beats.withBarAt(first) : beats;
}
function edited(picked, edits) {
  const times = picked.map((column) => [...column]);
  const byHand = picked.map(() => /* @__PURE__ */ new Map());
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

// src/editor/history.js
var MOST = 500;
var History = class {
  constructor(present) {
    Object.assign(this, { past: [], present, future: [], merged: "" });
  }
  /** A new state; what was undone is forgotten. Steps that follow each other with one name `merge` are undone together. */
  do(state, words = "", merge = "") {
    if (!merge || merge !== this.merged) this.past.push({ state: this.present, words });
    else this.past.at(-1).words = words;
    if (this.past.length > MOST) this.past.shift();
    Object.assign(this, { present: state, future: [], merged: merge });
  }
  /** The words of what was undone, null at the beginning; the state before is the present one then. */
  undo() {
    return this._go(this.past, this.future);
  }
  redo() {
    return this._go(this.future, this.past);
  }
  _go(from, to) {
    if (!from.length) return null;
    const { state, words } = from.pop();
    to.push({ state: this.present, words });
    Object.assign(this, { present: state, merged: "" });
    return words;
  }
};

// src/editor/keys.js
var FINE = 5e-3;
var LOUDER = 5;
var [STEP, SMALL_STEP] = [1, 0.01];
var KEYS = "Left and right go from onset to onset, up and down from drum to drum, Home and End to the beginning and the end. J moves the playhead back by a second, L forth, with Shift by 10 milliseconds. Enter adds an onset at the playhead, Delete removes the selected one; Shift with left or right moves it by 5 milliseconds, Shift with up or down to another drum; comma makes it softer, full stop louder. Space plays, plus and minus zoom, Escape selects nothing, Control Z undoes, Control Y does it again.";
var keysInWords = (bars2) => KEYS + (bars2 ? " B: a bar begins at the playhead." : "");
var Keys = class {
  constructor(editor) {
    this.editor = editor;
    editor.canvas.addEventListener("keydown", (event) => this._key(event));
    editor.root.addEventListener("keydown", (event) => this.undoKey(event));
  }
  _key(event) {
    const { shiftKey } = event;
    const { editor } = this;
    const { selected } = editor;
    const step = shiftKey ? SMALL_STEP : STEP;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      " ": () => editor.toggle(),
      ArrowLeft: () => shiftKey ? editor.move(selected, selected?.seconds - FINE) : this._step(-1),
      ArrowRight: () => shiftKey ? editor.move(selected, selected?.seconds + FINE) : this._step(1),
      ArrowUp: () => shiftKey ? editor.move(selected, selected?.seconds, beside(selected, -1)) : this._lane(-1),
      ArrowDown: () => shiftKey ? editor.move(selected, selected?.seconds, beside(selected, 1)) : this._lane(1),
      ",": () => editor.strike(selected, selected?.velocity - LOUDER),
      ".": () => editor.strike(selected, selected?.velocity + LOUDER),
      Enter: () => editor.add(editor.lane, Math.round(editor.playhead * 1e3) / 1e3),
      Delete: () => editor.remove(),
      Backspace: () => editor.remove(),
      j: () => editor.go(editor.playhead - step),
      l: () => editor.go(editor.playhead + step),
      Home: () => editor.go(0),
      End: () => editor.go(editor.view.duration),
      "+": () => editor.zoom(1 / 1.6),
      "=": () => editor.zoom(1 / 1.6),
      "-": () => editor.zoom(1.6),
      Escape: () => editor.choose(null),
      ...editor.bars && { b: () => editor.beginBar() }
    };
    const action = actions[letter(event)];
    if (!action) return;
    event.preventDefault();
    action();
  }
  /** Control and Z or Y, also from the page around; a field where text is typed has an undo of its own. */
  undoKey(event) {
    const { editor } = this;
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
    if (event.target.matches?.("input:not([type=range], [type=checkbox]), textarea")) return;
    const actions = { z: () => event.shiftKey ? editor.redo() : editor.undo(), y: () => editor.redo() };
    const action = actions[letter(event)];
    if (!action) return;
    event.preventDefault();
    action();
  }
  _step(direction) {
    const { editor } = this;
    const of = editor.of(editor.lane);
    const from = editor.selected?.name === editor.lane ? editor.selected.seconds : editor.playhead;
    const past = (event) => direction > 0 ? event.seconds > from + 1e-9 : event.seconds < from - 1e-9;
    const found = direction > 0 ? of.find(past) : of.findLast(past);
    if (found) editor.choose(found);
    else editor.say(`No ${direction > 0 ? "later" : "earlier"} onset of ${CLASS_NAMES[editor.lane]}`);
  }
  _lane(direction) {
    const { editor } = this;
    editor.lane = CLASSES[Math.min(Math.max(CLASSES.indexOf(editor.lane) + direction, 0), CLASSES.length - 1)];
    const count = editor.song?.counts[editor.lane] ?? 0;
    editor.say(`${CLASS_NAMES[editor.lane]}, ${count} onsets`);
    editor.draw();
  }
};
var letter = ({ key }) => key.length === 1 ? key.toLowerCase() : key;
var beside = (event, direction) => event && (CLASSES[CLASSES.indexOf(event.name) + direction] ?? event.name);

// src/editor/lanes.js
var ROWS = { overview: 28, ruler: 18, wave: 64, lane: 50 };
var LABEL = 17;
var NUMBER = 30;
var TOP = ROWS.overview + ROWS.ruler + ROWS.wave;
var HEIGHT = TOP + CLASSES.length * ROWS.lane;
function rowAt(y) {
  if (y < ROWS.overview) return { row: "overview" };
  if (y < ROWS.overview + ROWS.ruler) return { row: "ruler" };
  if (y < TOP) return { row: "wave" };
  return { row: "lane", name: CLASSES[Math.min(Math.floor((y - TOP) / ROWS.lane), CLASSES.length - 1)] };
}
function draw(context, state) {
  const { width } = state.view;
  context.fillStyle = state.colours.paper;
  context.fillRect(0, 0, width, HEIGHT);
  overview(context, state);
  bars(context, state);
  ruler(context, state);
  waveform(context, state);
  barNumbers(context, state);
  CLASSES.forEach((name, column) => lane(context, state, name, column));
  playhead(context, state);
}
function overview(context, { view, peaks, playhead: at, heard, song, colours }) {
  if (!peaks) return;
  const [middle, height] = [ROWS.overview / 2, ROWS.overview - 6];
  context.fillStyle = colours.part;
  context.fillRect(
    view.start / view.duration * view.width,
    0,
    Math.max(view.span / view.duration * view.width, 3),
    ROWS.overview
  );
  const known = song ? heard / FPS / view.duration * view.width : 0;
  for (let x = 0; x < view.width; x++) {
    const peak = highest(peaks, x / view.width * peaks.length, (x + 1) / view.width * peaks.length);
    context.fillStyle = x <= known ? colours.ink : colours.quiet;
    context.fillRect(x, middle - peak * height / 2, 1, Math.max(peak * height, 1));
  }
  context.fillStyle = colours.playhead;
  context.fillRect(at / view.duration * view.width - 1, 0, 2, ROWS.overview);
}
function bars(context, { view, song, colours }) {
  const beats = song?.beats;
  if (!beats?.found) return;
  const close = view.x(beats.times[1]) - view.x(beats.times[0]) < 8;
  beats.times.forEach((time, i) => {
    const bar = beats.positions[i] === 1;
    if (time < view.start || time > view.end || close && !bar) return;
    context.fillStyle = bar ? colours.bar : colours.faint;
    context.fillRect(view.x(time) - (bar ? 1 : 0.5), ROWS.overview + ROWS.ruler, bar ? 2 : 1, HEIGHT);
  });
}
function barNumbers(context, { view, song, colours }) {
  const beats = song?.beats;
  if (!beats?.found) return;
  const width = (beats.times.at(-1) - beats.times[0]) / (beats.times.length - 1) * beats.aBar * (view.width / view.span);
  let every = 1;
  while (every * width < NUMBER) every *= 2;
  context.font = "600 11px system-ui, sans-serif";
  context.textBaseline = "top";
  context.textAlign = "left";
  beats.times.forEach((time, i) => {
    if (beats.positions[i] !== 1 || time < view.start || time > view.end) return;
    const number = song.barNumber(i);
    if (number < 1 || (number - 1) % every) return;
    const x = view.x(time) + 3;
    context.fillStyle = colours.paper;
    context.fillRect(x - 1, ROWS.overview + ROWS.ruler, context.measureText(number).width + 3, 13);
    context.fillStyle = colours.ink;
    context.fillText(number, x, ROWS.overview + ROWS.ruler + 1);
  });
}
function ruler(context, { view, colours }) {
  const wanted = view.span / view.width * 80;
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((each) => each >= wanted) ?? 1200;
  context.fillStyle = colours.ink;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (let time = Math.ceil(view.start / step) * step; time <= view.end; time += step) {
    const x = view.x(time);
    context.fillRect(x, ROWS.overview + ROWS.ruler - 5, 1, 5);
    context.fillText(clock(time, step < 1 ? 1 : 0), x + 3, ROWS.overview + ROWS.ruler / 2);
  }
}
function clock(seconds, decimals = 0) {
  const scaled = Math.round(seconds * 10 ** decimals) / 10 ** decimals;
  const minutes = Math.floor(scaled / 60);
  return `${minutes}:${(scaled - 60 * minutes).toFixed(decimals).padStart(decimals ? 3 + decimals : 2, "0")}`;
}
function waveform(context, { view, peaks, colours }) {
  if (!peaks) return;
  const top = ROWS.overview + ROWS.ruler;
  const [middle, height] = [top + ROWS.wave / 2, ROWS.wave - 8];
  const scale = 1 / Math.max(0.05, highest(peaks, 0, peaks.length));
  context.fillStyle = colours.wave;
  for (let x = 0; x < view.width; x++) {
    const peak = scale * highest(peaks, view.seconds(x) * FPS, view.seconds(x + 1) * FPS);
    context.fillRect(x, middle - peak * height / 2, 1, Math.max(peak * height, 1));
  }
}
function highest(peaks, from, to) {
  let most = 0;
  for (let i = Math.max(0, Math.floor(from)); i < Math.min(peaks.length, Math.max(Math.ceil(to), Math.floor(from) + 1)); i++) {
    if (peaks[i] > most) most = peaks[i];
  }
  return most;
}
function lane(context, state, name, column) {
  const { view, song, selected, heard, dragged, lane: current, colours } = state;
  const top = TOP + column * ROWS.lane;
  const [bottom, height] = [top + ROWS.lane - 3, ROWS.lane - LABEL - 6];
  context.fillStyle = name === current ? colours.ink : colours.faint;
  context.fillRect(0, top, view.width, name === current ? 2 : 1);
  if (song) {
    activation(context, state, column, bottom, height, colours[name]);
    const y = bottom - song.picking.threshold[column] * height;
    context.strokeStyle = colours.quiet;
    context.setLineDash([3, 4]);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(view.x(heard / FPS), y);
    context.stroke();
    context.setLineDash([]);
    for (const event of song.events) {
      const moved = dragged && same(dragged.event, event);
      const { seconds, name: lane2 } = moved ? dragged : event;
      if (lane2 !== name || seconds < view.start - 0.1 || seconds > view.end + 0.1) continue;
      stroke(context, view.x(seconds), bottom, height, event, colours, colours[name], same(selected, event));
    }
  }
  context.font = "600 12px system-ui, sans-serif";
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillStyle = colours.ink;
  context.fillText(CLASS_NAMES[name], 6, top + 4);
}
var same = (a, b) => Boolean(a && b && a.name === b.name && a.seconds === b.seconds);
function nearest(events, seconds) {
  let found = null;
  for (const event of events) if (!found || Math.abs(event.seconds - seconds) < Math.abs(found.seconds - seconds)) found = event;
  return found;
}
function activation(context, { view, song, heard }, column, bottom, height, colour) {
  const [first, last] = [Math.max(0, Math.floor(view.start * FPS)), Math.min(heard, Math.ceil(view.end * FPS) + 1)];
  if (last <= first) return;
  context.globalAlpha = 0.22;
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(view.x(first / FPS), bottom);
  for (let frame = first; frame < last; frame++)
    context.lineTo(view.x(frame / FPS), bottom - song.activations[frame * CLASSES.length + column] * height);
  context.lineTo(view.x((last - 1) / FPS), bottom);
  context.fill();
  context.globalAlpha = 1;
}
function stroke(context, x, bottom, height, event, colours, colour, selected) {
  const top = bottom - Math.max(0.25, event.velocity / 127) * height;
  context.fillStyle = colour;
  context.fillRect(x - 1, top, 2, bottom - top);
  context.beginPath();
  context.arc(x, top, 4, 0, 2 * Math.PI);
  context.fill();
  if (event.byHand) {
    context.fillStyle = colours.paper;
    context.beginPath();
    context.arc(x, top, 2, 0, 2 * Math.PI);
    context.fill();
  }
  if (selected) {
    context.strokeStyle = colours.selection;
    context.lineWidth = 2;
    context.strokeRect(x - 7, top - 7, 14, bottom - top + 9);
    context.lineWidth = 1;
  }
}
function playhead(context, { view, playhead: at, colours }) {
  if (at < view.start || at > view.end) return;
  context.fillStyle = colours.playhead;
  context.fillRect(view.x(at) - 1, ROWS.overview, 2, HEIGHT);
}

// src/editor/sounds.js
var CLICKS = { KD: 220, SD: 440, TT: 660, HH: 1760, CY: 2640 };
var [CLICK_SECONDS, DECAY] = [0.04, 8e-3];
var CLICK_PEAK = 0.35;
var RECORDING_GAIN = 0.7;
function click(name, rate) {
  return toPeak(make(CLICK_SECONDS, rate, (t) => Math.exp(-t / DECAY) * Math.sin(2 * Math.PI * CLICKS[name] * t)));
}
function drum(name, rate) {
  const noise = noiseOf(4711 + name.charCodeAt(0));
  const bright = highPass(noise);
  const kinds = {
    KD: [
      0.4,
      (t) => Math.exp(-t / 0.09) * Math.sin(2 * Math.PI * (48 * t + 2.6 * (1 - Math.exp(-t / 0.03)))) + 0.25 * Math.exp(-t / 4e-3) * noise()
    ],
    SD: [0.3, (t) => 0.55 * Math.exp(-t / 0.05) * Math.sin(2 * Math.PI * 190 * t) + 0.7 * Math.exp(-t / 0.07) * noise()],
    TT: [
      0.5,
      (t) => Math.exp(-t / 0.13) * Math.sin(2 * Math.PI * (110 * t + 1.2 * (1 - Math.exp(-t / 0.04)))) + 0.15 * Math.exp(-t / 0.01) * noise()
    ],
    HH: [0.12, (t) => Math.exp(-t / 0.025) * bright()],
    CY: [1.2, (t) => Math.exp(-t / 0.3) * bright() + 0.2 * Math.exp(-t / 0.2) * Math.sin(2 * Math.PI * 3150 * t)]
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

// src/editor/player.js
var AHEAD = 0.25;
var EVERY = 80;
var Player = class extends EventTarget {
  /** events: a function that gives the onsets. Emits "state" when it starts or stops. */
  constructor(events) {
    super();
    this.events = events;
    this.sound = null;
    this.position = 0;
    this.playing = false;
    this.levels = { recording: true, clicks: false, drums: false };
    this.loop = null;
  }
  /**
   * sound: { duration, rate, ready(from), play(output, from, when) }. `ready` resolves when it can be played from there on; `play`
   * hands it to the node `output` and returns what stops it, at a time of the context or at once. `wholeSound` makes one of an AudioBuffer.
   */
  open(sound) {
    this.pause();
    this.sound = sound;
    this.position = 0;
  }
  /** Seconds into the recording, what is heard at this moment. */
  get now() {
    if (!this.playing) return this.position;
    const time = this.context.currentTime - (this.context.outputLatency || 0);
    const { begun, from } = time < this.earlier?.until ? this.earlier : this;
    return Math.min(Math.max(time - begun, from), this.sound.duration);
  }
  async play() {
    if (!this.sound || this.playing) return;
    const { sound } = this;
    this._open(sound.rate);
    if (this.position >= sound.duration - 0.01) this.position = 0;
    await Promise.all([this.context.resume().catch(() => {
    }), sound.ready(this.position)]);
    if (this.playing || sound !== this.sound) return;
    const [first, last] = this.loop?.() ?? [0, Infinity];
    if (this.position < first || this.position >= last - 0.01) this.position = first;
    Object.assign(this, { from: this.position, earlier: null });
    const start = this.context.currentTime + 0.05;
    this.begun = start - this.from;
    this.sent = this.from - 1e-6;
    this.stop = sound.play(this.gains.recording, this.from, start);
    this.playing = true;
    this.timer = setInterval(() => this._send(), EVERY);
    this._send();
    this.dispatchEvent(new Event("state"));
  }
  pause() {
    if (!this.playing) return;
    this.position = this.now;
    this.playing = false;
    clearInterval(this.timer);
    this.stop();
    this.earlier?.stop();
    for (const node of this.strokes) node.stop();
    this.strokes.clear();
    this.dispatchEvent(new Event("state"));
  }
  seek(seconds) {
    const again = this.playing;
    this.pause();
    this.position = Math.min(Math.max(seconds, 0), this.sound?.duration ?? 0);
    if (again) this.play();
  }
  /** Turn the recording, clicks or drums on or off. */
  set(what, on) {
    this.levels[what] = on;
    this._level();
  }
  /** When it is not needed any more: what the browser holds for it is given back. */
  close() {
    this.pause();
    this.sound = null;
    this.context?.close();
    this.context = null;
  }
  /** A context at the recording's rate, which the browser brings to that of the device. */
  _open(rate) {
    if (this.context?.sampleRate === rate) return;
    this.context?.close();
    this.context = new AudioContext({ sampleRate: rate });
    const { sampleRate } = this.context;
    const limiter = new DynamicsCompressorNode(this.context, { threshold: -3, ratio: 12, attack: 2e-3 });
    limiter.connect(this.context.destination);
    this.gains = {};
    for (const what of Object.keys(this.levels)) {
      this.gains[what] = new GainNode(this.context);
      this.gains[what].connect(limiter);
    }
    const bufferOf = (samples) => {
      const buffer = new AudioBuffer({ length: samples.length, sampleRate });
      buffer.copyToChannel(samples, 0);
      return buffer;
    };
    this.sounds = {
      clicks: Object.fromEntries(CLASSES.map((name) => [name, bufferOf(click(name, sampleRate))])),
      drums: Object.fromEntries(CLASSES.map((name) => [name, bufferOf(drum(name, sampleRate))]))
    };
    this.strokes = /* @__PURE__ */ new Set();
    this._level();
  }
  _level() {
    if (!this.context) return;
    const { recording, clicks, drums } = this.levels;
    const set = (what, value) => this.gains[what].gain.setTargetAtTime(value, this.context.currentTime, 0.01);
    set("recording", recording ? clicks || drums ? RECORDING_GAIN : 1 : 0);
    set("clicks", clicks ? CLICK_PEAK : 0);
    set("drums", drums ? 0.6 : 0);
  }
  /** Hands over the strokes of the next quarter of a second; at the end it stops, or begins the loop again. */
  _send() {
    const { duration } = this.sound;
    if (!this.loop && this.now >= duration - 0.02) {
      this.pause();
      return;
    }
    const [start, end] = this.loop?.() ?? [0, Infinity];
    const until = this.context.currentTime - this.begun + AHEAD;
    this._strike(Math.min(until, end));
    if (this.loop && until >= Math.min(end, duration)) this._again(start, Math.min(end, duration));
  }
  /** The loop is played from `start` when it has come to `end`, without a gap. */
  _again(start, end) {
    const at = Math.max(this.begun + end, this.context.currentTime + 0.02);
    const { begun, from, stop } = this;
    stop(at);
    this.earlier?.stop();
    this.earlier = { begun, from, stop, until: at };
    Object.assign(this, { begun: at - start, from: start, sent: start - 1e-6 });
    this.stop = this.sound.play(this.gains.recording, start, at);
  }
  /** Hands over the strokes that were not yet, up to `until` seconds. */
  _strike(until) {
    for (const event of this.events()) {
      if (event.seconds <= this.sent || event.seconds > until) continue;
      for (const what of ["clicks", "drums"]) {
        if (!this.levels[what]) continue;
        const node = new AudioBufferSourceNode(this.context, { buffer: this.sounds[what][event.name] });
        const gain = new GainNode(this.context, { gain: what === "clicks" ? 1 : (event.velocity / 127) ** 2 });
        node.connect(gain).connect(this.gains[what]);
        node.onended = () => this.strokes.delete(node);
        this.strokes.add(node);
        node.start(this.begun + event.seconds);
      }
    }
    this.sent = Math.max(this.sent, until);
  }
};

// src/editor/pointers.js
var NEAR = 9;
var STILL = 4;
var Pointers = class {
  constructor(editor) {
    Object.assign(this, { editor, canvas: editor.canvas, down: /* @__PURE__ */ new Map() });
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this._down(event));
    canvas.addEventListener("pointermove", (event) => this._moved(event));
    canvas.addEventListener("pointerup", (event) => this._up(event));
    canvas.addEventListener("pointercancel", (event) => this._up(event, true));
  }
  get view() {
    return this.editor.view;
  }
  _wheel(event) {
    const { offsetX, deltaX, deltaY, ctrlKey, shiftKey } = event;
    if (!ctrlKey && !shiftKey && Math.abs(deltaX) <= Math.abs(deltaY)) return;
    event.preventDefault();
    if (ctrlKey) this.editor.zoom(1.0025 ** deltaY, this.view.seconds(offsetX));
    else this._scroll(this.view.start + (deltaX || deltaY) / this.view.width * this.view.span);
  }
  _scroll(start) {
    this.view.moveTo(start);
    this.editor.viewed();
  }
  _eventAt(x, y, reach) {
    const { row, name } = rowAt(y);
    if (row !== "lane") return null;
    const found = nearest(this.editor.of(name), this.view.seconds(x));
    return found && Math.abs(this.view.x(found.seconds) - x) <= reach ? found : null;
  }
  _down(event) {
    if (event.button > 0) return;
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const reach = event.pointerType === "touch" ? 2 * NEAR : NEAR;
    const { offsetX: x, offsetY: y } = event;
    const { start } = this.view;
    this.down.set(event.pointerId, { x, y, start, moved: false, hit: this._eventAt(x, y, reach) });
  }
  /** In the overview: that place is in the middle. */
  _overview(x) {
    this._scroll(x / this.view.width * this.view.duration - this.view.span / 2);
  }
  _moved(event) {
    const { offsetX: x, offsetY: y } = event;
    const pointer = this.down.get(event.pointerId);
    const { correcting } = this.editor;
    if (!pointer) {
      const over = this._eventAt(x, y, NEAR);
      this.canvas.style.cursor = over ? "pointer" : correcting && rowAt(y).row === "lane" ? "copy" : "default";
      return;
    }
    const sideways = Math.abs(x - pointer.x) > STILL;
    if (sideways || Math.abs(y - pointer.y) > STILL) pointer.moved = true;
    if (!pointer.moved) return;
    if (this.down.size === 2) this._pinch(event, pointer);
    else if (rowAt(pointer.y).row === "overview") this._overview(x);
    else if (correcting && pointer.hit) {
      pointer.sideways ||= sideways;
      this.editor.drag(pointer.hit, pointer.sideways ? (x - pointer.x) * (this.view.span / this.view.width) : 0, rowAt(y).name);
    } else this._scroll(pointer.start - (x - pointer.x) / this.view.width * this.view.span);
  }
  _pinch(event, pointer) {
    const other = [...this.down.values()].find((each) => each !== pointer);
    other.moved = true;
    const before = Math.abs((pointer.last ?? pointer.x) - other.x);
    const after = Math.abs(event.offsetX - other.x);
    pointer.last = event.offsetX;
    if (before > 10 && after > 10) this.editor.zoom(before / after, this.view.seconds(other.x));
  }
  _up(event, cancelled = false) {
    const { editor, view } = this;
    const pointer = this.down.get(event.pointerId);
    this.down.delete(event.pointerId);
    editor.drop(!pointer || cancelled);
    if (!pointer || cancelled || pointer.moved) return;
    const { row, name } = rowAt(pointer.y);
    if (row === "overview") {
      this._overview(pointer.x);
      editor.go(pointer.x / view.width * view.duration);
      return;
    }
    if (row === "lane") editor.lane = name;
    const seconds = Math.min(Math.max(view.seconds(pointer.x), 0), view.duration);
    if (row === "lane" && editor.correcting && editor.song) {
      if (pointer.hit) editor.remove(pointer.hit);
      else editor.add(name, seconds);
    } else if (pointer.hit) editor.choose(pointer.hit);
    else editor.go(seconds);
  }
};

// src/editor/theme.js
var NAMES = ["ink", "quiet", "faint", "paper", "bar", "part", "wave", "playhead", "selection", ...CLASSES];
var QUERIES = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];
var Theme = class {
  /** root: an element of the class drum-editor;  changed: called when the scheme is another. */
  constructor(root, changed) {
    this.probe = Object.assign(document.createElement("span"), { className: "probe", hidden: true });
    root.append(this.probe);
    this.listening = new AbortController();
    const again = () => {
      this.read = null;
      changed();
    };
    for (const query of QUERIES) matchMedia(query).addEventListener("change", again, { signal: this.listening.signal });
  }
  /** { name: colour }. */
  get colours() {
    return this.read ??= Object.fromEntries(NAMES.map((name) => [name, this._resolved(name)]));
  }
  close() {
    this.listening.abort();
  }
  _resolved(name) {
    this.probe.style.color = `var(--editor-${name.toLowerCase()})`;
    return getComputedStyle(this.probe).color;
  }
};

// src/editor/view.js
var SHORTEST = 0.5;
var View = class {
  constructor() {
    Object.assign(this, { duration: 1, start: 0, span: 1, width: 1 });
  }
  /** Show a recording from its beginning, ten seconds or all of it. */
  open(duration) {
    Object.assign(this, { duration: Math.max(duration, SHORTEST), start: 0, span: Math.min(10, Math.max(duration, SHORTEST)) });
  }
  x(seconds) {
    return (seconds - this.start) / this.span * this.width;
  }
  seconds(x) {
    return this.start + x / this.width * this.span;
  }
  get end() {
    return this.start + this.span;
  }
  moveTo(start) {
    this.start = Math.min(Math.max(start, 0), this.duration - this.span);
  }
  /** A factor below 1 shows less; what lies at `around` (seconds) stays where it is. */
  zoom(factor, around = this.start + this.span / 2) {
    const span = Math.min(Math.max(this.span * factor, SHORTEST), this.duration);
    const place = (around - this.start) / this.span;
    this.span = span;
    this.moveTo(around - place * span);
  }
  /** Turn the page so that a time is seen; whether that was needed. */
  reveal(seconds) {
    if (seconds >= this.start && seconds <= this.end) return false;
    this.moveTo(seconds - this.span * 0.1);
    return true;
  }
};

// src/editor/editor.js
var editors = 0;
var START = { edits: [], threshold: null, bars: AS_FOUND };
var Editor = class extends EventTarget {
  /** correcting: whether clicks correct from the beginning;  bars: whether the key B says where a bar begins. */
  constructor(root, { correcting = false, bars: bars2 = false } = {}) {
    super();
    this.root = root;
    root.classList.add("drum-editor");
    this.view = new View();
    this.history = new History(START);
    this.player = new Player(() => this.song?.events ?? []);
    Object.assign(this, { song: null, peaks: null, heard: 0, selected: null, lane: CLASSES[0], dragged: null, correcting: false });
    Object.assign(this, { bars: bars2, theme: new Theme(root, () => this.draw()) });
    this._build();
    this._mode(correcting);
    this._listen();
  }
  /** When it is not needed any more. */
  close() {
    this.player.close();
    this.theme.close();
    this.resizing.disconnect();
  }
  // ---- what is shown
  /**
   * A recording before anything was heard in it.
   *
   * start  the state without corrections;  state  with those of an earlier time, which can be undone one by one.
   */
  open({ peaks, seconds, sound, start = START, state = start }) {
    this.player.open(sound);
    this.view.open(seconds);
    this.history = new History(start);
    const { edits, ...rest } = state;
    if (JSON.stringify({ ...start, ...rest }) !== JSON.stringify(start))
      this.history.do({ ...start, ...rest }, "thresholds and bars");
    edits.forEach((edit, i) => {
      if (edit.kind === "remove" && edits[i + 1]?.kind === "add") return;
      this.history.do(
        { ...start, ...rest, edits: edits.slice(0, i + 1) },
        `correction: ${CLASS_NAMES[edit.name]} at ${clock(edit.seconds, 3)}`
      );
    });
    Object.assign(this, { song: null, peaks, heard: 0, selected: null });
    this.say("");
    this._changed(false);
  }
  /** What was heard; corrections are those of the editor. */
  show(song, heard = Infinity) {
    this.song = this._corrected(song);
    this.heard = Math.min(heard, song.activations.length / CLASSES.length);
    this._select(this.song.events.find((event) => same(event, this.selected)));
    this._changed(false);
  }
  get playhead() {
    return this.player.now;
  }
  /** Another part of the recording: seconds. */
  look(start, span) {
    this.view.zoom(span / this.view.span);
    this.view.moveTo(start);
    this.draw();
  }
  // ---- corrections
  /**
   * A change of some parts of the state; those that follow each other with one name `merge` are undone together, and nothing is said
   * of them: what is moved says its own value.
   */
  adjust(changes, words, merge = "") {
    if (!this.song) return;
    this.history.do({ ...this.history.present, ...changes }, words, merge);
    this.song = this._corrected(this.song);
    this._select(this.song.events.find((event) => same(event, this.selected)));
    this.say(merge ? "" : capital(words));
    this._changed();
  }
  /** An onset where there is none; one of this class that is nearly there is moved. */
  add(name, seconds) {
    if (!this.song) return;
    const there = nearest(this.of(name), seconds);
    const away = there ? Math.abs(there.seconds - seconds) : Infinity;
    if (away < 1e-6) {
      this._select(there);
      this.say(`Already there: ${this._words(there)}`);
      this._changed(false);
    } else if (away <= SAME) this.move(there, seconds);
    else this._correct(this.song.add(name, seconds, this.song.velocityAt(name, seconds)), "added", name, seconds);
  }
  remove(event = this.selected) {
    if (!event) return;
    this._correct(this.song.remove(event), "deleted", event.name, event.seconds, event);
  }
  /** To another time, and to another drum if one is named. */
  move(event, seconds, name = event?.name) {
    if (!event) return;
    const inside = Math.min(Math.max(seconds, 0), this.song.duration);
    if (inside === event.seconds && name === event.name) return;
    this._correct(this.song.move(event, inside, name), "moved", name, inside);
  }
  strike(event, velocity) {
    if (!event) return;
    const inside = Math.min(Math.max(Math.round(velocity), 1), 127);
    if (inside === event.velocity) return;
    this._correct(this.song.add(event.name, event.seconds, inside), "changed", event.name, event.seconds);
  }
  undo() {
    this._restore(this.history.undo(), "Undone");
  }
  redo() {
    this._restore(this.history.redo(), "Done again");
  }
  /** A song with one more correction; `event` is what was deleted. */
  _correct(song, what, name, seconds, event = null) {
    const before = event && this._words(event);
    this.song = song;
    const after = nearest(this.of(name), seconds);
    const words = `${what}: ${before ?? this._words(after)}`;
    this.history.do({ ...this.history.present, edits: song.edits }, words);
    this._select(after);
    const next = event && after ? `. Next: ${CLASS_NAMES[name]} at ${clock(after.seconds, 3)}` : "";
    this.say(capital(words) + next);
    this._changed();
  }
  _restore(words, word) {
    if (words === null) {
      this.say("Nothing was changed");
      return;
    }
    this.song = this.song && this._corrected(this.song);
    this._select(this.song?.events.find((event) => same(event, this.selected)));
    this.say(`${word} (${words}); ${this.song?.events.length ?? 0} onsets`);
    this._changed();
  }
  /** The song with the state of the editor. */
  _corrected(song) {
    const { edits, threshold, bars: bars2 } = this.history.present;
    const picking = threshold && threshold !== song.picking.threshold ? { ...song.picking, threshold } : song.picking;
    return edits === song.edits && picking === song.picking && bars2 === song.bars ? song : song.with({ edits, picking, bars: bars2 });
  }
  of(name) {
    return this.song?.events.filter((event) => event.name === name) ?? [];
  }
  /** While it is dragged, an onset is drawn so many seconds later and in the lane of a class, if one is named. */
  drag(event, later, name = event.name) {
    this.dragged = { event, seconds: Math.min(Math.max(event.seconds + later, 0), this.song.duration), name };
    this.draw();
  }
  /** Dragging ends: the onset stays there, or goes back. */
  drop(back) {
    const { dragged } = this;
    this.dragged = null;
    if (dragged && !back) this.move(dragged.event, dragged.seconds, dragged.name);
    this.draw();
  }
  // ---- elements
  _build() {
    const make2 = (tag, properties = {}, ...children) => {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...children);
      return element;
    };
    const button = (label, action, title = label) => {
      const element = make2("button", { type: "button", textContent: label, title });
      element.setAttribute("aria-label", title);
      element.addEventListener("click", action);
      return element;
    };
    const check = (label, action, on = false, title = "") => {
      const input = make2("input", { type: "checkbox", checked: on });
      input.addEventListener("change", () => action(input.checked));
      return make2("label", { className: "check", title }, input, label);
    };
    this.playButton = button("▶ Play", () => this.toggle(), "Play");
    this.time = make2("span", { className: "time" });
    this.undoButton = button("↶", () => this.undo(), "Undo");
    this.redoButton = button("↷", () => this.redo(), "Do again");
    this.deleteButton = button("Delete", () => this.remove(), "Delete the selected onset");
    this.modeButton = button("✎ Correct", () => this._mode(!this.correcting), "Correct by clicking");
    this.modeButton.setAttribute("aria-pressed", "false");
    this.tools = make2(
      "div",
      { className: "tools" },
      make2("div", { className: "group" }, this.playButton, this.time),
      make2(
        "div",
        { className: "group" },
        button("−", () => this.zoom(1.6), "Zoom out"),
        button("+", () => this.zoom(1 / 1.6), "Zoom in")
      ),
      make2(
        "div",
        { className: "group" },
        check("recording", (on) => this.player.set("recording", on), true),
        check("clicks", (on) => this.player.set("clicks", on)),
        check("drums", (on) => this.player.set("drums", on), false, "Drums made of tones and noise, at the onsets"),
        check("loop", (on) => this.player.loop = on && (() => [this.view.start, this.view.end]), false, "Repeat what is in view")
      ),
      make2("div", { className: "group" }, this.modeButton, this.undoButton, this.redoButton)
    );
    this.canvas = make2("canvas", { className: "lanes", tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-roledescription", "drum lanes");
    this.canvas.setAttribute("aria-describedby", `lanes-keys-${++editors}`);
    this.live = make2("p", { className: "said" });
    this.live.setAttribute("aria-live", "polite");
    this.velocity = make2("input", { type: "number", min: 1, max: 127, step: 1, id: `lanes-velocity-${editors}` });
    this.velocity.addEventListener("change", () => this.velocity.value && this.strike(this.selected, Number(this.velocity.value)));
    const loudness = make2("label", { htmlFor: this.velocity.id, className: "check" }, "Velocity", this.velocity);
    const selection = make2(
      "div",
      { className: "selection" },
      this.live,
      make2("div", { className: "group" }, loudness, this.deleteButton)
    );
    this.hint = make2("p", { className: "hint" });
    const listed = make2("p", { id: `lanes-keys-${editors}`, textContent: keysInWords(this.bars) });
    const keys = make2("details", {}, make2("summary", { textContent: "Keys" }), listed);
    this.root.append(this.tools, this.canvas, selection, this.hint, keys);
  }
  _mode(correcting) {
    this.correcting = correcting;
    this.modeButton.setAttribute("aria-pressed", String(correcting));
    this.hint.textContent = correcting ? "Click on a lane to add an onset, on an onset to delete it; drag it to move it, also to another drum." : "Click to go there, on an onset to select it; drag to scroll. With Correct, clicks add and delete.";
  }
  toggle() {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }
  zoom(factor, around) {
    this.view.zoom(factor, around ?? (inView(this.view, this.playhead) ? this.playhead : void 0));
    this.viewed();
  }
  viewed() {
    this.draw();
    clearTimeout(this.viewTimer);
    this.viewTimer = setTimeout(() => this.dispatchEvent(new Event("view")), 150);
  }
  _changed(tell = true) {
    this.undoButton.ariaDisabled = String(!this.history.past.length);
    this.redoButton.ariaDisabled = String(!this.history.future.length);
    this.deleteButton.ariaDisabled = String(!this.selected);
    this.velocity.disabled = !this.selected;
    this.velocity.value = this.selected?.velocity ?? "";
    this.draw();
    this.canvas.setAttribute("aria-label", this._label());
    if (tell) this.dispatchEvent(new Event("change"));
  }
  _label() {
    if (!this.song) return "Drum lanes: no recording yet";
    const counts = Object.entries(this.song.counts).map(([name, count]) => `${CLASS_NAMES[name]} ${count}`);
    return `Drum lanes: ${counts.join(", ")}`;
  }
  _words(event) {
    if (!event) return "no onset";
    const sure = event.byHand ? "set by hand" : `confidence ${event.confidence.toFixed(2)}`;
    const place = placeWords(this.song.place(event));
    return `${CLASS_NAMES[event.name]} at ${clock(event.seconds, 3)}${place && ` (${place})`}, velocity ${event.velocity}, ${sure}`;
  }
  say(text) {
    this.live.textContent = text;
  }
  draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = null;
      const ratio = globalThis.devicePixelRatio || 1;
      const width = Math.max(1, Math.floor(this.canvas.clientWidth));
      if (this.canvas.width !== Math.round(width * ratio)) {
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round(HEIGHT * ratio);
      }
      this.view.width = width;
      const context = this.canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const focused = document.activeElement === this.canvas;
      draw(context, { ...this, playhead: this.playhead, lane: focused ? this.lane : null, colours: this.theme.colours });
      this.time.textContent = `${clock(this.playhead, 1)} / ${clock(this.view.duration)}`;
    });
  }
  // ---- pointers, keys, the player
  _listen() {
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.canvas);
    this.canvas.addEventListener("focus", () => this.draw());
    this.canvas.addEventListener("blur", () => this.draw());
    this.player.addEventListener("state", () => {
      this.playButton.textContent = this.player.playing ? "❚❚ Pause" : "▶ Play";
      this.playButton.title = this.player.playing ? "Pause" : "Play";
      this.playButton.setAttribute("aria-label", this.playButton.title);
      this._follow();
    });
    this.pointers = new Pointers(this);
    this.keys = new Keys(this);
  }
  /** While it plays, the picture follows. */
  _follow() {
    this.draw();
    if (!this.player.playing) return;
    if (!this.pointers.down.size && this.view.reveal(this.playhead)) this.viewed();
    requestAnimationFrame(() => this._follow());
  }
  _select(event) {
    this.selected = event ?? null;
    if (event) this.lane = event.name;
  }
  /** Select an onset, or nothing, and go there. */
  choose(event) {
    this._select(event);
    if (event) {
      if (!this.player.playing) this.player.seek(event.seconds);
      if (this.view.reveal(event.seconds)) this.viewed();
      const of = this.of(event.name);
      this.say(`${this._words(event)}, ${of.indexOf(event) + 1} of ${of.length}`);
    } else this.say("");
    this._changed(false);
  }
  /** A bar begins at the beat nearest to the playhead. */
  beginBar() {
    if (!this.song?.beats) return;
    const { bars: bars2 } = this.history.present;
    const first = Math.round(this.playhead * 1e3) / 1e3;
    this.adjust({ bars: { ...bars2, first } }, `a bar begins at ${clock(first, 3)}`);
  }
  /** The playhead to a time; nothing is selected then. */
  go(seconds) {
    this._select(null);
    this.player.seek(seconds);
    this.view.reveal(this.playhead);
    this.say(`At ${clock(this.playhead, 3)}`);
    this._changed(false);
    this.viewed();
  }
};
var capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
var inView = (view, seconds) => seconds >= view.start && seconds <= view.end;

// src/notebook.js
var KEPT = 12;
var notebook_default = {
  render({ model, el }) {
    el.dataset.lmSuppressShortcuts = "true";
    const editor = new Editor(el, { correcting: true });
    const open = () => openRecording(editor, model);
    const on = {
      "change:recording": open,
      "change:thresholds": () => editor.song && editor.show(withThresholds(editor.song, model)),
      "change:beats": () => editor.song && editor.show(editor.song.with({ tracked: beatsOf(model) })),
      "change:edits": () => JSON.stringify(editsOf(model)) !== JSON.stringify(editor.history.present.edits) && open(),
      "change:view": () => {
        const [start, span] = model.get("view");
        if (span && (start !== editor.view.start || span !== editor.view.span)) editor.look(start, span);
      }
    };
    for (const [event, action] of Object.entries(on)) model.on(event, action);
    const say = (name, value) => {
      model.set(name, value);
      model.save_changes();
    };
    editor.addEventListener("change", () => say("edits", { of: editor.recording, made: editor.history.present.edits }));
    editor.addEventListener("view", () => say("view", [editor.view.start, editor.view.span]));
    open();
    return () => {
      editor.close();
      for (const [event, action] of Object.entries(on)) model.off(event, action);
    };
  }
};
function openRecording(editor, model) {
  const recording = model.get("recording");
  editor.recording = recording.id;
  if (!recording.id) {
    editor.open({ peaks: null, seconds: 1, sound: null });
    return;
  }
  const { duration, picking } = recording;
  const [peaks, activations, energies] = ["peaks", "activations", "energies"].map((name) => floats(recording[name]));
  editor.open({ peaks, seconds: duration, sound: new KernelSound(model, recording), state: { edits: editsOf(model) } });
  const [start, span] = model.get("view");
  if (span) editor.look(start, span);
  editor.show(withThresholds(new Song({ name: "", duration, activations, energies, picking, tracked: beatsOf(model) }), model));
}
var editsOf = (model) => model.get("edits").of === model.get("recording").id ? model.get("edits").made : [];
var withThresholds = (song, model) => song.with({ picking: { ...song.picking, threshold: model.get("thresholds") } });
function beatsOf(model) {
  const beats = model.get("beats");
  return beats.of === model.get("recording").id ? new Beats(beats.times, beats.positions, beats.found) : null;
}
var floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
var KernelSound = class {
  constructor(model, { id, duration, rate, piece }) {
    Object.assign(this, { model, id, duration, rate, piece, pieces: /* @__PURE__ */ new Map() });
  }
  ready(from) {
    return this._piece(Math.floor(from / this.piece));
  }
  play(output, from, when) {
    let [timer, stopped] = [null, false];
    const nodes = /* @__PURE__ */ new Set();
    const { context } = output;
    const playPiece = async (number) => {
      const buffer = await this._piece(number);
      if (stopped) return;
      const begins = when + Math.max(number * this.piece - from, 0);
      const late = Math.max(context.currentTime - begins, 0);
      const node = new AudioBufferSourceNode(context, { buffer });
      node.connect(output);
      node.onended = () => nodes.delete(node);
      nodes.add(node);
      node.start(begins + late, Math.max(from - number * this.piece, 0) + late);
      if ((number + 1) * this.piece >= this.duration) return;
      this._piece(number + 1);
      timer = setTimeout(() => playPiece(number + 1), 1e3 * Math.max(begins - context.currentTime + 0.5, 0.5));
    };
    playPiece(Math.floor(from / this.piece));
    return (at) => {
      stopped = true;
      clearTimeout(timer);
      for (const node of nodes) node.stop(at);
    };
  }
  /** A promise of an AudioBuffer. */
  _piece(number) {
    if (!this.pieces.has(number)) {
      if (this.pieces.size >= KEPT) this.pieces.delete(this.pieces.keys().next().value);
      this.pieces.set(number, this._ask(number));
    }
    return this.pieces.get(number);
  }
  _ask(number) {
    return new Promise((resolve) => {
      const receive = (content, [bytes]) => {
        if (content.sound !== this.id || content.piece !== number) return;
        this.model.off("msg:custom", receive);
        const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
        const buffer = new AudioBuffer({ length: Math.max(samples.length, 1), sampleRate: this.rate });
        buffer.copyToChannel(
          Float32Array.from(samples, (sample) => sample / 32768),
          0
        );
        resolve(buffer);
      };
      this.model.on("msg:custom", receive);
      this.model.send({ sound: this.id, piece: number });
    });
  }
};
export {
  notebook_default as default
};
