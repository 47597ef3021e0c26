import assert from "node:assert/strict";
import { test } from "node:test";

import { bandEnergies, onsetEnergies, velocities } from "../src/onsets/energies.js";
import { withRests } from "../src/hearing/rests.js";
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

test("where nobody drums is where Python says so", () => {
  const { activations, picking, rates, edges, lowered } = fixture("rests");
  const given = numbers(activations);
  const every = rates.map((rests) => withRests(given, { peak_picking: picking, rests }));
  every.forEach((seen, i) => {
    const lower = [...given.keys()].filter((at) => seen[at] < given[at]).map((at) => Math.floor(at / 5));
    const [first, last, count] = edges[i].length ? edges[i] : [0, 0, 0];
    assert.equal(new Set(lower).size, count, `rate ${rates[i]}`);
    assert.ok(lower.every((frame) => frame >= first && frame <= last));
  });
  assert.deepEqual([...every[2].filter((_, i) => Math.floor(i / 5) % 37 === 0)], [...numbers(lowered)]);
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
