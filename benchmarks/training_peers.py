"""What the benchmarks of training share: the thesis's networks, plain PyTorch beside them, and batches that can be learnt."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from adtlib.models.blocks import ConvFrontEnd, Convolution, Dropout
from adtlib.models.registry import build
from adtlib.onsets.frames import SEGMENT_FRAMES, widen_targets
from adtlib.profiles import load_profile
from adtlib.training.steps import make_optimizer, train_step

LEARNING_RATE, WEIGHT_DECAY, CLIP_NORM = 1e-3, 1e-4, 2.0
N_BANDS, N_CLASSES = 84, 5
WEIGHTS = torch.ones(N_CLASSES)


def thesis_sizes() -> dict[str, tuple[str, dict]]:
    """By label, architecture and hyperparameters in the middle of the thesis's search spaces, and two larger CRNNs."""
    sizes = load_profile("thesis").hyperparameters
    found = {name: (name, dict(options)) for name, options in sizes.items()}
    for kind in ("LSTM", "GRU"):
        found[f"CRNN 3 x 288 {kind}"] = ("CRNN", {"num_layers": 3, "hidden_size": 288, "use_gru": kind == "GRU"})
    return found


def plain(model: nn.Module) -> nn.Module:
    """The same network as torch's modules give it by default: its dropout and convolutions, channels first."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, Dropout):
                setattr(module, name, nn.Dropout(child.p))
            if isinstance(child, Convolution):
                setattr(module, name, nn.Conv2d(child.in_channels, child.out_channels, 3, padding=1))
                getattr(module, name).load_state_dict(child.state_dict())
        if isinstance(module, ConvFrontEnd):
            module.blocks.to(memory_format=torch.contiguous_format)
            module.forward = lambda x, blocks=module.blocks: blocks(x.unsqueeze(1)).permute(0, 2, 1, 3).flatten(2)
    return model


def without_dropout(model: nn.Module) -> nn.Module:
    """The network without its random part, so that two devices or precisions do the same."""
    for module in model.modules():
        if isinstance(module, Dropout | nn.Dropout):
            module.p = 0.0
        if isinstance(module, nn.RNNBase):
            module.dropout = 0.0
    return model


def network(label: str, seed: int = 0) -> nn.Module:
    """One of `thesis_sizes`, in training mode, its weights drawn from the seed."""
    torch.manual_seed(seed)
    name, options = thesis_sizes()[label]
    return build(name, **options).train()


def batches(size: int, seed: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Features and widened targets, endlessly: noise in which each class sounds in bands of its own and decays."""
    rng = np.random.default_rng(seed)
    decay = np.exp(-np.arange(8) / 3)
    bands = np.exp(-((np.arange(N_BANDS) - np.linspace(8, 76, N_CLASSES)[:, None]) ** 2) / 60)
    while True:
        onsets = (rng.random((size, SEGMENT_FRAMES, N_CLASSES)) < 0.03).astype(np.float32)
        heard = sum(np.pad(onsets, ((0, 0), (late, 0), (0, 0)))[:, :SEGMENT_FRAMES] * decay[late] for late in range(len(decay)))
        features = rng.normal(0, 0.5, (size, SEGMENT_FRAMES, N_BANDS)) + 2 * heard @ bands
        targets = np.stack([widen_targets(each) for each in onsets])
        yield torch.from_numpy(features.astype(np.float32)), torch.from_numpy(targets)


def losses(model: nn.Module, steps: int, batch: int, precision: str, device: torch.device, call=None) -> list[float]:
    """The loss at each step of a training on `batches`; `call` is what is called for the model, such as a compiled one."""
    model.to(device)
    optimizer, given = make_optimizer(model, LEARNING_RATE, WEIGHT_DECAY), batches(batch)
    found = []
    for _ in range(steps):
        features, targets = (each.to(device) for each in next(given))
        step = train_step(call or model, optimizer, features, targets, WEIGHTS.to(device), precision, CLIP_NORM)
        found.append(step)
    return [float(each) for each in found]
