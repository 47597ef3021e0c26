import assert from "node:assert/strict";
import { test } from "node:test";

import { decoded, rateOf, statedSeconds } from "../src/hearing/decode.js";
import { metadataOf } from "../src/hearing/metadata.js";
import { toWav } from "../src/files/wav.js";

const text = (content) => new TextEncoder().encode(content);

test("the rate is read from headers of wav, flac, ogg and mp3", () => {
  assert.equal(rateOf(toWav([new Float32Array(10)], 48_000)), 48_000);
  const flac = new Uint8Array(42);
  flac.set([...text("fLaC"), 0, 0, 0, 34, 16, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 0x00]); // 48,000 in 20 bits
  assert.equal(rateOf(flac), 48_000);
  const opus = new Uint8Array(64);
  opus.set(text("OggS"));
  opus.set(text("OpusHead"), 28);
  assert.equal(rateOf(opus), 48_000);
  assert.equal(rateOf(Uint8Array.from([0xff, 0xfb, 0x98, 0x64, 0, 0])), 32_000); // MPEG 1, third rate
  assert.equal(rateOf(Uint8Array.from([0xff, 0xf3, 0x40, 0x64, 0, 0])), 22_050); // MPEG 2
  assert.equal(rateOf(text("something else")), 44_100);
});

test("how long a whole file is, is read from headers of flac and mp3", () => {
  const flac = new Uint8Array(42);
  flac.set([...text("fLaC"), 0, 0, 0, 34, 16, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 0x00, 0, 0, 7, 0x53, 0x00]); // 480,000 samples
  assert.equal(statedSeconds(flac), 10);
  const mp3 = new Uint8Array(100);
  mp3.set([0xff, 0xfb, 0x90, 0x64]);
  mp3.set([...text("Info"), 0, 0, 0, 1, 0, 0, 1, 0x90], 36); // 400 frames
  assert.equal(statedSeconds(mp3), (400 * 1_152) / 44_100);
  mp3[43] = 0; // no number of frames
  assert.equal(statedSeconds(mp3), null);
  assert.equal(statedSeconds(toWav([new Float32Array(10)], 48_000)), null);
  assert.equal(statedSeconds(new Uint8Array(0)), null);
});

test("rates that browsers do not decode at are left to them", () => {
  assert.equal(rateOf(toWav([new Float32Array(10)], 192_000)), 44_100);
  assert.equal(rateOf(toWav([new Float32Array(10)], 4_000)), 44_100);
});

const refused = (bytes, reason) => assert.rejects(decoded(new Blob([bytes])), reason);

test("what is no recording is said in a sentence", async () => {
  await refused(new Uint8Array(0), /It is empty: copy or download it again/);
  await refused(text("<html>Not found</html>"), /It is text, no recording/);
  await refused(
    text("time_seconds,class,pitch"),
    /It is text, no recording: choose the recording; .* the JSON can be opened again/,
  );
  await refused(text("MThd\0\0\0\x06"), /It is MIDI, no recording/);
  await refused(Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10]), /It is a picture, no recording/);
  const wav = toWav([new Float32Array(44_100)], 44_100);
  await refused(wav.subarray(0, 40_000), /It is cut \(39,956 of 88,200 bytes of samples\)/);
});

test("a file without the metadata of adt pack is refused", () => {
  assert.throws(() => metadataOf(Uint8Array.from([8, 8])), /write it with adt pack --onnx/);
});

test("the metadata is found among other fields of the file", () => {
  const content = { format: 1, features: "madmom", classes: ["KD", "SD", "TT", "HH", "CY"], peak_picking: { delta: 0.1 } };
  const field = (number, bytes) => [
    8 * number + 2,
    ...(bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]),
    ...bytes,
  ];
  const property = (key, value) => field(14, [...field(1, text(key)), ...field(2, text(value))]);
  const file = (value) =>
    Uint8Array.from([
      8,
      8,
      ...field(7, text("x".repeat(300))),
      ...property("other", "1"),
      ...property("adtlib", JSON.stringify(value)),
    ]);
  assert.deepEqual(metadataOf(file(content)), content);
  assert.throws(() => metadataOf(file({ ...content, format: 2 })), /format 2/);
  assert.throws(() => metadataOf(file({ ...content, features: "thesis" })), /features thesis/);
});
