"""A search's folder: its trials, their scores and the best one. Written by `training.search.tune`, read here without Ray.

    results/<profile>/searches/ARCHITECTURE/TRAINING_SETS/
        search.json      configuration of the search; once finished, the settings of the best trial
        trials.csv       a row a trial, in the order in which they were proposed
        trials/NAME/     each trial's run, a folder as in `runs`; NAME is a hash of its settings

The best trial has the highest validation micro F1; among equals the lowest validation loss, then the earliest wins.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from adtlib import paths
from adtlib.training.runs import Run, folder_name, training_set_name

SETTINGS = ("learning_rate", "weight_decay")


class SearchError(ValueError):
    """A search cannot be used; the message names the folder and the remedy."""


@dataclass(frozen=True)
class Search:
    """A search, given by its folder."""

    folder: Path

    @property
    def record(self) -> dict:
        """Everything in search.json; empty if the search has not begun or the file is damaged, and the search is then repeated."""
        try:
            record = json.loads((self.folder / "search.json").read_text())
        except (OSError, ValueError, RecursionError):
            return {}
        return record if _is_record(record) else {}

    @property
    def finished(self) -> bool:
        """Whether the best trial is known, and the table of trials as it was written."""
        record, path = self.record, self.folder / "trials.csv"
        return "settings" in record and path.is_file() and record.get("table") in (None, table_hash(path.read_bytes()))

    @property
    def settings(self) -> dict:
        """hyperparameters, learning_rate and weight_decay of the best trial."""
        return self.record["settings"]

    @property
    def best(self) -> Run:
        """The run of the best trial."""
        return Run(self.trial_folder(self.settings))

    @property
    def trials(self) -> pd.DataFrame:
        """A row a trial: trial, the values drawn, epochs, val_loss, val_f1_micro, seconds, n_parameters, outcome.

        `outcome` is "finished", or "diverged" for a trial whose loss became NaN or infinite; it has no scores. SearchError if the
        table is missing or damaged.
        """
        path = self.folder / "trials.csv"
        try:
            content = path.read_bytes()
            table = pd.read_csv(io.BytesIO(content), dtype={"trial": str})  # a name may look like a number
            if self.record.get("table") not in (None, table_hash(content)) or "trial" not in table:
                raise ValueError("it is not as it was written")
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise SearchError(
                f"{path} is damaged ({reason}): delete it and run the search again, which finds its trials"
            ) from error
        return table

    @property
    def curves(self) -> dict[str, pd.DataFrame]:
        """Metrics of every trial, a row an epoch, by the trial's name."""
        found = {name: self.folder / "trials" / name / "metrics.csv" for name in self.trials["trial"]}
        return {name: pd.read_csv(path) for name, path in found.items() if path.is_file()}

    def trial_folder(self, settings: dict) -> Path:
        """The folder of the run of a trial with these settings."""
        return self.folder / "trials" / trial_name(settings)


def trial_name(settings: dict) -> str:
    """Name of a trial, a hash of its settings, by which a restarted search finds its trained trials."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def _is_record(record: object) -> bool:
    """Whether JSON has the shape of search.json."""
    if not isinstance(record, dict) or not isinstance(record.get("search"), dict):
        return False
    settings = record.get("settings")
    if settings is None:
        return "settings" not in record
    numbers = isinstance(settings, dict) and all(type(settings.get(key)) in (int, float) for key in SETTINGS)
    return numbers and isinstance(settings.get("hyperparameters"), dict)


def table_hash(content: bytes) -> str:
    """Hash of trials.csv, which search.json holds (those of earlier versions do not)."""
    return hashlib.sha256(content).hexdigest()


def search_folder(profile: str, architecture: str, train) -> Path:
    """The folder of the search of an architecture on training corpora."""
    return paths.RESULTS / profile / "searches" / architecture / folder_name(train)


def find_search(profile: str, architecture: str, train) -> Search:
    """The finished search of an architecture on training corpora; SearchError if there is none."""
    found = Search(search_folder(profile, architecture, train))
    if not found.finished:
        raise SearchError(
            f"{found.folder} holds no finished search: the hyperparameters of the {architecture} on {training_set_name(train)} are "
            f"not chosen yet; 'adt run --profile {profile} 41-49' makes the searches of the architecture study"
        )
    return found


def trial_row(folder: Path, drawn: dict) -> dict:
    """The row of one trial in trials.csv, read from its run's folder; `drawn` are the values that the search proposed for it."""
    run, row = Run(folder), {"trial": folder.name, **drawn}
    result = run.record.get("result")
    if result is None:
        epochs = len(run.metrics) if (folder / "metrics.csv").is_file() else 0
        return row | {"epochs": epochs, "outcome": "diverged"}
    keys = ("epochs", "val_loss", "val_f1_micro", "seconds", "n_parameters")
    return row | {key: result[key] for key in keys} | {"outcome": "finished"}


def best_row(rows: list[dict]) -> dict:
    """The row of the best trial; SearchError if none has a score."""
    scored = [row for row in rows if row["outcome"] == "finished"]
    if not scored:
        raise SearchError(f"all {len(rows)} trials diverged: narrow the learning rate's range or look at the data")
    return max(scored, key=lambda row: (max(0.0, row["val_f1_micro"]), -row["val_loss"]))  # NaN counts as 0; among equals the first


def trials_table(searches: list[Search]) -> pd.DataFrame:
    """The trials of several searches in one table: corpus, the columns of `Search.trials`, best (whether it was chosen)."""
    tables = [pd.DataFrame(columns=["corpus", "trial", "seconds", "best"])] if not searches else []
    for search in searches:
        table = search.trials
        table.insert(0, "corpus", training_set_name(search.record["search"]["config"]["train"]))
        tables.append(table.assign(best=table["trial"] == search.best.folder.name))
    return pd.concat(tables, ignore_index=True)
