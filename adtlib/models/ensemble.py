"""Several trained networks as one, with a second head for kinds of strokes where there is one, from one file of weights."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from adtlib.models.engines import KINDS_PART
from adtlib.models.kinds import KindsHead
from adtlib.models.loading import load_head, load_network
from adtlib.models.windows import margin_of, window_frames

AVERAGES = ("logits", "activations")


class Ensemble(nn.Module):
    """Several models as one: `(B, T, 84)` features, not standardised, to `(B, T, 5)` logits; with a head, to `(B, T, 5 + K)`.

    The logits of classes are averaged; or the activations, and the logits of their mean are returned. Windows are those of the
    member that was trained on the longest segments; a member that was trained on shorter ones sees them in parts.
    """

    def __init__(self, members: Sequence[nn.Module], average: str = "logits", kinds: KindsHead | None = None):
        """`members`: at least one model, as `models.assemble` makes it; `kinds`: a head for this network.

        With a head the logits of classes are bit for bit those without, where all members see windows of one length; else up to
        rounding. ValueError without a member, for another `average`, and for a head of another network.
        """
        super().__init__()
        if not members or average not in AVERAGES:
            raise ValueError(
                f"an ensemble of {len(members)} averaging {average!r}: needs a member, and one of {', '.join(AVERAGES)}"
            )
        self.members, self.average, self.kinds = nn.ModuleList(members), average, kinds
        self.segment_frames = max(map(window_frames, members))
        if kinds is not None and kinds.hidden_size != (size := sum(member.network.output.in_features for member in members)):
            raise ValueError(f"a head for {kinds.hidden_size} values a frame, and a network with {size}")

    def without_kinds(self) -> "Ensemble":
        """The same members without the head for kinds."""
        return Ensemble(list(self.members), self.average).train(self.training)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame, and of all kinds after them."""
        if self.kinds is None:
            return self._averaged([_in_parts(member, features, window_frames(member)).float() for member in self.members])
        hidden = self.hidden(features)
        kinds = self.kinds(features, torch.cat(hidden, dim=-1))
        return torch.cat([self.averaged(hidden), kinds.float()], dim=-1)

    def hidden(self, features: Tensor) -> list[Tensor]:
        """What the output layer of each member sees: `(B, T, D)` each."""
        return [
            _in_parts(lambda part, of=member: of.network.hidden(of.standardize(part)), features, window_frames(member))
            for member in self.members
        ]

    def averaged(self, hidden: Sequence[Tensor]) -> Tensor:
        """Logits `(B, T, 5)` from what `hidden` returned."""
        return self._averaged([member.network.output(each).float() for member, each in zip(self.members, hidden, strict=True)])

    def _averaged(self, logits: Sequence[Tensor]) -> Tensor:
        if len(logits) == 1:
            return logits[0]
        if self.average == "logits":
            return torch.stack(logits).mean(dim=0)
        return torch.logit(torch.sigmoid(torch.stack(logits)).mean(dim=0), eps=1e-7)


def _in_parts(network: Callable[[Tensor], Tensor], features: Tensor, frames: int) -> Tensor:
    """`network` applied to parts of `frames` frames that overlap as windows do; to all at once if they fit."""
    total, margin = features.shape[1], margin_of(frames)
    if total <= frames:
        return network(features)
    starts = [*range(0, total - frames, frames - 2 * margin), total - frames]
    parts = network(torch.cat([features[:, start : start + frames] for start in starts])).chunk(len(starts))
    edges = [0, *((one + frames + other) // 2 for one, other in pairwise(starts)), total]  # the middle of each overlap
    kept = zip(parts, starts, pairwise(edges), strict=True)
    return torch.cat([part[:, low - start : high - start] for part, start, (low, high) in kept], dim=1)


def load_ensemble(
    configs: Sequence[Mapping], average: str, weights: Mapping[str, np.ndarray], kinds: Mapping | None = None
) -> Ensemble:
    """An ensemble in evaluation mode, without gradients, with its weights, `<member>.<parameter>` and `kinds.<parameter>`.

    configs  architecture, hyperparameters and `segment_frames` of each member.
    kinds    `hidden_size` and `width` of the head for kinds; None if it has none.

    ValueError where weights do not fit, before memory is taken for them.
    """
    states: dict[str, dict[str, Tensor]] = {}
    for key, value in weights.items():
        part, _, name = key.partition(".")
        states.setdefault(part, {})[name] = torch.from_numpy(value)
    of_head = states.pop(KINDS_PART, {})
    if of_head and kinds is None:
        raise ValueError("weights of a head for kinds, of which the header says nothing")
    head = None if kinds is None else load_head(kinds["hidden_size"], kinds["width"], of_head)
    if states.keys() != set(map(str, range(len(configs)))):
        raise ValueError(f"{len(configs)} members, and weights of {', '.join(sorted(states)[:9]) or 'none'}")
    members = [load_network(config, states[str(number)]) for number, config in enumerate(configs)]
    return Ensemble(members, average, head).eval().requires_grad_(False)
