// The editor of a transcription: it shows a song and plays it, and onsets are added, deleted and moved in it. It knows nothing of files,
// networks or the page around it: it is given a song (song.js), the peaks of its waveform and its sound, and says what changed.
//
//     const editor = new Editor(element);            // an empty element
//     editor.open({ peaks, seconds, sound });        // a recording; sound as player.js takes it
//     editor.show(song, heard);                      // what was heard so far: frames before `heard`
//     editor.addEventListener("change", () => editor.song);
//
// "change" comes with each correction, undo and redo; "view" when another part is shown. Thresholds and beats are given by `show`.

import { CLASS_NAMES, CLASSES, FPS } from "../constants.js";
import { History } from "./history.js";
import { clock, draw, HEIGHT, rowAt, same } from "./lanes.js";
import { Player } from "./player.js";
import { View } from "./view.js";

const NEAR = 9; // pixels at which a stroke is meant; with a finger twice as many
let editors = 0;
const FINE = 0.005; // seconds that a key moves an onset
const KEYS =
  "Left and right go from onset to onset, up and down from drum to drum. Enter adds an onset at the playhead, Delete removes the selected one, " +
  "Shift with left or right moves it by 5 milliseconds. Space plays, plus and minus zoom, Control Z undoes.";

export class Editor extends EventTarget {
  /** correcting: whether clicks correct from the beginning. */
  constructor(root, { correcting = false } = {}) {
    super();
    this.root = root;
    root.classList.add("drum-editor");
    this.view = new View();
    this.history = new History([]);
    this.player = new Player(() => this.song?.events ?? []);
    Object.assign(this, { song: null, peaks: null, heard: 0, selected: null, lane: CLASSES[0], dragged: null, correcting: false });
    this._build();
    this._mode(correcting);
    this._listen();
  }

  // ---- what is shown

  /** A recording before anything was heard in it; `edits` are corrections of an earlier time, which can be undone. */
  open({ peaks, seconds, sound, edits = [] }) {
    this.player.open(sound);
    this.view.open(seconds);
    this.history = new History([]);
    for (let n = 1; n <= edits.length; n++) this.history.do(edits.slice(0, n));
    Object.assign(this, { song: null, peaks, heard: 0, selected: null });
    this._changed(false);
  }

  /** What was heard; corrections are those of the editor. */
  show(song, heard = Infinity) {
    this.song = song.edits === this.history.present ? song : song.with({ edits: this.history.present });
    this.heard = Math.min(heard, song.activations.length / CLASSES.length);
    if (this.selected) this.selected = this.song.events.find((event) => same(event, this.selected)) ?? null;
    this._changed(false);
  }

  get playhead() {
    return this.player.now;
  }

  /** Another part of the recording: seconds. */
  look(start, span) {
    this.view.zoom(span / this.view.span);
    this.view.moveTo(start);
    this._draw();
  }

  // ---- corrections

  add(name, seconds) {
    if (!this.song) return;
    this._do(this.song.add(name, seconds));
    this.selected = nearest(
      this.song.events.filter((event) => event.name === name),
      seconds,
    );
    this._say(`Added: ${this._words(this.selected)}`);
    this._changed();
  }

  remove(event = this.selected) {
    if (!event) return;
    const words = this._words(event);
    this._do(this.song.remove(event));
    const left = this.song.events.filter((other) => other.name === event.name);
    this.selected = nearest(left, event.seconds);
    this._say(`Deleted: ${words}`);
    this._changed();
  }

  move(event, seconds) {
    if (!event) return;
    const inside = Math.min(Math.max(seconds, 0), this.song.duration);
    this._do(this.song.move(event, inside));
    this.selected = nearest(
      this.song.events.filter((other) => other.name === event.name),
      inside,
    );
    this._say(`Moved: ${this._words(this.selected)}`);
    this._changed();
  }

  undo() {
    this._restore(this.history.undo(), "Undone");
  }

  redo() {
    this._restore(this.history.redo(), "Redone");
  }

  _do(song) {
    this.song = song;
    this.history.do(song.edits);
  }

  _restore(edits, word) {
    if (!edits) return;
    this.song = this.song.with({ edits });
    this.selected = this.song.events.find((event) => same(event, this.selected)) ?? null;
    this._say(`${word}: ${edits.length} corrections, ${this.song.events.length} onsets`);
    this._changed();
  }

  // ---- elements

  _build() {
    const make = (tag, properties = {}, ...children) => {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...children);
      return element;
    };
    const button = (label, action, title = label) => {
      const element = make("button", { type: "button", textContent: label, title });
      element.setAttribute("aria-label", title);
      element.addEventListener("click", action);
      return element;
    };
    const check = (what, label, on) => {
      const input = make("input", { type: "checkbox", checked: on });
      input.addEventListener("change", () => this.player.set(what, input.checked));
      return make("label", { className: "check" }, input, label);
    };
    this.playButton = button("▶ Play", () => this._toggle(), "Play");
    this.time = make("span", { className: "time" });
    this.undoButton = button("↶", () => this.undo(), "Undo");
    this.redoButton = button("↷", () => this.redo(), "Redo");
    this.deleteButton = button("Delete", () => this.remove(), "Delete the selected onset");
    this.modeButton = button("✎ Correct", () => this._mode(!this.correcting), "Correct by clicking");
    this.modeButton.setAttribute("aria-pressed", "false");
    this.tools = make(
      "div",
      { className: "tools" },
      make("div", { className: "group" }, this.playButton, this.time),
      make(
        "div",
        { className: "group" },
        check("recording", "recording", true),
        check("clicks", "clicks", false),
        check("drums", "drums", false),
      ),
      make(
        "div",
        { className: "group" },
        button("−", () => this._zoom(1.6), "Zoom out"),
        button("+", () => this._zoom(1 / 1.6), "Zoom in"),
      ),
      make("div", { className: "group" }, this.modeButton, this.deleteButton, this.undoButton, this.redoButton),
    );
    this.canvas = make("canvas", { className: "lanes", tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-roledescription", "drum lanes");
    this.canvas.setAttribute("aria-describedby", `lanes-keys-${++editors}`);
    this.hint = make("p", { className: "hint" });
    this.keys = make("p", { id: `lanes-keys-${editors}`, textContent: KEYS });
    const keys = make("details", {}, make("summary", { textContent: "Keys" }), this.keys);
    this.live = make("p", { className: "unseen" });
    this.live.setAttribute("aria-live", "polite");
    this.root.append(this.tools, this.canvas, this.hint, keys, this.live);
  }

  _mode(correcting) {
    this.correcting = correcting;
    this.modeButton.setAttribute("aria-pressed", String(correcting));
    this.hint.textContent = correcting
      ? "Click on a lane to add an onset, on an onset to delete it; drag it to move it."
      : "Click to go there, on an onset to select it; drag to scroll. With Correct, clicks add and delete.";
  }

  _toggle() {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  _zoom(factor, around) {
    this.view.zoom(factor, around ?? (inView(this.view, this.playhead) ? this.playhead : undefined));
    this._viewed();
  }

  _viewed() {
    this._draw();
    clearTimeout(this.viewTimer);
    this.viewTimer = setTimeout(() => this.dispatchEvent(new Event("view")), 150);
  }

  _changed(tell = true) {
    this.undoButton.disabled = !this.history.past.length;
    this.redoButton.disabled = !this.history.future.length;
    this.deleteButton.disabled = !this.selected;
    this._draw();
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
    return `${CLASS_NAMES[event.name]} at ${clock(event.seconds, 3)}, velocity ${event.velocity}, ${sure}`;
  }

  _say(text) {
    this.live.textContent = text;
  }

  _draw() {
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
      draw(context, { ...this, playhead: this.playhead, lane: focused ? this.lane : null });
      this.time.textContent = `${clock(this.playhead, 1)} / ${clock(this.view.duration)}`;
    });
  }

  // ---- pointers and keys

  _listen() {
    new ResizeObserver(() => this._draw()).observe(this.canvas);
    this.canvas.addEventListener("focus", () => this._draw());
    this.canvas.addEventListener("blur", () => this._draw());
    this.player.addEventListener("state", () => {
      this.playButton.textContent = this.player.playing ? "❚❚ Pause" : "▶ Play";
      this.playButton.title = this.player.playing ? "Pause" : "Play";
      this.playButton.setAttribute("aria-label", this.playButton.title);
      this._follow();
    });
    this.canvas.addEventListener("keydown", (event) => this._key(event));
    this.canvas.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    this.pointers = new Map();
    this.canvas.addEventListener("pointerdown", (event) => this._down(event));
    this.canvas.addEventListener("pointermove", (event) => this._moved(event));
    this.canvas.addEventListener("pointerup", (event) => this._up(event));
    this.canvas.addEventListener("pointercancel", (event) => this._up(event, true));
  }

  /** While it plays, the picture follows. */
  _follow() {
    this._draw();
    if (!this.player.playing) return;
    if (!this.pointers.size && this.view.reveal(this.playhead)) this._viewed();
    requestAnimationFrame(() => this._follow());
  }

  _wheel(event) {
    const { offsetX, deltaX, deltaY, ctrlKey, shiftKey } = event;
    if (!ctrlKey && !shiftKey && Math.abs(deltaX) <= Math.abs(deltaY)) return; // the page scrolls
    event.preventDefault();
    if (ctrlKey) this._zoom(1.0025 ** deltaY, this.view.seconds(offsetX));
    else {
      this.view.moveTo(this.view.start + ((deltaX || deltaY) / this.view.width) * this.view.span);
      this._viewed();
    }
  }

  _eventAt(x, y, reach) {
    const { row, name } = rowAt(y);
    if (row !== "lane" || !this.song) return null;
    const found = nearest(
      this.song.events.filter((event) => event.name === name),
      this.view.seconds(x),
    );
    return found && Math.abs(this.view.x(found.seconds) - x) <= reach ? found : null;
  }

  _down(event) {
    if (event.button > 0) return;
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const reach = event.pointerType === "touch" ? 2 * NEAR : NEAR;
    const { offsetX: x, offsetY: y } = event;
    this.pointers.set(event.pointerId, {
      x,
      y,
      start: this.view.start,
      span: this.view.span,
      moved: false,
      hit: this._eventAt(x, y, reach),
    });
    if (rowAt(y).row === "overview") this._overview(x);
  }

  _overview(x) {
    this.view.moveTo((x / this.view.width) * this.view.duration - this.view.span / 2);
    this._viewed();
  }

  _moved(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      const over = this._eventAt(event.offsetX, event.offsetY, NEAR);
      this.canvas.style.cursor = over ? "pointer" : this.correcting && rowAt(event.offsetY).row === "lane" ? "copy" : "default";
      return;
    }
    const { offsetX: x } = event;
    if (Math.abs(x - pointer.x) > 4) pointer.moved = true;
    if (!pointer.moved) return;
    if (this.pointers.size === 2) this._pinch(event, pointer);
    else if (rowAt(pointer.y).row === "overview") this._overview(x);
    else if (this.correcting && pointer.hit) {
      this.dragged = { event: pointer.hit, seconds: pointer.hit.seconds + ((x - pointer.x) / this.view.width) * this.view.span };
      this._draw();
    } else {
      this.view.moveTo(pointer.start - ((x - pointer.x) / this.view.width) * this.view.span);
      this._viewed();
    }
  }

  _pinch(event, pointer) {
    const other = [...this.pointers.values()].find((each) => each !== pointer);
    other.moved = true;
    const before = Math.abs((pointer.last ?? pointer.x) - other.x);
    const after = Math.abs(event.offsetX - other.x);
    pointer.last = event.offsetX;
    if (before > 10 && after > 10) this._zoom(before / after, this.view.seconds(other.x));
  }

  _up(event, cancelled = false) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    const { dragged } = this;
    this.dragged = null;
    if (!pointer || cancelled) return this._draw();
    if (dragged) return this.move(dragged.event, dragged.seconds);
    if (pointer.moved) return undefined;
    const { row, name } = rowAt(pointer.y);
    const seconds = Math.min(Math.max(this.view.seconds(pointer.x), 0), this.view.duration);
    if (row === "lane") this.lane = name;
    if (row === "lane" && this.correcting && this.song) {
      if (pointer.hit) this.remove(pointer.hit);
      else this.add(name, seconds);
    } else if (pointer.hit) this._select(pointer.hit);
    else if (row !== "overview") {
      this.selected = null;
      this.player.seek(seconds);
      this._changed(false);
    }
    return undefined;
  }

  _select(event) {
    this.selected = event;
    if (event) {
      this.lane = event.name;
      if (!this.player.playing) this.player.seek(event.seconds);
      if (this.view.reveal(event.seconds)) this._viewed();
      const of = this.song.events.filter((other) => other.name === event.name);
      this._say(`${this._words(event)}, ${of.indexOf(event) + 1} of ${of.length}`);
    }
    this._changed(false);
  }

  _key(event) {
    const { key, shiftKey } = event;
    const control = event.ctrlKey || event.metaKey;
    const actions = {
      " ": () => this._toggle(),
      ArrowLeft: () => (shiftKey ? this.move(this.selected, this.selected?.seconds - FINE) : this._step(-1)),
      ArrowRight: () => (shiftKey ? this.move(this.selected, this.selected?.seconds + FINE) : this._step(1)),
      ArrowUp: () => this._lane(-1),
      ArrowDown: () => this._lane(1),
      Enter: () => this.add(this.lane, Math.round(this.playhead * FPS * 10) / (FPS * 10)),
      Delete: () => this.remove(),
      Backspace: () => this.remove(),
      Home: () => this._go(0),
      End: () => this._go(this.view.duration),
      "+": () => this._zoom(1 / 1.6),
      "=": () => this._zoom(1 / 1.6),
      "-": () => this._zoom(1.6),
      Escape: () => this._select(null),
    };
    const controls = { z: () => (shiftKey ? this.redo() : this.undo()), Z: () => this.redo(), y: () => this.redo() };
    const action = control ? controls[key] : actions[key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  _step(direction) {
    const of = this.song?.events.filter((event) => event.name === this.lane) ?? [];
    const from = this.selected?.name === this.lane ? this.selected.seconds : this.playhead;
    const past = (event) => (direction > 0 ? event.seconds > from + 1e-9 : event.seconds < from - 1e-9);
    const found = direction > 0 ? of.find(past) : of.findLast(past);
    if (found) this._select(found);
    else this._say(`No ${direction > 0 ? "later" : "earlier"} onset of ${CLASS_NAMES[this.lane]}`);
  }

  _lane(direction) {
    this.lane = CLASSES[Math.min(Math.max(CLASSES.indexOf(this.lane) + direction, 0), CLASSES.length - 1)];
    const count = this.song?.counts[this.lane] ?? 0;
    this._say(`${CLASS_NAMES[this.lane]}, ${count} onsets`);
    this._draw();
  }

  _go(seconds) {
    this.player.seek(seconds);
    this.view.reveal(seconds);
    this._viewed();
  }
}

function nearest(events, seconds) {
  let found = null;
  for (const event of events) if (!found || Math.abs(event.seconds - seconds) < Math.abs(found.seconds - seconds)) found = event;
  return found;
}

const inView = (view, seconds) => seconds >= view.start && seconds <= view.end;
