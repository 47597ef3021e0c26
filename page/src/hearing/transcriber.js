// A recording on its way through the workers: one prepares it, one or more run the network. Windows do not depend on each other, so that
// each worker takes a batch when it is free; what they hear is put in its place.

import { Beats } from "../notation/beats.js";
import { lookedAgain } from "./looked_again.js";

const FIRST_BATCHES = 4; // of one window, so that the first onsets are seen soon
const BATCH = 4;
const MOST_WORKERS = 3; // each takes some 150 MB
const NOT_LOADED = "a part of the page could not be loaded";

export class Transcriber {
  /** makers: { prepare, network }, functions that start a worker. */
  constructor(makers) {
    this.makers = makers;
    Object.assign(this, { preparing: null, counting: null, networks: [], loading: null, growing: null });
    this._prepare("preparing");
    this.id = 0; // of recordings
    this.questions = 0; // to workers, which may still be busy with an earlier recording
    const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
    this.nWorkers = Math.max(1, Math.min(MOST_WORKERS, cores - 1));
  }

  /** Starts the first network before it is needed; the metadata of the model. */
  async load() {
    this.loading ??= this._load().catch((error) => {
      this.loading = null; // it is tried again
      throw error;
    });
    return this.loading;
  }

  async _load() {
    const worker = this.makers.network();
    try {
      const { metadata } = await asked(worker, { kind: "load" }, "ready");
      this.networks.push(worker);
      return metadata;
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /** One more network, where windows wait for it; where it cannot be loaded those at work go on. */
  async _grow() {
    await this._load().catch(() => (this.nWorkers = this.networks.length));
    this.growing = null;
  }

  /** The worker of that name, which prepares or counts; another one where it has failed. */
  _prepare(name) {
    if (!this[name]) {
      const worker = (this[name] = this.makers.prepare());
      worker.addEventListener("error", () => {
        worker.terminate();
        if (this[name] === worker) this[name] = null;
      });
    }
    return this[name];
  }

  /**
   * Hear a recording: { activations, energies } (T * 5), { seconds, peaks, remarks }.
   *
   * channels  float32 arrays, which are given away;  rate  in Hz.
   * progress  called with { peaks }, { seconds, frames }, and { activations, energies, heard } when frames before `heard` are there.
   */
  async hear(channels, rate, progress = () => {}) {
    const id = ++this.id;
    this.cancel?.();
    let alive = true;
    const found = { activations: null, energies: null, peaks: null, seconds: 0, remarks: {} };
    const queue = [];
    const pieces = new Map(); // where heard frames begin: where they end
    let [heard, prepared, sent, ending] = [0, false, 0, false];
    const metadata = this.load();
    return new Promise((resolve, reject) => {
      const fail = (message) => {
        if (!alive) return;
        alive = false;
        if (!prepared) {
          this.preparing?.terminate(); // it would come to its end before it takes another recording
          this.preparing = null;
        }
        reject(new Error(message));
      };
      this.cancel = () => fail("cancelled");
      const busy = new Set();
      const place = ({ windows, activations }) => {
        windows.forEach(({ low, high, at, size }, i) => {
          found.activations.set(activations.subarray((i * size + low) * 5, (i * size + high) * 5), at * 5);
          pieces.set(at, at + high - low);
        });
        while (pieces.has(heard)) {
          const from = heard;
          heard = pieces.get(from);
          pieces.delete(from);
        }
        progress({ activations: found.activations, energies: found.energies, heard });
      };
      const finish = async () => {
        const model = await metadata;
        found.activations = await lookedAgain(found.activations, model, async (onsets) => {
          const { times, positions, found: tracked } = await this.beats(onsets, found.seconds);
          return new Beats(times, positions, tracked);
        });
        if (!alive) return;
        alive = false;
        this.cancel = null;
        resolve(found);
      };
      const next = () => {
        if (!alive || ending) return;
        if (prepared && heard === found.frames) {
          ending = true;
          finish().catch((error) => fail(error.message));
          return;
        }
        for (const worker of this.networks) {
          if (busy.has(worker) || !queue.length) continue;
          const size = sent < FIRST_BATCHES ? 1 : Math.min(BATCH, Math.ceil(queue.length / this.nWorkers));
          const windows = queue.splice(0, size);
          sent++;
          busy.add(worker);
          this._predict(worker, windows).then(
            (activations) => {
              busy.delete(worker);
              if (alive) place({ windows, activations });
              next();
            },
            (error) => fail(error.message),
          );
        }
        if (queue.length > BATCH && this.networks.length < this.nWorkers && !this.growing) this.growing = this._grow().then(next);
      };
      const begin = async () => {
        const { frames, margin } = await metadata;
        if (!alive) return;
        const worker = this._prepare("preparing");
        worker.onmessage = receive;
        worker.onerror = (event) => fail(event.message || NOT_LOADED);
        worker.postMessage(
          { id, kind: "prepare", channels, rate, window: { frames, margin } },
          channels.map((channel) => channel.buffer),
        );
      };
      const receive = ({ data }) => {
        if (data.id !== id || !alive) return;
        if (data.kind === "failed") fail(data.message);
        else if (data.kind === "waveform") progress({ peaks: (found.peaks = data.peaks) });
        else if (data.kind === "sound") {
          Object.assign(found, { seconds: data.seconds, frames: data.frames });
          found.activations = new Float32Array(data.frames * 5);
          found.energies = new Float32Array(data.frames * 5);
          progress({ seconds: data.seconds, frames: data.frames });
        } else if (data.kind === "energies") found.energies.set(data.energies, data.at * 5);
        else if (data.kind === "remarks") found.remarks = data.remarks;
        else if (data.kind === "window") {
          queue.push({ ...data, size: data.features.length / 84 });
          next();
        } else if (data.kind === "prepared") {
          prepared = true;
          next();
        }
      };
      begin().catch((error) => fail(error.message));
    });
  }

  async _predict(worker, windows) {
    const size = windows[0].features.length;
    const features = new Float32Array(size * windows.length);
    windows.forEach((window, i) => features.set(window.features, i * size));
    const { activations } = await asked(worker, { id: ++this.questions, kind: "run", features, count: windows.length }, "heard", [
      features.buffer,
    ]);
    return activations;
  }

  /** Beats of onsets, [class] of seconds: { times, positions, found }. */
  beats(onsets, seconds) {
    return asked(this._prepare("counting"), { id: ++this.questions, kind: "beats", onsets, seconds }, "beats");
  }
}

/** What a worker answers to a message. */
function asked(worker, message, kind, transfer = []) {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.removeEventListener("message", listen);
      worker.removeEventListener("error", broken);
    };
    const listen = ({ data }) => {
      if (message.id && data.id !== message.id) return;
      if (data.kind !== kind && data.kind !== "failed") return;
      done();
      if (data.kind === "failed") reject(new Error(data.message));
      else resolve(data);
    };
    const broken = (event) => {
      done();
      reject(new Error(event.message || NOT_LOADED));
    };
    worker.addEventListener("message", listen);
    worker.addEventListener("error", broken);
    worker.postMessage(message, transfer);
  });
}
