import assert from "node:assert/strict";
import { test } from "node:test";

import { AS_FOUND, Song } from "../src/song.js";
import { element, FakeStorage, fakeBrowser } from "./fake_dom.js";
import { fixture } from "./fixture.js";

fakeBrowser();
const { Editor } = await import("../src/editor/editor.js");
const { Keeping } = await import("../src/page/keeping.js");

const { picking } = fixture("picking").cases[0];
const START = { edits: [], threshold: picking.threshold, bars: AS_FOUND, title: "song" };
const EDITS = [{ kind: "add", name: "SD", seconds: 2, velocity: 90 }];

/** What the page does with a recording of five seconds; `kept`: what is stored of it, as text. heard()  when there is a song. */
function opened(kept, others = {}) {
  const editor = new Editor(element());
  const [storage, title] = [new FakeStorage(), { text: "" }];
  for (const [key, text] of Object.entries({ mine: kept, ...others })) if (text) storage.setItem(`adt-corrections-${key}`, text);
  const elements = { row: element(), words: element(), forget: element("button"), forgetAll: element("button") };
  const keeping = new Keeping({ editor, storage, title: { get: () => title.text, set: (text) => (title.text = text) }, elements });
  const { title: named, ...state } = keeping.begin("mine", START, 5);
  const { title: _, ...start } = START;
  title.text = named;
  editor.open({ peaks: null, seconds: 5, sound: null, start, state });
  editor.addEventListener("change", () => keeping.update());
  const heard = () => {
    editor.show(
      new Song({ name: named, duration: 5, activations: new Float32Array(2_500), energies: new Float32Array(2_500), picking }),
    );
    keeping.update();
  };
  const keys = () => [...storage.entries.keys()];
  return { editor, keeping, title, heard, keys, ...elements };
}

const corrected = (more = {}) => JSON.stringify({ ...START, edits: EDITS, when: 0, ...more });

test("corrections that are back can be forgotten as soon as that can be asked for", () => {
  const { editor, row, words, forget, heard, keys } = opened(corrected());
  assert.ok(row.hidden, "without a song nothing can be undone");
  heard();
  assert.ok(!row.hidden && /^Your corrections of .* are back/.test(words.textContent));
  forget.click();
  assert.equal(words.textContent, "Your corrections are forgotten; Undo brings them back.");
  assert.deepEqual([keys(), editor.song.counts.SD], [[], 0]);
  editor.undo();
  assert.deepEqual([keys(), editor.song.counts.SD], [["adt-corrections-mine"], 1]);
});

test("a title does not come back, and that is said", () => {
  const { title, words, forget, heard, keys } = opened(corrected({ title: "Mine" }));
  heard();
  forget.click();
  assert.equal(words.textContent, "Your corrections are forgotten; Undo brings them back, all but the title.");
  assert.equal(title.text, "song");
  const renamed = opened(corrected({ title: "Mine", edits: [] }));
  renamed.heard();
  renamed.forget.click();
  assert.equal(renamed.words.textContent, "Your corrections are forgotten.");
  assert.deepEqual([keys(), renamed.keys()], [[], []]);
});

test("what cannot be read is deleted, and is not said to come back", () => {
  const { words, forget, heard, keys } = opened("{");
  heard();
  assert.match(words.textContent, /^What was kept of this recording on this device cannot be read/);
  assert.equal(forget.textContent, "Delete it");
  forget.click();
  assert.equal(words.textContent, "What was kept of this recording is deleted.");
  assert.deepEqual(keys(), []);
});

test("of all recordings those of the open one alone are said to come back", () => {
  const { editor, words, forgetAll, heard, keys } = opened(corrected(), { a: corrected(), b: "{" });
  const asked = [];
  globalThis.confirm = (question) => asked.push(question);
  heard();
  assert.equal(forgetAll.textContent, "Forget those of all 3 recordings");
  forgetAll.click();
  assert.match(asked[0], /of 3 recordings on this device\? Those of other recordings than this one cannot be brought back/);
  assert.equal(words.textContent, "The corrections of all 3 recordings are forgotten; Undo brings back those of this one.");
  assert.deepEqual([keys(), editor.song.counts.SD], [[], 0]);
});
