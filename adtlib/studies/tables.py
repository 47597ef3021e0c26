"""The studies' results as tables: scores of runs by architecture, training set and test corpus (thesis, chapters 6 and 7).

Every table is computed from the counts in the runs' scores.csv, without a model. Rows follow the profile's protocol (its tolerance,
and one threshold for all classes or one for each) unless stated otherwise. `independent` defines the groups for all intervals and
tests.
"""

import numpy as np
import pandas as pd

from adtlib.corpora.egmd import Egmd, performance
from adtlib.corpora.registry import CORPORA, corpus_name
from adtlib.evaluation import metrics
from adtlib.evaluation.significance import interval
from adtlib.profiles import Profile, prepared_corpus
from adtlib.studies.plan import Cell, architecture_study
from adtlib.training.runs import Run, RunError, counts_of, find_runs, runs_by_cell, training_set_name
from adtlib.vocabulary import CLASSES

F1_COLUMNS = ["f1_micro", "f1_macro", *(f"f1_{name}" for name in CLASSES)]
BLOCK = 15  # sequences of 4 s: a minute


def score_table(
    profile: Profile, runs: list[Run] | None = None, tolerance: float | None = None, thresholds: str | None = None
) -> pd.DataFrame:
    """One row for each run and test corpus: architecture, train, test, zero_shot, scores, interval, n_tracks, unit, seed.

    tolerance, thresholds  as `scored_rows` takes them.

    The 95 % interval of micro F1 (`ci_low`, `ci_high`) is a bootstrap over independent groups (`independent`). Only tests on
    the profile's test split count.
    """
    rows = []
    for run in find_runs(profile.name) if runs is None else runs:
        config, table = run.config, scored_rows(profile, run, tolerance, thresholds)
        for test, part in table.groupby("test", sort=False):
            counts = counts_of(part)
            low, high = interval(counts[None], independent(test, part["id"]))
            found = metrics.scores(counts)
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


def scored_rows(profile: Profile, run: Run, tolerance: float | None = None, thresholds: str | None = None) -> pd.DataFrame:
    """Rows of a run's scores on the profile's test split, as `Run.scores_with` has them.

    tolerance   in seconds; by default that of the run's configuration.
    thresholds  "one" or "class"; by default the profile's.

    Raises RunError if the profile uses thresholds by class and a run was scored without them.
    """
    table = run.scores_with(tolerance, thresholds or profile.thresholds)
    if thresholds is None and table.empty and len(run.all_scores):
        raise RunError(
            f"{run.folder / 'scores.csv'} has no scores with thresholds = {profile.thresholds!r}: "
            f"score again with 'adt run 41-60 --profile {profile.name} --force'"
        )
    return table[table["split"] == profile.test_split]


# --- independent groups -----------------------------------------------------------------------------------------------


def independent(corpus: str, ids) -> list[str]:
    """The group of each track. Members of a group depend on each other: intervals draw groups, and tests swap groups, as a whole.

    corpus  name of the test corpus.
    ids     of its tracks or sequences; those of sequences end in their number in the file, "test/000016".

    In E-GMD a group is a performance, recorded with several kits. ADTOF-YT consists of sequences of 4 s, many from one song, but
    without its name: there BLOCK neighbours in file order, a minute, are one group (block bootstrap, Künsch, "The jackknife and
    the bootstrap for general stationary observations", The Annals of Statistics 17, 1989; blocks do not overlap, so that a test
    can swap them). This assumes that neighbours in the file are neighbours in a song; similarity beyond a minute still makes
    intervals too narrow. In other corpora a group is a recording. ValueError for a sequence without a number.
    """
    kind, names = group_kind(corpus), [str(name) for name in ids]
    if kind == "performance":
        return [performance(name) for name in names]
    return [_minute(corpus, name) for name in names] if kind == "minute of sequences" else names


def _minute(corpus: str, name: str) -> str:
    split, _, number = name.rpartition("/")
    if not number.isdecimal():
        raise ValueError(f"{corpus}: {name!r} is not the id of a sequence: expected its number in the file, as in 'test/000016'")
    return f"{split}/minute {int(number) // BLOCK}"


def group_kind(corpus: str) -> str:
    """Kind of the groups of `independent`, in words: recording, performance or minute of sequences."""
    if corpus == Egmd.info.name:
        return "performance"
    sequences = corpus in CORPORA and CORPORA[corpus].info.unit == "sequence"
    return "minute of sequences" if sequences else "recording"


def groups_in_words(corpus: str, n_groups: int) -> str:
    """A number of groups of a corpus, for a sentence: "2 independent minutes of sequences"."""
    first, *rest = group_kind(corpus).split()
    return " ".join([f"{n_groups} independent", first if n_groups == 1 else f"{first}s", *rest])


def too_few(corpus: str, n_groups: int) -> str:
    """Phrase saying that there are too few groups, "4 independent recordings are too few"; the caller completes it."""
    return f"{groups_in_words(corpus, n_groups)} {'is' if n_groups == 1 else 'are'} too few"


# --- tables ------------------------------------------------------------------------------------------------------------


def training_counts(profile: Profile, runs: list[Run]) -> pd.DataFrame:
    """Onsets of each class (columns) in the training split of each corpus (index) that is the only training corpus of a run."""
    trained = {run.config["train"][0] for run in runs if len(run.config["train"]) == 1}
    corpora = [corpus for corpus in profile.train_corpora if corpus_name(corpus) in trained]
    counts = {corpus_name(corpus): prepared_corpus(profile, corpus).totals("train").onset_counts for corpus in corpora}
    return pd.DataFrame.from_dict(counts, orient="index", columns=list(CLASSES))


def architecture_table(profile: Profile, tolerance: float | None = None) -> pd.DataFrame:
    """The table of chapter 6: architecture, corpus, scores, interval, n_tracks, unit, seed; a row for each cell of the study.

    tolerance  in seconds; by default each run's own.

    A trained cell whose test split is empty has no scores and n_tracks 0. FileNotFoundError if there is no run.
    """
    cells = architecture_study(profile)
    runs = runs_by_cell(profile.name)
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
            f"no runs of profile {profile.name!r}: make them with 'adt run --profile {profile.name} 41-49', then run this again"
        )
    return pd.DataFrame(rows)[["architecture", "corpus", *F1_COLUMNS, "ci_low", "ci_high", "n_tracks", "unit", "seed"]]


def f1_grid(table: pd.DataFrame, rows: str = "architecture", columns: str = "corpus") -> pd.DataFrame:
    """Micro F1 as the thesis prints it: `rows` by `columns`, both in order of appearance, the mean over seeds."""
    grid = table.pivot_table(index=rows, columns=columns, values="f1_micro", dropna=False)
    return grid.reindex(index=table[rows].unique(), columns=table[columns].unique())


def settings_that_differ(profile: Profile, cells: list[Cell] | None = None) -> dict[str, list]:
    """Training settings in which the runs of a study differ, so that they are not comparable. Empty if there are none.

    cells  of the study; by default those of the architecture study. Settings that the profile varies by run do not count.
    """
    cells = architecture_study(profile) if cells is None else cells
    names = {(cell.architecture, cell.train_names, cell.seed) for cell in cells}
    own = ["architecture", "train", "seed", "hyperparameters"]
    own += ["balance"] if profile.balance else []
    own += ["learning_rate", "weight_decay"] if profile.search != "none" else []
    values: dict[str, list] = {}
    for name, run in runs_by_cell(profile.name).items():
        if name in names:
            for key, value in run.config.items():
                if key not in own and value not in values.setdefault(key, []):
                    values[key].append(value)
    return {key: found for key, found in values.items() if len(found) > 1}


def training_summary(runs: list[Run]) -> pd.DataFrame:
    """How each run was trained, as it is printed: corpus, seed, epochs, best epoch, seconds, validation micro F1."""
    return pd.DataFrame(
        {
            "corpus": run.config["train"][0],
            "seed": run.config["seed"],
            "epochs": run.result["epochs"],
            "best epoch": run.result["best_epoch"],
            "seconds of training": run.result["seconds"],
            "validation micro F1": round(run.result["val_f1_micro"], 3),
        }
        for run in runs
    )
