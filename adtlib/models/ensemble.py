"""Several models as one, and loading them from one file of weights."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from adtlib.models.loading import load_network

AVERAGES = ("logits", "activations")


class Ensemble(nn.Module):
    """Several models as one: `(B, T, 84)` features, not standardised, to `(B, T, 5)` logits.

    The logits are averaged; or the activations, and the logits of their mean are returned.
    """

    def __init__(self, members: Sequence[nn.Module], average: str = "logits"):
        """`members`: at least one model, as `models.assemble` makes it."""
        super().__init__()
        if not members or average not in AVERAGES:
            raise ValueError(
                f"an ensemble of {len(members)} averaging {average!r}: needs a member, and one of {', '.join(AVERAGES)}"
            )
        self.members, self.average = nn.ModuleList(members), average

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame."""
        logits = [member(features).float() for member in self.members]
        if len(logits) == 1:
            return logits[0]
        if self.average == "logits":
            return torch.stack(logits).mean(dim=0)
        return torch.logit(torch.sigmoid(torch.stack(logits)).mean(dim=0), eps=1e-7)


def load_ensemble(configs: Sequence[Mapping], average: str, weights: Mapping[str, np.ndarray]) -> Ensemble:
    """An ensemble in evaluation mode, without gradients, with its weights, `<member>.<parameter>`.

    configs  architecture and hyperparameters of each member.

    ValueError where weights do not fit, before memory is taken for them.
    """
    states: dict[str, dict[str, Tensor]] = {}
    for key, value in weights.items():
        number, _, name = key.partition(".")
        states.setdefault(number, {})[name] = torch.from_numpy(value)
    if states.keys() != set(map(str, range(len(configs)))):
        raise ValueError(f"{len(configs)} members, and weights of {', '.join(sorted(states)[:9]) or 'none'}")
    members = [load_network(config, states[str(number)]) for number, config in enumerate(configs)]
    return Ensemble(members, average).eval().requires_grad_(False)
