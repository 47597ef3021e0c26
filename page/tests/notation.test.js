import assert from "node:assert/strict";
import { test } from "node:test";

import { MIDI_PITCH } from "../src/constants.js";
import { toCsv, toJson } from "../src/files/tables.js";
import { toWav } from "../src/files/wav.js";
import { withRepetition } from "../src/hearing/repetition.js";
import { trackBeats } from "../src/notation/beat_tracking.js";
import { Beats } from "../src/notation/beats.js";
import { crc32, songMidi } from "../src/notation/midi_file.js";
import { placeWords } from "../src/notation/places.js";
import { toMusicXml } from "../src/notation/musicxml.js";
import { DIVISIONS, songPattern } from "../src/notation/patterns.js";
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

test("bars begin where it is said, and beats are halved and doubled around them", () => {
  const song = songs[0].song.with({ tracked: songs[0].beats });
  const { times } = song.beats;
  const first = times[6] + 0.04;
  const moved = song.with({ bars: { tempo: 1, first } }).beats;
  assert.equal(moved.positions[6], 1);
  assert.deepEqual(moved.positions.slice(1, 7), [4, 1, 2, 3, 4, 1]);
  assert.deepEqual(moved.times, times);
  const fast = song.with({ bars: { tempo: 2, first } }).beats;
  assert.ok(Math.abs(fast.bpm / song.beats.bpm - 2) < 0.02);
  assert.equal(fast.positions[fast.times.indexOf(times[6])], 1);
  assert.equal(fast.positions[fast.times.indexOf(times[8])], 1, "a bar is half as long");
  const bar = song.beats.positions.indexOf(1);
  assert.equal(song.with({ bars: { tempo: 2, first: null } }).beats.positions[2 * bar], 1, "bars that began still begin");
  const slow = song.with({ bars: { tempo: 1 / 2, first: null } }).beats;
  assert.equal(slow.positions[slow.times.indexOf(times[bar])], 1);
  assert.ok(slow.times.at(-1) >= times.at(-1));
  assert.equal(song.with({ bars: { tempo: 4, first: null } }).beats.times.length, 4 * times.length - 3);
});

test("places in bars are those of the sheet music", () => {
  const song = songs[0].song.with({ tracked: songs[0].beats });
  const pattern = songPattern(song.events, song.beats);
  const placed = new Set(
    song.events.map((event) => {
      const { bar, beat, part } = song.place(event);
      return ((bar - 1) * 4 + beat - 1) * DIVISIONS + part;
    }),
  );
  assert.deepEqual(placed, new Set(pattern.hits.map((hit) => hit.at)));
  assert.equal(placeWords({ bar: 3, beat: 2, part: DIVISIONS / 2 }), "bar 3, beat 2 +");
  assert.equal(placeWords({ bar: 1, beat: 4, part: (2 * DIVISIONS) / 3 }), "bar 1, beat 4 ⅔");
  assert.equal(placeWords(null), "");
  const bar = song.beats.positions.indexOf(1);
  const later = song.beats.positions.indexOf(1, bar + 1);
  assert.equal(song.barNumber(later), song.barNumber(bar) + 1);
  assert.equal(
    songs
      .at(-1)
      .song.with({ tracked: songs.at(-1).beats })
      .place({}),
    null,
    "too few onsets for beats",
  );
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

test("JSON holds every onset", () => {
  const { expected, beats } = songs[0];
  const places = expected.events.map(() => ({ bar: 3, beat: 2, part: DIVISIONS / 2 }));
  const read = JSON.parse(toJson({ ...expected, beats, places, thresholds: {}, model: "adt" }));
  assert.equal(read.onsets.length, expected.events.length);
  assert.deepEqual([read.onsets[0].bar, read.onsets[0].beat], [3, 2.5]);
  assert.equal(read.onsets[0].seconds, expected.events[0].seconds);
});

test("channels alternate in a wav file", () => {
  const view = new DataView(toWav([Float32Array.from([0, 1]), Float32Array.from([-1, 0])], 8_000).buffer);
  assert.equal(view.getUint16(22, true), 2);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => view.getInt16(44 + 2 * i, true)),
    [0, -32_767, 32_767, 0],
  );
});

test("a sound is a wav file of 16 bits", () => {
  const bytes = toWav([Float32Array.from([0, 1, -1, 2])], 44_100);
  const view = new DataView(bytes.buffer);
  assert.equal(String.fromCharCode(...bytes.subarray(0, 4)), "RIFF");
  assert.equal(view.getUint32(40, true), 8);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => view.getInt16(44 + 2 * i, true)),
    [0, 32_767, -32_767, 32_767],
  );
});
