// The Fourier transform of real samples, as scipy.fft.rfft (adtlib/audio/features.py and adtlib/audio/downmix.py use it).

/** A transform of `size` real samples, a power of two from 4 on; it keeps its tables and buffers between calls. */
export class RealFourier {
  constructor(size) {
    if (size < 4 || size & (size - 1))
      throw new RangeError(`a transform of ${size} samples: the size must be a power of two from 4 on`);
    this.size = size;
    const half = (this.half = size / 2);
    this.real = new Float64Array(half + 1);
    this.imaginary = new Float64Array(half + 1);
    this.cosines = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.sines = Float64Array.from({ length: half }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    const bits = Math.log2(half);
    this.reversed = Uint32Array.from({ length: half }, (_, i) => {
      let found = 0;
      for (let bit = 0; bit < bits; bit++) found |= ((i >> bit) & 1) << (bits - 1 - bit);
      return found;
    });
  }

  /** Transforms samples[start ... start + size) times the window; the result is in `real` and `imaginary`, size / 2 + 1 bins. */
  forward(samples, start, window) {
    const { half, real, imaginary, reversed } = this;
    for (let i = 0; i < half; i++) {
      const to = reversed[i];
      // In float32, as NumPy multiplies.
      real[to] = Math.fround(samples[start + 2 * i] * window[2 * i]);
      imaginary[to] = Math.fround(samples[start + 2 * i + 1] * window[2 * i + 1]);
    }
    this._transform();
    this._separate();
  }

  /** The `size` samples of which `real` and `imaginary` are the transform, in float64; both are changed. */
  inverse() {
    const { size, half, real, imaginary } = this;
    // Of a spectrum's real part plus its imaginary part, which is even plus odd, the transform holds the samples.
    const joined = new Float32Array(size);
    for (let k = 0; k <= half; k++) {
      joined[k] = real[k] + imaginary[k];
      if (k && k < half) joined[size - k] = real[k] - imaginary[k];
    }
    this.forward(joined, 0, new Float32Array(size).fill(1));
    const found = new Float64Array(size);
    for (let n = 0; n <= half; n++) {
      found[n] = (real[n] + imaginary[n]) / size;
      if (n && n < half) found[size - n] = (real[n] - imaginary[n]) / size;
    }
    return found;
  }

  /** Complex transform of size / 2 values, in place: those with even index as real, odd as imaginary parts. */
  _transform() {
    const { half, real, imaginary, cosines, sines } = this;
    for (let i = 0; i < half; i += 2) {
      const r = real[i + 1];
      const m = imaginary[i + 1];
      real[i + 1] = real[i] - r;
      imaginary[i + 1] = imaginary[i] - m;
      real[i] += r;
      imaginary[i] += m;
    }
    for (let span = 2; span < half; span *= 2) {
      const step = half / span; // of the table, which is for `size` samples
      for (let begin = 0; begin < half; begin += 2 * span) {
        for (let k = 0; k < span; k++) {
          const a = begin + k;
          const b = a + span;
          const c = cosines[k * step];
          const s = sines[k * step];
          const r = real[b] * c - imaginary[b] * s;
          const m = real[b] * s + imaginary[b] * c;
          real[b] = real[a] - r;
          imaginary[b] = imaginary[a] - m;
          real[a] += r;
          imaginary[a] += m;
        }
      }
    }
  }

  /** From the transform of pairs to that of all samples. */
  _separate() {
    const { half, real, imaginary, cosines, sines } = this;
    const [r0, m0] = [real[0], imaginary[0]];
    for (let k = 1; k <= half / 2; k++) {
      const j = half - k;
      const evenReal = (real[k] + real[j]) / 2;
      const evenImaginary = (imaginary[k] - imaginary[j]) / 2;
      const oddReal = (imaginary[k] + imaginary[j]) / 2;
      const oddImaginary = (real[j] - real[k]) / 2;
      const turnedReal = oddReal * cosines[k] - oddImaginary * sines[k];
      const turnedImaginary = oddReal * sines[k] + oddImaginary * cosines[k];
      real[k] = evenReal + turnedReal;
      imaginary[k] = evenImaginary + turnedImaginary;
      if (j !== k) {
        real[j] = evenReal - turnedReal;
        imaginary[j] = turnedImaginary - evenImaginary;
      }
    }
    real[0] = r0 + m0;
    imaginary[0] = 0;
    real[half] = r0 - m0;
    imaginary[half] = 0;
  }
}

/** A symmetric Hann window in float32, as numpy.hanning. */
export function hann(size) {
  return Float32Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (size - 1)));
}
