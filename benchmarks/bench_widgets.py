"""How long each panel of the notebooks takes to open, and from a control's change to the new picture's PNG.

Peak picking stands beside a figure plotted anew. Of the transcriber, with a song of four minutes, the kernel's part: words at once,
notation and numbers of the whole song once the controls rest, a piece of the sound; the lanes follow in the browser.
"""

import io
import json
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from common import seconds_of

from adtlib.audio.features import FPS, SAMPLE_RATE
from adtlib.audio.files import write_audio
from adtlib.corpora.registry import CORPORA
from adtlib.evaluation.examples import example_curve, explain_peaks, matching_example
from adtlib.figures.peaks import plot_peak_conditions
from adtlib.figures.theme import new_figure, use_theme
from adtlib.models.inspection import attention_maps
from adtlib.models.registry import assemble, build
from adtlib.models.saliency import example_inputs
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.panels.method import explore_threshold, explore_weights, explore_widening
from adtlib.panels.networks import explore_attention, explore_receptive_field, explore_training_sets
from adtlib.panels.peaks import explore_peak_conditions, explore_peak_picking, explore_tolerance
from adtlib.panels.signals import explore_aliasing, explore_filterbank, explore_stft
from adtlib.panels.tracks import browse_tracks
from adtlib.panels.transcriber.editor import piece_of
from adtlib.panels.transcriber.panel import Transcriber
from adtlib.profiles import load_profile, open_corpora, prepared_corpus
from adtlib.training.runs import save_weights
from adtlib.transcription.sources import AvailableModel, named_sources
from adtlib.vocabulary import CLASSES

STEPS = 40  # a control
MINUTES = 4  # of the transcriber's song


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
        values = [option[1] if isinstance(option, tuple) else option for option in control.options]  # (label, value) or value
        return [values[index % len(values)] for index in range(STEPS)]
    return [type(control.value)(value) for value in np.linspace(control.min, control.max, STEPS)]


def panel_seconds(panel, controls=None) -> np.ndarray:
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


def transcriber_panel(folder: Path) -> Transcriber:
    """The transcriber with a song of noise and a network of any weights, whose activations are then made: 12 onsets a second."""
    rng = np.random.default_rng(0)
    song = rng.normal(0, 0.05, MINUTES * 60 * SAMPLE_RATE).clip(-1, 1).astype(np.float32)
    write_audio(folder / "song.wav", song)
    torch.manual_seed(0)
    config = {"architecture": "CRNN", "hyperparameters": {"num_layers": 1, "hidden_size": 24}}
    save_weights(assemble(config, 0.3, 0.3), folder / "model" / "model.safetensors")
    (folder / "model" / "config.json").write_text(json.dumps({"config": {**config, "peak_picking": {}}, "result": {}}))
    panel = Transcriber(named_sources([folder / "song.wav"]), [AvailableModel("any", str(folder / "model"), "run")], folder, 0.05)
    made = panel._result.transcription.activations
    made[:] = rng.uniform(0, 0.1, made.shape)
    for column in range(len(CLASSES)):
        frames = rng.choice(np.arange(10, len(made) - 10, 7), round(2.4 * MINUTES * 60), replace=False)
        made[frames, column] = rng.uniform(0.2, 1.0, len(frames))
    return panel


def transcriber_times() -> None:
    """Wall and processor time of the transcriber's sliders, of what follows them, and of a piece of sound."""
    with tempfile.TemporaryDirectory() as folder:
        panel = transcriber_panel(Path(folder))
        follow_up, panel._follow_up = panel._follow_up, lambda: None
        for seconds in (4, 16):
            panel.look(60.0, seconds)
            busy = time.process_time()
            taken = panel_seconds(panel, ["threshold_KD", "threshold_HH"])
            busy = (time.process_time() - busy) / len(taken)
            show(f"adtlib: transcriber, {seconds} s of {MINUTES} min, a threshold (bar: 100 ms)", taken)
            print(f"{'':<58} {1000 * busy:6.1f} ms of processor time a change", flush=True)
            show(f"adtlib: transcriber, {seconds} s, notation and numbers", np.array([seconds_of(follow_up) for _ in range(5)]))
        show(
            "adtlib: transcriber, a piece of sound",
            np.array([seconds_of(lambda: piece_of(panel._result, 6)) for _ in range(STEPS)]),
        )


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
    show("adtlib: peak picking, example curve (bar: 100 ms)", panel_seconds(explore_peak_conditions(curve)), np.median(peer))
    made = activations(np.random.default_rng(0))
    show("adtlib: peak picking, five classes, 10 s (bar: 100 ms)", panel_seconds(explore_peak_picking(*made)))
    inputs = example_inputs()[0]
    network = build("ConvTransformer", num_layers=2, num_heads=2, embed_dim=24)
    maps = attention_maps(network, inputs)
    sets = pd.DataFrame(
        np.random.default_rng(0).uniform(0.2, 0.9, (10, len(CORPORA))), [f"set {n}" for n in range(10)], list(CORPORA)
    )
    for name, open_panel in (
        ("aliasing", explore_aliasing),
        ("window and hop of the STFT", explore_stft),
        ("filterbank", explore_filterbank),
        ("tolerance and matching", lambda: explore_tolerance(*matching_example())),
        ("target widening", explore_widening),
        ("weights", lambda: explore_weights([0.02, 0.015, 0.001, 0.03, 0.004])),
        ("threshold", lambda: explore_threshold(*made)),
        ("receptive field", lambda: explore_receptive_field(inputs, 100, 42)),
        ("attention", lambda: explore_attention(inputs, maps, 200)),
        ("training sets", lambda: explore_training_sets(sets)),
    ):
        show(f"adtlib: {name}, opened (bar: 300 ms)", np.array([seconds_of(open_panel) for _ in range(5)]))
        show(f"adtlib: {name}, moved (bar: 100 ms)", panel_seconds(open_panel()))
    tracks = browser()
    show("adtlib: browser of tracks, along a recording", panel_seconds(tracks, ["start", "seconds"]))
    show("adtlib: browser of tracks, another recording", panel_seconds(tracks, ["corpus", "track"]))
    transcriber_times()


if __name__ == "__main__":
    main()
