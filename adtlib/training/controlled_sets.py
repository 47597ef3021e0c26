"""Training sets that differ in one thing, what models are selected on, and tests: the data of the controlled study.

    cache/rendered/controlled/stock/NAME/    training clips of one recipe, as many as any set needs
    cache/rendered/controlled/sets/NAME/     a training set: the first clips of a stock, some with faults of annotation
    cache/rendered/controlled/selection/     validation clips
    cache/rendered/controlled/tests/NAME/    one folder for each test

Clip i of a recipe and clip i of another are the same draws but for what the recipes differ in (`synthesis.recipe`), and a set with
faults has the very sound of the set without. Kits and performances of training, selection and tests are three disjoint groups
(`synthesis.studio`). Tests are rendered performances, once in a mix and once as drums alone, the repertoire of SADTP, of which only
annotations are needed, and real songs, each as drums and as mix.
"""

import contextlib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.features import log_filter_spectrogram
from adtlib.audio.files import read_audio
from adtlib.audio.normalise import loudness_gain
from adtlib.corpora.sadtp import ANNOTATION, FOLDER as SADTP
from adtlib.corpora.shards import Checked, copy_with_onsets
from adtlib.corpora.store import INDEX, Prepared, PreparedError
from adtlib.onsets.annotation_noise import with_faults
from adtlib.onsets.frames import Onsets
from adtlib.provenance import checksum, code_state, file_checksum, hash_of
from adtlib.synthesis import clips, performances
from adtlib.synthesis.capture import capture
from adtlib.synthesis.performances import Song
from adtlib.synthesis.recipe import RECIPES, STANDARD, Recipe
from adtlib.synthesis.tones import write_banks, write_groove, write_songs
from adtlib.training.board import AUDIO, pieces
from adtlib.training.rendered_clips import (
    ClipFolder,
    Split,
    clips_of,
    render_folders,
    source_of,
    studio_of,
    write_clip_index,
)

REFERENCE = RECIPES[STANDARD]
CLIPS_PER_HOUR = round(3600 / clips.CLIP_SECONDS)
SELECTION = "selection"
PERFORMANCES_PER_SHARD = 8
SEED = 0  # of all clips
_SHORTEST = 12.0  # seconds of performances that are tested: shorter ones would be heard again and again
_KINDS = {"mix": "rendered mixes", "drums": "rendered drums"}  # of clips, and the tests' names
REAL = {("MDB", "mix"): "MDB mixes", ("MDB", "drums"): "MDB drums", ("ENST", "mix"): "ENST mixes", ("ENST", "drums"): "ENST drums"}
REPERTOIRE = "SADTP rendered"
TESTS = (*_KINDS.values(), *REAL.values(), REPERTOIRE)  # in the order of tables
RENDERED = _KINDS["mix"]  # the test that decides: most groups, and music around the drums


@dataclass(frozen=True)
class Faults:
    """Faults of annotation as in `onsets.annotation_noise`; `sixteenths` puts onsets on the clip's grid of sixteenths."""

    jitter: float = 0.0
    missing: float = 0.0
    wrong: float = 0.0
    sixteenths: bool = False


@dataclass(frozen=True)
class TrainingClips:
    """Hours of training clips of a recipe; `faults` of their annotations."""

    hours: float
    recipe: Recipe = REFERENCE
    faults: Faults = field(default_factory=Faults)

    @property
    def n_clips(self) -> int:
        """Number of clips, at least one."""
        return max(1, round(self.hours * CLIPS_PER_HOUR))

    @property
    def name(self) -> str:
        """What distinguishes it, in words: hours, then options and faults other than the reference's."""
        changes = self.recipe.differences(REFERENCE) | {k: v for k, v in asdict(self.faults).items() if v}
        return ", ".join([f"{self.hours:g} h", *(f"{key} {_in_words(value)}" for key, value in changes.items())])


def _in_words(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_in_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def folder_of(name: str) -> str:
    """A name as that of a folder."""
    slug = re.sub(r"[^A-Za-z0-9.+-]+", "_", name).strip("_")
    return slug if len(slug) <= 80 else f"{slug[:70]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Sounds:
    """Where sounds, performances and recordings come from, and where the sets go.

    banks  of kits and instruments; `notes` of performances for training and selection, `tests` of those for tests.
    data   folder of real songs and of SADTP; tests that it lacks are left out.
    """

    banks: Path
    notes: Path
    tests: Path
    data: Path
    folder: Path


def installed_sounds(data: Path, progress: bool = True) -> Sounds:
    """The sounds of Debian's packages, and the performances below `data`. SourceError says what is missing."""
    folder = paths.CACHE / "rendered" / "controlled"
    return Sounds(capture(progress), performances.gather(data), performances.gather_tests(data), data, folder)


def made_sounds() -> Sounds:
    """Tones in place of sounds, and scales in place of music: for trying out the study, made in seconds, kept in the cache."""
    folder = paths.CACHE / "rendered" / "controlled-tones"
    done = folder / f"made-{code_state(write_banks)}"
    if not done.is_file():
        write_groove(folder / "data", ("train", "train", "validation", "validation", *["test", "train"] * 6))
        write_songs(folder / "data", 40)
        write_banks(folder / "banks", ("GMRockKit", "ForzeeStereo", "Millo-Drums_v.1", "timgm-000"))
        paths.write_atomically(done, b"")
    with paths.locked("controlled-tones"):
        notes = [read(folder / "data", folder / "notes") for read in (performances.gather, performances.gather_tests)]
    return Sounds(folder / "banks", *notes, paths.real_data_root(), folder)


# ---- training -----------------------------------------------------------------------------------------------------------


def training_sets(
    sounds: Sounds, wanted: Iterable[TrainingClips], jobs: int = 1, progress: bool = True
) -> dict[TrainingClips, Prepared]:
    """Each training set as a prepared corpus; what is missing is rendered, `jobs` clips at a time."""
    wanted = list(dict.fromkeys(wanted))
    most: dict[Recipe, int] = {}
    for each in wanted:
        most[each.recipe] = max(most.get(each.recipe, 0), each.n_clips)
    stocks = [_stock(sounds, recipe, n_clips) for recipe, n_clips in most.items()]
    rendered = dict(zip(most, render_folders(stocks, jobs, progress), strict=True))
    sources = {recipe: stock.splits["train"] for recipe, stock in zip(most, stocks, strict=True)}
    return {each: _derived(sounds, each, rendered[each.recipe], sources[each.recipe]) for each in wanted}


def _stock(sounds: Sounds, recipe: Recipe, n_clips: int) -> ClipFolder:
    changes = recipe.differences(REFERENCE)
    name = ", ".join(f"{key} {_in_words(value)}" for key, value in changes.items()) or "reference"
    split = clips_of(sounds.banks, sounds.notes, "train", n_clips, SEED, recipe)
    return ClipFolder(sounds.folder / "stock" / folder_of(name), name, {"train": split})


def _derived(sounds: Sounds, wanted: TrainingClips, stock: Prepared, source: Split) -> Prepared:
    """A training set from the first clips of a stock."""
    ids = source.ids[: wanted.n_clips]
    shards = tuple(shard for shard in source.shards if shard[0] in set(ids))
    clean = wanted.faults == Faults()
    text = source.source if clean else f"{source.source} {wanted.faults} {code_state(_faulty)}"
    folder = ClipFolder(sounds.folder / "sets" / folder_of(wanted.name), wanted.name, {"train": Split((tuple(ids),), text, iter)})
    state = hash_of(text, *ids)
    done = folder.folder / "made_of.txt"
    with contextlib.suppress(OSError, PreparedError):
        if done.read_text() == state:
            return Prepared(folder.folder, "adt study")
    done.unlink(missing_ok=True)
    (folder.folder / INDEX).unlink(missing_ok=True)
    change = None if clean else partial(_faulty, sounds, wanted)
    for number in range(len(shards)):
        copy_with_onsets(stock.folder / "train", folder.folder / "train", number, change, hash_of(text))
    write_clip_index(folder, Checked(folder.folder))
    paths.write_atomically(done, state.encode())
    return Prepared(folder.folder, "adt study")


def _faulty(sounds: Sounds, wanted: TrainingClips, unit_id: str, onsets: Onsets) -> Onsets:
    """The onsets of a training clip with faults; more of a fault contains less of it."""
    index, faults = int(unit_id.rpartition("/")[2]), wanted.faults
    step, first = 0.0, 0.0
    if faults.sixteenths:
        step, first = clips.sixteenths_of(studio_of(sounds.banks, sounds.notes, "train", wanted.recipe), SEED, index)
    found = with_faults(onsets, index, faults.jitter, faults.missing, faults.wrong, step, first)
    return [times[times < clips.CLIP_SECONDS] for times in found]


# ---- selection and tests ------------------------------------------------------------------------------------------------


def selection_set(sounds: Sounds, hours: float, jobs: int = 1, progress: bool = True) -> Prepared:
    """Clips of the reference's recipe on which epochs and thresholds are selected: split "validation"."""
    n_clips = max(1, round(hours * CLIPS_PER_HOUR))
    split = clips_of(sounds.banks, sounds.notes, "validation", n_clips, SEED, REFERENCE, of="selection")
    (prepared,) = render_folders([ClipFolder(sounds.folder / SELECTION, SELECTION, {"validation": split})], jobs, progress)
    return prepared


def test_sets(sounds: Sounds, seconds: float, most: int = 0, jobs: int = 1, progress: bool = True) -> dict[str, Prepared]:
    """The tests by name, in the order of TESTS: split "test", a unit a performance or recording, each independent of the others.

    seconds  of each rendered performance.
    most     number of performances; 0: all that are long enough.
    """
    found = [song for song in performances.load(sounds.tests) if song.kind == "groove" and _seconds(song) >= _SHORTEST]
    named = {song.name: song for song in found[: most or None]}
    folders = [_performance_test(sounds, name, kind, seconds, tuple(named)) for kind, name in _KINDS.items()]
    folders += _real_tests(sounds)
    if songs := sadtp_songs(sounds.data)[: most or None]:
        folders.append(_repertoire_test(sounds, seconds, tuple(path.parent.name for path in songs)))
    return {each.name: prepared for each, prepared in zip(folders, render_folders(folders, jobs, progress), strict=True)}


def _seconds(song: Song) -> float:
    return song.n_beats * 60 / song.bpm


def _in_shards(ids: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(ids[start : start + PERFORMANCES_PER_SHARD] for start in range(0, len(ids), PERFORMANCES_PER_SHARD))


def _performance_test(sounds: Sounds, name: str, kind: str, seconds: float, songs: tuple[str, ...]) -> ClipFolder:
    shards = _in_shards(songs)
    source = source_of(sounds.banks, sounds.tests, SEED, REFERENCE, kind, seconds)
    split = Split(shards, source, partial(_performed, sounds, kind, seconds, shards))
    return ClipFolder(sounds.folder / "tests" / folder_of(name), name, {"test": split}, "performance", 1)


def _performed(sounds: Sounds, kind: str, seconds: float, shards: tuple[tuple[str, ...], ...], number: int) -> Iterable[tuple]:
    songs = {song.name: song for song in performances.load(sounds.tests)}
    order = [name for shard in shards for name in shard]
    for name in shards[number]:
        yield _rendered(sounds, name, songs[name], order.index(name), kind, seconds)


def _rendered(sounds: Sounds, name: str, song: Song, index: int, kind: str, seconds: float) -> tuple:
    studio = studio_of(sounds.banks, sounds.tests, "test", REFERENCE)
    clip = clips.render(studio, SEED, index, seconds, kind, song)
    return name, clip.features, clip.onsets, clip.kinds


def sadtp_songs(data: Path) -> list[Path]:
    """The annotations of SADTP below a data folder."""
    return sorted((data / SADTP).glob(f"*/{ANNOTATION}"))


def _repertoire_test(sounds: Sounds, seconds: float, names: tuple[str, ...]) -> ClipFolder:
    shards = _in_shards(names)
    annotations = [file_checksum(sounds.data / SADTP / name / ANNOTATION) for name in names]
    source = source_of(sounds.banks, sounds.tests, SEED, REFERENCE, "SADTP", seconds, annotations)
    split = Split(shards, source, partial(_repertoire, sounds, seconds, shards))
    return ClipFolder(sounds.folder / "tests" / folder_of(REPERTOIRE), REPERTOIRE, {"test": split}, "performance", 1)


def _repertoire(sounds: Sounds, seconds: float, shards: tuple[tuple[str, ...], ...], number: int) -> Iterable[tuple]:
    order = [name for shard in shards for name in shard]
    for name in shards[number]:
        song = performances.read_song(sounds.data / SADTP / name / ANNOTATION, name, "groove", "test")
        yield _rendered(sounds, name, song, 10_000 + order.index(name), "mix", seconds)


def _real_tests(sounds: Sounds) -> list[ClipFolder]:
    found = pieces(sounds.data)
    tests = []
    for (corpus, audio), name in REAL.items():
        mine = {piece.name: piece for piece in found if piece.name.startswith(f"{corpus}/")}
        if mine:
            files = sorted(f"{getattr(each, audio).name} {getattr(each, audio).stat().st_size}" for each in mine.values())
            onsets = [checksum(times) for piece in mine.values() for times in piece.onsets]
            source = hash_of(code_state(_recorded), *files, *onsets)
            split = Split((tuple(mine),), source, partial(_recorded, sounds.data, corpus, audio))
            tests.append(ClipFolder(sounds.folder / "tests" / folder_of(name), name, {"test": split}, "recording", 1))
    return tests


def _recorded(data: Path, corpus: str, audio: str, number: int) -> Iterable[tuple]:
    """Recordings of one kind of AUDIO, at the level at which `adt transcribe` hears them."""
    assert audio in AUDIO and number == 0
    for piece in pieces(data):
        if piece.name.startswith(f"{corpus}/"):
            waveform = read_audio(getattr(piece, audio))
            features = log_filter_spectrogram(waveform * np.float32(loudness_gain([waveform])))
            yield piece.name, features, piece.onsets
