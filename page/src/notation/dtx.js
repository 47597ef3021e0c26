// Charts for DTXMania, byte for byte those of adtlib/notation/dtx.py for bars of four quarters and five classes.

import { shiftJis } from "../files/shift_jis.js";
import { inLine } from "../markup.js";
import { fixed } from "../numbers.js";
import { DIVISIONS, songStrokes } from "./patterns.js";
import { tickMap, TICKS_A_QUARTER } from "./tick_map.js";

const [BACKGROUND, BAR_LENGTH, TEMPO] = ["01", "02", "08"]; // channels
const CHANNELS = { HH: "11", SD: "12", KD: "13", TT: "15", CY: "16" };
const CHIPS = { HH: "02", SD: "03", KD: "04", TT: "05", CY: "06" };
const MUSIC = "01"; // number of the recording among the sounds
const WHOLE = 4 * TICKS_A_QUARTER;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The bytes, in Shift JIS, of a .dtx file of a song { events, beats, name }. sound: name of the recording's file. */
export function dtx({ events, beats, name }, sound = "", quantise = null) {
  const ticks = tickMap(beats);
  const first = ticks.pickup || ticks.bar; // length of measure 0
  const tempos = new Map([...new Set(ticks.tempos.map(([, tempo]) => tempo))].map((tempo, i) => [tempo, numbered(i + 1)]));
  const bpm = (tempo) => fixed(60e6 / tempo, 4);
  const { start, strokes } = songStrokes(events, beats, quantise);
  const objects = [
    ...ticks.tempos.map(([tick, tempo]) => [tick, TEMPO, tempos.get(tempo)]),
    ...strokes.map((stroke) => [ticks.ofQuarter(start + stroke.at / DIVISIONS), CHANNELS[stroke.name], CHIPS[stroke.name]]),
  ];
  const lines = [
    `#TITLE: ${inLine(name)}`,
    "#COMMENT: adt transcribe",
    `#BPM: ${bpm(ticks.tempos[0][1])}`,
    "#DLEVEL: 50",
    ...(sound ? [`#WAV${MUSIC}: ${inLine(sound)}`, `#BGMWAV: ${MUSIC}`] : []),
    ...[...tempos].map(([tempo, number]) => `#BPM${number}: ${bpm(tempo)}`),
    // A length holds until another follows; without any it is a whole note.
    ...(first === WHOLE ? [] : [`#000${BAR_LENGTH}: ${fixed(first / WHOLE, 6)}`, `#001${BAR_LENGTH}: 1.0`]),
    ...(sound ? [`#000${BACKGROUND}: ${MUSIC}`] : []),
    ...measures(objects, first, ticks.bar),
  ];
  return shiftJis(lines.join("\r\n") + "\r\n");
}

/** Lines of [tick, channel, object] by measure and channel. first, bar: ticks of measure 0, and of all others. */
function measures(objects, first, bar) {
  const found = new Map(); // by measure and channel, { measure, channel, inside: { tick in the measure: object } }
  for (const [tick, channel, what] of objects) {
    const measure = tick < first ? 0 : 1 + Math.floor((tick - first) / bar);
    const key = `${measure} ${channel}`;
    if (!found.has(key)) found.set(key, { measure, channel, inside: new Map() });
    found.get(key).inside.set(tick < first ? tick : (tick - first) % bar, what);
  }
  const sorted = [...found.values()].sort((a, b) => a.measure - b.measure || Number(a.channel) - Number(b.channel));
  return sorted.map(({ measure, channel, inside }) => {
    const length = measure ? bar : first;
    const step = [...inside.keys()].reduce(divisor, length); // as many places as the objects of the line need
    const places = Array.from({ length: length / step }, (_, place) => inside.get(place * step) ?? "00");
    return `#${measureNumber(measure)}${channel}: ${places.join("")}`;
  });
}

/** The greatest common divisor. */
const divisor = (a, b) => (b ? divisor(b, a % b) : a);

/** Two digits of base 36. */
function numbered(index) {
  if (index >= 36 * 36) throw new Error("the song has more than 1,295 tempos, which .dtx files cannot number");
  return DIGITS[Math.floor(index / 36)] + DIGITS[index % 36];
}

/** Three digits, of which the first goes on with letters after 9. */
function measureNumber(measure) {
  if (measure >= 3600) throw new Error("the song has more than 3,600 bars, which .dtx files cannot number; cut the recording");
  return DIGITS[Math.floor(measure / 100)] + String(measure % 100).padStart(2, "0");
}
