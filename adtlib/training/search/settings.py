"""The settings that a run is trained with: the profile's own, those the finished thesis published, or those a search found.

Settings are the values that a search varies: the architecture's hyperparameters, learning rate and weight decay. A profile's
`search` decides where they come from:

    none                   the profile's `hyperparameters`, `learning_rate` and `weight_decay`
    published              those of the finished thesis, from `published/published_hyperparameters.csv`; no search
    random, grid, optuna   the best trial of the search for that architecture and those corpora (`training.search.folder`)
"""

import json
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from adtlib import paths
from adtlib.profiles import Profile
from adtlib.training.runs import training_set_name
from adtlib.training.search.folder import find_search

PUBLISHED = paths.PUBLISHED / "published_hyperparameters.csv"


@dataclass(frozen=True)
class Settings:
    """The values that a search varies; `hyperparameters` as `models.build` takes them."""

    hyperparameters: dict
    learning_rate: float
    weight_decay: float


def settings_of(profile: Profile, architecture: str, train) -> Settings:
    """Settings of an architecture on training corpora (their names). ValueError if the published table or a search has none."""
    if profile.search == "published":
        return published_settings(architecture, train)
    if profile.searches:
        return Settings(**find_search(profile.name, architecture, train).settings)
    return Settings(profile.hyperparameters_of(architecture), profile.learning_rate, profile.weight_decay)


def published_settings(architecture: str, train) -> Settings:
    """The settings that the finished thesis selected for an architecture on training corpora, in any order."""
    table = _published_table()
    mine = table[(table["architecture"] == architecture) & (table["train"] == frozenset(train))]
    if mine.empty:
        listed = sorted({training_set_name(sorted(names)) for names in table.loc[table["architecture"] == architecture, "train"]})
        raise ValueError(
            f"no published hyperparameters of the {architecture} trained on {training_set_name(train)}, only on "
            f"{', '.join(listed)}: choose another value of search than published"
        )
    row = mine.iloc[0]
    return Settings(json.loads(row["parameters"]), float(row["lr"]), float(row["weight_decay"]))


@lru_cache(maxsize=1)
def _published_table() -> pd.DataFrame:
    table = pd.read_csv(PUBLISHED)
    return table.assign(train=[frozenset(names.split(" + ")) for names in table["train"]])
