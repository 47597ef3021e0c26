// The editor of a transcription: it shows a song and plays it, and onsets are added, deleted and moved in it. It knows nothing of files,
// networks or the page around it: it is given a song (song.js), the peaks of its waveform and its sound, and says what changed.
//
//     const editor = new Editor(element);            // an empty element
//     editor.open({ peaks, seconds, sound });        // a recording; sound as player.js takes it
//     editor.show(song, heard);                      // what was heard so far: frames before `heard`
//     editor.adjust({ threshold }, "thresholds");    // a change from around it, which can be undone
//     editor.addEventListener("change", () => editor.song);
//
// "change" comes with each correction, undo and redo; "view" when another part is shown. What can be undone is a state
// { edits, threshold, bars }: corrections, one threshold a class (null: those of the song that is shown), tempo and bar lines.

import { CLASS_NAMES, CLASSES } from "../constants.js";
import { placeWords } from "../notation/places.js";
import { AS_FOUND, SAME } from "../song.js";
import { History } from "./history.js";
import { Keys, keysInWords } from "./keys.js";
import { clock, draw, HEIGHT, nearest, same } from "./lanes.js";
import { Player } from "./player.js";
import { Pointers } from "./pointers.js";
import { Theme } from "./theme.js";
import { View } from "./view.js";

let editors = 0;
const START = { edits: [], threshold: null, bars: AS_FOUND };

export class Editor extends EventTarget {
  /** correcting: whether clicks correct from the beginning;  bars: whether the key B says where a bar begins. */
  constructor(root, { correcting = false, bars = false } = {}) {
    super();
    this.root = root;
    root.classList.add("drum-editor");
    this.view = new View();
    this.history = new History(START);
    this.player = new Player(() => this.song?.events ?? []);
    Object.assign(this, { song: null, peaks: null, heard: 0, selected: null, lane: CLASSES[0], dragged: null, correcting: false });
    Object.assign(this, { bars, theme: new Theme(root, () => this.draw()) });
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
      if (edit.kind === "remove" && edits[i + 1]?.kind === "add") return; // a move
      this.history.do(
        { ...start, ...rest, edits: edits.slice(0, i + 1) },
        `correction: ${CLASS_NAMES[edit.name]} at ${clock(edit.seconds, 3)}`,
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
    const { edits, threshold, bars } = this.history.present;
    const picking = threshold && threshold !== song.picking.threshold ? { ...song.picking, threshold } : song.picking;
    return edits === song.edits && picking === song.picking && bars === song.bars ? song : song.with({ edits, picking, bars });
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
    const check = (label, action, on = false, title = "") => {
      const input = make("input", { type: "checkbox", checked: on });
      input.addEventListener("change", () => action(input.checked));
      return make("label", { className: "check", title }, input, label);
    };
    this.playButton = button("▶ Play", () => this.toggle(), "Play");
    this.time = make("span", { className: "time" });
    this.undoButton = button("↶", () => this.undo(), "Undo");
    this.redoButton = button("↷", () => this.redo(), "Do again");
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
        button("−", () => this.zoom(1.6), "Zoom out"),
        button("+", () => this.zoom(1 / 1.6), "Zoom in"),
      ),
      make(
        "div",
        { className: "group" },
        check("recording", (on) => this.player.set("recording", on), true),
        check("clicks", (on) => this.player.set("clicks", on)),
        check("drums", (on) => this.player.set("drums", on), false, "Drums made of tones and noise, at the onsets"),
        check("loop", (on) => (this.player.loop = on && (() => [this.view.start, this.view.end])), false, "Repeat what is in view"),
      ),
      make("div", { className: "group" }, this.modeButton, this.undoButton, this.redoButton),
    );
    this.canvas = make("canvas", { className: "lanes", tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-roledescription", "drum lanes");
    this.canvas.setAttribute("aria-describedby", `lanes-keys-${++editors}`);
    this.live = make("p", { className: "said" });
    this.live.setAttribute("aria-live", "polite");
    this.velocity = make("input", { type: "number", min: 1, max: 127, step: 1, id: `lanes-velocity-${editors}` });
    this.velocity.addEventListener("change", () => this.velocity.value && this.strike(this.selected, Number(this.velocity.value)));
    const loudness = make("label", { htmlFor: this.velocity.id, className: "check" }, "Velocity", this.velocity);
    const selection = make(
      "div",
      { className: "selection" },
      this.live,
      make("div", { className: "group" }, loudness, this.deleteButton),
    );
    this.hint = make("p", { className: "hint" });
    const listed = make("p", { id: `lanes-keys-${editors}`, textContent: keysInWords(this.bars) });
    const keys = make("details", {}, make("summary", { textContent: "Keys" }), listed);
    this.root.append(this.tools, this.canvas, selection, this.hint, keys);
  }

  _mode(correcting) {
    this.correcting = correcting;
    this.modeButton.setAttribute("aria-pressed", String(correcting));
    this.hint.textContent = correcting
      ? "Click on a lane to add an onset, on an onset to delete it; drag it to move it, also to another drum."
      : "Click to go there, on an onset to select it; drag to scroll. With Correct, clicks add and delete.";
  }

  toggle() {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  zoom(factor, around) {
    this.view.zoom(factor, around ?? (inView(this.view, this.playhead) ? this.playhead : undefined));
    this.viewed();
  }

  viewed() {
    this.draw();
    clearTimeout(this.viewTimer);
    this.viewTimer = setTimeout(() => this.dispatchEvent(new Event("view")), 150);
  }

  _changed(tell = true) {
    // Not `disabled`: the focus would be lost.
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
    const { bars } = this.history.present;
    const first = Math.round(this.playhead * 1_000) / 1_000;
    this.adjust({ bars: { ...bars, first } }, `a bar begins at ${clock(first, 3)}`);
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
}

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

const inView = (view, seconds) => seconds >= view.start && seconds <= view.end;
