import assert from "node:assert/strict";
import { test } from "node:test";

import { decoded } from "../src/hearing/decode.js";
import { expectedSeconds, rateOf, statedSeconds } from "../src/hearing/headers.js";
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

test("the rate of AAC is left to the browser: frames of HE-AAC state half of it, and what they hold looks like frames of mp3", () => {
  const aac = Uint8Array.from([0xff, 0xf1, 0x50, 0x40, 0, 0, 0, 0xff, 0xf3, 0x40, 0x64, 0, 0]);
  assert.equal(rateOf(aac), 44_100);
  assert.equal(statedSeconds(aac), null);
});

test("headers that end too early state nothing", () => {
  const wav = toWav([new Float32Array(10)], 48_000);
  for (let length = 0; length < wav.length; length++) {
    assert.equal(rateOf(wav.subarray(0, length)), length < 28 ? 44_100 : 48_000, `${length} bytes`);
    expectedSeconds(wav.subarray(0, length));
  }
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

/** A file of m4a whose header states so many seconds. */
function m4a(seconds, version = 0) {
  const bytes = new Uint8Array(100);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16);
  bytes.set(text("ftypM4A "), 4);
  view.setUint32(16, 60);
  bytes.set(text("moov"), 20);
  view.setUint32(24, 52);
  bytes.set(text("mvhd"), 28);
  bytes[32] = version;
  view.setUint32(version ? 52 : 44, 1_000);
  if (version) view.setBigUint64(56, BigInt(1_000 * seconds));
  else view.setUint32(48, 1_000 * seconds);
  return bytes;
}

/** A file of Vorbis at 48 kHz whose last page counts so many seconds. */
function vorbis(seconds) {
  const bytes = new Uint8Array(200);
  const view = new DataView(bytes.buffer);
  bytes.set(text("OggS"));
  bytes.set(text("vorbis"), 29);
  view.setUint32(40, 48_000, true);
  bytes.set(text("OggS"), 100);
  view.setBigInt64(106, BigInt(48_000 * seconds), true);
  return bytes;
}

test("how long a file will be is read from wav, ogg and m4a, too", () => {
  assert.equal(expectedSeconds(toWav([new Float32Array(12_000)], 48_000)), 0.25);
  const damaged = toWav([new Float32Array(10)], 48_000).fill(0, 28, 32);
  assert.equal(expectedSeconds(damaged), null, "no bytes a second");
  assert.equal(expectedSeconds(vorbis(100)), 100);
  assert.equal(expectedSeconds(vorbis(-1)), null);
  assert.deepEqual([expectedSeconds(m4a(7)), expectedSeconds(m4a(7, 1))], [7, 7]);
  assert.equal(expectedSeconds(m4a(7).subarray(0, 50)), null);
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

test("what is too long or too large is refused before it is decoded", async () => {
  const hour = new Uint8Array(42);
  hour.set([...text("fLaC"), 0, 0, 0, 34, 16, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 0x00, 0, 10, 0x4c, 0xb8, 0x00]); // 172,800,000 samples
  await refused(hour, /It is longer than 30 minutes, too long for a browser: split it, or use adt transcribe/);
  await refused(m4a(3_600), /longer than 30 minutes/);
  await refused(vorbis(3_600), /longer than 30 minutes/);
  await refused(toWav([new Float32Array(1_801 * 8)], 8), /longer than 30 minutes/);
  const unread = { size: 1.3e9, arrayBuffer: () => assert.fail("it was read") };
  await assert.rejects(decoded(unread), /It has 1,300 MB, too much for a browser/);
});

test("a file without the metadata of adt pack is refused", () => {
  for (const bytes of [[8, 8], [0x80], [0x72, 0x80], [0x72, 5, 1]])
    assert.throws(() => metadataOf(Uint8Array.from(bytes)), /write it with adt pack --onnx/);
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
  assert.throws(() => metadataOf(file({ format: 1 })), /features undefined/);
  const cut = property("adtlib", JSON.stringify(content).slice(0, 20));
  assert.throws(() => metadataOf(Uint8Array.from(cut)), /write it with adt pack --onnx/);
});
