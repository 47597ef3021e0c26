"""Models on the validation board: real pieces in the forms in which people have them, with thresholds of their own and shared ones.

    ADT_DATA=FOLDER python benchmarks/board.py [MODEL ...]

Micro F1 of each row, at +-50 ms, pooled over pieces; see `adtlib.training.board`. The pieces choose models: they are validation
data. Then the plain rows by source, with intervals over pieces, beside the ADTOF Frame-RNN where its counts are at hand:
peer_enst2.csv has those of the seven pieces of ENST drummer 2 (its published weights in a port to PyTorch).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from adtlib import paths
from adtlib.evaluation.metrics import f1_micro
from adtlib.evaluation.significance import difference_interval, interval
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.training.board import AUDIO, board, board_pairs, board_table, shared_thresholds
from adtlib.training.scoring import counts_at
from adtlib.transcription.pretrained import load_model
from adtlib.vocabulary import CLASSES

PEER = Path(__file__).with_name("peer_enst2.csv")


def peer_counts(audio: str, pieces: list[str]) -> np.ndarray | None:
    """Counts `(N, 5, 3)` of the published system on pieces of the board, None if they are not all at hand."""
    stored = pd.read_csv(PEER)
    stored = stored[stored["kind"] == audio].set_index(["piece", "class"])[["tp", "fp", "fn"]]
    names = [piece.partition("/")[2] for piece in pieces]
    if not set(names) <= set(stored.index.get_level_values("piece")):
        return None
    return np.array([[stored.loc[(name, drum)] for drum in CLASSES] for name in names])


def by_source(rows, pairs, picking) -> pd.DataFrame:
    """Micro F1 of the plain rows by the source of the pieces, with 95 % intervals over pieces, beside the published system."""
    found = []
    for audio in AUDIO:
        row = f"{audio}, plain"
        counts, ids = counts_at(pairs[row], picking), [unit.id for unit in rows[row]]
        for source in dict.fromkeys(["", *(each.partition("/")[0] for each in ids)]):
            mine = [number for number, each in enumerate(ids) if each.startswith(source)]
            low, high = interval(counts[mine][None])
            line = {"row": row, "source": source or "all", "pieces": len(mine)}
            line |= {"f1_micro": f1_micro(counts[mine].sum(axis=0)), "low": low, "high": high}
            peer = peer_counts(audio, [ids[number] for number in mine])
            if peer is not None:
                line["Frame-RNN"] = f1_micro(peer.sum(axis=0))
                line["Frame-RNN low"], line["Frame-RNN high"] = interval(peer[None])
                line["minus low"], line["minus high"] = difference_interval(counts[mine][None], peer[None])
            found.append(line)
    return pd.DataFrame(found)


def main(*models):
    rows = board(paths.real_data_root())
    if not rows:
        sys.exit("no pieces found: set ADT_DATA to a folder that holds MDB Drums or validation/ENST2")
    compared = {}
    for name in models or (None,):
        model = load_model(name)
        heard = board_pairs(model.network, rows)
        pairs = {row: [(model.looked_again(found), onsets) for found, onsets in recordings] for row, recordings in heard.items()}
        shared = shared_thresholds(pairs, model.peak_picking)
        for how, picking in (("own", model.peak_picking), ("board's", shared)):
            table = board_table(pairs, picking)
            print(f"\n{name or 'shipped'}, {how} thresholds: {thresholds_by_class(picking)}")
            with pd.option_context("display.width", 200):
                print(table.round(3).to_string(index=False))
                print(by_source(rows, pairs, picking).round(3).to_string(index=False, na_rep=""))
            compared[f"{name or 'shipped'}, {how}"] = table.set_index("row")["f1_micro"]
    print()
    print(
        pd.DataFrame({key: values.rename(lambda row: row.split(":")[0]) for key, values in compared.items()}).round(3).to_string()
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
