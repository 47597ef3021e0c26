"""What the rest of the package knows of an architecture: one record beside each network, listed in `adtlib.models.registry`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

INFLUENCES = ("fading", "window", "both", "free")


@dataclass(frozen=True)
class Architecture:
    """An architecture of the study.

    name       in results, tables and figures, and of its folder of runs.
    network    its class, `(B, T, 84)` standardised features to `(B, T, 5)` logits.
    influence  how the frames around an output influence it in an idealised drawing: "fading" with distance, inside a "window",
               "both" (a window, and fading beyond it), or "free" (any frame).
    spaces     of a hyperparameter search, by name (`adtlib.training.search.spaces`): the values of each hyperparameter.
    sizes      hyperparameters by the size of a profile ("smoke", "standard", "real"), for profiles whose file names none. For a
               size that is missing the defaults of the class count.
    rendered   hyperparameters and epochs on rendered clips that take about as long as the CNN's there; None leaves the
               architecture out of that comparison (`adtlib.studies.ingredients`).
    """

    name: str
    network: type[nn.Module]
    influence: str
    spaces: Mapping[str, Mapping[str, list]] = field(default_factory=dict)
    sizes: Mapping[str, Mapping] = field(default_factory=dict)
    rendered: tuple[Mapping, int] | None = None

    def __post_init__(self) -> None:
        if self.influence not in INFLUENCES:
            raise ValueError(f"{self.name}: influence = {self.influence!r}, expected one of {', '.join(INFLUENCES)}")
