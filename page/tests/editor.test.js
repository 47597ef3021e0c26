import assert from "node:assert/strict";
import { test } from "node:test";

import { CLASSES } from "../src/constants.js";
import { History } from "../src/editor/history.js";
import { clock, rowAt, ROWS } from "../src/editor/lanes.js";
import { click, drum, rendered } from "../src/editor/sounds.js";
import { View } from "../src/editor/view.js";

test("what was undone can be redone until something else is done, and is said", () => {
  const history = new History("a");
  history.do("b", "to b");
  history.do("c", "to c");
  assert.deepEqual([history.undo(), history.present], ["to c", "b"]);
  assert.deepEqual([history.redo(), history.present], ["to c", "c"]);
  history.undo();
  history.do("d", "to d");
  assert.equal(history.redo(), null);
  assert.deepEqual([history.undo(), history.undo(), history.undo()], ["to d", "to b", null]);
  assert.equal(history.present, "a");
});

test("steps of one kind that follow each other are undone together", () => {
  const history = new History(0);
  history.do(1, "threshold 1", "slider");
  history.do(2, "threshold 2", "slider");
  history.do(3, "another", "other slider");
  history.do(4, "threshold 4", "slider");
  assert.deepEqual([history.undo(), history.present], ["threshold 4", 3]);
  assert.deepEqual([history.undo(), history.present], ["another", 2]);
  assert.deepEqual([history.undo(), history.present], ["threshold 2", 0]);
  history.redo();
  history.do(5, "threshold 5", "slider");
  assert.deepEqual([history.undo(), history.present], ["threshold 5", 2], "what came back by undo or redo is a step of its own");
});

test("zooming keeps the place under the pointer, and stays inside the recording", () => {
  const view = new View();
  view.open(60);
  view.width = 1_000;
  assert.equal(view.span, 10);
  view.moveTo(20);
  const before = view.x(23);
  view.zoom(0.5, 23);
  assert.ok(Math.abs(view.x(23) - before) < 1e-9);
  view.zoom(1_000);
  assert.deepEqual([view.start, view.span], [0, 60]);
  view.zoom(1e-9);
  assert.equal(view.span, 0.5);
  view.moveTo(1_000);
  assert.equal(view.end, 60);
});

test("a time that is not seen is turned to", () => {
  const view = new View();
  view.open(60);
  assert.equal(view.reveal(5), false);
  assert.equal(view.reveal(35), true);
  assert.ok(view.start < 35 && view.end > 35);
});

test("each lane has its row", () => {
  const top = ROWS.overview + ROWS.ruler + ROWS.wave;
  assert.equal(rowAt(3).row, "overview");
  assert.equal(rowAt(top - 1).row, "wave");
  CLASSES.forEach((name, i) => assert.deepEqual(rowAt(top + (i + 0.5) * ROWS.lane), { row: "lane", name }));
});

test("times are written as minutes and seconds", () => {
  assert.deepEqual([clock(0), clock(59.96, 1), clock(125.25, 2), clock(3.0004, 3)], ["0:00", "1:00.0", "2:05.25", "0:03.000"]);
});

test("clicks and strokes reach full scale, begin at their onset, and are the same each time", () => {
  for (const name of CLASSES) {
    for (const make of [click, drum]) {
      const sound = make(name, 44_100);
      assert.ok(Math.abs(Math.max(...sound.map(Math.abs)) - 1) < 1e-6);
      assert.deepEqual(make(name, 44_100), sound);
    }
  }
  const sounds = Object.fromEntries(CLASSES.map((name) => [name, drum(name, 8_000)]));
  const [mixture] = rendered(null, [{ name: "KD", seconds: 0.5, velocity: 100 }], sounds, 8_000, 1);
  assert.ok(mixture.subarray(0, 3_999).every((sample) => sample === 0));
  assert.ok(Math.abs(Math.max(...mixture.map(Math.abs)) - 0.95) < 1e-6);
});
