// Made by page/bundle_editor.mjs of page/src/notebook.js and what it imports: change those.

// src/constants.js
var CLASSES = ["KD", "SD", "TT", "HH", "CY"];
var CLASS_NAMES = { KD: "kick drum", SD: "snare drum", TT: "toms", HH: "hi-hat", CY: "cymbals" };
var SAMPLE_RATE = 44100;
var HOP_LENGTH = 441;
var FPS = SAMPLE_RATE / HOP_LENGTH;
var FRAME_SIZE = 2048;

// src/editor/history.js
var MOST = 500;
var History = class {
  constructor(present) {
    Object.assign(this, { past: [], present, future: [] });
  }
  /** A new state; what was undone is forgotten. */
  do(state) {
    this.past.push(this.present);
    if (this.past.length > MOST) this.past.shift();
    this.present = state;
    this.future = [];
  }
  /** The state before, or null at the beginning. */
  undo() {
    if (!this.past.length) return null;
    this.future.push(this.present);
    return this.present = this.past.pop();
  }
  redo() {
    if (!this.future.length) return null;
    this.past.push(this.present);
    return this.present = this.future.pop();
  }
};

// src/editor/lanes.js
var COLOURS = { KD: "#0072B2", SD: "#D55E00", TT: "#009E73", HH: "#B8860B", CY: "#CC79A7" };
var [INK, QUIET, FAINT, PAPER] = ["#333333", "#8a8a8a", "#e4e4e4", "#ffffff"];
var ROWS = { overview: 28, ruler: 18, wave: 64, lane: 50 };
var LABEL = 17;
var TOP = ROWS.overview + ROWS.ruler + ROWS.wave;
var HEIGHT = TOP + CLASSES.length * ROWS.lane;
function rowAt(y) {
  if (y < ROWS.overview) return { row: "overview" };
  if (y < ROWS.overview + ROWS.ruler) return { row: "ruler" };
  if (y < TOP) return { row: "wave" };
  return { row: "lane", name: CLASSES[Math.min(Math.floor((y - TOP) / ROWS.lane), CLASSES.length - 1)] };
}
function draw(context, state) {
  const { width } = state.view;
  context.fillStyle = PAPER;
  context.fillRect(0, 0, width, HEIGHT);
  overview(context, state);
  bars(context, state);
  ruler(context, state);
  waveform(context, state);
  CLASSES.forEach((name, column) => lane(context, state, name, column));
  playhead(context, state);
}
function overview(context, { view, peaks, playhead: at, heard, song }) {
  if (!peaks) return;
  const [middle, height] = [ROWS.overview / 2, ROWS.overview - 6];
  context.fillStyle = "#eef3f7";
  context.fillRect(
    view.start / view.duration * view.width,
    0,
    Math.max(view.span / view.duration * view.width, 3),
    ROWS.overview
  );
  const known = song ? heard / FPS / view.duration * view.width : 0;
  for (let x = 0; x < view.width; x++) {
    const peak = highest(peaks, x / view.width * peaks.length, (x + 1) / view.width * peaks.length);
    context.fillStyle = x <= known ? INK : QUIET;
    context.fillRect(x, middle - peak * height / 2, 1, Math.max(peak * height, 1));
  }
  context.fillStyle = "#b00020";
  context.fillRect(at / view.duration * view.width - 1, 0, 2, ROWS.overview);
}
function bars(context, { view, song }) {
  const beats = song?.beats;
  if (!beats?.found) return;
  const close = view.x(beats.times[1]) - view.x(beats.times[0]) < 8;
  beats.times.forEach((time, i) => {
    const bar = beats.positions[i] === 1;
    if (time < view.start || time > view.end || close && !bar) return;
    context.fillStyle = bar ? "#bdbdbd" : FAINT;
    context.fillRect(view.x(time) - (bar ? 1 : 0.5), ROWS.overview + ROWS.ruler, bar ? 2 : 1, HEIGHT);
  });
}
function ruler(context, { view }) {
  const wanted = view.span / view.width * 80;
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((each) => each >= wanted) ?? 1200;
  context.fillStyle = "#555555";
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (let time = Math.ceil(view.start / step) * step; time <= view.end; time += step) {
    const x = view.x(time);
    context.fillRect(x, ROWS.overview + ROWS.ruler - 5, 1, 5);
    context.fillText(clock(time, step < 1 ? 1 : 0), x + 3, ROWS.overview + ROWS.ruler / 2);
  }
}
function clock(seconds, decimals = 0) {
  const scaled = Math.round(seconds * 10 ** decimals) / 10 ** decimals;
  const minutes = Math.floor(scaled / 60);
  return `${minutes}:${(scaled - 60 * minutes).toFixed(decimals).padStart(decimals ? 3 + decimals : 2, "0")}`;
}
function waveform(context, { view, peaks }) {
  if (!peaks) return;
  const top = ROWS.overview + ROWS.ruler;
  const [middle, height] = [top + ROWS.wave / 2, ROWS.wave - 8];
  const scale = 1 / Math.max(0.05, highest(peaks, 0, peaks.length));
  context.fillStyle = "#6b7f8c";
  for (let x = 0; x < view.width; x++) {
    const peak = scale * highest(peaks, view.seconds(x) * FPS, view.seconds(x + 1) * FPS);
    context.fillRect(x, middle - peak * height / 2, 1, Math.max(peak * height, 1));
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
  const { view, song, selected, heard, dragged, lane: current } = state;
  const top = TOP + column * ROWS.lane;
  const [bottom, height] = [top + ROWS.lane - 3, ROWS.lane - LABEL - 6];
  context.fillStyle = name === current ? "#555555" : FAINT;
  context.fillRect(0, top, view.width, name === current ? 2 : 1);
  if (song) {
    activation(context, state, column, bottom, height, COLOURS[name]);
    const y = bottom - song.picking.threshold[column] * height;
    context.strokeStyle = QUIET;
    context.setLineDash([3, 4]);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(view.x(heard / FPS), y);
    context.stroke();
    context.setLineDash([]);
    for (const event of song.events) {
      if (event.name !== name) continue;
      const moved = dragged && same(dragged.event, event);
      const seconds = moved ? dragged.seconds : event.seconds;
      if (seconds < view.start - 0.1 || seconds > view.end + 0.1) continue;
      stroke(context, view.x(seconds), bottom, height, event, COLOURS[name], same(selected, event));
    }
  }
  context.font = "600 12px system-ui, sans-serif";
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillStyle = INK;
  context.fillText(CLASS_NAMES[name], 6, top + 4);
}
var same = (a, b) => Boolean(a && b && a.name === b.name && a.seconds === b.seconds);
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
function stroke(context, x, bottom, height, event, colour, selected) {
  const top = bottom - Math.max(0.25, event.velocity / 127) * height;
  context.fillStyle = colour;
  context.fillRect(x - 1, top, 2, bottom - top);
  context.beginPath();
  context.arc(x, top, 4, 0, 2 * Math.PI);
  context.fill();
  if (event.byHand) {
    context.fillStyle = PAPER;
    context.beginPath();
    context.arc(x, top, 2, 0, 2 * Math.PI);
    context.fill();
  }
  if (selected) {
    context.strokeStyle = "#000000";
    context.lineWidth = 2;
    context.strokeRect(x - 7, top - 7, 14, bottom - top + 9);
    context.lineWidth = 1;
  }
}
function playhead(context, { view, playhead: at }) {
  if (at < view.start || at > view.end) return;
  context.fillStyle = "#b00020";
  context.fillRect(view.x(at) - 1, ROWS.overview, 2, HEIGHT);
}

// src/editor/sounds.js
var CLICKS = { KD: 220, SD: 440, TT: 660, HH: 1760, CY: 2640 };
var [CLICK_SECONDS, DECAY] = [0.04, 8e-3];
var CLICK_PEAK = 0.35;
var RECORDING_GAIN = 0.7;
function click(name, rate) {
  return toPeak(make(CLICK_SECONDS, rate, (t) => Math.exp(-t / DECAY) * Math.sin(2 * Math.PI * CLICKS[name] * t)));
}
function drum(name, rate) {
  const noise = noiseOf(4711 + name.charCodeAt(0));
  const bright = highPass(noise);
  const kinds = {
    KD: [
      0.4,
      (t) => Math.exp(-t / 0.09) * Math.sin(2 * Math.PI * (48 * t + 2.6 * (1 - Math.exp(-t / 0.03)))) + 0.25 * Math.exp(-t / 4e-3) * noise()
    ],
    SD: [0.3, (t) => 0.55 * Math.exp(-t / 0.05) * Math.sin(2 * Math.PI * 190 * t) + 0.7 * Math.exp(-t / 0.07) * noise()],
    TT: [
      0.5,
      (t) => Math.exp(-t / 0.13) * Math.sin(2 * Math.PI * (110 * t + 1.2 * (1 - Math.exp(-t / 0.04)))) + 0.15 * Math.exp(-t / 0.01) * noise()
    ],
    HH: [0.12, (t) => Math.exp(-t / 0.025) * bright()],
    CY: [1.2, (t) => Math.exp(-t / 0.3) * bright() + 0.2 * Math.exp(-t / 0.2) * Math.sin(2 * Math.PI * 3150 * t)]
  };
  const [seconds, at] = kinds[name];
  return toPeak(make(seconds, rate, at));
}
function make(seconds, rate, at) {
  return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => at(i / rate));
}
function toPeak(samples) {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return samples.map((sample) => sample / peak);
}
function noiseOf(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}
function highPass(noise) {
  let [before, earlier] = [0, 0];
  return () => {
    const now = noise();
    const bright = now - 2 * before + earlier;
    [earlier, before] = [before, now];
    return bright / 4;
  };
}

// src/editor/player.js
var AHEAD = 0.25;
var EVERY = 80;
var Player = class extends EventTarget {
  /** events: a function that gives the onsets. Emits "state" when it starts or stops. */
  constructor(events) {
    super();
    this.events = events;
    this.sound = null;
    this.position = 0;
    this.playing = false;
    this.levels = { recording: true, clicks: false, drums: false };
  }
  /**
   * sound: { duration, rate, ready(from), play(output, from, when) }. `ready` resolves when it can be played from there on; `play`
   * hands it to the node `output` and returns what stops it. `wholeSound` makes one of an AudioBuffer.
   */
  open(sound) {
    this.pause();
    this.sound = sound;
    this.position = 0;
  }
  /** Seconds into the recording, what is heard at this moment. */
  get now() {
    if (!this.playing) return this.position;
    const latency = this.context.outputLatency || 0;
    return Math.min(Math.max(this.context.currentTime - latency - this.begun, this.from), this.sound.duration);
  }
  async play() {
    if (!this.sound || this.playing) return;
    const { sound } = this;
    this._open(sound.rate);
    if (this.position >= sound.duration - 0.01) this.position = 0;
    await Promise.all([this.context.resume(), sound.ready(this.position)]);
    if (this.playing || sound !== this.sound) return;
    this.from = this.position;
    const start = this.context.currentTime + 0.05;
    this.begun = start - this.from;
    this.sent = this.from - 1e-6;
    this.stop = sound.play(this.gains.recording, this.from, start);
    this.playing = true;
    this.timer = setInterval(() => this._send(), EVERY);
    this._send();
    this.dispatchEvent(new Event("state"));
  }
  pause() {
    if (!this.playing) return;
    this.position = this.now;
    this.playing = false;
    clearInterval(this.timer);
    this.stop();
    for (const node of this.strokes) node.stop();
    this.strokes.clear();
    this.dispatchEvent(new Event("state"));
  }
  seek(seconds) {
    const again = this.playing;
    this.pause();
    this.position = Math.min(Math.max(seconds, 0), this.sound?.duration ?? 0);
    if (again) this.play();
  }
  /** Turn the recording, clicks or drums on or off. */
  set(what, on) {
    this.levels[what] = on;
    this._level();
  }
  _open(rate) {
    if (this.context) return;
    this.context = new AudioContext({ sampleRate: rate });
    const { sampleRate } = this.context;
    const limiter = new DynamicsCompressorNode(this.context, { threshold: -3, ratio: 12, attack: 2e-3 });
    limiter.connect(this.context.destination);
    this.gains = {};
    for (const what of Object.keys(this.levels)) {
      this.gains[what] = new GainNode(this.context);
      this.gains[what].connect(limiter);
    }
    const bufferOf = (samples) => {
      const buffer = new AudioBuffer({ length: samples.length, sampleRate });
      buffer.copyToChannel(samples, 0);
      return buffer;
    };
    this.sounds = {
      clicks: Object.fromEntries(CLASSES.map((name) => [name, bufferOf(click(name, sampleRate))])),
      drums: Object.fromEntries(CLASSES.map((name) => [name, bufferOf(drum(name, sampleRate))]))
    };
    this.strokes = /* @__PURE__ */ new Set();
    this._level();
  }
  _level() {
    if (!this.context) return;
    const { recording, clicks, drums } = this.levels;
    const set = (what, value) => this.gains[what].gain.setTargetAtTime(value, this.context.currentTime, 0.01);
    set("recording", recording ? clicks || drums ? RECORDING_GAIN : 1 : 0);
    set("clicks", clicks ? CLICK_PEAK : 0);
    set("drums", drums ? 0.6 : 0);
  }
  /** Hands over the strokes of the next quarter of a second; at the end it stops. */
  _send() {
    if (this.now >= this.sound.duration - 0.02) {
      this.pause();
      return;
    }
    const until = this.context.currentTime - this.begun + AHEAD;
    for (const event of this.events()) {
      if (event.seconds <= this.sent || event.seconds > until) continue;
      for (const what of ["clicks", "drums"]) {
        if (!this.levels[what]) continue;
        const node = new AudioBufferSourceNode(this.context, { buffer: this.sounds[what][event.name] });
        const gain = new GainNode(this.context, { gain: what === "clicks" ? 1 : (event.velocity / 127) ** 2 });
        node.connect(gain).connect(this.gains[what]);
        node.onended = () => this.strokes.delete(node);
        this.strokes.add(node);
        node.start(this.begun + event.seconds);
      }
    }
    this.sent = Math.max(this.sent, until);
  }
};

// src/editor/view.js
var SHORTEST = 0.5;
var View = class {
  constructor() {
    Object.assign(this, { duration: 1, start: 0, span: 1, width: 1 });
  }
  /** Show a recording from its beginning, ten seconds or all of it. */
  open(duration) {
    Object.assign(this, { duration: Math.max(duration, SHORTEST), start: 0, span: Math.min(10, Math.max(duration, SHORTEST)) });
  }
  x(seconds) {
    return (seconds - this.start) / this.span * this.width;
  }
  seconds(x) {
    return this.start + x / this.width * this.span;
  }
  get end() {
    return this.start + this.span;
  }
  moveTo(start) {
    this.start = Math.min(Math.max(start, 0), this.duration - this.span);
  }
  /** A factor below 1 shows less; what lies at `around` (seconds) stays where it is. */
  zoom(factor, around = this.start + this.span / 2) {
    const span = Math.min(Math.max(this.span * factor, SHORTEST), this.duration);
    const place = (around - this.start) / this.span;
    this.span = span;
    this.moveTo(around - place * span);
  }
  /** Turn the page so that a time is seen; whether that was needed. */
  reveal(seconds) {
    if (seconds >= this.start && seconds <= this.end) return false;
    this.moveTo(seconds - this.span * 0.1);
    return true;
  }
};

// src/editor/editor.js
var NEAR = 9;
var editors = 0;
var FINE = 5e-3;
var KEYS = "Left and right go from onset to onset, up and down from drum to drum. Enter adds an onset at the playhead, Delete removes the selected one, Shift with left or right moves it by 5 milliseconds. Space plays, plus and minus zoom, Control Z undoes.";
var Editor = class extends EventTarget {
  /** correcting: whether clicks correct from the beginning. */
  constructor(root, { correcting = false } = {}) {
    super();
    this.root = root;
    root.classList.add("drum-editor");
    this.view = new View();
    this.history = new History([]);
    this.player = new Player(() => this.song?.events ?? []);
    Object.assign(this, { song: null, peaks: null, heard: 0, selected: null, lane: CLASSES[0], dragged: null, correcting: false });
    this._build();
    this._mode(correcting);
    this._listen();
  }
  // ---- what is shown
  /** A recording before anything was heard in it; `edits` are corrections of an earlier time, which can be undone. */
  open({ peaks, seconds, sound, edits = [] }) {
    this.player.open(sound);
    this.view.open(seconds);
    this.history = new History([]);
    for (let n = 1; n <= edits.length; n++) this.history.do(edits.slice(0, n));
    Object.assign(this, { song: null, peaks, heard: 0, selected: null });
    this._changed(false);
  }
  /** What was heard; corrections are those of the editor. */
  show(song, heard = Infinity) {
    this.song = song.edits === this.history.present ? song : song.with({ edits: this.history.present });
    this.heard = Math.min(heard, song.activations.length / CLASSES.length);
    if (this.selected) this.selected = this.song.events.find((event) => same(event, this.selected)) ?? null;
    this._changed(false);
  }
  get playhead() {
    return this.player.now;
  }
  /** Another part of the recording: seconds. */
  look(start, span) {
    this.view.zoom(span / this.view.span);
    this.view.moveTo(start);
    this._draw();
  }
  // ---- corrections
  add(name, seconds) {
    if (!this.song) return;
    this._do(this.song.add(name, seconds));
    this.selected = nearest(
      this.song.events.filter((event) => event.name === name),
      seconds
    );
    this._say(`Added: ${this._words(this.selected)}`);
    this._changed();
  }
  remove(event = this.selected) {
    if (!event) return;
    const words = this._words(event);
    this._do(this.song.remove(event));
    const left = this.song.events.filter((other) => other.name === event.name);
    this.selected = nearest(left, event.seconds);
    this._say(`Deleted: ${words}`);
    this._changed();
  }
  move(event, seconds) {
    if (!event) return;
    const inside = Math.min(Math.max(seconds, 0), this.song.duration);
    this._do(this.song.move(event, inside));
    this.selected = nearest(
      this.song.events.filter((other) => other.name === event.name),
      inside
    );
    this._say(`Moved: ${this._words(this.selected)}`);
    this._changed();
  }
  undo() {
    this._restore(this.history.undo(), "Undone");
  }
  redo() {
    this._restore(this.history.redo(), "Redone");
  }
  _do(song) {
    this.song = song;
    this.history.do(song.edits);
  }
  _restore(edits, word) {
    if (!edits) return;
    this.song = this.song.with({ edits });
    this.selected = this.song.events.find((event) => same(event, this.selected)) ?? null;
    this._say(`${word}: ${edits.length} corrections, ${this.song.events.length} onsets`);
    this._changed();
  }
  // ---- elements
  _build() {
    const make2 = (tag, properties = {}, ...children) => {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...children);
      return element;
    };
    const button = (label, action, title = label) => {
      const element = make2("button", { type: "button", textContent: label, title });
      element.setAttribute("aria-label", title);
      element.addEventListener("click", action);
      return element;
    };
    const check = (what, label, on) => {
      const input = make2("input", { type: "checkbox", checked: on });
      input.addEventListener("change", () => this.player.set(what, input.checked));
      return make2("label", { className: "check" }, input, label);
    };
    this.playButton = button("▶ Play", () => this._toggle(), "Play");
    this.time = make2("span", { className: "time" });
    this.undoButton = button("↶", () => this.undo(), "Undo");
    this.redoButton = button("↷", () => this.redo(), "Redo");
    this.deleteButton = button("Delete", () => this.remove(), "Delete the selected onset");
    this.modeButton = button("✎ Correct", () => this._mode(!this.correcting), "Correct by clicking");
    this.modeButton.setAttribute("aria-pressed", "false");
    this.tools = make2(
      "div",
      { className: "tools" },
      make2("div", { className: "group" }, this.playButton, this.time),
      make2(
        "div",
        { className: "group" },
        check("recording", "recording", true),
        check("clicks", "clicks", false),
        check("drums", "drums", false)
      ),
      make2(
        "div",
        { className: "group" },
        button("−", () => this._zoom(1.6), "Zoom out"),
        button("+", () => this._zoom(1 / 1.6), "Zoom in")
      ),
      make2("div", { className: "group" }, this.modeButton, this.deleteButton, this.undoButton, this.redoButton)
    );
    this.canvas = make2("canvas", { className: "lanes", tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-roledescription", "drum lanes");
    this.canvas.setAttribute("aria-describedby", `lanes-keys-${++editors}`);
    this.hint = make2("p", { className: "hint" });
    this.keys = make2("p", { id: `lanes-keys-${editors}`, textContent: KEYS });
    const keys = make2("details", {}, make2("summary", { textContent: "Keys" }), this.keys);
    this.live = make2("p", { className: "unseen" });
    this.live.setAttribute("aria-live", "polite");
    this.root.append(this.tools, this.canvas, this.hint, keys, this.live);
  }
  _mode(correcting) {
    this.correcting = correcting;
    this.modeButton.setAttribute("aria-pressed", String(correcting));
    this.hint.textContent = correcting ? "Click on a lane to add an onset, on an onset to delete it; drag it to move it." : "Click to go there, on an onset to select it; drag to scroll. With Correct, clicks add and delete.";
  }
  _toggle() {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }
  _zoom(factor, around) {
    this.view.zoom(factor, around ?? (inView(this.view, this.playhead) ? this.playhead : void 0));
    this._viewed();
  }
  _viewed() {
    this._draw();
    clearTimeout(this.viewTimer);
    this.viewTimer = setTimeout(() => this.dispatchEvent(new Event("view")), 150);
  }
  _changed(tell = true) {
    this.undoButton.disabled = !this.history.past.length;
    this.redoButton.disabled = !this.history.future.length;
    this.deleteButton.disabled = !this.selected;
    this._draw();
    this.canvas.setAttribute("aria-label", this._label());
    if (tell) this.dispatchEvent(new Event("change"));
  }
  _label() {
    if (!this.song) return "Drum lanes: no recording yet";
    const counts = Object.entries(this.song.counts).map(([name, count]) => `${CLASS_NAMES[name]} ${count}`);
    return `Drum lanes: ${counts.join(", ")}`;
  }
  _words(event) {
    if (!event) return "no onset";
    const sure = event.byHand ? "set by hand" : `confidence ${event.confidence.toFixed(2)}`;
    return `${CLASS_NAMES[event.name]} at ${clock(event.seconds, 3)}, velocity ${event.velocity}, ${sure}`;
  }
  _say(text) {
    this.live.textContent = text;
  }
  _draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = null;
      const ratio = globalThis.devicePixelRatio || 1;
      const width = Math.max(1, Math.floor(this.canvas.clientWidth));
      if (this.canvas.width !== Math.round(width * ratio)) {
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round(HEIGHT * ratio);
      }
      this.view.width = width;
      const context = this.canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const focused = document.activeElement === this.canvas;
      draw(context, { ...this, playhead: this.playhead, lane: focused ? this.lane : null });
      this.time.textContent = `${clock(this.playhead, 1)} / ${clock(this.view.duration)}`;
    });
  }
  // ---- pointers and keys
  _listen() {
    new ResizeObserver(() => this._draw()).observe(this.canvas);
    this.canvas.addEventListener("focus", () => this._draw());
    this.canvas.addEventListener("blur", () => this._draw());
    this.player.addEventListener("state", () => {
      this.playButton.textContent = this.player.playing ? "❚❚ Pause" : "▶ Play";
      this.playButton.title = this.player.playing ? "Pause" : "Play";
      this.playButton.setAttribute("aria-label", this.playButton.title);
      this._follow();
    });
    this.canvas.addEventListener("keydown", (event) => this._key(event));
    this.canvas.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    this.pointers = /* @__PURE__ */ new Map();
    this.canvas.addEventListener("pointerdown", (event) => this._down(event));
    this.canvas.addEventListener("pointermove", (event) => this._moved(event));
    this.canvas.addEventListener("pointerup", (event) => this._up(event));
    this.canvas.addEventListener("pointercancel", (event) => this._up(event, true));
  }
  /** While it plays, the picture follows. */
  _follow() {
    this._draw();
    if (!this.player.playing) return;
    if (!this.pointers.size && this.view.reveal(this.playhead)) this._viewed();
    requestAnimationFrame(() => this._follow());
  }
  _wheel(event) {
    const { offsetX, deltaX, deltaY, ctrlKey, shiftKey } = event;
    if (!ctrlKey && !shiftKey && Math.abs(deltaX) <= Math.abs(deltaY)) return;
    event.preventDefault();
    if (ctrlKey) this._zoom(1.0025 ** deltaY, this.view.seconds(offsetX));
    else {
      this.view.moveTo(this.view.start + (deltaX || deltaY) / this.view.width * this.view.span);
      this._viewed();
    }
  }
  _eventAt(x, y, reach) {
    const { row, name } = rowAt(y);
    if (row !== "lane" || !this.song) return null;
    const found = nearest(
      this.song.events.filter((event) => event.name === name),
      this.view.seconds(x)
    );
    return found && Math.abs(this.view.x(found.seconds) - x) <= reach ? found : null;
  }
  _down(event) {
    if (event.button > 0) return;
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const reach = event.pointerType === "touch" ? 2 * NEAR : NEAR;
    const { offsetX: x, offsetY: y } = event;
    this.pointers.set(event.pointerId, {
      x,
      y,
      start: this.view.start,
      span: this.view.span,
      moved: false,
      hit: this._eventAt(x, y, reach)
    });
    if (rowAt(y).row === "overview") this._overview(x);
  }
  _overview(x) {
    this.view.moveTo(x / this.view.width * this.view.duration - this.view.span / 2);
    this._viewed();
  }
  _moved(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      const over = this._eventAt(event.offsetX, event.offsetY, NEAR);
      this.canvas.style.cursor = over ? "pointer" : this.correcting && rowAt(event.offsetY).row === "lane" ? "copy" : "default";
      return;
    }
    const { offsetX: x } = event;
    if (Math.abs(x - pointer.x) > 4) pointer.moved = true;
    if (!pointer.moved) return;
    if (this.pointers.size === 2) this._pinch(event, pointer);
    else if (rowAt(pointer.y).row === "overview") this._overview(x);
    else if (this.correcting && pointer.hit) {
      this.dragged = { event: pointer.hit, seconds: pointer.hit.seconds + (x - pointer.x) / this.view.width * this.view.span };
      this._draw();
    } else {
      this.view.moveTo(pointer.start - (x - pointer.x) / this.view.width * this.view.span);
      this._viewed();
    }
  }
  _pinch(event, pointer) {
    const other = [...this.pointers.values()].find((each) => each !== pointer);
    other.moved = true;
    const before = Math.abs((pointer.last ?? pointer.x) - other.x);
    const after = Math.abs(event.offsetX - other.x);
    pointer.last = event.offsetX;
    if (before > 10 && after > 10) this._zoom(before / after, this.view.seconds(other.x));
  }
  _up(event, cancelled = false) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    const { dragged } = this;
    this.dragged = null;
    if (!pointer || cancelled) return this._draw();
    if (dragged) return this.move(dragged.event, dragged.seconds);
    if (pointer.moved) return void 0;
    const { row, name } = rowAt(pointer.y);
    const seconds = Math.min(Math.max(this.view.seconds(pointer.x), 0), this.view.duration);
    if (row === "lane") this.lane = name;
    if (row === "lane" && this.correcting && this.song) {
      if (pointer.hit) this.remove(pointer.hit);
      else this.add(name, seconds);
    } else if (pointer.hit) this._select(pointer.hit);
    else if (row !== "overview") {
      this.selected = null;
      this.player.seek(seconds);
      this._changed(false);
    }
    return void 0;
  }
  _select(event) {
    this.selected = event;
    if (event) {
      this.lane = event.name;
      if (!this.player.playing) this.player.seek(event.seconds);
      if (this.view.reveal(event.seconds)) this._viewed();
      const of = this.song.events.filter((other) => other.name === event.name);
      this._say(`${this._words(event)}, ${of.indexOf(event) + 1} of ${of.length}`);
    }
    this._changed(false);
  }
  _key(event) {
    const { key, shiftKey } = event;
    const control = event.ctrlKey || event.metaKey;
    const actions = {
      " ": () => this._toggle(),
      ArrowLeft: () => shiftKey ? this.move(this.selected, this.selected?.seconds - FINE) : this._step(-1),
      ArrowRight: () => shiftKey ? this.move(this.selected, this.selected?.seconds + FINE) : this._step(1),
      ArrowUp: () => this._lane(-1),
      ArrowDown: () => this._lane(1),
      Enter: () => this.add(this.lane, Math.round(this.playhead * FPS * 10) / (FPS * 10)),
      Delete: () => this.remove(),
      Backspace: () => this.remove(),
      Home: () => this._go(0),
      End: () => this._go(this.view.duration),
      "+": () => this._zoom(1 / 1.6),
      "=": () => this._zoom(1 / 1.6),
      "-": () => this._zoom(1.6),
      Escape: () => this._select(null)
    };
    const controls = { z: () => shiftKey ? this.redo() : this.undo(), Z: () => this.redo(), y: () => this.redo() };
    const action = control ? controls[key] : actions[key];
    if (!action) return;
    event.preventDefault();
    action();
  }
  _step(direction) {
    const of = this.song?.events.filter((event) => event.name === this.lane) ?? [];
    const from = this.selected?.name === this.lane ? this.selected.seconds : this.playhead;
    const past = (event) => direction > 0 ? event.seconds > from + 1e-9 : event.seconds < from - 1e-9;
    const found = direction > 0 ? of.find(past) : of.findLast(past);
    if (found) this._select(found);
    else this._say(`No ${direction > 0 ? "later" : "earlier"} onset of ${CLASS_NAMES[this.lane]}`);
  }
  _lane(direction) {
    this.lane = CLASSES[Math.min(Math.max(CLASSES.indexOf(this.lane) + direction, 0), CLASSES.length - 1)];
    const count = this.song?.counts[this.lane] ?? 0;
    this._say(`${CLASS_NAMES[this.lane]}, ${count} onsets`);
    this._draw();
  }
  _go(seconds) {
    this.player.seek(seconds);
    this.view.reveal(seconds);
    this._viewed();
  }
};
function nearest(events, seconds) {
  let found = null;
  for (const event of events) if (!found || Math.abs(event.seconds - seconds) < Math.abs(found.seconds - seconds)) found = event;
  return found;
}
var inView = (view, seconds) => seconds >= view.start && seconds <= view.end;

// src/numbers.js
function rint(x) {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  if (!sorted.length) return NaN;
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

// src/audio/features.js
var HALF = FRAME_SIZE / 2;

// src/onsets/energies.js
var [LOUD, LOUD_QUANTILE] = [100, 0.75];
var SOFTEST_VELOCITY = 20;
var SOFTEST = Math.fround(1e-3);
var [BEFORE, AFTER] = [2, 3];
var FLAM = 8;
var N = CLASSES.length;
function onsetEnergies(energies, column, times) {
  const last = energies.length / N - 1;
  if (last < 0) return times.map(() => SOFTEST);
  const at = (frame) => frame < 0 ? 0 : energies[frame * N + column];
  let flam = 0;
  let previous = -FLAM - 1;
  return times.map((seconds, index) => {
    const frame = Math.min(Math.max(rint(seconds * FPS), 0), last);
    if (frame - previous > FLAM || index === 0) flam = frame;
    previous = frame;
    let after = 0;
    for (let step = 0; step <= AFTER; step++) after = Math.max(after, at(Math.min(frame + step, last)));
    const before = Math.min(at(frame - BEFORE), at(flam - BEFORE));
    return Math.max(Math.fround(after - before), SOFTEST);
  });
}
function velocities(energies, column, times) {
  const risen = onsetEnergies(energies, column, times);
  const reference = risen.length ? quantile(risen, LOUD_QUANTILE) : 1;
  return risen.map((rise) => {
    const decibels = 20 * Math.log10(rise / reference);
    return Math.min(Math.max(rint(LOUD * 10 ** (decibels / 40)), SOFTEST_VELOCITY), 127);
  });
}

// src/onsets/peak_picking.js
var N2 = CLASSES.length;
function pickClass(activations, column, picking) {
  const frames = activations.length / N2;
  const { max_window: m, mean_window: a, delta } = picking;
  const threshold = Math.fround(picking.threshold[column]);
  const distance = picking.wait + (picking.strict_wait ? 1 : 0);
  const found = [];
  let last = -Infinity;
  for (let frame = picking.skip_first; frame < frames; frame++) {
    const value = activations[frame * N2 + column];
    if (picking.strict_threshold ? !(value > threshold) : !(value >= threshold)) continue;
    if (frame > 0 && !(value > activations[(frame - 1) * N2 + column])) continue;
    if (!isHighest(activations, column, frame, value, m, frames)) continue;
    if (value < mean(activations, column, frame, a, frames) + delta) continue;
    if (frame < last + distance) continue;
    found.push(frame);
    last = frame;
  }
  const kept = picking.double ? withoutDoubles(found, (frame) => activations[frame * N2 + column], picking) : found;
  return kept.map((frame) => frame / FPS);
}
function withoutDoubles(frames, valueAt, { double, strong }) {
  const kept = [];
  for (const frame of frames) {
    const before = kept.at(-1);
    if (before === void 0 || frame - before > double || Math.min(valueAt(frame), valueAt(before)) >= strong) kept.push(frame);
    else if (valueAt(frame) > valueAt(before)) kept[kept.length - 1] = frame;
  }
  return kept;
}
function isHighest(activations, column, frame, value, reach, frames) {
  for (let at = Math.max(0, frame - reach); at <= Math.min(frames - 1, frame + reach); at++) {
    if (activations[at * N2 + column] > value) return false;
  }
  return true;
}
function mean(activations, column, frame, reach, frames) {
  const [first, last] = [Math.max(0, frame - reach), Math.min(frames - 1, frame + reach)];
  let sum = 0;
  for (let at = first; at <= last; at++) sum += activations[at * N2 + column];
  return sum / (last - first + 1);
}

// src/song.js
var SAME = 0.03;
var Song = class _Song {
  /**
   * name, duration (seconds), activations and energies ((T * 5) float32), picking (parameters with thresholds), model (name),
   * edits ([{ kind, name, seconds, velocity }], kind "add" or "remove", velocity 0: estimate it), beats (null until tracked).
   */
  constructor({ name, duration, activations, energies, picking, model = "", edits = [], beats = null }) {
    Object.assign(this, { name, duration, activations, energies, picking, model, edits, beats });
  }
  with(changes) {
    return new _Song({ ...this.plain, ...changes });
  }
  get plain() {
    const { name, duration, activations, energies, picking, model, edits, beats } = this;
    return { name, duration, activations, energies, picking, model, edits, beats };
  }
  /** The onsets sorted by time, simultaneous ones in the order of CLASSES: [{ seconds, name, velocity, confidence, byHand }]. */
  get events() {
    return this._events ??= this._found();
  }
  /** Five sorted arrays of seconds. */
  get onsets() {
    return CLASSES.map((name) => this.events.filter((event) => event.name === name).map((event) => event.seconds));
  }
  get counts() {
    return Object.fromEntries(CLASSES.map((name) => [name, this.events.filter((event) => event.name === name).length]));
  }
  get thresholds() {
    return Object.fromEntries(CLASSES.map((name, column) => [name, this.picking.threshold[column]]));
  }
  withThreshold(name, threshold) {
    const values = this.picking.threshold.map((value, column) => CLASSES[column] === name ? threshold : value);
    return this.with({ picking: { ...this.picking, threshold: values } });
  }
  add(name, seconds, velocity = 0) {
    const inside = Math.min(Math.max(seconds, 0), this.duration);
    return this.with({ edits: [...this.edits, { kind: "add", name, seconds: inside, velocity }] });
  }
  remove(event) {
    return this.with({ edits: [...this.edits, { kind: "remove", name: event.name, seconds: event.seconds, velocity: 0 }] });
  }
  move(event, seconds) {
    return this.remove(event).add(event.name, seconds, event.velocity);
  }
  _found() {
    const picked = CLASSES.map((_, column) => pickClass(this.activations, column, this.picking));
    const { times, byHand } = edited(picked, this.edits);
    const last = Math.max(this.activations.length / CLASSES.length - 1, 0);
    const found = CLASSES.flatMap((name, column) => {
      const strengths = velocities(this.energies, column, times[column]);
      return times[column].map((seconds, i) => {
        const edit = byHand[column].get(seconds);
        const frame = Math.min(rint(seconds * FPS), last);
        const confidence = edit ? 1 : this.activations[frame * CLASSES.length + column];
        return { seconds, name, velocity: edit?.velocity || strengths[i], confidence, byHand: Boolean(edit) };
      });
    });
    return found.sort((a, b) => a.seconds - b.seconds || CLASSES.indexOf(a.name) - CLASSES.indexOf(b.name));
  }
};
function edited(picked, edits) {
  const times = picked.map((column) => [...column]);
  const byHand = picked.map(() => /* @__PURE__ */ new Map());
  for (const edit of edits) {
    const column = CLASSES.indexOf(edit.name);
    const away = (time) => Math.abs(time - edit.seconds);
    let removed = times[column].filter((time) => away(time) <= SAME);
    if (edit.kind === "remove") removed = removed.sort((a, b) => away(a) - away(b)).slice(0, 1);
    for (const time of removed) byHand[column].delete(time);
    times[column] = times[column].filter((time) => !removed.includes(time));
    if (edit.kind === "add") {
      times[column].push(edit.seconds);
      byHand[column].set(edit.seconds, edit);
    }
  }
  return { times: times.map((column) => column.sort((a, b) => a - b)), byHand };
}

// src/notebook.js
var KEPT = 12;
var notebook_default = {
  render({ model, el }) {
    el.dataset.lmSuppressShortcuts = "true";
    const editor = new Editor(el, { correcting: true });
    const open = () => openRecording(editor, model);
    const on = {
      "change:recording": open,
      "change:thresholds": () => editor.song && editor.show(withThresholds(editor.song, model)),
      "change:beats": () => editor.song && editor.show(editor.song.with({ beats: beatsOf(model) })),
      "change:edits": () => JSON.stringify(editsOf(model)) !== JSON.stringify(editor.history.present) && open(),
      "change:view": () => {
        const [start, span] = model.get("view");
        if (span && (start !== editor.view.start || span !== editor.view.span)) editor.look(start, span);
      }
    };
    for (const [event, action] of Object.entries(on)) model.on(event, action);
    const say = (name, value) => {
      model.set(name, value);
      model.save_changes();
    };
    editor.addEventListener("change", () => say("edits", { of: editor.recording, made: editor.history.present }));
    editor.addEventListener("view", () => say("view", [editor.view.start, editor.view.span]));
    open();
    return () => {
      editor.player.pause();
      for (const [event, action] of Object.entries(on)) model.off(event, action);
    };
  }
};
function openRecording(editor, model) {
  const recording = model.get("recording");
  editor.recording = recording.id;
  if (!recording.id) {
    editor.open({ peaks: null, seconds: 1, sound: null });
    return;
  }
  const { duration, picking } = recording;
  const [peaks, activations, energies] = ["peaks", "activations", "energies"].map((name) => floats(recording[name]));
  editor.open({ peaks, seconds: duration, sound: new KernelSound(model, recording), edits: editsOf(model) });
  const [start, span] = model.get("view");
  if (span) editor.look(start, span);
  editor.show(withThresholds(new Song({ name: "", duration, activations, energies, picking, beats: beatsOf(model) }), model));
}
var editsOf = (model) => model.get("edits").of === model.get("recording").id ? model.get("edits").made : [];
var withThresholds = (song, model) => song.with({ picking: { ...song.picking, threshold: model.get("thresholds") } });
function beatsOf(model) {
  const beats = model.get("beats");
  return beats.of === model.get("recording").id ? beats : null;
}
var floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
var KernelSound = class {
  constructor(model, { id, duration, rate, piece }) {
    Object.assign(this, { model, id, duration, rate, piece, pieces: /* @__PURE__ */ new Map() });
  }
  ready(from) {
    return this._piece(Math.floor(from / this.piece));
  }
  play(output, from, when) {
    let [timer, stopped] = [null, false];
    const nodes = /* @__PURE__ */ new Set();
    const { context } = output;
    const playPiece = async (number) => {
      const buffer = await this._piece(number);
      if (stopped) return;
      const begins = when + Math.max(number * this.piece - from, 0);
      const late = Math.max(context.currentTime - begins, 0);
      const node = new AudioBufferSourceNode(context, { buffer });
      node.connect(output);
      node.onended = () => nodes.delete(node);
      nodes.add(node);
      node.start(begins + late, Math.max(from - number * this.piece, 0) + late);
      if ((number + 1) * this.piece >= this.duration) return;
      this._piece(number + 1);
      timer = setTimeout(() => playPiece(number + 1), 1e3 * Math.max(begins - context.currentTime + 0.5, 0.5));
    };
    playPiece(Math.floor(from / this.piece));
    return () => {
      stopped = true;
      clearTimeout(timer);
      for (const node of nodes) node.stop();
    };
  }
  /** A promise of an AudioBuffer. */
  _piece(number) {
    if (!this.pieces.has(number)) {
      if (this.pieces.size >= KEPT) this.pieces.delete(this.pieces.keys().next().value);
      this.pieces.set(number, this._ask(number));
    }
    return this.pieces.get(number);
  }
  _ask(number) {
    return new Promise((resolve) => {
      const receive = (content, [bytes]) => {
        if (content.sound !== this.id || content.piece !== number) return;
        this.model.off("msg:custom", receive);
        const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
        const buffer = new AudioBuffer({ length: Math.max(samples.length, 1), sampleRate: this.rate });
        buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
        resolve(buffer);
      };
      this.model.on("msg:custom", receive);
      this.model.send({ sound: this.id, piece: number });
    });
  }
};
export {
  notebook_default as default
};
