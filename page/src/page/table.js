// The onsets in view as a table, in which they can be selected and deleted, and fields that add one: what the lanes do, without a pointer
// or keys.

import { CLASS_NAMES, CLASSES } from "../constants.js";
import { clock } from "../editor/lanes.js";
import { beatWords } from "../notation/places.js";

const MOST_ROWS = 300;
const COLUMNS = ["Time", "Bar", "Beat", "Drum", "Velocity", "Confidence", "Correct"];

export class OnsetTable {
  /** box: a <details>;  place: an element in it for the table;  adding: { form, time, drum }, fields that add an onset. */
  constructor(editor, box, place, { form, time, drum }) {
    Object.assign(this, { editor, box, place });
    drum.append(...CLASSES.map((name) => new Option(CLASS_NAMES[name], name)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const seconds = secondsOf(time.value);
      if (seconds === null || seconds > editor.view.duration)
        editor.say(`"${time.value}" is no time in this recording: write it as 83.5 or 1:23.5`);
      else editor.add(drum.value, seconds);
    });
    box.addEventListener("toggle", () => this.update());
    editor.addEventListener("view", () => this.update());
  }

  update() {
    const { song, view } = this.editor;
    if (!this.box.open || !song) return;
    const focused = this._buttons.indexOf(document.activeElement);
    const { start, end } = view;
    const inside = song.events.filter((event) => event.seconds >= start && event.seconds <= end);
    const shown = inside.slice(0, MOST_ROWS);
    const table = document.createElement("table");
    const left = leftOut(shown.length, inside.length);
    const caption = `Onsets from ${clock(start, 1)} to ${clock(end, 1)}${left && `: ${left}`}`;
    table.append(Object.assign(document.createElement("caption"), { className: "unseen", textContent: caption }));
    const head = table.insertRow();
    for (const name of COLUMNS) head.append(cell("th", name, name, { scope: "col" }));
    for (const event of shown) this._row(table, song, event);
    this.place.replaceChildren(table);
    if (left) this.place.append(Object.assign(document.createElement("p"), { className: "hint", textContent: `${left}.` }));
    const buttons = this._buttons;
    if (focused >= 0) (buttons[Math.min(focused, buttons.length - 1)] ?? this.box.querySelector("summary")).focus();
  }

  get _buttons() {
    return [...this.place.querySelectorAll("button")];
  }

  _row(table, song, event) {
    const place = song.place(event);
    const time = clock(event.seconds, 3);
    const sure = event.byHand ? "by hand" : event.confidence.toFixed(2);
    const values = [place?.bar ?? "", place ? beatWords(place) : "", CLASS_NAMES[event.name], event.velocity, sure];
    const line = table.insertRow();
    const select = button(time, "Select", `Select ${CLASS_NAMES[event.name]} at ${time}`, () => this.editor.choose(event));
    line.append(cell("td", COLUMNS[0], ""));
    line.firstChild.append(select);
    values.forEach((value, i) => line.append(cell("td", COLUMNS[i + 1], value)));
    line
      .insertCell()
      .append(button("✕", "Delete", `Delete ${CLASS_NAMES[event.name]} at ${time}`, () => this.editor.remove(event)));
  }
}

/** Seconds written as 83.5 or 1:23.5, null for anything else. */
export function secondsOf(text) {
  const found = /^\s*(?:(\d+):)?(\d+(?:[.,]\d*)?)\s*$/.exec(text);
  return found && 60 * Number(found[1] ?? 0) + Number(found[2].replace(",", "."));
}

/** What is said of onsets that have no row, "" where all have one. */
export const leftOut = (shown, all) => (shown < all ? `the first ${shown} of ${all}; zoom in to see the others` : "");

const cell = (tag, column, textContent, more = {}) =>
  Object.assign(document.createElement(tag), { className: column.toLowerCase(), textContent, ...more });

function button(textContent, title, label, action) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent, title });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  return made;
}
