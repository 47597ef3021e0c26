"""Networks, and heads for kinds of strokes, from a configuration and weights of others.

Whatever a configuration asks for, no more is built than fits the weights.

A file of some hundred bytes may ask for gigabytes, or for a million layers. So the network is first built without memory, on
torch's device "meta", no further than the weights reach, and shapes are compared before anything is allocated.
"""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode

from adtlib.models.kinds import KindsHead
from adtlib.models.registry import assemble
from adtlib.onsets.frames import SEGMENT_FRAMES

LONGEST = 12_000  # frames of segments, two minutes

Network = TypeVar("Network", bound=nn.Module)


def load_network(config: Mapping, weights: Mapping[str, Tensor]) -> nn.Module:
    """Standardising and the network of a configuration, with its weights: `(B, T, 84)` features to `(B, T, 5)` logits.

    ValueError, in words, for weights of another configuration, or that are not finite.
    """
    if not isinstance(config.get("architecture"), str) or not isinstance(config.get("hyperparameters"), Mapping):
        raise ValueError("it names no architecture with hyperparameters")
    frames = config.get("segment_frames", SEGMENT_FRAMES)
    if not isinstance(frames, int) or not 1 <= frames <= LONGEST:
        raise ValueError(f"segment_frames = {frames!r}: expected 1 to {LONGEST:,} frames")
    most = max([len(weights), *(size for value in weights.values() for size in value.shape)])
    for name, value in config["hyperparameters"].items():
        _check_size(name, value, most)
    with _at_most(len(weights)), torch.device("meta"), _Unfilled():
        try:
            wanted = {name: value.shape for name, value in assemble(dict(config)).state_dict().items()}
        except (TypeError, RuntimeError, ArithmeticError) as error:  # torch, for sizes that cannot be
            raise ValueError(f"{config['architecture']} with {dict(config['hyperparameters'])}: {error}") from error
    _check_weights(wanted, weights)
    return _with_weights(assemble(dict(config)), weights)


def load_head(hidden_size: int, width: int, weights: Mapping[str, Tensor]) -> KindsHead:
    """A head for kinds of strokes with its weights, in evaluation mode. ValueError, in words, for weights of another."""
    most = max([0, *(size for value in weights.values() for size in value.shape)])
    for name, value in {"hidden_size": hidden_size, "width": width}.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} = {value!r}: expected a whole number")
        _check_size(name, value, most)
    with torch.device("meta"), _Unfilled():
        wanted = {name: value.shape for name, value in KindsHead(hidden_size, width).state_dict().items()}
    _check_weights(wanted, weights)
    return _with_weights(KindsHead(hidden_size, width), weights).eval().requires_grad_(False)


def _check_weights(wanted: Mapping[str, torch.Size], weights: Mapping[str, Tensor]) -> None:
    """ValueError where weights are not of these names and shapes, or not finite."""
    if odd := sorted(wanted.keys() ^ weights.keys()):
        raise ValueError(f"{odd[0]} is {'missing' if odd[0] in wanted else 'not part of the network'}")
    for name, shape in wanted.items():
        if weights[name].shape != shape:
            raise ValueError(f"{name} is {tuple(weights[name].shape)}, not {tuple(shape)}")
        if not torch.isfinite(weights[name]).all():
            raise ValueError(f"{name} has values that are not finite")
    if not weights["standardize.std"] > 0:
        raise ValueError(f"its standard deviation is {float(weights['standardize.std'])}")


def _with_weights(model: Network, weights: Mapping[str, Tensor]) -> Network:
    model.load_state_dict({name: value.float() if value.is_floating_point() else value for name, value in weights.items()})
    return model


def _check_size(name: str, value: object, most: int) -> None:
    """ValueError for a hyperparameter that no network with these weights has: a size above every size in them."""
    for each in value if isinstance(value, list | tuple) else [value]:
        if isinstance(each, int) and not 0 <= each <= most:
            raise ValueError(f"{name} = {value}: no size in the weights is above {most}")
        if not isinstance(each, int | str | float) or (isinstance(each, float) and not math.isfinite(each)):
            raise ValueError(f"{name} = {value!r}: expected a finite number, a word, or a list of these")


class _Unfilled(TorchFunctionMode):
    """Leaves out what fills tensors with numbers: without memory there are none, and torch loads its compiler for some of it."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name.endswith("_") and not name.startswith("_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


@contextmanager
def _at_most(parameters: int) -> Iterator[None]:
    """ValueError from this thread's building of a network as soon as it has more parameters than this."""
    mine, built = threading.get_ident(), 0

    def count(*_) -> None:
        nonlocal built
        if threading.get_ident() == mine:
            built += 1
            if built > parameters:
                raise ValueError(f"the network has more than {parameters} parameters, as many as there are weights")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
