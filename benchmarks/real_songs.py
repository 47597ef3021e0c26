"""Score the runs of a profile on real recordings: the MDB Drums songs found in $ADT_DATA, drums alone and full mix.

    ADT_DATA=FOLDER python benchmarks/real_songs.py [PROFILE] [ARCHITECTURE ...]

For runs trained on generated corpora only (profiles miniature and showcase): they saw none of these songs, so all of them are
scored, whatever the split they belong to. Nothing is tuned here. F1 pooled over songs and classes, +-50 ms, threshold 0.5.
"""

import sys

import numpy as np
import pandas as pd

from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import open_corpus
from adtlib.evaluation.metrics import scores
from adtlib.profiles import load_profile
from adtlib.studies.configs import training_config
from adtlib.studies.tables import F1_COLUMNS
from adtlib.training.runs import find_runs, training_set_name
from adtlib.training.scoring import evaluate


def main(name="miniature", *architectures):
    profile = load_profile(name)
    if profile.data == "real":
        sys.exit(f"profile {name!r} trains on real songs: scoring it on them would mix training and test")
    rows = []
    runs = [run for run in find_runs(name) if (run.folder / "model.safetensors").is_file()]
    runs = [run for run in runs if not architectures or run.config["architecture"] in architectures]
    if not runs:
        sys.exit(
            f"no trained models of profile {name!r}: weights are not in the repository; make thesis PROFILE={name} trains them"
        )
    for audio in ("drum_only", "full_mix"):
        prepared = prepare(open_corpus("ENST+MDB", mdb_audio=audio), progress=False)
        units = [unit for split in prepared.splits for unit in prepared.units(split) if "MusicDelta" in unit.id]
        if not units:
            sys.exit("no MDB Drums songs found: set ADT_DATA to a folder that holds them")
        for run in runs:
            architecture, train = run.config["architecture"], run.config["train"]
            config = training_config(profile, architecture, train, run.config["seed"])
            found = scores(evaluate(run.model(), units, config)[0])
            rows.append(
                {"audio": audio, "architecture": architecture, "train": training_set_name(train), "seed": run.config["seed"]}
                | {column: found[column] for column in F1_COLUMNS}
                | {"songs": len(units)}
            )
    table = pd.DataFrame(rows)
    means = table.groupby(["audio", "architecture", "train"], sort=False)[F1_COLUMNS].mean()
    with pd.option_context("display.width", 200, "display.max_rows", None):
        print(f"{len(np.unique(table['seed']))} seed(s), {table['songs'].iloc[0]} real songs; means over seeds")
        print(means.round(3).to_string())


if __name__ == "__main__":
    main(*sys.argv[1:])
