"""This run's numbers compared with those of the draft and of the finished thesis (`published/`, with its sources).

A number is one measure of one test: architecture, training corpora, test corpus, and `f1_micro`, `f1_macro` or F1 of a class. This
run's is the mean over seeds, with the 95 % interval of that mean over tracks (`significance`). A published number outside the
interval differs from this run's by more than the choice of tracks explains. If other music was tested, the interval says nothing,
and miniature corpora are other music: every row therefore has `data`, `trained_on` and `tested_on`.

The protocols differ, too: the finished thesis's code scores 4 s sequences against quantised targets, and gives a class without
onsets and estimates an F1 of 1 (see `evaluation.metrics`).
"""

import numpy as np
import pandas as pd

from adtlib import paths
from adtlib.corpora.registry import CORPORA
from adtlib.evaluation.significance import scores_with_intervals
from adtlib.models.registry import ARCHITECTURES
from adtlib.profiles import Profile
from adtlib.studies.tables import F1_COLUMNS, independent, scored_rows
from adtlib.training.runs import Run, counts_of, find_runs, training_set_name

TEST = ["study", "architecture", "train", "test"]  # these columns identify a test
COMPARISON_COLUMNS = [
    *(*TEST, "zero_shot", "measure", "here", "ci_low", "ci_high", "seeds", "n_tracks", "unit"),
    *("draft", "minus_draft", "published", "minus_published", "published_inside"),
    *("profile", "data", "trained_on", "tested_on"),
]


def published_results() -> pd.DataFrame:
    """Scores of the finished thesis: study, architecture, train, test, f1_micro, f1_macro, f1_KD ...; a row for each test."""
    return pd.read_csv(paths.PUBLISHED / "published_results.csv")


def data_hunger_table() -> pd.DataFrame:
    """Published micro F1 of the ViT beside the CRNN's, smallest corpus first: corpus, hours, CRNN, ViT, behind."""
    scores = published_results().query("study == 'architecture' and train == test")
    table = (
        scores.pivot(index="train", columns="architecture", values="f1_micro")[["CRNN", "ViT"]].rename_axis("corpus").reset_index()
    )
    table.insert(1, "hours", [CORPORA[name].info.hours for name in table["corpus"]])
    table["behind"] = table["CRNN"] - table["ViT"]
    return table.rename_axis(columns=None).sort_values("hours", ignore_index=True)


def draft_results() -> pd.DataFrame:
    """The table of the draft's chapter 6: architecture, dataset (trained and tested on), f1_micro."""
    return pd.read_csv(paths.PUBLISHED / "draft_results.csv")


def against_published(profile: Profile, splits: pd.DataFrame, runs: list[Run] | None = None) -> pd.DataFrame:
    """A row for each measure of each test of the finished thesis and of this profile's runs: COMPARISON_COLUMNS.

    splits  rows of `corpora.split_table` of all corpora, with the size of each.
    runs    by default all runs of the profile with its seeds.

    `here` and its interval are NaN without a run, `draft` and `published` if they state no number; `published_inside` is None if
    either is missing. The tests of chapter 6 that chapter 7 repeats are in both studies.
    """
    rows = (
        pd.concat([_long(published_results(), "published"), _draft()]).groupby([*TEST, "measure"], sort=False).first().reset_index()
    )
    here = _here(profile, find_runs(profile.name) if runs is None else runs)
    table = rows.merge(here, how="outer", on=[*TEST, "measure"], sort=False)
    table["zero_shot"] = [test not in train.split(" + ") for train, test in zip(table["train"], table["test"], strict=True)]
    for other in ("draft", "published"):
        table[f"minus_{other}"] = table["here"] - table[other]
    known = table[["ci_low", "ci_high", "published"]].notna().all(axis=1)
    inside = (table["ci_low"] <= table["published"]) & (table["published"] <= table["ci_high"])
    table["published_inside"] = inside.astype(object).where(known, None)
    table = table.astype({"seeds": "Int64", "n_tracks": "Int64"})
    table["profile"] = profile.name
    table["data"] = "generated miniature" if profile.data == "miniature" else "real"
    generated = profile.data == "miniature"
    table["trained_on"] = [how_complete(splits, train.split(" + "), "train", generated) for train in table["train"]]
    table["tested_on"] = [how_complete(splits, [test], profile.test_split, generated) for test in table["test"]]
    return table.sort_values([*TEST, "measure"], key=_ranks, kind="stable")[COMPARISON_COLUMNS].reset_index(drop=True)


def _ranks(column: pd.Series) -> pd.Series:
    """Sort keys: the order of architectures, training sets (small before large), corpora and measures."""
    corpora = {name: index for index, name in enumerate(CORPORA)}
    of = {
        "study": str,
        "architecture": list(ARCHITECTURES).index,
        "train": lambda text: (text.count(" + "), [corpora.get(name, len(corpora)) for name in text.split(" + ")], text),
        "test": lambda text: (corpora.get(text, len(corpora)), text),
        "measure": F1_COLUMNS.index,
    }[column.name]
    distinct = sorted(set(column), key=of)
    return column.map({text: rank for rank, text in enumerate(distinct)})


def _long(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.melt(id_vars=TEST, value_vars=F1_COLUMNS, var_name="measure", value_name=name)


def _draft() -> pd.DataFrame:
    table = draft_results().rename(columns={"dataset": "train", "f1_micro": "draft"})
    return table.assign(study="architecture", test=table["train"], measure="f1_micro")


def _here(profile: Profile, runs: list[Run]) -> pd.DataFrame:
    """This profile's numbers: TEST, measure, here, ci_low, ci_high, seeds, n_tracks, unit."""
    labels = {frozenset(name.split(" + ")): name for name in published_results()["train"]}
    published = set(published_results()[TEST].itertuples(index=False, name=None))
    found: dict[tuple, list[pd.DataFrame]] = {}
    for run in (run for run in runs if run.config["seed"] in profile.seeds):
        train = labels.get(frozenset(run.config["train"]), training_set_name(run.config["train"]))
        scores = scored_rows(profile, run)
        for test, part in scores.groupby("test", sort=False):
            found.setdefault((run.config["architecture"], train, test), []).append(part.sort_values("id"))
    rows = []
    for (architecture, train, test), parts in found.items():
        if any(list(part["id"]) != list(parts[0]["id"]) for part in parts):
            raise ValueError(
                f"{architecture} trained on {train}: its seeds were tested on different tracks of {test}; "
                f"test them again with 'adt run 41-60 --profile {profile.name} --force'"
            )
        counts = np.stack([counts_of(part) for part in parts])
        table = scores_with_intervals(counts, independent(test, parts[0]["id"])).rename(
            columns={"score": "measure", "mean": "here"}
        )
        table = table[table["measure"].isin(F1_COLUMNS)].drop(columns="std")
        table = table.assign(architecture=architecture, train=train, test=test, seeds=len(parts))
        table = table.assign(n_tracks=len(parts[0]), unit=parts[0]["unit"].iloc[0])
        studies = [study for study in ("architecture", "dataset") if (study, architecture, train, test) in published]
        rows += [table.assign(study=study) for study in studies or ["architecture" if train == test else "dataset"]]
    columns = [*TEST, "measure", "here", "ci_low", "ci_high", "seeds", "n_tracks", "unit"]
    return pd.concat(rows)[columns] if rows else pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[5:8], float))


def compared_once(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `against_published` without those of chapter 7 that repeat a test of chapter 6."""
    return table[~table.duplicated(["architecture", "train", "test", "measure"])]


def compared_studies(profile: Profile) -> list[str]:
    """The studies completed by this profile: the architecture study, and the dataset study once notebook 60 has made its table.

    Before that the only runs of the dataset study are those shared with the architecture study.
    """
    made = (paths.RESULTS / profile.name / "tables" / "60_f1_by_training_set.csv").is_file()
    return ["architecture", "dataset"] if made else ["architecture"]


def how_complete(splits: pd.DataFrame, corpora: list[str], split: str, generated: bool = False) -> str:
    """Size of a split of some corpora, in words: "96 of 896 sequences", with the thesis's count if it states one.

    generated  the corpora are miniatures, not parts of the thesis's: "41 generated (thesis: 896)".
    """
    mine = splits[splits["corpus"].isin(corpora) & (splits["split"] == split)]
    stated = int(mine["sequences_thesis"].sum()) if len(mine) and mine["sequences_thesis"].notna().all() else None
    found = int(mine["sequences"].sum())
    if stated is None:
        return f"{found:,} sequences"
    return f"{found:,} generated (thesis: {stated:,})" if generated else f"{found:,} of {stated:,} sequences"


def completeness(splits: pd.DataFrame, states: dict[str, str]) -> pd.DataFrame:
    """A row for each split: corpus, split, state, sequences (of 4 s) here and in the thesis, percent of them here.

    splits  rows of `corpora.split_table`; states  the state of each corpus in one word. Generated corpora are not part of the
    thesis's: their percent is NaN.
    """
    table = splits[["corpus", "split", "sequences", "sequences_thesis"]].copy()
    table.insert(2, "state", table["corpus"].map(states))
    share = (100 * table["sequences"] / table["sequences_thesis"]).astype(float)
    return table.assign(percent=share.mask(table["state"] == "generated"))


# --- printed forms -----------------------------------------------------------------------------------------------------


def printed_architecture_study(table: pd.DataFrame) -> pd.DataFrame:
    """Printed form of chapter 6, micro F1: this run's with interval, the draft's, the finished thesis's, differences."""
    rows = _micro(table, "architecture")
    shown = rows[["architecture", "train", "here", "draft", "minus_draft", "published", "minus_published"]].copy()
    intervals = zip(rows["ci_low"], rows["ci_high"], strict=True)
    shown.insert(3, "95 %", [f"{low:.2f} to {high:.2f}" if np.isfinite(low) else "–" for low, high in intervals])
    shown["inside"] = rows["published_inside"].map({True: "yes", False: "no"}).fillna("–")
    names = {"train": "corpus", "minus_draft": "− draft", "minus_published": "− published"}
    return shown.rename(columns=names).set_index("architecture")


def printed_dataset_study(table: pd.DataFrame, architecture: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Printed form of chapter 7, micro F1: (table of two columns a test corpus, here and published; which cells are zero-shot)."""
    rows = _micro(table, "dataset")
    rows = rows[rows["architecture"] == architecture]
    shown, shaded = {}, {}
    trains = list(dict.fromkeys(rows["train"]))
    for test, part in rows.groupby("test", sort=False):
        part = part.set_index("train").reindex(trains)
        for column in ("here", "published"):
            shown[test, column] = part[column]
            shaded[test, column] = part["zero_shot"].fillna(True).astype(bool)
    names = [f"{test}, {column}" for test, column in shown]
    index = pd.Index(trains, name="trained on")
    return (
        pd.DataFrame(dict(zip(names, shown.values(), strict=True)), index=index),
        pd.DataFrame(dict(zip(names, shaded.values(), strict=True)), index=index),
    )


def _micro(table: pd.DataFrame, study: str) -> pd.DataFrame:
    return table[(table["study"] == study) & (table["measure"] == "f1_micro")]


def verdict(table: pd.DataFrame) -> pd.DataFrame:
    """Distance from the published numbers, a row for each study and measure.

    Columns: study, measure, tests (published), with_run (of these with a run here), mean_difference (this run minus published),
    mean_distance (absolute), inside (share of the intervals that contain the published number).
    """
    rows = []
    for (study, measure), part in table.groupby(["study", "measure"], sort=False):
        both = part[part["minus_published"].notna()]
        inside = both["published_inside"].dropna().astype(float)
        rows.append(
            {
                "study": study,
                "measure": measure,
                "tests": int(part["published"].notna().sum()),
                "with_run": len(both),
                "mean_difference": both["minus_published"].mean(),
                "mean_distance": both["minus_published"].abs().mean(),
                "inside": inside.mean() if len(inside) else np.nan,
            }
        )
    return pd.DataFrame(rows)
