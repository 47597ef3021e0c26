"""A folder of a user's own recordings, each with an annotation of the same name beside it, as a corpus.

    <folder>/[train|validation|test/]<name>.{wav,flac,ogg,mp3,...} and <name>.{mid,midi,txt,csv,tsv}

Subfolders named after the splits, in any case and usual spelling, give the splits; without them every track is for testing. Deeper
subfolders are searched too. In MIDI files the drums are the notes of channel 10; in text files the labels may be those of any
corpus here, class names, names in words, or pitches. What `adt transcribe` wrote is neither a recording nor an annotation.
`left_out` names what cannot be used: a recording without an annotation or with two, and recordings outside the splits.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from adtlib.audio.files import AUDIO_SUFFIXES, FFMPEG_SUFFIXES
from adtlib.corpora.base import SPLITS, Corpus, CorpusError, CorpusInfo, Track, visible
from adtlib.markup import in_line
from adtlib.onsets.annotations import (
    MIDI_SUFFIXES,
    Annotation,
    AnnotationError,
    describe_ignored,
    read_annotation,
    read_users_annotation,
)
from adtlib.onsets.own import is_own
from adtlib.vocabulary import ANY_TEXT, ROLAND, Mapping

RECORDING_SUFFIXES = (*AUDIO_SUFFIXES, *FFMPEG_SUFFIXES)
ANNOTATION_SUFFIXES = (*MIDI_SUFFIXES, ".txt", ".csv", ".tsv")
_SPLIT_NAMES = {
    "train": ("train", "training", "trainset"),
    "validation": ("validation", "valid", "val", "validate", "dev", "development"),
    "test": ("test", "testing", "testset", "eval", "evaluation"),
}
_SPLIT_OF = {name: split for split, names in _SPLIT_NAMES.items() for name in names}
NOT_AN_ANNOTATION = re.compile(r"(readme|licen[cs]e|changelog|requirements)", re.IGNORECASE)
_READER = 2  # 1 read fewer forms of text, and of those that it did not know nothing
_SHOWN = 5  # names in a sentence


class FolderCorpus(Corpus):
    """Recordings and annotations of a user; `midi_mapping` says what the pitches of MIDI files mean."""

    drum_channel_only = True

    def __init__(self, path: Path | str, midi_mapping: Mapping = ROLAND):
        """Open the folder `path`. Raises CorpusError if there is none."""
        super().__init__(path)
        if not self.root.is_dir():
            raise CorpusError(f"{self.root}: no such folder; name one with recordings and annotations of the same names")
        self.midi_mapping = midi_mapping
        self._unread: list[str] = []  # sentences on folders
        self._alone: list[Path] = []  # annotations, or other texts, without a recording
        folders = [(_SPLIT_OF.get(path.name.casefold()), path) for path in visible(self.root) if path.is_dir()]
        self._folders = {split: [path for of, path in folders if of == split] for split in SPLITS}
        self.splits = tuple(split for split in SPLITS if self._folders[split]) or ("test",)
        name = in_line(self.root.resolve().name) or "folder"
        slug = re.sub(r"\W+", "_", name.lower()).strip("_") or "folder"
        self.info = CorpusInfo(
            name=name,
            slug=f"folder_{slug}",
            title=f"recordings in {name}",
            hours=None,
            n_tracks=None,
            unit="track",
            accompaniment=True,
            synthetic=False,
            licence="the user's own",
            citation="",
            url="",
            remedy=f"put an annotation ({', '.join(ANNOTATION_SUFFIXES)}) of the same name beside each recording",
            disk_gb=None,
        )

    @property
    def options(self) -> dict[str, str]:
        """How pitches of MIDI files, and annotations at all, are read: what was prepared otherwise is prepared again."""
        return {"midi_mapping": self.midi_mapping.name, "annotations": str(_READER)}

    def read_annotation(self, track: Track) -> Annotation:
        """As `Corpus.read_annotation`; AnnotationError also where no note is of the five classes, a remark where many are not."""
        return read_users_annotation(track.annotation, track.mapping, drum_channel_only=True)

    def remarks(self) -> list[str]:
        """Sentences on what `adt transcribe` wrote, annotations without recordings, and percussion outside the five classes."""
        sentences = []
        if own := [self._relative(path) for path in self._files if path in self._own and _suffix(path) in ANNOTATION_SUFFIXES]:
            why = "not taken as annotations, as adt transcribe wrote them"
            sentences.append(f"{_listed(own)}: {why}; of a table that you corrected, delete the column confidence")
        ignored: Counter = Counter()
        for track in self.tracks():
            try:
                annotation = self.read_annotation(track)
            except AnnotationError:
                continue  # preparing it says why
            if not annotation.many_ignored:  # else a remark names the file
                ignored += annotation.ignored
        if alone := [self._relative(path) for path in self._alone if _is_annotation(path)]:
            sentences.append(f"{_listed(alone)}: without a recording of the same name")
        if ignored:
            sentences.append(describe_ignored(ignored))
        return sentences

    @cached_property
    def _files(self) -> list[Path]:
        """All recordings and annotations."""
        return find_files(self.root, RECORDING_SUFFIXES + ANNOTATION_SUFFIXES, self._unread)

    @cached_property
    def _own(self) -> set[Path]:
        """Those that `adt transcribe` wrote."""
        return {path for path in self._files if is_own(path)}

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        bases = self._folders[split] or [self.root]
        files = [path for path in self._files if path not in self._own and any(path.is_relative_to(base) for base in bases)]
        tracks, missing = [], []
        for stem, of_stem in by_stem(self.root, files).items():
            found = self._track(stem, of_stem, split)
            if isinstance(found, Track):
                tracks.append(found)
            elif found:
                missing.append(found)
        if split == self.splits[0]:
            self._leave_out_others(split)
        return tracks, missing

    def _track(self, stem: str, files: list[Path], split: str) -> Track | str:
        """The track of files of one name; else an entry for `missing`, "" where they are none; the reason is left out."""
        recordings = [path for path in files if _suffix(path) in RECORDING_SUFFIXES]
        annotations = [path for path in files if _suffix(path) in ANNOTATION_SUFFIXES]
        for what, several in (("recordings", recordings), ("annotations", annotations)):
            if len(several) > 1:
                named = " and ".join(self._relative(path) for path in several)
                self._leave_out(split, f"{stem}: {len(several)} {what}, {named}; leave one of them in the folder")
                return f"{named} (one of these {what})"
        if not recordings and NOT_AN_ANNOTATION.match(annotations[0].name):
            return ""
        if not annotations:
            kinds = ", ".join(ANNOTATION_SUFFIXES)
            self._leave_out(split, f"{self._relative(*recordings)}: without an annotation ({kinds}) of this name; put it there")
            return f"{stem}.mid or .txt (annotation of {recordings[0].name})"
        if not recordings:
            self._alone.append(annotations[0])
            return f"{stem}.wav (recording of {annotations[0].name})"
        mapping = self.midi_mapping if _suffix(annotations[0]) in MIDI_SUFFIXES else ANY_TEXT
        return Track(self.info.name, stem, split, (recordings[0],), (annotations[0],), mapping)

    def _leave_out_others(self, split: str) -> None:
        """Name what lies outside the folders of splits, folders of splits that lie too deep, and those that cannot be read."""
        for sentence in self._unread:
            self._leave_out(split, sentence)
        folders = [folder for of in SPLITS for folder in self._folders[of]]
        if folders:
            recordings = [path for path in self._files if _suffix(path) in RECORDING_SUFFIXES and path not in self._own]
            outside = [path for path in recordings if not any(path.is_relative_to(folder) for folder in folders)]
            if outside:
                listed = _listed([self._relative(path) for path in outside])
                named = ", ".join(folder.name for folder in folders)
                self._leave_out(split, f"{listed}: outside the folders of splits ({named}); move them into one of these")
            return
        deep = {parent for path in self._files for parent in path.relative_to(self.root).parents if parent.name}
        for folder in sorted(folder for folder in deep if _SPLIT_OF.get(folder.name.casefold(), "test") != "test"):
            where = self.root / folder.parent
            self._leave_out(split, f"the split {folder.as_posix()}: its tracks count as test, as it lies too deep; prepare {where}")


def find_files(folder: Path, suffixes: Iterable[str], unread: list[str]) -> list[Path]:
    """Files with these suffixes, in any case, in a folder and its subfolders, by name; hidden ones are left out.

    A sentence on each subfolder that cannot be read is added to `unread`.
    """

    def note(error: OSError) -> None:
        unread.append(f"{error.filename}: this folder cannot be read ({error.strerror}); change its permissions, or move it away")

    found, suffixes = [], tuple(suffixes)
    for where, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(where, name) for name in names if not name.startswith(".") and Path(name).suffix.lower() in suffixes]
    return sorted(found)


def by_stem(folder: Path, files: Iterable[Path]) -> dict[str, list[Path]]:
    """Files by their path relative to the folder, without suffix, in Unicode's composed form; sorted."""
    found: dict[str, list[Path]] = {}
    for path in files:
        stem = path.with_suffix("").relative_to(folder).as_posix()
        found.setdefault(unicodedata.normalize("NFC", stem), []).append(path)
    return dict(sorted(found.items()))


def _suffix(path: Path) -> str:
    return path.suffix.lower()


def _is_annotation(path: Path) -> bool:
    """Whether a file that has no recording is an annotation, and no other text."""
    try:
        return bool(read_annotation(path, ROLAND if _suffix(path) in MIDI_SUFFIXES else ANY_TEXT))
    except AnnotationError:
        return False


def _listed(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
