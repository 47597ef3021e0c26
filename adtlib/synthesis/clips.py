"""One annotated clip of training data, from (seed, split, index) and nothing else.

A clip is 12 s of drums on kits of its split, in 85 % of the clips with other instruments at -10 to +13 dB relative to the drums,
mixed and mastered like music. One clip in ten has no drums, so that a model learns to find none. Onsets are exact: each one-shot
is placed by its attack. Strokes of one class within 25 ms are one onset, as annotators hear flams; masked ones are not annotated.

A stroke is audible if, in some band, the energy that it adds to its drum is at most 12 dB below the energy of the mix. Bands are
about half an octave wide, similar to the ear's; the window of 46 ms is that of the features.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np

from adtlib.audio.features import FRAME_SIZE, SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.mixing import rms
from adtlib.onsets.frames import Onsets
from adtlib.synthesis import band, drumming, effects, kits as synthesis_kits, performances
from adtlib.synthesis.articulations import class_index
from adtlib.synthesis.capture import banks_folder, kit_paths
from adtlib.synthesis.drumming import Stroke
from adtlib.synthesis.samples import open_bank
from adtlib.synthesis.sources import SourceError, missing_packages
from adtlib.vocabulary import CLASSES

MASKED_DB = -12.0
_EDGES = np.array([30, 75, 120, 180, 250, 350, 500, 700, 1000, 1400, 2000, 2800, 4000, 5600, 8000, 11_000, 16_000])
_BINS = np.ceil(_EDGES * FRAME_SIZE / SAMPLE_RATE).astype(int)
_WINDOW = np.hanning(FRAME_SIZE).astype(np.float32)
_LEAD = 100  # samples from a stroke's time to the start of its window, which holds the attack and nothing before it
_QUIET = 1e-7  # energy that counts as silence


def band_energies(waveform: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Energy in each band of the 2,048 samples from each start: `(n, 16)`; outside the waveform is silence."""
    padded = np.pad(waveform, FRAME_SIZE)
    frames = padded[np.clip(starts + FRAME_SIZE, 0, len(waveform) + FRAME_SIZE)[:, None] + np.arange(FRAME_SIZE)]
    power = np.square(np.abs(np.fft.rfft(frames * _WINDOW, axis=1)))
    return np.add.reduceat(power[:, : _BINS[-1]], _BINS[:-1], axis=1)


def audible(stem: np.ndarray, mix: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Whether strokes at these times, of the drum that sounds alone in `stem`, are audible in `mix`: `(n,)` booleans.

    stem, mix  `(samples,)`; the stem at its level in the mix.
    """
    if not len(seconds):
        return np.zeros(0, dtype=bool)
    starts = np.rint(np.asarray(seconds) * SAMPLE_RATE).astype(int) + _LEAD
    added = band_energies(stem, starts) - band_energies(stem, starts - FRAME_SIZE)
    return (added > 10 ** (MASKED_DB / 10) * band_energies(mix, starts) + _QUIET).any(axis=1)


CLIP_SECONDS = 12.0
PRE_ROLL = 1.5  # seconds played before the clip begins: earlier strokes ring on, and are not annotated
FLAM = 0.025  # seconds
KINDS = {"drums": 0.15, "mix": 0.75, "no drums": 0.10}  # of clips, and their shares
# Level of the accompaniment above the drums, by RMS: mean and standard deviation. Seven real songs of MDB Drums have 1 to 10 dB,
# median 4.2; here the range is wider.
BALANCE_DB = (3.0, 5.0)
# Used in validation only. Kits of one maker share samples and stay together; the whole bank timgm is for validation.
VALIDATION_KITS = ("red-zeppelin", "timgm-", "Millo", "ColomboAcousticDrumkit")
ACOUSTIC = (
    "black-pearl",
    "red-zeppelin",
    "The Black Pearl",
    "GMRockKit",
    "ForzeeStereo",
    "BJA_Pacific",
    "ColomboAcoustic",
    "Millo",
)
ELECTRONIC = ("TR808", "HardElectro", "ElectricEmpire", "VariBreaks", "rumpf", "Audiophob", "-024", "-025")
PERCUSSION_ONLY = ("circAfrique", "Gimme A Hand")
_FEW = ("fluid-000", "fluid-008", "timgm-000", "timgm-008")
# What can be left out of clips, to measure the effect of each.
INGREDIENTS = {
    "accompaniment": "other instruments, percussion and voices; what stays is drums alone, and silence where nobody drums",
    "voices": "sung parts",
    "edits": "edits of the performances (ghost notes, brushes, toms for snares, ...); they stay as they were played",
    "variation": "tuning, damping, equalising and levelling of the kit; one-shots stay as captured",
    "studio": "room, compression, saturation, hiss and codec",
    "kits": f"all kits but a few of General MIDI banks ({', '.join(_FEW)}, of which timgm is for validation only)",
}
_SPLIT_SEEDS = {"train": 0, "validation": 1}


@dataclass(frozen=True, eq=False)
class Clip:
    """`waveform` (n,) float32 at 44.1 kHz; `onsets` in seconds for each class; `about` describes the clip to readers."""

    waveform: np.ndarray
    onsets: Onsets
    about: dict

    @cached_property
    def features(self) -> np.ndarray:
        """`(T, 84)` float32."""
        return log_filter_spectrogram(self.waveform)


class Studio:
    """The kits, instruments and performances that clips of one split are made from."""

    def __init__(self, banks: Path, notes: Path, split: str, without: tuple[str, ...] = ()):
        """`banks` of `capture`, `notes` of `performances.gather`, `without` some of INGREDIENTS.

        SourceError if there are too few banks or performances.
        """
        if split not in _SPLIT_SEEDS:
            raise ValueError(f"unknown split {split!r}: choose one of {', '.join(_SPLIT_SEEDS)}")
        if unknown := set(without) - set(INGREDIENTS):
            raise ValueError(f"unknown ingredient {', '.join(sorted(unknown))}: choose from {', '.join(INGREDIENTS)}")
        self.split, self.without = split, frozenset(without)
        self.songs = tuple(song for song in performances.load(notes) if song.split == split)
        held_out = split == "validation"
        every = kit_paths(banks)
        self.kits = [path for path in every if path.name.startswith(VALIDATION_KITS) == held_out]
        drums = [path for path in self.kits if not path.name.startswith(PERCUSSION_ONLY)]
        if "kits" in self.without:
            drums = [path for path in drums if path.name in _FEW]
        self.drum_kits, self.weights = drums, _weights(drums)
        self.percussion = [path for path in self.kits if any(key.startswith("other") for key in open_bank(path).by_key)]
        fonts = sorted(path.with_suffix("") for path in (banks / "instruments").glob("*.json"))
        self.instruments = [p for p in fonts if p.name != "voices" and p.name.startswith("timgm") == held_out]
        self.voices = banks / "instruments" / "voices"
        if len(self.drum_kits) < 2 or not self.instruments or not self.songs:
            raise SourceError(
                f"{banks}: {len(self.drum_kits)} kits, {len(self.instruments)} banks of instruments and {len(self.songs)} "
                f"performances for {split}: delete the folder and capture the sounds again"
            )

    def choose_kits(self, rng: np.random.Generator) -> list[Path]:
        """Two kits, and two more for articulations that they lack."""
        return [self.drum_kits[i] for i in rng.choice(len(self.drum_kits), min(4, len(self.drum_kits)), False, self.weights)]


def _weights(kits: list[Path]) -> np.ndarray:
    """Probability of each kit: multi-sampled acoustic kits 45 % together, electronic ones 10 %, General MIDI kits the rest."""
    kinds = ["acoustic" if p.name.startswith(ACOUSTIC) else "electronic" if _electronic(p.name) else "bank" for p in kits]
    share = {"acoustic": 0.45, "electronic": 0.10, "bank": 0.45}
    weights = np.array([share[kind] / kinds.count(kind) for kind in kinds])
    return weights / weights.sum()


def _electronic(name: str) -> bool:
    return name.startswith(ELECTRONIC) or name.endswith(ELECTRONIC)


def render(studio: Studio, seed: int, index: int, seconds: float = CLIP_SECONDS) -> Clip:
    """Clip `index` of a seed: the same samples in whatever order clips are rendered."""
    rng, kind = _generator_and_kind(studio.split, seed, index)
    played = seconds + PRE_ROLL
    n_samples = round(played * SAMPLE_RATE)
    drums = drumming.choose(studio.songs, played, rng)
    swing_at = float(rng.uniform(0.53, 0.68)) if rng.random() < 0.1 else 0.5
    without = studio.without
    strokes = drumming.strokes(drums, swing_at, rng, "edits" not in without)
    if kind == "no drums":
        strokes = []
    kits, more = studio.choose_kits(rng), []
    if studio.percussion and rng.random() < 0.15 and "accompaniment" not in without:
        kits.append(studio.percussion[rng.integers(len(studio.percussion))])
        more = _percussion(kits[-1], drums.bpm, played, rng)
    kit = synthesis_kits.ClipKit(kits, rng, "variation" not in without)
    strokes = [stroke for stroke in sorted(strokes + more) if kit.has(stroke.articulation)]
    stems = synthesis_kits.play(strokes, kit, n_samples)
    balance = float(np.clip(rng.normal(*BALANCE_DB), -10, 13))
    in_studio = "studio" not in without
    dry = stems.sum(axis=0)
    mix = _mix_drums(dry, stems, rng) if in_studio else dry
    gain = rms(mix) / max(rms(dry), 1e-9)  # of the stems in the mix
    if kind != "drums" and "accompaniment" not in without:
        mix = _balance(mix, _accompany(studio, drums, swing_at, n_samples, rng), balance, in_studio, rng)
    strokes = _mark_masked(strokes, np.float32(gain) * stems, mix)
    waveform = master(mix[round(PRE_ROLL * SAMPLE_RATE) :], in_studio, rng)
    about = {"kind": kind, "bpm": drums.bpm, "balance_db": balance, "kits": [path.name for path in kits[:2]]}
    return Clip(waveform, annotate(strokes, PRE_ROLL, played), about)


def kind_of(split: str, seed: int, index: int) -> str:
    """The kind of a clip, one of KINDS, without rendering it."""
    return _generator_and_kind(split, seed, index)[1]


def _generator_and_kind(split: str, seed: int, index: int) -> tuple[np.random.Generator, str]:
    rng = np.random.default_rng([seed, _SPLIT_SEEDS[split], index])
    return rng, str(rng.choice(list(KINDS), p=list(KINDS.values())))


def _mark_masked(strokes: list[Stroke], stems: np.ndarray, mix: np.ndarray) -> list[Stroke]:
    """The strokes; those that are masked in the mix become not annotated."""
    kept = list(strokes)
    for index in range(len(CLASSES)):
        mine = [number for number, stroke in enumerate(strokes) if class_index(stroke.articulation) == index]
        in_mix = audible(stems[index], mix, np.array([strokes[number].seconds for number in mine]))
        for number, is_audible in zip(mine, in_mix.tolist(), strict=True):
            if not is_audible:
                kept[number] = strokes[number]._replace(annotated=False)
    return kept


def _percussion(bank: Path, bpm: float, seconds: float, rng: np.random.Generator) -> list[Stroke]:
    """Strokes of percussion outside the vocabulary, on instruments of a bank."""
    names = sorted(key for key in open_bank(bank).by_key if key.startswith("other"))
    return band.percussion(bpm, seconds, names, rng) if len(names) > 1 else []


def _mix_drums(dry: np.ndarray, stems: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The stems, whose sum is `dry`, as a recorded kit: room, equaliser, compression, saturation."""
    if not dry.any():
        return dry
    wet = 10 ** (rng.uniform(-26, -3) / 20) if rng.random() < 0.85 else 0.0
    sends = np.exp(rng.normal(0, 0.6, len(stems))).astype(np.float32)
    sends[0] *= 0.4  # kick drums are kept dry
    mix = effects.in_a_room(dry, np.float32(wet) * (sends @ stems), rng) if wet else dry
    if rng.random() < 0.35:
        mix = effects.compress(mix, rng)
    if rng.random() < 0.3:
        mix = effects.saturate(mix, rng)
    return mix


def _accompany(studio: Studio, drums: drumming.Drumming, swing_at: float, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """The accompaniment; zeros if the song that was drawn has rests there."""
    n_beats = n_samples / SAMPLE_RATE * drums.bpm / 60
    arrangement = band.arrange(drums, studio.songs, n_beats, rng, "voices" not in studio.without)
    if arrangement is None:
        return np.zeros(n_samples, dtype=np.float32)
    banks = (studio.instruments[rng.integers(len(studio.instruments))], studio.voices)
    return band.play(arrangement, drums.bpm, swing_at, banks, n_samples, rng)


def _balance(drums: np.ndarray, other: np.ndarray, balance_db: float, in_studio: bool, rng: np.random.Generator) -> np.ndarray:
    """Drums mixed with an accompaniment `balance_db` above them, by RMS."""
    level = rms(drums)
    if not other.any():
        return drums
    if rng.random() < 0.5 and in_studio:
        other = effects.in_a_room(other, np.float32(10 ** (rng.uniform(-20, -4) / 20)) * other, rng)
    return drums + other * np.float32((level or 0.1) * 10 ** (balance_db / 20) / max(rms(other), 1e-9))


def master(mix: np.ndarray, in_studio: bool, rng: np.random.Generator) -> np.ndarray:
    """Scale to a peak 0.3 to 9 dB below full scale; with `in_studio` compression, saturation, hiss and a codec, by chance."""
    if rng.random() < 0.6 and in_studio:
        mix = effects.compress(mix, rng)
    if rng.random() < 0.4 and in_studio:
        mix = effects.saturate(mix, rng)
    if rng.random() < 0.3 and in_studio and (level := rms(mix)) > 0:
        mix = mix + effects.noise(len(mix), rng) * np.float32(level * 10 ** (rng.uniform(-60, -24) / 20))
    mix = mix * np.float32(10 ** (-rng.uniform(0.3, 9) / 20) / max(float(np.abs(mix).max()), 1e-6))
    return effects.through_codec(mix, rng) if rng.random() < 0.12 and in_studio else mix


def annotate(strokes: list[Stroke], start: float, end: float) -> Onsets:
    """Onsets of each class from `start` to before `end`, in seconds from `start`; within 25 ms the loudest stroke counts."""
    onsets = []
    for index in range(len(CLASSES)):
        mine = [s for s in strokes if s.annotated and class_index(s.articulation) == index and start <= s.seconds < end]
        kept: list[Stroke] = []
        for stroke in mine:
            if kept and stroke.seconds - kept[-1].seconds < FLAM:
                kept[-1] = max(kept[-1], stroke, key=lambda s: s.level)
            else:
                kept.append(stroke)
        onsets.append(np.array(sorted(stroke.seconds - start for stroke in kept)))
    return onsets


REMEDY = "`adt render --hours 1` captures the sounds and renders clips, some minutes the first time"


def example_clip(kind: str, data: Path, seed: int = 0, split: str = "validation") -> Clip | None:
    """The first clip of this kind (of `clips.KINDS`, else ValueError) of a seed; None if `why_no_clip` gives a reason.

    Sounds are not captured here, as that takes minutes.
    """
    if kind not in KINDS:
        raise ValueError(f"no clip is of the kind {kind!r}: choose from {', '.join(KINDS)}")
    if why_no_clip(data):
        return None
    studio = Studio(banks_folder(), performances.gather(data), split)
    return render(studio, seed, next(index for index in count() if kind_of(split, seed, index) == kind))


def why_no_clip(data: Path) -> str:
    """Why no clip can be rendered here, and the remedy, in Markdown; "" if one can be rendered."""
    if absent := missing_packages():
        return f"No clip is rendered here: sounds are missing. `apt-get install {' '.join(absent)}`; then {REMEDY}."
    if not kit_paths(banks_folder()):
        return f"No clip is rendered here: the sounds are not captured yet. {REMEDY}."
    try:
        performances.gather(data)
    except (SourceError, OSError) as error:
        return f"No clip is rendered here: {error}."
    return ""
