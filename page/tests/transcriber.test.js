import assert from "node:assert/strict";
import { test } from "node:test";

import { prepare as prepared } from "../src/hearing/prepare.js";
import { Transcriber } from "../src/hearing/transcriber.js";

/** A worker whose `answer` is called with each message and a function that sends one back. */
class FakeWorker extends EventTarget {
  constructor(answer) {
    super();
    Object.assign(this, { answer, terminated: false });
  }

  terminate() {
    this.terminated = true;
  }

  /** It could not be loaded: an error without words, at a time when perhaps nobody asks it. */
  static broken() {
    const worker = new FakeWorker(() => {});
    setTimeout(() => {
      const event = new Event("error");
      worker.onerror?.(event);
      worker.dispatchEvent(event);
    });
    return worker;
  }

  postMessage(message) {
    this.answer(message, (data) => {
      if (this.terminated) return;
      const event = Object.assign(new Event("message"), { data });
      this.onmessage?.(event);
      this.dispatchEvent(event);
    });
  }
}

const cut = (count) =>
  Array.from({ length: count }, (_, i) => ({
    low: i ? 50 : 0,
    high: i === count - 1 ? 150 : 350,
    at: i ? 350 + 300 * (i - 1) : 0,
  }));

const METADATA = { name: "adt", frames: 400, margin: 50 };

/** By default three windows of 750 frames; window i holds the value `channels[0][0]` + i. */
function prepare(windows = cut(3)) {
  const frames = windows.at(-1).at + 100;
  return new FakeWorker(({ id, channels, window }, send) => {
    assert.deepEqual(window, { frames: 400, margin: 50 }); // those of the model
    setTimeout(() => {
      send({ id, kind: "waveform", peaks: new Float32Array(frames) });
      send({ id, kind: "sound", frames, seconds: frames / 100 });
      windows.forEach((window, i) =>
        send({ id, kind: "window", ...window, features: new Float32Array(400 * 84).fill(channels[0][0] + i) }),
      );
      send({ id, kind: "energies", energies: new Float32Array(frames * 5).fill(3), at: 0 });
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

const make = (delay) => new Transcriber({ prepare: () => prepare(), network: () => network(delay) });

function assertHeard(found, value) {
  const expected = Float32Array.from({ length: 750 * 5 }, (_, i) => value + (i < 1_750 ? 0 : i < 3_250 ? 1 : 2));
  assert.deepEqual(found.activations, expected);
}

const MANY = cut(40);
const firsts = ({ activations }) => MANY.map(({ at }) => activations[5 * at]);

test("windows are put in their place, whichever of three networks comes first", async () => {
  const [made, delays] = [[], [30, 1, 12, 5]];
  const delay = () => {
    delays.push(delays.shift());
    return delays[0];
  };
  const transcriber = new Transcriber({
    prepare: () => prepare(MANY),
    network: () => made[made.push(network(delay)) - 1],
  });
  transcriber.nWorkers = 3;
  const progress = [];
  const found = await transcriber.hear(
    [Float32Array.from([7])],
    44_100,
    ({ heard }) => heard !== undefined && progress.push(heard),
  );
  assert.equal(made.length, 3);
  assert.deepEqual(
    firsts(found),
    MANY.map((_, i) => 7 + i),
  );
  assert.equal(found.energies[0], 3);
  assert.deepEqual(
    progress.toSorted((a, b) => a - b),
    progress,
  );
  assert.equal(progress.at(-1), MANY.at(-1).at + 100);
});

test("where one more network cannot be loaded, those at work go on", async () => {
  const made = [];
  const one = () => made[made.push(made.length ? FakeWorker.broken() : network(() => 3)) - 1];
  const transcriber = new Transcriber({ prepare: () => prepare(MANY), network: one });
  transcriber.nWorkers = 3;
  assert.equal(firsts(await transcriber.hear([Float32Array.from([0])], 44_100)).at(-1), 39);
  assert.deepEqual(
    made.map(({ terminated }) => terminated),
    [false, true],
  );
});

test("a worker that could not be loaded is said, and another one is tried", async () => {
  const makers = [FakeWorker.broken, FakeWorker.broken, prepare];
  const transcriber = new Transcriber({ prepare: () => makers.shift()(), network: () => network(() => 1) });
  await new Promise((done) => setTimeout(done, 5)); // the first one fails before it is needed
  await assert.rejects(transcriber.hear([new Float32Array(1)], 44_100), /a part of the page could not be loaded/);
  assertHeard(await transcriber.hear([new Float32Array(1)], 44_100), 0);

  const counters = [prepare, FakeWorker.broken, () => new FakeWorker(({ id }, send) => send({ id, kind: "beats", times: [1] }))];
  const counting = new Transcriber({ prepare: () => counters.shift()(), network: () => network(() => 1) });
  await assert.rejects(counting.beats([], 1), /could not be loaded/);
  assert.deepEqual((await counting.beats([], 1)).times, [1]);

  const networks = [FakeWorker.broken, () => network(() => 1)];
  const loading = new Transcriber({ prepare: () => prepare(), network: () => networks.shift()() });
  await assert.rejects(loading.load(), /could not be loaded/);
  assert.deepEqual(await loading.load(), METADATA);
});

test("a recording that nobody wants any more is not prepared to its end", async () => {
  const made = [];
  const makers = [() => new FakeWorker(() => {}), prepare]; // the first never comes to its end
  const transcriber = new Transcriber({ prepare: () => made[made.push(makers.shift()()) - 1], network: () => network(() => 1) });
  const refused = assert.rejects(transcriber.hear([Float32Array.from([1])], 44_100), /cancelled/);
  await new Promise((done) => setTimeout(done, 20));
  assertHeard(await transcriber.hear([Float32Array.from([100])], 44_100), 100);
  await refused;
  assert.deepEqual(
    made.map(({ terminated }) => terminated),
    [true, false],
  );
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
      setTimeout(() =>
        send(kind === "load" ? { kind: "ready", metadata: METADATA } : { kind: "failed", id, message: "no memory" }),
      ),
    );
  const transcriber = new Transcriber({ prepare: () => prepare(), network: broken });
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
