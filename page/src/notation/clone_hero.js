// Charts for Clone Hero and YARG, byte for byte those of adtlib/notation/clone_hero.py for five classes: `notes.chart` and `notes.mid`.

import { inLine } from "../markup.js";
import { rint } from "../numbers.js";
import { DIVISIONS, isGhost, songStrokes } from "./patterns.js";
import { fileBytes, meterEvent, nameEvent, noteEvents, tempoEvent, textEvent, track } from "./smf.js";
import { tickMap, TICKS_A_QUARTER } from "./tick_map.js";

const RESOLUTION = 480; // ticks a quarter note
const PARTS = TICKS_A_QUARTER / RESOLUTION;
// Number in .chart files, flag that makes it a cymbal, MIDI note that makes it a tom.
const LANES = {
  KD: { number: 0 },
  SD: { number: 1 },
  HH: { number: 2, cymbal: 66 },
  TT: { number: 3, tom: 111 },
  CY: { number: 4, cymbal: 68 },
};
const GHOST_RED = 40; // flag of .chart files
const EXPERT_KICK = 96; // MIDI note of the kick; other lanes follow
const [NORMAL, GHOST] = [100, 1]; // velocities of MIDI charts
const LENGTH = RESOLUTION / 8; // ticks of a note

/** A .chart file of a song { events, beats, name, duration }. sound: name of the recording's file. */
export function chart({ events, beats, name, duration }, sound = "", quantise = null) {
  const ticks = tickMap(beats);
  const about = [
    `Name = ${quoted(name)}`,
    'Charter = "adt transcribe"',
    "Offset = 0",
    `Resolution = ${RESOLUTION}`,
    "Player2 = bass",
    "Difficulty = 0",
    'Genre = "unknown"',
    'MediaType = "cd"',
    ...(sound ? [`MusicStream = ${quoted(sound)}`] : []),
  ];
  const sync = [
    ...ticks.meters.map(([tick, count, unit]) => [part(tick), `TS ${count} ${Math.log2(unit)}`]),
    ...ticks.tempos.map(([tick, tempo]) => [part(tick), `B ${rint(60e9 / tempo)}`]), // thousandths of a beat a minute
  ].sort((a, b) => a[0] - b[0]);
  const notes = placed(events, beats, ticks, quantise).flatMap(({ tick, lane, ghost }) =>
    [lane.number, ...(lane.cymbal ? [lane.cymbal] : []), ...(ghost ? [GHOST_RED] : [])].map((number) => [tick, `N ${number} 0`]),
  );
  const lines = (found) => found.map(([tick, what]) => `${tick} = ${what}`);
  return [
    section("Song", about),
    section("SyncTrack", lines(sync)),
    section("Events", duration ? [`${part(ticks.at(duration))} = E "end"`] : []),
    section("ExpertDrums", lines(notes)),
  ].join("");
}

/** A notes.mid file. */
export function chartMidi({ events, beats, name, duration }, quantise = null) {
  const ticks = tickMap(beats);
  const last = part(ticks.at(duration));
  const inParts = ([tick, ...rest]) => [part(tick), ...rest];
  const conductor = [nameEvent(name), ...ticks.meters.map(inParts).map(meterEvent), ...ticks.tempos.map(inParts).map(tempoEvent)];
  const struck = placed(events, beats, ticks, quantise).flatMap(({ tick, lane, ghost }) => [
    [tick, EXPERT_KICK + lane.number, ghost ? GHOST : NORMAL],
    ...(lane.tom ? [[tick, lane.tom, NORMAL]] : []),
  ]);
  const drums = [nameEvent("PART DRUMS"), textEvent(0, "[ENABLE_CHART_DYNAMICS]"), ...noteEvents(struck, LENGTH, 0)];
  return fileBytes([track(conductor, last), track(drums, last)], RESOLUTION);
}

const part = (tick) => Math.floor(tick / PARTS);

/** { tick, lane, ghost } of strokes, sorted, each once: what lies before the recording falls on its start. */
function placed(events, beats, ticks, quantise) {
  const { start, strokes } = songStrokes(events, beats, quantise);
  const found = new Map();
  for (const stroke of strokes) {
    const tick = part(ticks.ofQuarter(start + stroke.at / DIVISIONS));
    found.set(`${tick} ${stroke.name}`, { tick, lane: LANES[stroke.name], ghost: isGhost(stroke) });
  }
  return [...found.values()].sort((a, b) => a.tick - b.tick || a.lane.number - b.lane.number);
}

const section = (name, lines) => [`[${name}]`, "{", ...lines.map((line) => `  ${line}`), "}", ""].join("\n");
const quoted = (text) => `"${inLine(text).replaceAll('"', "'")}"`;
