"""A run's folder: one trained model, its configuration, training and test scores.

    results/<profile>/runs/ARCHITECTURE/TRAINING_SETS/seed_N/
        config.json        configuration, data and its completeness, library versions; once finished, the result
        metrics.csv        a row an epoch
        model.safetensors  weights of the best epoch, standardising included
        scores.csv         counts of each class for each track or sequence of each test, at each tolerance and choice of thresholds
        resume.pt          state after the last epoch, while the run is not finished

Both studies use the same runs. `load_run(folder)` rebuilds a model from its folder alone.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from adtlib import paths
from adtlib.evaluation.metrics import TOLERANCE
from adtlib.models.registry import assemble
from adtlib.vocabulary import CLASSES

if TYPE_CHECKING:
    import pandas as pd

# Options that runs of earlier versions do not record, with the values they had.
LATER_OPTIONS = {"balance": False}


COUNT_COLUMNS = [f"{kind}_{name}" for name in CLASSES for kind in ("tp", "fp", "fn")]


SCORE_COLUMNS = ["test", "split", "unit", "data", "tolerance", "thresholds", "id", "seconds", *COUNT_COLUMNS]


class RunError(ValueError):
    """A run's folder cannot be used; the message names the file and the remedy."""


def training_set_name(train) -> str:
    """Label of one or several training corpora, as in the published tables: "ENST+MDB + Slakh"."""
    return " + ".join(train)


def run_folder(profile: str, architecture: str, train, seed: int) -> Path:
    """The folder of the run of an architecture on training corpora with a seed."""
    return paths.RESULTS / profile / "runs" / architecture / folder_name(train) / f"seed_{seed}"


def folder_name(train) -> str:
    """Folder name of training corpora: their label without characters that file systems do not accept."""
    return re.sub(r"[^A-Za-z0-9+_-]+", "_", training_set_name(train))


@dataclass(frozen=True)
class Run:
    """A finished run, given by its folder."""

    folder: Path

    @property
    def record(self) -> dict:
        """Everything in config.json: config, data, libraries, code, result."""
        return _read_record(self.folder)

    @property
    def config(self) -> dict:
        """The configuration of the training."""
        return self.record["config"]

    @property
    def result(self) -> dict:
        """Best epoch, its validation scores, seconds, parameter count; once scored, the thresholds by class."""
        return self.record["result"]

    @property
    def metrics(self) -> "pd.DataFrame":
        """A row an epoch: epoch, learning_rate, train_loss, val_loss, val_f1_micro, val_f1_macro, val_f1_KD ..., seconds."""
        import pandas as pd

        return pd.read_csv(self.folder / "metrics.csv")

    @property
    def scores(self) -> "pd.DataFrame":
        """The rows of `all_scores` of the run's own protocol: its configuration's tolerance, one threshold for all classes."""
        return self.scores_with()

    def scores_with(self, tolerance: float | None = None, thresholds: str = "one") -> "pd.DataFrame":
        """The rows of `all_scores` at a tolerance in seconds (None: the configured one), with `thresholds` "one" or "class"."""
        if thresholds not in ("one", "class"):
            raise ValueError(f"thresholds = {thresholds!r}: choose one or class")
        table = self.all_scores
        wanted = self._tolerance if tolerance is None else tolerance
        return table[np.isclose(table["tolerance"], wanted) & (table["thresholds"] == thresholds)].reset_index(drop=True)

    @property
    def all_scores(self) -> "pd.DataFrame":
        """A row for each tested unit, tolerance and choice of thresholds; the columns are SCORE_COLUMNS.

        Empty before a test. Rows of old files without these choices are those of the configuration.
        """
        import pandas as pd

        path = self.folder / "scores.csv"
        if not path.is_file():
            return pd.DataFrame(columns=SCORE_COLUMNS).astype({"tolerance": float})
        table = pd.read_csv(path, dtype={"id": str})
        if "tolerance" not in table:
            table = table.assign(tolerance=self._tolerance, thresholds="one")
        return table[SCORE_COLUMNS]

    @property
    def _tolerance(self) -> float:
        return self.config.get("tolerance", TOLERANCE)

    def model(self) -> nn.Module:
        """The trained model, in evaluation mode."""
        return load_run(self.folder)


def _read_record(folder: Path) -> dict:
    path = Path(folder) / "config.json"
    try:
        record = json.loads(path.read_text())
    except FileNotFoundError:
        raise RunError(f"{path} is missing: there is no run in {folder}") from None
    except ValueError as error:
        raise RunError(f"{path} is damaged ({error}): delete {folder} and train again") from error
    return record | {"config": LATER_OPTIONS | record.get("config", {})}


def find_runs(profile: str) -> list[Run]:
    """All finished runs of a profile, sorted by folder."""
    root = paths.RESULTS / profile / "runs"
    found = sorted(root.glob("*/*/seed_*/config.json"))
    runs = [Run(path.parent) for path in found if re.fullmatch(r"seed_\d+", path.parent.name)]
    return [run for run in runs if "result" in run.record]


def runs_by_cell(profile: str) -> dict[tuple[str, tuple[str, ...], int], Run]:
    """The finished runs of a profile by (architecture, training corpora, seed), the key of a cell of a study."""
    return {(run.config["architecture"], tuple(run.config["train"]), run.config["seed"]): run for run in find_runs(profile)}


def counts_of(scores: "pd.DataFrame") -> np.ndarray:
    """`(N, 5, 3)` counts of the rows of a scores table, as `adtlib.evaluation.metrics` takes them."""
    return scores[COUNT_COLUMNS].to_numpy(dtype=np.int64).reshape(-1, len(CLASSES), 3)


def save_weights(model: nn.Module, path: Path) -> None:
    """Write the weights as safetensors, atomically."""
    paths.write_atomically(path, save({key: value.contiguous() for key, value in model.state_dict().items()}))


def load_run(folder: Path) -> nn.Module:
    """Rebuild the trained model of a run's folder. RunError if weights are missing, damaged or of another configuration."""
    folder = Path(folder)
    path = folder / "model.safetensors"
    model = assemble(_read_record(folder)["config"])
    if not path.is_file():
        raise RunError(f"{path} is missing (weights are not part of the repository): train the run again")
    try:
        model.load_state_dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise RunError(f"{path} is damaged ({error}): delete {folder} and train again") from error
    except RuntimeError as error:
        raise RunError(f"{path} does not fit {folder / 'config.json'}: delete {folder} and train again") from error
    return model.eval()
