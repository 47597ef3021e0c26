// A transcription as JAMS, the exchange format of annotations, byte for byte that of adtlib/transcription/jams_file.py.

import { fixed } from "../numbers.js";
import { VERSION } from "../version.js";

const NOTE_SECONDS = 0.05; // a stroke has no end, a note needs one
const JAMS_VERSION = "0.3.5";

/** A number that Python writes with a decimal point. */
class Real {
  constructor(value) {
    this.value = value;
  }
}

const rounded = (value) => new Real(Number(fixed(value, 4)));

/**
 * events [{ seconds, name, confidence }], sorted;  beats  a `Beats`;  duration  of the recording in seconds;  name  its title;
 * model  that heard it;  pitches  { class: MIDI pitch }.
 */
export function toJams({ events, beats, duration, name, model, pitches }) {
  const about = {
    curator: { name: "", email: "" },
    annotator: { model },
    version: VERSION,
    corpus: "",
    annotation_tools: "adt transcribe",
    annotation_rules: "",
    validation: "",
    data_source: "program",
  };
  const annotation = (namespace, data) => ({
    annotation_metadata: about,
    namespace,
    data,
    sandbox: {},
    time: new Real(0),
    duration: new Real(duration),
  });
  const observed = ({ seconds, confidence }, length, value) => ({
    time: rounded(seconds),
    duration: new Real(length),
    value,
    confidence: rounded(confidence),
  });
  const places = beats.times
    .map((time, i) => ({ time, position: beats.positions[i] }))
    .filter(({ time }) => time >= 0 && time <= duration)
    .map(({ time, position }) => ({ time: rounded(time), duration: new Real(0), value: position, confidence: null }));
  const content = {
    annotations: [
      annotation(
        "tag_open",
        events.map((event) => observed(event, 0, event.name)),
      ),
      annotation(
        "note_midi",
        events.map((event) => observed(event, NOTE_SECONDS, pitches[event.name])),
      ),
      annotation("beat", places),
    ],
    file_metadata: {
      title: name,
      artist: "",
      release: "",
      duration: new Real(duration),
      identifiers: {},
      jams_version: JAMS_VERSION,
    },
    sandbox: {},
  };
  return written(content, "\n") + "\n";
}

/** JSON as Python's json.dumps writes it with an indent of 1. line: a line feed and the indent of what surrounds the value. */
function written(value, line) {
  if (value instanceof Real) return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  if (typeof value === "string") return quoted(value);
  if (value === null || typeof value !== "object") return String(value);
  const inner = `${line} `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = Array.isArray(value)
    ? value.map((each) => written(each, inner))
    : Object.entries(value).map(([key, each]) => `${quoted(key)}: ${written(each, inner)}`);
  return parts.length ? open + parts.map((part) => inner + part).join(",") + line + close : open + close;
}

/** In ASCII: other characters are escaped. */
const quoted = (text) =>
  JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
