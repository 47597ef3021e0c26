// Playback: the recording, and clicks or drums at the onsets as they are at this moment, on one clock.

import { CLASSES } from "../constants.js";
import { click, CLICK_PEAK, drum, RECORDING_GAIN } from "./sounds.js";

const AHEAD = 0.25; // seconds that onsets are handed to the browser before they sound
const EVERY = 80; // milliseconds

/** A sound that is there as a whole. */
export function wholeSound(buffer) {
  const play = (output, from, when) => {
    const source = new AudioBufferSourceNode(output.context, { buffer });
    source.connect(output);
    source.start(when, from);
    return () => source.stop();
  };
  return { duration: buffer.duration, rate: buffer.sampleRate, ready: async () => {}, play };
}

export class Player extends EventTarget {
  /** events: a function that gives the onsets. Emits "state" when it starts or stops. */
  constructor(events) {
    super();
    this.events = events;
    this.sound = null;
    this.position = 0; // seconds, while it stands
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
    if (this.playing || sound !== this.sound) return; // asked for twice, or another recording was opened meanwhile
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
    const limiter = new DynamicsCompressorNode(this.context, { threshold: -3, ratio: 12, attack: 0.002 });
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
      drums: Object.fromEntries(CLASSES.map((name) => [name, bufferOf(drum(name, sampleRate))])),
    };
    this.strokes = new Set();
    this._level();
  }

  _level() {
    if (!this.context) return;
    const { recording, clicks, drums } = this.levels;
    const set = (what, value) => this.gains[what].gain.setTargetAtTime(value, this.context.currentTime, 0.01);
    set("recording", recording ? (clicks || drums ? RECORDING_GAIN : 1) : 0);
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
}
