// How likely onsets are, given beats: adtlib/notation/beat_model.py, with its table of the ways in which drummers play.

import { CLASSES } from "../constants.js";
import { BEAT_POSITIONS } from "./beat_positions.js";
import { BEATS_A_BAR } from "./beats.js";

const METRES = { binary: 16, ternary: 24 };
export const STATES = 2 * BEATS_A_BAR; // a metre and a beat of its bar
export const STEPS_A_SECOND = 50;
const SCATTER = 0.02;
const CHANCE = 0.1;
const RARITY = 0.5;
const WEIGHTS = [1.5, 1.5, 1, 1, 1];

const WAYS = Object.keys(METRES).map((metre) =>
  CLASSES.map((label) => BEAT_POSITIONS.filter((way) => way.metre === metre && way.label === label)),
);
const N_WAYS = CLASSES.map((_, column) => Math.max(...WAYS.map((byClass) => byClass[column].length)));
const wayOf = (metre, column, way) => WAYS[metre][column][Math.min(way, WAYS[metre][column].length - 1)];

/** Cost of each way in a beat, [class][way * STATES + state]: log-likelihood ratio of the commonest way and it, weighted. */
const RARITIES = CLASSES.map((_, column) => {
  const costs = new Float32Array(N_WAYS[column] * STATES);
  for (let metre = 0; metre < 2; metre++) {
    const commonest = Math.max(...WAYS[metre][column].map((way) => way.often));
    for (let way = 0; way < N_WAYS[column]; way++) {
      const cost = RARITY * Math.log(commonest / wayOf(metre, column, way).often);
      costs.fill(cost, way * STATES + metre * BEATS_A_BAR, way * STATES + (metre + 1) * BEATS_A_BAR);
    }
  }
  return costs;
});

/** Scores of an onset at each step of a beat of `length` steps: [class] of (length, ways * STATES) float32. */
function kernels(length) {
  const bar = BEATS_A_BAR * length;
  const scatter = SCATTER * STEPS_A_SECOND;
  const spreads = Object.values(METRES).map((parts) =>
    Array.from({ length: bar }, (_, step) =>
      Float64Array.from({ length: parts }, (_, part) => {
        let away = step - (part * bar) / parts + bar / 2;
        away = (((away % bar) + bar) % bar) - bar / 2;
        return normal((away + 0.5) / scatter) - normal((away - 0.5) / scatter);
      }),
    ),
  );
  return CLASSES.map((_, column) => {
    const scores = new Float32Array(length * N_WAYS[column] * STATES);
    for (let metre = 0; metre < 2; metre++) {
      for (let way = 0; way < N_WAYS[column]; way++) {
        const { shares } = wayOf(metre, column, way);
        for (let step = 0; step < bar; step++) {
          let density = 0;
          for (let part = 0; part < shares.length; part++) density += shares[part] * spreads[metre][step][part];
          const score = WEIGHTS[column] * Math.log((1 - CHANCE) * density * bar + CHANCE);
          const [beat, within] = [Math.floor(step / length), step % length];
          scores[(within * N_WAYS[column] + way) * STATES + metre * BEATS_A_BAR + beat] = score;
        }
      }
    }
    return scores;
  });
}

const cache = new Map();
function kernelsOf(length) {
  if (!cache.has(length)) cache.set(length, kernels(length));
  return cache.get(length);
}

/**
 * Scores of beats that begin at the steps `start` to `stop`: (stop - start, lengths, STATES) float32.
 *
 * counts   [class] of the number of onsets in each step, reaching the longest length beyond `stop`;  lengths  of a beat, rising.
 */
export function beatScores(counts, start, stop, lengths) {
  const steps = stop - start;
  const longest = lengths.at(-1);
  const scores = new Float32Array(steps * lengths.length * STATES);
  counts.forEach((ofClass, column) => {
    const nWays = N_WAYS[column];
    const rarity = RARITIES[column];
    const held = []; // onsets, by step from `start`
    for (let at = 0; at < steps + longest - 1; at++) if (ofClass[start + at]) held.push(at);
    let [first, end] = [0, 0];
    const sums = new Float64Array(nWays * STATES);
    for (let begin = 0; begin < steps; begin++) {
      while (first < held.length && held[first] < begin) first++;
      while (end < held.length && held[end] < begin + longest) end++;
      if (first === end) continue; // beats without an onset of the class have score 0
      for (let row = 0; row < lengths.length; row++) {
        const length = lengths[row];
        const kernel = kernelsOf(length)[column];
        for (let i = 0; i < sums.length; i++) sums[i] = -rarity[i];
        for (let onset = first; onset < end && held[onset] < begin + length; onset++) {
          const weight = ofClass[start + held[onset]];
          const at = (held[onset] - begin) * nWays * STATES;
          for (let i = 0; i < sums.length; i++) sums[i] += weight * kernel[at + i];
        }
        const to = (begin * lengths.length + row) * STATES;
        for (let state = 0; state < STATES; state++) {
          let best = sums[state];
          for (let way = 1; way < nWays; way++) best = Math.max(best, sums[way * STATES + state]);
          scores[to + state] += best;
        }
      }
    }
  });
  return scores;
}

/** The normal distribution function, to 1e-15 (W. J. Cody, "Rational Chebyshev approximations for the error function", 1969). */
function normal(x) {
  const z = Math.abs(x) * Math.SQRT1_2;
  const tail = 0.5 * erfc(z);
  return x < 0 ? tail : 1 - tail;
}

function erfc(z) {
  if (z < 0.46875) {
    const y = z * z;
    return 1 - z * ratio(ERF_P, ERF_Q, y);
  }
  if (z > 26) return 0;
  if (z <= 4) return Math.exp(-z * z) * ratio(MIDDLE_P, MIDDLE_Q, z);
  const y = 1 / (z * z);
  return (Math.exp(-z * z) / z) * (1 / Math.sqrt(Math.PI) - y * ratio(TAIL_P, TAIL_Q, y));
}

// Coefficients from the highest power down.
const ratio = (p, q, x) => p.reduce((sum, c) => sum * x + c, 0) / q.reduce((sum, c) => sum * x + c, 0);
const ERF_P = [1.85777706184603153e-1, 3.1611237438705656, 1.1386415415105016e2, 3.7748523768530202e2, 3.2093775891384695e3];
const ERF_Q = [1, 2.3601290952344122e1, 2.4402463793444417e2, 1.2826165260773723e3, 2.8442368334391706e3];
const MIDDLE_P = [
  2.15311535474403846e-8, 5.6418849698867009e-1, 8.8831497943883759, 6.6119190637141629e1, 2.9863513819740013e2,
  8.8195222124176909e2, 1.7120476126340706e3, 2.051078377826071e3, 1.230339354797997e3,
];
const MIDDLE_Q = [
  1, 1.5744926110709835e1, 1.1769395089131219e2, 5.3718110186200985e2, 1.6213895745666903e3, 3.2907992357334596e3,
  4.3626190901432472e3, 3.4393676741437217e3, 1.2303393548037497e3,
];
const TAIL_P = [
  1.63153871373020978e-2, 3.0532663496123236e-1, 3.6034489994980444e-1, 1.2578172611122925e-1, 1.6083785148742277e-2,
  6.5874916152983803e-4,
];
const TAIL_Q = [1, 2.56852019228982242, 1.8729528499234604, 5.2790510295142841e-1, 6.051834131244132e-2, 2.33520497626869185e-3];
