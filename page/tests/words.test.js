import assert from "node:assert/strict";
import { test } from "node:test";

import { doubt, remarks, summary, titleOf, unheard } from "../src/page/words.js";

const SOUND = { sampleRate: 44_100, duration: 65 };
const recording = (more = {}) => ({ sound: SOUND, stated: null, silent: false, remarks: {}, ...more });
const counts = { KD: 1, SD: 0, TT: 0, HH: 0, CY: 0 };
const song = { duration: 65, events: [{}], counts, beats: { found: true, bpm: 99.6 } };
const empty = { ...song, events: [], counts: { ...counts, KD: 0 }, beats: { found: false, bpm: 120 } };

test("a song is summed up in a line", () => {
  assert.equal(
    summary(song, recording()),
    "1:05, 1 onset (kick drum 1, snare drum 0, toms 0, hi-hat 0, cymbals 0); 100 beats a minute.",
  );
  assert.match(summary(empty, recording()), /too few for a tempo: 120 is written; no drums were heard/);
  const doubled = { ...empty, beats: { found: false, bpm: 240 } };
  assert.match(summary(doubled, recording()), /too few for a tempo: 240 is written/);
  assert.doesNotMatch(summary({ ...song, beats: null }, recording()), /tempo|beats/);
});

test("what is odd about a recording is said", () => {
  assert.deepEqual(remarks(song, recording()), []);
  assert.deepEqual(remarks(empty, recording({ silent: true })), ["it is silent"]);
  assert.match(remarks(empty, recording())[0], /no drums were heard: lower thresholds/);
  assert.match(remarks(song, recording({ stated: 250 }))[0], /it is cut: its header says 4:10/);
  assert.deepEqual(remarks(song, recording({ stated: 65.05 })), []);
  assert.match(remarks(song, recording({ sound: { ...SOUND, sampleRate: 8_000 } }))[0], /rate of 8 kHz holds nothing above 4 kHz/);
  const mended = { cancelled: 2, rumble: true, clicks: [1], outOfRange: [2, 3] };
  assert.equal(remarks(song, recording({ remarks: mended })).length, 3);
  assert.match(remarks(song, recording({ remarks: mended })).join(), /for 2.0 s its channels cancel.*rumble.*3 clicks/);
  assert.deepEqual(remarks(song, recording({ remarks: { clicks: [1] } })), ["1 click far louder than the music was replaced"]);
});

test("corrections of another file are doubted, of the same file never, also where no file is known by its content", () => {
  const of = (sha256, file = "a.wav") => ({ file, sha256 });
  assert.equal(doubt("c.json", of("1"), of("1", "b.wav")), "");
  assert.match(doubt("c.json", of("1"), of("2")), /^c.json was made with another file, a.wav, of the same length/);
  assert.equal(doubt("c.json", of(null), of(null)), "");
  assert.equal(doubt("c.json", of("1"), of(null)), "");
  assert.match(doubt("c.json", of(null), of(null, "b.wav")), /another file, a.wav/);
});

test("what is not heard to its end is waited for, or chosen again", () => {
  assert.match(unheard(null), /wait a moment/);
  assert.match(unheard({ heard: false }), /wait a moment/);
  assert.match(unheard({ heard: false, failed: true }), /could not be heard to its end: choose it again/);
  assert.equal(unheard({ heard: true }), "");
});

test("a song whose title is empty is called like its file", () => {
  assert.deepEqual([titleOf("  ", { stem: "take 1" }), titleOf(" Mine", { stem: "take 1" })], ["take 1", "Mine"]);
});
