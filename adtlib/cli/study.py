"""`adt study`: train the short runs of notebook 81."""

import argparse

from adtlib import paths
from adtlib.studies.ingredients import TABLE, VARIANTS, rows_with_thresholds, study
from adtlib.training.real_songs import real_units


def run(options: argparse.Namespace) -> int:
    """Train and score the variants that are not yet in the table."""
    data = options.data or paths.real_data_root()
    table = study(options.variants or [variant.name for variant in VARIANTS], data, real_units(data), options.jobs)
    print(rows_with_thresholds(table)[["variant", "set", "f1_micro", "f1_macro", "seconds"]].round(3).to_string(index=False))
    print(paths.relative(TABLE))
    return 0
