"""How long training took and how fast a trained network transcribes: measured, so different on every machine and from run to run.

The times say which architecture is dear, not what a study costs elsewhere. Training times are those of the runs, side by side as
they were trained (`side_by_side`); inference is timed here, alone, on as many threads as torch uses.
"""

import time

import numpy as np
import pandas as pd
import torch

from adtlib.architecture_tables import study_runs
from adtlib.features import FPS, N_BANDS
from adtlib.params import Profile
from adtlib.prediction import best_device, predict
from adtlib.runs import assemble

SECONDS = 30.0  # of music, predicted at once
REPEATS = 3


def times_real_time(config: dict, seconds: float = SECONDS, repeats: int = REPEATS) -> float:
    """Seconds of music for which a network gives activations in one second; the fastest of `repeats`, after a first to warm up.

    config  of a run: architecture, hyperparameters, precision. Weights do not matter to speed: they are random. From features to
            activations, overlapping windows included; reading the file, features and peak picking are not.
    """
    model = assemble(config).to(best_device())
    features = np.random.default_rng(0).random((round(seconds * FPS), N_BANDS), dtype=np.float32)
    taken = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        predict(model, features, precision=config.get("precision", "auto"))
        taken.append(time.perf_counter() - started)
    return seconds / min(taken[1:])


def cost_table(profile: Profile, scores: pd.DataFrame) -> pd.DataFrame:
    """What each cell of the architecture study costs beside what it scores; times are measured on this machine.

    scores  `architecture_table`.

    Columns: architecture, corpus, n_parameters, epochs and training_seconds (means over seeds), times_real_time (of inference),
    f1_micro (mean over seeds), threads (of inference).
    """
    speeds: dict[str, float] = {}
    means = scores.groupby(["architecture", "corpus"])["f1_micro"].mean()
    rows = []
    for (architecture, corpus), runs in study_runs(profile).items():
        config, results = runs[0].config, [run.result for run in runs]
        key = f"{architecture} {config['hyperparameters']} {config['precision']}"
        if key not in speeds:
            speeds[key] = times_real_time(config)
        row = {"architecture": architecture, "corpus": corpus, "n_parameters": int(results[0]["n_parameters"])}
        row |= {"epochs": float(np.mean([result["epochs"] for result in results]))}
        row |= {"training_seconds": float(np.mean([result["seconds"] for result in results]))}
        rows.append(row | {"times_real_time": speeds[key], "f1_micro": means.get((architecture, corpus), np.nan)})
    return pd.DataFrame(rows).assign(threads=torch.get_num_threads())
