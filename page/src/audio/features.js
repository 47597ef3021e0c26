// Log-filtered log-magnitude spectrograms, the input of the network: log_filter_spectrogram of adtlib/audio/features.py, version "madmom".
// Blocks of samples go in, blocks of frames come out, as feature_blocks of adtlib/models/windows.py.

import { FRAME_SIZE, HOP_LENGTH, N_BANDS, SAMPLE_RATE } from "../constants.js";
import { rint } from "../numbers.js";
import { hann, RealFourier } from "./fourier.js";

const BANDS_PER_OCTAVE = 12;
const [MIN_FREQUENCY, MAX_FREQUENCY, REFERENCE_FREQUENCY] = [20, 20_000, 440];
const HALF = FRAME_SIZE / 2;

/** Corners of the triangles: the bins nearest to the equally tempered grid through A4, each once. `_grid_bins` in Python. */
export function gridBins() {
  const lowest = Math.floor(Math.log2(MIN_FREQUENCY / REFERENCE_FREQUENCY) * BANDS_PER_OCTAVE);
  const highest = Math.ceil(Math.log2(MAX_FREQUENCY / REFERENCE_FREQUENCY) * BANDS_PER_OCTAVE);
  const bins = new Set();
  for (let step = lowest; step <= highest; step++) {
    const frequency = REFERENCE_FREQUENCY * 2 ** (step / BANDS_PER_OCTAVE);
    if (frequency < MIN_FREQUENCY || frequency > MAX_FREQUENCY) continue;
    bins.add(Math.min(Math.max(rint(frequency / (SAMPLE_RATE / FRAME_SIZE)), 1), HALF - 1));
  }
  return [...bins].sort((a, b) => a - b);
}

/** Peak frequencies of the 84 triangles in Hz. */
export const bandCentres = () =>
  gridBins()
    .slice(1, -1)
    .map((bin) => bin * (SAMPLE_RATE / FRAME_SIZE));

/** The filters: for each band its first bin and its weights in float32, which sum to 1. `log_filterbank` in Python. */
export function logFilterbank() {
  const corners = gridBins();
  return corners.slice(0, -2).map((start, band) => {
    const [centre, stop] = [corners[band + 1], corners[band + 2]];
    const weights = new Float32Array(stop - start);
    for (let bin = start; bin < centre; bin++) weights[bin - start] = (bin - start) / (centre - start);
    for (let bin = centre; bin < stop; bin++) weights[bin - start] = 1 - (bin - centre) / (stop - centre);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

/** Features of a recording that arrives in blocks. `add` returns the frames that are complete, `finish` the rest: (n * 84) float32. */
export class Features {
  constructor() {
    this.fourier = new RealFourier(FRAME_SIZE);
    this.window = hann(FRAME_SIZE);
    this.filters = logFilterbank();
    this.magnitude = new Float32Array(HALF + 1);
    this.held = new Float32Array(HALF); // zeros before the recording
    this.samples = 0;
    this.frames = 0; // returned so far
  }

  add(block) {
    this._hold(block);
    this.samples += block.length;
    return this._until(this.samples < HALF ? 0 : Math.floor((this.samples - HALF) / HOP_LENGTH) + 1);
  }

  finish() {
    this._hold(new Float32Array(FRAME_SIZE)); // zeros after it
    return this._until(Math.ceil(this.samples / HOP_LENGTH));
  }

  _hold(block) {
    const joined = new Float32Array(this.held.length + block.length);
    joined.set(this.held);
    joined.set(block, this.held.length);
    this.held = joined;
  }

  _until(ready) {
    const count = Math.max(0, ready - this.frames);
    const found = new Float32Array(count * N_BANDS);
    for (let frame = 0; frame < count; frame++) this._frame(frame * HOP_LENGTH, found, frame * N_BANDS);
    this.frames += count;
    this.held = this.held.slice(count * HOP_LENGTH);
    return found;
  }

  _frame(start, found, at) {
    const { fourier, magnitude, filters } = this;
    fourier.forward(this.held, start, this.window);
    for (let bin = 0; bin <= HALF; bin++) {
      const [r, m] = [fourier.real[bin], fourier.imaginary[bin]];
      magnitude[bin] = Math.sqrt(r * r + m * m);
    }
    for (let band = 0; band < N_BANDS; band++) {
      const { start: first, weights } = filters[band];
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += magnitude[first + i] * weights[i];
      found[at + band] = Math.log10(Math.fround(sum) + 1);
    }
  }
}
