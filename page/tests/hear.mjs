// For comparisons with Python, not part of `node --test`: node tests/hear.mjs MODEL.onnx RATE CHANNELS SAMPLES.f32
// reads interleaved float32 samples and prints onsets and beats as JSON, as the page finds them.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { lookedAgain } from "../src/hearing/looked_again.js";
import { metadataOf } from "../src/hearing/metadata.js";
import { loadNetwork } from "../src/hearing/model.js";
import { prepare } from "../src/hearing/prepare.js";
import { trackBeats } from "../src/notation/beat_tracking.js";
import { Song } from "../src/song.js";

const [modelFile, rate, nChannels, ...files] = process.argv.slice(2);
const model = new Uint8Array(readFileSync(modelFile));
const network = await loadNetwork(model);
for (const file of files) {
  const bytes = readFileSync(file);
  const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const count = Number(nChannels);
  const channels = Array.from({ length: count }, (_, c) =>
    Float32Array.from({ length: samples.length / count }, (_, i) => samples[i * count + c]),
  );
  let [activations, energies, seconds] = [null, null, 0];
  const windows = [];
  const clock = [performance.now()];
  prepare(channels, Number(rate), metadataOf(model), (message) => {
    if (message.kind === "sound") {
      activations = new Float32Array(message.frames * 5);
      energies = new Float32Array(message.frames * 5);
      ({ seconds } = message);
    } else if (message.kind === "window") windows.push(message);
    else if (message.kind === "energies") energies.set(message.energies, message.at * 5);
  });
  clock.push(performance.now());
  for (const { features, low, high, at } of windows)
    activations.set((await network.predict(features, 1)).subarray(low * 5, high * 5), at * 5);
  clock.push(performance.now());
  const metadata = metadataOf(model);
  activations = await lookedAgain(activations, metadata, (onsets) => trackBeats(onsets, seconds));
  const song = new Song({ name: file, duration: seconds, activations, energies, picking: metadata.peak_picking });
  const beats = trackBeats(song.onsets, seconds);
  clock.push(performance.now());
  const times = clock.slice(1).map((time, i) => Math.round(time - clock[i]));
  console.log(
    JSON.stringify({
      file,
      seconds,
      times,
      events: song.events.map((e) => [e.name, e.seconds, e.velocity, e.confidence]),
      beats: beats.times,
      positions: beats.positions,
    }),
  );
}
