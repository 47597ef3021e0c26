// From the channels of a recording to windows for the network: audio_blocks (adtlib/audio/files.py), normalised
// (adtlib/audio/normalise.py) and _Analysis (adtlib/transcription/pipeline.py), in their order.

import { BLOCK_SECONDS, HOP_LENGTH, N_BANDS, SAMPLE_RATE } from "../constants.js";
import { peakOf } from "../numbers.js";
import { LIMIT, repaired } from "../audio/defects.js";
import { Mixer } from "../audio/downmix.js";
import { Features } from "../audio/features.js";
import { normalised } from "../audio/normalise.js";
import { resampled } from "../audio/resample.js";
import { bandEnergies } from "../onsets/energies.js";
import { SoundError } from "./errors.js";
import { windowsOf } from "./windows.js";

const MOST_SAMPLES = 8_000_000; // of a block, all channels

/**
 * Prepare a recording.
 *
 * window  { frames, margin } of the model's metadata.
 * channels  float32 arrays of one length;  rate  in Hz;  emit  called with messages in this order, arrays float32 that
 * it may give away:
 *     { kind: "waveform", peaks }           the largest magnitude of each frame of 10 ms, before the level is changed
 *     { kind: "sound", frames, seconds }    how long it is
 *     { kind: "window", ... }               see windows.js; and, between them,
 *     { kind: "energies", energies, at }    (n * 5), from frame `at` on
 *     { kind: "remarks", remarks }          what was mended: { cancelled (seconds), clicks, rumble, gain }
 *
 * Raises SoundError for no samples, and NaN or infinite ones.
 */
export function prepare(channels, rate, window, emit) {
  const remarks = {};
  const mono = resampled(mixed(channels, rate, remarks), rate);
  if (!mono.length) throw new SoundError("It holds no samples: copy or download it again.");
  emit({ kind: "waveform", peaks: peaksOf(mono) });
  const features = new Features();
  emit({ kind: "sound", frames: Math.ceil(mono.length / HOP_LENGTH), seconds: mono.length / SAMPLE_RATE });
  const windows = windowsOf(window, (cut) => emit({ kind: "window", ...cut }));
  let at = 0;
  const give = (block) => {
    if (!block.length) return;
    emit({ kind: "energies", energies: bandEnergies(block), at }); // the array is given away: a worker's is empty afterwards
    at += block.length / N_BANDS;
    windows.add(block);
  };
  for (const block of normalised(mono, BLOCK_SECONDS * SAMPLE_RATE, remarks)) give(features.add(block));
  give(features.finish());
  windows.finish();
  emit({ kind: "remarks", remarks });
}

/** Channels mixed to one, block by block, without clicks far out of range. */
function mixed(channels, rate, remarks) {
  const length = channels[0]?.length ?? 0;
  const size = Math.max(1, Math.min(BLOCK_SECONDS * rate, Math.floor(MOST_SAMPLES / channels.length)));
  const mono = new Float32Array(length);
  const mixer = channels.length > 1 ? new Mixer(rate) : null;
  const clicks = [];
  let written = 0;
  const write = (block) => {
    if (!block) return;
    mono.set(block, written);
    written += block.length;
  };
  for (let begin = 0; begin < length; begin += size) {
    const block = channels.map((channel) => {
      const part = channel.subarray(begin, begin + size);
      const peak = peakOf(part);
      if (!Number.isFinite(peak)) throw new SoundError("It holds NaN or infinite samples: export it again.");
      if (peak <= LIMIT) return part;
      const mended = repaired(part, rate);
      clicks.push(...mended.found.map((at) => (begin + at) / rate));
      return mended.block;
    });
    write(mixer ? mixer.finish(block) : block[0]);
  }
  if (mixer && length) write(mixer.finish(null));
  if (mixer?.cancelled) remarks.cancelled = mixer.cancelled / rate;
  if (clicks.length) remarks.outOfRange = clicks;
  return mono;
}

function peaksOf(mono) {
  const peaks = new Float32Array(Math.ceil(mono.length / HOP_LENGTH));
  for (let i = 0; i < peaks.length; i++) peaks[i] = peakOf(mono.subarray(i * HOP_LENGTH, (i + 1) * HOP_LENGTH));
  return peaks;
}
