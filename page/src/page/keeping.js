// Corrections are kept on the device while they are made, and come back with their recording: files/corrections.js says how.

import { Kept } from "../files/corrections.js";

export class Keeping {
  /** elements: { row, words, forget, forgetAll };  title: { get, set } of the song's title. */
  constructor({ editor, storage, title, elements }) {
    Object.assign(this, { editor, title, ...elements, kept: new Kept(storage), key: null, start: null, lost: false });
    this.forget.addEventListener("click", () => {
      this.title.set(this.start.title);
      const { edits, threshold, bars } = this.start;
      editor.adjust({ edits, threshold, bars }, "corrections forgotten");
      this._say("Your corrections are forgotten; Undo brings them back.");
      this.forget.hidden = true;
      this.words.focus(); // the button is gone
    });
    this.forgetAll.addEventListener("click", () => {
      if (!confirm(`Forget the corrections of ${this.kept.keys.length} recordings on this device?`)) return;
      for (const key of this.kept.keys) this.kept.forget(key);
      this.forget.click();
    });
    addEventListener("beforeunload", (event) => this.lost && event.preventDefault());
  }

  /** Another recording; `start`: what it is without corrections. What was kept of it is returned, or else `start`. */
  begin(key, start) {
    Object.assign(this, { key, start, lost: false, last: JSON.stringify(start) });
    this.row.hidden = true;
    let found = null;
    try {
      found = this.kept.read(key);
    } catch (error) {
      this._say(`What was kept of this recording on this device cannot be read (${error.message}).`);
    }
    if (!found) return start;
    this.last = JSON.stringify(found.corrections);
    const when = new Date(found.when).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
    this._say(`Your corrections of ${when} are back: they were kept on this device.`);
    return found.corrections;
  }

  /** What is kept now: after each change. */
  update() {
    if (!this.start) return;
    const { edits, threshold, bars } = this.editor.history.present;
    const state = { edits, threshold, bars, title: this.title.get() };
    if (JSON.stringify(state) === this.last) return;
    this.last = JSON.stringify(state);
    if (JSON.stringify(this.start) === this.last) {
      this.kept.forget(this.key);
      Object.assign(this, { lost: false });
      this.row.hidden = true;
      return;
    }
    this.lost = !this.kept.write(this.key, state);
    this._say(
      this.lost
        ? "This browser cannot keep your corrections: save the JSON, it can be opened here again."
        : "Your corrections are kept on this device and come back with this recording.",
    );
  }

  /** Whether another recording may take the place of this one. */
  mayLeave() {
    return (
      !this.lost ||
      confirm("Your corrections are not saved, and this browser cannot keep them. Open another recording all the same?")
    );
  }

  _say(words) {
    this.row.hidden = false;
    if (this.words.textContent !== words) this.words.textContent = words;
    this.forget.hidden = this.lost;
    const { length } = this.kept.keys;
    this.forgetAll.hidden = length < 2;
    this.forgetAll.textContent = `Forget those of all ${length} recordings`;
  }
}
