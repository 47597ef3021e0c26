"""Long training on rendered clips: `fit` with another schedule, other segments and an averaged model.

Differences from the thesis's training: an epoch is a fixed number of random crops, augmented as they are read. The learning rate
rises for some steps and then falls along a cosine to a hundredth at the last epoch, so the length of training is fixed in advance.
The model that is validated and saved is the exponential moving average of the trained one (Polyak and Juditsky 1992). There is no
early stopping. The run is validated on rendered clips and on real recordings, if there are any; the checkpoint with the highest
mean micro F1 over these sets is kept.
"""

import hashlib
import math
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from adtlib.audio.features import FPS
from adtlib.corpora.store import Prepared, Unit
from adtlib.evaluation.metrics import scores
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.training.augmentation import Augmentation, augment
from adtlib.training.runs import Run
from adtlib.training.scoring import evaluate
from adtlib.training.segments import Crops, Gathering
from adtlib.training.trainer import Trainer, TrainingConfig, fit

_LOWEST_RATE = 0.01  # as a share of the highest


@dataclass(frozen=True)
class LongConfig(TrainingConfig):
    """A `TrainingConfig` whose epochs are of `segments_per_epoch` random crops; `epochs` is how long it trains."""

    epochs: int = 40
    batch_size: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    segments_per_epoch: int = 3_200
    segment_frames: int = SEGMENT_FRAMES  # of a crop
    warm_up: int = 300  # steps
    averaging: float = 0.999
    start_from: str = ""  # fingerprint of the initial weights; "" for random ones
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self):
        super().__post_init__()
        if self.segments_per_epoch < self.batch_size:
            raise ValueError(f"{self.segments_per_epoch} segments an epoch: fewer than the batch of {self.batch_size}")
        if self.segment_frames < 1:
            raise ValueError(f"segments of {self.segment_frames} frames: at least one")

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the optimiser in an epoch."""
        return self.segments_per_epoch // self.batch_size


def fit_long(
    config: LongConfig,
    rendered: Prepared,
    folder: Path,
    real: dict[str, list[Unit]] | None = None,
    progress: bool = True,
    start: nn.Module | None = None,
) -> Run:
    """Train on the rendered corpus; an interrupted run is resumed.

    real   units of real recordings, by the prefix of their columns in metrics.csv; used for validation only.
    start  a trained model, standardising included, with the initial weights; ValueError for another architecture or other
           hyperparameters.
    """
    if start is not None:
        config = replace(config, start_from=fingerprint(start))
    trainer = partial(LongTrainer, real=real or {}, start=start)
    return fit(config, [rendered], [rendered], folder, progress=progress, trainer=trainer)


def history(run: Run, start_from: Path | None = None) -> pd.DataFrame:
    """A row an epoch of a run, after those of the run that it started from: all training that its weights have had.

    Columns: stage (1, 2, ...), epoch of the stage, hours of audio seen in all stages, train_loss, and micro F1 of each
    validation set. `start_from` is the folder that `start` was loaded from.
    """
    metrics = run.metrics
    scores = [column for column in metrics if column.endswith("f1_micro")]
    config = run.config
    segments = config["segments_per_epoch"] // config["batch_size"] * config["batch_size"]
    rows = metrics[["epoch", "train_loss", *scores]].copy()
    frames = segments * config["segment_frames"]
    rows.insert(1, "hours", rows["epoch"] * frames / FPS / 3600)
    rows.insert(0, "stage", 1)
    if start_from is None:
        return rows
    # A run that was stopped before its last epoch has no history.csv yet.
    kept = start_from / "history.csv"
    before = pd.read_csv(kept) if kept.is_file() else history(Run(start_from))
    rows["stage"] += before["stage"].iloc[-1]
    rows["hours"] += before["hours"].iloc[-1]
    return pd.concat([before, rows], ignore_index=True)


def fingerprint(model: nn.Module) -> str:
    """A hash of the weights of a model, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        digest.update(name.encode() + values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


class LongTrainer(Trainer):
    """A long run in progress; `evaluated_model` is the moving average."""

    def __init__(self, config: LongConfig, train, validation, folder, device, record, real: dict[str, list[Unit]], start=None):
        super().__init__(config, train, validation, folder, device, record)
        if start is not None:
            try:
                self.model.load_state_dict(start.state_dict())
            except RuntimeError as error:
                wanted = f"{config.architecture} with {config.hyperparameters}"
                raise ValueError(f"the weights to start from do not fit a {wanted}: give the same hyperparameters") from error
        self.crops, self.real = Crops(Gathering(train, "train", config.segment_frames)), real
        self.evaluated_model.load_state_dict(self.model.state_dict())

    def _train_epoch(self, number: int) -> float:
        config = self.config
        seed = [config.seed, number]
        torch.manual_seed(config.seed * 1_000_003 + number)
        rng = np.random.default_rng(seed)
        self.model.train()
        weights, total = self.weights.to(self.device), 0.0
        # One thread: each batch goes on with the random numbers where the one before has stopped.
        batches = self.input(lambda _: self._crops(rng), range(config.steps_per_epoch), workers=1)
        for step, (features, targets) in enumerate(batches):
            features, targets = (each.to(self.device, non_blocking=True) for each in (features, targets))
            done = (number - 1) * config.steps_per_epoch + step
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(config, done)
            total += self._step(features, targets, weights)
            self._average(done)
        return float(total) / config.steps_per_epoch

    def _crops(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        config = self.config
        features, targets = self.crops.draw(self.crops.every, config.batch_size, rng)
        return augment(features, self.crops.extra(config.batch_size, rng), config.augmentation, rng), targets

    def _adjust_rate(self, val_loss: float) -> None:
        """Do nothing: neither the learning rate nor the end of training depends on the validation loss."""

    def extra_scores(self) -> dict[str, float]:
        """F1 scores on real recordings: a column for each set and score."""
        row = {}
        for name, units in self.real.items():
            counts, _ = evaluate(self.evaluated_model, units, self.config)
            row |= {f"{name}_{key}": value for key, value in scores(counts).items() if key.startswith("f1_")}
        return row

    def selection_score(self, row: dict) -> float:
        """Mean micro F1 of rendered and real validation."""
        found = [row["val_f1_micro"], *(row[f"{name}_f1_micro"] for name in self.real)]
        return float(np.mean(np.nan_to_num(found)))


def learning_rate(config: LongConfig, done: int) -> float:
    """Learning rate of step `done` (from 0): a linear rise, then a cosine down to a hundredth."""
    total = config.epochs * config.steps_per_epoch
    warm_up = min(config.warm_up, total // 10)
    if done < warm_up:
        return config.learning_rate * (done + 1) / warm_up
    share = (done - warm_up) / max(total - warm_up, 1)
    return config.learning_rate * (_LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * share)))
