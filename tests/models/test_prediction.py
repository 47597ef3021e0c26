"""Blocks put together are the whole: features and activations of a recording of any length."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from adtlib.audio.features import log_filter_spectrogram
from adtlib.models.engines import logit_blocks
from adtlib.models.ensemble import Ensemble
from adtlib.models.prediction import TorchEngine, predict_logits, resolve_precision
from adtlib.models.registry import assemble
from adtlib.models.windows import feature_blocks, windows_of


def whole(blocks) -> np.ndarray:
    return np.concatenate(list(blocks))


@pytest.mark.parametrize("version", ["madmom", "thesis"])
@pytest.mark.parametrize("n_samples", [1_100, 44_100, 441 * 1000, 441 * 1000 + 1, 1_234_567])
def test_features_of_blocks_are_those_of_the_whole(rng, version, n_samples):
    waveform = rng.uniform(-0.5, 0.5, n_samples).astype(np.float32)
    for sizes in (441_000, 70_001, 1_000):
        blocks = (waveform[start : start + sizes] for start in range(0, len(waveform), sizes))
        found = whole(feature_blocks(blocks, version))
        np.testing.assert_allclose(found, log_filter_spectrogram(waveform, version=version), atol=1e-6)


@pytest.mark.parametrize("n_frames", [1, 350, 399, 400, 401, 700, 701, 5_300, 6_011])
@pytest.mark.parametrize("architecture", ["CRNN", "CNN"])
def test_logits_of_blocks_are_those_of_the_whole(rng, n_frames, architecture):
    torch.manual_seed(0)
    model = assemble({"architecture": architecture, "hyperparameters": {"num_layers": 2, "hidden_size": 8}}).eval()
    features = rng.uniform(0, 2, (n_frames, 84)).astype(np.float32)
    (wanted,) = predict_logits(model, [features], precision="float32")
    for size in (1_000, 77, 7_000):
        blocks = (features[start : start + size] for start in range(0, n_frames, size))
        found = whole(logit_blocks(TorchEngine(model, "float32"), blocks, batch_size=5))
        np.testing.assert_allclose(found, wanted, atol=1e-4)


SMALL = {"architecture": "CNN", "hyperparameters": {"num_layers": 2, "hidden_size": 8}}


class _Seen(torch.nn.Module):
    """Answers with the frame's number, which the first band holds, and remembers the lengths of windows."""

    def __init__(self, segment_frames):
        super().__init__()
        self.segment_frames, self.lengths = segment_frames, set()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, features):
        self.lengths.add(features.shape[1])
        return features[..., :5]


@pytest.mark.parametrize("segment_frames", [1, 30, 200, 800])
@pytest.mark.parametrize("n_frames", [1, 799, 800, 801, 2_345])
def test_windows_are_as_long_as_the_segments_of_training(segment_frames, n_frames):
    network = _Seen(segment_frames)
    features = np.repeat(np.arange(n_frames, dtype=np.float32)[:, None], 84, axis=1)
    (found,) = predict_logits(network, [features], precision="float32")
    assert network.lengths == {segment_frames}
    np.testing.assert_array_equal(found[:, 0], np.arange(n_frames))


def test_both_sides_of_a_long_window_have_context():
    windows = list(windows_of([np.zeros((2_000, 84), dtype=np.float32)], 800))
    assert [(window.low, window.high) for window in windows] == [(0, 750), (50, 750), (50, 600)]


def test_a_member_trained_on_shorter_segments_sees_a_window_in_parts(rng):
    short, long = (assemble(SMALL | {"segment_frames": frames}).eval() for frames in (400, 800))
    features = rng.uniform(0, 2, (1_111, 84)).astype(np.float32)
    both = Ensemble([short, long]).eval()
    assert both.segment_frames == 800
    (found,) = predict_logits(both, [features], precision="float32")
    # This network sees five frames only, so that parts change nothing.
    alone = [next(predict_logits(each, [features], precision="float32")) for each in (short, long)]
    np.testing.assert_allclose(found, np.mean(alone, axis=0), atol=1e-5)
    hidden = both.hidden(torch.zeros(2, 800, 84))
    assert [each.shape for each in hidden] == [(2, 800, 8), (2, 800, 8)]


def test_equal_batches_give_equal_bits_whole_or_in_blocks(rng, monkeypatch):
    monkeypatch.setattr("adtlib.models.prediction.MOST_WORKERS", 1)  # so that both compute on the same threads
    model = assemble({"architecture": "CRNN", "hyperparameters": {"num_layers": 2, "hidden_size": 8}}).eval()
    features = rng.uniform(0, 2, (3_333, 84)).astype(np.float32)
    (wanted,) = predict_logits(model, [features], batch_size=5)
    blocks = (features[start : start + 77] for start in range(0, len(features), 77))
    np.testing.assert_array_equal(whole(logit_blocks(TorchEngine(model), blocks, batch_size=5)), wanted)


def test_recordings_that_share_batches_are_yielded_in_order(rng):
    model = assemble({"architecture": "CNN", "hyperparameters": {"num_layers": 2, "hidden_size": 8}}).eval()
    recordings = [rng.uniform(0, 2, (n_frames, 84)).astype(np.float32) for n_frames in (401, 0, 1, 2_000, 400)]
    found = list(predict_logits(model, iter(recordings), batch_size=3, precision="float32"))
    assert [len(logits) for logits in found] == [401, 0, 1, 2_000, 400]
    for features, logits in zip(recordings, found, strict=True):
        (alone,) = predict_logits(model, [features], precision="float32")
        np.testing.assert_allclose(logits, alone, atol=1e-4)


def test_a_recording_without_frames_has_no_logits():
    model = assemble({"architecture": "CNN", "hyperparameters": {"num_layers": 2, "hidden_size": 8}}).eval()
    assert whole(logit_blocks(TorchEngine(model), iter([]))).shape == (0, 5)


def test_an_engine_follows_its_network_to_another_device():
    model = assemble({"architecture": "RNN", "hyperparameters": {"num_layers": 1, "hidden_size": 4}})
    engine = TorchEngine(model)
    assert engine.device.type == "cpu"
    model.to("meta")
    assert engine.device.type == "meta" and engine.precision == resolve_precision("auto", engine.device)


def test_threads_of_torch_are_afterwards_what_they_were():
    model = assemble({"architecture": "RNN", "hyperparameters": {"num_layers": 1, "hidden_size": 4}}).eval()
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        list(logit_blocks(TorchEngine(model), [np.zeros((9_000, 84), dtype=np.float32)], batch_size=2))
        with ThreadPoolExecutor(1) as later:
            assert torch.get_num_threads() == later.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(threads)
