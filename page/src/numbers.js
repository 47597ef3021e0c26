// What the modules take from NumPy and Python: quantiles, medians, rounding of halves to even.

/** Rounds as numpy.rint does: a half goes to the even neighbour. */
export function rint(x) {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** A number of 0 or more with so many decimals, as Python writes it: an exact half goes to the even digit, which toFixed rounds up. */
export function fixed(x, digits) {
  const text = x.toFixed(digits);
  const half = /^50*$/.test(x.toFixed(100).slice(digits - 100));
  return half && "13579".includes(text.at(-1)) ? (x - 0.25 / 10 ** digits).toFixed(digits) : text;
}

/** The quantile `q` of numbers, linear between two of them, as numpy.quantile does; NaN without numbers. */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  if (!sorted.length) return NaN;
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

export const median = (values) => quantile(values, 0.5);

/** The largest magnitude; NaN where a sample is NaN. */
export function peakOf(samples) {
  let peak = 0;
  for (let i = 0; i < samples.length; i++) {
    const magnitude = Math.abs(samples[i]);
    if (!(magnitude <= peak)) {
      if (magnitude !== magnitude) return NaN;
      peak = magnitude;
    }
  }
  return peak;
}

/** The first index at which a sorted array is not below `x`, as numpy.searchsorted; `right`: at which it is above. */
export function searchSorted(sorted, x, right = false) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (right ? sorted[middle] <= x : sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
