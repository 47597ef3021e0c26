// Undo and redo: states before and after the present one, and words for what was done between them.

const MOST = 500;

export class History {
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
}
