"""Vision transformer for spectrograms (section 3.5 of the finished thesis, empty in the draft)."""

import torch
from torch import Tensor, nn

from adtlib.audio.features import N_BANDS
from adtlib.models.architecture import Architecture
from adtlib.models.blocks import Transformer
from adtlib.vocabulary import N_CLASSES


class PatchEmbedding(nn.Module):
    """Cut each frame into patches of `height` bands, project each, add its learned position: `(B, T, 84)` to `(B, T, D)`.

    The 84 / height patches of a frame get D / (84 / height) values each, which are concatenated: one token a frame.
    """

    def __init__(self, height: int, embed_dim: int):
        """ValueError if 84 is not divisible by `height`, or `embed_dim` by the number of patches."""
        super().__init__()
        if height < 1 or N_BANDS % height:
            raise ValueError(f"patches of {height} bands do not tile {N_BANDS} bands: use 7, 14 or 21")
        self.height, self.n_patches = height, N_BANDS // height
        if embed_dim % self.n_patches:
            raise ValueError(f"embedding of {embed_dim} is not divisible by {self.n_patches} patches a frame")
        self.projection = nn.Linear(height, embed_dim // self.n_patches)
        self.position = nn.Parameter(torch.zeros(self.n_patches, embed_dim // self.n_patches))
        nn.init.trunc_normal_(self.position, std=0.02)  # as Dosovitskiy et al. (2021)

    @property
    def drawn_as(self) -> tuple[str, tuple[str | nn.Module, ...]]:
        """What a diagram shows of it (`adtlib.models.summary`): name and parts."""
        name = f"Patch embedding: {self.n_patches} patches of {self.height} bands a frame"
        return name, ("cut", self.projection, "+ learned position", "side by side")

    def forward(self, features: Tensor) -> Tensor:
        """One token for each frame."""
        batch, frames, _ = features.shape
        x = features.reshape(batch, frames, self.n_patches, self.height)  # (B, T, N, P)
        x = self.projection(x) + self.position  # (B, T, N, D / N)
        return x.flatten(2)  # (B, T, D)


class ViT(nn.Module):
    """Patches of one frame by P bands, then attention over the segment's frames. `(B, T, 84)` to logits `(B, T, 5)`."""

    def __init__(self, patch_size=(1, 14), num_layers: int = 4, num_heads: int = 4, embed_dim: int = 144):
        """Search space of the finished thesis: patch height 7, 14 or 21, embedding 72 to 576, layers 2 to 10, heads 2 to 8.

        `patch_size` is (frames, bands) as in the published hyperparameters; patches are one frame wide.
        """
        super().__init__()
        width, height = patch_size
        if width != 1:
            raise ValueError(f"patches of {width} frames: they must be 1 frame wide, to keep the time resolution")
        self.patches = PatchEmbedding(height, embed_dim)
        self.transformer = Transformer(embed_dim, num_layers, num_heads)
        self.output = nn.Linear(embed_dim, N_CLASSES)

    def hidden(self, features: Tensor) -> Tensor:
        """What the output layer sees."""
        x = self.patches(features)  # (B, T, D)
        return self.transformer(x)  # (B, T, D)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame."""
        return self.output(self.hidden(features))  # (B, T, 5)


_SPACE = {
    "patch_height": [7, 14, 21],
    "embed_dim": [72, 144, 288, 576],
    "num_layers": [2, 4, 6, 8, 10],
    "num_heads": [2, 4, 6, 8],
}

ARCHITECTURE = Architecture(
    name="ViT",
    network=ViT,
    influence="free",
    spaces={
        "draft": _SPACE,
        "finished": _SPACE,
        "small": {"patch_height": [7, 14, 21], "embed_dim": [48, 72], "num_layers": [1, 2], "num_heads": [2, 4]},
    },
    rendered=({"patch_size": [1, 14], "num_layers": 4, "num_heads": 4, "embed_dim": 144}, 9),
)
