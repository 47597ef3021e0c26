"""The corpora, each read in the layout in which it is distributed.

`CORPORA` holds them by the names they have in the results, in the order of tables; `TRAINABLE` names those with a train split.
`open_corpus` opens one of them, or a folder of a user's own recordings.
"""

from pathlib import Path

from adtlib import paths
from adtlib.corpora.adtof_yt import AdtofYt
from adtlib.corpora.base import Corpus, CorpusError, CorpusInfo, Track
from adtlib.corpora.egmd import Egmd
from adtlib.corpora.enst_mdb import EnstMdb
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.sadtp import Sadtp
from adtlib.corpora.slakh import Slakh

__all__ = [
    "CORPORA",
    "TRAINABLE",
    "AdtofYt",
    "Corpus",
    "CorpusError",
    "CorpusInfo",
    "Egmd",
    "EnstMdb",
    "FolderCorpus",
    "Sadtp",
    "Slakh",
    "Track",
    "corpus_name",
    "open_corpus",
]

CORPORA: dict[str, type[Corpus]] = {corpus.info.name: corpus for corpus in (EnstMdb, Egmd, Slakh, AdtofYt, Sadtp)}
TRAINABLE = tuple(name for name, corpus in CORPORA.items() if "train" in corpus.splits)


def corpus_name(name_or_folder: str | Path) -> str:
    """What a corpus is called in results: its name, or the name of a user's folder."""
    return str(name_or_folder) if name_or_folder in CORPORA else Path(name_or_folder).resolve().name


def open_corpus(name_or_folder: str | Path, root: Path | str | None = None, **options) -> Corpus:
    """Open a corpus by its name in CORPORA below `root` (by default that of real data), or a folder of recordings.

    `options` go to the class, as `mdb_audio` to EnstMdb. Raises CorpusError for what is neither a name nor a folder.
    """
    if name_or_folder in CORPORA:
        return CORPORA[name_or_folder](paths.real_data_root() if root is None else root, **options)
    if Path(name_or_folder).is_dir():
        return FolderCorpus(name_or_folder, **options)
    raise CorpusError(f"{name_or_folder}: neither a corpus ({', '.join(CORPORA)}) nor a folder of recordings")
