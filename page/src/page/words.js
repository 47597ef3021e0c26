// What is said of a song: numbers, and what is odd about its recording.

import { CLASS_NAMES, CLASSES } from "../constants.js";
import { clock } from "../editor/lanes.js";

const CUT = 1; // seconds less than the header states
const DULL = 32_000; // Hz: a lower rate lacks what hi-hats and cymbals are heard by

/** "1 onset", "2 onsets". */
export const onsetCount = ({ events }) => `${events.length} onset${events.length === 1 ? "" : "s"}`;

/** In a line: length, onsets, tempo, remarks. */
export function summary(song, recording) {
  const { counts, beats, duration } = song;
  const named = CLASSES.map((label) => `${CLASS_NAMES[label]} ${counts[label]}`).join(", ");
  const parts = [`${clock(duration)}, ${onsetCount(song)} (${named})`];
  const bpm = beats && Math.round(beats.bpm);
  if (beats) parts.push(beats.found ? `${bpm} beats a minute` : `too few for a tempo: ${bpm} is written`);
  return [...parts, ...remarks(song, recording)].join("; ") + ".";
}

/** What is odd: sentences without their stop. recording: { sound (AudioBuffer), stated (seconds), silent, remarks (of hearing/prepare.js) }. */
export function remarks(song, { sound, stated, silent, remarks: mended }) {
  const rate = sound.sampleRate;
  const notes = [];
  if (stated - sound.duration > CUT) notes.push(`it is cut: its header says ${clock(stated)}`);
  if (silent) notes.push("it is silent");
  else if (!song.events.length) notes.push("no drums were heard: lower thresholds show what was nearly heard");
  if (rate < DULL)
    notes.push(
      `its sampling rate of ${rate / 1_000} kHz holds nothing above ${rate / 2_000} kHz: hi-hats and cymbals may go unheard`,
    );
  if (mended.cancelled)
    notes.push(`for ${mended.cancelled.toFixed(1)} s its channels cancel: there the sum of their energies was heard`);
  if (mended.rumble) notes.push("rumble below 20 Hz was removed");
  const clicks = (mended.clicks?.length ?? 0) + (mended.outOfRange?.length ?? 0);
  if (clicks)
    notes.push(`${clicks} click${clicks > 1 ? "s" : ""} far louder than the music ${clicks > 1 ? "were" : "was"} replaced`);
  return notes;
}

/** What the song is called where its title is empty, too. */
export const titleOf = (text, { stem }) => text.trim() || stem;

/** Why there is nothing to save or to engrave yet, "" where there is. recording: null before the first; { heard, failed }. */
export function unheard(recording) {
  if (recording?.heard) return "";
  return recording?.failed
    ? "The recording could not be heard to its end: choose it again."
    : "The recording is not heard to its end: wait a moment.";
}

/**
 * What is doubtful about corrections that a file brought, "" where they are of this recording. of, recording: { file, sha256 }, whose
 * sha256 is null where the page has an address without https: then the names tell.
 */
export function doubt(name, of, recording) {
  const known = of.sha256 && recording.sha256;
  if (known ? of.sha256 === recording.sha256 : of.file === recording.file) return "";
  return `${name} was made with another file, ${of.file}, of the same length: look whether its corrections fit.`;
}
