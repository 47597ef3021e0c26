import assert from "node:assert/strict";
import { test } from "node:test";

import { repaired, RumbleFilter } from "../src/audio/defects.js";
import { leastKept, Mixer } from "../src/audio/downmix.js";
import { bandCentres, Features, logFilterbank } from "../src/audio/features.js";
import { RealFourier } from "../src/audio/fourier.js";
import { Measured, normalised } from "../src/audio/normalise.js";
import { resampled } from "../src/audio/resample.js";
import { SAMPLE_RATE } from "../src/constants.js";
import { close, fixture, numbers } from "./fixture.js";

const expected = fixture("audio");
const mono = numbers(expected.mono);
const right = mono.toReversed();
const f = Math.fround;

function joined(parts) {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function mixture(...channels) {
  const mixer = new Mixer(SAMPLE_RATE);
  const part = (from, to) => channels.map((channel) => channel.subarray(from, to));
  const blocks = [mixer.finish(part(0, 15_000)), mixer.finish(part(15_000)), mixer.finish(null)];
  assert.equal(blocks[0], null);
  return joined(blocks.slice(1)).filter((_, i) => i % 17 === 0);
}

test("the transform is the sum of its definition", () => {
  const [size, samples] = [16, Float32Array.from({ length: 16 }, (_, i) => Math.sin(i * i))];
  const fourier = new RealFourier(size);
  fourier.forward(samples, 0, new Float32Array(size).fill(1));
  for (let bin = 0; bin <= size / 2; bin++) {
    let [real, imaginary] = [0, 0];
    samples.forEach((sample, n) => {
      real += sample * Math.cos((2 * Math.PI * bin * n) / size);
      imaginary -= sample * Math.sin((2 * Math.PI * bin * n) / size);
    });
    close([fourier.real[bin], fourier.imaginary[bin]], [real, imaginary], 1e-6, `bin ${bin}`);
  }
});

test("each of 84 filters sums to 1", () => {
  const sums = logFilterbank().map(({ weights }) => weights.reduce((a, b) => a + b, 0));
  close(sums, new Array(84).fill(1), 1e-6);
  close(bandCentres(), numbers(expected.centres), 1e-6);
});

test("features are those of Python, whatever blocks the samples come in", () => {
  for (const size of [mono.length, 441, 1_000, 7_777]) {
    const features = new Features();
    const parts = [];
    for (let at = 0; at < mono.length; at += size) parts.push(features.add(mono.subarray(at, at + size)));
    close(joined([...parts, features.finish()]), numbers(expected.features), 2e-6, `blocks of ${size}`);
  }
});

test("an empty recording has no features", () => {
  assert.equal(new Features().finish().length, 0);
});

test("channels are averaged, and where they cancel their energies are summed", () => {
  const wide = mono.map((sample, i) => f(f(f(0.05) * right[i]) - sample));
  close([leastKept([mono, right], SAMPLE_RATE), leastKept([mono, wide], SAMPLE_RATE)], expected.kept, 1e-3);
  close(mixture(mono, right), numbers(expected.stereo), 1e-6, "stereo");
  close(mixture(mono, wide), numbers(expected.wide), 1e-5, "out of phase");
  close(
    mixture(
      mono,
      mono.map((sample) => -sample),
      right.map((sample) => f(0.3) * sample),
    ),
    numbers(expected.three),
    1e-5,
    "three channels",
  );
});

test("levels are measured without pauses, events, clicks and rumble", () => {
  const soft = Float32Array.from({ length: 4 * SAMPLE_RATE }, (_, i) => f(0.004) * mono[i % mono.length]);
  for (let i = 0; i < 2_000; i++) soft[2 * SAMPLE_RATE + i] = i % 2 ? -0.9 : 0.9;
  const clicked = mono.slice();
  clicked.set([9, -30, 25, -12], 20_000);
  const rumbling = mono.map((sample) => f(f(0.1) * sample) + f(0.4));
  for (const [name, samples] of Object.entries({ mono, soft, clicked, rumbling })) {
    const measured = new Measured(samples);
    assert.ok(Math.abs(measured.gain / expected.levels[name].gain - 1) < 1e-5, `${name}: ${measured.gain}`);
    assert.equal(measured.rumbles, expected.levels[name].rumbles, name);
  }
});

test("clicks are drawn over, rumble is filtered", () => {
  const clicked = mono.slice();
  clicked.set([9, -30, 25, -12], 20_000);
  const { block, found } = repaired(clicked, SAMPLE_RATE);
  assert.deepEqual(found, expected.repaired_at);
  close(block.subarray(19_900, 20_100), numbers(expected.repaired), 1e-6);
  assert.equal(repaired(mono, SAMPLE_RATE).block, mono);
  const filter = new RumbleFilter();
  const rumbling = mono.map((sample) => f(f(0.1) * sample) + f(0.4));
  const filtered = joined([filter.filter(rumbling.subarray(0, 9_000)), filter.filter(rumbling.subarray(9_000))]);
  close(
    filtered.filter((_, i) => i % 17 === 0),
    numbers(expected.without_rumble),
    1e-5,
  );
});

test("a recording comes at the common level, and what was removed is said", () => {
  const blocks = joined([...normalised(mono, 10_000)]);
  close(
    blocks.filter((_, i) => i % 17 === 0),
    numbers(expected.normalised),
    1e-6,
  );
  const remarks = {};
  assert.ok(
    [
      ...normalised(
        mono.map((sample) => 0.1 * sample + 0.4),
        10_000,
        remarks,
      ),
    ].length,
  );
  assert.equal(remarks.rumble, true);
});

test("other rates are resampled as soxr does", () => {
  for (const [rate, values] of Object.entries(expected.resampled)) {
    const found = resampled(mono, Number(rate))
      .subarray(1_000, 9_000)
      .filter((_, i) => i % 7 === 0);
    close(found, numbers(values), 1.5e-3, `${rate} Hz`);
  }
  assert.equal(resampled(mono, SAMPLE_RATE), mono);
});
