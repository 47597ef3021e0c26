"""The notebooks' panels without a browser: what moves when a control moves, and that it is what `adtlib` computes."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
import soundfile

from adtlib.audio.features import FPS, log_filterbank
from adtlib.audio.fourier import aliased_frequency
from adtlib.evaluation.examples import example_curve, explain_peaks, matching_example
from adtlib.evaluation.metrics import count_matches, f1_micro
from adtlib.models.inspection import receptive_fields
from adtlib.models.loss import infrequency_weights
from adtlib.notebooks.execute import WIDGET_VIEW
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks, with_thresholds
from adtlib.panels.method import explore_threshold, explore_weights, explore_widening
from adtlib.panels.networks import explore_attention, explore_receptive_field, explore_training_sets
from adtlib.panels.peaks import explore_peak_conditions, explore_peak_picking, explore_tolerance
from adtlib.panels.signals import explore_aliasing, explore_filterbank, explore_stft
from adtlib.synthesis.examples import bar
from adtlib.vocabulary import CLASSES


def made_activations(rng) -> tuple[np.ndarray, list[np.ndarray]]:
    """(activations `(300, 5)` with peaks of all heights, annotated onsets), some of which agree."""
    activations = rng.uniform(0, 0.1, (300, len(CLASSES)))
    reference = []
    for column in range(len(CLASSES)):
        frames = rng.choice(np.arange(10, 290, 7), 12, replace=False)
        activations[frames, column] = rng.uniform(0.2, 1.0, 12)
        reference.append(np.sort(frames[:9]) / FPS + 0.004)
    return activations, reference


SETS = pd.DataFrame(
    [[0.8, 0.5, 0.3], [0.4, 0.9, 0.6], [0.85, 0.88, 0.7]], ["ENST+MDB", "Slakh", "ENST+MDB + Slakh"], ["ENST+MDB", "Slakh", "SADTP"]
)


def made_maps(rng) -> np.ndarray:
    """Attention of two layers with two heads on 100 frames."""
    maps = rng.uniform(0, 1, (2, 2, 100, 100))
    return maps / maps.sum(axis=-1, keepdims=True)


MAKE = {
    "aliasing": lambda rng: explore_aliasing(),
    "stft": lambda rng: explore_stft(),
    "filterbank": lambda rng: explore_filterbank(),
    "peak-conditions": lambda rng: explore_peak_conditions(example_curve()),
    "peak-picking": lambda rng: explore_peak_picking(*made_activations(rng)),
    "tolerance": lambda rng: explore_tolerance(*matching_example()),
    "widening": lambda rng: explore_widening(),
    "weights": lambda rng: explore_weights([0.02, 0.015, 0.001, 0.03, 0.004]),
    "threshold": lambda rng: explore_threshold(*made_activations(rng)),
    "receptive-field": lambda rng: explore_receptive_field(rng.uniform(0, 2, (100, 84)).astype(np.float32), 50, 40),
    "attention": lambda rng: explore_attention(rng.uniform(0, 2, (100, 84)).astype(np.float32), made_maps(rng), 50),
    "training-sets": lambda rng: explore_training_sets(SETS),
}

# For each control a value that must show.
MOVES = {
    "aliasing": {"frequency": 4_000, "rate": 3_000},
    "stft": {
        "passage": "kick, hi-hat, snare, hi-hat",
        "function": "rectangular",
        "size": 512,
        "hop": 64,
        "moment": 0.1,
    },
    "filterbank": {"bands_per_octave": 3, "lowest": 160, "highest": 5_000},
    "peak-conditions": {"max_window": 5, "mean_window": 8, "delta": 0.0, "wait": 20, "threshold": 0.2},
    "peak-picking": {"max_window": 10, "mean_window": 0, "delta": 0.6, "wait": 20, "threshold": 0.9},
    "tolerance": {"tolerance": 10, "late": 30},
    "widening": {"neighbour": 0.2, "late": -2},
    "weights": dict.fromkeys(CLASSES, 400),
    "threshold": {"drum": "TT", "threshold": 0.8},
    "receptive-field": {"blocks": 4, "frame": 20, "band": 70},
    "attention": {"layer": 1, "head": 2, "frame": 20},
    "training-sets": {"train": "Slakh", "other": "Slakh"},
}

SILENT = {"peak-conditions", "widening", "weights", "receptive-field", "attention", "training-sets"}


def artists(panel, index: int = 0) -> dict:
    """The lines of one of a panel's axes by their legend's words."""
    return {line.get_label(): line for line in panel.picture.canvas.figure.axes[index].lines}


@pytest.mark.parametrize("name", MAKE)
def test_each_control_changes_the_picture_and_resetting_brings_it_back(name, rng):
    panel = MAKE[name](rng)
    assert f"adt-panel-{name}" in panel._dom_classes
    assert set(MOVES[name]) == set(panel.controls)
    first = panel.image.value
    for control, value in MOVES[name].items():
        panel.controls[control].value = value
        assert "adt-problem" not in panel._dom_classes, panel.sentence.value
        assert panel.image.value != first, control
        panel.reset.click()
        assert panel.image.value == first, f"something of the picture with another {control} stayed behind"


@pytest.mark.parametrize("name", MAKE)
def test_a_static_picture_of_little_weight_stands_in_its_place(name, rng):
    bundle = MAKE[name](rng)._repr_mimebundle_()
    assert WIDGET_VIEW in bundle and len(bundle["image/png"]) < 80_000
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [name for name in MAKE if name not in SILENT])
def test_the_player_holds_a_sound_that_can_be_heard(name, rng):
    sound, rate = soundfile.read(io.BytesIO(bytes(MAKE[name](rng).player.value)))
    assert rate == 44_100 and 0.5 < len(sound) / rate < 10
    assert np.abs(sound).max() > 0.1


# --- sampling ----------------------------------------------------------------------------------------------------------


def test_what_is_heard_of_a_tone_is_its_alias():
    panel = explore_aliasing()
    panel.set(frequency=2_800, rate=1_800)
    assert aliased_frequency(2_800, 1_800) == 800 and "<b>800 Hz</b>" in panel.sentence.value
    sound, rate = soundfile.read(io.BytesIO(bytes(panel.player.value)))
    peaks = [
        np.argmax(np.abs(np.fft.rfft(half * np.hanning(len(half))))) * rate / len(half)
        for half in (sound[4_000:28_000], sound[44_000:66_000])
    ]
    assert np.allclose(peaks, [2_800, 800], atol=3), "first the tone, then what its samples say"
    panel.set(frequency=800)
    assert "kept" in panel.sentence.value
    panel.set(frequency=900)
    assert "exactly half" in panel.sentence.value


def test_the_reconstructed_curve_passes_through_all_samples():
    panel = explore_aliasing()
    panel.set(frequency=3_140, rate=2_300)
    lines = artists(panel)
    at, values = lines["samples"].get_data()
    t, curve = lines["reconstructed"].get_data()
    assert len(at) > 10 and np.allclose(np.interp(at, t, curve), values, atol=0.01)


# --- STFT and filterbank -----------------------------------------------------------------------------------------------


def test_a_long_window_tells_tones_apart_and_a_short_one_clicks():
    panel = explore_stft()
    image = next(ax.images[0] for ax in panel.picture.canvas.figure.axes if ax.images)

    def dips(size: int) -> tuple[float, float]:
        """dB between the two tones, and between the two clicks, below the weaker of either."""
        panel.set(size=size, hop=64)
        level, (left, right, low, high) = np.asarray(image.get_array()), image.get_extent()
        hertz = np.linspace(1000 * low, 1000 * high, len(level) + 1)
        seconds = np.linspace(left, right, level.shape[1] + 1)

        def value(frequency, second):
            return level[np.searchsorted(hertz, frequency) - 1, np.searchsorted(seconds, second) - 1]

        tones = min(value(1_000, 0.15), value(1_100, 0.15)) - value(1_050, 0.15)
        clicks = min(value(2_000, 0.30), value(2_000, 0.32)) - value(2_000, 0.31)
        return tones, clicks

    (long_tones, long_clicks), (short_tones, short_clicks) = dips(2_048), dips(1_024)
    assert long_tones > 10 > 3 > short_tones
    assert short_clicks > 10 > 3 > long_clicks


def test_a_hop_longer_than_the_window_is_answered_in_words():
    panel = explore_stft()
    panel.set(size=256, hop=1_024)
    assert "longer than a frame of 256" in panel.sentence.value and "adt-problem" in panel._dom_classes
    panel.set(hop=128)
    assert "adt-problem" not in panel._dom_classes


def test_the_filterbank_says_how_many_bands_there_are():
    panel = explore_filterbank()
    assert "<b>84 bands</b>" in panel.sentence.value
    panel.set(bands_per_octave=6, lowest=80, highest=10_000)
    expected = log_filterbank("madmom", 6, 80.0, 10_000.0).shape[1]
    assert f"<b>{expected} bands</b>" in panel.sentence.value


def test_an_empty_range_is_answered_in_words():
    panel = explore_filterbank()
    panel.set(lowest=5_000, highest=160)
    assert "it must rise" in panel.sentence.value and "adt-problem" in panel._dom_classes


def test_fewer_bands_lose_more_of_the_sound():
    panel, original = explore_filterbank(), bar()
    errors = []
    for density in (36, 12, 2):
        panel.set(bands_per_octave=density)
        sound, _ = soundfile.read(io.BytesIO(bytes(panel.player.value)))
        shared = min(len(sound), len(original))
        # An encoder's delay is the same for all: spectra are compared, not samples.
        spectra = [np.abs(np.fft.rfft(x[:shared])) for x in (sound, original)]
        spectra = [np.convolve(x, np.ones(40), "same") for x in spectra]
        errors.append(np.linalg.norm(spectra[0] / spectra[0].sum() - spectra[1] / spectra[1].sum()))
    assert errors[0] < errors[1] < errors[2]


# --- peak picking ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [{}, {"max_window": 0}, {"max_window": 6, "wait": 9}, {"mean_window": 8, "delta": 0.3}, {"threshold": 0.2, "delta": 0.0}],
)
def test_the_onsets_shown_are_those_of_pick_peaks(values):
    curve = example_curve()
    panel = explore_peak_conditions(curve)
    panel.set(**values)
    column = np.zeros((len(curve), len(CLASSES)))
    column[:, 0] = curve
    expected = np.rint(pick_peaks(column, PeakPicking(**values))[0] * FPS)
    lines = artists(panel)
    assert np.array_equal(lines["taken, and its ±$m$ frames"].get_xdata(), expected)
    assert f"<b>{len(expected)} onsets</b>" in panel.sentence.value
    explained = explain_peaks(curve, PeakPicking(**values))
    assert np.array_equal(lines["mean of ±$a$ frames, plus $δ$"].get_ydata(), explained["level"])


def test_each_refused_peak_has_its_reason():
    panel = explore_peak_conditions(example_curve())
    panel.set(wait=20)
    ax = panel.picture.canvas.figure.axes[0]
    shown = [text.get_text() for text in ax.texts if text.get_visible()]
    assert len(shown) == len(artists(panel)["refused"].get_xdata()) > 3
    assert any("too soon" in text for text in shown) and all(shown)


def test_marks_and_score_are_those_of_the_onsets_picked(rng):
    activations, reference = made_activations(rng)
    panel = explore_peak_picking(activations, reference, tolerance=0.03)
    for values in ({}, {"threshold": 0.25}, {"threshold": 0.8, "delta": 0.3}, {"threshold": 1.0}):
        panel.set(**values)
        counts = count_matches(reference, pick_peaks(activations, PeakPicking(**panel.values)), 0.03)
        tp, fp, fn = counts.sum(axis=0)
        assert f"{tp} found, {fp} invented, {fn} missed: micro F1 {f1_micro(counts):.3f}" in panel.sentence.value
        for ax, row in zip(panel.picture.canvas.figure.axes, counts, strict=True):
            marks = [len(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "None"]
            assert marks[:3] == row.tolist()


# --- tolerance ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{}, {"tolerance": 25}, {"tolerance": 0}, {"tolerance": 100}, {"late": -30}, {"late": 80}])
def test_counts_and_f1_are_those_of_count_matches(values):
    reference, estimate = matching_example()
    panel = explore_tolerance(reference, estimate)
    panel.set(**values)
    moved = estimate + panel.values["late"] / 1000
    empty = [np.empty(0)] * (len(CLASSES) - 1)
    counts = count_matches([reference, *empty], [moved, *empty], panel.values["tolerance"] / 1000)
    tp, fp, fn = counts[0]
    assert f"TP {tp}, FP {fp}, FN {fn}" in panel.sentence.value
    assert f"= {f1_micro(counts):.3f}</b>" in panel.sentence.value


# --- method, networks, training sets -----------------------------------------------------------------------------------


def test_widening_makes_a_late_answer_cost_less_and_one_on_time_more():
    panel = explore_widening(neighbour=0.0, late=1)

    def loss(**values) -> float:
        panel.set(**values)
        return float(panel.sentence.value.split("<b>")[1].split("</b>")[0])

    # By hand: 0.95 at the stroke, 0.4 beside it, 0.02 in the 14 other frames.
    on_time = -np.log(0.95) - 2 * np.log(0.6) - 14 * np.log(0.98)
    assert loss(neighbour=0.0, late=0) == pytest.approx(on_time, abs=0.006)
    late, wide_late = loss(neighbour=0.0, late=1), loss(neighbour=0.5, late=1)
    wide = loss(neighbour=0.5, late=0)
    assert wide > on_time and wide_late / wide < late / on_time


def test_weights_are_those_of_the_loss():
    panel = explore_weights([0.02, 0.015, 0.001, 0.03, 0.004])
    assert panel.values == {"KD": 120, "SD": 90, "TT": 6, "HH": 180, "CY": 24}
    expected = infrequency_weights([120, 90, 6, 180, 24], 6_000)
    dots = [line for line in panel.picture.canvas.figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert np.allclose([line.get_ydata()[0] for line in dots], expected)
    assert f"counts as <b>{expected[2]:.0f}</b> silent ones" in panel.sentence.value


def test_precision_and_recall_are_those_at_the_threshold(rng):
    activations, reference = made_activations(rng)
    panel = explore_threshold(activations, reference)
    panel.set(threshold=0.7)
    counts = count_matches(reference, pick_peaks(activations, with_thresholds(PeakPicking(), 0.7))).sum(axis=0)
    assert f"<b>{counts[0]} found, {counts[1]} invented, {counts[2]} missed</b>" in panel.sentence.value
    (recall,), (precision,) = panel.picture.canvas.figure.axes[1].lines[1].get_data()
    assert precision == pytest.approx(counts[0] / counts[:2].sum()) and recall == pytest.approx(counts[0] / counts[[0, 2]].sum())
    panel.set(drum="CY", threshold=0.5)
    counts = count_matches(reference, pick_peaks(activations, with_thresholds(PeakPicking(), 0.5)))[4]
    assert f"<b>{counts[0]} found, {counts[1]} invented" in panel.sentence.value
    silent = explore_threshold(activations[:, :] * 0, [np.empty(0)] * 5)
    assert "neither annotated nor found" in silent.sentence.value


def test_the_rectangle_is_the_receptive_field_cut_at_the_edges(rng):
    panel = explore_receptive_field(rng.uniform(0, 2, (100, 84)).astype(np.float32), 50, 40)
    for blocks, (frames, bands) in enumerate(receptive_fields(4), start=1):
        panel.set(blocks=blocks)
        box = panel.picture.canvas.figure.axes[0].patches[-1]
        assert box.get_width() == pytest.approx(frames / FPS) and f"{frames} frames, {10 * frames} ms" in panel.sentence.value
        assert f"<b>{min(bands, 84)} of 84 bands</b>" in panel.sentence.value
    panel.set(blocks=4, frame=0)
    assert box.get_width() == pytest.approx((frames // 2 + 1) / FPS)


def test_the_frames_that_are_looked_at_most_are_named(rng):
    maps = made_maps(rng)
    maps[1, 0, 30] = 0.4 / 97
    maps[1, 0, 30, [5, 40, 90]] = 0.2
    panel = explore_attention(np.zeros((100, 84), np.float32), maps, 30)
    assert "looks most at <b>0.05, 0.40, 0.90 s</b>" in panel.sentence.value and "20.0 times" in panel.sentence.value
    assert "3 % of the frames" in panel.sentence.value
    one = explore_attention(np.zeros((100, 84), np.float32), maps[:1, :1], 30)
    assert one.controls["layer"].max == one.controls["head"].max == 1


def test_two_training_sets_are_compared_on_each_test():
    panel = explore_training_sets(SETS)
    assert panel.values == {"train": "ENST+MDB", "other": "ENST+MDB + Slakh"}
    assert "zero-shot 0.700" in panel.sentence.value and "gains most on SADTP: +0.400" in panel.sentence.value
    panel.set(train="ENST+MDB + Slakh", other="ENST+MDB")
    assert "loses most on SADTP: -0.400" in panel.sentence.value
    untested = SETS.assign(SADTP=np.nan)
    assert "SADTP" not in explore_training_sets(untested).picture.canvas.figure.axes[0].get_yticklabels()[-1].get_text()
    assert explore_training_sets(SETS.iloc[:0]) is None
