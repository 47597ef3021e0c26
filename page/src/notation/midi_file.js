// A transcription as a Standard MIDI File, byte for byte that of `adt transcribe --classes 5`: song_midi of
// adtlib/notation/midi_files.py.

import { rint } from "../numbers.js";
import { ascii, byAll, fileBytes, meterEvent, nameEvent, noteEvents, tempoEvent, textEvent, track } from "./smf.js";
import { SIXTEENTH, THIRTY_SECOND, tickMap, TICKS_A_QUARTER } from "./tick_map.js";

const NOTE_TICKS = TICKS_A_QUARTER / 8;
const DRUM_CHANNEL = 9;
const MADE_HERE = "adt transcribe";

/**
 * The bytes of a file of format 1: a track of tempo and metre, and a track of drums on channel 10.
 *
 * events    [{ seconds, name, velocity }], sorted;  beats  a `Beats`;  pitches  { class: MIDI pitch };  duration  seconds.
 * quantise  parts of a whole note that notes are moved to, or null;  marked  whether nobody corrected it.
 */
export function songMidi({ events, beats, pitches, duration, name = "", quantise = null, marked = false }) {
  const ticks = tickMap(beats, { steady: true, upbeat: quantise ? SIXTEENTH : THIRTY_SECOND });
  const notes = placedNotes(events, beats, ticks, pitches, quantise);
  const end = ticks.at(duration);
  const mark = marked ? `${MADE_HERE} ${crc32(pythonList(notes)).toString(16).padStart(8, "0")}` : "";
  const conductor = [
    nameEvent(name),
    ...(mark ? [textEvent(0, mark)] : []),
    ...ticks.tempos.filter(([tick]) => tick <= end || !tick).map(tempoEvent),
    ...ticks.meters.map(meterEvent),
  ];
  const drums = [nameEvent("Drums"), ...noteEvents(notes, NOTE_TICKS, DRUM_CHANNEL)];
  return fileBytes([track(conductor, end), track(drums, end)], TICKS_A_QUARTER);
}

/** [tick, pitch, velocity] of each note, sorted; of notes of one pitch that coincide the loudest. `placed_notes` in Python. */
function placedNotes(events, beats, ticks, pitches, quantise) {
  const parts = quantise / 4; // of a beat
  const velocities = new Map();
  for (const { seconds, name, velocity } of events) {
    const tick = quantise ? ticks.ofQuarter(rint(beats.at(seconds) * parts) / parts) : ticks.at(seconds);
    const key = tick * 128 + pitches[name];
    velocities.set(key, Math.max(velocities.get(key) ?? 0, velocity));
  }
  return [...velocities].map(([key, velocity]) => [Math.floor(key / 128), key % 128, velocity]).sort(byAll);
}

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
