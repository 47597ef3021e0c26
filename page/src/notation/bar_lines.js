// Where bars of four beats begin: what adtlib/notation/time_signatures.py does in 4/4.

import { rint } from "../numbers.js";
import { beatPosition, BEATS_A_BAR } from "./beats.js";

const SLOTS = 12; // positions in a beat
const BAR = BEATS_A_BAR * SLOTS;
const [KICK, SNARE, TOMS, CYMBALS] = [0, 1, 2, 4];

/**
 * The index of the first beat on a bar line: where kick and rare cymbals are, the snare is not, and toms end.
 *
 * onsets  five sorted arrays of seconds;  times  of beats;  ternary  whether each has triplets, the last one's holds for the rest.
 */
export function firstBarLine(onsets, times, ternary) {
  const strokes = onsets.map((seconds) => slotsOf(seconds, times, ternary));
  const [kick, snare, toms] = [KICK, SNARE, TOMS].map((column) => folded(strokes[column]));
  const crash = folded(strokes[CYMBALS].filter((at, i, all) => !i || at - all[i - 1] >= 2 * SLOTS));
  let [best, first] = [-Infinity, 0];
  for (let beat = 0; beat < BEATS_A_BAR; beat++) {
    const at = beat * SLOTS;
    let evidence = kick[at] - snare[at] + 2 * crash[at];
    for (let before = 1; before < SLOTS; before++) evidence += toms[(at - before + BAR) % BAR];
    if (evidence > best) [best, first] = [evidence, beat];
  }
  return first;
}

/** Where strokes are, in slots from the first beat, rising: on sixteenths, or on halves of triplets in ternary beats. */
function slotsOf(seconds, times, ternary) {
  const last = times.length - 1;
  const slots = seconds.map((time) => {
    const at = Math.min(Math.max(beatPosition(time, times, 1, 1), 0), last);
    const beat = Math.floor(at);
    const parts = (ternary[beat] ?? ternary.at(-1)) ? 6 : 4;
    return beat * SLOTS + rint((at - beat) * parts) * (SLOTS / parts);
  });
  return [...new Set(slots)].filter((slot) => slot < times.length * SLOTS).sort((a, b) => a - b);
}

/** Number of bars with a stroke at each position. */
function folded(slots) {
  const counts = new Array(BAR).fill(0);
  for (const slot of slots) counts[slot % BAR]++;
  return counts;
}
