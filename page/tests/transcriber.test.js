import assert from "node:assert/strict";
import { test } from "node:test";

import { prepare as prepared } from "../src/hearing/prepare.js";
import { Transcriber } from "../src/hearing/transcriber.js";

/** A worker whose `answer` is called with each message and a function that sends one back. */
class FakeWorker extends EventTarget {
  constructor(answer) {
    super();
    this.answer = answer;
  }

  postMessage(message) {
    this.answer(message, (data) => {
      const event = Object.assign(new Event("message"), { data });
      this.onmessage?.(event);
      this.dispatchEvent(event);
    });
  }
}

const WINDOWS = [
  { low: 0, high: 350, at: 0 },
  { low: 50, high: 350, at: 350 },
  { low: 50, high: 150, at: 650 },
];

const METADATA = { name: "adt", frames: 400, margin: 50 };

/** Three windows of 750 frames; window i holds the value `channels[0][0]` + i. */
function prepare() {
  return new FakeWorker(({ id, channels, window }, send) => {
    assert.deepEqual(window, { frames: 400, margin: 50 }); // those of the model
    setTimeout(() => {
      send({ id, kind: "waveform", peaks: new Float32Array(750) });
      send({ id, kind: "sound", frames: 750, seconds: 7.5 });
      WINDOWS.forEach((window, i) =>
        send({ id, kind: "window", ...window, features: new Float32Array(400 * 84).fill(channels[0][0] + i) }),
      );
      send({ id, kind: "energies", energies: new Float32Array(750 * 5).fill(3), at: 0 });
      send({ id, kind: "remarks", remarks: {} });
      send({ id, kind: "prepared" });
    });
  });
}

function network(delay) {
  return new FakeWorker(({ id, kind, features, count }, send) => {
    if (kind === "load") setTimeout(() => send({ kind: "ready", metadata: METADATA }), 5);
    else {
      const activations = Float32Array.from({ length: count * 400 * 5 }, (_, i) => features[Math.floor(i / 2_000) * 400 * 84]);
      setTimeout(() => send({ kind: "heard", id, activations }), delay());
    }
  });
}

const make = (delay) => new Transcriber({ prepare, network: () => network(delay) });

function assertHeard(found, value) {
  const expected = Float32Array.from({ length: 750 * 5 }, (_, i) => value + (i < 1_750 ? 0 : i < 3_250 ? 1 : 2));
  assert.deepEqual(found.activations, expected);
}

test("windows are put in their place, whichever comes first", async () => {
  let slow = 40;
  const transcriber = make(() => (slow -= 15));
  transcriber.nWorkers = 3;
  const progress = [];
  const found = await transcriber.hear(
    [Float32Array.from([7])],
    44_100,
    ({ heard }) => heard !== undefined && progress.push(heard),
  );
  assertHeard(found, 7);
  assert.equal(found.energies[0], 3);
  assert.deepEqual(
    progress.toSorted((a, b) => a - b),
    progress,
  );
  assert.equal(progress.at(-1), 750);
});

test("a second recording takes the place of the first", async () => {
  const transcriber = make(() => 20);
  const first = transcriber.hear([Float32Array.from([1])], 44_100);
  const refused = assert.rejects(first, /cancelled/);
  await new Promise((done) => setTimeout(done, 30)); // the network is at work
  const second = await transcriber.hear([Float32Array.from([100])], 44_100);
  assertHeard(second, 100);
  await refused;
});

test("what a worker cannot do is said", async () => {
  const broken = () =>
    new FakeWorker(({ kind, id }, send) =>
      setTimeout(() => send(kind === "load" ? { kind: "ready", metadata: METADATA } : { kind: "failed", id, message: "no memory" })),
    );
  const transcriber = new Transcriber({ prepare, network: broken });
  await assert.rejects(transcriber.hear([new Float32Array(1)], 44_100), /no memory/);
});

test("energies of a long recording follow each other, though a worker gives its arrays away", () => {
  const samples = Float32Array.from({ length: 21 * 44_100 }, (_, i) => Math.sin(i / 9) * Math.sin(i / 9_000));
  const pieces = [];
  let frames = 0;
  prepared([samples], 44_100, { frames: 400, margin: 50 }, (message) => {
    const arrays = [message.features, message.energies, message.peaks].filter(Boolean);
    const sent = structuredClone(message, { transfer: arrays.map((array) => array.buffer) });
    if (sent.kind === "sound") ({ frames } = sent);
    if (sent.kind === "energies") pieces.push([sent.at, sent.at + sent.energies.length / 5]);
  });
  assert.ok(pieces.length > 2);
  assert.deepEqual(
    pieces.map(([begin]) => begin),
    [0, ...pieces.slice(0, -1).map(([, end]) => end)],
  );
  assert.equal(pieces.at(-1)[1], frames);
});
