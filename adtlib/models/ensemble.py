"""Several trained networks as one, and, where a second head was trained on them, kinds of strokes beside the classes."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from adtlib.models.kinds import KindsHead
from adtlib.models.prediction import margin_of, window_frames

AVERAGES = ("logits", "activations")


class Ensemble(nn.Module):
    """Several models as one: `(B, T, 84)` features, not standardised, to `(B, T, 5)` logits.

    The logits are averaged; or the activations, and the logits of their mean are returned. Windows are those of the member that was
    trained on the longest segments; a member that was trained on shorter ones sees them in parts.
    """

    def __init__(self, members: Sequence[nn.Module], average: str = "logits"):
        """`members`: at least one model, as `models.assemble` makes it. ValueError without one, and for another `average`."""
        super().__init__()
        if not members or average not in AVERAGES:
            raise ValueError(
                f"an ensemble of {len(members)} averaging {average!r}: needs a member, and one of {', '.join(AVERAGES)}"
            )
        self.members, self.average = nn.ModuleList(members), average
        self.segment_frames = max(map(window_frames, members))

    @property
    def hidden_size(self) -> int:
        """Values a frame that `hidden` gives, of all members together."""
        return sum(member.network.output.in_features for member in self.members)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame."""
        return self.averaged(self.hidden(features))

    def hidden(self, features: Tensor) -> list[Tensor]:
        """What the output layer of each member sees: `(B, T, D)` each."""
        return [
            _in_parts(lambda part, of=member: of.network.hidden(of.standardize(part)), features, window_frames(member))
            for member in self.members
        ]

    def averaged(self, hidden: Sequence[Tensor]) -> Tensor:
        """Logits `(B, T, 5)` from what `hidden` returned."""
        logits = [member.network.output(each).float() for member, each in zip(self.members, hidden, strict=True)]
        if len(logits) == 1:
            return logits[0]
        if self.average == "logits":
            return torch.stack(logits).mean(dim=0)
        return torch.logit(torch.sigmoid(torch.stack(logits)).mean(dim=0), eps=1e-7)


class WithKinds(nn.Module):
    """An ensemble and its head for kinds of strokes: `(B, T, 84)` features to logits `(B, T, 5 + K)`, first those of classes."""

    def __init__(self, ensemble: Ensemble, head: KindsHead):
        """The logits of classes are those of `ensemble`, bit for bit. ValueError for a head of another network."""
        super().__init__()
        if head.hidden_size != ensemble.hidden_size:
            raise ValueError(f"a head for {head.hidden_size} values a frame, and a network with {ensemble.hidden_size}")
        self.ensemble, self.head, self.segment_frames = ensemble, head, ensemble.segment_frames

    def forward(self, features: Tensor) -> Tensor:
        """Logits for each frame."""
        hidden = self.ensemble.hidden(features)
        kinds = self.head(features, torch.cat(hidden, dim=-1))
        return torch.cat([self.ensemble.averaged(hidden), kinds.float()], dim=-1)


def _in_parts(network: Callable[[Tensor], Tensor], features: Tensor, frames: int) -> Tensor:
    """`network` applied to parts of `frames` frames that overlap as the windows of `prediction` do; to all at once if they fit."""
    total, margin = features.shape[1], margin_of(frames)
    if total <= frames:
        return network(features)
    starts = [*range(0, total - frames, frames - 2 * margin), total - frames]
    parts = network(torch.cat([features[:, start : start + frames] for start in starts])).chunk(len(starts))
    edges = [0, *((one + frames + other) // 2 for one, other in pairwise(starts)), total]  # the middle of each overlap
    kept = zip(parts, starts, pairwise(edges), strict=True)
    return torch.cat([part[:, low - start : high - start] for part, start, (low, high) in kept], dim=1)
