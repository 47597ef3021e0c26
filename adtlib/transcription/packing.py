"""Packing runs into one file; `adtlib.transcription.pretrained` describes the format."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from adtlib.models.engines import KINDS_PART
from adtlib.models.ensemble import AVERAGES
from adtlib.models.kinds import KindsHead
from adtlib.onsets.peak_picking import with_thresholds
from adtlib.training.runs import Run
from adtlib.transcription.pretrained import FORMAT, KEY, MOST_REPETITION, MOST_RESTS, ModelError, checksum_of, load_model, member_of

LARGEST = 5_000_000  # bytes of a file: it is part of the package
_SMALL = 1024  # tensors below this many numbers (biases, statistics) stay float32 in a float16 file


def pack(
    runs: Sequence[Path | Sequence[Path]],
    thresholds: float | Sequence[float] | Mapping[str, float],
    name: str,
    about: str = "",
    licence: str = "",
    chosen_on: str = "",
    average: str = "logits",
    half: bool = False,
    double: int = 0,
    repetition: float = 0.0,
    rests: float = 0.0,
) -> bytes:
    """The file of one run, or of several as an ensemble.

    runs        their folders; all must use the same version of the features; peak picking is that of the first. Where several stand
                for one, the member has the mean of their weights: a run that was tuned on other data and the one that it started
                from are often better so than either (Wortsman et al. 2022). Configuration and history are those of the first.
    thresholds  as `with_thresholds` takes them.
    half        store weights as float16, which halves the file; small tensors stay float32.
    double      frames within which the weaker of two onsets is dropped, as in `PeakPicking`.
    repetition  weight of other bars, 0 to 1, as in `repetition.with_repetition`.
    rests       clear onsets a second that drums make, 0 to 5, as in `rests.with_rests`.

    Raises ModelError where the runs use different features, weights to be averaged differ in shape, some exceed the range of
    float16, or the file exceeds 5 MB.
    """
    if average not in AVERAGES:
        raise ModelError(f"average = {average!r}: choose one of {', '.join(AVERAGES)}")
    for key, value, most in (("repetition", repetition, MOST_REPETITION), ("rests", rests, MOST_RESTS)):
        if not 0 <= value <= most:
            raise ModelError(f"{key} = {value:g}: it must lie in 0 to {most:g}")
    tensors, configs, pickings, histories = {}, [], [], []
    for number, given in enumerate(runs):
        folder, *others = [given] if isinstance(given, str | Path) else given
        run = Run(Path(folder))
        config = run.config
        for key, value in _mean_weights(run, [Run(Path(other)) for other in others]).items():
            tensors[f"{number}.{key}"] = _stored(value.contiguous(), half, f"{folder}: {key}")
        pickings.append(run.peak_picking)
        configs.append(config)
        histories.append(_history(Path(folder)))
    if not configs:
        raise ModelError("no run was given: name the folder of at least one")
    versions = {config.get("features", "madmom") for config in configs}
    if len(versions) > 1:
        raise ModelError(f"runs on features of versions {', '.join(sorted(versions))}: an ensemble needs one")
    picking = replace(with_thresholds(pickings[0], thresholds), double=double)
    header = {
        "format": FORMAT,
        "name": name,
        "date": date.today().isoformat(),
        "about": about,
        "licence": licence,
        "members": [member_of(config) for config in configs],
        "average": average,
        "features": versions.pop(),
        "peak_picking": asdict(picking),
        **({"repetition": repetition} if repetition else {}),
        **({"rests": rests} if rests else {}),
        "chosen_on": chosen_on,
        "history": histories,
        "checksum": checksum_of(tensors),
    }
    return _content(tensors, header, "" if half else "; float16 (--half) takes half of it")


def with_kinds(path: Path, head: KindsHead, confidences: Mapping[str, float | None], chosen_on: str) -> bytes:
    """A packed model's file with a head for kinds of strokes, in place of one that it may have. The rest stays as it is.

    confidences  from which on each kind is believed;  chosen_on  the data that they were chosen on.

    Raises ModelError for a file that cannot be loaded, and one that exceeds 5 MB.
    """
    header = load_model(path).about
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (a file is not a dictionary)
    tensors = {key: value for key, value in tensors.items() if not key.startswith(f"{KINDS_PART}.")}
    tensors |= {f"{KINDS_PART}.{key}": _stored(value.contiguous(), True, key) for key, value in head.state_dict().items()}
    stated = {"hidden_size": head.hidden_size, "width": head.width, "confidences": dict(confidences), "chosen_on": chosen_on}
    return _content(tensors, header | {"kinds": stated, "checksum": checksum_of(tensors)})


def _content(tensors: Mapping[str, Tensor], header: Mapping, more: str = "") -> bytes:
    content = save(dict(tensors), metadata={KEY: json.dumps(header)})
    if len(content) > LARGEST:
        raise ModelError(
            f"{header['name']}: {len(content) / 1e6:.1f} MB, more than {LARGEST / 1e6:g}: pack fewer or smaller runs{more}"
        )
    return content


def _mean_weights(run: Run, others: Sequence[Run]) -> dict[str, Tensor]:
    """The mean of the weights of runs, of integers (there are none but counts) those of the first."""
    total, *rest = [each.model().state_dict() for each in (run, *others)]
    for other, state in zip(others, rest, strict=True):
        if {key: value.shape for key, value in state.items()} != {key: value.shape for key, value in total.items()}:
            raise ModelError(f"{other.folder} has another network than {run.folder}: average weights of one architecture only")
    return {
        key: torch.stack([value, *(state[key] for state in rest)]).mean(dim=0) if rest and value.is_floating_point() else value
        for key, value in total.items()
    }


def _history(folder: Path) -> dict | None:
    """The columns of a run's history.csv, which training on rendered clips writes; None without one."""
    if not (folder / "history.csv").is_file():
        return None
    with open(folder / "history.csv", newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file))
    try:
        return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else ())}
    except (TypeError, ValueError) as error:
        raise ModelError(f"{folder / 'history.csv'} holds what is not a number ({error}): run 'adt train' again") from error


def _stored(value: Tensor, half: bool, what: str) -> Tensor:
    if not half or not value.is_floating_point() or value.numel() < _SMALL:
        return value
    if not torch.isfinite(value.half()).all():
        raise ModelError(f"{what} has values outside the range of float16: pack it as float32")
    return value.half()
