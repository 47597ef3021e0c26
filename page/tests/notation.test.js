import assert from "node:assert/strict";
import { test } from "node:test";

import { MIDI_PITCH } from "../src/constants.js";
import { toCsv, toJson, toLabels } from "../src/files/tables.js";
import { toWav } from "../src/files/wav.js";
import { withRepetition } from "../src/hearing/repetition.js";
import { trackBeats } from "../src/notation/beat_tracking.js";
import { Beats } from "../src/notation/beats.js";
import { crc32, songMidi } from "../src/notation/midi_file.js";
import { toMusicXml } from "../src/notation/musicxml.js";
import { songPattern } from "../src/notation/patterns.js";
import { Song } from "../src/song.js";
import { bytesOf, close, fixture, numbers } from "./fixture.js";

const songs = fixture("notation").map((expected) => ({
  expected,
  song: new Song({ ...expected, activations: numbers(expected.activations), energies: numbers(expected.energies), model: "adt" }),
  beats: new Beats([...numbers(expected.beats)], expected.positions, expected.found),
}));

test("onsets, velocities and confidences are those of Python", () => {
  for (const { expected, song } of songs) {
    assert.deepEqual(
      song.events.map(({ seconds, name, velocity }) => ({ seconds, name, velocity })),
      expected.events.map(({ seconds, name, velocity }) => ({ seconds, name, velocity })),
    );
    close(
      song.events.map((event) => event.confidence),
      expected.events.map((event) => event.confidence),
      1e-6,
    );
  }
});

test("beats and bar lines are those of Python", () => {
  for (const { expected, song, beats } of songs) {
    const tracked = trackBeats(song.onsets, expected.duration);
    close(tracked.times, beats.times, 1e-9, expected.name);
    assert.deepEqual(tracked.positions, beats.positions);
    assert.equal(tracked.found, beats.found);
  }
});

test("other bars are taken into account as by Python", () => {
  for (const { expected, song, beats } of songs) {
    const seen = withRepetition(song.activations, beats, 0.35).filter((_, i) => Math.floor(i / 5) % 17 === 0);
    close(seen, numbers(expected.second_look), 1e-6, expected.name);
  }
});

test("positions in beats and back", () => {
  const { beats } = songs[0];
  for (const seconds of [-1, 0, 3.21, 12, 100]) assert.ok(Math.abs(beats.seconds(beats.at(seconds)) - seconds) < 1e-9);
});

test("MIDI files have the bytes of Python's", () => {
  for (const { expected, beats } of songs) {
    const { events, duration, name } = expected;
    for (const [kind, quantise] of [
      ["midi", null],
      ["midi16", 16],
      ["midi12", 12],
    ]) {
      const found = songMidi({ events, beats, pitches: MIDI_PITCH, duration, name, quantise, marked: true });
      assert.deepEqual(found, bytesOf(expected[kind]), `${name} ${kind}`);
    }
  }
});

test("checksums are those of zlib", () => assert.equal(crc32("123456789"), 0xcbf43926));

test("tables and sheet music have the characters of Python's", () => {
  for (const { expected, beats } of songs) {
    assert.equal(toCsv(expected.events, MIDI_PITCH), expected.csv);
    assert.equal(toMusicXml(songPattern(expected.events, beats), expected.name), expected.musicxml);
    assert.equal(toMusicXml(songPattern(expected.events, beats, 8), expected.name), expected.musicxml8);
  }
});

test("labels and JSON hold every onset", () => {
  const { expected, beats } = songs[0];
  assert.equal(toLabels(expected.events).trim().split("\n").length, expected.events.length);
  const read = JSON.parse(toJson({ ...expected, beats, thresholds: {}, model: "adt" }));
  assert.equal(read.onsets.length, expected.events.length);
  assert.equal(read.onsets[0].seconds, expected.events[0].seconds);
});

test("a sound is a wav file of 16 bits", () => {
  const bytes = toWav(Float32Array.from([0, 1, -1, 2]), 44_100);
  const view = new DataView(bytes.buffer);
  assert.equal(String.fromCharCode(...bytes.subarray(0, 4)), "RIFF");
  assert.equal(view.getUint32(40, true), 8);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => view.getInt16(44 + 2 * i, true)),
    [0, 32_767, -32_767, 32_767],
  );
});
