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

test("samples come back from their transform", () => {
  const samples = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i) - 0.3);
  const fourier = new RealFourier(64);
  fourier.forward(samples, 0, new Float32Array(64).fill(1));
  close(fourier.inverse(), samples, 1e-6);
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

test("channels out of phase are mixed about as fast as others", () => {
  const left = Float32Array.from({ length: 10 * SAMPLE_RATE }, (_, i) => mono[i % mono.length]);
  const seconds = (other) => {
    const [mixer, begun] = [new Mixer(SAMPLE_RATE), performance.now()];
    mixer.finish([left, other]);
    mixer.finish(null);
    return performance.now() - begun;
  };
  const alike = seconds(left.map((sample) => 0.5 * sample));
  const inverted = seconds(left.map((sample) => -sample));
  assert.ok(inverted < 4 * alike + 100, `${inverted} ms instead of ${alike} ms`);
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

test("rumble is filtered block by block, so that a long recording needs no more memory", (context) => {
  const filter = context.mock.method(RumbleFilter.prototype, "filter");
  const rumbling = mono.map((sample) => 0.1 * sample + 0.4);
  const whole = new RumbleFilter().filter(rumbling);
  const found = joined([...normalised(rumbling, 10_000, {})]);
  const sizes = filter.mock.calls.slice(1).map(({ arguments: [block] }) => block.length);
  assert.ok(sizes.length > 1 && sizes.every((size) => size <= 10_000));
  const gain = found[5_000] / whole[5_000];
  close(
    found,
    whole.map((sample) => gain * sample),
    1e-4,
  );
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
