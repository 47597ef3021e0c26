// Text formats. `toCsv`: that of `adt transcribe --classes 5`, which `adt score` reads: Transcription.to_csv of
// adtlib/transcription/transcription.py.

import { CLASS_NAMES } from "../constants.js";
import { SoundError } from "../hearing/errors.js";
import { DIVISIONS } from "../notation/patterns.js";
import { fixed } from "../numbers.js";
import { checked } from "./corrections.js";

/** A line an onset: time_seconds,class,pitch,velocity,confidence. events: [{ seconds, name, velocity, confidence }], sorted. */
export function toCsv(events, pitches) {
  const lines = events.map(
    ({ seconds, name, velocity, confidence }) =>
      `${fixed(seconds, 3)},${name},${pitches[name]},${velocity},${fixed(confidence, 3)}`,
  );
  return ["time_seconds,class,pitch,velocity,confidence", ...lines].join("\n") + "\n";
}

/**
 * What was heard and how, for other programs and for this page: JSON with onsets, beats, thresholds.
 *
 * places  of the events, as Song.place gives them;  recording  { file, sha256 };  corrections  as files/corrections.js has them.
 */
export function toJson({ name, duration, events, beats, thresholds, model, places, recording, corrections }) {
  const onsets = events.map(({ seconds, name: label, velocity, confidence }, i) => ({
    seconds,
    class: label,
    drum: CLASS_NAMES[label],
    velocity,
    confidence: Number(confidence.toFixed(4)),
    bar: places[i]?.bar ?? null,
    beat: places[i] ? Number((places[i].beat + places[i].part / DIVISIONS).toFixed(4)) : null,
  }));
  const content = {
    name,
    duration,
    model,
    thresholds,
    tempo: beats.found ? beats.bpm : null,
    beats: beats.times,
    positions: beats.positions,
    onsets,
    recording,
    corrections,
  };
  return JSON.stringify(content, null, 1) + "\n";
}

/** { duration, recording, corrections } of a text that `toJson` wrote. SoundError, a sentence for the user, for another one. */
export function fromJson(text) {
  let content = null;
  try {
    content = JSON.parse(text);
  } catch {
    throw new SoundError("It is no JSON: it was changed or cut.");
  }
  const { duration, recording, corrections } = content ?? {};
  const { file, sha256 } = recording ?? {};
  const known = typeof file === "string" && (sha256 === null || typeof sha256 === "string") && Number.isFinite(duration);
  if (!known || !corrections) throw new SoundError("It is no JSON that this page saved.");
  try {
    return { duration, recording: { file, sha256 }, corrections: checked(corrections, duration) };
  } catch (error) {
    throw new SoundError(`Its corrections cannot be read: ${error.message}.`);
  }
}
