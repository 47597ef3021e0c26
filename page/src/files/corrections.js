// Corrections of a recording as they are kept on the device and in the page's JSON:
// { edits, threshold, bars, title }, with `edits` and `bars` as song.js has them and one threshold a class.

import { CLASSES } from "../constants.js";
import { AS_FOUND } from "../song.js";

const PREFIX = "adt-corrections-";
const TEMPI = [0.25, 0.5, 1, 2, 4];

/** What a file is known by, whatever its name: the SHA-256 of its bytes, or null in a browser that has none (an address without https). */
export async function contentKey(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Corrections read from elsewhere; Error, naming the value, for what cannot be corrections. */
export function checked({ edits = [], threshold, bars = AS_FOUND, title = "" }) {
  const within = (value, low, high, what) => {
    if (typeof value !== "number" || !(value >= low && value <= high)) throw new Error(`${what} is ${JSON.stringify(value)}`);
    return value;
  };
  const all = (list, what) => {
    if (!Array.isArray(list)) throw new Error(`${what} is ${JSON.stringify(list)}`);
    return list;
  };
  return {
    edits: all(edits, "edits").map(({ kind, name, seconds, velocity = 0 }) => {
      if (kind !== "add" && kind !== "remove") throw new Error(`the kind of an edit is ${JSON.stringify(kind)}`);
      if (!CLASSES.includes(name)) throw new Error(`the class of an edit is ${JSON.stringify(name)}`);
      return {
        kind,
        name,
        seconds: within(seconds, 0, Infinity, "the time of an edit"),
        velocity: within(velocity, 0, 127, "a velocity"),
      };
    }),
    threshold: CLASSES.map((name, column) => within(all(threshold, "threshold")[column], 0, 1, `the threshold of ${name}`)),
    bars: {
      tempo: TEMPI.includes(bars?.tempo) ? bars.tempo : within(bars?.tempo, 1, 1, "the factor of the tempo"),
      first: bars.first === null ? null : within(bars.first, 0, Infinity, "the time of a bar"),
    },
    title: String(title),
  };
}

/** Corrections of recordings in a Storage of the browser, by contentKey; `storage` null where there is none. */
export class Kept {
  constructor(storage) {
    this.storage = storage;
  }

  /** { corrections, when (milliseconds) } of a recording, or null. Error for what cannot be corrections. */
  read(key) {
    const stored = key && this.storage?.getItem(PREFIX + key);
    if (!stored) return null;
    const { when, ...corrections } = JSON.parse(stored);
    return { when, corrections: checked(corrections) };
  }

  /** Whether they are kept now: a browser may forbid it, or have no room. */
  write(key, corrections, when = Date.now()) {
    if (!key || !this.storage) return false;
    try {
      this.storage.setItem(PREFIX + key, JSON.stringify({ ...corrections, when }));
      return true;
    } catch {
      return false;
    }
  }

  forget(key) {
    this.storage?.removeItem(PREFIX + key);
  }

  /** The keys of all recordings with corrections. */
  get keys() {
    const names = Array.from({ length: this.storage?.length ?? 0 }, (_, i) => this.storage.key(i));
    return names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
  }
}

/** The browser's storage, or null where it is forbidden. */
export function deviceStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
