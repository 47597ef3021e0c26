"""One annotated clip of training data, from (seed, split, index) and a recipe, and nothing else.

A clip is 12 s of drums on kits of its split, in 85 % of the clips with other instruments, mixed and mastered like music. One clip
in ten has no drums, so that a model learns to find none. Onsets are exact: each one-shot is placed by its attack. Strokes of one
class within 25 ms are one onset, as annotators hear flams. By the recipe, strokes that the mix masks are not annotated (`masking`).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np
from scipy.signal import sosfilt

from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.mixing import rms
from adtlib.onsets.frames import Onsets
from adtlib.synthesis import band, drumming, edits, effects, kits as synthesis_kits, performances
from adtlib.synthesis.articulations import class_index
from adtlib.synthesis.capture import banks_folder, kit_paths
from adtlib.synthesis.drumming import Stroke
from adtlib.synthesis.finishing import finish
from adtlib.synthesis.masking import audible
from adtlib.synthesis.performances import Song
from adtlib.synthesis.recipe import RECIPES, STANDARD, Recipe, Streams
from adtlib.synthesis.samples import open_bank
from adtlib.synthesis.sources import SourceError, missing_packages
from adtlib.synthesis.studio import SPLIT_SEEDS, Studio
from adtlib.vocabulary import CLASSES, KINDS as KINDS_OF_STROKES

CLIP_SECONDS = 12.0
PRE_ROLL = 1.5  # seconds played before the clip begins: earlier strokes ring on, and are not annotated
FLAM = 0.025  # seconds
KINDS = {"drums": 0.15, "mix": 0.75, "no drums": 0.10}  # of clips, and their shares
TREBLE_HZ = 6_000.0
_MOST_TREBLE_DB = 18.0  # by which the accompaniment's treble is raised or lowered
_SHELF_HZ = 4_500.0  # middle of the shelf's slope
_USUAL_TREBLE_DB = -8.0  # of it above that of drums: what it is raised from where nobody drums
# What can be left out of clips, to measure the effect of each, and what the option is then.
INGREDIENTS = {
    "accompaniment": "other instruments, percussion and voices; what stays is drums alone, and silence where nobody drums",
    "voices": "sung parts",
    "edits": "edits of the performances (ghost notes, brushes, toms for snares, ...); they stay as they were played",
    "variation": "tuning, damping, equalising and levelling of the kit; one-shots stay as captured",
    "studio": "room, compression, saturation, hiss and codec",
    "kits": "all kits but two of a General MIDI bank",
}
_LEFT_OUT = {
    "accompaniment": {"accompaniment": "none"},
    "voices": {"voices": 0.0},
    "edits": {"edits": False},
    "variation": {"variation": False},
    "studio": {"finishing": "dry"},
    "kits": {"kits": 2},
}


def without(recipe: Recipe, names: tuple[str, ...]) -> Recipe:
    """The recipe without some of INGREDIENTS. ValueError for an unknown one."""
    if unknown := set(names) - set(INGREDIENTS):
        raise ValueError(f"unknown ingredient {', '.join(sorted(unknown))}: choose from {', '.join(INGREDIENTS)}")
    return replace(recipe, **{option: value for name in names for option, value in _LEFT_OUT[name].items()})


@dataclass(frozen=True, eq=False)
class Clip:
    """An annotated clip.

    waveform  (n,) float32 at 44.1 kHz.
    onsets    seconds, for each class.
    kinds     for each class, the number in `vocabulary.KINDS` of each of its onsets, uint8.
    about     describes the clip to readers.
    """

    waveform: np.ndarray
    onsets: Onsets
    kinds: list[np.ndarray]
    about: dict

    @cached_property
    def features(self) -> np.ndarray:
        """`(T, 84)` float32."""
        return log_filter_spectrogram(self.waveform)


@dataclass(frozen=True, eq=False)
class Take:
    """A clip before its finishing, with the pre-roll: drums and all else at their levels in the mix, `(n,)`, and the strokes."""

    drums: np.ndarray
    others: np.ndarray
    strokes: list[Stroke]
    kit: synthesis_kits.ClipKit
    about: dict


def render(
    studio: Studio, seed: int, index: int, seconds: float = CLIP_SECONDS, kind: str | None = None, song: Song | None = None
) -> Clip:
    """Clip `index` of a seed: the same samples in whatever order clips are rendered.

    kind  one of KINDS; None: drawn.
    song  the performance that is played, without edits; None: drawn from those of the studio's split.
    """
    take, streams = record(studio, seed, index, seconds, kind, song), streams_of(studio.split, seed, index)
    mix = (take.drums + take.others)[round(PRE_ROLL * SAMPLE_RATE) :]
    onsets, kinds = annotate(take.strokes, PRE_ROLL, seconds + PRE_ROLL, take.kit)
    return Clip(finish(mix, streams, studio.recipe), onsets, kinds, take.about)


def record(
    studio: Studio, seed: int, index: int, seconds: float = CLIP_SECONDS, kind: str | None = None, song: Song | None = None
) -> Take:
    """What is played in a clip, and mixed; `kind` and `song` as in `render`."""
    recipe, streams = studio.recipe, streams_of(studio.split, seed, index)
    kind = kind or kind_of(studio.split, seed, index)
    played = seconds + PRE_ROLL
    n_samples = round(played * SAMPLE_RATE)
    drums = drumming.choose(studio.songs, played, streams, recipe, song)
    rng = streams("playing")
    swing_at = float(rng.uniform(0.53, 0.68)) if rng.random() < 0.1 and song is None else 0.5
    strokes = drumming.strokes(drums, swing_at, rng)
    if song is None:
        strokes = edits.edited(strokes, 60 / drums.bpm, streams, recipe)
    if kind == "no drums":
        strokes = []
    kits, more = studio.choose_kits(streams("kits")), []
    accompanied = recipe.accompaniment != "none"
    rng = streams("percussion")
    if studio.percussion and rng.random() < recipe.percussion and accompanied:
        kits.append(studio.percussion[rng.integers(len(studio.percussion))])
        more = _percussion(kits[-1], drums.bpm, played, rng)
    kit = synthesis_kits.ClipKit(kits, streams, recipe)
    strokes = [stroke for stroke in sorted(strokes + more) if kit.has(stroke.articulation)]
    stems = synthesis_kits.play(strokes, kit, n_samples)
    dry = stems.sum(axis=0)
    mixed = _mix_drums(dry, stems, streams, recipe)
    others = np.zeros(n_samples, dtype=np.float32)
    if kind != "drums" and accompanied:
        others = _balanced(mixed, _accompany(studio, drums, swing_at, n_samples, streams), streams, recipe)
    if recipe.masked == "left out":
        gain = rms(mixed) / max(rms(dry), 1e-9)  # of the stems in the mix
        strokes = _mark_masked(strokes, np.float32(gain) * stems, mixed + others)
    about = {"kind": kind, "bpm": drums.bpm, "kits": [path.name for path in kits[:2]]}
    return Take(mixed, others, strokes, kit, about)


def sixteenths_of(studio: Studio, seed: int, index: int, seconds: float = CLIP_SECONDS) -> tuple[float, float]:
    """Seconds between sixteenths of a clip, and the first one at or after its start, without rendering it."""
    drums = drumming.choose(studio.songs, seconds + PRE_ROLL, streams_of(studio.split, seed, index), studio.recipe)
    step = 15 / drums.bpm
    return step, -PRE_ROLL % step


def streams_of(split: str, seed: int, index: int) -> Streams:
    """The random streams of a clip."""
    return Streams(seed, SPLIT_SEEDS[split], index)


def kind_of(split: str, seed: int, index: int) -> str:
    """The kind of a clip, one of KINDS, without rendering it."""
    return str(streams_of(split, seed, index)("kind").choice(list(KINDS), p=list(KINDS.values())))


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


def _mix_drums(dry: np.ndarray, stems: np.ndarray, streams: Streams, recipe: Recipe) -> np.ndarray:
    """The stems, whose sum is `dry`, as a recorded kit: room, then equaliser, compression and saturation."""
    if not dry.any() or not recipe.reaches("room"):
        return dry
    rng = streams("room")
    wet = 10 ** (rng.uniform(-26, -3) / 20) if rng.random() < 0.85 else 0.0
    sends = np.exp(rng.normal(0, 0.6, len(stems))).astype(np.float32)
    sends[0] *= 0.4  # kick drums are kept dry
    mix = effects.in_a_room(dry, np.float32(wet) * (sends @ stems), rng) if wet else dry
    rng = streams("drum bus")
    draws = rng.random(2)
    if recipe.reaches("mixed") and draws[0] < 0.35:
        mix = effects.compress(mix, rng)
    if recipe.reaches("mixed") and draws[1] < 0.3:
        mix = effects.saturate(mix, rng)
    return mix


def _accompany(studio: Studio, drums: drumming.Drumming, swing_at: float, n_samples: int, streams: Streams) -> np.ndarray:
    """The accompaniment; zeros if the song that was drawn has rests there."""
    recipe = studio.recipe
    n_beats = n_samples / SAMPLE_RATE * drums.bpm / 60
    arrangement = band.arrange(drums, studio.songs, n_beats, streams, recipe)
    if arrangement is None:
        return np.zeros(n_samples, dtype=np.float32)
    banks = (studio.instruments[streams("instruments").integers(len(studio.instruments))], studio.voices)
    played = band.play(arrangement, drums.bpm, swing_at, banks, n_samples, streams, recipe)
    for share, name, make in ((recipe.shakers, "shaker", band.shaker), (recipe.risers, "riser", band.riser)):
        rng = streams(name)
        if rng.random() < share:
            played = played + np.float32(10 ** (rng.uniform(-22, -4) / 20)) * make(drums.bpm, n_samples, rng)
    return played


def _balanced(drums: np.ndarray, other: np.ndarray, streams: Streams, recipe: Recipe) -> np.ndarray:
    """The accompaniment at its level above the drums, by RMS, and with its share of treble."""
    rng = streams("balance")
    mean, spread, low, high = recipe.balance_db
    balance_db = float(np.clip(mean + spread * rng.standard_normal(), low, high))
    if not other.any():
        return other
    rng = streams("room of the band")
    if rng.random() < 0.5 and recipe.reaches("room"):
        other = effects.in_a_room(other, np.float32(10 ** (rng.uniform(-20, -4) / 20)) * other, rng)
    level = (rms(drums) or 0.1) * 10 ** (balance_db / 20)
    if recipe.treble_db:
        wanted = recipe.treble_db[0] + recipe.treble_db[1] * streams("treble").standard_normal()
        other = _with_treble(drums, other * np.float32(level / max(rms(other), 1e-9)), wanted)
    return other * np.float32(level / max(rms(other), 1e-9))


def _with_treble(drums: np.ndarray, other: np.ndarray, wanted_db: float) -> np.ndarray:
    """`other` with what it has above 6 kHz raised or lowered to `wanted_db` above the drums there, within limits."""
    high, of_drums = (rms(effects.filtered(part, TREBLE_HZ, "highpass")) for part in (other, drums))
    now = 20 * np.log10(max(high, 1e-9) / of_drums) if of_drums > 0 else _USUAL_TREBLE_DB
    gain = float(np.clip(wanted_db - now, -_MOST_TREBLE_DB, _MOST_TREBLE_DB))
    return sosfilt(effects.biquad("high", _SHELF_HZ, gain, 0.7)[None].astype(np.float32), other)


def annotate(strokes: list[Stroke], start: float, end: float, kit: synthesis_kits.ClipKit) -> tuple[Onsets, list[np.ndarray]]:
    """Onsets of each class from `start` to before `end`, in seconds from `start`, and their kinds, as in a `Clip`.

    Of strokes within 25 ms the loudest counts.
    """
    onsets, kinds, names = [], [], list(KINDS_OF_STROKES)
    for index in range(len(CLASSES)):
        mine = [s for s in strokes if s.annotated and class_index(s.articulation) == index and start <= s.seconds < end]
        kept: list[Stroke] = []
        for stroke in mine:
            if kept and stroke.seconds - kept[-1].seconds < FLAM:
                kept[-1] = max(kept[-1], stroke, key=lambda s: s.level)
            else:
                kept.append(stroke)
        onsets.append(np.array([stroke.seconds - start for stroke in kept]))
        kinds.append(np.array([names.index(kit.kind(stroke.articulation)) for stroke in kept], dtype=np.uint8))
    return onsets, kinds


REMEDY = "`adt render --hours 1` captures the sounds and renders clips, some minutes the first time"


def example_clip(kind: str, data: Path, seed: int = 0, split: str = "validation") -> Clip | None:
    """The first clip of this kind (of `clips.KINDS`, else ValueError) of a seed; None if `why_no_clip` gives a reason.

    Sounds are not captured here, as that takes minutes.
    """
    if kind not in KINDS:
        raise ValueError(f"no clip is of the kind {kind!r}: choose from {', '.join(KINDS)}")
    if why_no_clip(data):
        return None
    studio = Studio(banks_folder(), performances.gather(data), split, RECIPES[STANDARD])
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
