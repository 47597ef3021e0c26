"""Search spaces of chapter 3, from the architectures' records, and a check that all their combinations can be built.

A space gives the values of each hyperparameter of an architecture; learning rate and weight decay are drawn log-uniformly beside
them (thesis 5.3). `adtlib.training.search.tune` converts these to Ray Tune's spaces; nothing here needs Ray.

    draft     of the draft; of the finished thesis for the ViT, whose section is empty in the draft
    finished  of the finished thesis; 1 to 4 dense layers of the CNN as in its code and the draft (its text says 2 to 4)
    small     not in the thesis: seconds a trial, to show a search on the generated corpora. Only LSTMs: on a CPU a GRU of this
              size takes eight times as long
"""

import math
from collections.abc import Iterator, Mapping
from itertools import product

import torch

from adtlib.models.registry import ARCHITECTURES, build

LEARNING_RATE = (1e-4, 5e-3)
WEIGHT_DECAY = (1e-6, 1e-2)

SPACE_NAMES = ("draft", "finished", "small")

SPACES: dict[str, dict[str, Mapping[str, list]]] = {
    space: {name: record.spaces[space] for name, record in ARCHITECTURES.items() if space in record.spaces} for space in SPACE_NAMES
}


def search_space(name: str, architecture: str) -> Mapping[str, list]:
    """Values of each hyperparameter by its name. ValueError for an unknown space or architecture, or one without this space."""
    if name not in SPACES:
        raise ValueError(f"search_space = {name!r}: choose one of {', '.join(SPACES)}")
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {architecture!r}: choose one of {', '.join(ARCHITECTURES)}")
    if architecture not in SPACES[name]:
        raise ValueError(f"the {architecture} has no search space {name!r}: state it in the `spaces` of its record")
    return SPACES[name][architecture]


def combinations(space: Mapping[str, list]) -> Iterator[dict]:
    """Every combination of the values of a space."""
    for values in product(*space.values()):
        yield dict(zip(space, values, strict=True))


def count_combinations(space: Mapping[str, list]) -> int:
    """Number of combinations of a space: the trials of a grid search."""
    return math.prod(map(len, space.values()))


def as_hyperparameters(drawn: dict) -> dict:
    """Hyperparameters for `models.build` from values drawn from a space. Only the height of the ViT's patches is drawn."""
    hyperparameters = {key: value for key, value in drawn.items() if key != "patch_height"}
    if "patch_height" in drawn:
        hyperparameters["patch_size"] = [1, drawn["patch_height"]]
    return hyperparameters


def check_space(architecture: str, space: Mapping[str, list]) -> None:
    """Check before training that all combinations of a space can be built; ValueError with a combination that cannot.

    All those of the thesis's spaces can be built: embeddings are divisible by the heads and by the 84 / P patches of a frame.
    Models are built without memory for their weights, and with the first number of layers only.
    """
    shallow = {key: values[:1] if key == "num_layers" else values for key, values in space.items()}
    for drawn in combinations(shallow):
        try:
            with torch.device("meta"):
                build(architecture, **as_hyperparameters(drawn))
        except ValueError as error:
            raise ValueError(f"the search space of the {architecture} holds {drawn}, which cannot be built: {error}") from error
