"""A model's layers as rows of a diagram: names, shapes and parameter counts, read from the model object (thesis, chapter 3).

A segment of zeros is sent through the model, and hooks record the shape of each module's output, so the diagram cannot differ from
the computation. Each parameter of the model is counted in exactly one stage.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import torch
from torch import nn

from adtlib.audio.features import N_BANDS
from adtlib.models import blocks
from adtlib.models.registry import count_parameters
from adtlib.onsets.frames import SEGMENT_FRAMES


@dataclass(frozen=True)
class Stage:
    """One row of the diagram.

    lines       rows of parts, in order; a row that ends in "+" is added to its own input (a residual connection).
    shape       of the output, without the batch: (frames, numbers) or (kernels, frames, bands).
    parameters  number of trained parameters of one repeat.
    repeats     number of equal stages in a row.
    """

    name: str
    lines: tuple[tuple[str, ...], ...]
    shape: tuple[int, ...]
    parameters: int = 0
    repeats: int = 1


def stages(model: nn.Module) -> list[Stage]:
    """The stages of a model from input to logits; equal consecutive stages are merged, with `repeats`."""
    shapes = output_shapes(model)
    found = [Stage("Input: log-filtered spectrogram", (), (SEGMENT_FRAMES, N_BANDS))]
    found += [stage for child in model.children() for stage in _describe(child, shapes)]
    found[-1] = replace(found[-1], name="Output: a logit for each class and frame")
    merged = []
    for stage, equal in groupby(found):
        merged.append(replace(stage, repeats=len(list(equal))))
    return merged


def output_shapes(model: nn.Module) -> dict[nn.Module, tuple[int, ...]]:
    """Shape of each module's output for one segment of 400 frames, without the batch dimension."""
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def note(module, _, output):
        output = output[0] if isinstance(output, tuple) else output  # recurrent layers return their state as well
        shapes[module] = tuple(output.shape[1:])

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    training = model.training
    device = next(model.parameters()).device
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, SEGMENT_FRAMES, N_BANDS, device=device))
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return shapes


def _describe(module: nn.Module, shapes: dict) -> Iterator[Stage]:
    """The stages of one module: of a building block its parts, of a module with `drawn_as` what that says, else its class name.

    drawn_as  an attribute or property of a network's own module: (name, parts), each part a text or one of its modules.
    """
    match module:
        case blocks.ConvFrontEnd():
            yield from _front_end(module, shapes)
        case blocks.Recurrent():
            yield from _recurrent(module, shapes)
        case blocks.Transformer():
            yield from _transformer(module, shapes)
        case nn.Module(drawn_as=(name, parts)):
            words = tuple(part if isinstance(part, str) else _part(part) for part in parts)
            yield Stage(name, (words,), shapes[module], count_parameters(module))
        case blocks.Standardize():
            yield Stage("Standardising", (), shapes[module])
        case nn.Sequential():
            yield from _dense(module, shapes)
        case nn.Linear():
            yield Stage("Projection", ((_part(module),),), shapes[module], count_parameters(module))
        case _:
            yield Stage(type(module).__name__, (), shapes[module], count_parameters(module))


def _part(module: nn.Module) -> str:
    """Short name of a layer."""
    match module:
        case nn.Conv2d():
            return f"conv {'×'.join(map(str, module.kernel_size))}"
        case nn.BatchNorm2d() | nn.LayerNorm():
            return "norm"
        case nn.MaxPool2d():
            return f"pool {'×'.join(map(str, module.kernel_size))}"
        case blocks.Dropout():
            return f"drop {module.p:g}"
        case nn.Linear():
            return f"linear → {module.out_features}"
        case blocks.SelfAttention():
            return f"self-attention, {module.num_heads} heads"
    return type(module).__name__


def _front_end(module: blocks.ConvFrontEnd, shapes: dict) -> Iterator[Stage]:
    for number, block in enumerate(module.blocks, start=1):
        name = f"Convolutional block {number}: {shapes[block][0]} kernels"
        yield Stage(name, (tuple(map(_part, block)),), shapes[block], count_parameters(block))
    yield Stage("Kernels and bands of a frame side by side", (), shapes[module])


def _recurrent(module: blocks.Recurrent, shapes: dict) -> Iterator[Stage]:
    layers = module.layers
    kind = f"{'Bidirectional ' if layers.bidirectional else ''}{layers.mode}"
    units = f"{layers.hidden_size} units"
    parts = (f"{units} forwards and {units} backwards, side by side" if layers.bidirectional else units,)
    for number in range(layers.num_layers):
        own = {f"_l{number}", f"_l{number}_reverse"}  # torch names weights kind_(ih|hh)_l0, kind_(ih|hh)_l0_reverse
        count = sum(p.numel() for name, p in layers.named_parameters() if name[name.index("_l") :] in own)
        dropped = layers.dropout > 0 and number < layers.num_layers - 1
        lines = ((*parts, f"drop {layers.dropout:g}") if dropped else parts,)
        yield Stage(kind, lines, shapes[layers], count)


def _transformer(module: blocks.Transformer, shapes: dict) -> Iterator[Stage]:
    position = ("+ sine and cosine of the frame's number", _part(module.dropout))
    yield Stage("Positions", (position,), shapes[module.dropout])
    for block in module.blocks:
        attend = (_part(block.attention_norm), _part(block.attention), _part(block.dropout), "+")
        forward = (_part(block.feed_forward_norm), *map(_part, block.feed_forward), _part(block.dropout), "+")
        yield Stage("Transformer block", (attend, forward), shapes[block], count_parameters(block))
    yield Stage("Normalisation", (), shapes[module.norm], count_parameters(module.norm))


def _dense(module: nn.Sequential, shapes: dict) -> Iterator[Stage]:
    """A stage for each dense layer, with the modules that follow it up to the next dense layer."""
    groups: list[list[nn.Module]] = []
    for child in module:
        if isinstance(child, nn.Linear) or not groups:
            groups.append([])
        groups[-1].append(child)
    for group in groups:
        yield Stage("Dense layer", (tuple(map(_part, group)),), shapes[group[-1]], sum(map(count_parameters, group)))
