import assert from "node:assert/strict";
import { test } from "node:test";

import { AS_FOUND, Song } from "../src/song.js";
import { element, eventOf, fakeBrowser } from "./fake_dom.js";
import { fixture } from "./fixture.js";

const { observers } = fakeBrowser();
const { Editor } = await import("../src/editor/editor.js");
const { Player } = await import("../src/editor/player.js");
const { keysInWords } = await import("../src/editor/keys.js");
const { Thresholds } = await import("../src/page/thresholds.js");
const { leftOut, OnsetTable, secondsOf } = await import("../src/page/table.js");

const { picking } = fixture("picking").cases[0];
const START = { edits: [], threshold: picking.threshold, bars: AS_FOUND };

/** An editor with a song of so many seconds, silent, and onsets of the kick added at some of them. */
function editing(seconds = 9, kicks = [1, 2, 3]) {
  const [activations, energies] = [new Float32Array(500 * seconds), new Float32Array(500 * seconds)];
  const edits = kicks.map((time) => ({ kind: "add", name: "KD", seconds: time, velocity: 100 }));
  const editor = new Editor(element(), { bars: true });
  const sound = { duration: seconds, rate: 44_100, ready: async () => {}, play: () => () => {} };
  editor.open({ peaks: new Float32Array(100 * seconds), seconds, sound, start: START, state: { ...START, edits } });
  editor.show(new Song({ name: "A song", duration: seconds, activations, energies, picking }));
  const press = (key, more = {}) => editor.canvas.dispatchEvent(eventOf("keydown", { key, ...more }));
  return { editor, press };
}

test("a threshold that is moved says its value itself", () => {
  const { editor } = editing();
  const { sliders } = new Thresholds(editor, element());
  const said = [];
  editor.say = (text) => text && said.push(text);
  Object.assign(sliders[3].input, { value: "0.7" }).dispatchEvent(new Event("input"));
  assert.equal(editor.song.thresholds.HH, 0.7);
  assert.deepEqual(said, []);
  editor.adjust({ threshold: picking.threshold }, "thresholds of the model");
  assert.deepEqual(said, ["Thresholds of the model"]);
});

test("Caps Lock changes no key", () => {
  const { editor, press } = editing();
  const undo = (key, shiftKey) => editor.root.dispatchEvent(eventOf("keydown", { key, shiftKey, ctrlKey: true }));
  editor.add("SD", 4);
  undo("Z", false);
  assert.equal(editor.song.counts.SD, 0);
  undo("z", true);
  assert.equal(editor.song.counts.SD, 1);
  undo("z", false);
  undo("Y", false);
  assert.equal(editor.song.counts.SD, 1);
  let bars = 0;
  editor.beginBar = () => bars++;
  press("B");
  assert.equal(bars, 1);
});

test("keys move the playhead by a second and by 10 milliseconds, so that an onset can be added anywhere", () => {
  const { editor, press } = editing();
  for (const [key, shiftKey] of [["l"], ["l"], ["j"], ["L", true], ["L", true], ["J", true]]) press(key, { shiftKey });
  assert.ok(Math.abs(editor.playhead - 1.01) < 1e-9);
  press("ArrowDown");
  press("Enter");
  assert.deepEqual(
    editor.song.events.filter(({ name }) => name === "SD").map(({ seconds }) => seconds),
    [1.01],
  );
  press("Home");
  press("j");
  assert.equal(editor.playhead, 0);
  assert.match(keysInWords(true), /J moves the playhead back by a second, L forth, with Shift by 10 milliseconds/);
});

/** The table of an editor, open, and its fields. */
function tableOf(editor) {
  const [box, place, adding] = [element("details"), element(), { form: element("form"), time: element(), drum: element() }];
  box.open = true;
  const table = new OnsetTable(editor, box, place, adding);
  table.update();
  const add = (time, drum) => {
    Object.assign(adding.time, { value: time });
    Object.assign(adding.drum, { value: drum });
    adding.form.dispatchEvent(eventOf("submit"));
  };
  return { place, add };
}

test("onsets are selected in the table, and added by their time and drum", () => {
  const { editor } = editing();
  const { place, add } = tableOf(editor);
  const [, , select] = place.querySelectorAll("button");
  assert.equal(select.getAttribute("aria-label"), "Select kick drum at 0:02.000");
  select.click();
  assert.equal(editor.selected.seconds, 2);
  add("0:04.5", "SD");
  assert.deepEqual([editor.song.counts.SD, editor.selected.seconds], [1, 4.5]);
  for (const wrong of ["9.1", "x", "1:x", ""]) add(wrong, "SD");
  assert.equal(editor.song.counts.SD, 1);
  assert.match(editor.live.textContent, /"" is no time in this recording: write it as 83.5 or 1:23.5/);
  assert.deepEqual(["83.5", "1:23,5", " 0:07 ", "-1", "1:2:3"].map(secondsOf), [83.5, 83.5, 7, null, null]);
});

test("the table says how many onsets it leaves out", () => {
  const { editor } = editing(
    40,
    Array.from({ length: 350 }, (_, i) => (i + 1) / 10),
  );
  editor.look(0, 40);
  const { place } = tableOf(editor);
  assert.equal(place.querySelectorAll("tr").length, 301);
  assert.match(place.querySelector("caption").textContent, /0:40.0: the first 300 of 350; zoom in to see the others/);
  assert.equal(place.querySelector("p").textContent, "the first 300 of 350; zoom in to see the others.");
  assert.equal(leftOut(300, 300), "");
});

test("each rate has its own context, and what is closed holds nothing", async () => {
  const contexts = [];
  const node = class {
    constructor() {
      this.gain = { setTargetAtTime() {} };
    }
    connect() {}
  };
  Object.assign(globalThis, {
    AudioContext: class {
      constructor({ sampleRate }) {
        Object.assign(this, { sampleRate, currentTime: 0, closed: false });
        contexts.push(this);
      }
      async resume() {}
      close() {
        this.closed = true;
      }
    },
    DynamicsCompressorNode: node,
    GainNode: node,
    AudioBuffer: class {
      copyToChannel() {}
    },
  });
  const player = new Player(() => []);
  const played = async (rate) => {
    player.open({ duration: 5, rate, ready: async () => {}, play: () => () => {} });
    await player.play();
    player.pause();
  };
  for (const rate of [11_025, 11_025, 44_100]) await played(rate);
  assert.deepEqual(
    contexts.map(({ sampleRate, closed }) => [sampleRate, closed]),
    [
      [11_025, true],
      [44_100, false],
    ],
  );
  player.close();
  assert.ok(contexts[1].closed);

  const { editor } = editing();
  assert.ok(observers.at(-1).observing);
  await editor.player.play();
  editor.close();
  assert.ok(!observers.at(-1).observing && contexts.at(-1).closed);
});
