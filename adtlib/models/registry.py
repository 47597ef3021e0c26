"""The architectures (thesis, chapter 3), each `(B, T, 84)` standardised features to `(B, T, 5)` logits.

Models do not depend on data, search or plots. `build("CRNN", num_layers=3, hidden_size=144)` makes one by name; the
hyperparameters are named as in the published table, so that its rows can be built as they stand.
"""

from collections import OrderedDict

import torch
from torch import nn

from adtlib.models.architecture import Architecture
from adtlib.models.blocks import Standardize
from adtlib.models.cnn import ARCHITECTURE as CNN
from adtlib.models.conv_transformer import ARCHITECTURE as CONV_TRANSFORMER
from adtlib.models.crnn import ARCHITECTURE as CRNN
from adtlib.models.rnn import ARCHITECTURE as RNN
from adtlib.models.vit import ARCHITECTURE as VIT
from adtlib.onsets.frames import SEGMENT_FRAMES

# The order is that of tables, and of the palettes in figures.
ARCHITECTURES: dict[str, Architecture] = {record.name: record for record in (RNN, CNN, CRNN, CONV_TRANSFORMER, VIT)}


def build(architecture: str, seed: int | None = None, **hyperparameters) -> nn.Module:
    """Make a model by name; with a seed of its random weights, else with torch's random state.

    Raises ValueError for an unknown name, hyperparameter or a combination that does not fit.
    """
    if seed is not None:
        torch.manual_seed(seed)
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {architecture!r}: choose one of {', '.join(ARCHITECTURES)}")
    try:
        return ARCHITECTURES[architecture].network(**hyperparameters)
    except TypeError as error:
        raise ValueError(f"{architecture} does not take these hyperparameters: {hyperparameters} ({error})") from error


def count_parameters(model: nn.Module) -> int:
    """Number of trained parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def assemble(config: dict, mean: float = 0.0, std: float = 1.0) -> nn.Module:
    """Standardising and the network of a configuration as one module: `(B, T, 84)` features to `(B, T, 5)` logits.

    Its `segment_frames` is the length that it was, or is, trained on: `prediction` cuts recordings into windows of it.
    """
    network = build(config["architecture"], **config["hyperparameters"])
    model = nn.Sequential(OrderedDict(standardize=Standardize(mean, std), network=network))
    model.segment_frames = config.get("segment_frames", SEGMENT_FRAMES)
    return model
