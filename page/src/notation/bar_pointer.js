// The likeliest sequence of beats for the onsets of a song, by Viterbi's algorithm: adtlib/notation/bar_pointer.py.

import { CLASSES } from "../constants.js";
import { rint } from "../numbers.js";
import { beatScores, STATES, STEPS_A_SECOND } from "./beat_model.js";
import { BEATS_A_BAR } from "./beats.js";

const CHANGE = 100;
const OTHER_METRE = 30;
const PREFERENCE = 1;
const BLOCK = 2_000;

/**
 * { seconds, ternary }: where beats begin, and whether they are ternary.
 *
 * onsets  five arrays of seconds up to `end`;  lengths  possible lengths of a beat, successive numbers of steps;  likely, spread
 * the likeliest tempo in beats a minute, and the standard deviation around it in octaves.
 */
export function bestBeats(onsets, end, lengths, likely, spread) {
  const longest = lengths.at(-1);
  const nSteps = Math.ceil(end * STEPS_A_SECOND) + 1;
  const counts = CLASSES.map(() => new Float32Array(nSteps + 3 * longest));
  onsets.forEach((times, column) => times.forEach((seconds) => counts[column][rint(seconds * STEPS_A_SECOND) + longest]++));
  const prior = Float32Array.from(lengths, (length) => {
    const away = Math.log2((60 * STEPS_A_SECOND) / length / likely) / spread;
    return ((-PREFERENCE * length) / STEPS_A_SECOND) * 0.5 * away ** 2;
  });
  const path = new Search(lengths, nSteps + longest).run(counts, prior);
  return {
    seconds: path.map(([step]) => (step - longest) / STEPS_A_SECOND),
    ternary: path.map(([, state]) => state >= BEATS_A_BAR),
  };
}

/** One run of the algorithm over `last` steps; arrays are (steps, tempi, STATES). */
class Search {
  constructor(lengths, last) {
    this.lengths = lengths;
    this.last = last;
    this.shortest = lengths[0];
    this.longest = lengths.at(-1);
    this.nTempi = lengths.length - 1;
    this.width = this.nTempi * STATES;
    this.logPeriod = Float32Array.from({ length: this.nTempi }, (_, tempo) => CHANGE * Math.log(lengths[tempo] + 0.5));
    // How a beat that begins here was reached: 0, the song begins here; else 1 + the number of its source.
    this.cameFrom = new Uint16Array(last * this.width);
    // Best scores of paths to the end of a beat with the shorter or longer length of its tempo, by the step where it begins.
    this.ends = [0, 1].map(() => new Float32Array((this.longest + BLOCK) * this.width).fill(-Infinity));
    this.best = -Infinity;
    this.bestAt = [0, 0, 0];
    this.kept = new Float32Array(this.width);
    this.origin = new Uint8Array(this.width);
    this.reached = new Float32Array(this.width);
    this.source = new Uint16Array(this.width);
  }

  run(counts, prior) {
    const { longest, width, last, ends } = this;
    for (let block = 0; block < last; block += BLOCK) {
      const stop = Math.min(block + BLOCK, last);
      const scores = beatScores(counts, block, stop, this.lengths);
      for (let i = 0; i < scores.length; i++) scores[i] += prior[Math.floor(i / STATES) % prior.length];
      for (let step = block; step < stop; step++) this._begin(step, scores, block);
      for (const which of ends) {
        which.copyWithin(0, (stop - block) * width, (stop - block + longest) * width);
        which.fill(-Infinity, longest * width);
      }
    }
    return this._traced();
  }

  /** A beat that begins at this step: the best way to it, and the scores at its ends. */
  _begin(step, scores, block) {
    const { lengths, longest, nTempi, width, ends, reached, source, last } = this;
    this._changed(step, block);
    const anywhere = step <= longest ? 0 : -Infinity; // in a bar
    const cameFrom = step * width;
    for (let i = 0; i < width; i++) {
      this.cameFrom[cameFrom + i] = reached[i] > anywhere ? source[i] + 1 : 0;
      if (anywhere > reached[i]) reached[i] = anywhere;
    }
    const row = (step - block + longest) * width;
    for (let which = 0; which < 2; which++) {
      for (let tempo = 0; tempo < nTempi; tempo++) {
        const closing = step + lengths[which + tempo] >= last;
        const score = ((step - block) * lengths.length + which + tempo) * STATES;
        for (let state = 0; state < STATES; state++) {
          const ended = Math.fround(reached[tempo * STATES + state] + scores[score + state]);
          const beat = state % BEATS_A_BAR;
          const following = state - beat + ((beat + 1) % BEATS_A_BAR);
          ends[which][row + tempo * STATES + following] = ended;
          if (closing && ended > this.best) {
            this.best = ended;
            this.bestAt = [step, tempo, state];
          }
        }
      }
    }
  }

  /** Fills `reached`, the best scores after a change of metre and of tempo, and `source`, the number of each one's source. */
  _changed(step, block) {
    const { lengths, longest, nTempi, width, ends, kept, origin, reached, source, logPeriod } = this;
    for (let tempo = 0; tempo < nTempi; tempo++) {
      const before = step - lengths[tempo] - block + longest; // where a beat that ends here began
      const [shorter, longer] = [before * width + tempo * STATES, Math.max(before - 1, 0) * width + tempo * STATES];
      for (let state = 0; state < STATES; state++) {
        const own = larger(ends[0][shorter + state], ends[1][longer + state]);
        const mirrored = (state + BEATS_A_BAR) % STATES;
        const other = larger(ends[0][shorter + mirrored], ends[1][longer + mirrored]);
        const changed = Math.fround(other.value - OTHER_METRE);
        const at = tempo * STATES + state;
        kept[at] = changed > own.value ? changed : own.value;
        origin[at] = changed > own.value ? 2 + other.longer : own.longer;
      }
    }
    for (let state = 0; state < STATES; state++) {
      let [best, from] = [-Infinity, 0];
      for (let tempo = 0; tempo < nTempi; tempo++) {
        const at = tempo * STATES + state;
        const value = Math.fround(kept[at] + logPeriod[tempo]);
        if (value >= best) [best, from] = [value, tempo];
        reached[at] = best - logPeriod[tempo];
        source[at] = 4 * from + origin[from * STATES + state];
      }
      [best, from] = [-Infinity, nTempi - 1];
      for (let tempo = nTempi - 1; tempo >= 0; tempo--) {
        const at = tempo * STATES + state;
        const value = Math.fround(kept[at] - logPeriod[tempo]);
        if (value >= best) [best, from] = [value, tempo];
        const slower = Math.fround(best + logPeriod[tempo]);
        if (slower > reached[at]) {
          reached[at] = slower;
          source[at] = 4 * from + origin[from * STATES + state];
        }
      }
    }
  }

  /** [step, state] of each beat on the path to the best last beat, from its beginning. */
  _traced() {
    let [step, tempo, state] = this.bestAt;
    const path = [];
    for (;;) {
      path.push([step, state]);
      const from = this.cameFrom[step * this.width + tempo * STATES + state] - 1;
      if (from < 0) return path.reverse();
      tempo = from >> 2;
      const [other, longer] = [(from >> 1) & 1, from & 1];
      const metre = Math.floor(state / BEATS_A_BAR);
      const beat = state % BEATS_A_BAR;
      state = (other ? 1 - metre : metre) * BEATS_A_BAR + ((beat + BEATS_A_BAR - 1) % BEATS_A_BAR);
      step -= this.lengths[tempo + longer];
    }
  }
}

function larger(shorter, longer) {
  return longer > shorter ? { value: longer, longer: 1 } : { value: shorter, longer: 0 };
}
