// The page: a file is chosen, decoded, heard in the workers, shown in the editor; what was found is corrected, kept, saved and engraved.

import { CLASSES, FPS } from "./constants.js";
import { Editor } from "./editor/editor.js";
import { clock } from "./editor/lanes.js";
import { wholeSound } from "./editor/player.js";
import { deviceStorage } from "./files/corrections.js";
import { fromJson } from "./files/tables.js";
import { decoded } from "./hearing/decode.js";
import { SoundError } from "./hearing/errors.js";
import { Transcriber } from "./hearing/transcriber.js";
import { Beats } from "./notation/beats.js";
import { toMusicXml } from "./notation/musicxml.js";
import { stackedSvg } from "./notation/pages.js";
import { songPattern } from "./notation/patterns.js";
import { peakOf } from "./numbers.js";
import { Keeping } from "./page/keeping.js";
import { formats, moreFormats, save } from "./page/saving.js";
import { Score } from "./page/score.js";
import { OnsetTable } from "./page/table.js";
import { Thresholds } from "./page/thresholds.js";
import { doubt, onsetCount, remarks, summary, titleOf, unheard } from "./page/words.js";
import { AS_FOUND, Song } from "./song.js";

const byId = (id) => document.getElementById(id);
const PAGE_TITLE = document.title;
const SILENT = 1e-4; // of full scale
const NEARLY = 0.5; // seconds by which two files of one song may differ in length

const editor = new Editor(byId("editor"), { bars: true });
const transcriber = new Transcriber({
  prepare: () => new Worker("prepare.worker.js", { type: "module" }),
  network: () => new Worker("network.worker.js", { type: "module" }),
});
let recording = null; // { name, stem, key, sound (AudioBuffer), stated (seconds), remarks, silent, heard, failed }
let model = null; // metadata
let given = null; // { file, recording, duration, corrections } of a JSON that waits for its recording
let tracking = {}; // { events, done }: the onsets that beats were asked for, and a promise
let asked = 0; // counts what is chosen, and
let opened = 0; // what is opened: what comes late for an earlier one is left

const title = byId("title");
const keeping = new Keeping({
  editor,
  storage: deviceStorage(),
  title: { get: () => title.value, set: (text) => setTitle(text) },
  elements: { row: byId("kept"), words: byId("kept-words"), forget: byId("forget"), forgetAll: byId("forget-all") },
});

// The network is made ready while a recording is looked for.
addEventListener("load", () =>
  setTimeout(
    () => transcriber.load().catch((error) => problem(`The page could not be loaded (${error.message}): load it again.`)),
    100,
  ),
);

// ---- files

byId("file").addEventListener("change", (event) => {
  const files = [...event.target.files];
  event.target.value = ""; // the same file may be chosen again
  openAll(files);
});
const drop = byId("drop");
for (const kind of ["dragover", "dragenter"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  openAll([...event.dataTransfer.files]);
});

/** A recording, and a JSON with corrections of it or of the one that is open. */
async function openAll(files) {
  const isJson = (file) => /\.json$/i.test(file.name);
  const [file, ...others] = files.filter((each) => !isJson(each));
  if (!files.length || (file && !keeping.mayLeave())) return;
  problem("");
  for (const json of files.filter(isJson)) await openCorrections(json, Boolean(file));
  if (file) await open(file);
  if (others.length)
    problem(
      `${byId("problem").textContent} Files left: ${others.map(({ name }) => name).join(", ")}; one recording is heard at a time.`.trim(),
    );
}

async function open(file) {
  const choice = ++asked;
  let turn = opened;
  let begun = false;
  status(`${file.name}: reading`);
  try {
    const { sound, stated, key } = await decoded(file);
    model = await transcriber.load();
    if (choice !== asked) return;
    turn = ++opened;
    const stem = file.name.replace(/\.[^.]*$/, "") || "recording";
    const next = { name: file.name, stem, key, sound, stated, remarks: {}, heard: false };
    const channels = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel).slice());
    let quarter = -1;
    const found = await transcriber.hear(channels, sound.sampleRate, (message) => {
      if (turn !== opened) return;
      if (message.peaks) {
        begun = true;
        showRecording(next, message.peaks);
      }
      if (message.activations) {
        editor.show(makeSong(message, sound.duration), message.heard);
        update();
        const share = message.heard / (message.activations.length / CLASSES.length);
        byId("progress").value = share;
        // A screen reader reads each change: four are enough.
        if (Math.floor(4 * share) !== quarter)
          status(`${file.name}: heard ${clock(message.heard / FPS)} of ${clock(sound.duration)}`);
        quarter = Math.floor(4 * share);
      }
    });
    if (turn !== opened) return;
    if (byId("problem").textContent === unheard(recording)) problem("");
    score.close(); // it may have asked to wait, too
    Object.assign(recording, { remarks: found.remarks, heard: true });
    editor.show(makeSong(found, found.seconds));
    byId("progress").hidden = true;
    useGiven();
    await trackBeats();
    status([`${file.name} is heard: ${onsetCount(editor.song)}`, ...remarks(editor.song, recording)].join("; ") + ".");
    document.body.dataset.state = "heard";
  } catch (error) {
    if (turn !== opened || (choice !== asked && !begun)) return;
    if (begun) recording.failed = true;
    if (begun || recording?.heard !== false) {
      byId("progress").hidden = true;
      status("");
    }
    const stays = recording?.heard ? ` ${songTitle()} stays open.` : "";
    problem(`${file.name}: ${error.message}${stays}`);
    document.body.dataset.state = "failed";
  }
}

function makeSong({ activations, energies }, duration) {
  return new Song({ name: songTitle(), duration, activations, energies, picking: model.peak_picking, model: model.name });
}

function showRecording(next, peaks) {
  recording = next;
  score.close();
  document.body.dataset.state = "hearing";
  byId("result").hidden = false;
  byId("progress").hidden = false;
  byId("progress").value = 0;
  recording.silent = peakOf(peaks) < SILENT;
  const start = { edits: [], threshold: model.peak_picking.threshold, bars: AS_FOUND };
  const { sound } = recording;
  const { title: named, ...state } = keeping.begin(recording.key, { ...start, title: recording.stem }, sound.duration);
  editor.open({ peaks, seconds: sound.duration, sound: wholeSound(sound), start, state });
  setTitle(named || recording.stem);
}

// ---- corrections from a file

async function openCorrections(file, withRecording) {
  try {
    given = { file: file.name, ...fromJson(await file.text()) };
  } catch (error) {
    problem(`${file.name}: ${error.message}`);
    return;
  }
  if (withRecording) return;
  if (recording?.heard && (belongs(given) || given.recording.sha256 === recording.key)) useGiven();
  else status(`${file.name}: now choose its recording, ${given.recording.file}.`);
  document.body.dataset.state = recording?.heard ? "heard" : "waiting";
}

const belongs = ({ duration }) => Math.abs(duration - recording.sound.duration) < NEARLY;

/** The corrections that were opened are put to the recording that is heard. */
function useGiven() {
  if (!given) return;
  const { file, corrections, recording: of } = given;
  if (!belongs(given)) {
    problem(`${file} holds corrections of another recording, ${of.file}: they are left.`);
  } else {
    const { title: named, ...state } = corrections;
    setTitle(named || recording.stem);
    editor.adjust(state, `corrections of ${file}`);
    const doubtful = doubt(file, of, { file: recording.name, sha256: recording.key });
    if (doubtful) problem(doubtful);
  }
  given = null;
}

// ---- what is said

function status(text) {
  byId("status").textContent = text;
}

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

const songTitle = () => titleOf(title.value, recording);

function setTitle(text) {
  title.value = text;
  byId("editor-title").textContent = songTitle();
  document.title = `${songTitle()} · ${PAGE_TITLE}`;
  if (editor.song) editor.show(editor.song.with({ name: songTitle() }), editor.heard);
}

// ---- beats, bars, title

/** Beats of the onsets as they are; asked again where they changed meanwhile, or could not be found. */
function trackBeats() {
  const { events } = editor.song;
  if (tracking.events !== events) {
    const mine = (tracking = { events, done: beatsOf(editor.song, opened) });
    mine.done.catch(() => tracking === mine && (tracking = {}));
  }
  return tracking.done;
}

async function beatsOf({ events, onsets, duration }, turn) {
  const { times, positions, found } = await transcriber.beats(onsets, duration);
  if (turn !== opened || tracking.events !== events) return;
  editor.show(editor.song.with({ tracked: new Beats(times, positions, found) }));
  update();
}

let waiting = null;
editor.addEventListener("change", () => {
  if (recording.heard) status(""); // its numbers are those before
  update();
  clearTimeout(waiting);
  const again = () => trackBeats().catch((error) => problem(`Beats could not be found (${error.message}).`));
  waiting = setTimeout(() => recording.heard && again(), 600);
});

const changeTempo = (factor, words) => () => {
  const { bars } = editor.history.present;
  const tempo = Math.min(Math.max(bars.tempo * factor, 1 / 4), 4);
  if (tempo !== bars.tempo) editor.adjust({ bars: { ...bars, tempo } }, words);
};
byId("begin-bar").addEventListener("click", () => editor.beginBar());
byId("double").addEventListener("click", changeTempo(2, "tempo doubled"));
byId("halve").addEventListener("click", changeTempo(1 / 2, "tempo halved"));
title.addEventListener("input", () => {
  setTitle(title.value);
  update();
});
document.addEventListener("keydown", (event) => editor.keys.undoKey(event));

// ---- thresholds, table

const thresholds = new Thresholds(editor, byId("thresholds"));
const adding = { form: byId("add"), time: byId("add-time"), drum: byId("add-drum") };
const table = new OnsetTable(editor, byId("table-box"), byId("table"), adding);
byId("reset").addEventListener("click", () => {
  if (editor.song) editor.adjust({ threshold: model.peak_picking.threshold }, "thresholds of the model");
});

/** What the page says of the song, and keeps of it. */
function update() {
  const { song } = editor;
  if (!song) return;
  thresholds.update(song);
  table.update();
  byId("summary").textContent = recording.heard ? summary(editor.song, recording) : "";
  score.changed(song);
  keeping.update();
}

// ---- saving, sheet music

const grid = () => Number(byId("grid").value) || null;
const musicxml = (song) => toMusicXml(songPattern(song.events, song.beats, grid()), song.name);
byId("grid").addEventListener("change", update);

/** The song with its beats. SoundError, a sentence, where it is not heard to its end. */
async function wholeSong() {
  const why = unheard(recording);
  if (why) throw new SoundError(why);
  await trackBeats();
  if (!editor.song?.beats) throw new SoundError(unheard(null)); // another recording was opened meanwhile
  return editor.song;
}

const score = new Score({
  song: wholeSong,
  musicxml,
  elements: { box: byId("score"), engrave: byId("engrave"), print: byId("print"), status: byId("score-status") },
});

const about = {
  grid,
  musicxml,
  svg: async (song) => stackedSvg(await score.pages(musicxml(song), 2_000)),
  recording: () => ({ file: recording.name, sha256: recording.key }),
  sound: () => recording.sound,
};
for (const format of formats(about)) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: format.label });
  button.addEventListener("click", () => saveAs(format));
  byId("save").append(button);
}
const MORE = moreFormats(about);
byId("more").append(...MORE.map(({ label }, i) => new Option(label, i)));
byId("save-more").addEventListener("click", () => saveAs(MORE[byId("more").value]));

async function saveAs({ label, suffix, type, make, remark }) {
  try {
    const song = await wholeSong();
    const name = `${recording.stem}${suffix}`;
    save(new Blob([await make(song)], { type }), name);
    byId("saved").textContent = [`Saved: ${name}`, remark?.()].filter(Boolean).join(". ");
    problem("");
  } catch (error) {
    problem(error instanceof SoundError ? error.message : `${label} could not be made (${error.message}).`);
  }
}

// ---- without a network

if ("serviceWorker" in navigator) {
  addEventListener("load", async () => {
    try {
      await navigator.serviceWorker.register("service_worker.js");
      await navigator.serviceWorker.ready;
      byId("offline").textContent = "This page now works without a network.";
    } catch {
      byId("offline").textContent = ""; // a browser that forbids it: the page works while it is open
    }
  });
}
