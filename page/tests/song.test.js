import assert from "node:assert/strict";
import { test } from "node:test";

import { CLASSES } from "../src/constants.js";
import { edited, Song } from "../src/song.js";
import { windowsOf } from "../src/hearing/windows.js";
import { fixture, numbers } from "./fixture.js";

test("corrections by hand are applied as in Python", () => {
  const { picked, edits, times, by_hand: byHand } = fixture("corrections");
  const found = edited(picked, edits);
  assert.deepEqual(found.times, times);
  const listed = found.byHand.flatMap((map, column) => [...map].map(([seconds, edit]) => [column, seconds, edit.velocity]));
  assert.deepEqual(listed, byHand);
});

test("corrections outlast a change of thresholds, and change nothing else", () => {
  const expected = fixture("notation")[0];
  const song = new Song({ ...expected, activations: numbers(expected.activations), energies: numbers(expected.energies) });
  const [first] = song.events;
  const changed = song.remove(first).add("TT", 2.005, 77).withThreshold("HH", 1);
  assert.equal(changed.counts.HH, song.activations.some((value, i) => i % 5 === 3 && value >= 1) ? changed.counts.HH : 0);
  assert.ok(!changed.events.some((event) => event.name === first.name && event.seconds === first.seconds));
  assert.equal(changed.events.find((event) => event.byHand).velocity, 77);
  assert.equal(song.counts.HH, expected.events.filter((event) => event.name === "HH").length);
});

test("windows of a recording are those of Python", () => {
  for (const { frames, margin, count, windows } of fixture("windows")) {
    const column = Float32Array.from({ length: count * 84 }, (_, i) => Math.floor(i / 84) + 1);
    const found = [];
    const cutter = windowsOf({ frames, margin }, (cut) => found.push([cut.features[0] - 1, cut.low, cut.high]));
    for (let at = 0; at < column.length; at += 84 * 130) cutter.add(column.subarray(at, at + 84 * 130));
    cutter.finish();
    assert.deepEqual(found, windows, `${count} frames in windows of ${frames}`);
  }
});

test("the classes have the order of the package", () => assert.deepEqual(CLASSES, ["KD", "SD", "TT", "HH", "CY"]));
