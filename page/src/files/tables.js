// Text formats. `toCsv`: Transcription.to_csv of adtlib/transcription/transcription.py, which `adt score` reads.

import { CLASS_NAMES } from "../constants.js";

/** A line an onset: time_seconds,class,pitch,velocity,confidence. events: [{ seconds, name, velocity, confidence }], sorted. */
export function toCsv(events, pitches) {
  const lines = events.map(
    ({ seconds, name, velocity, confidence }) =>
      `${seconds.toFixed(3)},${name},${pitches[name]},${velocity},${confidence.toFixed(3)}`,
  );
  return ["time_seconds,class,pitch,velocity,confidence", ...lines].join("\n") + "\n";
}

/** A label track for Audacity: start, end and label of each onset, separated by tabs. */
export function toLabels(events) {
  return events.map(({ seconds, name }) => `${seconds.toFixed(6)}\t${seconds.toFixed(6)}\t${name}\n`).join("");
}

/** What was heard and how, for other programs: JSON with onsets, beats, thresholds. */
export function toJson({ name, duration, events, beats, thresholds, model }) {
  const onsets = events.map(({ seconds, name: label, velocity, confidence }) => ({
    seconds,
    class: label,
    drum: CLASS_NAMES[label],
    velocity,
    confidence: Number(confidence.toFixed(4)),
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
  };
  return JSON.stringify(content, null, 1) + "\n";
}
