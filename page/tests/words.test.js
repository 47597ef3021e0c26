import assert from "node:assert/strict";
import { test } from "node:test";

import { remarks, summary } from "../src/page/words.js";

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
});
