// The onsets in view as a table, in which they can be deleted.

import { CLASS_NAMES } from "../constants.js";
import { clock } from "../editor/lanes.js";
import { beatWords } from "../notation/places.js";

const MOST_ROWS = 300;
const COLUMNS = ["Time", "Bar", "Beat", "Drum", "Velocity", "Confidence", "Correct"];

export class OnsetTable {
  /** box: a <details>;  place: an element in it for the table. */
  constructor(editor, box, place) {
    Object.assign(this, { editor, box, place });
    box.addEventListener("toggle", () => this.update());
    editor.addEventListener("view", () => this.update());
  }

  update() {
    const { song, view } = this.editor;
    if (!this.box.open || !song) return;
    const focused = this._buttons.indexOf(document.activeElement);
    const { start, end } = view;
    const inside = song.events.filter((event) => event.seconds >= start && event.seconds <= end).slice(0, MOST_ROWS);
    const table = document.createElement("table");
    const caption = `Onsets from ${clock(start, 1)} to ${clock(end, 1)}`;
    table.append(Object.assign(document.createElement("caption"), { className: "unseen", textContent: caption }));
    const head = table.insertRow();
    for (const name of COLUMNS) head.append(cell("th", name, name, { scope: "col" }));
    for (const event of inside) this._row(table, song, event);
    this.place.replaceChildren(table);
    if (focused >= 0) (this._buttons[Math.min(focused, inside.length - 1)] ?? this.box.querySelector("summary")).focus();
  }

  get _buttons() {
    return [...this.place.querySelectorAll("button")];
  }

  _row(table, song, event) {
    const place = song.place(event);
    const time = clock(event.seconds, 3);
    const sure = event.byHand ? "by hand" : event.confidence.toFixed(2);
    const values = [time, place?.bar ?? "", place ? beatWords(place) : "", CLASS_NAMES[event.name], event.velocity, sure];
    const line = table.insertRow();
    values.forEach((value, i) => line.append(cell("td", COLUMNS[i], value)));
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "✕", title: "Delete" });
    button.setAttribute("aria-label", `Delete ${CLASS_NAMES[event.name]} at ${time}`);
    button.addEventListener("click", () => this.editor.remove(event));
    line.insertCell().append(button);
  }
}

const cell = (tag, column, textContent, more = {}) =>
  Object.assign(document.createElement(tag), { className: column.toLowerCase(), textContent, ...more });
