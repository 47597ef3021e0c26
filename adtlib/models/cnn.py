"""Convolutional neural network (thesis 3.2, Fig. 3.4)."""

from itertools import pairwise

from torch import Tensor, nn

from adtlib.models.architecture import Architecture
from adtlib.models.blocks import ConvFrontEnd
from adtlib.vocabulary import N_CLASSES


class CNN(nn.Module):
    """Convolutional blocks, then dense layers for each frame. `(B, T, 84)` to logits `(B, T, 5)`.

    A frame sees 2 frames to either side for each block: 50 ms with one block, 130 ms with three.
    """

    def __init__(self, num_convs: int = 3, num_layers: int = 2, hidden_size: int = 144):
        """Search space of the draft: 1 to 3 blocks, 1 to 4 dense layers, hidden size 72, 144, 288 or 576."""
        super().__init__()
        self.front_end = ConvFrontEnd(num_convs)
        sizes = [self.front_end.out_features] + [hidden_size] * num_layers
        layers = [(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(sizes)]
        self.dense = nn.Sequential(*(module for pair in layers for module in pair))
        self.output = nn.Linear(sizes[-1], N_CLASSES)

    def hidden(self, features: Tensor) -> Tensor:
        """What the output layer sees."""
        x = self.front_end(features)  # (B, T, C F')
        return self.dense(x)  # (B, T, hidden)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame."""
        return self.output(self.hidden(features))  # (B, T, 5)


_SPACE = {"num_convs": [1, 2, 3], "num_layers": [1, 2, 3, 4], "hidden_size": [72, 144, 288, 576]}

ARCHITECTURE = Architecture(
    name="CNN",
    network=CNN,
    influence="window",
    spaces={
        "draft": _SPACE,
        "finished": _SPACE,
        "small": {"num_convs": [1, 2], "num_layers": [1, 2], "hidden_size": [36, 72]},
    },
)
