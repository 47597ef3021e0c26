"""A run's folder: one trained model, its configuration, training and test scores.

    results/<profile>/runs/ARCHITECTURE/TRAINING_SETS/seed_N/
        config.json        configuration, data and its completeness, library versions; once finished, the result
        metrics.csv        a row an epoch
        model.safetensors  weights of the best epoch, standardising included
        scores.csv         counts of each class for each track or sequence of each test, at each tolerance and choice of thresholds
        resume.pt          state after the last epoch, while the run is not finished

config.json ends with a seal and, under `files`, has the checksum of each other file (`provenance`); whatever is read is compared
with it. Runs of version 0.1.0 have neither. Both studies use the same runs. `load_run(folder)` rebuilds a model from its folder
alone.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from adtlib import paths
from adtlib.evaluation.metrics import TOLERANCE
from adtlib.models.loading import load_network
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.provenance import checksum, file_checksum, sealed, unsealed
from adtlib.vocabulary import CLASSES

if TYPE_CHECKING:
    import pandas as pd

# Options that runs of earlier versions do not record, with the values they had.
_LATER = {"balance": False, "augmentation": None, "past_best": False}
_LATER_PEAK_PICKING = {"double": 0, "strong": PeakPicking.strong}
_LATER_LONG = {"segment_frames": SEGMENT_FRAMES}  # of `long.LongConfig`
_LATER_OTHERS = {"segments_per_epoch": 0, "averaging": 0.0}


def with_later_options(config: dict) -> dict:
    """A stored configuration with the options that did not exist when it was stored."""
    later = _LATER | (_LATER_LONG if "warm_up" in config else _LATER_OTHERS)
    if isinstance(config.get("peak_picking"), dict):
        config = config | {"peak_picking": _LATER_PEAK_PICKING | config["peak_picking"]}
    return later | config


COUNT_COLUMNS = [f"{kind}_{name}" for name in CLASSES for kind in ("tp", "fp", "fn")]


METRIC_COLUMNS = ["epoch", "train_loss", "val_loss", "val_f1_micro"]  # those that every kind of run has


SCORE_COLUMNS = ["test", "split", "unit", "data", "tolerance", "thresholds", "id", "seconds", *COUNT_COLUMNS]


CONFIG = "config.json"
WEIGHTS, METRICS, SCORES = "model.safetensors", "metrics.csv", "scores.csv"


class RunError(ValueError):
    """A run's folder cannot be used; the message names the file and the remedy."""


class Record(dict):
    """What config.json holds, or a part of it: a key that is missing raises RunError, with the file's name."""

    def __init__(self, values: dict, path: Path):
        """`values` and all dictionaries in it, from the file at `path`."""
        super().__init__({key: Record(value, path) if isinstance(value, dict) else value for key, value in values.items()})
        self.path = path

    def __missing__(self, key: str) -> Any:
        remedy = f"delete {self.path.parent} and train again"
        raise RunError(f"{self.path} has no {key!r}: it is damaged or of another version; {remedy}")


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
    def record(self) -> Record:
        """Everything in config.json: config, data, libraries, code, result, files. RunError where it is damaged."""
        return _read_record(self.folder)

    @property
    def config(self) -> Record:
        """The configuration of the training."""
        return self.record["config"]

    @property
    def result(self) -> Record:
        """Best epoch, its validation scores, seconds, parameter count; once scored, the thresholds by class."""
        return self.record["result"]

    @property
    def metrics(self) -> "pd.DataFrame":
        """A row an epoch: epoch, learning_rate, train_loss, val_loss, val_f1_micro, val_f1_macro, val_f1_KD ..., seconds."""
        return self._table(METRICS, METRIC_COLUMNS)

    @property
    def peak_picking(self) -> PeakPicking:
        """Peak picking of the configuration."""
        try:
            return PeakPicking(**self.config["peak_picking"])
        except (TypeError, ValueError) as error:
            raise RunError(f"{self.folder / CONFIG}: peak_picking: {error}") from error

    @property
    def scores(self) -> "pd.DataFrame":
        """The rows of `all_scores` of the run's own protocol: its configuration's tolerance, one threshold for all classes."""
        return self.scores_with()

    def scores_with(self, tolerance: float | None = None, thresholds: str = "one") -> "pd.DataFrame":
        """The rows of `all_scores` at a tolerance in seconds (None: the configured one), with `thresholds` one, class or peaks."""
        if thresholds not in ("one", "class", "peaks"):
            raise ValueError(f"thresholds = {thresholds!r}: choose one, class or peaks")
        table = self.all_scores
        wanted = self._tolerance if tolerance is None else tolerance
        return table[np.isclose(table["tolerance"], wanted) & (table["thresholds"] == thresholds)].reset_index(drop=True)

    @property
    def all_scores(self) -> "pd.DataFrame":
        """A row for each tested unit, tolerance and choice of thresholds; the columns are SCORE_COLUMNS.

        Empty before a test. Rows of old files without these choices are those of the configuration.
        """
        import pandas as pd

        if not (self.folder / SCORES).is_file():
            return pd.DataFrame(columns=SCORE_COLUMNS).astype({"tolerance": float})
        old = [name for name in SCORE_COLUMNS if name not in ("tolerance", "thresholds")]
        table = self._table(SCORES, old, ("seconds", *COUNT_COLUMNS), dtype={"id": str})
        if "tolerance" not in table:
            table = table.assign(tolerance=self._tolerance, thresholds="one")
        counts = table[COUNT_COLUMNS]
        if not all(kind.kind in "iu" for kind in counts.dtypes) or (counts.to_numpy() < 0).any() or "thresholds" not in table:
            raise RunError(self._damaged(SCORES, "its counts are not those of a test"))
        return table[SCORE_COLUMNS]

    def _table(self, name: str, columns: Sequence[str], numbers: Sequence[str] | None = None, **options) -> "pd.DataFrame":
        """A table of the run with at least these columns; `numbers`, all by default, hold numbers. RunError for anything else."""
        import pandas as pd

        if (why := self.damage_of(name)) is not None:
            raise RunError(self._damaged(name, why))
        try:
            table = pd.read_csv(self.folder / name, **options)
        except (ValueError, OSError) as error:
            raise RunError(self._damaged(name, " ".join(str(error).split()))) from error
        if missing := [column for column in columns if column not in table]:
            raise RunError(self._damaged(name, f"it has no column {', '.join(missing)}"))
        for column in numbers or columns:
            if not pd.api.types.is_numeric_dtype(table[column]):
                raise RunError(self._damaged(name, f"{column} holds what is not a number"))
        return table

    def _damaged(self, name: str, why: str) -> str:
        remedy = "delete it and score the run again" if name == SCORES else f"delete {self.folder} and train again"
        return f"{self.folder / name} is damaged ({why}): {remedy}, as 'adt run' does"

    @property
    def _tolerance(self) -> float:
        return self.config.get("tolerance", TOLERANCE)

    def damage_of(self, name: str) -> str | None:
        """Why a file of the run is not the one that was written, in words; None if it is, or if nothing was noted of it."""
        noted, path = self.record.get("files", {}).get(name), self.folder / name
        if noted is None:
            return None
        try:
            return None if file_checksum(path) == noted else "it is not as it was written"
        except FileNotFoundError:
            return "it is missing"
        except OSError as error:
            return str(error)

    def model(self) -> nn.Module:
        """The trained model, in evaluation mode."""
        return load_run(self.folder)


# What tables and models read of config.json, where it is there.
_SHAPE = {"config": dict, "data": dict, "result": dict, "files": dict, "libraries": dict, "machine": dict}
_CONFIG_SHAPE = {
    "architecture": str,
    "train": list,
    "hyperparameters": dict,
    "seed": int,
    "features": str,
    "precision": str,
    "validation_split": str,
    "peak_picking": dict,
    "tolerance": int | float,
}


def _read_record(folder: Path) -> Record:
    path = Path(folder) / CONFIG
    try:
        record = unsealed(path.read_bytes(), older=True)
        _check_shape(record, _SHAPE)
        _check_shape(record.setdefault("config", {}), _CONFIG_SHAPE)
        if not all(isinstance(name, str) for name in record["config"].get("train", [])):
            raise ValueError("train is not a list of names")
        if not all(isinstance(each, dict) for each in record.get("data", {}).values()):
            raise ValueError("data is not a record for each corpus")
    except FileNotFoundError:
        raise RunError(f"{path} is missing: there is no run in {folder}") from None
    except (ValueError, OSError) as error:
        raise RunError(f"{path} is damaged ({error}): restore it, or delete {folder} and train again") from error
    return Record(record | {"config": with_later_options(record["config"])}, path)


def _check_shape(record: dict, shape: dict) -> None:
    for key, kind in shape.items():
        if key in record and not isinstance(record[key], kind):
            raise ValueError(f"{key} is {json.dumps(record[key])[:40]}")


def write_record(folder: Path, record: dict) -> None:
    """Write config.json, atomically, with its seal."""
    paths.write_atomically(folder / CONFIG, sealed(record, indent=1))


def note_files(folder: Path, record: dict, *names: str) -> None:
    """Write config.json with the checksums of files of the run that were just written."""
    noted = {name: file_checksum(folder / name) for name in names}
    record["files"] = record.get("files", {}) | noted
    write_record(folder, record)


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


def save_weights(model: nn.Module, path: Path) -> str:
    """Write the weights as safetensors, atomically; return the file's checksum."""
    content = save({key: value.contiguous() for key, value in model.state_dict().items()})
    paths.write_atomically(path, content)
    return checksum(content)


def load_run(folder: Path) -> nn.Module:
    """Rebuild the trained model of a run's folder. RunError if weights are missing, damaged or of another configuration."""
    run = Run(Path(folder))
    config = run.config
    if (run.folder / WEIGHTS).is_file() and (why := run.damage_of(WEIGHTS)) is not None:
        raise RunError(f"{run.folder / WEIGHTS} is damaged ({why}): delete {folder} and train again")
    return load_weights(run.folder, config)


def load_weights(folder: Path, config: dict) -> nn.Module:
    """The model of a configuration with the weights in `folder`; RunError as from `load_run`."""
    path = folder / WEIGHTS
    if not path.is_file():
        raise RunError(f"{path} is missing (weights are not part of the repository): train the run again")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise RunError(f"{path} is damaged ({error}): delete {folder} and train again") from error
    try:
        return load_network(config, tensors).eval()
    except ValueError as error:
        raise RunError(f"{path} does not fit {folder / CONFIG} ({error}): delete {folder} and train again") from error
