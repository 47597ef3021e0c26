"""Features and onsets of a corpus on disk, as `preparation` writes them (thesis, 5.2.1): read here, never computed.

A prepared corpus is a folder below `cache/prepared/`, of a few files however many recordings it holds:

    SPLIT/shard-00000.npy, .jsonl    features and onsets of up to 4.4 hours: see `shards`
    SPLIT/units.npy and others       which units there are, and all their onsets: see `tables`
    index.json                       written last: totals, shards, checksums and problems of every split
    checked.json                     which files were read and found whole, when

Memory does not grow with the corpus: a unit is a row of a table, features and onsets stay on disk.
"""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.features import FPS, N_BANDS, Standardizer
from adtlib.corpora.base import Corpus
from adtlib.corpora.shards import (
    FEATURES,
    FORMAT,
    NOT_WRITTEN,
    UNITS,
    Checked,
    OtherFormat,
    PreparedError as PreparedError,
    damaged,
    damaged_features,
    shard_path,
)
from adtlib.corpora.tables import Table, open_table
from adtlib.onsets.frames import Onsets
from adtlib.provenance import checksum, sealed, unsealed
from adtlib.vocabulary import N_CLASSES

INDEX = "index.json"
NAMED = 3  # damaged files that a message names


@dataclass(frozen=True)
class Unit:
    """The unit of scoring: a track, or a sequence of ADTOF-YT."""

    id: str
    table: Table
    row: int

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.table.rows["frames"][self.row])

    @property
    def features(self) -> np.ndarray:
        """`(n_frames, 84)` float16, a view of the memory map. PreparedError where the file is damaged."""
        return self.table.features(self.row)

    @property
    def onsets(self) -> Onsets:
        """One sorted float64 array of seconds for each class; there are no onsets before 0 or past the end."""
        return self._by_class(self.table.onsets[0])

    @property
    def kinds(self) -> list[np.ndarray]:
        """For each class the number in `vocabulary.KINDS` of each onset, uint8. PreparedError where they were not stored."""
        return self._by_class(self.table.kinds)

    def _by_class(self, of_onsets: np.ndarray) -> list[np.ndarray]:
        """This unit's part of an array that has a value for each onset of the table, for each class."""
        unit = self.table.rows[self.row]
        mine = slice(int(unit["onset"]), int(unit["onset"] + unit["onsets"]))
        values, classes = of_onsets[mine], self.table.onsets[1][mine]
        return [values[classes == c] for c in range(N_CLASSES)]

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_frames / FPS


@dataclass(frozen=True, eq=False)
class HeldUnit:
    """A recording whose features `(T, 84)` are in memory, with the attributes of a `Unit` that scoring and comparing use."""

    features: np.ndarray
    id: str = ""
    onsets: Onsets = field(default_factory=list)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.features)

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_frames / FPS


@dataclass(frozen=True)
class Damage:
    """What is not as it was written: a file, the unit in it ("" for the file as a whole), and a sentence with the remedy."""

    file: Path
    unit: str
    why: str


@dataclass(frozen=True)
class Totals:
    """Sums over one split, for class weights and standardising."""

    n_units: int
    n_frames: int
    onset_counts: tuple[int, ...]
    feature_sum: float
    feature_squares: float

    @property
    def hours(self) -> float:
        """Duration in hours."""
        return self.n_frames / FPS / 3600


class Prepared:
    """A prepared corpus, opened from its folder; see `prepare`."""

    def __init__(self, folder: Path, made_by: str = "adt prepare"):
        """Open `folder`. PreparedError, naming the command `made_by`, if it is incomplete, damaged or of another version."""
        self.folder, self.made_by = Path(folder), made_by
        index = _read_index(self.folder / INDEX, made_by)
        self.index = index
        self.corpus_name: str = index["corpus"]
        self.unit: str = index["unit"]
        self.quantised: bool = index["quantised"]
        self.miniature: bool = index["miniature"]
        self.version: str = index["features"]
        self._tables: dict[str, Table] = {}
        self.problems: list[str] = [problem for split in index["splits"].values() for problem in split["problems"]]

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that were prepared, including empty ones."""
        return tuple(self.index["splits"])

    @property
    def fingerprint(self) -> str:
        """Changes with recordings, annotations or features; the same on every machine. It is part of the identity of a run.

        Features count by their sum, to four digits, as the last bits depend on the processor.
        """
        return self.index["fingerprint"]

    def table(self, split: str) -> Table:
        """The units of a split as arrays. ValueError for a split never prepared, PreparedError where its tables are damaged."""
        if split not in self.index["splits"]:
            raise ValueError(f"{self.corpus_name} has no prepared split {split!r}, only {', '.join(self.splits)}")
        if split not in self._tables:
            try:
                self._tables[split] = open_table(self.folder / split, self.index["splits"][split])
            except PreparedError as error:
                raise PreparedError(str(error).replace("adt prepare", self.made_by)) from error
        return self._tables[split]

    def files(self, *splits: str) -> list[Path]:
        """The files of some splits, by default of all, without the index."""
        found = []
        for split in splits or self.splits:
            folder, stated = self.folder / split, self.index["splits"].get(split, {"shards": {}, "tables": {}})
            found += [shard_path(folder, int(number), suffix) for number in stated["shards"] for suffix in (FEATURES, UNITS)]
            found += [folder / name for name in stated["tables"]]
        return found

    def damage(self, *splits: str, anew: bool = False) -> list[Damage]:
        """What of some splits, by default of all, is not as it was written.

        Everything is read, but for what was read within a day and has not been touched since; `anew` reads that as well.
        """
        checked = Checked(self.folder)
        looks = [look for split in splits or self.splits if split in self.splits for look in self._looks(split, checked, anew)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = [damage for each in pool.map(lambda look: look(), looks) for damage in each]
        checked.save()
        return [Damage(each.file, each.unit, each.why.replace("adt prepare", self.made_by)) for each in found]

    def _looks(self, split: str, checked: Checked, anew: bool) -> list:
        """Functions that look through one file each of a split and return its damage."""
        folder, stated = self.folder / split, self.index["splits"][split]
        plain = stated["tables"] | {shard_path(folder, int(n), UNITS).name: lines for n, (_, lines) in stated["shards"].items()}
        looks = [partial(_damage_of_file, folder / name, content, checked, anew) for name, content in plain.items()]
        try:
            table = self.table(split)
        except PreparedError:
            return looks  # which say so
        shards = table.rows["shard"]
        order = np.argsort(shards, kind="stable")
        for number, (frames, _) in stated["shards"].items():
            rows = order[slice(*np.searchsorted(shards[order], [int(number), int(number) + 1]))]
            units = table.features_checksums(rows), [table.ids[row] for row in rows.tolist()]
            looks.append(partial(damage_of_features, shard_path(folder, int(number)), frames, *units, checked, anew))
        return looks

    def check(self, *splits: str) -> None:
        """PreparedError, naming the files, where something of these splits is damaged: see `damage`."""
        if found := list(dict.fromkeys(each.why for each in self.damage(*splits))):
            more = f" (and {len(found) - NAMED:,} more)" if len(found) > NAMED else ""
            raise PreparedError("; ".join(found[:NAMED]) + more)

    def missing(self, split: str) -> int:
        """Number of tracks of the split that the complete corpus has beyond those found (0 if unknown)."""
        return self.index["splits"].get(split, {}).get("missing", 0)

    def units(self, split: str) -> list[Unit]:
        """All units of a split in a fixed order; empty if nothing was found. ValueError for a split never prepared."""
        table = self.table(split)
        return [Unit(unit_id, table, row) for row, unit_id in enumerate(table.ids)]

    def totals(self, split: str) -> Totals:
        """Sums over the split."""
        stated = self.index["splits"].get(split)
        if stated is None:
            return Totals(0, 0, (0,) * N_CLASSES, 0.0, 0.0)
        counts = tuple(stated["onset_counts"])
        return Totals(stated["n_units"], stated["n_frames"], counts, stated["feature_sum"], stated["feature_squares"])


def _damage_of_file(path: Path, content: str, checked: Checked, anew: bool) -> list[Damage]:
    if checked.holds(path, content, anew):
        return []
    return [Damage(path, "", damaged(path, NOT_WRITTEN if path.is_file() else "it is missing"))]


def content_of(frames: int, units: list[tuple[int, int, str]]) -> str:
    """By what `Checked` knows the features of a shard: its units that matter, as for `damaged_features`."""
    return checksum(json.dumps([frames, units]).encode())


def damage_of_features(
    path: Path, frames: int, units: list[tuple[int, int, str]], ids: list[str], checked: Checked, anew: bool = False
) -> list[Damage]:
    """What is damaged in a shard's features; `units` as for `damaged_features`, with their ids."""
    content = content_of(frames, units)
    if not anew and checked.is_known(path, content):
        return []
    bad, whole = damaged_features(path, frames, units)
    # Where the whole file is damaged one sentence says so, and not one a unit.
    found = [Damage(path, "", damaged(path, whole))] if whole else []
    for index in bad:
        found.append(Damage(path, ids[index], damaged(path, whole or f"features of {ids[index]} are not those written")))
    if not found:
        checked.note(path, content)
    return found


def _read_index(path: Path, made_by: str) -> dict:
    """The index as `write_index` wrote it: its seal stands for its shape."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise PreparedError(f"{path} is missing: run '{made_by}' to finish an interrupted run") from None
    form = _format_of(content)
    if form != FORMAT and form is not None:
        raise OtherFormat(f"{path} is of format {form}, this version reads {FORMAT}: run '{made_by}' again")
    try:
        return unsealed(content)
    except ValueError as error:
        raise PreparedError(f"{path} is damaged ({error}): run '{made_by}' again, which makes it anew") from error


def _format_of(content: bytes) -> object:
    try:
        return json.loads(content).get("format")
    except (ValueError, AttributeError, RecursionError):
        return None


def write_index(folder: Path, index: dict, group: int = 1) -> None:
    """Write the index of a prepared corpus, when all its files are there.

    index  with what `write_tables` returned of each split, and its problems
    group  units of one split that its fingerprint takes together: that of format 2, in which they were one file
    """
    index = {"format": FORMAT} | index | {"fingerprint": _fingerprint(folder, index, group)}
    content = sealed(index)
    if not (folder / INDEX).is_file() or (folder / INDEX).read_bytes() != content:
        paths.write_atomically(folder / INDEX, content)


def _fingerprint(folder: Path, index: dict, group: int) -> str:
    stated = {}
    for split, content in index["splits"].items():
        table = open_table(folder / split, content)
        units = list(map(list, zip(table.ids, table.rows["frames"].tolist(), strict=True)))
        edges = range(0, len(units), group)
        counts = np.add.reduceat(table.rows["counts"], edges, axis=0).tolist() if units else []
        groups = [[units[edge : edge + group], count] for edge, count in zip(edges, counts, strict=True)]
        stated[split] = [groups, f"{content['feature_sum']:.3e}"]
    return hashlib.sha256(json.dumps([index["features"], stated], sort_keys=True).encode()).hexdigest()[:16]


def prepared_folder(corpus: Corpus, version: str = "madmom") -> Path:
    """Folder of a prepared corpus; the same corpus at another root, or with other options, has another folder."""
    where = hashlib.sha256(f"{corpus.root.resolve()}|{corpus.options}".encode(errors="surrogateescape")).hexdigest()[:8]
    return paths.CACHE / "prepared" / f"{corpus.info.slug}-{version}-{where}"


def standardizer(prepared: list[Prepared], split: str = "train") -> Standardizer:
    """Mean and standard deviation over one split of one or several corpora together."""
    gathered = Standardizer()
    for corpus in prepared:
        totals = corpus.totals(split)
        gathered.add(totals.n_frames * N_BANDS, totals.feature_sum, totals.feature_squares)
    return gathered
