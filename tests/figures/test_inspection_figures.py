"""Figures of chapter 3's theory and of the corpora show the numbers they are given, the same way each time."""

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from adtlib.audio.features import FPS
from adtlib.figures import corpora, inspection, theme
from adtlib.models.inspection import receptive_fields
from adtlib.vocabulary import CLASSES


@pytest.fixture(autouse=True)
def our_theme():
    theme.use_theme()
    yield
    plt.close("all")


def test_receptive_fields_are_drawn_as_wide_as_they_are():
    ax = inspection.plot_receptive_field(np.random.default_rng(0).random((60, 84)), 30, 42)
    boxes = [patch for patch in ax.patches if isinstance(patch, mpl.patches.Rectangle)]
    assert [box.get_width() for box in boxes] == pytest.approx([frames / FPS for frames, _ in receptive_fields(3)])
    assert all(box.get_x() + box.get_width() / 2 == pytest.approx(30 / FPS) for box in boxes)


def test_attention_has_a_row_for_each_head():
    maps = np.random.default_rng(0).dirichlet(np.ones(40), size=(2, 3, 40))
    above, strip, square = inspection.plot_attention(np.random.default_rng(1).random((40, 84)), maps, frame=7)
    shown = strip.images[0].get_array()
    assert shown.shape == (3, 40)
    np.testing.assert_allclose(shown[1], maps[-1, 1, 7] / maps[-1, 1, 7].max())
    np.testing.assert_allclose(square.images[0].get_array(), 100 * maps[-1, 0])
    assert above.lines[0].get_xdata()[0] == strip.lines[0].get_xdata()[0] == 0.07


def test_positions_are_most_alike_at_no_distance():
    axes = inspection.plot_positions(100, 24, theme.new_figure(columns=2)[1])
    distance, alike = axes[1].lines[0].get_data()
    assert alike.max() == pytest.approx(1) and distance[alike.argmax()] == 0


def drawn(plot) -> bytes:
    figure, ax = theme.new_figure()
    plot(ax)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def test_jitter_is_the_same_each_time_and_leaves_other_random_numbers_alone():
    units = pd.DataFrame(
        {"corpus": ["Slakh"] * 9 + ["SADTP"] * 3, "rate": np.linspace(2, 8, 12), "seconds": np.linspace(9, 20, 12)}
    )
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = (drawn(lambda ax: corpora.plot_spread(units, "rate", "pace", ax)) for _ in range(2))
    assert first == second and np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_few_units_are_dots_and_many_a_histogram():
    few = pd.DataFrame({"rate": np.linspace(2, 8, 12), "seconds": 4.0})
    many = pd.DataFrame({"rate": np.linspace(2, 8, 90), "seconds": 4.0})
    (ax,) = corpora.plot_durations_and_rates(few, "SADTP", [theme.new_figure()[1]])
    assert len(ax.collections[0].get_offsets()) == 12 and not ax.patches
    (ax,) = corpora.plot_durations_and_rates(many, "SADTP", [theme.new_figure()[1]])
    assert sum(patch.get_height() for patch in ax.patches) == 90


def test_counts_of_splits_are_written_on_bars_in_the_colours_of_the_classes():
    counts = pd.DataFrame([[5, 4, 1, 9, 2], [2, 2, 0, 3, 1]], ["train", "test"], list(CLASSES))
    ax = corpora.plot_split_counts(counts, theme.new_figure()[1])
    assert [bar.get_height() for bar in ax.patches] == [5, 4, 1, 9, 2, 2, 2, 0, 3, 1]
    assert mpl.colors.to_hex(ax.patches[2].get_facecolor()) == theme.CLASS_COLOURS["TT"].lower()
    assert {"9", "train", "test"} <= {text.get_text() for text in ax.texts}


def test_counts_of_corpora_lie_at_their_numbers():
    counts = pd.DataFrame([[500, 40, 10, 900, 20], [20, 20, 0, 30, 10]], ["Slakh", "SADTP"], list(CLASSES))
    ax = corpora.plot_counts(counts, theme.new_figure()[1])
    found = {round(x) for line in ax.lines for x in np.atleast_1d(line.get_xdata()) if np.isfinite(x)}
    assert {500, 40, 10, 900, 20, 30} <= found and ax.get_xscale() == "log"
