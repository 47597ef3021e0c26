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

test("a correction leaves the velocities of the other onsets", () => {
  const expected = fixture("notation")[0];
  const song = new Song({ ...expected, activations: numbers(expected.activations), energies: numbers(expected.energies) });
  const before = new Map(song.events.map((event) => [`${event.name} ${event.seconds}`, event.velocity]));
  const snare = song.events.filter((event) => event.name === "SD");
  const loudest = snare.toSorted((a, b) => b.velocity - a.velocity)[0];
  for (const changed of [song.remove(loudest), song.add("SD", loudest.seconds - 0.06), song.add("SD", 0.5)]) {
    for (const event of changed.events)
      if (!event.byHand)
        assert.equal(event.velocity, before.get(`${event.name} ${event.seconds}`), `${event.name} ${event.seconds}`);
  }
});

test("an onset set by hand where nothing rises is as loud as others of its class", () => {
  const energies = new Float32Array(500 * 5);
  const activations = new Float32Array(500 * 5);
  for (const [frame, rise] of [
    [100, 4],
    [200, 5],
    [300, 6],
  ]) {
    activations[frame * 5 + 1] = 0.9;
    energies[frame * 5 + 1] = rise;
  }
  const { picking } = fixture("notation")[0];
  const song = new Song({ name: "", duration: 5, activations, energies, picking });
  assert.equal(song.counts.SD, 3);
  assert.equal(song.velocityAt("SD", 4), song.events[1].velocity);
  assert.equal(song.velocityAt("TT", 4), 100, "without others of its class");
  assert.equal(song.velocityAt("SD", 3), song.events[2].velocity, "where it rises, as it rises");
});

test("an onset is moved to another drum with its velocity", () => {
  const expected = fixture("notation")[0];
  const song = new Song({ ...expected, activations: numbers(expected.activations), energies: numbers(expected.energies) });
  const [first] = song.events;
  const moved = song.move(first, first.seconds, "TT");
  assert.equal(moved.counts[first.name], song.counts[first.name] - 1);
  assert.equal(moved.events.find((event) => event.byHand && event.name === "TT").velocity, first.velocity);
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
