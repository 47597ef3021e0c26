// The picture: an overview of the recording, its waveform, and a lane for each class with activation, threshold and onsets.

import { CLASS_NAMES, CLASSES, FPS } from "../constants.js";

export const ROWS = { overview: 28, ruler: 18, wave: 64, lane: 50 }; // heights in CSS pixels
const LABEL = 17; // pixels at the top of a lane that its name takes
const NUMBER = 30; // pixels from one number of a bar to the next, at least
const TOP = ROWS.overview + ROWS.ruler + ROWS.wave;
export const HEIGHT = TOP + CLASSES.length * ROWS.lane;

/** Where a point of the picture lies: { row: "overview" | "ruler" | "wave" | "lane", name }. */
export function rowAt(y) {
  if (y < ROWS.overview) return { row: "overview" };
  if (y < ROWS.overview + ROWS.ruler) return { row: "ruler" };
  if (y < TOP) return { row: "wave" };
  return { row: "lane", name: CLASSES[Math.min(Math.floor((y - TOP) / ROWS.lane), CLASSES.length - 1)] };
}

/**
 * Draw everything.
 *
 * state: view, song, peaks (of frames), heard (frames that were heard so far), playhead (seconds), selected (event or null),
 * lane (name that the keyboard is in, or null), dragged ({ event, seconds, name } or null), colours (of theme.js).
 */
export function draw(context, state) {
  const { width } = state.view;
  context.fillStyle = state.colours.paper;
  context.fillRect(0, 0, width, HEIGHT);
  overview(context, state);
  bars(context, state);
  ruler(context, state);
  waveform(context, state);
  barNumbers(context, state);
  CLASSES.forEach((name, column) => lane(context, state, name, column));
  playhead(context, state);
}

function overview(context, { view, peaks, playhead: at, heard, song, colours }) {
  if (!peaks) return;
  const [middle, height] = [ROWS.overview / 2, ROWS.overview - 6];
  context.fillStyle = colours.part;
  context.fillRect(
    (view.start / view.duration) * view.width,
    0,
    Math.max((view.span / view.duration) * view.width, 3),
    ROWS.overview,
  );
  const known = song ? (heard / FPS / view.duration) * view.width : 0;
  for (let x = 0; x < view.width; x++) {
    const peak = highest(peaks, (x / view.width) * peaks.length, ((x + 1) / view.width) * peaks.length);
    context.fillStyle = x <= known ? colours.ink : colours.quiet;
    context.fillRect(x, middle - (peak * height) / 2, 1, Math.max(peak * height, 1));
  }
  context.fillStyle = colours.playhead;
  context.fillRect((at / view.duration) * view.width - 1, 0, 2, ROWS.overview);
}

/** Bar lines and beats through all lanes. */
function bars(context, { view, song, colours }) {
  const beats = song?.beats;
  if (!beats?.found) return;
  const close = view.x(beats.times[1]) - view.x(beats.times[0]) < 8;
  beats.times.forEach((time, i) => {
    const bar = beats.positions[i] === 1;
    if (time < view.start || time > view.end || (close && !bar)) return;
    context.fillStyle = bar ? colours.bar : colours.faint;
    context.fillRect(view.x(time) - (bar ? 1 : 0.5), ROWS.overview + ROWS.ruler, bar ? 2 : 1, HEIGHT);
  });
}

/** The number of each bar beside its line; where bars are narrow of every second, fourth and so on. */
function barNumbers(context, { view, song, colours }) {
  const beats = song?.beats;
  if (!beats?.found) return;
  const width = ((beats.times.at(-1) - beats.times[0]) / (beats.times.length - 1)) * beats.aBar * (view.width / view.span);
  let every = 1;
  while (every * width < NUMBER) every *= 2;
  context.font = "600 11px system-ui, sans-serif";
  context.textBaseline = "top";
  context.textAlign = "left";
  beats.times.forEach((time, i) => {
    if (beats.positions[i] !== 1 || time < view.start || time > view.end) return;
    const number = song.barNumber(i);
    if (number < 1 || (number - 1) % every) return;
    const x = view.x(time) + 3;
    context.fillStyle = colours.paper;
    context.fillRect(x - 1, ROWS.overview + ROWS.ruler, context.measureText(number).width + 3, 13);
    context.fillStyle = colours.ink;
    context.fillText(number, x, ROWS.overview + ROWS.ruler + 1);
  });
}

function ruler(context, { view, colours }) {
  const wanted = (view.span / view.width) * 80;
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((each) => each >= wanted) ?? 1200;
  context.fillStyle = colours.ink;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (let time = Math.ceil(view.start / step) * step; time <= view.end; time += step) {
    const x = view.x(time);
    context.fillRect(x, ROWS.overview + ROWS.ruler - 5, 1, 5);
    context.fillText(clock(time, step < 1 ? 1 : 0), x + 3, ROWS.overview + ROWS.ruler / 2);
  }
}

/** 2:05 or, with decimals, 2:05.3. */
export function clock(seconds, decimals = 0) {
  const scaled = Math.round(seconds * 10 ** decimals) / 10 ** decimals;
  const minutes = Math.floor(scaled / 60);
  return `${minutes}:${(scaled - 60 * minutes).toFixed(decimals).padStart(decimals ? 3 + decimals : 2, "0")}`;
}

function waveform(context, { view, peaks, colours }) {
  if (!peaks) return;
  const top = ROWS.overview + ROWS.ruler;
  const [middle, height] = [top + ROWS.wave / 2, ROWS.wave - 8];
  const scale = 1 / Math.max(0.05, highest(peaks, 0, peaks.length));
  context.fillStyle = colours.wave;
  for (let x = 0; x < view.width; x++) {
    const peak = scale * highest(peaks, view.seconds(x) * FPS, view.seconds(x + 1) * FPS);
    context.fillRect(x, middle - (peak * height) / 2, 1, Math.max(peak * height, 1));
  }
}

function highest(peaks, from, to) {
  let most = 0;
  for (let i = Math.max(0, Math.floor(from)); i < Math.min(peaks.length, Math.max(Math.ceil(to), Math.floor(from) + 1)); i++) {
    if (peaks[i] > most) most = peaks[i];
  }
  return most;
}

function lane(context, state, name, column) {
  const { view, song, selected, heard, dragged, lane: current, colours } = state;
  const top = TOP + column * ROWS.lane;
  const [bottom, height] = [top + ROWS.lane - 3, ROWS.lane - LABEL - 6];
  context.fillStyle = name === current ? colours.ink : colours.faint;
  context.fillRect(0, top, view.width, name === current ? 2 : 1);
  if (song) {
    activation(context, state, column, bottom, height, colours[name]);
    const y = bottom - song.picking.threshold[column] * height;
    context.strokeStyle = colours.quiet;
    context.setLineDash([3, 4]);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(view.x(heard / FPS), y);
    context.stroke();
    context.setLineDash([]);
    for (const event of song.events) {
      const moved = dragged && same(dragged.event, event);
      const { seconds, name: lane } = moved ? dragged : event;
      if (lane !== name || seconds < view.start - 0.1 || seconds > view.end + 0.1) continue;
      stroke(context, view.x(seconds), bottom, height, event, colours, colours[name], same(selected, event));
    }
  }
  context.font = "600 12px system-ui, sans-serif";
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillStyle = colours.ink;
  context.fillText(CLASS_NAMES[name], 6, top + 4);
}

export const same = (a, b) => Boolean(a && b && a.name === b.name && a.seconds === b.seconds);

/** Of events the one nearest to a time, null where there is none. */
export function nearest(events, seconds) {
  let found = null;
  for (const event of events) if (!found || Math.abs(event.seconds - seconds) < Math.abs(found.seconds - seconds)) found = event;
  return found;
}

function activation(context, { view, song, heard }, column, bottom, height, colour) {
  const [first, last] = [Math.max(0, Math.floor(view.start * FPS)), Math.min(heard, Math.ceil(view.end * FPS) + 1)];
  if (last <= first) return;
  context.globalAlpha = 0.22;
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(view.x(first / FPS), bottom);
  for (let frame = first; frame < last; frame++)
    context.lineTo(view.x(frame / FPS), bottom - song.activations[frame * CLASSES.length + column] * height);
  context.lineTo(view.x((last - 1) / FPS), bottom);
  context.fill();
  context.globalAlpha = 1;
}

/** An onset: a line as high as its velocity, a head that can be grasped; a ring where it was set by hand, a frame where selected. */
function stroke(context, x, bottom, height, event, colours, colour, selected) {
  const top = bottom - Math.max(0.25, event.velocity / 127) * height;
  context.fillStyle = colour;
  context.fillRect(x - 1, top, 2, bottom - top);
  context.beginPath();
  context.arc(x, top, 4, 0, 2 * Math.PI);
  context.fill();
  if (event.byHand) {
    context.fillStyle = colours.paper;
    context.beginPath();
    context.arc(x, top, 2, 0, 2 * Math.PI);
    context.fill();
  }
  if (selected) {
    context.strokeStyle = colours.selection;
    context.lineWidth = 2;
    context.strokeRect(x - 7, top - 7, 14, bottom - top + 9);
    context.lineWidth = 1;
  }
}

function playhead(context, { view, playhead: at, colours }) {
  if (at < view.start || at > view.end) return;
  context.fillStyle = colours.playhead;
  context.fillRect(view.x(at) - 1, ROWS.overview, 2, HEIGHT);
}
