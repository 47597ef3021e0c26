"""The dataset study's results as tables: ten training sets, five tests (thesis, chapter 7).

Zero-shot: the test corpus is not in the training set. The transfer gap of a test corpus is the loss of a model that was not trained
on it: micro F1 of the model trained on that corpus alone, minus that of a model trained on others. Both are scored on the same
tracks, so the gap does not depend on how difficult the corpus is.

With several seeds, scores are means. Intervals are those of `significance`, over independent groups (`tables.independent`): they
describe the effect of other music of the same corpus, not of other seeds. With fewer than FEWEST_GROUPS groups they are not
interpreted. They are not corrected for multiple comparisons.
"""

import numpy as np
import pandas as pd

from adtlib.corpora.registry import CORPORA, corpus_name
from adtlib.evaluation.significance import FEWEST_GROUPS, difference_interval, interval, mean_f1
from adtlib.profiles import Profile
from adtlib.studies.plan import dataset_study
from adtlib.studies.tables import F1_COLUMNS, independent, score_table, scored_rows, too_few
from adtlib.training.runs import COUNT_COLUMNS, Run, counts_of, runs_by_cell, training_set_name

DATASET_COLUMNS = ["train", "test", "zero_shot", "f1_micro", "ci_low", "ci_high", *F1_COLUMNS[1:], "n_tracks", "unit", "seed"]

Counts = dict[tuple[str, str], np.ndarray]
"""Counts `(seeds, independent groups, 5, 3)` by (training set, test corpus)."""


def dataset_runs(profile: Profile) -> list[Run]:
    """The finished runs of the dataset study in the order of its cells; FileNotFoundError where there is none."""
    found = runs_by_cell(profile.name)
    keys = [(cell.architecture, cell.train_names, cell.seed) for cell in dataset_study(profile)]
    if runs := [found[key] for key in keys if key in found]:
        return runs
    raise FileNotFoundError(
        f"no runs of the dataset study of profile {profile.name!r}: make them with 'adt run --profile {profile.name} 60'"
    )


def dataset_table(profile: Profile) -> pd.DataFrame:
    """A row for each run and test: DATASET_COLUMNS. A test whose split is empty has no scores and n_tracks 0."""
    runs = dataset_runs(profile)
    tests = list(dict.fromkeys(corpus_name(test) for cell in dataset_study(profile) for test in cell.tests))
    scored = {(row["train"], row["test"], row["seed"]): row for row in score_table(profile, runs).to_dict("records")}
    rows = []
    for run in runs:
        train, seed = training_set_name(run.config["train"]), run.config["seed"]
        for test in tests:
            unit = CORPORA[test].info.unit if test in CORPORA else "track"
            untested = {"train": train, "test": test, "zero_shot": test not in run.config["train"]}
            untested |= {"n_tracks": 0, "unit": unit, "seed": seed}
            rows.append(scored.get((train, test, seed), untested))
    return pd.DataFrame(rows, columns=DATASET_COLUMNS)


def training_table(profile: Profile) -> pd.DataFrame:
    """A row for each run: train, seed, hours of the training split, settings, epochs, validation micro F1 of the best, seconds."""
    rows = []
    for run in dataset_runs(profile):
        record, result = run.record, run.result
        hours = sum(data["hours"]["train"] for data in record["data"].values())
        rows.append(
            {
                "train": training_set_name(run.config["train"]),
                "seed": run.config["seed"],
                "hours": hours,
                "parameters": result["n_parameters"],
                "learning rate": run.config["learning_rate"],
                "epochs": result["epochs"],
                "best epoch": result["best_epoch"],
                "validation micro F1": result["val_f1_micro"],
                "seconds of training": result["seconds"],
            }
        )
    return pd.DataFrame(rows)


def study_counts(profile: Profile) -> Counts:
    """Counts of each training set and test; tracks of one independent group are summed.

    ValueError if two runs were tested on different tracks.
    """
    found: dict[tuple[str, str], list] = {}
    ids: dict[str, list[str]] = {}
    for run in dataset_runs(profile):
        for test, part in scored_rows(profile, run).groupby("test", sort=False):
            part = part.sort_values("id")
            if ids.setdefault(test, part["id"].tolist()) != part["id"].tolist():
                raise ValueError(
                    f"{run.folder} was tested on other tracks of {test} than the runs before it: "
                    f"test all on the same tracks with 'adt run --profile {profile.name} --force 60'"
                )
            pooled = part.groupby(independent(test, part["id"]))[COUNT_COLUMNS].sum()
            found.setdefault((training_set_name(run.config["train"]), test), []).append(counts_of(pooled))
    return {key: np.stack(counts) for key, counts in found.items()}


def is_zero_shot(train: str, test: str) -> bool:
    """Whether a training set, given by its label, does not contain the test corpus."""
    return test not in train.split(" + ")


def zero_shot_cells(grid: pd.DataFrame) -> pd.DataFrame:
    """Which cells of a table of training sets (rows) by test corpora are zero-shot: booleans of the same shape."""
    return pd.DataFrame([[is_zero_shot(train, test) for test in grid] for train in grid.index], grid.index, grid.columns)


def by_training_set(grid: pd.DataFrame) -> pd.DataFrame:
    """Means of each row of a table (training sets by test corpora) over own and over zero-shot tests, with their numbers."""
    zero_shot = zero_shot_cells(grid)
    own, others = grid.mask(zero_shot), grid.where(zero_shot)
    return pd.DataFrame(
        {
            "own tests": own.notna().sum(axis=1),
            "mean F1, own": own.mean(axis=1),
            "zero-shot tests": others.notna().sum(axis=1),
            "mean F1, zero-shot": others.mean(axis=1),
        }
    )


# --- differences -------------------------------------------------------------------------------------------------------


def against_own(counts: Counts) -> pd.DataFrame:
    """Each training set on each test corpus against the model trained on that corpus alone, where both were tested.

    Columns: test, train, zero_shot, own_f1, f1_micro, loss (own minus this: the transfer gap where zero-shot), low, high,
    n_independent (groups that were drawn).
    """
    rows = []
    for test in dict.fromkeys(test for _, test in counts):
        own = counts.get((test, test))
        if own is None:  # never trained on alone, or not found
            continue
        for train in (train for train, other in counts if other == test and train != test):
            own_f1, found = mean_f1(own), mean_f1(counts[train, test])
            low, high = difference_interval(own, counts[train, test])
            rows.append([test, train, is_zero_shot(train, test), own_f1, found, own_f1 - found, low, high, own.shape[1]])
    return pd.DataFrame(rows, columns=["test", "train", "zero_shot", "own_f1", "f1_micro", "loss", "low", "high", "n_independent"])


def against_highest(counts: Counts, test: str) -> pd.DataFrame:
    """Training sets on one test corpus, the highest first: train, zero_shot, f1_micro, low, high, behind, behind_low, behind_high,
    n_independent.

    `low` and `high` are of the score; `behind`, `behind_low` and `behind_high` of its distance from the highest.
    """
    scores = {train: mean_f1(count) for (train, other), count in counts.items() if other == test}
    ranked = sorted(scores, key=lambda train: -np.nan_to_num(scores[train]))
    rows = []
    for train in ranked:
        first, own = counts[ranked[0], test], counts[train, test]
        behind = scores[ranked[0]] - scores[train]
        far = behind, *difference_interval(first, own)
        rows.append([train, is_zero_shot(train, test), scores[train], *interval(own), *far, own.shape[1]])
    columns = ["train", "zero_shot", "f1_micro", "low", "high", "behind", "behind_low", "behind_high", "n_independent"]
    return pd.DataFrame(rows, columns=columns)


def findings(counts: Counts) -> list[str]:
    """The results in sentences.

    "Not told apart": the interval of the distance from the highest contains 0. Fewer than FEWEST_GROUPS groups are not interpreted.
    """
    sentences = []
    for test in dict.fromkeys(test for _, test in counts):
        ranked = against_highest(counts, test)
        if not ranked["f1_micro"][0] > 0:
            sentences.append(f"{test}: no training set finds an onset.")
            continue
        n_groups = counts[ranked["train"][0], test].shape[1]
        close = ranked["train"][1:][~(ranked["behind_low"][1:] > 0)].tolist()
        sentence = f"{test}: highest trained on {ranked['train'][0]} ({ranked['f1_micro'][0]:.3f})"
        zero_shot = ranked[ranked["zero_shot"]]
        if len(zero_shot) and not ranked["zero_shot"][0]:
            sentence += f", zero-shot on {zero_shot['train'].iloc[0]} ({zero_shot['f1_micro'].iloc[0]:.3f})"
        if n_groups < FEWEST_GROUPS:
            sentences.append(f"{sentence}; {too_few(test, n_groups)} to tell training sets apart.")
        else:
            sentences.append(f"{sentence}; not told apart from it: {', '.join(close) or 'none'}.")
    compared = against_own(counts)
    enough = compared["test"].map(lambda test: counts[test, test].shape[1] >= FEWEST_GROUPS).astype(bool)
    for zero_shot, what in ((True, "Zero-shot instead of the corpus alone"), (False, "The corpus and others instead of it alone")):
        part = compared[compared["zero_shot"] == zero_shot]
        if len(part):
            over = "one pair" if len(part) == 1 else f"{len(part)} pairs"
            gained = f"{0.0 - part['loss'].mean():+.3f}"
            sentence = f"{what}: {gained} micro F1 on average over {over}"
            if (decided := part[enough[part.index]]).empty:
                sentences.append(f"{sentence}; no test has the {FEWEST_GROUPS} independent groups that it takes to say more.")
                continue
            worse, better = int((decided["low"] > 0).sum()), int((decided["high"] < 0).sum())
            some = "" if len(decided) == len(part) else f"of the {len(decided)} with at least {FEWEST_GROUPS} independent groups "
            moved = f"{_counted(worse, 'lose')} and {_counted(better, 'gain')}"
            sentences.append(f"{sentence}; {some}{moved} more than the choice of tracks explains.")
    return sentences


def _counted(n: int, verb: str) -> str:
    """How many do something: "none loses", "1 loses", "7 lose"."""
    return f"{n or 'none'} {verb}{'s' if n < 2 else ''}"
