"""Beats from another package: its beats and downbeats become bars, and what is missing is said."""

import numpy as np
import pytest

from adtlib.transcription.beat_engines import EngineError, check_engine, from_downbeats, load_engine


@pytest.mark.parametrize("beats_a_bar", [3, 4, 5])
def test_bars_are_as_long_as_most_and_cover_the_recording(beats_a_bar):
    times = 1.3 + 0.5 * np.arange(60)
    downbeats = np.delete(times[2::beats_a_bar], [1, 4])  # two bar lines are missing
    beats = from_downbeats(times, downbeats, 33.0)
    assert beats.meter == (beats_a_bar, 4)
    assert beats.bpm == pytest.approx(120)
    assert beats.times[0] <= 0 and beats.times[-1] >= 33
    assert np.isin(np.round(downbeats, 6), np.round(beats.downbeats, 6)).all()


def test_without_downbeats_bars_have_four_beats_and_without_beats_there_are_none():
    assert from_downbeats(np.arange(9) * 0.5, np.empty(0), 4.0).meter == (4, 4)
    with pytest.raises(EngineError, match="1 found"):
        from_downbeats(np.array([0.3]), np.empty(0), 4.0)


def test_other_engines_are_refused():
    with pytest.raises(ValueError, match="beats = 'madmom': choose beat_this"):
        check_engine("madmom")


def test_the_package_runs_with_weights_from_a_file_and_says_when_there_are_none(tmp_path):
    """Weights that were never trained, in a file as its authors publish theirs: what it finds means nothing."""
    pytest.importorskip("beat_this", reason="the extra `beats` is not installed")
    import torch
    from beat_this.model.beat_tracker import BeatThis

    size = {"transformer_dim": 32, "n_layers": 1, "head_dim": 16, "stem_dim": 16}
    torch.manual_seed(0)
    weights = {f"model.{name}": value for name, value in BeatThis(**size).state_dict().items()}
    torch.save({"hyper_parameters": size, "state_dict": weights}, tmp_path / "small.ckpt")
    samples = np.random.default_rng(0).normal(0, 0.1, 10 * 44_100).astype(np.float32)
    engine = load_engine(f"beat_this:{tmp_path / 'small.ckpt'}")
    try:
        beats = engine(samples)
    except EngineError as error:
        assert "found" in str(error)
    else:
        assert beats.times[0] <= 0 and beats.times[-1] >= 10
    with pytest.raises(EngineError, match=r"its weights .*none\.ckpt could not be loaded"):
        load_engine(f"beat_this:{tmp_path / 'none.ckpt'}")
