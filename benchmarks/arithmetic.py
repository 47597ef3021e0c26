"""The limit of arithmetic: what a network has to multiply and add, and how fast this processor does that in large matrices."""

import time

import torch
from torch import nn


def operations(model: nn.Module, features: torch.Tensor) -> int:
    """Floating-point operations of the matrix products and convolutions of a forward pass over features of a batch."""
    total = 0

    def count(module, _, output):
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += 2 * output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            total += 2 * output.numel() * module.in_features
        elif isinstance(module, nn.RNNBase):
            frames = output[0].shape[:2].numel()
            total += 2 * frames * sum(p.numel() for name, p in module.named_parameters() if name.startswith("weight"))
        elif hasattr(module, "num_heads"):  # scores and their sums of values, all frames with all
            total += 4 * output.shape[:2].numel() * output.shape[1] * module.project_out.in_features

    hooks = [module.register_forward_hook(count) for module in model.modules()]
    with torch.no_grad():
        model(features)
    for hook in hooks:
        hook.remove()
    return total


def speed_of_products(precision: str) -> float:
    """Operations a second of a large matrix product."""
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = torch.randn(2048, 1024).to(dtype), torch.randn(1024, 1024).to(dtype)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 2 * 2048 * 1024 * 1024 / min(seconds)
