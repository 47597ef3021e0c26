"""The network of a model as ONNX, for engines other than torch: onnxruntime in Python, in a browser, in a plug-in.

The safetensors file stays the source of the weights; what is written here can be written again from it. The ONNX file holds

    input   `features` `(B, T, 84)` float32, not standardised, any number of windows B of T frames
    output  `logits`   `(B, T, 5)` float32; of a model that hears kinds of strokes `(B, T, 5 + K)`: a sigmoid of each class, a
            softmax of the kinds within each class
    metadata property `adtlib`: JSON with format, name, features (the version), classes, fps, frames (T), margin (frames
            at the edges of a window that the neighbouring window predicts), peak_picking with the thresholds, repetition (the
            weight of other bars), rests (clear onsets a second that drums make), what the model's own header says of date,
            licence and weights (checksum), and of kinds: the class of each, in their order, and the confidences from which on
            they are believed (null: never; kinds that are not listed always are)

Weights that float16 holds exactly are stored so and cast while the file is loaded: half the size, the same numbers.

A graph is the same network without its weights: `adtlib.models.engines.OnnxEngine` takes them from the safetensors file.
"""

import copy
import io
import json
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch

from adtlib.audio.features import FPS, N_BANDS
from adtlib.models.engines import INPUT, OUTPUT
from adtlib.models.windows import margin_of, window_frames
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.transcription import extras
from adtlib.transcription.pretrained import KEY, ModelError, Pretrained, built
from adtlib.vocabulary import CLASSES, KINDS

if TYPE_CHECKING:
    import onnx

FORMAT = 1
_OPSET = 17  # the first with LayerNormalization
_SMALL = 1024  # numbers: a cast for smaller weights would take more than it saves
_TEXTS = ("date", "about", "licence", "chosen_on", "checksum")  # of the header, where there is one


def to_onnx(model: Pretrained) -> bytes:
    """The content of an ONNX file. ModelError where the package onnx is missing."""
    onnx = _onnx()
    graph = onnx.load_model_from_string(_exported(model.hearing, fold=True))
    _halve(graph)
    onnx.helper.set_model_props(graph, {KEY: json.dumps(metadata(model))})
    graph.doc_string = f"{model.name}: windows of features to logits of {', '.join(CLASSES)}"
    onnx.checker.check_model(graph)
    return graph.SerializeToString(deterministic=True)


def to_graph(model: Pretrained) -> bytes:
    """The content of a graph: its weights are named as in torch, and have shapes but no numbers. ModelError as of `to_onnx`."""
    onnx = _onnx()
    network = copy.deepcopy(model.hearing)
    for number, value in enumerate(network.state_dict().values(), start=1):
        value.fill_(number)  # of equal weights, as of untrained layers, the exporter would keep one
    graph = onnx.load_model_from_string(_exported(network, fold=False))
    for weights in graph.graph.initializer:
        weights.ClearField("raw_data")
        weights.data_location = onnx.TensorProto.EXTERNAL
        weights.external_data.add(key="location", value="weights")
    for node in graph.graph.node:  # half of the file: where in torch's modules each comes from
        node.ClearField("name")
        node.ClearField("doc_string")
    graph.ClearField("producer_version")
    onnx.helper.set_model_props(graph, {KEY: json.dumps(built(model.about))})
    return graph.SerializeToString(deterministic=True)


def _onnx():
    """The package onnx."""
    if problem := extras.missing("onnx"):
        raise ModelError(problem)
    import onnx

    return onnx


def metadata(model: Pretrained) -> dict:
    """What stands in the file's metadata beside the network."""
    frames = window_frames(model.hearing)
    return {
        "format": FORMAT,
        "name": model.name,
        "features": model.features,
        "classes": list(CLASSES),
        "fps": FPS,
        "frames": frames,
        "margin": margin_of(frames),
        "peak_picking": asdict(model.peak_picking) | {"threshold": list(thresholds_by_class(model.peak_picking).values())},
        "repetition": model.repetition,
        "rests": model.rests,
        **{key: model.about[key] for key in _TEXTS if key in model.about},
        **({} if model.confidences is None else {"kinds": {"classes": KINDS, "confidences": model.confidences}}),
    }


def _exported(network: torch.nn.Module, fold: bool) -> bytes:
    """The network traced on one window; without `fold` its weights stay as they are in torch.

    torch's newer exporter gives the same numbers and takes minutes for these networks.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's age, and of numbers of windows: these are tested
        torch.onnx.export(
            network,
            (torch.zeros(1, window_frames(network), N_BANDS),),
            buffer,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "windows"}, OUTPUT: {0: "windows"}},
            opset_version=_OPSET,
            dynamo=False,
            do_constant_folding=fold,
        )
    return buffer.getvalue()


def _halve(model: "onnx.ModelProto") -> None:
    """Store the weights that float16 holds exactly as float16, each with a cast to float32."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        if weights.data_type != TensorProto.FLOAT or values.size < _SMALL:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if np.array_equal(half.astype(np.float32), values):
            name = weights.name
            weights.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for index, cast in enumerate(casts):
        model.graph.node.insert(index, cast)
