"""The shards of one split while it is prepared: what is stored and whole, what is added, and what can go.

A unit counts with the shard of the highest number that has it. A recording that changed, or whose features were damaged, is
computed again alone, into a new shard; what it had before stays where it is, unused. When this has left `MANY` shards less than
half full, what they hold is copied into full ones. A shard of which nothing is used is removed once the index no longer names it.
"""

import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import numpy as np

from adtlib.corpora.shards import (
    FEATURES,
    FULL,
    UNITS,
    Checked,
    OtherFormat,
    Place,
    PreparedError,
    Shards,
    damaged,
    map_features,
    read_lines,
    read_places,
    shard_numbers,
    shard_path,
)
from adtlib.corpora.store import content_of, damage_of_features
from adtlib.corpora.tables import state_of, write_tables
from adtlib.provenance import checksum

MANY = 8


class ShardSet:
    """The shards of a split; `places` has the units that are stored, by id."""

    def __init__(self, folder: Path, checked: Checked):
        """Read the lines of all shards; warns of those that are damaged."""
        self.folder, self.checked = folder, checked
        self.places: dict[str, Place] = {}
        self._frames: dict[int, int] = {}
        self._written: set[int] = set()
        self.broken: set[int] = set()  # shards with a damaged file
        for number in shard_numbers(folder):
            try:
                places, self._frames[number], problems = read_places(folder, number)
            except OtherFormat:
                continue
            for problem in problems:
                self.broken.add(number)
                _warn(problem)
            self.places |= places
        # Features without lines, of a writer that was killed, are written over: the files are those of one that was not.
        self._new = Shards(folder, max(shard_numbers(folder), default=-1) + 1)

    def keep(self, wanted: dict[str, str]) -> dict[str, Place]:
        """Of units by id, each with its source, those that are stored, computed from that source, and whole; warns of damage."""
        kept = {name: self.places[name] for name, source in wanted.items() if _has(self.places.get(name), source)}
        by_shard: dict[int, list[str]] = {}
        for name, place in kept.items():
            by_shard.setdefault(place.shard, []).append(name)

        def look(number: int) -> list:
            ids = by_shard[number]
            units = _units(kept[name] for name in ids)
            return damage_of_features(shard_path(self.folder, number), self._frames[number], units, ids, self.checked)

        with ThreadPoolExecutor(cpu_count()) as pool:
            found = [damage for each in pool.map(look, by_shard) for damage in each]
        for why in dict.fromkeys(damage.why for damage in found):
            _warn(why)
        for damage in found:
            if damage.unit:
                del kept[damage.unit], self.places[damage.unit]
            else:
                self.broken.add(int(damage.file.stem.rpartition("-")[2]))
        return kept

    def add(self, unit_id: str, features: np.ndarray, content: dict, about: dict) -> None:
        """Store a unit that was computed: see `shards.Shard.add`."""
        self.places[unit_id] = self._new.add(unit_id, features, content, about)

    def close(self) -> None:
        """Finish the new shards, also where the work was interrupted: what was computed is not lost."""
        self._new.close()
        for number in self._new.numbers[1:]:
            if shard_path(self.folder, number, UNITS).is_file():
                self._frames[number] = max(p.start + p.frames for p in self.places.values() if p.shard == number)
                self._written.add(number)

    def copy_together(self, names: list[str]) -> None:
        """Copy the units of shards that are damaged, or of which little is in use where there are many, into new shards."""
        used = dict.fromkeys(self._frames, 0)
        for place in self.places.values():
            used[place.shard] += place.frames
        small = {number for number, frames in used.items() if 0 < frames < FULL / 2}
        moved = self.broken & used.keys() | (small if len(small) >= MANY else set())
        order = dict.fromkeys([*names, *self.places])  # also those that are not wanted now: their recordings may come back
        chosen = {name: self.places[name] for name in order if self.places[name].shard in moved}
        if not chosen:
            return
        self._new = Shards(self.folder, max(self._frames) + 1)
        lines = read_lines(self.folder, chosen.values())
        try:
            for (name, place), line in zip(chosen.items(), lines, strict=True):
                features = _whole_features(self.folder, place)
                if features is None:
                    if name in names:
                        path = shard_path(self.folder, place.shard)
                        raise PreparedError(damaged(path, f"features of {name} are not those written"))
                    del self.places[name]
                    continue
                about = {key: line[key] for key in ("source", "inputs", "notes", "unknown") if key in line}
                content = {key: value for key, value in line.items() if key not in {"id", "start", *about}}
                self.add(name, features, content, about)
        finally:
            self.close()

    def finish(self, names: list[str], before: dict) -> dict:
        """Write the tables of the split with these units, in order, unless they are there; return what the index says of it.

        before  what it said so far
        """
        places = {name: self.places[name] for name in names}
        if before.get("state") == state_of(places):
            bad = [name for name, content in before["tables"].items() if not self.checked.holds(self.folder / name, content)]
            if not bad:
                return before
            for name in bad:
                _warn(damaged(self.folder / name, "it is not as it was written"))
        stated = write_tables(self.folder, places, self._frames)
        for name, content in stated["tables"].items():
            self.checked.note(self.folder / name, content)
        for name, (frames, lines) in stated["shards"].items():
            self.checked.note(shard_path(self.folder, int(name), UNITS), lines)
            if int(name) in self._written:
                units = _units(place for place in places.values() if place.shard == int(name))
                self.checked.note(shard_path(self.folder, int(name)), content_of(frames, units))
        return stated

    def clean(self, stated: dict) -> None:
        """Remove what an index that says this of the split no longer needs."""
        needed = {place.shard for place in self.places.values()} | {int(number) for number in stated["shards"]}
        known = {shard_path(self.folder, number, suffix).name for number in needed for suffix in (FEATURES, UNITS)}
        known |= stated["tables"].keys()
        for path in self.folder.glob("*"):
            if path.suffix in (FEATURES, UNITS, ".npz") and path.name not in known:
                path.unlink(missing_ok=True)


def _whole_features(folder: Path, place: Place) -> np.ndarray | None:
    """The features of a unit, a view of the map; None where they are not those written, or their file ends before them."""
    try:
        features = map_features(shard_path(folder, place.shard), place.start + place.frames)[place.start :]
    except PreparedError:
        return None
    return features if checksum(features) == place.features else None


def _units(places: Iterable[Place]) -> list[tuple[int, int, str]]:
    return [(place.start, place.frames, place.features) for place in places]


def _has(place: Place | None, source: str) -> bool:
    return place is not None and place.source == source


def _warn(problem: str) -> None:
    warnings.warn(f"{problem.partition(': run ')[0]}: made anew", stacklevel=4)
