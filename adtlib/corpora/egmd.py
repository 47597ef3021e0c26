"""E-GMD, the Expanded Groove MIDI Dataset: human performances of drums alone, re-recorded on 43 kits of a Roland TD-17.

    e-gmd-v1.0.0/e-gmd-v1.0.0.csv                                 one row a recording, with its split
    e-gmd-v1.0.0/drummer1/session1/1_funk_80_beat_4-4_1.{midi,wav}

The rows of the CSV are the tracks, in its order; a row whose files are not both there is missing.
"""

import csv
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from adtlib.corpora.base import SPLITS, Corpus, CorpusInfo, Track, first_folder, is_inside
from adtlib.vocabulary import ROLAND

FOLDER, TABLE = "e-gmd-v1.0.0", "e-gmd-v1.0.0.csv"
_SHOWN = 8  # lines in a sentence
_COLUMNS = ("split", "midi_filename", "audio_filename")


class Egmd(Corpus):
    """E-GMD: drums alone (DTD), played by hand, recorded from electronic kits."""

    info = CorpusInfo(
        name="E-GMD",
        slug="egmd",
        title="Expanded Groove MIDI Dataset 1.0.0",
        hours=444.5,
        n_tracks=45_537,
        unit="track",
        accompaniment=False,
        synthetic=True,
        licence="CC BY 4.0",
        citation="Callender, Hawthorne and Engel, Improving perceptual quality of drum transcription with the Expanded "
        "Groove MIDI Dataset, arXiv:2004.00188, 2020",
        url="https://magenta.tensorflow.org/datasets/e-gmd",
        remedy="`adt corpora --fetch E-GMD` gets it (96 GB, 132 GB unpacked); by hand, unpack e-gmd-v1.0.0.zip so that "
        "e-gmd-v1.0.0/e-gmd-v1.0.0.csv lies in the data folder",
        disk_gb=96.0,
        sequences={"train": 324_266, "validation": 49_424, "test": 48_571},
        n_units={"train": 35_217, "validation": 5_031, "test": 5_289},
    )

    @cached_property
    def _folder(self) -> Path:
        return first_folder(self.root, (FOLDER, "."), (TABLE,)) or self.root / FOLDER

    @cached_property
    def _rows(self) -> list[tuple[int, str, str, str]]:
        """(line of the table, split, MIDI file, audio file) of each usable row; the others are left out."""
        path = self._folder / TABLE
        rows: dict[str, tuple[int, str, str, str]] = {}
        bad: dict[str, list[int]] = {}
        try:
            for line, split, midi, audio in _read_table(path):
                if split not in SPLITS or not midi or not audio:
                    bad.setdefault("without a split or a file name", []).append(line)
                elif not (is_inside(midi) and is_inside(audio)):
                    bad.setdefault("with a file outside the corpus", []).append(line)
                elif (name := _track_id(audio)) in rows:
                    bad.setdefault("with a recording of an earlier row", []).append(line)
                else:
                    rows[name] = line, split, midi, audio
        except FileNotFoundError:
            return []
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            self._leave_out(SPLITS[0], f"{path}: damaged table ({error}), {len(rows)} rows read; {self.info.remedy}")
        for reason, lines in bad.items():
            listed = ", ".join(map(str, lines[:_SHOWN])) + (f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else "")
            self._leave_out(SPLITS[0], f"{path}: {len(lines)} rows {reason}, in lines {listed}; {self.info.remedy}")
        return list(rows.values())

    def performance_splits(self) -> dict[str, list[str]]:
        """The splits in which the table lists each performance, by its name without the kit's number; needs no recordings."""
        splits: dict[str, set[str]] = {}
        for _, split, _, audio in self._rows:
            splits.setdefault(performance(_track_id(audio)), set()).add(split)
        return {name: sorted(found, key=SPLITS.index) for name, found in splits.items()}

    @cached_property
    def _on_disk(self) -> set[str]:
        """Files of all folders that the table names, relative to the corpus.

        Listing a folder is much faster than testing each of its files.
        """
        folders = {name.rpartition("/")[0] for _, _, midi, audio in self._rows for name in (midi, audio)}
        found = set()
        for folder in folders:
            place = self._folder / folder
            if place.is_dir():
                prefix = f"{folder}/" if folder else ""
                with os.scandir(place) as entries:
                    found.update(prefix + entry.name for entry in entries)
        return found

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        tracks, missing, n_rows = [], [], 0
        for _, row_split, midi, audio in self._rows:
            if row_split != split:
                continue
            n_rows += 1
            absent = [name for name in (audio, midi) if name not in self._on_disk]
            if absent:
                missing.append(self._relative(*(self._folder / name for name in absent)))
                continue
            files = (self._folder / audio,), (self._folder / midi,)
            tracks.append(Track(self.info.name, _track_id(audio), split, *files, ROLAND))
        where = f"{self._relative(self._folder)}/drummer*/*/*.wav + .midi"
        return tracks, missing + self._unnamed(split, n_rows, where)


def _track_id(audio: str) -> str:
    """The name of a recording without its suffix."""
    return audio.rpartition(".")[0]


def performance(track_id: str) -> str:
    """The performance in a recording: its name without the kit's number at the end."""
    return track_id.rpartition("_")[0] or track_id


def _read_table(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """(line, split, MIDI file, audio file) of each row, empty if a row is cut. ValueError if a column is missing."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        heading = next(reader, [])
        absent = [name for name in _COLUMNS if name not in heading]
        if absent:
            raise ValueError(f"no column {', '.join(absent)}")
        columns = [heading.index(name) for name in _COLUMNS]
        for row in reader:
            if any(row):
                whole = len(row) >= len(heading)
                yield reader.line_num, *(row[column].strip() if whole else "" for column in columns)
