import assert from "node:assert/strict";
import { test } from "node:test";

import { bandEnergies, onsetEnergies, velocities } from "../src/onsets/energies.js";
import { pickPeaks } from "../src/onsets/peak_picking.js";
import { close, fixture, numbers } from "./fixture.js";

test("peaks are those of Python, for every kind of picking", () => {
  const { activations, cases } = fixture("picking");
  for (const { picking, onsets } of cases) assert.deepEqual(pickPeaks(numbers(activations), picking), onsets);
});

test("no frames, no onsets", () => {
  const { cases } = fixture("picking");
  assert.deepEqual(pickPeaks(new Float32Array(0), cases[0].picking), [[], [], [], [], []]);
});

test("velocities follow the rise of energy", () => {
  const expected = fixture("energies");
  const energies = bandEnergies(numbers(expected.features));
  numbers(expected.energies).forEach((value, i) => assert.ok(Math.abs(energies[i] / value - 1) < 1e-5));
  expected.onsets.forEach((times, column) => {
    close(onsetEnergies(energies, column, times), expected.risen[column], 1e-2, `class ${column}`);
    assert.deepEqual(velocities(energies, column, times), expected.velocities[column]);
  });
});
