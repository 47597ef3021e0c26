"""The method's tables show what the code does."""

import numpy as np
import pytest

from adtlib import paths
from adtlib.evaluation.metrics import count_matches
from adtlib.models.registry import ARCHITECTURES
from adtlib.notebooks.listing import notebook_map, printed_map
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.profiles import load_profile
from adtlib.studies.method import (
    example_activations,
    example_logits,
    example_losses,
    loss_table,
    parameter_table,
    protocol_table,
    round_trip,
    schedule_table,
)

EMPTY = np.array([])


@pytest.mark.parametrize("name", ["smoke", "thesis"])
def test_protocol_shows_the_values_of_the_profile(name):
    profile = load_profile(name, patience=7, tolerance=0.03)
    here = protocol_table(profile).set_index("choice")["here"]
    assert here["early stopping"] == "7 epochs" and here["tolerance"] == "30 ms"
    assert here["batch"] == str(profile.batch_size) and here["delta"] == "0.1"


def test_losses_of_the_frames_have_the_mean_that_training_uses():
    logits, targets = example_logits()
    table, loss = loss_table(logits, targets, np.array([10.0, 12, 40, 9, 20]))
    assert table["weight"].tolist() == [19, 1, 1, 40]
    assert table["loss"].mean() == pytest.approx(loss, rel=1e-6)
    assert table["loss"].idxmax() == 3 and table["target"].iloc[2] == "–"
    # Frame 0 by hand: -log 0.9 - log 0.8 - 2 log 0.98 - log 0.95
    assert table["bce"].iloc[0] == pytest.approx(-np.log([0.9, 0.8, 0.98, 0.98, 0.95]).sum(), abs=1e-5)


def test_the_schedule_divides_and_stops_when_the_profile_says():
    profile = load_profile("thesis", search="none", learning_rate=1e-3, patience=5, lr_patience=2)
    table = schedule_table([1.0, 0.9, *[0.95] * 20], profile)
    assert len(table) == 7 and table["stops"].tolist() == [False] * 6 + [True]
    assert np.allclose(table["learning_rate"], [1e-3] * 4 + [2e-4] * 2 + [4e-5])
    assert table["stale"].tolist() == [0, 0, 1, 2, 3, 4, 5]
    assert not schedule_table(np.linspace(1, 0.5, 30), profile)["stops"].any()
    assert len(example_losses()) == 60


def test_perfect_activations_lose_only_what_frames_cannot_hold():
    onsets = [np.array([0.1, 0.5]), np.array([0.3, 0.308]), EMPTY, np.array([0.0, 0.7, 0.72]), EMPTY]
    counts = count_matches(onsets, round_trip(onsets, 100, PeakPicking()), 0.005)
    assert counts[:, 0].tolist() == [2, 1, 0, 3, 0]
    assert counts[:, 1].sum() == 0 and counts[1, 2] == 1  # the flam is one stroke


def test_example_activations_are_those_of_an_imperfect_model():
    targets = np.zeros((1_000, 5), dtype=np.float32)
    targets[::25] = 1
    activations = example_activations(targets)
    assert activations.shape == targets.shape and activations.min() >= 0 and activations.max() <= 1
    assert np.array_equal(activations, example_activations(targets))
    reference = [np.arange(0, 10, 0.25)] * 5
    tp, fp, fn = count_matches(reference, pick_peaks(activations)).sum(axis=0)
    assert tp > 2 * fn > 0 and 0 < fp < tp / 2


def test_sizes_are_those_of_the_models():
    sizes = parameter_table(load_profile("smoke")).set_index("architecture")["parameters"]
    assert len(sizes) == len(ARCHITECTURES) and (sizes > 1_000).all()


def test_the_map_names_every_notebook_and_what_it_makes():
    table = notebook_map().set_index("notebook")
    assert table.index.tolist() == sorted(path.stem for path in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    assert "20_hours" in table.loc["20_corpora", "figures"] and "20_splits" in table.loc["20_corpora", "tables"]
    assert (table["title"].str.len() > 3).all()
    assert "[20_corpora](20_corpora.ipynb)" in printed_map(notebook_map())


@pytest.mark.parametrize(
    ("name", "search", "rate"),
    [
        ("miniature", "none: one configuration", "0.002"),
        ("thesis", "random, draft spaces, 15 trials (25 on ENST+MDB)", "searched"),
        ("thesis_finished", "optuna, finished spaces, 15 trials (25 on ENST+MDB)", "searched"),
        ("thesis_published", "none: the published hyperparameters", "published"),
    ],
)
def test_where_the_hyperparameters_come_from_is_said(name, search, rate):
    table = protocol_table(load_profile(name))
    here = table[table["step"] == "training"].set_index("choice")["here"]
    assert (here["search"], here["learning rate"]) == (search, rate)
