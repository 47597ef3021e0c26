"""The drum set and the pictures of transcriptions: complete, in the classes' colours, the same at every run."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from adtlib.evaluation.examples import example_pattern
from adtlib.figures.drum_set import LABELS, plot_drum_set
from adtlib.figures.notation import plot_notation_with_key
from adtlib.figures.peaks import plot_transcriptions
from adtlib.figures.theme import CLASS_COLOURS, use_theme
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.vocabulary import CLASSES


@pytest.fixture(autouse=True)
def theme():
    use_theme()
    yield
    plt.close("all")


def picture(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=60)
    return buffer.getvalue()


def test_every_class_has_an_instrument_named_in_its_colour():
    ax = plot_drum_set()
    drawn = {text.get_text(): to_hex(text.get_color()) for text in ax.texts}
    assert {code for _, code, *_ in LABELS} == set(CLASSES)
    for name, code, *_ in LABELS:
        assert drawn[name].upper() == CLASS_COLOURS[code]


def test_nothing_of_the_drum_set_is_cut_off():
    ax = plot_drum_set()
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    for artist in [*ax.texts, *ax.patches, *ax.lines, ax.get_legend()]:
        box = artist.get_window_extent()
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 and box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, artist


def test_reruns_give_the_same_picture():
    assert picture(plot_drum_set().figure) == picture(plot_drum_set().figure)
    assert picture(plot_notation_with_key(example_pattern())) == picture(plot_notation_with_key(example_pattern()))


def test_noteheads_stand_over_their_activations():
    pattern, lead_in = example_pattern(), 0.5
    n_frames = round(100 * (pattern.duration + 0.8))
    activations = np.zeros((n_frames, len(CLASSES)))
    for row, times in enumerate(pattern.onsets(lead_in)):
        activations[np.rint(times * 100).astype(int), row] = 0.9
    figure = plot_transcriptions(pattern, lead_in, np.zeros((n_frames, 84)), activations, pick_peaks(activations), PeakPicking())
    score = figure.axes[0]
    assert score.get_position().x0 == pytest.approx(figure.axes[2].get_position().x0)
    for row, name in enumerate(CLASSES):
        heads = [p for p in score.patches if to_hex(p.get_facecolor()).upper() == CLASS_COLOURS[name]]
        boxes = [head.get_path().get_extents(head.get_transform() - score.transData) for head in heads]
        centres = np.array([(box.x0 + box.x1) / 2 for box in boxes])
        for time in pattern.onsets(lead_in)[row]:
            assert np.abs(centres - time).min() < 0.02, (name, time)
