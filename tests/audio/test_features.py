"""Features equal the stored references of two other implementations, and hold at the edges."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.audio import features
from adtlib.audio.features import FPS, HOP_LENGTH, SAMPLE_RATE, Standardizer, log_filter_spectrogram, log_filterbank

FIXTURE = Path(__file__).parents[1] / "fixtures" / "features.npz"


@pytest.fixture(scope="module")
def stored():
    with np.load(FIXTURE) as file:
        return {key: file[key] for key in file.files}


@pytest.fixture(scope="module")
def signal(stored):
    return stored["signal"].astype(np.float32) / 32768


@pytest.mark.parametrize(("version", "key"), [("madmom", "madmom"), ("thesis", "thesis_code")])
def test_features_equal_the_stored_reference(stored, signal, version, key):
    rows = stored["rows"]
    ours = log_filter_spectrogram(signal, version=version)
    assert len(ours) == (300 if version == "madmom" else 301)
    np.testing.assert_allclose(ours[rows], stored[key], atol=1e-4)


@pytest.mark.parametrize("version", features.VERSIONS)
def test_filterbank_equals_the_stored_bands(stored, version):
    bands = stored["bands"]
    reference = stored[f"{version}_filterbank"]
    np.testing.assert_allclose(log_filterbank(version)[: len(reference), bands], reference, atol=1e-6)


@pytest.mark.parametrize("version", features.VERSIONS)
def test_filters_have_unit_area_and_there_are_84(version):
    bank = log_filterbank(version)
    assert bank.shape == ((1024 if version == "madmom" else 1025), features.N_BANDS)
    np.testing.assert_allclose(bank.sum(axis=0), 1, atol=1e-5)


def test_each_band_peaks_at_its_centre():
    bins = log_filterbank().argmax(axis=0) * SAMPLE_RATE / features.FRAME_SIZE
    np.testing.assert_allclose(bins, features.band_centres())
    assert np.all(np.diff(features.band_centres()) > 0)


@pytest.mark.parametrize("frame", [0, 1, 57, 99])
def test_a_click_is_loudest_in_the_frame_it_lies_on(frame):
    waveform = np.zeros(SAMPLE_RATE, dtype=np.float32)
    waveform[frame * HOP_LENGTH] = 1
    spectrogram = log_filter_spectrogram(waveform)
    assert spectrogram.shape == (100, 84)
    assert spectrogram.sum(axis=1).argmax() == frame


@given(st.integers(1, 5000))
@settings(max_examples=30, deadline=None)
def test_frame_count(n_samples):
    waveform = np.ones(n_samples, dtype=np.float32)
    assert len(log_filter_spectrogram(waveform)) == -(-n_samples // HOP_LENGTH)
    if n_samples > 1024:
        assert len(log_filter_spectrogram(waveform, version="thesis")) == 1 + n_samples // HOP_LENGTH


def test_long_recordings_are_the_same_as_their_frames(rng):
    waveform = rng.standard_normal(SAMPLE_RATE * 3).astype(np.float32) * 0.1
    whole = log_filter_spectrogram(waveform)
    frame = 150
    padded = np.concatenate([np.zeros(1024), waveform, np.zeros(2048)])
    samples = padded[frame * HOP_LENGTH : frame * HOP_LENGTH + 2048] * np.hanning(2048)
    expected = np.log10(np.abs(np.fft.rfft(samples))[:1024] @ log_filterbank() + 1)
    np.testing.assert_allclose(whole[frame], expected, atol=1e-5)


def test_stereo_is_averaged():
    tone = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(44_100) / 44_100)).astype(np.float32)
    stereo = np.stack([1.5 * tone, 0.5 * tone], axis=1)
    np.testing.assert_array_equal(log_filter_spectrogram(stereo), log_filter_spectrogram(tone))


def test_empty_waveform_gives_no_frames():
    assert log_filter_spectrogram(np.zeros(0, dtype=np.float32)).shape == (0, 84)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.ones(1000, dtype=np.int16), "full scale"),
        (np.array([0.0, np.nan]), "NaN"),
        (np.array([0.0, np.inf]), "infinite"),
        (np.zeros((2, 2, 2)), "shape"),
    ],
)
def test_unusable_samples_are_refused(waveform, message):
    with pytest.raises(ValueError, match=message):
        log_filter_spectrogram(waveform)


def test_unknown_version_is_refused():
    for waveform in (np.zeros(10), np.zeros(0)):
        with pytest.raises(ValueError, match="madmom, thesis"):
            log_filter_spectrogram(waveform, version="mel")
    with pytest.raises(ValueError, match="madmom, thesis"):
        log_filterbank("mel")


def test_standardizer_gathers_parts_as_if_they_were_one(rng):
    parts = [rng.random(n) for n in (10, 1000, 3)]
    gathered = Standardizer()
    for part in parts:
        gathered.add(len(part), part.sum(), np.square(part).sum())
    everything = np.concatenate(parts)
    assert gathered.mean == pytest.approx(everything.mean())
    assert gathered.std == pytest.approx(everything.std())


def test_standardizer_refuses_nothing_and_silence():
    with pytest.raises(ValueError, match="empty"):
        _ = Standardizer().mean
    silent = Standardizer()
    silent.add(10, 0.0, 0.0)
    with pytest.raises(ValueError, match="constant"):
        _ = silent.std


def test_rates_fit():
    assert FPS == 100


def test_a_range_too_narrow_for_a_triangle_holds_no_filter():
    # At 12 bands an octave 420 to 480 Hz holds two corners, A4 and A sharp 4; a triangle needs three.
    with pytest.raises(ValueError, match="no filter"):
        log_filterbank(min_frequency=420, max_frequency=480)
    assert log_filterbank(min_frequency=420, max_frequency=500).shape == (1024, 1)
    for low, high in ((0, 100), (100, 100), (200, 100), (20, SAMPLE_RATE / 2 + 1)):
        with pytest.raises(ValueError, match="must rise"):
            log_filterbank(min_frequency=low, max_frequency=high)
    assert log_filterbank(min_frequency=1, max_frequency=200).argmax(axis=0).min() == 2, "the lowest corner is bin 1"
    assert log_filterbank(min_frequency=20, max_frequency=SAMPLE_RATE / 2).shape[1] > features.N_BANDS


def test_the_filterbank_that_is_kept_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        log_filterbank()[0, 0] = 1


def test_the_thesis_version_needs_more_samples_than_half_a_frame():
    with pytest.raises(ValueError, match="1024 samples"):
        log_filter_spectrogram(np.zeros(1024), version="thesis")
    assert log_filter_spectrogram(np.ones(1025), version="thesis").shape == (3, 84)
    assert log_filter_spectrogram(np.zeros(0), version="thesis").shape == (0, 84)


@pytest.mark.parametrize("version", features.VERSIONS)
def test_the_number_of_frames_is_stated_without_computing_them(version):
    for n_samples in (1025, 2_204, 2_205, 2_206, 44_100):
        assert features.n_frames(n_samples, version) == len(log_filter_spectrogram(np.ones(n_samples), version=version))


def test_both_ends_of_a_range_are_corners():
    # 13 notes from A4 to A5, both included: 11 triangles; in bins of 21.5 Hz all are apart.
    corners = np.unique(np.rint(440 * 2 ** (np.arange(13) / 12) / (SAMPLE_RATE / features.FRAME_SIZE)).astype(int))
    bank = log_filterbank(min_frequency=440, max_frequency=880)
    assert bank.argmax(axis=0).tolist() == corners[1:-1].tolist() and len(corners) == 13
    assert np.flatnonzero(bank[:, 0])[0] == corners[0] + 1 and np.flatnonzero(bank[:, -1])[-1] == corners[-1] - 1


def test_the_highest_corner_is_below_the_nyquist_bin():
    # At 17 bands an octave the highest note below 22,050 Hz would round to bin 1,024, which madmom leaves out.
    notes = 440 * 2 ** (np.arange(97) / 17)
    assert notes[-1] < SAMPLE_RATE / 2 and np.rint(notes[-1] / (SAMPLE_RATE / features.FRAME_SIZE)) == 1_024
    last = log_filterbank("madmom", 17, 10_000, SAMPLE_RATE / 2)[:, -1]
    assert last[1_022] > 0 == last[1_023]


def test_silence_is_what_varies_by_less_than_a_millionth():
    still, quiet = Standardizer(), Standardizer()
    still.add(1, 0.0, 1e-12)
    quiet.add(10, 0.0, 1.5e-11)
    with pytest.raises(ValueError, match="constant"):
        _ = still.std
    assert quiet.std == pytest.approx(np.sqrt(1.5e-12))
