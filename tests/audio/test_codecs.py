"""Lossy codecs: sound comes back in place, and duller at low rates."""

import shutil

import numpy as np
import pytest

from adtlib.audio import codecs
from adtlib.audio.features import SAMPLE_RATE

INSTALLED = [name for name in codecs.RATES if name != "aac" or shutil.which("ffmpeg")]


def clicks() -> np.ndarray:
    rng, sound = np.random.default_rng(0), np.zeros(3 * SAMPLE_RATE, dtype=np.float32)
    for start in range(1_000, len(sound) - 5_000, 12_000):
        sound[start : start + 4_000] += (0.2 * rng.standard_normal(4_000) * np.exp(-np.arange(4_000) / 800)).astype(np.float32)
    return sound


@pytest.mark.parametrize("codec", INSTALLED)
def test_what_is_decoded_is_in_place_and_as_long(codec):
    sound = clicks()
    for kilobits in (codecs.RATES[codec][0], 128):
        decoded = codecs.through_codec(sound, codec, kilobits)
        assert decoded.shape == sound.shape and decoded.dtype == np.float32
        # The energy of 5 ms blocks, which codecs of any kind keep, has its maximum of correlation at no delay.
        blocks = [np.square(x[: len(x) // 220 * 220]).reshape(-1, 220).sum(axis=1) for x in (sound, decoded)]
        shifted = [float(np.dot(blocks[0][5:-5], np.roll(blocks[1], -shift)[5:-5])) for shift in range(-5, 6)]
        assert int(np.argmax(shifted)) - 5 == 0
        assert not np.array_equal(decoded, sound)


@pytest.mark.parametrize("codec", ["mp3", "opus", "vorbis"])
def test_more_bits_are_nearer_to_the_original(codec):
    sound = clicks()
    errors = [np.square(codecs.through_codec(sound, codec, kilobits) - sound).sum() for kilobits in (codecs.RATES[codec][0], 160)]
    assert errors[1] < errors[0]


def test_what_is_too_loud_is_scaled_not_clipped():
    loud = 4 * clicks() / np.abs(clicks()).max()
    assert np.abs(codecs.through_codec(loud, "vorbis", 128)).max() < 1.3


@pytest.mark.parametrize(("codec", "kilobits"), [("wma", 64), ("mp3", 24), ("opus", 1_000)])
def test_an_unknown_codec_or_rate_is_named(codec, kilobits):
    with pytest.raises(ValueError, match=f"{codec} at {kilobits}"):
        codecs.through_codec(clicks(), codec, kilobits)


def test_aac_without_ffmpeg_names_the_remedy(monkeypatch):
    monkeypatch.setattr(codecs.shutil, "which", lambda _: None)
    with pytest.raises(FileNotFoundError, match="apt-get install ffmpeg"):
        codecs.through_codec(clicks(), "aac", 64)
