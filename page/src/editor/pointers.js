// Mouse, pen and fingers on the picture: they select and go, correct where the editor is correcting, scroll and zoom.

import { nearest, rowAt } from "./lanes.js";

const NEAR = 9; // pixels at which an onset is meant; with a finger twice as many
const STILL = 4; // pixels that a press may move and still be a click

export class Pointers {
  constructor(editor) {
    Object.assign(this, { editor, canvas: editor.canvas, down: new Map() });
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this._down(event));
    canvas.addEventListener("pointermove", (event) => this._moved(event));
    canvas.addEventListener("pointerup", (event) => this._up(event));
    canvas.addEventListener("pointercancel", (event) => this._up(event, true));
  }

  get view() {
    return this.editor.view;
  }

  _wheel(event) {
    const { offsetX, deltaX, deltaY, ctrlKey, shiftKey } = event;
    if (!ctrlKey && !shiftKey && Math.abs(deltaX) <= Math.abs(deltaY)) return; // the page scrolls
    event.preventDefault();
    if (ctrlKey) this.editor.zoom(1.0025 ** deltaY, this.view.seconds(offsetX));
    else this._scroll(this.view.start + ((deltaX || deltaY) / this.view.width) * this.view.span);
  }

  _scroll(start) {
    this.view.moveTo(start);
    this.editor.viewed();
  }

  _eventAt(x, y, reach) {
    const { row, name } = rowAt(y);
    if (row !== "lane") return null;
    const found = nearest(this.editor.of(name), this.view.seconds(x));
    return found && Math.abs(this.view.x(found.seconds) - x) <= reach ? found : null;
  }

  _down(event) {
    if (event.button > 0) return;
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const reach = event.pointerType === "touch" ? 2 * NEAR : NEAR;
    const { offsetX: x, offsetY: y } = event;
    const { start } = this.view;
    this.down.set(event.pointerId, { x, y, start, moved: false, hit: this._eventAt(x, y, reach) });
  }

  /** In the overview: that place is in the middle. */
  _overview(x) {
    this._scroll((x / this.view.width) * this.view.duration - this.view.span / 2);
  }

  _moved(event) {
    const { offsetX: x, offsetY: y } = event;
    const pointer = this.down.get(event.pointerId);
    const { correcting } = this.editor;
    if (!pointer) {
      const over = this._eventAt(x, y, NEAR);
      this.canvas.style.cursor = over ? "pointer" : correcting && rowAt(y).row === "lane" ? "copy" : "default";
      return;
    }
    const sideways = Math.abs(x - pointer.x) > STILL;
    if (sideways || Math.abs(y - pointer.y) > STILL) pointer.moved = true;
    if (!pointer.moved) return;
    if (this.down.size === 2) this._pinch(event, pointer);
    else if (rowAt(pointer.y).row === "overview") this._overview(x);
    else if (correcting && pointer.hit) {
      pointer.sideways ||= sideways;
      this.editor.drag(pointer.hit, pointer.sideways ? (x - pointer.x) * (this.view.span / this.view.width) : 0, rowAt(y).name);
    } else this._scroll(pointer.start - ((x - pointer.x) / this.view.width) * this.view.span);
  }

  _pinch(event, pointer) {
    const other = [...this.down.values()].find((each) => each !== pointer);
    other.moved = true;
    const before = Math.abs((pointer.last ?? pointer.x) - other.x);
    const after = Math.abs(event.offsetX - other.x);
    pointer.last = event.offsetX;
    if (before > 10 && after > 10) this.editor.zoom(before / after, this.view.seconds(other.x));
  }

  _up(event, cancelled = false) {
    const { editor, view } = this;
    const pointer = this.down.get(event.pointerId);
    this.down.delete(event.pointerId);
    editor.drop(!pointer || cancelled);
    if (!pointer || cancelled || pointer.moved) return;
    const { row, name } = rowAt(pointer.y);
    if (row === "overview") {
      this._overview(pointer.x);
      editor.go((pointer.x / view.width) * view.duration);
      return;
    }
    if (row === "lane") editor.lane = name;
    const seconds = Math.min(Math.max(view.seconds(pointer.x), 0), view.duration);
    if (row === "lane" && editor.correcting && editor.song) {
      if (pointer.hit) editor.remove(pointer.hit);
      else editor.add(name, seconds);
    } else if (pointer.hit) editor.choose(pointer.hit);
    else editor.go(seconds);
  }
}
