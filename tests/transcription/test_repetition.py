"""Other bars in what was heard: a hidden stroke is raised, a stray one lowered, and the rest stays what it was."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open

from adtlib.notation.beats import Beats, track_beats
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.transcription.onnx_export import metadata
from adtlib.transcription.packing import pack
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import KEY, ModelError, load_model
from adtlib.transcription.repetition import second_look, with_repetition

HALF_SECONDS = Beats(np.arange(0, 40, 0.5), np.arange(80) % 4 + 1)  # 120 beats a minute: a bar takes 200 frames
FRAMES = 3_000
HH = 3


def eighths(loud=0.9, quiet=0.02):
    """Kick, snare and a hi-hat in eighths, for 30 s."""
    activations = np.full((FRAMES, 5), quiet, dtype=np.float32)
    activations[0::100, 0] = activations[50::100, 1] = activations[::25, HH] = loud
    return activations


def odds(value):
    return np.log(value / (1 - value))


def test_a_stroke_that_cannot_be_heard_is_raised_and_a_stray_one_lowered():
    activations = eighths()
    activations[1_225, HH], activations[1_212, HH] = 0.4, 0.6  # hidden; where no other bar has one
    seen = with_repetition(activations, HALF_SECONDS, 0.35)
    assert seen.shape == activations.shape and seen.dtype == np.float32
    around = (8 * odds(0.9) + 2 * odds(0.4)) / 10  # eight other bars, and its own
    assert odds(seen[1_225, HH]) == pytest.approx(odds(0.4) + 0.35 * around, abs=1e-3)
    silence = max((8 * odds(0.02) + 2 * odds(0.6)) / 10, -3)
    assert odds(seen[1_212, HH]) == pytest.approx(odds(0.6) + 0.35 * silence, abs=1e-3)
    picked = pick_peaks(seen, PeakPicking())
    assert 12.25 in picked[HH] and 12.12 not in picked[HH]
    before = pick_peaks(activations, PeakPicking())
    assert 12.25 not in before[HH] and 12.12 in before[HH]


def test_bars_need_not_be_equally_long_to_the_frame():
    activations = eighths()
    activations[1_225] = 0.3
    moved = np.roll(activations, 2, axis=0)
    moved[1_200:1_260] = activations[1_200:1_260]  # this bar two frames earlier than the others
    assert with_repetition(moved, HALF_SECONDS, 0.35)[1_225, HH] > 0.37


def test_a_bar_has_the_beats_of_its_time_signature():
    waltz = np.full((FRAMES, 5), 0.02, dtype=np.float32)
    waltz[::150, 0] = 0.9
    waltz[1_200, 0] = 0.4
    threes = Beats(np.arange(0, 40, 0.5), np.arange(80) % 3 + 1, True, (3, 4))
    assert with_repetition(waltz, threes, 0.35)[1_200, 0] > 0.53
    assert with_repetition(waltz, HALF_SECONDS, 0.35)[1_200, 0] < 0.4, "in 4/4 three of four bars say the contrary"


def test_without_other_bars_a_frame_has_its_own_surroundings():
    activations = eighths()
    nowhere = replace(HALF_SECONDS, found=False)
    slow = Beats(np.arange(0, 900, 10.0), np.arange(90) % 4 + 1)  # a bar is longer than the recording
    for beats in (nowhere, slow):
        seen = with_repetition(activations, beats, 0.35)
        assert odds(seen[25, HH]) == pytest.approx(1.35 * odds(0.9), abs=1e-3)
        assert odds(seen[12, HH]) == pytest.approx(odds(0.02) - 0.35 * 3, abs=1e-3)


def test_nothing_changes_with_a_weight_of_0_and_nothing_comes_from_nothing():
    activations = eighths()
    assert second_look(activations, 0, PeakPicking()) is activations
    np.testing.assert_allclose(with_repetition(activations, HALF_SECONDS, 0), activations, atol=1e-6)
    assert second_look(np.zeros((0, 5), dtype=np.float32), 0.35, PeakPicking()).shape == (0, 5)
    certain = np.where(eighths() > 0.5, 1, 0).astype(np.float32)
    assert np.isfinite(with_repetition(certain, HALF_SECONDS, 0.35)).all()


def test_the_beats_are_those_of_onsets_at_one_threshold_whatever_is_reported():
    activations = eighths(loud=0.6)
    beats = track_beats(pick_peaks(activations, PeakPicking()), FRAMES / 100)
    expected = with_repetition(activations, beats, 0.35)
    for threshold in (0.1, 0.95):
        np.testing.assert_array_equal(second_look(activations, 0.35, PeakPicking(threshold=threshold)), expected)
    assert not np.array_equal(second_look(activations, 0.35, PeakPicking(), tempo=160), expected), "a tempo that is known counts"


@pytest.fixture
def run(tmp_path, write_run):
    return write_run(tmp_path / "run", 0, dict.fromkeys(("KD", "SD", "TT", "HH", "CY"), 0.5))


def test_a_model_has_its_weight_of_other_bars(run, tmp_path, rng):
    plain, file = tmp_path / "plain.safetensors", tmp_path / "m.safetensors"
    plain.write_bytes(pack([run], 0.5, "m"))
    file.write_bytes(pack([run], 0.5, "m", repetition=0.35))
    with safe_open(plain, framework="np") as opened:
        assert "repetition" not in json.loads(opened.metadata()[KEY]), "as versions before it wrote it"
    first, model = load_model(plain), load_model(file)
    assert (first.repetition, model.repetition) == (0, 0.35) and metadata(model)["repetition"] == 0.35
    samples = rng.normal(0, 0.1, 6 * 44_100).astype(np.float32)
    heard, seen = (transcribe(samples, 44_100, each).activations for each in (first, model))
    np.testing.assert_array_equal(seen, second_look(heard, 0.35, model.peak_picking, 6.0))
    assert not np.array_equal(heard, seen)
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(ModelError, match="must lie in 0 to 1"):
            pack([run], 0.5, "m", repetition=wrong)
