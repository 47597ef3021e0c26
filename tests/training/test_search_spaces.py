"""Search spaces and settings: what the thesis states, what cannot be built, what was published."""

import pandas as pd
import pytest

from adtlib import paths
from adtlib.corpora.registry import TRAINABLE
from adtlib.models.registry import ARCHITECTURES, build
from adtlib.profiles import load_profile
from adtlib.studies.configs import training_config
from adtlib.training.search.folder import SearchError
from adtlib.training.search.settings import PUBLISHED, Settings, published_settings, settings_of
from adtlib.training.search.spaces import (
    LEARNING_RATE,
    SPACES,
    WEIGHT_DECAY,
    as_hyperparameters,
    check_space,
    combinations,
    count_combinations,
    search_space,
)

DRAFT_HIDDEN, FINISHED_HIDDEN = [72, 144, 288], [72, 144, 288, 576]


def test_spaces_are_those_of_chapter_3():
    assert (LEARNING_RATE, WEIGHT_DECAY) == ((1e-4, 5e-3), (1e-6, 1e-2))
    draft, finished = SPACES["draft"], SPACES["finished"]
    assert all(set(space) <= set(ARCHITECTURES) for space in SPACES.values()) and list(SPACES) == ["draft", "finished", "small"]
    assert draft["RNN"] == {"num_layers": [2, 3, 4, 5, 6], "hidden_size": DRAFT_HIDDEN, "use_gru": [True, False]}
    assert draft["CNN"] == {"num_convs": [1, 2, 3], "num_layers": [1, 2, 3, 4], "hidden_size": FINISHED_HIDDEN}
    assert draft["CRNN"] == {"num_layers": [2, 3, 4, 5], "hidden_size": DRAFT_HIDDEN, "use_gru": [True, False]}
    assert draft["ConvTransformer"] == {"embed_dim": DRAFT_HIDDEN, "num_layers": [2, 4, 6, 8], "num_heads": [2, 4, 6, 8]}
    assert finished["ViT"] == {
        "patch_height": [7, 14, 21],
        "embed_dim": FINISHED_HIDDEN,
        "num_layers": [2, 4, 6, 8, 10],
        "num_heads": [2, 4, 6, 8],
    }
    larger = {"RNN": "hidden_size", "CRNN": "hidden_size", "ConvTransformer": "embed_dim"}
    for architecture, key in larger.items():
        assert finished[architecture][key] == FINISHED_HIDDEN
    assert finished["ConvTransformer"]["num_layers"] == [2, 4, 6, 8, 10]
    assert draft["CNN"] == finished["CNN"] and draft["ViT"] == finished["ViT"]


@pytest.mark.parametrize(("architecture", "name"), [(each, name) for name, space in SPACES.items() for each in space])
def test_every_combination_of_every_space_can_be_built(name, architecture):
    space = search_space(name, architecture)
    check_space(architecture, space)
    drawn = list(combinations(space))
    assert len(drawn) == len({tuple(sorted(one.items())) for one in drawn}) == count_combinations(space)


def test_a_space_that_can_propose_what_cannot_be_built_is_refused_with_the_combination():
    with pytest.raises(ValueError, match=r"'num_heads': 5.*72 is not divisible by 5 heads"):
        check_space("ConvTransformer", {"embed_dim": [60, 72], "num_layers": [8], "num_heads": [2, 5]})
    with pytest.raises(ValueError, match=r"'embed_dim': 70.*12 patches"):
        check_space("ViT", {"patch_height": [7], "embed_dim": [72, 70], "num_layers": [1], "num_heads": [1]})
    with pytest.raises(ValueError, match="draft, finished, small"):
        search_space("other", "CNN")
    with pytest.raises(ValueError, match="unknown architecture"):
        search_space("draft", "MLP")


def test_the_height_of_a_patch_becomes_a_patch():
    assert as_hyperparameters({"patch_height": 7, "num_layers": 2}) == {"patch_size": [1, 7], "num_layers": 2}
    assert as_hyperparameters({"hidden_size": 72}) == {"hidden_size": 72}


def test_every_published_model_lies_in_the_finished_space_and_can_be_trained_directly():
    table = pd.read_csv(PUBLISHED)
    assert len(table) == 26
    for row in table.itertuples():
        found = published_settings(row.architecture, row.train.split(" + ")[::-1])  # in any order
        assert found.learning_rate == row.lr and found.weight_decay == row.weight_decay
        assert LEARNING_RATE[0] <= found.learning_rate <= LEARNING_RATE[1]
        assert WEIGHT_DECAY[0] <= found.weight_decay <= WEIGHT_DECAY[1]
        drawn = [as_hyperparameters(one) for one in combinations(search_space("finished", row.architecture))]
        assert found.hyperparameters in drawn
        build(row.architecture, **found.hyperparameters)


def test_settings_come_from_where_the_profile_says(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    fixed = load_profile("miniature")
    assert settings_of(fixed, "CNN", ("Slakh",)) == Settings(fixed.hyperparameters["CNN"], 2e-3, 1e-4)
    published = load_profile("thesis_published")
    config = training_config(published, "CRNN", ("Slakh",), 0)
    assert config.hyperparameters == {"num_layers": 5, "hidden_size": 576, "use_gru": True}
    assert (config.learning_rate, config.weight_decay, config.patience) == (2.817e-4, 6.798e-5, 15)
    assert settings_of(published, "CRNN", TRAINABLE[:4]).learning_rate == 3.652e-4
    with pytest.raises(ValueError, match=r"no published hyperparameters of the CNN trained on Slakh \+ ADTOF-YT, only on"):
        settings_of(published, "CNN", ("Slakh", "ADTOF-YT"))
    with pytest.raises(SearchError, match=r"no finished search.*CNN on Slakh"):
        settings_of(load_profile("thesis"), "CNN", ("Slakh",))
