// The parts of which MIDI files are written, byte for byte as adtlib/onsets/midi.py has mido write them. An event is
// { tick, rank, bytes }, notes with their pitch and velocity, too.

const LONGEST_BEAT = 2 ** 24 - 1; // microseconds

/** The bytes of a file of format 1. tracks: those that `track` gives. */
export function fileBytes(tracks, ticksAQuarter) {
  const header = [...ascii("MThd"), 0, 0, 0, 6, 0, 1, 0, tracks.length, ticksAQuarter >> 8, ticksAQuarter & 255];
  return Uint8Array.from([...header, ...tracks.flat()]);
}

const meta = (tick, kind, content) => ({ tick, rank: 0, bytes: [0xff, kind, ...variableLength(content.length), ...content] });
/** A text in ASCII. */
export const textEvent = (tick, text) => meta(tick, 0x01, ascii(text));
/** The name of a track; characters outside Latin-1 become question marks. */
export const nameEvent = (name) => meta(0, 0x03, latin1(name));
export const meterEvent = ([tick, beats, unit]) => meta(tick, 0x58, [beats, Math.log2(unit), 24, 8]);

/** A tempo, [tick, microseconds a beat]. */
export function tempoEvent([tick, tempo]) {
  const held = Math.min(tempo, LONGEST_BEAT);
  return meta(tick, 0x51, [held >> 16, (held >> 8) & 255, held & 255]);
}

/**
 * Note-ons and note-offs of notes [tick, pitch, velocity], by pitch and velocity.
 *
 * length  of a note in ticks; it ends where the next one of its pitch begins.
 */
export function noteEvents(notes, length, channel) {
  const events = [];
  const next = new Map();
  for (const [tick, pitch, velocity] of notes.toSorted(byAll).reverse()) {
    const stop = Math.min(tick + length, next.get(pitch) ?? Infinity);
    next.set(pitch, tick);
    events.push({ tick, rank: 2, pitch, velocity, bytes: [0x90 | channel, pitch, velocity] });
    events.push({ tick: stop, rank: 1, pitch, velocity: 0, bytes: [0x80 | channel, pitch, 0] });
  }
  return events.sort((a, b) => a.pitch - b.pitch || a.velocity - b.velocity);
}

/** The order of notes [tick, pitch, velocity]. */
export const byAll = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** The bytes of a track: at equal ticks settings come before note-offs, and these before note-ons; running status as mido writes it. */
export function track(events, end) {
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

export const ascii = (text) => [...text].map((letter) => letter.charCodeAt(0));
const latin1 = (text) => [...text].map((letter) => (letter.codePointAt(0) < 256 ? letter.codePointAt(0) : 63)); // a question mark
