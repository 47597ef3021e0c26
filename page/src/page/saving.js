// The files that can be saved.

import { CLASSES, MIDI_PITCH } from "../constants.js";
import { CLICK_PEAK, click, drum, rendered } from "../editor/sounds.js";
import { toJams } from "../files/jams.js";
import { audacityLabels, reaperMarkers, sonicVisualiserLayer } from "../files/labels.js";
import { inShiftJis } from "../files/shift_jis.js";
import { toCsv, toJson } from "../files/tables.js";
import { toWav } from "../files/wav.js";
import { chart, chartMidi } from "../notation/clone_hero.js";
import { drumTab } from "../notation/drum_tab.js";
import { dtx } from "../notation/dtx.js";
import { songMidi } from "../notation/midi_file.js";

const KIT_RATE = 44_100;
const sounds = (make, rate) => Object.fromEntries(CLASSES.map((name) => [name, make(name, rate)]));
const channelsOf = (sound) => Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));

function withClicks(song, sound) {
  const { sampleRate: rate, duration } = sound;
  return toWav(rendered(channelsOf(sound), song.events, sounds(click, rate), rate, duration, CLICK_PEAK), rate);
}

/**
 * Formats: { label, suffix, type, make }, `make` a function of the song that gives the content or a promise of it.
 *
 * page: { grid(), musicxml(song), svg(song), recording(), sound() }.
 */
export const formats = (page) => [
  {
    label: "MIDI",
    suffix: ".mid",
    type: "audio/midi",
    make: ({ name, duration, events, beats, edits }) =>
      songMidi({ name, duration, events, beats, pitches: MIDI_PITCH, quantise: page.grid(), marked: !edits.length }),
  },
  { label: "Table (CSV)", suffix: ".csv", type: "text/csv", make: (song) => toCsv(song.events, MIDI_PITCH) },
  { label: "MusicXML", suffix: ".musicxml", type: "application/vnd.recordare.musicxml+xml", make: page.musicxml },
  { label: "Sheet music (SVG)", suffix: ".svg", type: "image/svg+xml", make: page.svg },
  { label: "Audacity labels", suffix: ".labels.txt", type: "text/plain", make: (song) => audacityLabels(song.events) },
  {
    label: "JSON",
    suffix: ".json",
    type: "application/json",
    make: (song) => json(song, page.recording()),
  },
  { label: "Song with clicks (WAV)", suffix: ".clicks.wav", type: "audio/wav", make: (song) => withClicks(song, page.sound()) },
  {
    label: "Synthetic drums (WAV)",
    suffix: ".drums.wav",
    type: "audio/wav",
    make: (song) => toWav(rendered(null, song.events, sounds(drum, KIT_RATE), KIT_RATE, song.duration), KIT_RATE),
  },
];

/** Formats of other programs: { label, suffix, type, make } as above; some with `remark`, a function that gives what to say of the file. */
export const moreFormats = (page) => [
  { label: "Markers for Reaper", suffix: ".markers.csv", type: "text/csv", make: (song) => reaperMarkers(song.events) },
  { label: "Drum tablature, plain text", suffix: ".tab.txt", type: "text/plain", make: (song) => drumTab(song, page.grid()) },
  {
    label: "Chart for Clone Hero and YARG",
    suffix: ".chart",
    type: "text/plain",
    make: (song) => chart(song, page.recording().file, page.grid()),
    remark: () => "The game looks for it as notes.chart in a folder with the recording.",
  },
  {
    label: "Chart for Clone Hero and YARG, as MIDI",
    suffix: ".notes.mid",
    type: "audio/midi",
    make: (song) => chartMidi(song, page.grid()),
    remark: () => "The game looks for it as notes.mid in a folder with the recording.",
  },
  {
    label: "Chart for DTXMania",
    suffix: ".dtx",
    type: "application/octet-stream",
    make: (song) => dtx(song, page.recording().file, page.grid()),
    remark: () => dtxRemark(page.recording().file),
  },
  {
    label: "Layer for Sonic Visualiser",
    suffix: ".svl",
    type: "application/xml",
    make: ({ events, duration, name }) => sonicVisualiserLayer(events, duration, `drums of ${name}`),
  },
  {
    label: "Annotations for research tools (JAMS)",
    suffix: ".jams",
    type: "application/json",
    make: (song) => toJams({ ...song.plain, events: song.events, beats: song.beats, pitches: MIDI_PITCH }),
  },
];

const dtxRemark = (file) =>
  inShiftJis(file) ? "" : `It cannot hold the name ${file}: rename the recording, and write its new name after #WAV01.`;

/** What the page's own JSON holds. */
function json(song, recording) {
  const { name, duration, model, events, beats, thresholds, edits, bars } = song;
  const corrections = { edits, threshold: song.picking.threshold, bars, title: name };
  const places = events.map((event) => song.place(event));
  return toJson({ name, duration, model, events, beats, thresholds, places, recording, corrections });
}

export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
