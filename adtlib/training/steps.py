"""One step of training, as the training loop takes it and benchmarks measure it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from adtlib.models.loss import weighted_bce
from adtlib.models.prediction import autocast


def make_optimizer(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW; on a GPU all parameters are updated by one kernel. (On a CPU it would change the last bits.)"""
    fused = next(model.parameters()).device.type == "cuda"
    return torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=fused)


def train_step(
    network: Callable[[Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    features: Tensor,
    targets: Tensor,
    weights: Tensor,
    precision: str,
    clip_norm: float,
) -> Tensor:
    """One step of the optimiser on a batch: `(B, 400, 84)` features, `(B, 400, 5)` widened targets, `(5,)` weights of classes.

    network    in training mode, with the optimiser's parameters.
    precision  "float32" or "bfloat16", of matrix products.
    clip_norm  largest norm of the gradient.

    Returns the loss before the step, a float64 scalar on the network's device: reading it would let a GPU run dry.
    """
    with autocast(features.device, precision):
        logits = network(features)
    loss = weighted_bce(logits, targets, weights)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip_norm)
    optimizer.step()
    return loss.detach().double()
