"""Training time and inference speed: measured, so different on every machine and in every run.

The times compare architectures; they do not predict the cost of a study elsewhere. The training time is that of the fastest seed,
measured while runs were trained in parallel (`training.parallel`); inference is timed here, alone, with torch's default number of
threads. Other programs only make a time longer, so the minimum of several measurements counts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from adtlib.audio.features import FPS, N_BANDS
from adtlib.models.prediction import best_device, predict
from adtlib.models.registry import assemble
from adtlib.profiles import Profile
from adtlib.studies.architecture_tables import study_runs

SECONDS = 30.0  # of music, predicted at once
ROUNDS = 5
STEADY = 1.5  # ratio of slowest to fastest round above which a time is called unsteady


@dataclass(frozen=True)
class Speed:
    """Seconds of music processed in one second, and the ratio of the slowest to the fastest round."""

    times_real_time: float
    spread: float


def inference_speeds(configs: Sequence[dict], seconds: float = SECONDS, rounds: int = ROUNDS) -> list[Speed]:
    """Inference speed of networks. After a warm-up each round times every network once; the fastest round counts.

    configs  of runs: architecture, hyperparameters, precision. Weights are random, as they do not affect speed. The time covers
             features to activations, overlapping windows included; reading the file, features and peak picking are excluded.

    Networks are timed in turn, so that a temporary load of the machine affects all of them.
    """
    models = [assemble(config).to(best_device()) for config in configs]
    features = np.random.default_rng(0).random((round(seconds * FPS), N_BANDS), dtype=np.float32)
    taken = np.empty((rounds + 1, len(models)))
    for row in taken:
        for index, (model, config) in enumerate(zip(models, configs, strict=True)):
            started = time.perf_counter()
            predict(model, features, precision=config.get("precision", "auto"))
            row[index] = time.perf_counter() - started
    fastest, slowest = taken[1:].min(axis=0), taken[1:].max(axis=0)
    return [Speed(float(seconds / fast), float(slow / fast)) for fast, slow in zip(fastest, slowest, strict=True)]


def cost_table(profile: Profile, scores: pd.DataFrame) -> pd.DataFrame:
    """Cost and score of each cell of the architecture study; times are measured on this machine.

    scores  `architecture_table`.

    Columns: architecture, corpus, n_parameters, epochs (mean over seeds), training_seconds (minimum over seeds),
    times_real_time and spread (of inference: fastest round, slowest over fastest), f1_micro (mean over seeds), threads (of
    inference).
    """
    means = scores.groupby(["architecture", "corpus"])["f1_micro"].mean()
    cells = {}
    for key, runs in study_runs(profile).items():
        config = runs[0].config
        cells[key] = runs, f"{config['architecture']} {config['hyperparameters']} {config['precision']}"
    networks = {network: runs[0].config for runs, network in cells.values()}
    speeds = dict(zip(networks, inference_speeds(list(networks.values())), strict=True))
    rows = []
    for (architecture, corpus), (runs, network) in cells.items():
        results, speed = [run.result for run in runs], speeds[network]
        row = {"architecture": architecture, "corpus": corpus, "n_parameters": int(results[0]["n_parameters"])}
        row |= {"epochs": float(np.mean([result["epochs"] for result in results]))}
        row |= {"training_seconds": float(min(result["seconds"] for result in results))}
        row |= {"times_real_time": speed.times_real_time, "spread": speed.spread}
        rows.append(row | {"f1_micro": means.get((architecture, corpus), np.nan)})
    return pd.DataFrame(rows).assign(threads=torch.get_num_threads())


def unsteadiness(cost: pd.DataFrame) -> str:
    """A sentence on the networks whose slowest round took more than `STEADY` times the fastest; "" if there are none.

    cost  of `cost_table`.
    """
    worst = cost.groupby("architecture", sort=False)["spread"].max()
    worst = worst[worst > STEADY]
    if worst.empty:
        return ""
    (name, spread), *others = worst.items()
    more = "".join(f", {more:.1f} times ({other})" for other, more in others)
    return f"The machine was busy: the slowest round took {spread:.1f} times as long as the fastest ({name}){more}."
