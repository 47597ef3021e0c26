"""Prepared corpora on other machines: opened in place if the storage is shared, else transferred in shards and kept.

A shard holds whole files, up to 64 MB of them, as a dictionary of names and bytes. It fits into the memory of any node, and an
interrupted transfer resumes with the files that are missing. Transferred corpora are kept in `cache/transferred/NAME-FINGERPRINT/`
of the machine that asked for them. index.json is written last, as in preparation, so a corpus that has one is complete. With
`ADT_COPY_CORPORA=1` where the study is started, corpora are transferred even from shared storage, which may be slow to read.

Nothing here needs Ray: `source` is any object with the two methods of `ShardSource`, local or remote.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adtlib import paths
from adtlib.corpora.store import Prepared, PreparedError

SHARD_BYTES = 64 * 2**20
INDEX = "index.json"


@dataclass(frozen=True)
class CorpusReference:
    """What identifies a prepared corpus on another machine."""

    name: str
    folder: Path  # on the machine that made the reference
    fingerprint: str
    copy: bool = False  # transfer it even if the folder can be read


class ShardSource(Protocol):
    """An object that can read the corpora."""

    def list_shards(self, corpus: CorpusReference) -> list[list[str]]:
        """Names of the files of each shard."""

    def read_shard(self, corpus: CorpusReference, names: list[str]) -> dict[str, bytes]:
        """The files of one shard."""


def refer_to(corpus: Prepared) -> CorpusReference:
    """The reference to a prepared corpus, for another machine."""
    return CorpusReference(corpus.corpus_name, corpus.folder, corpus.fingerprint, os.environ.get("ADT_COPY_CORPORA") == "1")


def list_shards(folder: Path, limit: int | None = None) -> list[list[str]]:
    """Files of a prepared corpus below `folder`, in shards of up to `limit` bytes (by default SHARD_BYTES; a file may be larger).

    The index is in the last.
    """
    limit = limit or SHARD_BYTES
    index, shards, size = Prepared(folder).index, [[]], 0
    for split in index["splits"].values():
        for part in split["parts"]:
            for suffix in (".npy", ".npz"):
                name = part["file"] + suffix
                size += (folder / name).stat().st_size
                if size > limit and shards[-1]:
                    shards.append([])
                    size = (folder / name).stat().st_size
                shards[-1].append(name)
    shards[-1].append(INDEX)
    return shards


def read_shard(folder: Path, names: list[str]) -> dict[str, bytes]:
    """The content of files below `folder`, by name."""
    return {name: (folder / name).read_bytes() for name in names}


def open_here(corpus: CorpusReference, source: ShardSource) -> Prepared:
    """The corpus on this machine: in the folder of its reference if that has the same data, else fetched once from `source`."""
    if not corpus.copy and (found := _open(corpus.folder, corpus.fingerprint)):
        return found
    here = paths.CACHE / "transferred" / f"{corpus.folder.name}-{corpus.fingerprint}"
    with paths.locked(here.name):  # other runs on this machine wait for the one that fetches
        if (found := _open(here, corpus.fingerprint)) and not _remove_damaged(found):
            return found
        for names in source.list_shards(corpus):
            missing = [name for name in names if name == INDEX or not (here / name).is_file()]
            for name, content in source.read_shard(corpus, missing).items():
                paths.write_atomically(here / name, content)
    if found := _open(here, corpus.fingerprint):
        return found
    raise PreparedError(f"{here} is not the {corpus.name} that was transferred (another fingerprint): delete it and start again")


def _remove_damaged(corpus: Prepared) -> bool:
    """Delete the files of damaged parts, so that they are fetched again; return whether there were any."""
    damaged = corpus.damage()
    for part in damaged:
        for suffix in (".npy", ".npz"):
            (corpus.folder / (part + suffix)).unlink(missing_ok=True)
    return bool(damaged)


def _open(folder: Path, fingerprint: str) -> Prepared | None:
    with contextlib.suppress(PreparedError):
        corpus = Prepared(folder)
        if corpus.fingerprint == fingerprint:
            return corpus
    return None
