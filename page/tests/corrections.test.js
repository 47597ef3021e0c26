import assert from "node:assert/strict";
import { test } from "node:test";

import { checked, contentKey, Kept } from "../src/files/corrections.js";
import { fromJson, toJson } from "../src/files/tables.js";
import { AS_FOUND } from "../src/song.js";
import { FakeStorage } from "./fake_dom.js";

const CORRECTIONS = {
  edits: [{ kind: "add", name: "SD", seconds: 1.25, velocity: 90 }],
  threshold: [0.5, 0.6, 0.7, 0.8, 0.9],
  bars: { tempo: 2, first: 0.5 },
  title: "A song",
};

test("corrections are found again by the content of the recording, whatever its name", async () => {
  const kept = new Kept(new FakeStorage());
  const [key, other] = await Promise.all([contentKey(Uint8Array.from([1, 2])), contentKey(Uint8Array.from([1, 3]))]);
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.ok(kept.write(key, CORRECTIONS, 7));
  assert.deepEqual(kept.read(key), { when: 7, corrections: CORRECTIONS });
  assert.equal(kept.read(other), null);
  assert.deepEqual(kept.keys, [key]);
  assert.throws(() => kept.read(key, 1), /the time of an edit is 1.25/);
  kept.forget(key);
  assert.equal(kept.read(key), null);
  for (const stored of ["null", "3", "{"]) {
    kept.storage.setItem(`adt-corrections-${key}`, stored);
    assert.throws(() => kept.read(key));
  }
});

test("it is known where nothing can be kept: no storage, no room, no way to know a recording", () => {
  assert.equal(new Kept(null).write("key", CORRECTIONS), false);
  assert.equal(new Kept(new FakeStorage(10)).write("key", CORRECTIONS), false);
  assert.equal(new Kept(new FakeStorage()).write(null, CORRECTIONS), false);
  assert.deepEqual([new Kept(null).read("key"), new Kept(null).keys], [null, []]);
  assert.equal(new Kept(new FakeStorage()).read(null), null);
});

const SONG = {
  name: "A song",
  duration: 3,
  model: "adt",
  events: [{ seconds: 1.25, name: "SD", velocity: 90, confidence: 1 }],
  beats: { found: true, bpm: 120, times: [0, 0.5], positions: [1, 2] },
  places: [{ bar: 1, beat: 3, part: 12 }],
  thresholds: {},
  recording: { file: "a.wav", sha256: "0" },
  corrections: CORRECTIONS,
};

test("the page's JSON brings corrections back", () => {
  assert.deepEqual(fromJson(toJson(SONG)), { duration: 3, recording: SONG.recording, corrections: CORRECTIONS });
});

test("other JSON is refused in a sentence", () => {
  assert.throws(() => fromJson("{"), /It is no JSON: it was changed or cut/);
  for (const text of ["[]", "null", '{"onsets": []}']) assert.throws(() => fromJson(text), /It is no JSON that this page saved/);
  for (const change of [{ recording: true }, { recording: { file: 3, sha256: null } }, { duration: "x" }, { corrections: null }])
    assert.throws(() => fromJson(JSON.stringify({ ...SONG, corrections: CORRECTIONS, ...change })), /no JSON that this page saved/);
  const wrong = (change, reason) => {
    const corrections = { ...CORRECTIONS, ...change };
    assert.throws(() => fromJson(JSON.stringify({ ...SONG, corrections })), reason);
  };
  wrong({ edits: [{ kind: "add", name: "XX", seconds: 1 }] }, /the class of an edit is "XX"/);
  wrong({ edits: [{ kind: "hit", name: "KD", seconds: 1 }] }, /the kind of an edit is "hit"/);
  wrong({ edits: [{ kind: "add", name: "KD", seconds: -1 }] }, /the time of an edit is -1/);
  wrong({ edits: [{ kind: "add", name: "KD", seconds: 1, velocity: 128 }] }, /a velocity is 128/);
  wrong({ edits: [{ kind: "add", name: "KD", seconds: 1e7 }] }, /the time of an edit is 10000000/);
  wrong({ edits: [{ kind: "add", name: "KD", seconds: 1, velocity: 64.5 }] }, /a velocity is 64.5/);
  wrong({ edits: [null] }, /an edit is null/);
  wrong({ edits: 3 }, /edits is 3/);
  wrong({ bars: null }, /bars is null/);
  wrong({ bars: { tempo: 1, first: 4 } }, /the time of a bar is 4/);
  wrong({ title: {} }, /the title is \{\}/);
  wrong({ threshold: [0.5] }, /the threshold of SD is undefined/);
  wrong({ bars: { tempo: 3, first: null } }, /the factor of the tempo is 3/);
  wrong({ bars: { tempo: 1, first: "x" } }, /the time of a bar is "x"/);
});

test("what is left out is as it was found", () => {
  const { edits, bars, title } = checked({ threshold: CORRECTIONS.threshold });
  assert.deepEqual([edits, bars, title], [[], AS_FOUND, ""]);
});
