// Corrections of a recording as they are kept on the device and in the page's JSON:
// { edits, threshold, bars, title }, with `edits` and `bars` as song.js has them and one threshold a class.

import { CLASSES } from "../constants.js";
import { AS_FOUND } from "../song.js";

const PREFIX = "adt-corrections-";
const TEMPI = [0.25, 0.5, 1, 2, 4];
const ROUNDED = 0.01; // seconds that a time may lie behind the end: it was rounded

/** What a file is known by, whatever its name: the SHA-256 of its bytes, or null in a browser that has none (an address without https). */
export async function contentKey(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Corrections of a recording of so many seconds, read from elsewhere; Error, naming the value, for what cannot be corrections. */
export function checked(content, duration = Infinity) {
  const { edits = [], threshold, bars = AS_FOUND, title = "" } = object(content, "the content");
  const end = duration + ROUNDED;
  if (typeof title !== "string") refuse("the title", title);
  const { tempo, first } = object(bars, "bars");
  if (!TEMPI.includes(tempo)) refuse("the factor of the tempo", tempo);
  return {
    edits: list(edits, "edits").map((edit) => {
      const { kind, name, seconds, velocity = 0 } = object(edit, "an edit");
      if (kind !== "add" && kind !== "remove") refuse("the kind of an edit", kind);
      if (!CLASSES.includes(name)) refuse("the class of an edit", name);
      if (!Number.isInteger(within(velocity, 0, 127, "a velocity"))) refuse("a velocity", velocity);
      return { kind, name, seconds: within(seconds, 0, end, "the time of an edit"), velocity };
    }),
    threshold: CLASSES.map((name, column) => within(list(threshold, "threshold")[column], 0, 1, `the threshold of ${name}`)),
    bars: { tempo, first: first === null ? null : within(first, 0, end, "the time of a bar") },
    title,
  };
}

function refuse(what, value) {
  throw new Error(`${what} is ${JSON.stringify(value)}`);
}

function object(value, what) {
  return value && typeof value === "object" ? value : refuse(what, value);
}

function list(value, what) {
  return Array.isArray(value) ? value : refuse(what, value);
}

function within(value, low, high, what) {
  return typeof value === "number" && value >= low && value <= high ? value : refuse(what, value);
}

/** Corrections of recordings in a Storage of the browser, by contentKey; `storage` null where there is none. */
export class Kept {
  constructor(storage) {
    this.storage = storage;
  }

  /** { corrections, when (milliseconds) } of a recording of so many seconds, or null. Error for what cannot be corrections. */
  read(key, duration = Infinity) {
    const stored = key && this.storage?.getItem(PREFIX + key);
    if (!stored) return null;
    const content = JSON.parse(stored);
    return { when: content?.when, corrections: checked(content, duration) };
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
