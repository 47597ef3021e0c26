// Corrections are kept on the device while they are made, and come back with their recording: files/corrections.js says how.

import { Kept } from "../files/corrections.js";

export class Keeping {
  /** elements: { row, words, forget, forgetAll };  title: { get, set } of the song's title. */
  constructor({ editor, storage, title, elements }) {
    Object.assign(this, { editor, title, ...elements, kept: new Kept(storage), key: null, start: null, lost: false, news: "" });
    this.forget.addEventListener("click", () =>
      this.unreadable
        ? this._forget("What was kept of this recording is deleted", "Undo brings your corrections back")
        : this._forget("Your corrections are forgotten", "Undo brings them back"),
    );
    this.forgetAll.addEventListener("click", () => {
      const { length } = this.kept.keys;
      const lasting = "Those of other recordings than this one cannot be brought back.";
      if (!confirm(`Forget the corrections of ${length} recordings on this device? ${lasting}`)) return;
      for (const key of this.kept.keys) this.kept.forget(key);
      this._forget(`The corrections of all ${length} recordings are forgotten`, "Undo brings back those of this one");
    });
    addEventListener("beforeunload", (event) => this.lost && event.preventDefault());
  }

  /**
   * Another recording, of so many seconds; `start`: what it is without corrections. What was kept of it is returned, or else `start`. It
   * is said when there is a song, which can be changed.
   */
  begin(key, start, seconds) {
    Object.assign(this, { key, start, lost: false, last: JSON.stringify(start), news: "", unreadable: false });
    this.row.hidden = true;
    let found = null;
    try {
      found = this.kept.read(key, seconds);
    } catch (error) {
      this.unreadable = true;
      this.news = `What was kept of this recording on this device cannot be read (${error.message}).`;
    }
    if (!found) return start;
    this.last = JSON.stringify(found.corrections);
    const when = new Date(found.when).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
    this.news = `Your corrections of ${when} are back: they were kept on this device.`;
    return found.corrections;
  }

  /** The recording is as it was heard, and nothing is kept of it. what, back  words for that, and for what Undo does. */
  _forget(what, back) {
    const { title, ...state } = this.start;
    const { edits, threshold, bars } = this.editor.history.present;
    const corrected = JSON.stringify({ edits, threshold, bars }) !== JSON.stringify(state);
    const renamed = this.title.get() !== title;
    this.kept.forget(this.key);
    Object.assign(this, { last: JSON.stringify(this.start), lost: false, unreadable: false });
    this.title.set(title);
    if (corrected) this.editor.adjust(state, "corrections forgotten");
    this._say(corrected ? `${what}; ${back}${renamed ? ", all but the title" : ""}.` : `${what}.`);
    this.forget.hidden = true;
    this.words.focus(); // the button is gone
  }

  /** What is kept now: after each change of the song. */
  update() {
    if (!this.start) return;
    if (this.news) this._say(this.news);
    this.news = "";
    const { edits, threshold, bars } = this.editor.history.present;
    const state = { edits, threshold, bars, title: this.title.get() };
    if (JSON.stringify(state) === this.last) return;
    this.last = JSON.stringify(state);
    if (JSON.stringify(this.start) === this.last) {
      this.kept.forget(this.key);
      this.lost = false;
      this.row.hidden = true;
      return;
    }
    this.lost = !this.kept.write(this.key, state);
    this.unreadable &&= this.lost;
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
    this.forget.textContent = this.unreadable ? "Delete it" : "Forget them";
    const { length } = this.kept.keys;
    this.forgetAll.hidden = length < 2;
    this.forgetAll.textContent = `Forget those of all ${length} recordings`;
  }
}
