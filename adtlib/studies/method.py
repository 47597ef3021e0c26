"""The method of chapter 5 as tables: protocol, weights, the loss step by step, the schedule, the score of a perfect model.

Every value is taken from the code that uses it.
"""

import numpy as np
import pandas as pd
import torch
from scipy.special import expit, logit
from torch.nn import functional

from adtlib.audio import features
from adtlib.corpora.store import Prepared, standardizer
from adtlib.evaluation.metrics import count_matches, scores
from adtlib.models.loss import frame_weights, infrequency_weights, weighted_bce
from adtlib.models.registry import ARCHITECTURES, build, count_parameters
from adtlib.onsets.frames import SEGMENT_FRAMES, Onsets, frame_targets, widen_targets
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.profiles import Profile
from adtlib.training.trainer import Schedule, TrainingConfig
from adtlib.vocabulary import CLASSES


def protocol_table(profile: Profile) -> pd.DataFrame:
    """Every choice of the method: step, choice, draft, finished_thesis, here (this profile)."""
    config = TrainingConfig("CRNN", ("Slakh",))
    peaks, distance = profile.peaks, "last + w" if not profile.peaks.strict_wait else "last + w + 1"
    same, unstated = "the same", "not stated"
    rate = f"{features.SAMPLE_RATE / 1000:g} kHz, mono"
    frames = f"Hann {features.FRAME_SIZE:,}, hop {features.HOP_LENGTH} ({features.FPS:g} frames/s)"
    clip = f"norm {config.clip_norm:g}"
    searched = "searched" if profile.searches else "published" if profile.search == "published" else ""
    rows = [
        ("features", "audio", unstated, "44.1 kHz, mono", rate),
        ("features", "STFT", "squared magnitude", "Hann 2,048, hop 441 (100 frames/s), magnitude", f"{frames}, magnitude"),
        (
            "features",
            "filterbank",
            unstated,
            "84 bands, 12 an octave, 20 Hz to 20 kHz, own code",
            f"{features.N_BANDS} bands, {profile.features}",
        ),
        ("features", "compression", unstated, "log10(x + 1)", "log10(x + 1)"),
        ("features", "standardising", "normalisation", "mean and deviation of the training data, one scalar each", same),
        ("targets", "frame of an onset", unstated, "round(100 t)", f"round({features.FPS:g} t)"),
        ("targets", "widening", "yes", "0.5 on both neighbours", "0.5 on both neighbours"),
        ("targets", "sequence", unstated, "400 frames", f"{SEGMENT_FRAMES} frames"),
        ("loss", "function", "BCE with logits", "BCE with logits, frames weighted", "BCE with logits, frames weighted"),
        ("loss", "infrequency weights", "yes", "1 / entropy of each class, summed over the onsets of a frame", same),
        ("training", "optimiser", unstated, "AdamW", "AdamW"),
        ("training", "batch", unstated, "128", f"{profile.batch_size}"),
        ("training", "learning rate", "searched", "log-uniform 1e-4 to 5e-3", searched or f"{profile.learning_rate:g}"),
        ("training", "weight decay", "searched", "log-uniform 1e-6 to 1e-2", searched or f"{profile.weight_decay:g}"),
        ("training", "gradient clipping", unstated, "norm 2", clip),
        ("training", "epochs at most", "100", "100", f"{profile.epochs}"),
        ("training", "early stopping", "10 epochs", "15 epochs", f"{profile.patience} epochs"),
        ("training", "learning rate ÷ 5", "after 3 epochs", "after 5 epochs", f"after {profile.lr_patience} epochs"),
        ("training", "search", "random or grid, FIFO", "Bayesian, 15 trials (25 on ENST+MDB)", _search_in_words(profile)),
        ("training", "selection", "best validation micro F1", same, same),
        (
            "peak picking",
            "m, a, w",
            "2, 2, 2 frames",
            "2, 2, 2 frames",
            f"{peaks.max_window}, {peaks.mean_window}, {peaks.wait} frames",
        ),
        ("peak picking", "delta", "0.1", "0.1", f"{peaks.delta:g}"),
        (
            "peak picking",
            "threshold",
            "none",
            "0.5 (text: ≥, code: >)",
            f"{peaks.threshold} ({'>' if peaks.strict_threshold else '≥'})",
        ),
        ("peak picking", "distance", "n ≥ last + w", "text: n ≥ last + w, code: n > last + w", f"n ≥ {distance}"),
        ("scoring", "tolerance", "25 to 50 ms", "50 ms", f"{profile.tolerance * 1000:g} ms"),
        ("scoring", "truth", unstated, "quantised targets, cut into sequences", "annotation times, whole tracks"),
        ("scoring", "headline", "micro F1", "micro F1", "micro F1"),
        ("scoring", "class absent everywhere", unstated, "F1 = 1", "left out of the mean"),
    ]
    return pd.DataFrame(rows, columns=["step", "choice", "draft", "finished_thesis", "here"])


def _search_in_words(profile: Profile) -> str:
    if profile.search == "published":
        return "none: the published hyperparameters"
    if not profile.searches:
        return "none: one configuration"
    trials = "all combinations" if profile.search == "grid" else f"{profile.trials} trials ({profile.trials_enst_mdb} on ENST+MDB)"
    return f"{profile.search}, {profile.search_space} spaces, {trials}"


def parameter_table(profile: Profile) -> pd.DataFrame:
    """Size of each architecture as the profile builds it: architecture, hyperparameters, parameters."""
    rows = []
    for name in ARCHITECTURES:
        chosen = profile.hyperparameters_of(name)
        text = ", ".join(f"{key} {value}" for key, value in chosen.items()) or "defaults"
        rows.append([name, text, count_parameters(build(name, **chosen))])
    return pd.DataFrame(rows, columns=["architecture", "hyperparameters", "parameters"])


def weight_table(prepared: dict[str, Prepared]) -> pd.DataFrame:
    """Frequency and weight of each class in training data: corpus, class, onsets, frames, p, weight; where there are any."""
    rows = []
    for name, corpus in prepared.items():
        totals = corpus.totals("train")
        if totals.n_frames:
            weights = infrequency_weights(totals.onset_counts, totals.n_frames)
            for label, count, weight in zip(CLASSES, totals.onset_counts, weights, strict=True):
                rows.append([name, label, count, totals.n_frames, count / totals.n_frames, float(weight)])
    return pd.DataFrame(rows, columns=["corpus", "class", "onsets", "frames", "p", "weight"])


def standardising_table(prepared: dict[str, Prepared]) -> pd.DataFrame:
    """Mean and standard deviation by which features are standardised: corpus, mean, std; for corpora with training data."""
    rows = []
    for name, corpus in prepared.items():
        if corpus.totals("train").n_frames:
            scale = standardizer([corpus])
            rows.append([name, scale.mean, scale.std])
    return pd.DataFrame(rows, columns=["corpus", "mean", "std"])


def loss_table(logits: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> tuple[pd.DataFrame, float]:
    """The loss of a few frames, step by step: (a row for each frame, the loss as in training).

    logits, targets  `(T, 5)`;  weights  `(5,)`.

    Columns: frame, target (of classes with a target above 0), activation (of classes with at least 0.1), bce (summed over
    classes), weight, loss (their product). The second value is the mean of the losses.
    """
    y, x = (torch.tensor(np.asarray(array), dtype=torch.float32)[None] for array in (targets, logits))
    w = torch.tensor(np.asarray(weights), dtype=torch.float32)
    bce = functional.binary_cross_entropy_with_logits(x, y, reduction="none").sum(dim=-1)[0].numpy()  # (T,)
    frame = frame_weights(y, w)[0].numpy()  # (T,)
    rows = []
    for index, (target, activation) in enumerate(zip(targets, expit(np.asarray(logits)), strict=True)):
        target_text = ", ".join(f"{name} {value:g}" for name, value in zip(CLASSES, target, strict=True) if value) or "–"
        found = ", ".join(f"{name} {value:.2f}" for name, value in zip(CLASSES, activation, strict=True) if value >= 0.1) or "–"
        rows.append([index, target_text, found, float(bce[index]), float(frame[index]), float(bce[index] * frame[index])])
    table = pd.DataFrame(rows, columns=["frame", "target", "activation", "bce", "weight", "loss"])
    return table, float(weighted_bce(x, y, w))


def schedule_table(val_losses, profile: Profile) -> pd.DataFrame:
    """The schedule for given validation losses: epoch, val_loss, lowest, stale, learning_rate, stops.

    The rule is that of training. Rows end where training would stop.
    """
    schedule, rate = Schedule(profile.patience, profile.lr_patience), profile.learning_rate
    rows = []
    for epoch, loss in enumerate(val_losses, start=1):
        lowers = schedule.lowers_rate(float(loss))
        rows.append([epoch, float(loss), schedule.lowest_loss, schedule.stale, rate, schedule.stops])
        if schedule.stops:
            break
        rate /= TrainingConfig.lr_divisor if lowers else 1
    return pd.DataFrame(rows, columns=["epoch", "val_loss", "lowest", "stale", "learning_rate", "stops"])


def example_losses(n_epochs: int = 60, seed: int = 0) -> np.ndarray:
    """Made-up validation losses of a typical training: a fast fall, a plateau with noise, a slow rise."""
    epoch = np.arange(n_epochs)
    noise = np.random.default_rng(seed).normal(0, 0.006, n_epochs)
    return 0.28 + 0.5 * np.exp(-epoch / 5) + 0.0035 * np.maximum(epoch - 22, 0) + noise


def example_activations(targets: np.ndarray, seed: int = 0, noise: float = 0.9) -> np.ndarray:
    """Made-up activations of an imperfect model, computed from widened targets: `(T, 5)` float32 in [0, 1].

    Onsets get heights between certain and missed, other frames a low floor with occasional false bumps. No model is involved.
    """
    rng = np.random.default_rng(seed)
    height = np.where(targets == 1, rng.normal(1.3, 1.4, targets.shape), 0.0)
    score = -4.2 + rng.normal(0, noise, targets.shape) * 0.7
    score = np.where(targets == 1, height, score)
    beside = (targets > 0) & (targets < 1)
    score[beside] = rng.normal(-0.6, 0.9, beside.sum())
    bumps = rng.random(targets.shape) < 0.003
    score = np.where(bumps & (targets == 0), rng.normal(-0.2, 0.9, targets.shape), score)
    return expit(score).astype(np.float32)


def example_logits() -> tuple[np.ndarray, np.ndarray]:
    """Four frames for the worked example of the loss: (logits, targets), each `(4, 5)`.

    A confident kick with hi-hat, the neighbouring frame, silence, and a missed tom.
    """
    targets = np.array([[1, 0, 0, 1, 0], [0.5, 0, 0, 0.5, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], dtype=np.float32)
    activations = np.array(
        [[0.9, 0.02, 0.02, 0.8, 0.05], [0.4, 0.02, 0.02, 0.3, 0.05], [0.02, 0.02, 0.02, 0.05, 0.02], [0.02, 0.1, 0.15, 0.05, 0.02]]
    )
    return logit(activations).astype(np.float32), targets


def ceiling_table(prepared: dict[str, Prepared], peaks: PeakPicking, tolerance: float, limit: int = 2_000) -> pd.DataFrame:
    """Scores of a perfect model, by corpus: peaks are picked from the widened targets themselves.

    Columns: corpus, units, f1_micro, f1_micro_tight (tolerance of half a frame), lost (onsets not found again). Scores below 1 are
    due to frames and peak picking: strokes of one class less than w frames apart. At most `limit` units of a corpus, evenly spread.
    """
    rows = []
    for name, corpus in prepared.items():
        units = [unit for split in corpus.splits for unit in corpus.units(split)]
        if len(units) > limit:
            units = [units[index] for index in np.linspace(0, len(units) - 1, limit).astype(int)]
        if not units:
            continue
        pairs = [(unit.onsets, round_trip(unit.onsets, unit.n_frames, peaks)) for unit in units]
        wide = np.stack([count_matches(reference, estimate, tolerance) for reference, estimate in pairs])
        tight = np.stack([count_matches(reference, estimate, 0.5 / features.FPS) for reference, estimate in pairs])
        lost = int(wide[..., 2].sum())
        rows.append([name, len(units), scores(wide)["f1_micro"], scores(tight)["f1_micro"], lost])
    return pd.DataFrame(rows, columns=["corpus", "units", "f1_micro", "f1_micro_tight", "lost"])


def round_trip(onsets: Onsets, n_frames: int, peaks: PeakPicking) -> Onsets:
    """Onsets to widened targets and back by peak picking: the output of a perfect model."""
    return pick_peaks(widen_targets(frame_targets(onsets, n_frames)), peaks)
