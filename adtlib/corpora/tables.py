"""Tables of a split: which units it has, where their features are, and the onsets of all of them in one array.

    units.npy            a row a unit, in order: see ROW
    ids.json             their ids
    onset_times.npy      seconds (float64) of the onsets of all units, one unit after the other, sorted by time within each
    onset_classes.npy    their classes (uint8)
    onset_kinds.npy      their kinds of strokes (uint8), only where those of all units are known: see `vocabulary.KINDS`

They are made of the lines of the shards, and can be made again without computing anything. Opening them takes milliseconds; onsets
and features are memory maps.
"""

import io
import json
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.corpora.shards import (
    FORMAT,
    FRAME_BYTES,
    HEADER_BYTES,
    NOT_WRITTEN,
    UNITS,
    Place,
    PreparedError,
    damaged,
    kinds_in,
    map_features,
    npy_header,
    onsets_in,
    read_lines,
    shard_path,
)
from adtlib.provenance import checksum, file_checksum, hash_of
from adtlib.vocabulary import N_CLASSES

# Of a unit: the number of its shard, its first frame there, its length; its first onset in the onsets of all, and their number, in
# all and by class; sum and sum of squares of its features, and their CRC-32.
ROW = np.dtype(
    [
        ("shard", "<i4"),
        ("crc", "<u4"),
        ("start", "<i8"),
        ("frames", "<i8"),
        ("onset", "<i8"),
        ("onsets", "<i8"),
        ("counts", "<i8", N_CLASSES),
        ("sum", "<f8"),
        ("squares", "<f8"),
    ]
)
ROWS, IDS, TIMES, CLASSES, KINDS = "units.npy", "ids.json", "onset_times.npy", "onset_classes.npy", "onset_kinds.npy"


class Table:
    """The units of a split, as arrays; maps are opened when they are first used and stay open."""

    def __init__(self, folder: Path, rows: np.ndarray, ids: list[str], frames: dict[int, int], has_kinds: bool = False):
        """`rows` of ROW, ids, the frames of each shard, whether kinds are known; nothing of the split's folder is read yet."""
        self.folder, self.rows, self.ids, self._frames, self._has_kinds = folder, rows, ids, frames, has_kinds
        self._maps: dict[int, np.ndarray] = {}
        self._onsets: tuple[np.ndarray, np.ndarray] | None = None
        self._kinds: np.ndarray | None = None

    def __len__(self) -> int:
        """Number of units."""
        return len(self.rows)

    def __getstate__(self) -> dict:
        """Another process opens its own maps."""
        return vars(self) | {"_maps": {}, "_onsets": None, "_kinds": None}

    def shard(self, number: int) -> np.ndarray:
        """Features `(T, 84)` float16 of a shard, a memory map. PreparedError where its file is missing or cut."""
        if number not in self._maps:
            # A view without np.memmap's own bookkeeping, which would take longer than copying a segment.
            self._maps[number] = map_features(shard_path(self.folder, number), self._frames[number]).view(np.ndarray)
        return self._maps[number]

    def features(self, row: int) -> np.ndarray:
        """Features of a unit, `(frames, 84)` float16, a view of the map."""
        unit = self.rows[row]
        start = int(unit["start"])
        return self.shard(int(unit["shard"]))[start : start + int(unit["frames"])]

    @property
    def onsets(self) -> tuple[np.ndarray, np.ndarray]:
        """Times and classes of the onsets of all units, memory maps. PreparedError where a file is missing or cut."""
        if self._onsets is None:
            total = int(self.rows["onsets"].sum())
            self._onsets = self._map(TIMES, "<f8", total), self._map(CLASSES, "u1", total)
        return self._onsets

    def require_kinds(self) -> None:
        """PreparedError where the kinds of strokes are not known."""
        if not self._has_kinds:
            raise PreparedError(f"{self.folder} does not say of what kind its strokes are: only clips that 'adt render' makes do")

    @property
    def kinds(self) -> np.ndarray:
        """Kinds of strokes of the onsets of all units, a memory map. PreparedError where they are not known, or the file is cut."""
        self.require_kinds()
        if self._kinds is None:
            self._kinds = self._map(KINDS, "u1", int(self.rows["onsets"].sum()))
        return self._kinds

    def _map(self, name: str, dtype: str, length: int) -> np.ndarray:
        path = self.folder / name
        try:
            if path.stat().st_size != HEADER_BYTES + length * np.dtype(dtype).itemsize:
                raise PreparedError(damaged(path, f"not the size of {length:,} onsets"))
            return np.memmap(path, dtype, "r", HEADER_BYTES, length).view(np.ndarray) if length else np.zeros(0, dtype)
        except OSError as error:
            raise PreparedError(f"{path} cannot be read ({error.strerror or error}): run 'adt prepare' again") from error

    def features_checksums(self, rows: np.ndarray) -> list[tuple[int, int, str]]:
        """(start, frames, checksum) of the features of some units, as `shards.damaged_features` takes them."""
        found = [self.rows[name][rows].tolist() for name in ("start", "frames", "crc")]
        return [(start, n, f"{n * FRAME_BYTES:x}-{crc:08x}") for start, n, crc in zip(*found, strict=True)]


def open_table(folder: Path, stated: dict) -> Table:
    """The table of a split from what the index says of it. PreparedError where its files are not those written."""
    content = {}
    for name in (ROWS, IDS):
        path = folder / name
        try:
            content[name] = path.read_bytes()
        except OSError as error:
            raise PreparedError(f"{path} cannot be read ({error.strerror or error}): run 'adt prepare' again") from error
        if checksum(content[name]) != stated["tables"][name]:
            raise PreparedError(damaged(path, NOT_WRITTEN))
    rows = np.load(io.BytesIO(content[ROWS]), allow_pickle=False)
    frames = {int(number): frames for number, (frames, _) in stated["shards"].items()}
    return Table(folder, rows, json.loads(content[IDS]), frames, KINDS in stated["tables"])


def state_of(places: dict[str, Place]) -> str:
    """A hash of which units a split has, and where: tables are those of one state."""
    return hash_of(json.dumps([FORMAT, [[name, place.shard, place.seal] for name, place in places.items()]]))


def write_tables(folder: Path, places: dict[str, Place], frames: dict[int, int]) -> dict:
    """Write the tables of a split with these units, in order; return what the index says of it.

    frames  of each shard, in all.

    Raises paths.WriteError, and PreparedError where a shard was damaged meanwhile.
    """
    rows = np.zeros(len(places), ROW)
    rows["onsets"] = [place.n_onsets for place in places.values()]
    rows["onset"] = np.cumsum(rows["onsets"]) - rows["onsets"]
    total = (int(rows["onsets"].sum()),)
    kinds: list[bytes | None] = []
    with paths.replacing(folder / TIMES) as times, paths.replacing(folder / CLASSES) as classes:
        times.write(npy_header("<f8", total))
        classes.write(npy_header("|u1", total))
        for row, place, line in zip(rows, places.values(), read_lines(folder, places.values()), strict=True):
            for file, content in zip((times, classes), onsets_in(line), strict=True):
                file.write(content)
            kinds.append(kinds_in(line))
            row["shard"], row["start"], row["frames"] = place.shard, place.start, place.frames
            row["crc"] = int(place.features.rpartition("-")[2], 16)
            row["counts"], row["sum"], row["squares"] = line["counts"], line["sum"], line["squares"]
    buffer = io.BytesIO()
    np.save(buffer, rows)
    paths.write_atomically(folder / ROWS, buffer.getbuffer())
    paths.write_atomically(folder / IDS, json.dumps(list(places)).encode())
    names = [ROWS, IDS, TIMES, CLASSES]
    if kinds and None not in kinds:
        paths.write_atomically(folder / KINDS, npy_header("|u1", total) + b"".join(kinds))
        names.append(KINDS)
    numbers = sorted({place.shard for place in places.values()})
    return {
        "state": state_of(places),
        "shards": {str(number): [frames[number], file_checksum(shard_path(folder, number, UNITS))] for number in numbers},
        "tables": {name: file_checksum(folder / name) for name in names},
        "n_units": len(rows),
        "n_frames": int(rows["frames"].sum()),
        "onset_counts": rows["counts"].sum(axis=0).tolist(),
        # One after the other, as in earlier versions: the sum of pairs differs in its last bits.
        "feature_sum": sum(rows["sum"].tolist()),
        "feature_squares": sum(rows["squares"].tolist()),
    }
