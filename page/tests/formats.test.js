import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { inShiftJis, shiftJis } from "../src/files/shift_jis.js";
import { Beats } from "../src/notation/beats.js";
import { dtx } from "../src/notation/dtx.js";
import { fixed } from "../src/numbers.js";
import { formats, moreFormats } from "../src/page/saving.js";
import { bytesOf, fixture, numbers } from "./fixture.js";

const { songs, decimals, shift_jis: everyCharacter } = fixture("formats");

for (const expected of songs) {
  test(`files for other programs have the bytes of Python's: ${JSON.stringify(expected.name)}`, () => {
    const { name, duration, model, events, sound } = expected;
    const beats = new Beats([...numbers(expected.beats)], expected.positions);
    const song = { name, duration, model, events, beats, plain: { name, duration, model } };
    const tried = new Set();
    for (const { kind, quantise, data } of expected.files) {
      const page = { grid: () => quantise, recording: () => ({ file: sound }) };
      const { make } = [...formats(page), ...moreFormats(page)].find(({ suffix }) => suffix === `.${kind}`);
      const made = make(song);
      const found = typeof made === "string" ? new TextEncoder().encode(made) : made;
      const [ours, theirs] = [found, bytesOf(data)].map((bytes) => new TextDecoder("latin1").decode(bytes));
      assert.equal(ours, theirs, `${kind} on ${quantise}`);
      tried.add(`.${kind}`);
    }
    for (const { suffix } of moreFormats({})) assert.ok(tried.has(suffix), `${suffix} is compared`);
  });
}

test("decimals are rounded as by Python", () => {
  for (const [value, digits, text] of decimals) assert.equal(fixed(value, digits), text, `${value} to ${digits}`);
});

test("Shift JIS has the bytes of Python's for every character", () => {
  let every = "";
  for (let code = 0; code < 0x11000; code++) if (code < 0xd800 || code >= 0xe000) every += String.fromCodePoint(code);
  assert.equal(createHash("sha256").update(shiftJis(every)).digest("hex"), everyCharacter);
  assert.ok(inShiftJis("東京 〜.wav") && !inShiftJis("♥"));
});

test("a song with more tempos than a .dtx can number is refused in a sentence", () => {
  const times = Array.from({ length: 1_400 }, (_, i) => i / 2 + 0.02 * (i % 2) + 0.00001 * i ** 2);
  const positions = times.map((_, i) => (i % 4) + 1);
  const beats = new Beats(times, positions);
  assert.throws(() => dtx({ events: [], beats, name: "" }), /more than 1,295 tempos/);
});
