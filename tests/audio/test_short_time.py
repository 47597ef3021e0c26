"""The short-time Fourier transform by hand, on signals of a few samples; against features and librosa in test_fourier."""

import itertools

import numpy as np
import pytest

from adtlib.audio import short_time
from adtlib.audio.short_time import griffin_lim, griffin_lim_steps, istft, leakage, side_lobes, spectral_error, stft, window

ONES = np.ones(4)


def test_frames_are_centred_on_multiples_of_the_hop_with_zeros_around():
    # Frames of 4 every 2 samples around 0, 2 and 4: 0 0 1 2, 1 2 3 4, 3 4 5 0.
    spectrum = stft(np.array([1.0, 2, 3, 4, 5]), 2, ONES)
    assert spectrum.shape == (3, 3)
    np.testing.assert_allclose(spectrum[:, 0], [3, 10, 12])
    np.testing.assert_allclose(spectrum[:, 1], [0 - 1 - 0j + 2j, 1 - 3 - 2j + 4j, 3 - 5 - 4j])
    np.testing.assert_allclose(spectrum[:, 2], [0 - 0 + 1 - 2, 1 - 2 + 3 - 4, 3 - 4 + 5])
    np.testing.assert_allclose(stft(np.array([1.0, 2, 3, 4]), 2, ONES)[:, 0], [3, 10])  # no frame begins behind the end
    np.testing.assert_allclose(stft(np.arange(1.0, 8), 6, ONES)[:, 0], [3, 5 + 6 + 7])
    np.testing.assert_allclose(stft(np.arange(1.0, 13), 6, ONES)[:, 0], [3, 5 + 6 + 7 + 8])  # 9 to 12 lie in no frame
    assert stft(np.zeros(0), 2, ONES).shape == (0, 3)


def test_defaults_are_those_of_the_features(rng):
    x = rng.normal(size=3_000)
    np.testing.assert_array_equal(stft(x), stft(x, 441, np.hanning(2048)))
    np.testing.assert_array_equal(istft(stft(x), 3_000), istft(stft(x), 3_000, 441, np.hanning(2048)))
    with pytest.raises(ValueError, match="mono"):
        stft(np.zeros((4, 2)))


def test_the_inverse_weighs_by_the_window_and_is_0_where_none_reaches():
    values = np.array([1.0, 2.0, 3.0, 2.0])
    spectrum = stft(np.array([1.0, 2, 3, 4, 5]), 2, values)
    np.testing.assert_allclose(istft(spectrum, 5, 2, values), [1, 2, 3, 4, 5])
    np.testing.assert_allclose(istft(spectrum, 9, 2, values), [1, 2, 3, 4, 5, 0, 0, 0, 0])
    np.testing.assert_allclose(istft(spectrum, 3, 2, values), [1, 2, 3])
    # What frames contradict each other in is averaged by the squares of the window: sample 1 is 3 in one frame and 6 in the next.
    frames = np.array([[0, 0, 9, 6], [6, 12, 0, 0]], dtype=float)  # already times the window
    expected = [(9 * 3 + 6 * 1) / (9 + 1), (6 * 2 + 12 * 2) / (4 + 4)]
    np.testing.assert_allclose(istft(np.fft.rfft(frames, axis=1), 2, 2, values), expected)
    faint = np.array([0.0, 9e-6, 1.0, 9e-6])
    assert istft(np.fft.rfft(np.array([[0, 0, 1.0, 1.0]]), axis=1), 2, 2, faint).tolist() == [pytest.approx(1), 0], (
        "too faint to divide by"
    )


def test_errors_are_in_decibels_of_the_wanted_and_inner_bins_count_twice():
    wanted = np.array([[1.0, 2.0, 1.0]])  # 1 + 2 * 4 + 1 = 10
    assert spectral_error(np.array([[2.0, 2.0, 1.0]]), wanted) == pytest.approx(-10)
    assert spectral_error(np.array([[1.0, 2.0, 2.0]]), wanted) == pytest.approx(-10)
    assert spectral_error(np.array([[1.0, 3.0, 1.0]]), wanted) == pytest.approx(10 * np.log10(2 / 10))
    assert spectral_error(wanted, wanted) == pytest.approx(-320)


def test_windows_are_sums_of_cosines():
    np.testing.assert_allclose(window("rectangular", 4), 1)
    np.testing.assert_allclose(window("Hann", 4), [0, 0.5, 1, 0.5], atol=1e-15)
    np.testing.assert_allclose(window("Blackman", 4), [0, 0.34, 1, 0.34], atol=1e-15)
    with pytest.raises(ValueError, match="Hamming"):
        window("Hamming", 4)


def test_leakage_is_that_of_the_window_alone():
    offsets, level = leakage(np.ones(128))
    assert offsets[[0, -1]].tolist() == [-40, 40] and np.diff(offsets) == pytest.approx(1 / 64)
    assert level[offsets == 0] == 0 and level.min() == level[offsets == 1] == -200
    bins = offsets[offsets != 0]
    exact = np.abs(np.sin(np.pi * bins) / np.sin(np.pi * bins / 128)) / 128
    loud = exact > 1e-3
    np.testing.assert_allclose(level[offsets != 0][loud], 20 * np.log10(exact[loud]), atol=1e-6)
    offsets, level = leakage(np.ones(16), oversampling=4, reach=1.3)
    assert offsets.tolist() == [-1.25, -1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 1.25]
    assert side_lobes(np.ones(16)) == (2.0, pytest.approx(-13.1, abs=0.1)), "a reach below half of a short window"


def test_griffin_lim_begins_with_the_phases_of_its_seed_and_turns_to_those_of_its_samples():
    rng = np.random.default_rng(3)
    x = rng.normal(size=40)
    values = window("Hann", 16)
    wanted = np.abs(stft(x, 4, values))
    phase = np.exp(2j * np.pi * np.random.default_rng(7).random(wanted.shape))
    first = istft(wanted * phase, 40, 4, values)
    spectrum = stft(first, 4, values)
    second = istft(wanted * spectrum / np.abs(spectrum), 40, 4, values)
    ahead = stft(second, 4, values) * 1.5 - 0.5 * spectrum
    third = istft(wanted * ahead / np.abs(ahead), 40, 4, values)
    for momentum, expected in ((0.0, [first, second]), (0.5, [first, second, third])):
        found = list(itertools.islice(griffin_lim_steps(wanted, 40, momentum, 7, 4, values), len(expected)))
        for (samples, error), wave in zip(found, expected, strict=True):
            np.testing.assert_allclose(samples, wave, atol=1e-9)
            assert error == pytest.approx(spectral_error(np.abs(stft(wave, 4, values)), wanted))
    samples, errors = griffin_lim(wanted, 40, 2, seed=7, hop=4, values=values)
    np.testing.assert_allclose(samples, second, atol=1e-9)
    assert errors.shape == (2,) and errors[0] > errors[1]
    plain = griffin_lim(wanted, 40, 2, momentum=0.0, seed=0, hop=4, values=values)
    np.testing.assert_array_equal(griffin_lim(wanted, 40, 2, hop=4, values=values)[0], plain[0])
    assert len(griffin_lim(wanted, 40, hop=4, values=values)[1]) == 60
    assert len(griffin_lim(wanted, 40, 1, hop=4, values=values)[1]) == 1
    with pytest.raises(ValueError, match="at least 1"):
        griffin_lim(wanted, 40, 0)


def test_silence_has_an_error_and_phases():
    wanted = np.zeros((3, 9))
    wanted[1, 2] = 1.0
    for samples, error in itertools.islice(griffin_lim_steps(wanted, 12, values=short_time.window("Hann", 16), hop=4), 3):
        assert np.isfinite(samples).all() and np.isfinite(error)
