"""Convolutional transformer (thesis 3.4, Fig. 3.8; Vaswani et al. 2017, pre-norm after Xiong et al. 2020)."""

from torch import Tensor, nn

from adtlib.models.architecture import Architecture
from adtlib.models.blocks import ConvFrontEnd, Transformer
from adtlib.vocabulary import N_CLASSES


class ConvTransformer(nn.Module):
    """Two convolutional blocks, a projection, attention over the segment's frames. `(B, T, 84)` to logits `(B, T, 5)`."""

    def __init__(self, num_layers: int = 4, num_heads: int = 4, embed_dim: int = 144):
        """Search space of the draft: embedding 72, 144 or 288, layers 2, 4, 6 or 8, heads 2, 4, 6 or 8."""
        super().__init__()
        self.front_end = ConvFrontEnd(2)
        self.projection = nn.Linear(self.front_end.out_features, embed_dim)
        self.transformer = Transformer(embed_dim, num_layers, num_heads)
        self.output = nn.Linear(embed_dim, N_CLASSES)

    def hidden(self, features: Tensor) -> Tensor:
        """What the output layer sees."""
        x = self.front_end(features)  # (B, T, 576)
        x = self.projection(x)  # (B, T, D)
        return self.transformer(x)  # (B, T, D)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame."""
        return self.output(self.hidden(features))  # (B, T, 5)


ARCHITECTURE = Architecture(
    name="ConvTransformer",
    network=ConvTransformer,
    influence="free",
    spaces={
        "draft": {"embed_dim": [72, 144, 288], "num_layers": [2, 4, 6, 8], "num_heads": [2, 4, 6, 8]},
        "finished": {"embed_dim": [72, 144, 288, 576], "num_layers": [2, 4, 6, 8, 10], "num_heads": [2, 4, 6, 8]},
        "small": {"embed_dim": [24, 48], "num_layers": [1, 2], "num_heads": [2, 4]},
    },
    rendered=({"num_layers": 2, "num_heads": 4, "embed_dim": 144}, 7),
)
