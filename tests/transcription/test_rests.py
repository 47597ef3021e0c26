"""Rests: where few onsets are clear nobody drums, and what is heard there is lowered; drums stay as they are."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.transcription.onnx_export import metadata
from adtlib.transcription.packing import pack
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import ModelError, load_model
from adtlib.transcription.rests import AROUND, LOWERED, rests, with_rests

PICKING = PeakPicking()
RATE = 0.5


def strokes(seconds: float, every: int, height: float) -> np.ndarray:
    """A stroke of one class after the other each `every` frames."""
    activations = np.full((round(100 * seconds), 5), 0.02, dtype=np.float32)
    for number, frame in enumerate(range(5, len(activations) - 5, every)):
        activations[frame, number % 5] = height
    return activations


def n_onsets(activations: np.ndarray) -> int:
    return sum(map(len, pick_peaks(activations, PICKING)))


def test_music_without_a_clear_stroke_is_a_rest_and_drums_are_not():
    for seconds in (3, 24, 90):
        unclear, drums = strokes(seconds, 30, 0.85), strokes(seconds, 30, 0.95)
        assert rests(unclear, PICKING, RATE).all() and not rests(drums, PICKING, RATE).any()
        assert n_onsets(unclear) > 5 and n_onsets(with_rests(unclear, PICKING, RATE)) == 0
        np.testing.assert_array_equal(with_rests(drums, PICKING, RATE), drums)


def test_a_few_clear_strokes_a_minute_are_no_drums():
    activations = strokes(60, 30, 0.85)
    activations[np.arange(505, 6_000, 1_000), 1] = 0.99
    seen = with_rests(activations, PICKING, RATE)
    assert rests(activations, PICKING, RATE).all() and n_onsets(seen) == 0
    np.testing.assert_allclose(seen, LOWERED * activations, rtol=1e-6)


def test_soft_strokes_among_clear_ones_stay():
    activations = strokes(30, 100, 0.95)
    activations[50::100, 3] = 0.6
    assert n_onsets(with_rests(activations, PICKING, RATE)) == n_onsets(activations) > 55


def test_a_break_is_no_rest_and_an_interlude_is():
    drums, unclear = strokes(60, 25, 0.95), strokes(60, 30, 0.8)
    for seconds, heard in ((8, True), (40, False)):
        song = np.concatenate([drums, unclear[: 100 * seconds], drums])
        found = rests(song, PICKING, RATE)
        middle, apart = len(drums) + 50 * seconds, len(drums) - AROUND
        assert found[middle] != heard and not found[:apart].any() and not found[-apart:].any()


def test_recordings_of_a_second_or_two_have_no_rests():
    for frames in (0, 1, 199):
        assert not rests(np.full((frames, 5), 0.5, dtype=np.float32), PICKING, RATE).any()


@given(seed=st.integers(0, 1_000), rate=st.sampled_from([0.2, 0.5, 3.0]))
@settings(deadline=None, max_examples=25)
def test_onsets_are_only_taken_away_and_more_at_a_higher_rate(seed, rate):
    activations = np.random.default_rng(seed).random((2_000, 5)).astype(np.float32) ** 4
    activations[500:1_500] *= 0.5
    seen, fewer = with_rests(activations, PICKING, rate), with_rests(activations, PICKING, 2 * rate)
    assert seen.dtype == np.float32 and (seen <= activations).all() and (fewer <= seen).all()
    np.testing.assert_array_equal(with_rests(activations, PICKING, 0), activations)


def test_a_model_says_how_many_clear_onsets_drums_make(write_run, tmp_path, rng):
    plain, file = tmp_path / "plain.safetensors", tmp_path / "m.safetensors"
    run = write_run(tmp_path / "run", 0, dict.fromkeys(("KD", "SD", "TT", "HH", "CY"), 0.5))
    plain.write_bytes(pack([run], 0.5, "m"))
    file.write_bytes(pack([run], 0.5, "m", rests=RATE))
    first, model = load_model(plain), load_model(file)
    assert (first.rests, model.rests, metadata(model)["rests"]) == (0, RATE, RATE)
    samples = rng.normal(0, 0.1, 6 * 44_100).astype(np.float32)
    heard, seen = (transcribe(samples, 44_100, each).activations for each in (first, model))
    np.testing.assert_array_equal(seen, with_rests(heard, model.peak_picking, RATE))
    for wrong in (-0.1, 6, float("nan")):
        with pytest.raises(ModelError, match="must lie in 0 to 5"):
            pack([run], 0.5, "m", rests=wrong)
