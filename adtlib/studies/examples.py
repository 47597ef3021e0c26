"""A random passage of a test split as patterns for engraving: the target, the transcription, and their errors.

Errors are determined in seconds, as in scoring. For the notation onsets are then quantised to the passage's beats (see
`example_beats`): a correct onset takes the position of its target, a wrong one the nearest position.
"""

import dataclasses
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from adtlib.audio.clicks import click_track
from adtlib.corpora.base import Track
from adtlib.corpora.passages import Passage, example_passage
from adtlib.corpora.store import Unit
from adtlib.evaluation.metrics import match_onsets
from adtlib.models.prediction import predict
from adtlib.notation.patterns import Hit, Pattern, grid_positions
from adtlib.onsets.frames import Onsets
from adtlib.onsets.peak_picking import pick_peaks
from adtlib.profiles import Profile, open_profile_corpus, prepared_corpus
from adtlib.studies.architecture_tables import chosen_runs, study_runs
from adtlib.studies.dataset_tables import dataset_runs
from adtlib.studies.example_beats import BeatGrid, beat_grid
from adtlib.synthesis.examples import play_onsets
from adtlib.training.runs import Run, training_set_name
from adtlib.training.scoring import picking_of
from adtlib.vocabulary import CLASSES, MIDI_PITCH

SECONDS = 5.0  # from a random start, in which beats are estimated
FEWEST_ONSETS = 8
_MISSED, _CLICK_PEAK = 3_000.0, 0.5  # Hz and level of the click at a missed stroke


@dataclass(frozen=True, eq=False)
class Example:
    """A passage of whole bars of one unit. Patterns are in quarter notes; `errors` index their strokes.

    n_right and n_missed count onsets of the target that were found and not found, n_invented further onsets that were found.
    """

    corpus: str
    id: str
    start: float
    grid: BeatGrid
    target: Pattern
    missed: frozenset[int]
    transcription: Pattern
    invented: frozenset[int]
    n_right: int
    n_missed: int
    n_invented: int
    system: str = "transcription"  # the architecture that transcribed it

    @property
    def summary(self) -> str:
        """Origin of the passage, source of its beats and numbers of errors, in two lines."""
        counts = f"{self.n_right} right, {self.n_missed} missed, {self.n_invented} invented"
        beats = f"{self.grid.bpm:.0f} beats a minute ({self.grid.source})"
        return f"{self.corpus}, {self.id}\nfrom {self.start:.1f} s, {beats}: {counts}"


def example_of(profile: Profile, run: Run, corpus_name: str, n_bars: int = 2, seed: int = 0) -> Example | None:
    """A random passage of the corpus's test split, transcribed by a run; None if no unit has a passage fit for notation.

    seed  of the choice of unit and start, which is the same on every machine.
    """
    prepared = prepared_corpus(profile, corpus_name, progress=False)
    units = prepared.units(profile.test_split) if profile.test_split in prepared.splits else []
    tracks = _tracks(profile, corpus_name) if prepared.unit == "track" else {}
    rng = np.random.default_rng([seed, zlib.crc32(corpus_name.encode())])
    config = run.config
    for unit, start in _candidates(units, rng):
        onsets = unit.onsets
        try:
            grid = beat_grid(tracks.get(unit.id), onsets, start, min(start + SECONDS, unit.duration))
        except ValueError:
            continue  # too few onsets there: the next passage
        first, last = _bars(grid, start, unit.duration, n_bars)
        if sum(np.count_nonzero((times >= first) & (times < last)) for times in onsets) < FEWEST_ONSETS:
            continue
        activations = predict(run.model(), unit.features, config["precision"])
        estimate = pick_peaks(activations, picking_of(run, profile.thresholds))
        found = write_down(corpus_name, unit.id, grid, onsets, estimate, (first, last), n_bars, config["tolerance"])
        return dataclasses.replace(found, system=config["architecture"])
    return None


def examples_of(profile: Profile) -> list[Example]:
    """An example of each corpus of the architecture study, by the run that validation chose (`chosen_runs`)."""
    found = [example_of(profile, run, corpus) for corpus, run in chosen_runs(profile).items()]
    return [example for example in found if example is not None]


def heard_by(profile: Profile, run: Run, test: str | None = None) -> tuple[Passage | None, dict[str, Onsets]]:
    """Four lively seconds of a corpus's test split, and a run's onsets there: "found", "invented" and "missed", from its start.

    test  the corpus; by default the first that the run was trained on. The passage is the same for all runs.

    (None, {}) where the corpus has nothing to show.
    """
    corpus = open_profile_corpus(profile, test or run.config["train"][0])
    passage = example_passage(corpus, 4.0, profile.test_split, profile.features)
    if passage is None:
        return None, {}
    activations = predict(run.model(), passage.features, run.config["precision"])
    picked = pick_peaks(activations, picking_of(run, profile.thresholds))
    heard: dict[str, Onsets] = {"found": [], "invented": [], "missed": []}
    for truth, times in zip(passage.local_onsets, picked, strict=True):
        pairs = match_onsets(truth, times, run.config["tolerance"])
        heard["found"].append(times[pairs[:, 1]])
        heard["invented"].append(np.delete(times, pairs[:, 1]))
        heard["missed"].append(np.delete(truth, pairs[:, 0]))
    return passage, heard


def architectures_heard(profile: Profile) -> tuple[Passage | None, dict[str, dict[str, Onsets]]]:
    """What each architecture makes of one passage of the first corpus with sound, by its name, each with its first seed."""
    found = {key: runs[0] for key, runs in study_runs(profile).items() if open_profile_corpus(profile, key[1]).info.unit == "track"}
    first = next((corpus for _, corpus in found), None)
    return _heard_by_each(profile, {name: run for (name, corpus), run in found.items() if corpus == first}, first)


def training_sets_heard(profile: Profile, test: str) -> tuple[Passage | None, dict[str, dict[str, Onsets]]]:
    """What a model of each training set makes of one passage of the corpus `test`, by the set's name, each with its first seed."""
    runs: dict[str, Run] = {}
    for run in dataset_runs(profile):
        runs.setdefault(training_set_name(run.config["train"]), run)
    return _heard_by_each(profile, runs, test)


def _heard_by_each(profile: Profile, runs: dict[str, Run], test: str | None) -> tuple[Passage | None, dict[str, dict[str, Onsets]]]:
    heard = {name: heard_by(profile, run, test=test) for name, run in runs.items()}
    passage = next((passage for passage, _ in heard.values()), None)
    return passage, {name: parts for name, (_, parts) in heard.items() if parts}


def heard_in_words(heard: dict[str, Onsets]) -> str:
    """Numbers of onsets of `heard_by`: "12 found, 1 invented, 0 missed"."""
    return ", ".join(f"{sum(map(len, times))} {what}" for what, times in heard.items())


def play_heard(heard: dict[str, Onsets], seconds: float) -> np.ndarray:
    """What a model made of a passage: its strokes, right and invented, on the synthetic kit, and a click at each that it missed.

    heard  of `heard_by`;  seconds  of the passage. Mono float32 at 44.1 kHz in [-1, 1].
    """
    strokes = [np.sort(np.concatenate(both)) for both in zip(heard["found"], heard["invented"], strict=True)]
    length = seconds + 0.5
    drums, clicks = play_onsets(strokes, length), click_track(heard["missed"], length, frequencies=[_MISSED] * len(CLASSES))
    return np.clip(drums + _CLICK_PEAK * clicks[: len(drums)], -1, 1)


def _tracks(profile: Profile, corpus_name: str) -> dict[str, Track]:
    return {track.id: track for track in open_profile_corpus(profile, corpus_name).tracks(profile.test_split)}


def _candidates(units: list[Unit], rng: np.random.Generator) -> Iterator[tuple[Unit, float]]:
    """Units in random order, each with a random start that leaves room for some seconds."""
    for index in rng.permutation(len(units)):
        unit = units[index]
        yield unit, float(rng.uniform(0, max(0.0, unit.duration - SECONDS)))


def _bars(grid: BeatGrid, start: float, end: float, n_bars: int) -> tuple[float, float]:
    """First and last second of whole bars: from the first bar line after `start` if they fit before `end`, else the one before."""
    length = 4 * grid.meter[0] / grid.meter[1]
    lines = np.interp(np.arange(0, len(grid.beat_times) - 1, length), np.arange(len(grid.beat_times)), grid.beat_times)
    fitting = [i for i in range(len(lines) - n_bars) if lines[i] >= start and lines[i + n_bars] <= end]
    first = fitting[0] if fitting else 0
    return float(lines[first]), float(lines[first + n_bars])


def write_down(
    corpus: str,
    unit_id: str,
    grid: BeatGrid,
    reference: Onsets,
    estimate: Onsets,
    bars: tuple[float, float],
    n_bars: int,
    tolerance: float,
) -> Example:
    """The example of reference and estimated onsets in `n_bars` bars from `bars[0]` (a beat of the grid) to `bars[1]`, seconds."""
    first, last = bars
    early = 6 / grid.bpm  # a tenth of a beat: an onset just before the bar line belongs to it
    pairs = [match_onsets(truth, found, tolerance) for truth, found in zip(reference, estimate, strict=True)]
    beats = grid.beat_times[grid.beat_times >= first - 1e-6]
    targets, extras, right = [], [], 0
    for truth, found, matched in zip(reference, estimate, pairs, strict=True):
        inside = (truth >= first - early) & (truth < last - early)
        hit = np.isin(np.arange(len(truth)), matched[:, 0])
        targets.append([(time, bool(ok)) for time, ok in zip(truth[inside], hit[inside], strict=True)])
        spare = ~np.isin(np.arange(len(found)), matched[:, 1]) & (found >= first - early) & (found < last - early)
        extras.append(found[spare])
        right += int(np.count_nonzero(hit & inside))
    # Both are quantised together, so that a beat has sixteenths or triplets in both target and transcription.
    times = [np.concatenate([[time for time, _ in target], extra]) for target, extra in zip(targets, extras, strict=True)]
    placed = grid_positions(times, beats, grid.meter)
    shown, transcribed = {}, {}
    for name, target, positions in zip(CLASSES, targets, placed, strict=True):
        for (_, ok), at in zip(target, positions, strict=False):
            hit = Hit(at, MIDI_PITCH[name])
            shown[hit] = shown.get(hit, False) or not ok  # an error takes precedence over a correct onset on the same position
            if ok:
                transcribed.setdefault(hit, False)
        transcribed |= {Hit(at, MIDI_PITCH[name]): True for at in positions[len(target) :]}
    n_missed = sum(not ok for target in targets for _, ok in target)
    patterns = [_pattern(hits, n_bars, grid.meter) for hits in (shown, transcribed)]
    (target, missed), (transcription, invented) = patterns
    n_invented = sum(map(len, extras))
    return Example(corpus, unit_id, first, grid, target, missed, transcription, invented, right, n_missed, n_invented)


def _pattern(hits: dict[Hit, bool], n_bars: int, meter: tuple[int, int]) -> tuple[Pattern, frozenset[int]]:
    """A pattern at 60 beats a minute, so that seconds equal beats, and the indices of its errors."""
    end = Pattern((), n_bars, 60.0, meter).bar_length * n_bars
    kept = sorted(hit for hit in hits if hit.beat < end)
    return Pattern(tuple(kept), n_bars, 60.0, meter), frozenset(i for i, hit in enumerate(kept) if hits[hit])
