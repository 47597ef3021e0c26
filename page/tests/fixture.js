// Reading what write_fixtures.py wrote, and comparing with it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const TYPES = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, i2: Int16Array };

export const fixture = (name) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url)));

export const bytesOf = (base64) => Uint8Array.from(Buffer.from(base64, "base64"));

/** The numbers of an array: float32 where they were stored as whole numbers and a scale. */
export function numbers({ type, data, scale }) {
  const bytes = Uint8Array.from(Buffer.from(data, "base64"));
  const stored = new TYPES[type](bytes.buffer);
  return scale ? Float32Array.from(stored, (step) => step / scale) : stored;
}

export function close(found, expected, tolerance, what = "") {
  assert.equal(found.length, expected.length, `${what} length`);
  for (let i = 0; i < expected.length; i++) {
    const away = Math.abs(found[i] - expected[i]);
    assert.ok(away <= tolerance, `${what} ${i}: ${found[i]} instead of ${expected[i]}`);
  }
}
