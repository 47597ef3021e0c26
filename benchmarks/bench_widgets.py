"""From a control's change to the new picture's PNG, for each panel of the notebooks; peak picking beside a figure plotted anew."""

import io
import time

import matplotlib.pyplot as plt
import numpy as np

from adtlib.features import FPS
from adtlib.params import load_profile, open_corpora
from adtlib.peak_picking import PeakPicking
from adtlib.plotting import new_figure, use_theme
from adtlib.plotting_transcription import plot_peak_conditions
from adtlib.studies import prepared_corpus
from adtlib.vocabulary import CLASSES
from adtlib.widgets import (
    browse_tracks,
    explore_aliasing,
    explore_filterbank,
    explore_peak_conditions,
    explore_peak_picking,
    explore_stft,
    explore_tolerance,
)
from adtlib.worked_examples import example_curve, explain_peaks, matching_example

STEPS = 40  # a control


def activations(rng) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ten seconds with a stroke of each class about every half second, and when they were."""
    y = rng.uniform(0, 0.1, (1000, len(CLASSES)))
    truth = [np.sort(rng.choice(np.arange(10, 990, 9), 20, replace=False)) for _ in CLASSES]
    for column, frames in enumerate(truth):
        y[frames, column] = rng.uniform(0.3, 1.0, len(frames))
    return y, [frames / FPS for frames in truth]


def moves(control) -> list:
    """STEPS values over the whole range of a control."""
    if hasattr(control, "options"):
        return [control.options[index % len(control.options)] for index in range(STEPS)]
    return [type(control.value)(value) for value in np.linspace(control.min, control.max, STEPS)]


def seconds_of(panel, controls=None) -> np.ndarray:
    """Seconds of each change of each control (or of the named ones), one after the other: callback, drawing, PNG.

    The sound comes later, by itself.
    """
    panel._sound = None
    taken = []
    for control in (panel.controls[name] for name in controls or panel.controls):
        before = panel.values
        for value in moves(control):
            if value != control.value:
                start = time.perf_counter()
                control.value = value
                taken.append(time.perf_counter() - start)
        panel.set(**before)
    return np.array(taken)


def browser():
    """The browser of tracks over the generated corpora of the profile miniature."""
    profile = load_profile("miniature")
    corpora = open_corpora(profile)
    return browse_tracks(corpora, {name: prepared_corpus(profile, name, progress=False) for name in corpora})


def plotted_anew(curve: np.ndarray) -> np.ndarray:
    """Seconds of what most notebooks do in a callback: pick, plot the same figure, save it as PNG."""
    taken = []
    for threshold in np.linspace(0, 1, STEPS):
        start = time.perf_counter()
        config = PeakPicking(threshold=float(threshold))
        figure, ax = new_figure(0.5)
        plot_peak_conditions(explain_peaks(curve, config), config, ax)
        ax.set_xlabel("time (frames of 10 ms)")
        figure.savefig(io.BytesIO(), format="png", dpi=figure.dpi)
        plt.close(figure)
        taken.append(time.perf_counter() - start)
    return np.array(taken)


def show(name: str, seconds: np.ndarray, peer: float | None = None) -> None:
    median, high = 1000 * np.quantile(seconds, [0.5, 0.95])
    ratio = f"   {peer / np.median(seconds):5.2f} x faster than plotted anew" if peer else ""
    print(f"{name:<58} {median:6.1f} ms, 95 % within {high:6.1f} ms{ratio}", flush=True)


def main():
    use_theme()
    curve = example_curve()
    plotted_anew(curve)  # fonts and caches
    peer = plotted_anew(curve)
    show("matplotlib: the figure of peak picking plotted anew", peer)
    show("adtlib: peak picking, example curve (bar: 100 ms)", seconds_of(explore_peak_conditions(curve)), np.median(peer))
    made = activations(np.random.default_rng(0))
    show("adtlib: peak picking, five classes, 10 s (bar: 100 ms)", seconds_of(explore_peak_picking(*made)))
    for name, panel in (
        ("aliasing", explore_aliasing()),
        ("window and hop of the STFT", explore_stft()),
        ("filterbank", explore_filterbank()),
        ("tolerance and matching", explore_tolerance(*matching_example())),
    ):
        show(f"adtlib: {name}", seconds_of(panel))
    tracks = browser()
    show("adtlib: browser of tracks, along a recording", seconds_of(tracks, ["start", "seconds"]))
    show("adtlib: browser of tracks, another recording", seconds_of(tracks, ["corpus", "track"]))


if __name__ == "__main__":
    main()
