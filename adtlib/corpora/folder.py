"""A folder of a user's own recordings, each with an annotation of the same name beside it, as a corpus.

    <folder>/[train|validation|test/]<name>.{wav,flac,ogg,mp3} and <name>.{mid,midi,txt,csv,tsv}

Subfolders `train`, `validation` and `test` give the splits; without them every track is for testing. Deeper subfolders
are searched too. In MIDI files the drums are the notes of channel 10, and pitches those of General MIDI; in text files
the labels may be those of any corpus here, class names or pitches.
"""

import os
import re
from pathlib import Path

from adtlib.corpora.base import SPLITS, Corpus, CorpusError, CorpusInfo, Track
from adtlib.markup import in_line
from adtlib.onsets.annotations import MIDI_SUFFIXES
from adtlib.vocabulary import ANY_TEXT, GENERAL_MIDI, Mapping

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
ANNOTATION_SUFFIXES = (*MIDI_SUFFIXES, ".txt", ".csv", ".tsv")
_NOT_AN_ANNOTATION = re.compile(r"(readme|licen[cs]e|changelog)", re.IGNORECASE)


class FolderCorpus(Corpus):
    """Recordings and annotations of a user; `midi_mapping=vocabulary.ROLAND` suits recordings from a Roland kit."""

    drum_channel_only = True

    def __init__(self, path: Path | str, midi_mapping: Mapping = GENERAL_MIDI):
        """Open the folder `path`. Raises CorpusError if there is none."""
        super().__init__(path)
        if not self.root.is_dir():
            raise CorpusError(f"{self.root}: no such folder; name one with recordings and annotations of the same names")
        self.midi_mapping = midi_mapping
        self.splits = tuple(split for split in SPLITS if (self.root / split).is_dir()) or ("test",)
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
        """How pitches of MIDI files are read."""
        return {"midi_mapping": self.midi_mapping.name}

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        base = self.root / split if (self.root / split).is_dir() else self.root
        tracks, missing = [], []
        for stem, files in sorted(_by_stem(base).items()):
            audio = next((files[suffix] for suffix in AUDIO_SUFFIXES if suffix in files), None)
            annotation = next((files[suffix] for suffix in ANNOTATION_SUFFIXES if suffix in files), None)
            if audio and annotation:
                mapping = self.midi_mapping if annotation.suffix.lower() in MIDI_SUFFIXES else ANY_TEXT
                track_id = self._relative(base / stem)
                tracks.append(Track(self.info.name, track_id, split, (audio,), (annotation,), mapping))
            elif audio:
                missing.append(f"{self._relative(base / stem)}.mid or .txt (annotation of {audio.name})")
            elif not _NOT_AN_ANNOTATION.match(annotation.name):
                missing.append(f"{self._relative(base / stem)}.wav (recording of {annotation.name})")
        return tracks, missing


def _by_stem(base: Path) -> dict[str, dict[str, Path]]:
    """{path without suffix, relative to `base`: {suffix in lower case: file}} of all recordings and annotations."""
    found: dict[str, dict[str, Path]] = {}
    for folder, folders, names in os.walk(base):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            suffix = path.suffix.lower()
            if not name.startswith(".") and suffix in AUDIO_SUFFIXES + ANNOTATION_SUFFIXES:
                stem = path.with_suffix("").relative_to(base).as_posix()
                found.setdefault(stem, {}).setdefault(suffix, path)
    return found
