"""Training one model: from a configuration and prepared corpora to the best checkpoint (thesis 5.2.2 and 5.3).

The validation loss decides on early stopping and the learning rate; the checkpoint of the best validation micro F1 is kept and
tested once, at the end, by `adtlib.training.scoring`. The draft's values are the defaults of `TrainingConfig`; the finished
thesis's patience is in params/thesis_finished.yaml.

Equal seeds give bitwise equal results on one machine with one number of threads. Each epoch is seeded by (seed, epoch), so a run
that was killed and resumed gives the same results as one that was not.
"""

import copy
import dataclasses
import io
import json
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from adtlib.corpora.ahead import in_order
from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import open_corpus
from adtlib.corpora.store import Prepared, standardizer
from adtlib.evaluation.metrics import TOLERANCE, scores
from adtlib.models.loss import infrequency_weights
from adtlib.models.prediction import best_device, resolve_precision
from adtlib.models.registry import assemble, count_parameters
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.paths import move_aside, write_atomically
from adtlib.provenance import code_state, file_checksum, library_versions
from adtlib.training.augmentation import Augmentation, augment
from adtlib.training.runs import (
    CONFIG,
    METRICS,
    SCORES,
    WEIGHTS,
    Run,
    RunError,
    load_weights,
    note_files,
    save_weights,
    with_later_options,
    write_record,
)
from adtlib.training.scoring import evaluate
from adtlib.training.segments import Crops, Segments, in_batches
from adtlib.training.steps import make_optimizer, train_step


@dataclass(frozen=True)
class TrainingConfig:
    """All choices of one run; saved as JSON beside its weights. Configuration and data identify a run."""

    architecture: str
    train: tuple[str, ...]
    hyperparameters: dict = field(default_factory=dict)
    seed: int = 0
    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    clip_norm: float = 2.0
    patience: int = 10  # epochs without a lower validation loss before stopping
    lr_patience: int = 3  # epochs without a lower validation loss before the learning rate is divided
    lr_divisor: float = 5.0
    features: str = "madmom"
    precision: str = "auto"  # of matrix products: float32, bfloat16, or auto, by processor
    validation_split: str = "validation"
    peak_picking: PeakPicking = field(default_factory=PeakPicking)
    tolerance: float = TOLERANCE
    balance: bool = False  # an epoch draws as many segments as the corpora have, equally often from each corpus
    augmentation: Augmentation | None = None  # of the segments, each time anew; None for segments as they are
    segments_per_epoch: int = 0  # 0: each segment once; else so many, of shuffled segments, again from the start if there are fewer
    past_best: bool = False  # whether training goes on while its last epoch is its best
    averaging: float = 0.0  # decay at each step of the moving average of weights that is validated and kept; 0: none (thesis)

    def __post_init__(self):
        object.__setattr__(self, "train", tuple(self.train))
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"precision = {self.precision!r}: choose auto, float32 or bfloat16")
        if not self.learning_rate > 0 or not self.weight_decay >= 0:
            raise ValueError(f"learning rate {self.learning_rate} and weight decay {self.weight_decay}: > 0 and >= 0")
        if not 0 <= self.averaging < 1:
            raise ValueError(f"averaging = {self.averaging}: at least 0, below 1")


RESUME = "resume.pt"
INPUT_THREADS, BATCHES_AHEAD = 1, 2  # that gather batches, and how many of these wait for their turn


class Diverged(RunError):
    """The loss became NaN or infinite."""


def fit(
    config: TrainingConfig,
    train: list[Prepared],
    validation: list[Prepared],
    folder: Path,
    device: torch.device | None = None,
    progress: bool = True,
    on_epoch: Callable[[dict], None] | None = None,
    trainer: Callable[..., "Trainer"] | None = None,
) -> Run:
    """Train until early stopping or the last epoch; return the finished run in `folder`.

    `on_epoch(row)` is called with the row of metrics.csv after each epoch, once its files are written; an exception that it raises
    ends the training, which can be resumed. `trainer` makes another kind of `Trainer` from the same arguments, with another
    schedule or other segments.

    A finished run of the same configuration and data is returned as it is; an interrupted one is resumed after its last epoch; a
    finished run of another configuration, or one that is damaged, is moved to `<folder>.previous`, `.previous-2` and so on. A run
    without weights, as a repository has them, counts as not trained: its folder is used again. Raises ValueError if a split is
    empty, PreparedError if prepared data are damaged, Diverged if the loss becomes NaN or infinite.
    """
    folder, device = Path(folder), device or best_device()
    _check_splits(config, train, validation)
    if run := finished_run(config, train, validation, folder):
        return run
    for corpora, split in ((train, "train"), (validation, config.validation_split)):
        for corpus in corpora:
            corpus.check(split)
    config = dataclasses.replace(config, precision=resolve_precision(config.precision, device))
    record = {
        **_identity(config, train, validation),
        "libraries": library_versions(),
        "code": code_hash(),
        "machine": {"device": device.type, "threads": torch.get_num_threads()},
    }
    run = (trainer or Trainer)(config, train, validation, folder, device, record)
    run.train(progress, on_epoch or (lambda row: None))
    return Run(folder)


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the code that a run depends on, from reading the corpora on; without test scores, tables and figures."""
    return code_state(open_corpus, prepare, fit)


def finished_run(config: TrainingConfig, train: list[Prepared], validation: list[Prepared], folder: Path) -> Run | None:
    """The finished run of this configuration and data in `folder`, or None; another finished run there is moved aside.

    If the precision is "auto", a run that another machine trained in another precision is accepted as well.
    """
    if not (folder / CONFIG).is_file():
        if (folder / WEIGHTS).is_file() and not (folder / RESUME).is_file():
            _set_aside(folder, f"{folder} has weights and no {CONFIG}, which says what they are of")
        return None
    run, wanted = Run(folder), _identity(config, train, validation)
    stored = run.record
    if "result" not in stored or not (folder / WEIGHTS).is_file():
        return None
    if config.precision == "auto":
        wanted["config"]["precision"] = stored["config"].get("precision")
    if any(stored.get(key) != wanted[key] for key in wanted):
        return _set_aside(folder, f"{folder} was of another configuration or data")
    for name in (WEIGHTS, METRICS):
        if why := run.damage_of(name):
            return _set_aside(folder, f"{folder / name} is damaged ({why}), and the run is trained again")
    (folder / RESUME).unlink(missing_ok=True)  # left by a process that was killed when it had finished
    if stored.get("code") != code_hash():
        warnings.warn(f"{folder} was trained by other code of adtlib: delete it to train it again", stacklevel=3)
    return run


def _set_aside(folder: Path, why: str) -> None:
    previous = move_aside(folder)
    warnings.warn(f"{why}: kept as {previous.name}", stacklevel=4)


def _identity(config: TrainingConfig, train: list[Prepared], validation: list[Prepared]) -> dict:
    """What identifies a run, as stored in config.json: `config` and `data`."""
    return {
        "config": json.loads(json.dumps(dataclasses.asdict(config))),
        "data": {corpus.corpus_name: _completeness(corpus, config) for corpus in [*train, *validation]},
    }


def _check_splits(config: TrainingConfig, train: list[Prepared], validation: list[Prepared]) -> None:
    for corpora, split in ((train, "train"), (validation, config.validation_split)):
        if not any(corpus.totals(split).n_units for corpus in corpora):
            names = ", ".join(corpus.corpus_name for corpus in corpora)
            raise ValueError(f"{names}: the {split} split is empty, no recordings were found; see 'adt corpora'")


def _completeness(corpus: Prepared, config: TrainingConfig) -> dict:
    splits = ("train", config.validation_split)
    return {
        "fingerprint": corpus.fingerprint,
        "miniature": corpus.miniature,
        "unit": corpus.unit,
        "units": {split: corpus.totals(split).n_units for split in splits},
        "hours": {split: round(corpus.totals(split).hours, 4) for split in splits},
        "missing": {split: corpus.missing(split) for split in splits},
    }


@dataclass
class Schedule:
    """Early stopping and learning rate; both depend on the number of epochs since the lowest validation loss (thesis 5.3)."""

    patience: int
    lr_patience: int
    lowest_loss: float = float("inf")
    stale: int = 0  # epochs since the lowest loss

    def lowers_rate(self, val_loss: float) -> bool:
        """Record an epoch; return whether to lower the learning rate after it."""
        if val_loss < self.lowest_loss:
            self.lowest_loss, self.stale = val_loss, 0
            return False
        self.stale += 1
        return self.stale % self.lr_patience == 0

    @property
    def stops(self) -> bool:
        """Whether training is to stop."""
        return self.stale >= self.patience


class Trainer:
    """A run in progress.

    `evaluated_model` is the model that is validated and kept: the trained one itself or, with `averaging`, the exponential moving
    average of its weights (Polyak and Juditsky 1992). A step of few segments moves weights so far that one epoch's validation loss
    lies above the last one's by chance; of averaged weights it falls as long as the model learns.
    """

    def __init__(self, config, train, validation, folder, device, record):
        self.config, self.folder, self.device, self.record = config, folder, device, record
        torch.manual_seed(config.seed)
        scale = standardizer(train)
        self.model = assemble(record["config"], scale.mean, scale.std).to(device)
        self.segments = Segments(train, "train")
        self.crops = Crops(self.segments.source)
        self.validation_units = [u for corpus in validation for u in corpus.units(config.validation_split)]
        totals = [corpus.totals("train") for corpus in train]
        counts = np.sum([t.onset_counts for t in totals], axis=0)
        self.weights = torch.tensor(infrequency_weights(counts, sum(t.n_frames for t in totals)), dtype=torch.float32)
        self.optimizer = make_optimizer(self.model, config.learning_rate, config.weight_decay)
        self.evaluated_model: nn.Module = self.model
        if config.averaging:
            self.evaluated_model = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.history: list[dict] = []
        self.best = {"epoch": 0, "f1": -1.0, "loss": float("inf"), "weights": ""}  # of the checkpoint kept, and its checksum
        self.schedule = Schedule(config.patience, config.lr_patience)

    def train(self, progress: bool, on_epoch: Callable[[dict], None]) -> None:
        """Train until the schedule stops or the last epoch, resuming an interrupted run; see `fit`."""
        config = self.config
        if not self._resume():
            for name in (SCORES, METRICS, WEIGHTS):  # of an earlier run
                (self.folder / name).unlink(missing_ok=True)
            write_record(self.folder, self.record)
        elif not (self.folder / CONFIG).is_file():
            write_record(self.folder, self.record)  # it was lost: the state is of this configuration, or it would not be resumed
        label = f"{config.architecture} on {' + '.join(config.train)}, seed {config.seed}"
        done = len(self.history)
        with tqdm(total=config.epochs, initial=done, desc=label, unit="epoch", disable=not progress) as bar:
            while not self._is_done():
                row = self._epoch(len(self.history) + 1)
                on_epoch(row)
                bar.set_postfix(loss=f"{row['train_loss']:.3f}", val_loss=f"{row['val_loss']:.3f}", f1=f"{row['val_f1_micro']:.3f}")
                bar.update()
        self._finish()

    def _is_done(self) -> bool:
        done = len(self.history)
        if self.config.past_best and done == self.best["epoch"]:
            return False
        return done >= self.config.epochs or self.schedule.stops

    def _epoch(self, number: int) -> dict:
        """Train and validate one epoch; save its metrics, the checkpoint if it is the best, and the state to resume from."""
        started = time.perf_counter()
        rate = self.optimizer.param_groups[0]["lr"]
        train_loss = self._train_epoch(number)
        counts, val_loss = evaluate(self.evaluated_model, self.validation_units, self.config, self.weights)
        if not np.isfinite(train_loss) or not np.isfinite(val_loss):
            raise Diverged(
                f"{self.folder}: the loss is {train_loss} in epoch {number}: training diverged; lower the learning rate "
                f"({self.config.learning_rate})"
            )
        found = scores(counts)
        row = {"epoch": number, "learning_rate": rate, "train_loss": train_loss, "val_loss": val_loss}
        row |= {f"val_{key}": value for key, value in found.items() if key.startswith("f1_")}
        row |= self.extra_scores()
        row["seconds"] = time.perf_counter() - started
        self.history.append(row)
        self._adjust_rate(val_loss)
        f1 = self.selection_score(row)
        if (f1, -val_loss) > (self.best["f1"], -self.best["loss"]):
            saved = save_weights(self.evaluated_model, self.folder / WEIGHTS)
            self.best = {"epoch": number, "f1": f1, "loss": val_loss, "weights": saved}
        self._check_weights()
        write_atomically(self.folder / METRICS, pd.DataFrame(self.history).to_csv(index=False).encode())
        self._save_state()
        return row

    def _train_epoch(self, number: int) -> float:
        config = self.config
        torch.manual_seed(config.seed * 1_000_003 + number)
        order = self._order(config.seed * 1_000_003 + number)
        batches = enumerate(in_batches(order, config.batch_size))
        self.model.train()
        weights = self.weights.to(self.device)
        total, steps = 0.0, math.ceil(len(order) / config.batch_size)
        for step, (features, targets) in enumerate(self.input(partial(self._batch, number), batches)):
            features = features.to(self.device, non_blocking=True)  # (B, 400, 84)
            targets = targets.to(self.device, non_blocking=True)  # (B, 400, 5)
            total += self._step(features, targets, weights) * len(features)
            self._average((number - 1) * steps + step)
        return float(total) / len(order)

    def _order(self, seed: int) -> np.ndarray:
        """The segments of an epoch."""
        wanted = self.config.segments_per_epoch
        order = self.segments.order(seed, self.config.balance)
        while len(order) < wanted:
            seed += 500_009  # another order than that of any epoch before
            order = np.concatenate([order, self.segments.order(seed, self.config.balance)])
        return order[: wanted or None]

    def _batch(self, epoch: int, batch: tuple[int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Features and targets of a batch, by its number and its segments; it depends on these, the seed and the epoch alone."""
        number, indices = batch
        features, targets = self.segments.batch(indices)
        if self.config.augmentation is not None:
            rng = np.random.default_rng([self.config.seed, epoch, number])
            features = augment(features, self.crops.extra(len(indices), rng), self.config.augmentation, rng)
        return features, targets

    def input(self, make: Callable, items: Iterable, workers: int = INPUT_THREADS) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """What `make` gives of each item, in order, made in threads ahead of the training steps; pinned for a GPU."""

        def load(item) -> tuple[torch.Tensor, ...]:
            tensors = tuple(map(torch.from_numpy, make(item)))
            return tuple(tensor.pin_memory() for tensor in tensors) if self.device.type == "cuda" else tensors

        with ThreadPoolExecutor(workers, "input") as pool:
            yield from in_order(pool, load, items, workers + BATCHES_AHEAD)

    def _step(self, features: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """One step of the optimiser on a batch; return the loss, a scalar on the device."""
        config = self.config
        return train_step(self.model, self.optimizer, features, targets, weights, config.precision, config.clip_norm)

    @torch.no_grad()
    def _average(self, done: int) -> None:
        """Update the moving average after step `done`.

        A fixed decay would hold on to the first weights for long. So in the beginning a step's share grows in proportion to its
        number (as in the power-function averages of Karras et al. 2024): what is averaged is on average a third of the steps old,
        until the decay asked for is reached.
        """
        if self.evaluated_model is self.model:
            return
        keep = min(self.config.averaging, (1 + done) / (3 + done))
        for average, current in zip(self.evaluated_model.state_dict().values(), self.model.state_dict().values(), strict=True):
            if average.dtype.is_floating_point:
                average.lerp_(current, 1 - keep)
            else:
                average.copy_(current)

    def extra_scores(self) -> dict[str, float]:
        """Columns of metrics.csv beyond those of the validation split."""
        return {}

    def selection_score(self, row: dict) -> float:
        """The score by which the best checkpoint is selected, from its row of metrics.csv: validation micro F1."""
        return 0.0 if np.isnan(row["val_f1_micro"]) else row["val_f1_micro"]

    def _adjust_rate(self, val_loss: float) -> None:
        if self.schedule.lowers_rate(val_loss):
            for group in self.optimizer.param_groups:
                group["lr"] /= self.config.lr_divisor

    def _save_state(self) -> None:
        state = {
            "config": json.dumps(self.record["config"], sort_keys=True),
            "data": json.dumps(self.record["data"], sort_keys=True),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history,
            "best": self.best,
            "lowest_loss": self.schedule.lowest_loss,
            "stale": self.schedule.stale,
            "extra": {"average": self.evaluated_model.state_dict()} if self.config.averaging else {},
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(self.folder / RESUME, buffer.getvalue())

    def _check_weights(self) -> None:
        """RunError if the weights of the best epoch were lost; nothing is resumed then."""
        path, noted = self.folder / WEIGHTS, self.best.get("weights")
        found = file_checksum(path) if path.is_file() else None
        if found is None or found != (noted or found):
            (self.folder / RESUME).unlink(missing_ok=True)
            what = "is missing" if found is None else "is not as it was written"
            raise RunError(f"{path} {what}, with the weights of epoch {self.best['epoch']}: run it again, and it is trained anew")

    def _resume(self) -> bool:
        """Load the state of an interrupted run of the same configuration and data; return whether there was one."""
        path = self.folder / RESUME
        if not path.is_file():
            if (self.folder / METRICS).is_file() and (self.folder / CONFIG).is_file() and "result" not in Run(self.folder).record:
                warnings.warn(f"{path} is missing: the run is trained from the start", stacklevel=5)
            return False
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except Exception as error:  # torch raises many kinds for a damaged file
            raise RunError(
                f"{path} is damaged ({type(error).__name__}): delete {self.folder} to train it from the start"
            ) from error
        stored = {key: json.loads(state.get(key, "{}")) for key in ("config", "data")}
        same = with_later_options(stored["config"]) == self.record["config"] and stored["data"] == self.record["data"]
        if not same:
            path.unlink()  # an unfinished run of another configuration: it cannot be resumed
            return False
        if not (self.folder / WEIGHTS).is_file():
            warnings.warn(f"{self.folder / WEIGHTS} is missing: the run is trained from the start", stacklevel=5)
            path.unlink()
            return False
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.config.averaging:
                self.evaluated_model.load_state_dict(state["extra"]["average"])
        except (RuntimeError, ValueError) as error:
            raise RunError(f"{path} does not fit its configuration: delete {self.folder} to train it from the start") from error
        self.history, self.best = state["history"], state["best"]
        self.schedule.lowest_loss, self.schedule.stale = state["lowest_loss"], state["stale"]
        return True

    def _finish(self) -> None:
        self._check_weights()
        load_weights(self.folder, self.record["config"])  # readable, before the state to resume from is deleted
        best = self.history[self.best["epoch"] - 1]
        self.record["result"] = {
            "epochs": len(self.history),
            "best_epoch": self.best["epoch"],
            "seconds": round(sum(row["seconds"] for row in self.history), 2),
            "n_parameters": count_parameters(self.model),
            "val_loss": best["val_loss"],
            "val_f1_micro": best["val_f1_micro"],
        }
        note_files(self.folder, self.record, WEIGHTS, METRICS)
        (self.folder / RESUME).unlink(missing_ok=True)
