// Sheet music as MusicXML, character for character that of `adt transcribe --classes 5`: adtlib/notation/musicxml.py, for bars of four
// quarters and the five pitches that represent the classes.

import { inLine } from "../markup.js";
import { fixed } from "../numbers.js";
import { DIVISIONS } from "./patterns.js";

const BEATS = 4;
const BAR = BEATS * DIVISIONS;
// Lengths that one notehead can have, longest first: divisions, type, dots.
const PLAIN = [
  [36, "quarter", 1],
  [24, "quarter", 0],
  [18, "eighth", 1],
  [12, "eighth", 0],
  [9, "16th", 1],
  [6, "16th", 0],
  [3, "32nd", 0],
];
const TRIPLET = [
  [16, "quarter", 0],
  [8, "eighth", 0],
  [4, "16th", 0],
];
const REST = [
  [24, "quarter", 0],
  [12, "eighth", 0],
  [6, "16th", 0],
  [3, "32nd", 0],
];
const BEAMS = { eighth: 1, "16th": 2, "32nd": 3 };
const [ACCENT, GHOST] = [105, 45];
const PLACES = {
  36: { name: "Kick drum", step: "F", octave: 4, head: "normal", foot: true },
  38: { name: "Snare drum", step: "C", octave: 5, head: "normal" },
  42: { name: "Hi-hat", step: "G", octave: 5, head: "x" },
  47: { name: "Middle tom", step: "D", octave: 5, head: "normal" },
  49: { name: "Crash cymbal", step: "A", octave: 5, head: "x" },
};

// ---- rhythm

/** Chords and rests of one voice in one bar. hits: { division of the bar: indices of strokes }. */
function voiceEvents(hits) {
  let events = [];
  for (let group = 0; group < BEATS; group++) {
    const [start, end] = [group * DIVISIONS, (group + 1) * DIVISIONS];
    const inside = Object.keys(hits)
      .map(Number)
      .filter((at) => start <= at && at < end)
      .sort((a, b) => a - b);
    const triplet = inside.some((at) => (at - start) % 3);
    const marks = [start, ...inside.filter((at) => at > start), end];
    for (let i = 0; i + 1 < marks.length; i++)
      events.push(...fill(marks[i], marks[i + 1] - marks[i], hits[marks[i]] ?? [], group, triplet));
  }
  events = joinedRests(events);
  addBeams(events);
  return events;
}

/** A chord with the longest notehead that fits into `length`, and rests for the remainder. */
function fill(start, length, hits, group, triplet) {
  const events = [];
  while (length > 0) {
    const values = triplet ? TRIPLET : hits.length ? PLAIN : REST;
    const fitting = values.filter(([size]) => size <= length);
    // A rest does not cross the middle of the beat; a note takes its longest value first.
    const [size, kind, dots] =
      hits.length || triplet || start % 12 === 0
        ? fitting[0]
        : (fitting.find(([each]) => each <= 12 - (start % 12)) ?? fitting.at(-1));
    events.push({ start, length: size, kind, dots, hits, group, triplet, beams: [] });
    [start, length, hits] = [start + size, length - size, []];
  }
  return events;
}

/** Rests of a whole bar and of half a bar combined. */
function joinedRests(events) {
  if (!events.some((event) => event.hits.length)) {
    return [{ start: 0, length: BAR, kind: "measure", dots: 0, hits: [], group: 0, triplet: false, beams: [] }];
  }
  const joined = [];
  for (const event of events) {
    const last = joined.at(-1);
    const free = last && !last.hits.length && !event.hits.length;
    if (free && event.start % (2 * DIVISIONS) === DIVISIONS && last.length === DIVISIONS && event.length === DIVISIONS) {
      joined[joined.length - 1] = { ...last, length: 2 * DIVISIONS, kind: "half", dots: 0, triplet: false };
    } else joined.push(event);
  }
  return joined;
}

/** Beam notes shorter than a quarter within each beat; nothing but eighths within half a bar. */
function addBeams(events) {
  const runs = [];
  let [run, key] = [[], null];
  for (const event of events) {
    const here = beamKey(event, events);
    if (event.hits.length && event.kind in BEAMS) {
      if (run.length && here !== key) {
        runs.push(run);
        run = [];
      }
      run.push(event);
      key = here;
    } else if (run.length) {
      runs.push(run);
      run = [];
    }
  }
  for (const beamed of [...runs, run]) {
    if (beamed.length < 2) continue;
    const levels = beamed.map((event) => BEAMS[event.kind]);
    beamed.forEach((event, i) => (event.beams = Array.from({ length: levels[i] }, (_, level) => beam(levels, i, level + 1))));
  }
}

function beamKey(event, events) {
  const pair = event.group >> 1;
  const both = events.filter((other) => other.group >> 1 === pair);
  const eighths = both.every((other) => other.kind === "eighth" && !other.dots && !other.triplet && other.hits.length);
  return eighths ? `pair ${pair}` : `beat ${event.group}`;
}

function beam(levels, index, level) {
  const before = index > 0 && levels[index - 1] >= level;
  const after = index + 1 < levels.length && levels[index + 1] >= level;
  if (before && after) return "continue";
  if (before || after) return before ? "end" : "begin";
  return index ? "backward hook" : "forward hook";
}

// ---- MusicXML

/** An element: its children are elements or, alone, a text. */
const element = (tag, attributes = {}, ...children) => ({ tag, attributes, children });
const text = (tag, content, attributes = {}) => element(tag, attributes, String(content));

/** The notation of a pattern as MusicXML 4.0; the note of stroke i has the id `hit-i`. */
export function toMusicXml(pattern, title = "") {
  const used = [...new Set(pattern.hits.map((hit) => hit.pitch))].sort((a, b) => a - b);
  const inBar = Array.from({ length: pattern.nBars }, () => []);
  pattern.hits.forEach((hit, index) => inBar[Math.floor(hit.at / BAR)].push(index));
  const scorePart = element(
    "score-part",
    { id: "P1" },
    text("part-name", "Drum set", { "print-object": "no" }),
    ...used.map((pitch) => element("score-instrument", { id: `P1-${pitch}` }, text("instrument-name", PLACES[pitch].name))),
    ...used.map((pitch) =>
      element("midi-instrument", { id: `P1-${pitch}` }, text("midi-channel", 10), text("midi-unpitched", pitch + 1)),
    ),
  );
  const measures = inBar.map((inside, bar) =>
    element(
      "measure",
      { number: String(bar + 1) },
      ...(bar === 0 ? [attributesOf(), tempo(pattern.bpm)] : []),
      ...barElements(pattern, bar, inside),
      ...(bar === pattern.nBars - 1 ? [element("barline", { location: "right" }, text("bar-style", "light-heavy"))] : []),
    ),
  );
  const root = element(
    "score-partwise",
    { version: "4.0" },
    ...(title ? [element("work", {}, text("work-title", inLine(title)))] : []),
    element("part-list", {}, scorePart),
    element("part", { id: "P1" }, ...measures),
  );
  const head =
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" ';
  return `${head}"http://www.musicxml.org/dtds/partwise.dtd">\n${written(root, 0)}\n`;
}

function attributesOf() {
  return element(
    "attributes",
    {},
    text("divisions", DIVISIONS),
    element("key", {}, text("fifths", 0)),
    element("time", {}, text("beats", BEATS), text("beat-type", 4)),
    element("clef", {}, text("sign", "percussion")),
  );
}

function tempo(bpm) {
  const metronome = element("metronome", {}, text("beat-unit", "quarter"), text("per-minute", fixed(bpm, 0)));
  return element(
    "direction",
    { placement: "above" },
    element("direction-type", {}, metronome),
    element("sound", { tempo: String(Number(bpm.toPrecision(6))) }),
  );
}

/** A bar: hands, then back to its start, then feet. A bar without feet has one voice. */
function barElements(pattern, bar, inside) {
  const voices = [{}, {}];
  for (const index of inside) {
    const hit = pattern.hits[index];
    const voice = voices[PLACES[hit.pitch].foot ? 1 : 0];
    (voice[hit.at - bar * BAR] ??= []).push(index);
  }
  const found = [];
  for (const [number, voice] of voices.entries()) {
    if (number === 1) {
      if (!Object.keys(voice).length) break;
      found.push(element("backup", {}, text("duration", BAR)));
    }
    const events = voiceEvents(voice);
    events.forEach((event, index) => {
      const ends = [events[index - 1], events[index + 1]].map((other) => !other || !other.triplet || other.group !== event.group);
      found.push(...notes(pattern, event, number + 1, ends));
    });
  }
  return found;
}

/** A rest or a chord. `tripletEnds`: whether it begins and whether it ends its triplet. */
function notes(pattern, event, voice, tripletEnds) {
  return (event.hits.length ? event.hits : [null]).map((index, order) => {
    const hit = index === null ? null : pattern.hits[index];
    const note = element("note", hit ? { id: `hit-${index}` } : {});
    const add = (...children) => note.children.push(...children);
    if (order) add(element("chord"));
    if (!hit) add(element("rest", event.kind === "measure" ? { measure: "yes" } : {}));
    else {
      const place = PLACES[hit.pitch];
      add(element("unpitched", {}, text("display-step", place.step), text("display-octave", place.octave)));
    }
    add(text("duration", event.length));
    if (hit) add(element("instrument", { id: `P1-${hit.pitch}` }));
    add(text("voice", voice));
    if (event.kind !== "measure") add(text("type", event.kind));
    for (let dot = 0; dot < event.dots; dot++) add(element("dot"));
    if (event.triplet) add(element("time-modification", {}, text("actual-notes", 3), text("normal-notes", 2)));
    if (hit) {
      add(text("stem", voice === 2 ? "down" : "up"));
      add(text("notehead", PLACES[hit.pitch].head, hit.velocity < GHOST ? { parentheses: "yes" } : {}));
      if (order === 0) event.beams.forEach((each, i) => add(text("beam", each, { number: String(i + 1) })));
    }
    if (order === 0)
      add(
        ...notations(
          event,
          event.hits.map((i) => pattern.hits[i]),
          tripletEnds,
          voice === 2 ? "below" : "above",
        ),
      );
    return note;
  });
}

/** Triplet brackets on the side of the stems, and accents. */
function notations(event, hits, tripletEnds, side) {
  const children = [];
  if (event.triplet) {
    ["start", "stop"].forEach((type, i) => {
      if (tripletEnds[i]) children.push(element("tuplet", { type, bracket: event.beams.length ? "no" : "yes", placement: side }));
    });
  }
  if (hits.some((hit) => hit.velocity > ACCENT)) children.push(element("articulations", {}, element("accent")));
  return children.length ? [element("notations", {}, ...children)] : [];
}

/** As xml.etree writes an indented tree. */
function written({ tag, attributes, children }, depth) {
  const inner = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(value).replaceAll('"', "&quot;")}"`)
    .join("");
  if (!children.length) return `<${tag}${inner} />`;
  if (typeof children[0] === "string") return `<${tag}${inner}>${escaped(children[0])}</${tag}>`;
  const indent = "\n" + "  ".repeat(depth + 1);
  return `<${tag}${inner}>${children.map((child) => indent + written(child, depth + 1)).join("")}\n${"  ".repeat(depth)}</${tag}>`;
}

const escaped = (content) => content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
