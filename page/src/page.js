// The page: a file is chosen, decoded, heard in the workers, shown in the editor; what was found is saved and engraved.

import { CLASS_NAMES, CLASSES, FPS, MIDI_PITCH } from "./constants.js";
import { Editor } from "./editor/editor.js";
import { clock } from "./editor/lanes.js";
import { wholeSound } from "./editor/player.js";
import { CLICK_PEAK, click, drum, rendered } from "./editor/sounds.js";
import { toCsv, toJson, toLabels } from "./files/tables.js";
import { toWav } from "./files/wav.js";
import { decoded } from "./hearing/decode.js";
import { Transcriber } from "./hearing/transcriber.js";
import { Beats } from "./notation/beats.js";
import { songMidi } from "./notation/midi_file.js";
import { toMusicXml } from "./notation/musicxml.js";
import { songPattern } from "./notation/patterns.js";
import { Song } from "./song.js";

const byId = (id) => document.getElementById(id);
const MOST_ROWS = 300; // of the table

const editor = new Editor(byId("editor"));
const transcriber = new Transcriber({
  prepare: () => new Worker("prepare.worker.js", { type: "module" }),
  network: () => new Worker("network.worker.js", { type: "module" }),
});
let sound = null; // AudioBuffer
let model = null; // metadata
let beatsFor = null; // the onsets that beats were asked for
let opened = 0; // counts recordings: what comes late for an earlier one is left

// The network is made ready while a recording is looked for.
addEventListener("load", () =>
  setTimeout(
    () => transcriber.load().catch((error) => problem(`The page could not be loaded (${error.message}): load it again.`)),
    100,
  ),
);

// ---- a recording

byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = ""; // the same file may be chosen again
  if (file) open(file);
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
  const [file] = event.dataTransfer.files;
  if (file) open(file);
});

async function open(file) {
  const turn = ++opened;
  const name = file.name.replace(/\.[^.]*$/, "") || "recording";
  problem("");
  status(`${file.name}: reading`);
  byId("progress").hidden = true;
  try {
    const buffer = await decoded(file);
    if (turn !== opened) return;
    model = await transcriber.load();
    sound = buffer;
    closeScore();
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel).slice());
    let [song, quarter] = [null, -1];
    const found = await transcriber.hear(channels, buffer.sampleRate, (message) => {
      if (turn !== opened) return;
      if (message.peaks) showRecording(message.peaks, buffer);
      if (message.activations) {
        song = makeSong(name, message.activations, message.energies, buffer.duration);
        editor.show(song, message.heard);
        update();
        const share = message.heard / (message.activations.length / CLASSES.length);
        byId("progress").value = share;
        // A screen reader reads each change: four are enough.
        if (Math.floor(4 * share) !== quarter)
          status(`${file.name}: heard ${clock(message.heard / FPS)} of ${clock(buffer.duration)}`);
        quarter = Math.floor(4 * share);
      }
    });
    if (turn !== opened) return;
    song = makeSong(name, found.activations, found.energies, found.seconds);
    editor.show(song.with({ picking: editor.song?.picking ?? song.picking }));
    byId("progress").hidden = true;
    await trackBeats();
    update();
    status(summary(file.name, found.remarks));
    document.body.dataset.state = "heard";
  } catch (error) {
    if (turn !== opened) return;
    byId("progress").hidden = true;
    status("");
    problem(`${file.name}: ${error.message}`);
    document.body.dataset.state = "failed";
  }
}

function makeSong(name, activations, energies, duration) {
  const picking = editor.song?.activations === activations ? editor.song.picking : model.peak_picking;
  return new Song({ name, duration, activations, energies, picking, model: model.name, edits: editor.history.present });
}

function showRecording(peaks, buffer) {
  document.body.dataset.state = "hearing";
  byId("result").hidden = false;
  byId("progress").hidden = false;
  byId("progress").value = 0;
  editor.open({ peaks, seconds: buffer.duration, sound: wholeSound(buffer) });
}

function summary(name, remarks) {
  const { song } = editor;
  const counts = CLASSES.map((label) => `${CLASS_NAMES[label]} ${song.counts[label]}`).join(", ");
  const tempo = song.beats.found ? `${Math.round(song.beats.bpm)} beats a minute` : "too few onsets for a tempo: 120 is written";
  const notes = [];
  if (remarks.cancelled)
    notes.push(`for ${remarks.cancelled.toFixed(1)} s its channels cancel: there the sum of their energies was heard`);
  if (remarks.rumble) notes.push("rumble below 20 Hz was removed");
  const clicks = (remarks.clicks?.length ?? 0) + (remarks.outOfRange?.length ?? 0);
  if (clicks) notes.push(`${clicks} clicks far louder than the music were replaced`);
  return [`${name}: ${song.events.length} onsets (${counts}); ${tempo}`, ...notes].join("; ") + ".";
}

function status(text) {
  byId("status").textContent = text;
}

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

// ---- beats

/** Beats of the onsets as they are; asked again where they changed meanwhile. */
async function trackBeats() {
  const turn = opened;
  const { events } = editor.song;
  if (beatsFor === events) return;
  beatsFor = events;
  const { times, positions, found } = await transcriber.beats(editor.song.onsets, editor.song.duration);
  if (turn !== opened || beatsFor !== events) return;
  editor.show(editor.song.with({ beats: new Beats(times, positions, found) }));
}

let waiting = null;
function changed() {
  update();
  clearTimeout(waiting);
  waiting = setTimeout(() => document.body.dataset.state === "heard" && trackBeats(), 600);
}
editor.addEventListener("change", changed);

// ---- thresholds

const sliders = Object.fromEntries(
  CLASSES.map((name) => {
    const box = document.createElement("div");
    box.className = "threshold";
    const label = Object.assign(document.createElement("label"), { htmlFor: `threshold-${name}`, textContent: CLASS_NAMES[name] });
    const output = Object.assign(document.createElement("output"), { htmlFor: `threshold-${name}` });
    const input = Object.assign(document.createElement("input"), {
      type: "range",
      id: `threshold-${name}`,
      min: 0.05,
      max: 0.99,
      step: 0.01,
    });
    input.addEventListener("input", () => {
      if (!editor.song) return;
      editor.show(editor.song.withThreshold(name, Number(input.value)), editor.heard);
      changed();
    });
    box.append(label, output, input);
    byId("thresholds").append(box);
    return [name, { input, output }];
  }),
);
byId("reset").addEventListener("click", () => {
  if (!editor.song) return;
  editor.show(editor.song.with({ picking: model.peak_picking }), editor.heard);
  changed();
});

/** What the page says of the song: thresholds, counts, table. */
function update() {
  const { song } = editor;
  if (!song) return;
  for (const [name, { input, output }] of Object.entries(sliders)) {
    const threshold = song.thresholds[name];
    if (Number(input.value) !== threshold) input.value = threshold;
    const count = song.counts[name];
    input.setAttribute("aria-valuetext", `${threshold.toFixed(2)}, ${count} onsets`);
    output.textContent = `${threshold.toFixed(2)} (${count})`;
  }
  table();
}

// ---- table

byId("table-box").addEventListener("toggle", table);
editor.addEventListener("view", table);

function table() {
  if (!byId("table-box").open || !editor.song) return;
  const { start, end } = editor.view;
  const inside = editor.song.events.filter((event) => event.seconds >= start && event.seconds <= end).slice(0, MOST_ROWS);
  const element = document.createElement("table");
  const row = (cells, tag) => {
    const line = element.insertRow();
    for (const cell of cells)
      line.append(
        Object.assign(document.createElement(tag), tag === "th" ? { scope: "col", textContent: cell } : { textContent: cell }),
      );
    return line;
  };
  element.append(
    Object.assign(document.createElement("caption"), {
      className: "unseen",
      textContent: `Onsets from ${clock(start, 1)} to ${clock(end, 1)}`,
    }),
  );
  row(["Time", "Drum", "Velocity", "Confidence", "Correct"], "th");
  for (const event of inside) {
    const line = row(
      [clock(event.seconds, 3), CLASS_NAMES[event.name], event.velocity, event.byHand ? "by hand" : event.confidence.toFixed(2)],
      "td",
    );
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Delete" });
    button.setAttribute("aria-label", `Delete ${CLASS_NAMES[event.name]} at ${clock(event.seconds, 3)}`);
    button.addEventListener("click", () => editor.remove(event));
    line.insertCell().append(button);
  }
  byId("table").replaceChildren(element);
}

// ---- saving

const grid = () => Number(byId("grid").value) || null;
const sounds = (make, rate) => Object.fromEntries(CLASSES.map((name) => [name, make(name, rate)]));

function mono() {
  const channels = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  return channels.length === 1
    ? channels[0]
    : channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

const FORMATS = [
  {
    label: "MIDI",
    suffix: ".mid",
    type: "audio/midi",
    make: (song) =>
      songMidi({ ...song.plain, events: song.events, pitches: MIDI_PITCH, quantise: grid(), marked: !song.edits.length }),
  },
  { label: "Table (CSV)", suffix: ".csv", type: "text/csv", make: (song) => toCsv(song.events, MIDI_PITCH) },
  { label: "MusicXML", suffix: ".musicxml", type: "application/vnd.recordare.musicxml+xml", make: (song) => musicxml(song) },
  { label: "Sheet music (SVG)", suffix: ".svg", type: "image/svg+xml", make: async (song) => (await engraved(song, 2_000))[0] },
  { label: "Audacity labels", suffix: ".labels.txt", type: "text/plain", make: (song) => toLabels(song.events) },
  {
    label: "JSON",
    suffix: ".json",
    type: "application/json",
    make: (song) => toJson({ ...song.plain, events: song.events, thresholds: song.thresholds }),
  },
  {
    label: "Song with clicks (WAV)",
    suffix: ".clicks.wav",
    type: "audio/wav",
    make: (song) =>
      toWav(
        rendered(mono(), song.events, sounds(click, sound.sampleRate), sound.sampleRate, sound.duration, CLICK_PEAK),
        sound.sampleRate,
      ),
  },
  {
    label: "Drums alone (WAV)",
    suffix: ".drums.wav",
    type: "audio/wav",
    make: (song) => toWav(rendered(null, song.events, sounds(drum, 44_100), 44_100, sound.duration), 44_100),
  },
];

for (const { label, suffix, type, make } of FORMATS) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  button.addEventListener("click", async () => {
    if (!editor.song?.beats) {
      problem("The recording is not heard to its end: wait a moment.");
      return;
    }
    try {
      await trackBeats();
      save(new Blob([await make(editor.song)], { type }), `${editor.song.name}${suffix}`);
      problem("");
    } catch (error) {
      problem(`${label} could not be made (${error.message}).`);
    }
  });
  byId("save").append(button);
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// ---- sheet music

let engraver = null;
const WIDTH = [78, 150]; // of a line in staff spaces, on phones and on desks

const musicxml = (song) => toMusicXml(songPattern(song.events, song.beats, grid()), song.name);

/** Pages of SVG, each `height` staff spaces high at most. */
function engraved(song, height) {
  engraver ??= new Worker("score.worker.js", { type: "module" });
  return new Promise((resolve, reject) => {
    engraver.onmessage = ({ data }) => (data.kind === "pages" ? resolve(data.pages) : reject(new Error(data.message)));
    engraver.onerror = (event) => {
      engraver = null;
      reject(new Error(event.message || "verovio could not be loaded"));
    };
    engraver.postMessage({ musicxml: musicxml(song), width: innerWidth < 640 ? WIDTH[0] : WIDTH[1], height });
  });
}

byId("engrave").addEventListener("click", async () => {
  if (!editor.song?.beats) return;
  byId("score-status").textContent = "Engraving";
  try {
    await trackBeats();
    const pages = await engraved(editor.song, innerWidth < 640 ? 110 : 212);
    closeScore();
    byId("score").append(
      ...pages.map((page, i) => {
        const url = URL.createObjectURL(new Blob([page], { type: "image/svg+xml" }));
        return Object.assign(document.createElement("img"), {
          src: url,
          alt: `Sheet music of ${editor.song.name}, page ${i + 1} of ${pages.length}`,
        });
      }),
    );
    byId("score-status").textContent =
      `${pages.length} page${pages.length > 1 ? "s" : ""}, as the onsets are now; after a correction, show it again.`;
    byId("print").hidden = false;
    byId("engrave").textContent = "Show sheet music again";
  } catch (error) {
    byId("score-status").textContent = `It could not be engraved (${error.message}).`;
  }
});
byId("print").addEventListener("click", () => print());

function closeScore() {
  for (const image of byId("score").children) URL.revokeObjectURL(image.src);
  byId("score").replaceChildren();
  byId("print").hidden = true;
  byId("score-status").textContent = "";
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
