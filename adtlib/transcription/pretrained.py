"""Trained models, one file each: those shipped in `adtlib/weights/`, and those packed from runs.

A file is safetensors. Its tensors are the weights of one model or of several, an ensemble, each named `<member>.<parameter>`
with its standardising included; its header holds one entry, `adtlib`, with JSON:

    format        1
    name, date, about, licence   texts that describe the model
    members       architecture and hyperparameters of each member, and segment_frames, what it was trained on, if not 400
    average       what an ensemble averages: "logits" or "activations"
    features      version of the features (see `adtlib.audio.features`)
    peak_picking  parameters, with a threshold for each class
    repetition    only where it is not 0: the weight of other bars (see `adtlib.transcription.repetition`)
    rests         only where it is not 0: clear onsets a second that drums make (see `adtlib.transcription.rests`)
    chosen_on     the data that the thresholds were chosen on
    history       of each member, columns of numbers with a row an epoch; null if it was not trained on rendered clips
    checksum      of the weights, in files since version 0.2 (see `adtlib.provenance`)
    kinds         only with a head for kinds of strokes, whose tensors are named `kinds.<parameter>`: hidden_size, width,
                  confidences (from which on a kind is believed; null: never), chosen_on

`load_model` opens such a file by its path or the name of a shipped one, and the folders of runs as well. To pack runs:

    adt pack OUT.safetensors RUN... --choose-on standard real-songs --about "..."

torch computes any such file; onnxruntime one with its graph beside it, an ONNX file of the same name without weights
(`adtlib.transcription.onnx_export` writes it).
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open

from adtlib import paths
from adtlib.audio.features import VERSIONS
from adtlib.models import engines
from adtlib.models.engines import ENGINES, Engine, OnnxEngine
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.onsets.peak_picking import PeakPicking, thresholds_by_class, with_thresholds
from adtlib.provenance import checksum
from adtlib.transcription import extras
from adtlib.transcription.repetition import second_look
from adtlib.transcription.rests import with_rests
from adtlib.vocabulary import KINDS

if TYPE_CHECKING:
    from torch import nn

    from adtlib.models.kinds import KindsHead

FORMAT = 1
SUFFIX = ".safetensors"
DEFAULT = "adt"  # the shipped model that is used by default
KEY = "adtlib"  # of the entry in the header
MOST_REPETITION = 1.0  # weight of other bars
MOST_RESTS = 5.0  # clear onsets a second


class ModelError(ValueError):
    """A model cannot be used; the message names it and the remedy."""


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A model ready to transcribe.

    engine        what computes its network.
    build         makes in torch, in evaluation mode, the network that the engine computes.
    weights       as they are stored, by their names.
    peak_picking  with the thresholds chosen for this model.
    features      version of the features that it was trained on (see `adtlib.audio.features`).
    about         the header of the file: date, licence, members, ...; of a run only `members`.
    confidences   from which on each kind of stroke is believed; None: never. Those that are not listed need none. Without a head
                  for kinds None.
    repetition    weight of other bars in a second look at what the network heard (see `adtlib.transcription.repetition`).
    rests         clear onsets a second, fewer than which are music without drums (see `adtlib.transcription.rests`); 0: not asked.
    """

    name: str
    engine: Engine
    build: "Callable[[], nn.Module]"
    weights: Mapping[str, np.ndarray]
    peak_picking: PeakPicking
    features: str = "madmom"
    about: dict = field(default_factory=dict)
    confidences: Mapping[str, float | None] | None = None
    repetition: float = 0.0
    rests: float = 0.0

    @classmethod
    def of_network(cls, name: str, network: "nn.Module", *more) -> "Pretrained":
        """A model that torch computes; `more` from `peak_picking` on."""
        from adtlib.models.prediction import TorchEngine

        weights = {key: value.cpu().numpy() for key, value in network.state_dict().items()}
        return cls(name, TorchEngine(network), lambda: network, weights, *more)

    @property
    def network(self) -> "nn.Module":
        """The network in torch: `(B, T, 84)` features, not standardised, to logits `(B, T, 5)` of classes alone."""
        return self.hearing if self.confidences is None else self.hearing.without_kinds()

    @property
    def hearing(self) -> "nn.Module":
        """The network in torch with its head for kinds, to logits `(B, T, 5 + K)`; the network alone if it has none."""
        return self.build()

    @property
    def kinds(self) -> "KindsHead | None":
        """The head for kinds of strokes in torch; None if the model has none."""
        return None if self.confidences is None else self.hearing.kinds

    def looked_again(self, activations: np.ndarray, *known) -> np.ndarray:
        """What the network heard, `(T, 5)`, as onsets are picked from it: a second look, `known` from `duration` on, and rests."""
        return with_rests(second_look(activations, self.repetition, self.peak_picking, *known), self.peak_picking, self.rests)

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold of each class."""
        return thresholds_by_class(self.peak_picking)


# --- loading -----------------------------------------------------------------------------------------------------------


def shipped() -> list[str]:
    """Names of the models that are shipped with the package."""
    return sorted(path.stem for path in paths.WEIGHTS.glob(f"*{SUFFIX}"))


def load_model(model: str | Path | None = None, engine: str | None = None) -> Pretrained:
    """The model of that name, file or folder of a run; by default the shipped one.

    model   the name of a shipped model; a file that `pack` wrote; or a folder with config.json and model.safetensors, as training
            writes it to results/.
    engine  one of `engines.ENGINES`; by default onnxruntime for a file with its graph, which starts sooner, else torch.

    Raises ModelError where there is no such model, where its file is damaged, or where the engine cannot compute it.
    """
    if engine not in (None, *ENGINES):
        raise ModelError(f"engine {engine!r}: choose one of {', '.join(ENGINES)}")
    if model is not None and (folder := Path(os.path.expanduser(model))).is_dir():
        if engine == "onnxruntime":
            raise ModelError(
                f"{folder}: torch computes runs; to have one for onnxruntime, pack it with adt pack, then with --graph"
            )
        return _of_run(folder)
    return _read(file_of(model), engine)


def file_of(model: str | Path | None = None) -> Path:
    """The file of a packed model, by its path or the name of a shipped one. ModelError where there is none."""
    if model is None:
        return paths.WEIGHTS / f"{_default()}{SUFFIX}"
    path = Path(os.path.expanduser(model))
    if path.is_file():
        return path
    if str(model) in shipped():
        return paths.WEIGHTS / f"{model}{SUFFIX}"
    names = ", ".join(shipped()) or "none in this version"
    raise ModelError(f"{model}: no such model; give a file ({SUFFIX}), the folder of a run, or the name of a shipped one ({names})")


def _default() -> str:
    names = shipped()
    if not names:
        raise ModelError(
            "no trained model is shipped with this version: name one, for example a run that `make thesis` trains, "
            "results/miniature/runs/CRNN/Slakh/seed_0 (--model, or model=...)"
        )
    return DEFAULT if DEFAULT in names else names[0]


def _read(path: Path, engine: str | None) -> Pretrained:
    try:
        with safe_open(path, framework="np") as file:
            header = json.loads((file.metadata() or {}).get(KEY, "null"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (a file is not a dictionary)
    except (SafetensorError, OSError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged or not a safetensors file ({error}): download or pack it again") from error
    if header is None:
        raise ModelError(f"{path} has no adtlib header: give the run's folder, or pack it with adt pack")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        form = header.get("format") if isinstance(header, dict) else None
        raise ModelError(f"{path} has format {form}, this version reads {FORMAT}: use the version that wrote it")
    graph = path.with_suffix(engines.SUFFIX)
    engine = engine or ("onnxruntime" if graph.is_file() else "torch")
    if engine == "onnxruntime" and not graph.is_file():
        raise ModelError(f"{path}: onnxruntime needs its graph, {graph.name}, beside it: adt pack {graph} {path} --graph")
    if engine == "torch" and (problem := extras.missing("torch")):
        raise ModelError(f"{path}: {problem}")
    try:
        _check_header(header)
        build = _builder(header, tensors)
        if engine == "torch":
            from adtlib.models.prediction import TorchEngine

            computes = TorchEngine(build())
        else:
            computes = OnnxEngine(graph, tensors, built(header))
        picking = PeakPicking(**header["peak_picking"])
        if "checksum" in header and header["checksum"] != checksum_of(tensors):
            raise ValueError("the weights are not those that were packed")
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path} does not fit its own header ({error}): download or pack it again") from error
    confidences = header["kinds"]["confidences"] if "kinds" in header else None
    name, again = header.get("name", path.stem), [float(header.get(key, 0)) for key in ("repetition", "rests")]
    return Pretrained(name, computes, build, tensors, picking, header["features"], header, confidences, *again)


def _builder(header: Mapping, weights: Mapping[str, np.ndarray]) -> "Callable[[], nn.Module]":
    """Makes the network in torch, once."""

    @cache
    def build() -> "nn.Module":
        from adtlib.models.ensemble import load_ensemble

        return load_ensemble(header["members"], header["average"], weights, header.get("kinds"))

    return build


def built(about: Mapping) -> dict:
    """The part of a header that decides the network, weights apart; of a run, too."""
    head = {"kinds": {name: about["kinds"][name] for name in ("hidden_size", "width")}} if "kinds" in about else {}
    return {"members": about["members"], "average": about.get("average", "logits"), **head}


# What a header holds; the first are needed.
_HEADER = {"format": int, "members": list, "average": str, "features": str, "peak_picking": dict}
_MORE = {"name": str, "date": str, "about": str, "licence": str, "chosen_on": str, "history": list | None, "checksum": str}
_MORE |= {"kinds": dict, "repetition": int | float, "rests": int | float}


def _check_header(header: dict) -> None:
    """ValueError for a header that `pack` does not write."""
    if missing := sorted(_HEADER.keys() - header.keys()):
        raise ValueError(f"no {missing[0]}")
    for key, value in header.items():
        kinds = _HEADER | _MORE
        if key not in kinds or not isinstance(value, kinds[key]):
            raise ValueError(f"{key} = {json.dumps(value)[:40]}")
    for member in header["members"]:
        if not isinstance(member, dict) or member.keys() - {"segment_frames"} != {"architecture", "hyperparameters"}:
            raise ValueError(f"member {json.dumps(member)[:60]}")
    if header["features"] not in VERSIONS:
        raise ValueError(f"unknown features {header['features']!r}")
    for key, most in {"repetition": MOST_REPETITION, "rests": MOST_RESTS}.items():
        if not 0 <= header.get(key, 0) <= most:
            raise ValueError(f"{key} = {header[key]}")
    history = header.get("history") or [None] * len(header["members"])
    if len(history) != len(header["members"]) or not all(each is None or isinstance(each, dict) for each in history):
        raise ValueError("history is not one for each member")
    if "kinds" in header:
        _check_kinds(header["kinds"])


def _check_kinds(stated: dict) -> None:
    """ValueError for what `packing.with_kinds` does not state of a head for kinds."""
    if stated.keys() != {"hidden_size", "width", "confidences", "chosen_on"} or not isinstance(stated["confidences"], dict):
        raise ValueError(f"kinds {json.dumps(stated)[:60]}")
    for kind, least in stated["confidences"].items():
        if kind not in KINDS or not (least is None or (isinstance(least, int | float) and 0 <= least <= 1)):
            raise ValueError(f"confidence of {kind} = {json.dumps(least)[:40]}")


def checksum_of(tensors: Mapping[str, np.ndarray]) -> str:
    """The checksum of weights, in the order of their names."""
    return checksum(*(part for name, value in sorted(tensors.items()) for part in (name.encode(), np.asarray(value, order="C"))))


def _of_run(folder: Path) -> Pretrained:
    """The model of a run's folder, with the thresholds by class that were chosen for it, if any. RunError as from `load_run`."""
    from adtlib.training.runs import Run  # a packed file does not need the training modules

    if problem := extras.missing("torch"):
        raise ModelError(f"{folder}: {problem}")
    run = Run(folder)
    network = run.model().requires_grad_(False)
    config, thresholds, picking = run.config, chosen_thresholds(folder), run.peak_picking
    if thresholds:
        picking = with_thresholds(picking, thresholds)
    if config.get("features", "madmom") not in VERSIONS:
        raise ModelError(f"{folder}: unknown features {config['features']!r}: choose another run")
    about = {"members": [member_of(config)]}
    return Pretrained.of_network(_run_name(folder), network, picking, config.get("features", "madmom"), about)


def _run_name(folder: Path) -> str:
    """The name of a run: "CRNN, Slakh, seed_0", or the name of its folder outside results/."""
    folder = folder.resolve()
    return ", ".join(folder.parts[-3:]) if re.fullmatch(r"seed_\d+", folder.name) else folder.name


def chosen_thresholds(folder: Path) -> dict[str, float] | None:
    """Thresholds by class that were chosen for a run on validation data; None if none were chosen.

    Runs of the studies keep them in config.json, those on rendered clips in thresholds.json.
    """
    from adtlib.training.runs import Run

    path = Path(folder) / "thresholds.json"
    record = None if path.is_file() else Run(Path(folder)).record
    try:
        if record is None:
            found = json.loads(path.read_bytes())
        else:
            path, found = Path(folder) / "config.json", record.get("result", {}).get("thresholds", {}).get("class")
        if found is None:
            return None
        if not isinstance(found, dict):
            raise ValueError("it is not a threshold for each class")
        with_thresholds(PeakPicking(), found)
    except (TypeError, AttributeError, OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: its thresholds cannot be used ({error}): choose them again") from error
    return found


def member_of(config: Mapping) -> dict:
    """The part of a run's configuration that rebuilds its network."""
    member = {"architecture": config["architecture"], "hyperparameters": config["hyperparameters"]}
    if config.get("segment_frames", SEGMENT_FRAMES) != SEGMENT_FRAMES:
        member["segment_frames"] = config["segment_frames"]
    return member
