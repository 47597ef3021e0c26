// The keys of the editor: those of the picture, and undo around it.

import { CLASS_NAMES, CLASSES } from "../constants.js";

const FINE = 0.005; // seconds that a key moves an onset
const LOUDER = 5; // steps of velocity of a key
const [STEP, SMALL_STEP] = [1, 0.01]; // seconds that a key moves the playhead
const KEYS =
  "Left and right go from onset to onset, up and down from drum to drum, Home and End to the beginning and the end. " +
  "J moves the playhead back by a second, L forth, with Shift by 10 milliseconds. " +
  "Enter adds an onset at the playhead, Delete removes the selected one; Shift with left or right moves it by 5 milliseconds, " +
  "Shift with up or down to another drum; comma makes it softer, full stop louder. " +
  "Space plays, plus and minus zoom, Escape selects nothing, Control Z undoes, Control Y does it again.";

/** bars: whether the key B says where a bar begins. */
export const keysInWords = (bars) => KEYS + (bars ? " B: a bar begins at the playhead." : "");

export class Keys {
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
      ArrowLeft: () => (shiftKey ? editor.move(selected, selected?.seconds - FINE) : this._step(-1)),
      ArrowRight: () => (shiftKey ? editor.move(selected, selected?.seconds + FINE) : this._step(1)),
      ArrowUp: () => (shiftKey ? editor.move(selected, selected?.seconds, beside(selected, -1)) : this._lane(-1)),
      ArrowDown: () => (shiftKey ? editor.move(selected, selected?.seconds, beside(selected, 1)) : this._lane(1)),
      ",": () => editor.strike(selected, selected?.velocity - LOUDER),
      ".": () => editor.strike(selected, selected?.velocity + LOUDER),
      Enter: () => editor.add(editor.lane, Math.round(editor.playhead * 1_000) / 1_000),
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
      ...(editor.bars && { b: () => editor.beginBar() }),
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
    const actions = { z: () => (event.shiftKey ? editor.redo() : editor.undo()), y: () => editor.redo() };
    const action = actions[letter(event)];
    if (!action) return;
    event.preventDefault();
    action();
  }

  _step(direction) {
    const { editor } = this;
    const of = editor.of(editor.lane);
    const from = editor.selected?.name === editor.lane ? editor.selected.seconds : editor.playhead;
    const past = (event) => (direction > 0 ? event.seconds > from + 1e-9 : event.seconds < from - 1e-9);
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
}

/** The key of an event; letters are small, whatever Caps Lock does. */
const letter = ({ key }) => (key.length === 1 ? key.toLowerCase() : key);

/** The class of the lane above or below that of an event, the same at the edge. */
const beside = (event, direction) => event && (CLASSES[CLASSES.indexOf(event.name) + direction] ?? event.name);
