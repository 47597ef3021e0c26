"""Real songs to validate on what was trained on rendered clips: never trained on."""

from pathlib import Path

from adtlib.corpora import EnstMdb
from adtlib.prepared import Unit
from adtlib.preparing import prepare


def real_units(root: Path) -> dict[str, list[Unit]]:
    """The songs of MDB Drums at hand, whatever their split: `drum_only` and `full_mix`, as far as they are there."""
    found = {}
    for audio in ("drum_only", "full_mix"):
        corpus = EnstMdb(root, mdb_audio=audio)
        if corpus.present:
            prepared = prepare(corpus, progress=False)
            found[audio] = [unit for split in prepared.splits for unit in prepared.units(split) if unit.id.startswith("MDB/")]
    return {name: units for name, units in found.items() if units}
