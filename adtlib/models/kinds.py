"""A second head: which kind of stroke of its class an onset is, closed or open hi-hat, ride or crash, which tom.

It is trained on a network that stays as it is, and sees what that network's output layers see, and the spectrogram around each
frame: 50 ms before, for what sounded already, and a quarter of a second after, in which open hats and crashes ring and closed ones
do not.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from adtlib.audio.features import N_BANDS
from adtlib.models.blocks import Dropout, Standardize
from adtlib.vocabulary import CLASSES, KINDS

N_KINDS = len(KINDS)
CLASS_OF_KIND = tuple(CLASSES.index(name) for name in KINDS.values())
_DILATIONS = (1, 2, 4, 8)  # of convolutions over 3 frames
BEFORE = 5  # frames that are seen before each
AFTER = 2 * sum(_DILATIONS) - BEFORE  # and after it


class KindsHead(nn.Module):
    """`(B, T, 84)` features, not standardised, and `(B, T, D)` of the network to logits `(B, T, K)`: softmax within classes."""

    def __init__(self, hidden_size: int, width: int = 64, mean: float = 0.0, std: float = 1.0):
        """`hidden_size`: D, of all members together; `width`: of the head's layers; `mean`, `std`: of features."""
        super().__init__()
        self.hidden_size, self.width = hidden_size, width
        self.standardize = Standardize(mean, std)
        layers: list[nn.Module] = []
        for channels, dilation in zip((N_BANDS, width, width, width), _DILATIONS, strict=True):
            layers += [nn.Conv1d(channels, width, 3, dilation=dilation), nn.ReLU(), nn.BatchNorm1d(width)]
        self.around = nn.Sequential(*layers)
        self.heard = nn.Sequential(Dropout(0.2), nn.Linear(hidden_size, width), nn.ReLU())
        self.output = nn.Sequential(Dropout(0.2), nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, N_KINDS))

    def forward(self, features: Tensor, hidden: Tensor) -> Tensor:
        """Logits of all kinds for each frame; beyond the ends there is silence."""
        return self.of_surroundings(functional.pad(features, (0, 0, BEFORE, AFTER)), hidden)

    def of_surroundings(self, features: Tensor, hidden: Tensor) -> Tensor:
        """The same for `(B, BEFORE + T + AFTER, 84)` features."""
        x = self.standardize(features).transpose(1, 2)  # (B, 84, T + 30)
        x = self.around(x).transpose(1, 2)  # (B, T, W)
        return self.output(torch.cat([x, self.heard(hidden)], dim=-1))  # (B, T, K)


def within_classes(logits: Tensor) -> Tensor:
    """Log-probability `(..., K)` of each kind within its class."""
    result = torch.empty_like(logits)
    for number in range(len(CLASSES)):
        own = [kind for kind, of in enumerate(CLASS_OF_KIND) if of == number]
        result[..., own] = torch.log_softmax(logits[..., own], dim=-1)
    return result
