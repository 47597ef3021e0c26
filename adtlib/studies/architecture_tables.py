"""The architecture study's results beyond micro F1 (thesis, chapter 6): all scores, significance, chosen runs, thresholds.

Everything is computed from the runs' counts and records. The architectures of a corpus are compared on the tracks that all of them
were tested on; dependent tracks count as one group (see `tables.independent`). *Highest* refers to the number, *best* to the result
of the test.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from adtlib.evaluation.significance import (
    LEVEL,
    difference_interval,
    holm,
    interval,
    mean_f1,
    paired_test,
    scores_with_intervals,
    smallest_p,
)
from adtlib.profiles import Profile
from adtlib.studies.plan import architecture_study
from adtlib.studies.tables import architecture_table, group_kind, groups_in_words, independent, scored_rows, too_few
from adtlib.training.runs import Run, counts_of, runs_by_cell
from adtlib.training.scoring import TOLERANCES
from adtlib.vocabulary import CLASSES


@dataclass(frozen=True, eq=False)
class CorpusScores:
    """Test results on one corpus: counts `(S, N, 5, 3)` by architecture, and the group of each track."""

    corpus: str
    unit: str
    counts: dict[str, np.ndarray]
    groups: list[str]

    @property
    def sample(self) -> dict:
        """Columns given with every number: number of tracks, number of independent groups, and what a group is."""
        found = {"n_tracks": len(self.groups), "n_independent": len(set(self.groups))}
        return found | {"unit": self.unit, "group": group_kind(self.corpus)}


def study_runs(profile: Profile) -> dict[tuple[str, str], list[Run]]:
    """Runs of the study by architecture and corpus, one for each seed, in the order of the study; missing runs are left out."""
    found = runs_by_cell(profile.name)
    runs: dict[tuple[str, str], list[Run]] = {}
    for cell in architecture_study(profile):
        if run := found.get((cell.architecture, cell.train_names, cell.seed)):
            runs.setdefault((cell.architecture, *cell.train_names), []).append(run)
    return runs


def chosen_runs(profile: Profile) -> dict[str, Run]:
    """The run of each corpus that represents it in engraved examples and error analysis.

    The architecture with the highest validation micro F1 (mean over seeds), and of its runs the highest. Test scores are not used.
    """
    runs: dict[str, dict[str, list[Run]]] = {}
    for (architecture, corpus), found in study_runs(profile).items():
        runs.setdefault(corpus, {})[architecture] = found
    chosen = {}
    for corpus, by_architecture in runs.items():
        seeds = max(by_architecture.values(), key=lambda found: np.mean(list(map(_validation_f1, found))))
        chosen[corpus] = max(seeds, key=_validation_f1)
    return chosen


def _validation_f1(run: Run) -> float:
    return float(np.nan_to_num(run.result["val_f1_micro"]))


def corpus_scores(profile: Profile, tolerance: float | None = None, thresholds: str | None = None) -> list[CorpusScores]:
    """Results on each corpus's own test split, from `scored_rows`; corpora without any score are left out."""
    tables: dict[str, dict[str, list[pd.DataFrame]]] = {}
    for (architecture, corpus), runs in study_runs(profile).items():
        for run in runs:
            table = scored_rows(profile, run, tolerance, thresholds)
            table = table[table["test"] == corpus]
            if len(table):
                tables.setdefault(corpus, {}).setdefault(architecture, []).append(table)
    return [_aligned(corpus, by_architecture) for corpus, by_architecture in tables.items()]


def _aligned(corpus: str, tables: dict[str, list[pd.DataFrame]]) -> CorpusScores:
    every = [table for seeds in tables.values() for table in seeds]
    common = set.intersection(*(set(table["id"]) for table in every))
    ids = [name for name in every[0]["id"] if name in common]
    counts = {
        name: np.stack([counts_of(table.set_index("id").loc[ids].reset_index()) for table in seeds])
        for name, seeds in tables.items()
    }
    return CorpusScores(corpus, every[0]["unit"].iloc[0], counts, independent(corpus, ids))


# --- scores ------------------------------------------------------------------------------------------------------------


_SUMMARY = ["architecture", "corpus", "tolerance", "thresholds", "score", "mean", "std", "ci_low", "ci_high", "n_seeds"]
_SUMMARY += ["n_tracks", "n_independent", "unit", "group"]


def score_summary(profile: Profile) -> pd.DataFrame:
    """Every score of every cell, at each tolerance and choice of thresholds, a row each.

    Columns: architecture, corpus, tolerance (s), thresholds, score ("f1_micro", "recall_SD", ...), mean and std over seeds,
    ci_low and ci_high (95 % interval of the mean, over independent groups), n_seeds, n_tracks, n_independent (groups), unit (of
    n_tracks), group (kind of group).
    """
    parts = []
    for thresholds in ("one", "class"):
        for tolerance in dict.fromkeys((profile.tolerance, *TOLERANCES)):
            for corpus in corpus_scores(profile, tolerance, thresholds):
                for architecture, counts in corpus.counts.items():
                    key = {"architecture": architecture, "corpus": corpus.corpus, "tolerance": tolerance, "thresholds": thresholds}
                    part = scores_with_intervals(counts, corpus.groups)
                    part = part.assign(**key, n_seeds=len(counts), **corpus.sample)
                    parts.append(part[_SUMMARY])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_SUMMARY).astype({"tolerance": float})


def table_with_intervals(profile: Profile) -> pd.DataFrame:
    """`architecture_table` with the interval of each cell's mean over seeds in place of each run's own, for a picture.

    Further column: n_independent (groups that the interval is drawn from).
    """
    table = architecture_table(profile).drop(columns=["ci_low", "ci_high"])
    rows = [
        {
            "architecture": name,
            "corpus": corpus.corpus,
            **dict(zip(("ci_low", "ci_high"), interval(counts, corpus.groups), strict=True)),
            "n_independent": len(set(corpus.groups)),
        }
        for corpus in corpus_scores(profile)
        for name, counts in corpus.counts.items()
    ]
    return table.merge(pd.DataFrame(rows, columns=["architecture", "corpus", "ci_low", "ci_high", "n_independent"]), how="left")


def printed_scores(summary: pd.DataFrame, tolerance: float, thresholds: str = "one") -> pd.DataFrame:
    """Printed form of `score_summary`: a row for each corpus and architecture, F1 with spread and interval, then by class."""
    chosen = summary[np.isclose(summary["tolerance"], tolerance) & (summary["thresholds"] == thresholds)]
    rows = []
    for (corpus, architecture), part in chosen.groupby(["corpus", "architecture"], sort=False):
        by_score = part.set_index("score")
        row = {"corpus": corpus, "architecture": architecture}
        for name in ("micro", "macro"):
            mean, std, low, high = by_score.loc[f"f1_{name}", ["mean", "std", "ci_low", "ci_high"]]
            row[f"{name} F1"] = f"{mean:.3f}" + ("" if np.isnan(std) else f" ± {std:.3f}")
            row[f"95 % ({name})"] = "–" if np.isnan(low) else f"{low:.3f}–{high:.3f}"
        row |= {measure: by_score.loc[f"{measure}_micro", "mean"] for measure in ("precision", "recall")}
        rows.append(row | {name: by_score.loc[f"f1_{name}", "mean"] for name in CLASSES})
    return pd.DataFrame(rows, columns=None if rows else ["corpus", "architecture"]).set_index(["corpus", "architecture"])


# --- significance ------------------------------------------------------------------------------------------------------


def comparison_table(profile: Profile) -> pd.DataFrame:
    """For each corpus, the architecture with the highest micro F1 (mean over seeds) against each other one, on the same tracks.

    Columns: corpus, highest, other, f1_highest, f1_other, difference with ci_low and ci_high (paired bootstrap), p (`paired_test`
    of this difference), p_holm (corrected for the comparisons of the corpus), told_apart (significant: p_holm below LEVEL),
    smallest_p (lower limit of p with so few groups, before correction), n_tracks, n_independent (groups), unit (of n_tracks), group
    (kind of group).

    The highest is selected on the same data: if all are equal, a single comparison is significant in up to 9 % of studies. All
    four, the only case in which `verdicts` says "best", are significant in less than 5 %.
    """
    columns = ["corpus", "highest", "other", "f1_highest", "f1_other", "difference", "ci_low", "ci_high", "p", "p_holm"]
    columns += ["told_apart", "smallest_p", "n_tracks", "n_independent", "unit", "group"]
    return pd.DataFrame([row for corpus in corpus_scores(profile) for row in _comparisons(corpus)], columns=columns)


def _comparisons(corpus: CorpusScores) -> Iterator[dict]:
    means = {name: mean_f1(counts) for name, counts in corpus.counts.items()}
    first = max(means, key=lambda name: np.nan_to_num(means[name], nan=-1))
    if not means[first] > 0:  # no architecture found anything: there is no highest
        return
    others = [name for name in means if name != first]
    found = [paired_test(corpus.counts[first], corpus.counts[name], corpus.groups) for name in others]
    corrected = holm([p for _, p in found])
    for name, (difference, p), p_holm in zip(others, found, corrected, strict=True):
        low, high = difference_interval(corpus.counts[first], corpus.counts[name], corpus.groups)
        row = {"corpus": corpus.corpus, "highest": first, "other": name, "f1_highest": means[first], "f1_other": means[name]}
        row |= {"difference": difference, "ci_low": low, "ci_high": high, "p": p, "p_holm": p_holm}
        row |= {"told_apart": bool(p_holm < LEVEL), "smallest_p": smallest_p(len(set(corpus.groups)))}
        yield row | corpus.sample


def printed_comparisons(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Printed form of `comparison_table`: difference with its interval, p, and p after correction."""
    shown = comparisons[["corpus", "highest", "other", "difference"]].copy()
    limits = zip(comparisons["ci_low"], comparisons["ci_high"], strict=True)
    shown["95 %"] = ["–" if np.isnan(low) else f"{low:.3f} to {high:.3f}" for low, high in limits]
    for column, label in (("p", "p"), ("p_holm", "p (Holm)"), ("smallest_p", "smallest p")):
        shown[label] = ["< 0.001" if value < 0.001 else f"{value:.3f}" for value in comparisons[column]]
    of = zip(comparisons["corpus"], comparisons["n_independent"], strict=True)
    shown["independent groups"] = [groups_in_words(corpus, n).replace(" independent", "") for corpus, n in of]
    return shown.set_index("corpus")


def verdicts(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Result of the tests for each corpus: corpus, highest, f1_micro, verdict ("best", or the ones it does not differ from)."""
    rows = []
    for corpus, part in comparisons.groupby("corpus", sort=False):
        first = part.iloc[0]
        close = part.loc[~part["told_apart"], "other"].tolist()
        verdict = f"not told apart from {', '.join(close)}" if close else "best"
        floor = min(1.0, len(part) * first["smallest_p"])
        if close and floor >= LEVEL:
            verdict += f"; {too_few(corpus, first['n_independent'])} (corrected p at least {floor:.3g})"
        rows.append({"corpus": corpus, "highest": first["highest"], "f1_micro": first["f1_highest"], "verdict": verdict})
    return pd.DataFrame(rows, columns=["corpus", "highest", "f1_micro", "verdict"])


# --- thresholds --------------------------------------------------------------------------------------------------------


def threshold_table(profile: Profile) -> pd.DataFrame:
    """One threshold for all classes against one for each class, by run: thresholds chosen on validation, both test scores.

    Columns: architecture, corpus, seed, threshold_one, threshold_KD ..., validation_one, validation_class (micro F1 on the split
    of the choice), f1_one, f1_class (micro F1 on the test split), gain (f1_class - f1_one). Runs not scored both ways are left out.
    """
    rows = []
    for (architecture, corpus), runs in study_runs(profile).items():
        for run in runs:
            chosen = run.result.get("thresholds")
            tables = {way: run.scores_with(thresholds=way) for way in ("one", "class")}
            tables = {way: t[(t["test"] == corpus) & (t["split"] == profile.test_split)] for way, t in tables.items()}
            if not chosen or not all(map(len, tables.values())):
                continue
            row = {"architecture": architecture, "corpus": corpus, "seed": run.config["seed"]}
            row["threshold_one"] = float(np.mean([chosen["one"][name] for name in CLASSES]))
            row |= {f"threshold_{name}": chosen["class"][name] for name in CLASSES}
            row |= {f"validation_{way}": chosen[f"f1_{way}"]["micro"] for way in tables}
            row |= {f"f1_{way}": mean_f1(counts_of(table)[None]) for way, table in tables.items()}
            rows.append(row | {"gain": row["f1_class"] - row["f1_one"]})
    columns = ["architecture", "corpus", "seed", "threshold_one", *(f"threshold_{name}" for name in CLASSES)]
    columns += ["validation_one", "validation_class", "f1_one", "f1_class", "gain"]
    return pd.DataFrame(rows, columns=columns)


def printed_thresholds(table: pd.DataFrame) -> pd.DataFrame:
    """Printed form of `threshold_table`: means over seeds, a row for each corpus and architecture."""
    means = table.drop(columns="seed").groupby(["corpus", "architecture"], sort=False).mean().reset_index()
    means = pd.concat([means[means["corpus"] == corpus] for corpus in means["corpus"].unique()] or [means])
    names = {f"threshold_{name}": name for name in CLASSES}
    names |= {
        "f1_one": "test, one",
        "f1_class": "test, by class",
        "validation_one": "val., one",
        "validation_class": "val., by class",
    }
    columns = [
        "architecture",
        *(f"threshold_{name}" for name in CLASSES),
        "validation_one",
        "validation_class",
        "f1_one",
        "f1_class",
    ]
    return means.set_index("corpus")[[*columns, "gain"]].rename(columns=names)
