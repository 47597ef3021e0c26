"""The studies' results as tables: scores of runs by architecture, training set and test corpus (thesis, chapters 6 and 7).

Every table is made from the counts in the runs' scores.csv, without a model. Rows are of the thesis's protocol (the profile's
tolerance and one threshold for all classes) unless another is asked for.
"""

import numpy as np
import pandas as pd

from adtlib import evaluation
from adtlib.corpora import corpus_name
from adtlib.corpora.egmd import Egmd, performance
from adtlib.params import Profile
from adtlib.runs import Run, counts_of, find_runs, training_set_name
from adtlib.significance import interval
from adtlib.studies import Cell, architecture_study, prepared_corpus
from adtlib.vocabulary import CLASSES

F1_COLUMNS = ["f1_micro", "f1_macro", *(f"f1_{name}" for name in CLASSES)]


def score_table(
    profile: Profile, runs: list[Run] | None = None, tolerance: float | None = None, thresholds: str = "one"
) -> pd.DataFrame:
    """One row for each run and test corpus: architecture, train, test, zero_shot, scores, interval, n_tracks, unit, seed.

    tolerance, thresholds  as `Run.scores_with` takes them; by default the protocol of the thesis.

    The 95 % interval of micro F1 (`ci_low`, `ci_high`) is a bootstrap over independent tracks. Only tests on the profile's test
    split count.
    """
    rows = []
    for run in find_runs(profile.name) if runs is None else runs:
        config, table = run.config, run.scores_with(tolerance, thresholds)
        table = table[table["split"] == profile.test_split]
        for test, part in table.groupby("test", sort=False):
            counts = counts_of(part)
            low, high = interval(counts[None], independent(test, part["id"]))
            found = evaluation.scores(counts)
            rows.append(
                {
                    "architecture": config["architecture"],
                    "train": training_set_name(config["train"]),
                    "test": test,
                    "zero_shot": test not in config["train"],
                    **{name: found[name] for name in F1_COLUMNS},
                    "ci_low": low,
                    "ci_high": high,
                    "n_tracks": len(part),
                    "unit": part["unit"].iloc[0],
                    "seed": config["seed"],
                }
            )
    columns = ["architecture", "train", "test", "zero_shot", *F1_COLUMNS, "ci_low", "ci_high", "n_tracks", "unit", "seed"]
    return pd.DataFrame(rows, columns=columns)


def independent(corpus: str, ids) -> list[str]:
    """What each track is a sample of: in E-GMD the performance, which several kits share, elsewhere the track itself.

    ADTOF-YT's sequences come from songs that its distribution does not name: as far as one song's sequences are alike, its
    intervals are too narrow.
    """
    return [performance(str(name)) if corpus == Egmd.info.name else str(name) for name in ids]


def training_counts(profile: Profile, runs: list[Run]) -> pd.DataFrame:
    """Onsets of each class (columns) in the training split of each corpus (index) that runs were trained on alone."""
    trained = {run.config["train"][0] for run in runs if len(run.config["train"]) == 1}
    corpora = [corpus for corpus in profile.train_corpora if corpus_name(corpus) in trained]
    counts = {corpus_name(corpus): prepared_corpus(profile, corpus).totals("train").onset_counts for corpus in corpora}
    return pd.DataFrame.from_dict(counts, orient="index", columns=list(CLASSES))


def architecture_table(profile: Profile, tolerance: float | None = None) -> pd.DataFrame:
    """The table of chapter 6: architecture, corpus, scores, interval, n_tracks, unit, seed; a row for each cell of the study.

    tolerance  in seconds; by default the profile's.

    A cell that was trained and whose test split is empty has no scores and n_tracks 0. FileNotFoundError where no run is there.
    """
    cells = architecture_study(profile)
    runs = {(run.config["architecture"], tuple(run.config["train"]), run.config["seed"]): run for run in find_runs(profile.name)}
    rows = []
    for cell in cells:
        run = runs.get((cell.architecture, cell.train_names, cell.seed))
        if run is None:
            continue
        row = score_table(profile, [run], tolerance)
        (corpus,) = cell.train_names
        row = row[row["test"] == corpus]
        if len(row):
            rows.append(row.iloc[0].to_dict() | {"corpus": corpus})
        else:
            nothing = dict.fromkeys([*F1_COLUMNS, "ci_low", "ci_high"], np.nan)
            unit = run.record["data"][corpus]["unit"]
            rows.append(
                {"architecture": cell.architecture, "corpus": corpus, **nothing} | {"n_tracks": 0, "unit": unit, "seed": cell.seed}
            )
    if not rows:
        raise FileNotFoundError(
            f"no runs of profile {profile.name!r}: make them with 'adt run --profile {profile.name} 41-45', then run this again"
        )
    return pd.DataFrame(rows)[["architecture", "corpus", *F1_COLUMNS, "ci_low", "ci_high", "n_tracks", "unit", "seed"]]


def f1_grid(table: pd.DataFrame, rows: str = "architecture", columns: str = "corpus") -> pd.DataFrame:
    """Micro F1 as the thesis prints it: `rows` by `columns`, both in order of appearance, the mean over seeds."""
    grid = table.pivot_table(index=rows, columns=columns, values="f1_micro", dropna=False)
    return grid.reindex(index=table[rows].unique(), columns=table[columns].unique())


def settings_that_differ(profile: Profile, cells: list[Cell] | None = None) -> dict[str, list]:
    """Settings of training in which the runs of a study differ: such runs do not compare. Empty where all is well.

    cells  of the study; by default those of the architecture study. What the profile sets for each run apart does not count.
    """
    cells = architecture_study(profile) if cells is None else cells
    names = {(cell.architecture, cell.train_names, cell.seed) for cell in cells}
    own = ["architecture", "train", "seed", "hyperparameters"]
    own += ["balance"] if profile.balance else []
    own += ["learning_rate", "weight_decay"] if profile.search != "none" else []
    values: dict[str, list] = {}
    for run in find_runs(profile.name):
        config = run.config
        if (config["architecture"], tuple(config["train"]), config["seed"]) in names:
            for key, value in config.items():
                if key not in own and value not in values.setdefault(key, []):
                    values[key].append(value)
    return {key: found for key, found in values.items() if len(found) > 1}
