"""Whether prepared features are what was written, and the recordings behind them what they were made from; everything is read."""

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from adtlib import paths
from adtlib.corpora.shards import whole_lines
from adtlib.corpora.store import Prepared, PreparedError
from adtlib.provenance import file_checksum

HOLDS, BROKEN, UNKNOWN = "as written", "damaged", "unknown"
PARTS, INPUTS = "prepared files", "recordings and annotations"


@dataclass(frozen=True)
class Link:
    """One link of the chain from a result to the recordings behind it.

    kind   what it is one of, such as PARTS
    what   the file, relative to the home
    state  HOLDS, BROKEN, or UNKNOWN where nothing was noted, or where it is not on this machine
    why    in words, with the remedy, unless it holds
    """

    kind: str
    what: str
    state: str = HOLDS
    why: str = ""


def prepared_folders() -> list[tuple[Path, str]]:
    """Folders of prepared corpora below the cache, each with the command that makes it."""
    made_by = {"prepared/*": "adt prepare", "rendered/clips/*": "adt render", "transferred/*": "adt run"}
    found = {folder: command for places, command in made_by.items() for folder in sorted(paths.CACHE.glob(places))}
    return [(folder, command) for folder, command in found.items() if folder.is_dir()]


def prepared_links(folder: Path, made_by: str = "adt prepare") -> Iterator[Link]:
    """A link for each file of a prepared corpus and each damaged unit, and one for each recording and annotation."""
    try:
        prepared = Prepared(folder, made_by)
    except PreparedError as error:
        yield Link(PARTS, paths.relative(folder), BROKEN, str(error))
        return
    damage = prepared.damage(anew=True)
    for path in prepared.files():
        why = dict.fromkeys(each.why for each in damage if each.file == path)
        yield from (Link(PARTS, paths.relative(path), BROKEN, each) for each in why)
        if not why:
            yield Link(PARTS, paths.relative(path))
    inputs = _inputs(prepared)
    if prepared.files() and not inputs:
        yield Link(INPUTS, prepared.corpus_name, UNKNOWN, f"no checksums of what {prepared.unit}s come from")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda item: _input_link(*item, made_by), inputs.items())


def _inputs(prepared: Prepared) -> dict[str, str]:
    """The checksum of each file that a unit in use was computed from, as far as that can be read."""
    inputs: dict[str, str] = {}
    for split in prepared.splits:
        with contextlib.suppress(PreparedError, OSError):  # which are links of their own
            rows = prepared.table(split).rows
            used = set(zip(rows["shard"].tolist(), rows["start"].tolist(), strict=True))
            for number in sorted({shard for shard, _ in used}):
                for line in whole_lines(prepared.folder / split, number):
                    if (number, line["start"]) in used:
                        inputs |= dict(line.get("inputs", ()))
    return inputs


def _input_link(path: str, noted: str, made_by: str) -> Link:
    def link(state: str = HOLDS, why: str = "") -> Link:
        return Link(INPUTS, path, state, why)

    try:
        if file_checksum(Path(path)) == noted:
            return link()
    except FileNotFoundError:
        return link(UNKNOWN, "not here any more")
    except OSError as error:
        return link(UNKNOWN, f"cannot be read ({error.strerror or error})")
    return link(BROKEN, f"changed since it was prepared: run '{made_by}' again")
