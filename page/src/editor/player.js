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
    return (at) => source.stop(at);
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
    this.loop = null; // a function that gives the seconds [from, to] that are repeated
  }

  /**
   * sound: { duration, rate, ready(from), play(output, from, when) }. `ready` resolves when it can be played from there on; `play`
   * hands it to the node `output` and returns what stops it, at a time of the context or at once. `wholeSound` makes one of an AudioBuffer.
   */
  open(sound) {
    this.pause();
    this.sound = sound;
    this.position = 0;
  }

  /** Seconds into the recording, what is heard at this moment. */
  get now() {
    if (!this.playing) return this.position;
    const time = this.context.currentTime - (this.context.outputLatency || 0);
    const { begun, from } = time < this.earlier?.until ? this.earlier : this;
    return Math.min(Math.max(time - begun, from), this.sound.duration);
  }

  async play() {
    if (!this.sound || this.playing) return;
    const { sound } = this;
    this._open(sound.rate);
    if (this.position >= sound.duration - 0.01) this.position = 0;
    // Where another recording takes its place meanwhile, its context may be closed.
    await Promise.all([this.context.resume().catch(() => {}), sound.ready(this.position)]);
    if (this.playing || sound !== this.sound) return; // asked for twice, or another recording was opened meanwhile
    const [first, last] = this.loop?.() ?? [0, Infinity];
    if (this.position < first || this.position >= last - 0.01) this.position = first;
    Object.assign(this, { from: this.position, earlier: null });
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
    this.earlier?.stop();
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

  /** When it is not needed any more: what the browser holds for it is given back. */
  close() {
    this.pause();
    this.sound = null;
    this.context?.close();
    this.context = null;
  }

  /** A context at the recording's rate, which the browser brings to that of the device. */
  _open(rate) {
    if (this.context?.sampleRate === rate) return;
    this.context?.close();
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

  /** Hands over the strokes of the next quarter of a second; at the end it stops, or begins the loop again. */
  _send() {
    const { duration } = this.sound;
    if (!this.loop && this.now >= duration - 0.02) {
      this.pause();
      return;
    }
    const [start, end] = this.loop?.() ?? [0, Infinity];
    const until = this.context.currentTime - this.begun + AHEAD;
    this._strike(Math.min(until, end));
    if (this.loop && until >= Math.min(end, duration)) this._again(start, Math.min(end, duration));
  }

  /** The loop is played from `start` when it has come to `end`, without a gap. */
  _again(start, end) {
    const at = Math.max(this.begun + end, this.context.currentTime + 0.02);
    const { begun, from, stop } = this;
    stop(at);
    this.earlier?.stop();
    this.earlier = { begun, from, stop, until: at };
    Object.assign(this, { begun: at - start, from: start, sent: start - 1e-6 });
    this.stop = this.sound.play(this.gains.recording, start, at);
  }

  /** Hands over the strokes that were not yet, up to `until` seconds. */
  _strike(until) {
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
