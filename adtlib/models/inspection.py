"""What goes on inside a network (thesis, chapter 3): gradients through time, receptive fields, attention weights.

Features are `(T, 84)`, not standardised unless stated otherwise; models are not changed.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from adtlib.models.blocks import POOLING, SelfAttention
from adtlib.models.saliency import standardised

UNITS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}


def gradient_through_time(unit: str, features: np.ndarray, hidden_size: int = 72, gate_bias: float = 0.0) -> np.ndarray:
    """How strongly the last state of an untrained recurrent layer depends on each frame's input: `(T,)`, the last frame's is 1.

    It is the size of the gradient of the state's sum with respect to the frame (thesis, 3.1: the vanishing gradient).

    unit       "RNN" (tanh, no gates), "GRU" or "LSTM"; one direction.
    gate_bias  added to the gate that keeps the memory (LSTM: forget gate, GRU: update gate): 3 holds it 95 % open.

    Raises ValueError for another unit, or a bias for a unit without gates.
    """
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r}: choose one of {', '.join(UNITS)}")
    if gate_bias and unit == "RNN":
        raise ValueError("a plain recurrent unit has no gate: gate_bias must be 0")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = UNITS[unit](features.shape[1], hidden_size, batch_first=True).double()
    if gate_bias:
        with torch.no_grad():  # of the chunks of the bias the second is the LSTM's forget gate, and the GRU's update gate
            network.bias_hh_l0[hidden_size : 2 * hidden_size] += gate_bias
    scaled = (np.asarray(features, dtype=np.float64) - np.mean(features)) / np.std(features)
    x = torch.tensor(scaled[None], requires_grad=True)  # (1, T, 84)
    with torch.enable_grad():
        states, _ = network(x)  # (1, T, H)
        (gradient,) = torch.autograd.grad(states[0, -1].sum(), x)
    size = gradient[0].norm(dim=1).numpy()  # (T,)
    return size / size[-1]


def receptive_fields(n_blocks: int) -> list[tuple[int, int]]:
    """(frames, bands) that one value sees after each convolutional block: two 3x3 convolutions, then pooling by 3 over bands."""
    frames, bands, apart = 1, 1, 1  # apart: bands between neighbouring values
    found = []
    for _ in range(n_blocks):
        frames, bands = frames + 4, bands + 4 * apart
        bands, apart = bands + (POOLING - 1) * apart, apart * POOLING
        found.append((frames, bands))
    return found


class OutOfOrder(nn.Module):
    """A model that hears the frames of each segment in random order; its logits are put back: `(B, T, 84)` to `(B, T, 5)`.

    What it still finds, it finds by the sound of single frames: neighbours, from which an onset is a change, are no longer there.
    The order is the same for all segments of one length.
    """

    def __init__(self, model: nn.Module, seed: int = 0):
        """`model`: `(B, T, 84)` to `(B, T, 5)`; it is used, not copied."""
        super().__init__()
        self.model, self.seed = model, seed

    def forward(self, features: Tensor) -> Tensor:
        """Logits of the frames in their own order."""
        order = torch.randperm(features.shape[1], generator=torch.Generator().manual_seed(self.seed)).to(features.device)
        return self.model(features[:, order])[:, order.argsort()]


def attention_maps(model: nn.Module, features: np.ndarray) -> np.ndarray:
    """Attention weights of a model on one segment: `(L, H, T, T)`; of layer l and head h, row t says where frame t looks.

    Rows sum to 1. Features are standardised here unless the model does it, as a trained one does. ValueError where the model has
    no attention.
    """
    if not any(isinstance(module, SelfAttention) for module in model.modules()):
        raise ValueError(f"{type(model).__name__} has no attention to show")
    features = standardised(features, model)
    model = copy.deepcopy(model).cpu().float().eval()
    maps: list[Tensor] = []

    def record(module: SelfAttention, inputs, _output) -> None:
        batch, frames, dim = inputs[0].shape
        qkv = module.project_in(inputs[0]).view(batch, frames, 3, module.num_heads, dim // module.num_heads)
        q, k, _ = qkv.permute(2, 0, 3, 1, 4)  # each (1, H, T, D / H)
        maps.append(torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, dim=-1)[0])

    for module in model.modules():
        if isinstance(module, SelfAttention):
            module.register_forward_hook(record)
    with torch.no_grad():
        model(torch.tensor(np.asarray(features, dtype=np.float32))[None])
    return torch.stack(maps).numpy()
