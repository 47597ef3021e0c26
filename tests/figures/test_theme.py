"""Pictures: reruns are byte-identical, the manifest keeps every row, axes carry units."""

import os
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from adtlib import paths
from adtlib.corpora.registry import CORPORA
from adtlib.evaluation.errors import unit_events
from adtlib.figures import architectures, controlled, errors, passages, studies, theme
from adtlib.models.registry import ARCHITECTURES
from adtlib.notebooks import saved_figures
from adtlib.vocabulary import CLASSES


@pytest.fixture(autouse=True)
def own_figures(tmp_path, monkeypatch):
    for name in ("FIGURES", "RESULTS", "CACHE"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    theme.use_theme()
    yield
    plt.close("all")


def test_a_rerun_is_byte_identical():
    contents = []
    for _ in range(2):
        figure, ax = theme.new_figure()
        passages.plot_waveform(np.sin(np.arange(1000) / 10), ax=ax)
        written = saved_figures.save_figure(figure, "10_wave", "smoke", "A wave.", "2.3")
        contents.append([path.read_bytes() for path in written])
    assert contents[0] == contents[1]
    assert saved_figures.read("smoke") == [{"thesis_number": "2.3", "file": "10_wave", "notebook": "10", "caption": "A wave."}]


def test_notebooks_side_by_side_lose_no_row():
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: saved_figures.note("smoke", str(i), f"{i:02d}_x", "c"), range(40)))
    assert [row["file"] for row in saved_figures.read("smoke")] == [f"{i:02d}_x" for i in range(40)]


@pytest.mark.parametrize(("number", "name"), [("2.3.", "10_wave"), ("A.1", "10_wave"), ("2.3ab", "10_wave"), ("2.3", "wave")])
def test_a_figure_without_a_number_of_the_thesis_or_of_its_notebook_is_refused(number, name):
    with pytest.raises(ValueError, match="figure"):
        saved_figures.save_figure(theme.new_figure()[0], name, "smoke", "A wave.", number)
    assert not paths.FIGURES.exists()


def test_what_a_notebook_no_longer_makes_is_removed():
    tables = paths.RESULTS / "smoke" / "tables"
    tables.mkdir(parents=True)
    for name in ("10_old", "10_new", "11_other", "12_gone"):
        saved_figures.save_figure(theme.new_figure()[0], name, "smoke", "A picture.", "2.3")
        (tables / f"{name}.csv").write_text("x\n1\n")
    for path in [*paths.FIGURES.rglob("1[01]_o*"), *tables.glob("1[01]_o*")]:
        os.utime(path, (1000, 1000))  # of an earlier run
    gone = saved_figures.drop_stale("smoke", "10", since=2000, known={"10", "11"})
    assert sorted(gone) == sorted(f"{name}.{kind}" for name in ("10_old", "12_gone") for kind in ("csv", "pdf", "png"))
    assert [row["file"] for row in saved_figures.read("smoke")] == ["10_new", "11_other"]
    assert sorted(path.name for path in tables.iterdir()) == ["10_new.csv", "11_other.csv"]


@pytest.mark.parametrize(
    ("colours", "names"),
    [
        (theme.CLASS_COLOURS, CLASSES),
        (architectures.ARCHITECTURE_COLOURS, ARCHITECTURES),
        (theme.CORPUS_COLOURS, CORPORA),
    ],
)
def test_each_has_a_colour_of_its_own(colours, names):
    assert list(colours) == list(names) and len(set(colours.values())) == len(names)


def test_architectures_are_grey_so_that_a_colour_is_a_class_or_a_corpus():
    for colour in architectures.ARCHITECTURE_COLOURS.values():
        red, green, blue = to_rgb(colour)
        assert red == green == blue
    assert len(set(architectures.ARCHITECTURE_MARKERS.values())) == len(ARCHITECTURES)


def test_a_class_s_point_is_the_mean_over_seeds():
    scores = {f"f1_{name}": [0.2, 0.6, 0.5] for name in CLASSES}
    table = pd.DataFrame({"test": ["Slakh", "Slakh", "E-GMD"], "seed": [0, 1, 0], **scores})
    ax = studies.plot_class_f1(table, theme.new_figure()[1])
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["0.40"] * 5 + ["0.50"] * 5
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Slakh", "E-GMD"]


def test_a_hit_at_the_very_tolerance_is_no_near_miss():
    strokes, empty = np.arange(1.0, 59.0), [np.empty(0)] * 4
    events = unit_events([strokes, *empty], [np.insert(strokes[1:] + 0.05, 0, 1.06), *empty], 60.0, 0.05).assign(corpus="Slakh")
    assert (events["event"] == "hit").sum() == 57 and (events["difference"] > 0.05).sum() > 1
    assert errors.plot_timing(events, 0.05)[0].get_title() == "Slakh\nn = 58\nnear misses: 1"


def test_an_architecture_is_drawn_where_it_was_tested():
    tested = [("CNN", "Slakh", 0.5), ("CNN", "E-GMD", 0.6), ("RNN", "E-GMD", 0.7)]
    rows = [{"level": name, "test": test, "f1_micro": f1, "f1_low": f1, "f1_high": f1, "seed": "mean"} for name, test, f1 in tested]
    ax = controlled.plot_architectures_by_test(pd.DataFrame(rows), theme.new_figure()[1])
    handles, labels = ax.get_legend_handles_labels()
    assert labels == ["CNN", "RNN"] and [handle.get_xdata()[0] for handle in handles] == [0.5, 0.7]
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_markersize() == 5]
    assert marks == [0.5, 0.6, 0.7]


def test_a_spectrogram_has_seconds_and_hertz_and_a_unit():
    figure, ax = theme.new_figure()
    features = np.zeros((100, 84), dtype=np.float16)
    features[50, 40] = 1
    passages.plot_features(features, start=2.0, ax=ax)
    assert ax.get_xlabel() == "time (s)" and ax.get_ylabel() == "frequency (Hz)"
    assert figure.axes[1].get_ylabel() == "log10(magnitude + 1)"
    low, high = ax.get_xlim()
    assert low == pytest.approx(1.995) and high == pytest.approx(2.995)
    assert ax.get_ylim()[0] > 30 and ax.get_ylim()[1] < 22_050


def test_points_are_seeds_and_whiskers_need_six_groups():
    table = pd.DataFrame(
        {
            "architecture": ["CNN", "CNN", "CNN", "RNN"],
            "corpus": ["Slakh", "Slakh", "E-GMD", "Slakh"],
            "f1_micro": [0.5, 0.6, np.nan, 0.7],
            "ci_low": [0.4, 0.4, np.nan, 0.6],
            "ci_high": [0.65, 0.65, np.nan, 0.8],
            "n_independent": [6, 6, 6, 5],
        }
    )
    ax = studies.plot_f1_points(table, theme.new_figure()[1])
    drawn = [line.get_ydata().tolist() for line in ax.lines if len(set(line.get_xdata())) == 1 and line.get_color() != "#dddddd"]
    assert drawn == [[0.4, 0.65], [0.5, 0.6], [0.7]], "an interval of six groups, two seeds, one seed; none of five groups"
    means = [line.get_ydata().tolist() for line in ax.lines if len(set(line.get_xdata())) == 2]
    assert means == [pytest.approx([0.55, 0.55]), [0.7, 0.7]]
    assert ax.get_ylim() == (pytest.approx(0.3), 1)


def test_the_grid_s_colours_are_differences_from_the_corpus_s_own_model():
    grid = pd.DataFrame({"Slakh": [0.9, 0.7, 0.95], "SADTP": [0.5, 0.6, 0.6]}, index=["Slakh", "E-GMD", "E-GMD + Slakh"])
    zero_shot = pd.DataFrame({"Slakh": [False, True, False], "SADTP": [True, True, True]}, index=grid.index)
    ax = studies.plot_f1_grid(grid, zero_shot, theme.new_figure()[1])
    shown = np.ma.filled(ax.collections[0].get_array().reshape(grid.shape).astype(float), np.nan)
    assert shown[:, 0] == pytest.approx([0, -0.2, 0.05]) and np.isnan(shown[:, 1]).all()
    cells = {(text.get_position()[0] - 0.5, text.get_position()[1] - 0.5): text.get_text() for text in ax.texts}
    underlined = [cells[int(line.get_xdata()[0]), int(line.get_ydata()[0])] for line in ax.lines]
    assert underlined == ["0.700", "0.600", "0.600"] and sum(patch.get_fill() is False for patch in ax.patches) == 2


def test_cells_that_are_run_again_show_their_figures_again():
    """Setting the theme a second time must not take away what shows figures in a notebook."""
    setup = "import matplotlib.pyplot as plt\nfrom adtlib.figures.theme import use_theme\nuse_theme()"
    cells = [nbformat.v4.new_code_cell(source) for source in [setup, "plt.plot([1, 2]);"] * 2]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells]
    assert shown == [0, 1, 0, 1]
