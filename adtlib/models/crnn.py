"""Convolutional recurrent neural network (thesis 3.3, Fig. 3.6; Vogl et al. 2017, Zehren et al. 2023)."""

from torch import Tensor, nn

from adtlib.models.architecture import Architecture
from adtlib.models.blocks import ConvFrontEnd, Recurrent
from adtlib.vocabulary import N_CLASSES


class CRNN(nn.Module):
    """Two convolutional blocks, then bidirectional recurrent layers. `(B, T, 84)` to logits `(B, T, 5)`."""

    def __init__(self, num_layers: int = 3, hidden_size: int = 144, use_gru: bool = False):
        """Search space of the draft: layers 2 to 5, hidden size 72, 144 or 288, GRU or LSTM."""
        super().__init__()
        self.front_end = ConvFrontEnd(2)
        self.recurrent = Recurrent(self.front_end.out_features, hidden_size, num_layers, use_gru)
        self.output = nn.Linear(self.recurrent.out_features, N_CLASSES)

    def hidden(self, features: Tensor) -> Tensor:
        """What the output layer sees."""
        x = self.front_end(features)  # (B, T, 576): 64 kernels x 9 bands
        return self.recurrent(x)  # (B, T, 2 H)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of all classes for each frame."""
        return self.output(self.hidden(features))  # (B, T, 5)


ARCHITECTURE = Architecture(
    name="CRNN",
    network=CRNN,
    influence="both",
    spaces={
        "draft": {"num_layers": [2, 3, 4, 5], "hidden_size": [72, 144, 288], "use_gru": [True, False]},
        "finished": {"num_layers": [2, 3, 4, 5], "hidden_size": [72, 144, 288, 576], "use_gru": [True, False]},
        "small": {"num_layers": [1, 2], "hidden_size": [24, 36, 48], "use_gru": [False]},
    },
    rendered=({"num_layers": 3, "hidden_size": 60}, 8),
)
