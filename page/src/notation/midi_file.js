// A transcription as a Standard MIDI File, byte for byte that of `adt transcribe`: song_midi of adtlib/notation/midi_files.py.

import { searchSorted, rint } from "../numbers.js";
import { BEATS_A_BAR } from "./beats.js";

const TICKS_A_BEAT = 960;
const SIXTEENTH = TICKS_A_BEAT / 4;
const THIRTY_SECOND = TICKS_A_BEAT / 8;
const NEAR = 1 / 16; // of a beat: a first beat closer to the start is moved there
const NOTE_TICKS = TICKS_A_BEAT / 8;
const TOLERANCE = 0.005;
const [SPREAD, FARTHEST, FEWEST] = [0.025, 0.1, 16]; // of beats of a click around even ones, seconds
const DRUM_CHANNEL = 9;
const MADE_HERE = "adt transcribe";

/**
 * The bytes of a file of format 1: a track of tempo and metre, and a track of drums on channel 10.
 *
 * events    [{ seconds, name, velocity }], sorted;  beats  a `Beats`;  pitches  { class: MIDI pitch };  duration  seconds.
 * quantise  parts of a whole note that notes are moved to, or null;  marked  whether nobody corrected it.
 */
export function songMidi({ events, beats, pitches, duration, name = "", quantise = null, marked = false }) {
  const { pickup, tempos } = tickMap(beats, quantise);
  const notes = placedNotes(events, beats, pitches, quantise);
  const end = ticksOf([duration], tempos)[0];
  const mark = marked ? `${MADE_HERE} ${crc32(pythonList(notes)).toString(16).padStart(8, "0")}` : "";
  const tracks = [track(conductor(tempos, pickup, end, name, mark), end), track(strokes(notes), end)];
  const header = [...ascii("MThd"), 0, 0, 0, 6, 0, 1, 0, tracks.length, TICKS_A_BEAT >> 8, TICKS_A_BEAT & 255];
  return Uint8Array.from([...header, ...tracks.flat()]);
}

/** [tick, pitch, velocity] of each note, sorted; of notes of one pitch that coincide the loudest. `placed_notes` in Python. */
function placedNotes(events, beats, pitches, quantise) {
  const { lead, first, tempos } = tickMap(beats, quantise);
  const seconds = events.map((event) => event.seconds);
  const parts = quantise / 4; // of a beat
  const ticks = quantise
    ? seconds.map((at) => Math.max(0, rint((rint(beats.at(at) * parts) / parts - first) * TICKS_A_BEAT) + lead))
    : ticksOf(seconds, tempos);
  const velocities = new Map();
  events.forEach((event, i) => {
    const key = ticks[i] * 128 + pitches[event.name];
    velocities.set(key, Math.max(velocities.get(key) ?? 0, event.velocity));
  });
  return [...velocities].map(([key, velocity]) => [Math.floor(key / 128), key % 128, velocity]).sort(byAll);
}

const byAll = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/**
 * The ticks of a song: `tick_map` of adtlib/notation/tick_map.py, as song_midi calls it. lead, ticks before the first beat; first, its number among the
 * song's; pickup, ticks before the first bar line; tempos, [tick, microseconds a beat].
 */
function tickMap(beats, quantise) {
  const given = evenBeats(beats.times);
  const period = given[1] - given[0];
  const near = NEAR * (60 / beats.bpm);
  const before = Math.max(0, Math.floor((given[0] + near) / period));
  const known = [...Array.from({ length: before }, (_, i) => given[0] - period * (before - i)), ...given];
  const late = Math.max(0, known.findIndex((time) => time > -near));
  const first = late - before;
  let times = known.slice(late);
  let lead = 0;
  if (times[0] < near) times = times.map((time, i) => time - times[0] * Math.max(0, 1 - i / BEATS_A_BAR));
  else {
    const upbeat = quantise ? SIXTEENTH : THIRTY_SECOND;
    const ticks = (times[0] / (times[1] - times[0])) * TICKS_A_BEAT;
    lead = Math.max(THIRTY_SECOND, ticks >= 1.5 * THIRTY_SECOND ? rint(ticks / upbeat) * upbeat : 0);
  }
  const passed = (beats.positions[0] - 1 + first) % BEATS_A_BAR; // beats of the bar in which the recording begins
  const toTheBar = (2 * BEATS_A_BAR - passed) % BEATS_A_BAR;
  return { lead, first, pickup: lead + toTheBar * TICKS_A_BEAT, tempos: tempoMap(times, lead) };
}

/** The evenly spaced beats around which these lie, by least squares; beats that are not those of a click as they are. */
function evenBeats(times) {
  const n = times.length;
  if (n < FEWEST) return times;
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const index = Array.from({ length: n }, (_, i) => i - (n - 1) / 2);
  const period = sum(index.map((i, at) => i * times[at])) / sum(index.map((i) => i * i));
  const middle = sum([...times]) / n;
  const even = index.map((i) => middle + i * period);
  const away = even.map((time, at) => Math.abs(times[at] - time));
  return Math.max(...away) <= FARTHEST && Math.sqrt(sum(away.map((each) => each * each)) / n) <= SPREAD ? even : times;
}

/** [tick, microseconds a beat] of tempos, each for as many beats as are evenly spaced; times[0] is at tick lead. */
function tempoMap(times, lead) {
  const tempos = lead ? [[0, Math.max(1, rint((1e6 * times[0] * TICKS_A_BEAT) / lead))]] : [];
  let start = 0;
  while (start < times.length - 1) {
    let stop = start + 1;
    let [low, high] = [-Infinity, Infinity]; // slopes of lines from here that pass all beats so far within the tolerance
    for (let end = start + 1; end < times.length; end++) {
      const [count, passed] = [end - start, times[end] - times[start]];
      if (!(low <= passed / count && passed / count <= high)) break;
      stop = end;
      low = Math.max(low, (passed - TOLERANCE) / count);
      high = Math.min(high, (passed + TOLERANCE) / count);
    }
    const period = (times[stop] - times[start]) / (stop - start);
    tempos.push([lead + start * TICKS_A_BEAT, Math.max(1, rint(1e6 * period))]);
    start = stop;
  }
  return tempos;
}

/** The tick nearest to each time: the inverse of `tick_seconds` in Python. */
function ticksOf(seconds, tempos) {
  let now = 0;
  const changes = tempos.map(([tick], i) => {
    if (i) now += (tick - tempos[i - 1][0]) * (tempos[i - 1][1] / (1e6 * TICKS_A_BEAT));
    return now;
  });
  return seconds.map((at) => {
    const region = Math.max(searchSorted(changes, at, true) - 1, 0);
    const ticksASecond = (1e6 * TICKS_A_BEAT) / tempos[region][1];
    return Math.max(rint(tempos[region][0] + (at - changes[region]) * ticksASecond), 0);
  });
}

/** Events of the first track: name, mark if any, metre and tempo. */
function conductor(tempos, pickup, end, name, mark) {
  const events = [meta(0, 0x03, latin1(name))];
  if (mark) events.push(meta(0, 0x01, ascii(mark)));
  for (const [tick, tempo] of tempos) {
    const held = Math.min(tempo, 2 ** 24 - 1);
    if (tick <= end || !tick) events.push(meta(tick, 0x51, [held >> 16, (held >> 8) & 255, held & 255]));
  }
  let bar = pickup;
  if (pickup && pickup !== BEATS_A_BAR * TICKS_A_BEAT) {
    const parts = pickup / THIRTY_SECOND;
    const unit = [4, 8, 16, 32].find((each) => (parts * each) % 32 === 0);
    events.push(signature(0, (parts * unit) / 32, unit));
  } else bar = 0; // a whole bar before the first bar line is an ordinary bar
  events.push(signature(bar, BEATS_A_BAR, 4));
  return events;
}

const meta = (tick, kind, content) => ({ tick, rank: 0, bytes: [0xff, kind, ...variableLength(content.length), ...content] });
const signature = (tick, beats, unit) => meta(tick, 0x58, [beats, Math.log2(unit), 24, 8]);

/** Note-ons and note-offs; a note ends where the next one of its pitch begins. */
function strokes(notes) {
  const events = [];
  const next = new Map();
  for (const [tick, pitch, velocity] of notes.toReversed()) {
    const stop = Math.min(tick + NOTE_TICKS, next.get(pitch) ?? Infinity);
    next.set(pitch, tick);
    events.push({ tick, rank: 2, pitch, velocity, bytes: [0x90 | DRUM_CHANNEL, pitch, velocity] });
    events.push({ tick: stop, rank: 1, pitch, velocity: 0, bytes: [0x80 | DRUM_CHANNEL, pitch, 0] });
  }
  events.sort((a, b) => a.pitch - b.pitch || a.velocity - b.velocity);
  return [meta(0, 0x03, ascii("Drums")), ...events];
}

/** The bytes of a track: at equal ticks settings come before note-offs, and these before note-ons; running status as mido writes it. */
function track(events, end) {
  const bytes = [];
  let [now, running] = [0, null];
  for (const event of events.toSorted((a, b) => a.tick - b.tick || a.rank - b.rank)) {
    bytes.push(...variableLength(event.tick - now));
    now = event.tick;
    const [status, ...data] = event.bytes;
    if (status === running) bytes.push(...data);
    else bytes.push(status, ...data);
    running = status < 0xf0 ? status : null;
  }
  bytes.push(...variableLength(Math.max(end - now, 0)), 0xff, 0x2f, 0);
  const size = bytes.length;
  return [...ascii("MTrk"), (size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255, ...bytes];
}

function variableLength(value) {
  const bytes = [value & 127];
  while ((value = Math.floor(value / 128))) bytes.unshift((value & 127) | 128);
  return bytes;
}

const ascii = (text) => [...text].map((letter) => letter.charCodeAt(0));
const latin1 = (text) => [...text].map((letter) => (letter.codePointAt(0) < 256 ? letter.codePointAt(0) : 63)); // a question mark
const pythonList = (notes) => `[${notes.map((note) => `(${note.join(", ")})`).join(", ")}]`;

/** CRC-32 of a text in ASCII, as zlib.crc32. */
export function crc32(text) {
  let crc = 0xffffffff;
  for (const byte of ascii(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
