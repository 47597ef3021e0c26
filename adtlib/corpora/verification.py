"""Whether prepared features are what was written, and the recordings behind them what they were made from; everything is read."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from adtlib import paths
from adtlib.corpora.store import Prepared, PreparedError
from adtlib.provenance import file_checksum

HOLDS, BROKEN, UNKNOWN = "as written", "damaged", "unknown"
PARTS, INPUTS = "prepared parts", "recordings and annotations"


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
    """A link for each part of a prepared corpus, and one for each recording and annotation."""
    try:
        prepared = Prepared(folder, made_by)
    except PreparedError as error:
        yield Link(PARTS, paths.relative(folder), BROKEN, str(error))
        return
    damage = prepared.damage(anew=True)
    parts = [part for split in prepared.splits for part in prepared.index["splits"][split]["parts"]]
    for part in parts:
        why = damage.get(part["file"], "")
        yield Link(PARTS, paths.relative(folder / part["file"]), BROKEN if why else HOLDS, why)
    inputs = {path: noted for part in parts for path, noted in part.get("inputs", ())}
    if parts and not inputs:
        yield Link(INPUTS, prepared.corpus_name, UNKNOWN, f"no checksums of what {prepared.unit}s come from")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda item: _input_link(*item, made_by), inputs.items())


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
