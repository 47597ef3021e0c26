"""Recordings to transcribe and models to transcribe them with, for notebook 80.

Recordings are those of the profile's test splits, which no model of the profile was trained on; real songs, if `$ADT_DATA` has them
and the profile uses generated corpora; and the files or folders that the profile's `recordings` name. Models are the shipped ones
and the runs of the profile whose weights are present.
"""

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.files import audio_blocks
from adtlib.corpora.base import Corpus, Track
from adtlib.corpora.registry import CORPORA, open_corpus
from adtlib.markup import in_markdown
from adtlib.onsets.annotations import AnnotationError
from adtlib.onsets.frames import Onsets
from adtlib.profiles import Profile, open_corpora
from adtlib.training.runs import find_runs
from adtlib.transcription.inputs import find_recordings
from adtlib.transcription.pretrained import DEFAULT, Pretrained, load_model, shipped

ARCHITECTURE = "CRNN"  # its best run is used when no model is shipped


OWN = "your own recording"


AUDIO = {"drum_only": "drums alone", "full_mix": "full mix"}  # the versions of each song of MDB Drums


@dataclass(frozen=True, eq=False)
class Source:
    """One recording to transcribe.

    name        shown to the reader; unique in a list.
    provenance  where it comes from, and so what a score on it means: "test split of Slakh", ...
    path        the file of a user's own recording, else None;  target  its name in a folder of results.
    track       of `corpus`; both None for a user's own recording.
    """

    name: str
    provenance: str
    path: Path | None = None
    target: str = ""
    track: Track | None = None
    corpus: Corpus | None = None

    @property
    def file_name(self) -> str:
        """Its name as a file name, without suffix and without characters that file systems do not accept."""
        return re.sub(r"[^\w.+-]+", "_", self.target or self.name).strip("_.") or "recording"

    def blocks(self) -> Iterator[np.ndarray]:
        """The recording as blocks of mono float32 samples at 44.1 kHz. Raises AudioError, with a remedy."""
        if self.path is not None:
            yield from audio_blocks(self.path)
        elif len(self.track.audio) == 1:
            yield from audio_blocks(self.track.audio[0])
        else:  # drums and accompaniment are summed
            yield self.corpus.read_audio(self.track)

    def reference(self) -> Onsets | None:
        """The annotated onsets in seconds; None without a readable annotation, with a warning if there is an unreadable one."""
        if self.track is None:
            return None
        try:
            return self.corpus.read_annotation(self.track).onsets
        except AnnotationError as error:
            warnings.warn(f"{error}; {self.name} is shown without its annotation", stacklevel=2)
            return None


def find_sources(profile: Profile, trained_on: Sequence[str] = ()) -> list[Source]:
    """All recordings: those that the profile's `recordings` name, the test splits (first those of `trained_on`), real songs."""
    return [*named_sources(profile.recordings), *corpus_sources(profile, trained_on), *real_songs(profile)]


def named_sources(recordings: Sequence[str | Path]) -> list[Source]:
    """The files among `recordings`, and those below its folders, as `adt transcribe` finds them.

    Raises FileNotFoundError for a path that does not exist, AudioError for a folder without a recording.
    """
    if missing := [given for given in recordings if not os.path.exists(os.path.expanduser(given))]:
        raise FileNotFoundError(f"recordings: {missing[0]} is neither a file nor a folder; give the path of a recording")
    found = find_recordings(recordings) if recordings else []
    # The shortest of these names that is unique.
    names = [(path.name, f"{path.parent.name}/{path.name}", f"{target.as_posix()}{path.suffix}") for path, target in found]
    known = Counter(name for choices in names for name in set(choices))
    chosen = [next((name for name in choices if known[name] == 1), choices[-1]) for choices in names]
    return [
        Source(name, OWN, recording.path.resolve(), str(recording.target)) for name, recording in zip(chosen, found, strict=True)
    ]


def corpus_sources(profile: Profile, first: Sequence[str] = ()) -> list[Source]:
    """The tracks of the test split of each corpus that has audio, those of the corpora in `first` before the others."""
    corpora = {name: corpus for name, corpus in open_corpora(profile).items() if corpus.info.unit == "track"}
    kind = "generated music, " if profile.data == "miniature" else ""
    sources = []
    for name in sorted(corpora, key=lambda name: name not in first):
        corpus = corpora[name]
        split = profile.test_split if profile.test_split in corpus.splits else corpus.splits[-1]
        provenance = f"{kind}{split} split of {name}"
        sources += [Source(f"{name}: {track.id}", provenance, track=track, corpus=corpus) for track in corpus.tracks(split)]
    return sources


def real_songs(profile: Profile) -> list[Source]:
    """`mdb_songs` for a profile of generated corpora; empty for one of real corpora, which has them in its splits."""
    return [] if profile.data == "real" else mdb_songs()


def mdb_songs() -> list[Source]:
    """The MDB Drums songs at `$ADT_DATA`, whatever their split: first the full mixes, then the drums alone."""
    sources = []
    for audio, words in AUDIO.items():
        corpus = open_corpus("ENST+MDB", mdb_audio=audio)
        for track in corpus.tracks():
            if track.id.startswith("MDB/"):
                name = f"{track.id.removeprefix('MDB/')}, {words}"
                sources.append(Source(name, f"real song, {words}", track=track, corpus=corpus))
    return sorted(sources, key=lambda source: (source.provenance != "real song, full mix", source.name))


# --- models ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AvailableModel:
    """A model that can be loaded.

    where   name, file or folder, as `pretrained.load_model` takes it.
    origin  "given", "shipped" or "run".
    train   the corpora that it was trained on, if known.
    """

    name: str
    where: str
    origin: str
    train: tuple[str, ...] = ()
    val_f1_micro: float | None = None

    def load(self) -> Pretrained:
        """The model, read from disk once. Raises ModelError or RunError."""
        return _loaded(self.where)


@lru_cache(maxsize=4)
def _loaded(where: str) -> Pretrained:
    return load_model(where)


def available_models(profile: Profile) -> list[AvailableModel]:
    """The models that can be loaded, in order of preference: the profile's, the shipped ones, the best CRNN, other runs.

    The best run is the one trained on most corpora. Among equals, runs trained on full mixes come before runs trained on drums
    alone, which take other instruments for drums; then the highest validation micro F1 decides.
    """
    found = [AvailableModel(f"{Path(profile.model).stem} (given)", profile.model, "given")] if profile.model else []
    names = sorted(shipped(), key=lambda name: name != DEFAULT)
    found += [AvailableModel(name, name, "shipped") for name in names]
    runs = []
    for run in find_runs(profile.name):
        if (run.folder / "model.safetensors").is_file():
            config = run.config
            label = f"{config['architecture']}, {' + '.join(config['train'])}, seed {config['seed']}"
            runs.append(
                AvailableModel(label, str(run.folder), "run", tuple(config["train"]), float(run.result["val_f1_micro"] or 0))
            )
    runs.sort(key=_rank)
    return found + runs


def _rank(model: AvailableModel) -> tuple:
    mixes = any(name not in CORPORA or CORPORA[name].info.accompaniment for name in model.train)
    return not model.name.startswith(f"{ARCHITECTURE},"), -len(model.train), not mixes, -model.val_f1_micro, model.name


def about_model(models: Sequence[AvailableModel], profile: Profile) -> str:
    """Which model is used and why, or that there is none and what to do, as Markdown."""
    runs = in_markdown(paths.relative(paths.RESULTS / profile.name / "runs"))
    if not models:
        return (
            f"**There is no model to transcribe with.** None is shipped with this version, and {runs} holds no run with its "
            f"weights. Train one, `adt run 43 --profile {profile.name}`, or name one, `-p model FILE`, and run this notebook again."
        )
    chosen = models[0]
    name = in_markdown(chosen.name)
    if chosen.origin == "given":
        given = in_markdown(chosen.where)
        return f"The model that was given: {given}. Whether it was trained on the recordings below is not known here."
    if chosen.origin == "shipped":
        about = chosen.load().about
        chosen_on = f"Its thresholds were chosen on {about['chosen_on']}" if about.get("chosen_on") else ""
        origin = ". ".join(filter(None, (about.get("about"), chosen_on)))
        real = "It was chosen with the real songs at hand as validation data: what it scores on them is no test."
        return f"The model that is shipped: **{name}**. {in_markdown(origin)}. {real}"
    return (
        f"**No trained model is shipped with this version.** In its place speaks the best of {runs}: **{name}** "
        f"(validation micro F1 {chosen.val_f1_micro:.3f}; {profile.note}). Of real music it hears what such training can teach."
    )


def transcriptions_folder(profile: str) -> Path:
    """Where a profile's transcriptions are saved."""
    return paths.RESULTS / profile / "transcriptions"
