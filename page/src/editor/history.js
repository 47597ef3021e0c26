// Undo and redo: states before and after the present one.

const MOST = 500;

export class History {
  constructor(present) {
    Object.assign(this, { past: [], present, future: [] });
  }

  /** A new state; what was undone is forgotten. */
  do(state) {
    this.past.push(this.present);
    if (this.past.length > MOST) this.past.shift();
    this.present = state;
    this.future = [];
  }

  /** The state before, or null at the beginning. */
  undo() {
    if (!this.past.length) return null;
    this.future.push(this.present);
    return (this.present = this.past.pop());
  }

  redo() {
    if (!this.future.length) return null;
    this.past.push(this.present);
    return (this.present = this.future.pop());
  }
}
