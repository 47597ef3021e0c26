// The files that can be saved.

import { CLASSES, MIDI_PITCH } from "../constants.js";
import { CLICK_PEAK, click, drum, rendered } from "../editor/sounds.js";
import { toCsv, toJson, toLabels } from "../files/tables.js";
import { toWav } from "../files/wav.js";
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
  { label: "Audacity labels", suffix: ".labels.txt", type: "text/plain", make: (song) => toLabels(song.events) },
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
