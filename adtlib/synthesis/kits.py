"""Strokes on sampled kits, as sound: a stem for each class, and one for percussion outside the vocabulary.

A clip has its own kit: each class comes from one of two kits, each articulation is tuned, damped, equalised and levelled at random,
so that some dozens of kits become thousands. Levels are those of `playing`, each varied by 3.5 dB.
"""

from pathlib import Path

import numpy as np
from scipy.signal import sosfilt

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import place
from adtlib.synthesis.articulations import KIND_OF, class_index
from adtlib.synthesis.drumming import Stroke
from adtlib.synthesis.effects import burst, shelf_or_peak
from adtlib.synthesis.playing import ARTICULATION_DB, CLASS_DB, OTHER_DB, fade_out
from adtlib.synthesis.recipe import SHIPPED, Recipe, Streams
from adtlib.synthesis.samples import Bank, OneShot, layer_at, open_bank
from adtlib.vocabulary import CLASSES

OTHER = len(CLASSES)  # index of the stem outside the vocabulary
N_STEMS = len(CLASSES) + 1
_SPREAD_DB = 3.5
_SOFT_HATS_DB = (-10.0, -3.0)
VARIANTS = 2  # of each one-shot in a clip, slightly different: no hand strikes twice in the same way
# Standard deviation in semitones for each stem: cymbals vary most in size. Without sizes all have that of drums.
_TUNING = (1.2, 1.2, 1.6, 2.0, 2.5, 1.2)
_BLENDED = 0.25  # share of articulations for which two kits sound at once, as producers layer samples
_HATS = ("hat_closed", "hat_pedal", "hat_half_open", "hat_open")
# Decay time to 1/e of a damped stroke: shortest and longest in seconds, and the share of clips in which it is damped.
_DAMPING = {
    "hat_closed": (0.03, 0.4, 0.5),
    "hat_pedal": (0.03, 0.2, 0.4),
    "hat_half_open": (0.06, 0.4, 0.6),
    "hat_open": (0.15, 1.0, 0.4),
    "kick": (0.05, 0.4, 0.35),
    "snare": (0.05, 0.4, 0.3),
    "tom": (0.08, 0.6, 0.35),
    "crash": (0.3, 2.0, 0.35),
    "ride": (0.2, 1.5, 0.35),
}


class ClipKit:
    """The kit of one clip."""

    def __init__(self, kits: list[Path], streams: Streams, recipe: Recipe = SHIPPED):
        """`kits`: paths of two banks, and of further ones for articulations that both lack.

        Without the recipe's `variation` its one-shots are played as they were captured, each class at its mean level.
        """
        self.streams, self.recipe = streams, recipe
        self.banks = [open_bank(path) for path in kits]
        rng = streams("kit")
        self.main = rng.integers(2, size=N_STEMS).tolist()
        varied = rng.normal(0, _SPREAD_DB, N_STEMS) * recipe.variation
        self.levels = (np.array([*CLASS_DB.values(), OTHER_DB]) + varied).tolist()
        self.spreads = _TUNING if recipe.sizes else (_TUNING[0],) * N_STEMS  # semitones
        self.tuning = (rng.standard_normal(N_STEMS) * self.spreads).tolist()
        self.touch = rng.uniform(0.7, 1.5)  # how velocity becomes a layer
        self.fade = round(rng.uniform(0.01, 0.06) * SAMPLE_RATE)  # of a hi-hat that the next stroke ends
        softer = streams("soft hats")
        if softer.random() < recipe.soft_hats:
            self.levels[CLASSES.index("HH")] += softer.uniform(*_SOFT_HATS_DB)
        self._hands: dict[str, np.random.Generator] = {}
        self._layers: dict[str, tuple[Bank, list[OneShot]] | None] = {}
        self._sounds: dict[tuple[str, int, int], tuple[np.ndarray, int]] = {}
        self._treatment: dict[str, tuple] = {}
        self._seconds: dict[str, tuple | None] = {}

    def _hand(self, articulation: str) -> np.random.Generator:
        """Draws from stroke to stroke: each articulation has its own, so that more strokes of one leave the others as they are."""
        if articulation not in self._hands:
            self._hands[articulation] = self.streams("hand", articulation)
        return self._hands[articulation]

    def has(self, articulation: str) -> bool:
        """Whether any of the kits has the articulation or a substitute: a stroke that cannot sound must not be annotated."""
        return self._find(articulation, _stem_of(articulation)) is not None

    def kind(self, articulation: str) -> str | None:
        """Which of `vocabulary.KINDS` a stroke sounds like: that of a substitute where a kit lacks it; None outside the classes."""
        found = self._find(articulation, _stem_of(articulation))
        made = articulation in ("brush", "hat_half_open")  # from any snare, from an open hi-hat
        return KIND_OF.get(articulation if made or found is None else found[1][0].key)

    def _find(self, articulation: str, stem: int) -> tuple[Bank, list[OneShot]] | None:
        """A bank and the layers of one of its voices for the articulation or its substitute; None if no kit has either."""
        if articulation not in self._layers:
            order = [self.banks[self.main[stem]], self.banks[1 - self.main[stem]], *self.banks[2:]]
            found = [(bank, voices) for bank in order if (voices := bank.voices_or_substitutes(articulation))]
            self._layers[articulation] = None
            if found:
                bank, voices = found[0]
                self._layers[articulation] = bank, voices[self.streams("voice", articulation).integers(len(voices))]
        return self._layers[articulation]

    def sound(self, stroke: Stroke) -> tuple[np.ndarray, int, int] | None:
        """(waveform, sample of its attack, stem) of a stroke, before its level; None if no kit has such a sound."""
        stem = _stem_of(stroke.articulation)
        found = self._find(stroke.articulation, stem)
        if found is None:
            return None
        bank, layers = found
        hand = self._hand(stroke.articulation)
        velocity = 127 * (stroke.velocity / 127) ** self.touch + hand.normal(0, 6)
        layer = layer_at(layers, velocity)
        key = (stroke.articulation, layer, int(hand.integers(VARIANTS)))
        if key not in self._sounds:
            sound = self._treat(key, stem, bank, layers[layer])
            self._sounds[key] = self._blend(stroke.articulation, stem, layer / len(layers), *sound)
        return (*self._sounds[key], stem)

    def _treat(self, key: tuple[str, int, int], stem: int, bank: Bank, one_shot: OneShot) -> tuple[np.ndarray, int]:
        """A one-shot tuned, damped and equalised: all layers of an articulation in the same way."""
        if not self.recipe.variation:
            return bank.waveform(one_shot), one_shot.attack
        articulation = key[0]
        if articulation not in self._treatment:
            rng = self.streams("treatment", articulation)
            kind = next((name for name in _DAMPING if articulation.startswith(name)), None)
            short, long, share = _DAMPING.get(kind, (0.1, 1.0, 0.0))
            if articulation == "hat_half_open" and one_shot.key == "hat_open":
                share = 1.0  # an open hat as substitute has to be damped
            decay = np.exp(rng.uniform(np.log(short), np.log(long))) if rng.random() < share else None
            filters = [shelf_or_peak(rng) for _ in range(2)] if rng.random() < 0.6 else []
            self._treatment[articulation] = (self.tuning[stem] + rng.normal(0, 0.3), decay, filters)
        semitones, decay, filters = self._treatment[articulation]
        rng = self.streams("sound", *key)
        speed = 2 ** ((semitones + rng.normal(0, 0.08)) / 12)
        filters = [*filters, shelf_or_peak(rng, 1.0)]  # where on the drum it was struck
        waveform = resample(bank.waveform(one_shot), speed)
        attack = round(one_shot.attack / speed)
        if articulation == "brush" and one_shot.key != "brush":
            waveform = brushed(waveform, attack, rng)
        waveform = sosfilt(np.array(filters, dtype=np.float32), waveform)
        if decay is not None:
            length = min(len(waveform), round(attack + 7 * decay * SAMPLE_RATE))
            waveform = waveform[:length]
            waveform[attack:] *= np.exp(-np.arange(length - attack, dtype=np.float32) / np.float32(decay * SAMPLE_RATE))
        return waveform / max(float(np.abs(waveform).max()), 1e-6), attack

    def _blend(self, articulation: str, stem: int, softness: float, waveform: np.ndarray, attack: int) -> tuple[np.ndarray, int]:
        """For some articulations: the sound mixed with that of another kit, of corresponding layer, attack on attack."""
        if articulation not in self._seconds:
            self._seconds[articulation] = None
            other = self.banks[1 - self.main[stem]]
            voices = other.voices(articulation)
            rng = self.streams("blend", articulation)
            if self.recipe.variation and self.recipe.sizes and voices and rng.random() < _BLENDED:
                gain = 10 ** (rng.uniform(-10, 0) / 20)
                speed = 2 ** (rng.normal(0, self.spreads[stem]) / 12)
                self._seconds[articulation] = (other, voices[rng.integers(len(voices))], gain, speed)
        if self._seconds[articulation] is None:
            return waveform, attack
        bank, layers, gain, speed = self._seconds[articulation]
        one_shot = layers[int(softness * len(layers))]
        more, its_attack = resample(bank.waveform(one_shot), speed), round(one_shot.attack / speed)
        lead = max(attack, its_attack)
        both = np.zeros(lead + max(len(waveform) - attack, len(more) - its_attack), dtype=np.float32)
        place(waveform, both, lead - attack)
        place(more, both, lead - its_attack, gain)
        return both / max(float(np.abs(both).max()), 1e-6), lead

    def gain(self, stroke: Stroke, stem: int) -> float:
        """Amplitude of a stroke in its stem."""
        level = self.levels[stem] + ARTICULATION_DB.get(stroke.articulation, 0) + stroke.level
        return 10 ** ((level + self._hand(stroke.articulation).normal(0, 0.7)) / 20)


def _stem_of(articulation: str) -> int:
    index = class_index(articulation)
    return OTHER if index is None else index


def brushed(waveform: np.ndarray, attack: int, rng: np.random.Generator) -> np.ndarray:
    """Make a stick's stroke a brush's: little of the drum, and a burst of noise that swells for some milliseconds."""
    low, high = np.exp(rng.uniform(np.log((600, 5_000)), np.log((2_500, 14_000))))
    swell, decay = rng.uniform(0.003, 0.015), np.exp(rng.uniform(np.log(0.02), np.log(0.12)))
    length = round((swell + 6 * decay) * SAMPLE_RATE)
    time = np.arange(length, dtype=np.float32) / SAMPLE_RATE
    shape = np.minimum(time / np.float32(swell), 1) * np.exp(-np.maximum(time - np.float32(swell), 0) / np.float32(decay))
    noise = burst(shape, low, high, rng)
    out = np.zeros(max(len(waveform), attack + length), dtype=np.float32)
    out[: len(waveform)] = np.float32(rng.uniform(0.03, 0.3)) * waveform
    out[attack : attack + length] += noise
    return out


def resample(waveform: np.ndarray, speed: float) -> np.ndarray:
    """Played `speed` times as fast, by linear interpolation: float32."""
    position = np.arange(0, len(waveform) - 1, speed)
    whole = position.astype(np.int64)
    rest = (position - whole).astype(np.float32)
    return waveform[whole] * (1 - rest) + waveform[whole + 1] * rest


def play(strokes: list[Stroke], kit: ClipKit, n_samples: int) -> np.ndarray:
    """Stems of a performance: `(6, n_samples)` float32, five classes and other percussion.

    strokes  sorted by time; seconds from sample 0.

    A stroke of the hi-hat ends the one before it, as there is one pair of cymbals.
    """
    stems = np.zeros((N_STEMS, n_samples), dtype=np.float32)
    hats = [stroke.seconds for stroke in strokes if stroke.articulation in _HATS]
    for stroke in strokes:
        sound = kit.sound(stroke)
        if sound is None:
            continue
        waveform, attack, stem = sound
        if stroke.articulation in _HATS:
            after = np.searchsorted(hats, stroke.seconds + 0.03)
            if after < len(hats):
                waveform = cut(waveform, attack + round((hats[after] - stroke.seconds) * SAMPLE_RATE), kit.fade)
        place(waveform, stems[stem], round(stroke.seconds * SAMPLE_RATE) - attack, kit.gain(stroke, stem))
    return stems


def cut(waveform: np.ndarray, length: int, fade: int) -> np.ndarray:
    """The first `length` samples and a fade; the waveform itself if it ends before the fade does."""
    return waveform if len(waveform) <= length + fade else fade_out(waveform, length, fade)
