// Which part of a recording is shown: from `start`, `span` seconds, on a picture `width` pixels wide.

const SHORTEST = 0.5;

export class View {
  constructor() {
    Object.assign(this, { duration: 1, start: 0, span: 1, width: 1 });
  }

  /** Show a recording from its beginning, ten seconds or all of it. */
  open(duration) {
    Object.assign(this, { duration: Math.max(duration, SHORTEST), start: 0, span: Math.min(10, Math.max(duration, SHORTEST)) });
  }

  x(seconds) {
    return ((seconds - this.start) / this.span) * this.width;
  }

  seconds(x) {
    return this.start + (x / this.width) * this.span;
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
}
