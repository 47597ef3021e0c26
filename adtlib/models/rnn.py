"""Recurrent neural network (thesis 3.1, Fig. 3.2; Vogl et al. 2016, Southall et al. 2016)."""

from torch import Tensor, nn

from adtlib.audio.features import N_BANDS
from adtlib.models.architecture import Architecture
from adtlib.models.blocks import Recurrent
from adtlib.vocabulary import N_CLASSES


class RNN(nn.Module):
    """Bidirectional recurrent layers, then a linear layer for each frame. `(B, T, 84)` to logits `(B, T, 5)`."""

    def __init__(self, num_layers: int = 3, hidden_size: int = 144, use_gru: bool = False):
        """Search space of the draft: layers 2 to 6, hidden size 72, 144 or 288, GRU or LSTM."""
        super().__init__()
        self.recurrent = Recurrent(N_BANDS, hidden_size, num_layers, use_gru)
        self.output = nn.Linear(self.recurrent.out_features, N_CLASSES)

    def hidden(self, features: Tensor) -> Tensor:
        """What the output layer sees."""
        return self.recurrent(features)  # (B, T, 2 H)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame."""
        return self.output(self.hidden(features))  # (B, T, 5)


ARCHITECTURE = Architecture(
    name="RNN",
    network=RNN,
    influence="fading",
    spaces={
        "draft": {"num_layers": [2, 3, 4, 5, 6], "hidden_size": [72, 144, 288], "use_gru": [True, False]},
        "finished": {"num_layers": [2, 3, 4, 5, 6], "hidden_size": [72, 144, 288, 576], "use_gru": [True, False]},
        "small": {"num_layers": [1, 2], "hidden_size": [24, 48, 72], "use_gru": [False]},
    },
    rendered=({"num_layers": 3, "hidden_size": 144}, 17),
)
