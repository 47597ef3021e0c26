"""Models on the validation board: real pieces in the forms in which people have them, with thresholds of their own and shared ones.

    ADT_DATA=FOLDER python benchmarks/board.py [MODEL ...]

Micro F1 of each row, at +-50 ms, pooled over pieces; see `adtlib.training.board`. The pieces choose models: they are validation
data.
"""

import sys

import pandas as pd

from adtlib import paths
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.training.board import board, board_pairs, board_table, shared_thresholds
from adtlib.transcription.pretrained import load_model


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
            compared[f"{name or 'shipped'}, {how}"] = table.set_index("row")["f1_micro"]
    print()
    print(
        pd.DataFrame({key: values.rename(lambda row: row.split(":")[0]) for key, values in compared.items()}).round(3).to_string()
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
