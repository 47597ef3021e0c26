"""Augmentation of segments in training, on the linear magnitudes behind the features: none is seen twice in the same form.

Rendered clips are always trained so; of other corpora a profile chooses it, `augmentation: standard`. The thesis did without.

Features are log10(1 + x) with x the magnitude in a band. A clip without drums is added to some segments: energies are summed, as
magnitudes have no phase. Half of the segments are transposed. Then the level is changed, a smooth random equaliser is applied, and
half of the segments are low-pass filtered at a frequency between 5 and 17 kHz (real recordings and codecs have little above it).
"""

from dataclasses import dataclass, replace

import numpy as np

from adtlib.audio.features import N_BANDS, band_centres

_LN10 = np.float32(np.log(10.0))


@dataclass(frozen=True)
class Augmentation:
    """How often each variation is applied, and how strongly.

    level_db    lowest and highest change of level.
    equaliser   share of segments with an equaliser, and its standard deviation in dB at seven points.
    low_pass    share of segments, and the range of the frequency in Hz.
    high_pass   share of segments, and the range of the frequency in Hz.
    transpose   share of segments, and the most semitones up or down.
    add         share of segments to which a clip without drums is added, and its range in dB of the segment's level.
    """

    level_db: tuple[float, float] = (-10.0, 6.0)
    equaliser: tuple[float, float] = (0.8, 3.0)
    low_pass: tuple[float, float, float] = (0.5, 5_000.0, 17_000.0)
    high_pass: tuple[float, float, float] = (0.1, 40.0, 200.0)
    transpose: tuple[float, float] = (0.5, 2.0)
    add: tuple[float, float, float] = (0.2, -12.0, 6.0)

    def without(self, names) -> "Augmentation":
        """The same without some of its variations, given by name."""
        return replace(self, **{name: (0.0, *getattr(self, name)[1:]) if name != "level_db" else (0.0, 0.0) for name in names})


AUGMENTATIONS = {"none": None, "standard": Augmentation()}  # by the name that a profile gives


def _descriptions(config: Augmentation) -> dict[str, str]:
    def of(share: float) -> str:
        return f"{100 * share:.0f} of 100 segments"

    above, below = ("{:g} and {:g} Hz".format(*limits) for limits in (config.low_pass[1:], config.high_pass[1:]))
    return {
        "level_db": "the level, by {:+g} to {:+g} dB".format(*config.level_db),
        "equaliser": f"a smooth random equaliser, over {of(config.equaliser[0])}",
        "low_pass": f"{of(config.low_pass[0])} lose what is above a frequency between {above}",
        "high_pass": f"{of(config.high_pass[0])} lose what is below a frequency between {below}",
        "transpose": f"{of(config.transpose[0])} are up to {config.transpose[1]:g} semitones higher or lower",
        "add": f"a clip without drums is added to {of(config.add[0])}",
    }


VARIATIONS = _descriptions(Augmentation())  # the variations by name, each of which can be left out


def magnitudes(features: np.ndarray) -> np.ndarray:
    """x of log10(1 + x), float32."""
    return np.maximum(np.exp(features.astype(np.float32) * _LN10) - 1, 0)


def gains(count: int, config: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Random gains of `count` segments in each band: `(count, 84)` float32."""
    frequencies = band_centres()
    decibels = rng.uniform(*config.level_db, (count, 1)) + np.zeros((count, N_BANDS))
    points = np.linspace(np.log(40), np.log(18_000), 7)
    share, spread = config.equaliser
    for row in np.flatnonzero(rng.random(count) < share):
        decibels[row] += np.interp(np.log(frequencies), points, rng.normal(0, spread, 7))
    factors = 10 ** (decibels / 20)
    for (share, low, high), sign in ((config.low_pass, 1), (config.high_pass, -1)):
        for row in np.flatnonzero(rng.random(count) < share):
            edge = np.exp(rng.uniform(np.log(low), np.log(high)))
            factors[row] /= attenuation(edge, sign * rng.uniform(4, 30))  # from 12 dB an octave to the cutoff of an encoder
    return factors.astype(np.float32)


def attenuation(edge: float, steepness: float) -> np.ndarray:
    """Attenuation factor of each band by a Butterworth filter with this edge (Hz), `(84,)`: 3 dB at the edge.

    steepness  twice the order: 3 dB an octave each. Positive for a low-pass, negative for a high-pass.
    """
    return np.sqrt(1 + np.minimum((band_centres() / edge) ** steepness, 1e12))


def transposition(semitones: float) -> np.ndarray:
    """A matrix `(84, 84)` that raises all frequencies of magnitudes multiplied by it, interpolated between bands.

    Bands that would come from outside the range are silent.
    """
    places = np.log2(band_centres())
    wanted = places - semitones / 12
    right = np.clip(np.searchsorted(places, wanted), 1, N_BANDS - 1)
    share = (wanted - places[right - 1]) / (places[right] - places[right - 1])  # of the right neighbour
    inside = (wanted >= places[0]) & (wanted <= places[-1])
    matrix = np.zeros((N_BANDS, N_BANDS), dtype=np.float32)
    matrix[right - 1, np.arange(N_BANDS)] = (1 - share) * inside
    matrix[right, np.arange(N_BANDS)] = share * inside
    return matrix


def augment(features: np.ndarray, extra: np.ndarray, config: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Vary a batch: `(B, T, 84)` float32, the same shape.

    features  of the segments, as stored.
    extra     `(B, T, 84)` features of clips without drums, some of which are added.
    """
    x = magnitudes(features)
    share, low, high = config.add
    for row in np.flatnonzero(rng.random(len(x)) < share):
        other = magnitudes(extra[row])
        level, its = np.sqrt(np.mean(np.square(x[row]))), np.sqrt(np.mean(np.square(other)))
        if its > 0:
            gain = np.float32((level or its) * 10 ** (rng.uniform(low, high) / 20) / its)
            x[row] = np.sqrt(np.square(x[row]) + np.square(gain * other))
    share, most = config.transpose
    for row in np.flatnonzero(rng.random(len(x)) < share):
        x[row] = x[row] @ transposition(rng.uniform(-most, most))
    x *= gains(len(x), config, rng)[:, None, :]  # the same in every frame
    return np.log(1 + x) / _LN10
