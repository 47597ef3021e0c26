"""The mathematics of notebooks 10 to 12: written out, it equals the libraries and the formulas of the thesis."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.audio import fourier, mel, short_time
from adtlib.audio.features import SAMPLE_RATE, band_centres, log_filter_spectrogram, log_filterbank
from adtlib.synthesis import examples

# --- transforms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7, 64, 441, 1000])
def test_the_dft_as_written_equals_numpys(rng, n):
    x = rng.normal(size=n) + 1j * rng.normal(size=n)
    np.testing.assert_allclose(fourier.dft(x), np.fft.fft(x), atol=1e-10)
    np.testing.assert_allclose(fourier.dft_matrix(n) @ x, np.fft.fft(x), atol=1e-8)


@pytest.mark.parametrize("n", [1, 2, 64, 2048])
def test_divide_and_conquer_gives_the_same_numbers(rng, n):
    x = rng.normal(size=n)
    np.testing.assert_allclose(fourier.fft_radix2(x), np.fft.fft(x), atol=1e-9)


def test_what_cannot_be_transformed_is_said():
    with pytest.raises(ValueError, match="power of two"):
        fourier.fft_radix2(np.zeros(12))
    with pytest.raises(ValueError, match="one dimension"):
        fourier.dft(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="power of two"):
        fourier.fft_radix2(np.zeros(0))
    with pytest.raises(ValueError, match="too few"):
        fourier.fourier_transform(np.sin, [1000.0], 0, 10, 1001)
    with pytest.raises(ValueError, match="too few"):
        fourier.fourier_transform(np.sin, [1.0, -100.0], 1, 2, 399)
    assert fourier.fourier_transform(np.cos, [-100.0, 1.0], 1, 2, 400).shape == (2,), "four points a period"
    with pytest.raises(ValueError, match="too few"):
        fourier.fourier_transform(np.cos, [0.0], 2, 2)
    with pytest.raises(ValueError, match="growth"):
        fourier.fit_cost(np.array([2]), np.array([1.0]), "n")
    for rate in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            fourier.aliased_frequency(1.0, rate)
    assert fourier.dft(np.zeros(0)).shape == (0,)
    assert fourier.aliased_frequency(0.75, 0.5) == pytest.approx(0.25)
    assert fourier.fourier_transform(np.cos, [0.0], 0, 1, 3).shape == (1,)


def test_a_damped_tone_begins_at_0_and_decays_to_one_over_e():
    t = np.array([-0.1, 0.0, 0.25, 1.25])
    np.testing.assert_allclose(fourier.damped_tone(t, 1.0, 0.5), [0, 0, np.exp(-0.5), np.exp(-2.5)], atol=1e-15)
    # At frequency 0 the integral of exp(-t / d) sin(w t), which is w / (1 / d^2 + w^2).
    assert fourier.damped_tone_transform(0.0, 1.0, 0.5) == pytest.approx(2 * np.pi / (4 + 4 * np.pi**2))


def test_amplitudes_of_a_mean_and_of_padded_samples():
    x = 0.5 + np.cos(2 * np.pi * np.arange(8) * 2 / 8)
    frequencies, amplitude = fourier.amplitude_spectrum(x, 80)
    assert frequencies.tolist() == [0, 10, 20, 30, 40] and amplitude == pytest.approx([0.5, 0, 1, 0, 0])
    frequencies, amplitude = fourier.amplitude_spectrum(x, 80, 16)
    assert frequencies.tolist() == [5.0 * index for index in range(9)] and amplitude[[0, 4]] == pytest.approx([0.5, 1])


def test_decibels_are_of_the_maximum_or_of_a_reference_down_to_a_floor():
    assert fourier.decibels(np.array([1.0, 10.0, 0.0])).tolist() == pytest.approx([-20, 0, -160])
    assert fourier.decibels(np.array([1.0, 10.0]), 100.0, -30).tolist() == pytest.approx([-30, -20])
    assert fourier.decibels(np.array([0.5, 0.1]), 0.5).tolist() == pytest.approx([0, -13.9794], abs=1e-4)
    assert fourier.decibels(np.array([0.1, 0.01])).tolist() == pytest.approx([0, -20])
    assert fourier.decibels(np.zeros(2)).tolist() == [-160, -160] and fourier.decibels(np.zeros(0)).shape == (0,)


def test_peaks_are_the_highest_apart_from_each_other_and_lie_on_a_parabola():
    frequencies, level = np.arange(12) * 10.0, np.array([0, 5, 0, 4, 0, 0, 1, 3, 2, 0, 2, 0.0])
    found = fourier.spectral_peaks(frequencies, level, 9, 0.5)
    assert [value for _, value in found] == [5, 4, 3, 2]
    # 1, 3, 2: the top of the parabola lies a sixth of a bin above the middle.
    assert [f for f, _ in found] == pytest.approx([10, 30, 70 + 10 / 6, 100])
    assert [value for _, value in fourier.spectral_peaks(frequencies, level, 2, 0.5)] == [5, 4]
    assert [value for _, value in fourier.spectral_peaks(frequencies, level, 9, 2.5)] == [5, 4, 3]
    assert [value for _, value in fourier.spectral_peaks(frequencies, level, 9, 0.5, apart=30)] == [5, 3, 2]
    assert fourier.spectral_peaks(frequencies, np.zeros(12), 3, 0.5) == []
    assert [f for f, _ in fourier.spectral_peaks(frequencies + 500, level, 2, 0.5)] == pytest.approx([510, 530])
    assert [f for f, _ in fourier.spectral_peaks(frequencies + 500, level, 9, 0.5)] == pytest.approx([510, 530, 570 + 10 / 6, 600])
    assert len(fourier.spectral_peaks(frequencies / 100, level, 9, 0.5)) == 4, "peaks may lie as near as they like"


def test_samples_are_passed_through_from_their_start_on():
    samples = np.array([1.0, -2.0, 3.0])
    at = fourier.reconstruct(samples, 2.0, np.array([10.0, 10.5, 11.0, 11.5, 10.25]), start=10.0)
    assert at[:4] == pytest.approx([1, -2, 3, 0]) and at[4] == pytest.approx((1 - 2 - 3 / 3) * 2 / np.pi)
    assert fourier.reconstruct(samples, 2.0, np.array([0.5]))[0] == pytest.approx(-2)


def test_the_integral_equals_the_closed_form_and_the_dft_approaches_it():
    frequencies = np.linspace(0, 200, 41)
    exact = fourier.damped_tone_transform(frequencies, 60.0, 0.05)
    numeric = fourier.fourier_transform(lambda t: fourier.damped_tone(t, 60.0, 0.05), frequencies, 0.0, 1.0)
    np.testing.assert_allclose(numeric, exact, atol=1e-6)
    errors = []
    for rate in (1_000, 4_000):
        x = fourier.damped_tone(np.arange(rate) / rate, 60.0, 0.05)
        errors.append(np.abs(np.fft.fft(x)[:200:5] / rate - exact[:40]).max())
    assert errors[1] < errors[0] / 10 < 1e-3


def test_amplitudes_and_peaks_of_a_recipe_are_read_off_its_spectrum():
    x = examples.tone([110.0, 275.0, 440.0], 1.0, 8_000, [1.0, 0.5, 0.25])
    frequencies, amplitude = fourier.amplitude_spectrum(x, 8_000)
    np.testing.assert_allclose(amplitude[[110, 275, 440]], [1, 0.5, 0.25], atol=1e-9)
    peaks = fourier.spectral_peaks(frequencies, amplitude, 3, 0.1)
    np.testing.assert_allclose([f for f, _ in peaks], [110, 275, 440], atol=1e-6)


# --- sampling ----------------------------------------------------------------------------------------------------------


@given(st.floats(1, 30_000), st.sampled_from([8_000, 11_025, 44_100]))
@settings(max_examples=60, deadline=None)
def test_a_tone_is_found_where_the_formula_says(frequency, rate):
    seconds = 0.5
    x = np.cos(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    strongest = np.abs(np.fft.rfft(x * np.hanning(len(x)))).argmax() / seconds
    assert strongest == pytest.approx(fourier.aliased_frequency(frequency, rate), abs=1.01 / seconds)


@given(st.floats(0, 1e5), st.integers(0, 5))
@settings(deadline=None)
def test_aliases_repeat_and_mirror(frequency, times):
    alias = fourier.aliased_frequency(frequency, 8_000)
    assert 0 <= alias <= 4_000
    assert fourier.aliased_frequency(frequency + times * 8_000, 8_000) == pytest.approx(alias, abs=1e-6)
    assert fourier.aliased_frequency(8_000 * 20 - frequency, 8_000) == pytest.approx(alias, abs=1e-6)


@pytest.mark.parametrize("rate", [8_000, 1_800])
def test_what_is_reconstructed_is_the_alias(rate):
    samples = np.cos(2 * np.pi * 1_000 * np.arange(rate) / rate)
    t = np.linspace(0.498, 0.502, 81)
    alias = fourier.aliased_frequency(1_000.0, rate)
    np.testing.assert_allclose(fourier.reconstruct(samples, rate, t), np.cos(2 * np.pi * alias * t), atol=0.01)


def test_costs_are_measured_and_fitted():
    cost = fourier.measure_cost({"sort": (np.sort, [16, 64])}, repeats=1)
    assert list(cost["n"]) == [16, 64] and (cost["seconds"] > 0).all()
    n = np.array([64, 256, 1024])
    assert fourier.fit_cost(n, 3e-9 * n**2.0, "n²") == pytest.approx((3e-9, 1.0))
    assert fourier.fit_cost(n, 2e-9 * n * np.log2(n), "n log n") == pytest.approx((2e-9, 1.0))
    assert fourier.fit_cost(n, 3e-9 * n**2.0, "n log n")[1] > 2


# --- windows and STFT --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "width", "level"), [("rectangular", 2, -13.26), ("Hann", 4, -31.47), ("Blackman", 6, -58.11)])
def test_windows_leak_as_much_as_harris_says(name, width, level):
    values = short_time.window(name, 2048)
    lobe, highest = short_time.side_lobes(values)
    assert lobe == pytest.approx(width, abs=0.05)
    assert highest == pytest.approx(level, abs=0.05)


def test_the_stft_is_what_the_features_are_made_of(rng):
    x = rng.normal(0, 0.1, 10_000).astype(np.float32)
    magnitude = np.abs(short_time.stft(x))
    bank = log_filterbank()
    np.testing.assert_allclose(np.log10(magnitude[:, : len(bank)] @ bank + 1), log_filter_spectrogram(x), atol=1e-4)


@pytest.mark.parametrize("size", [256, 2048])
@pytest.mark.parametrize("n", [1, 441, 5_000])
def test_the_inverse_gives_the_samples_back(rng, n, size):
    x = rng.normal(size=n)
    values = short_time.window("Hann", size)
    hop = size // 4
    back = short_time.istft(short_time.stft(x, hop, values), n, hop, values)
    np.testing.assert_allclose(back, x, atol=1e-8)


def test_griffin_lim_never_gets_worse_and_momentum_gets_further():
    x = examples.bar()[:44_100]
    wanted = np.abs(short_time.stft(x))
    _, plain = short_time.griffin_lim(wanted, len(x), 25)
    samples, fast = short_time.griffin_lim(wanted, len(x), 25, momentum=0.99)
    assert np.all(np.diff(plain) < 1e-9), "the theorem of Griffin and Lim (1984)"
    assert fast[-1] < plain[-1] < -15
    assert short_time.spectral_error(np.abs(short_time.stft(samples)), wanted) == pytest.approx(fast[-1])
    assert short_time.spectral_error(np.zeros_like(wanted), wanted) == pytest.approx(0)


def test_griffin_lim_is_as_good_as_librosas():
    librosa = pytest.importorskip("librosa")
    x = examples.bar()[:44_100].astype(float)
    options = {"n_fft": 2048, "hop_length": 441, "window": "hann", "pad_mode": "constant"}
    wanted = np.abs(librosa.stft(x, **options))
    theirs, ours = [], []
    for seed in range(3):  # where the phases start decides by some decibels
        samples = librosa.griffinlim(wanted, n_iter=25, momentum=0, random_state=seed, length=len(x), **options)
        theirs.append(short_time.spectral_error(np.abs(librosa.stft(samples, **options)).T, wanted.T))
        ours.append(short_time.griffin_lim(np.abs(short_time.stft(x)), len(x), 25, seed=seed)[1][-1])
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=2)


# --- filterbanks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_bands", [84, 40, 128])
def test_the_mel_filterbank_equals_librosas(n_bands):
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=2048, n_mels=n_bands, fmin=20, fmax=20_000, htk=True, norm="slaney", dtype=np.float64
    )
    np.testing.assert_allclose(mel.mel_filterbank(n_bands), theirs.T * SAMPLE_RATE / 2048, atol=1e-10)
    np.testing.assert_allclose(mel.mel_centres(), librosa.mel_frequencies(n_mels=86, fmin=20, fmax=20_000, htk=True)[1:-1])


@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_mels_equal_librosas(scale):
    librosa = pytest.importorskip("librosa")
    frequencies = np.array([0.0, 440.0, 1_000.0, 9_000.0])
    np.testing.assert_allclose(mel.hertz_to_mel(frequencies, scale), librosa.hz_to_mel(frequencies, htk=scale == "htk"))
    np.testing.assert_allclose(mel.mel_to_hertz(mel.hertz_to_mel(frequencies, scale), scale), frequencies, atol=1e-8)


def test_the_intervals_of_the_thesis():
    table = mel.interval_table([("A2", "B2"), ("D7", "E7")])
    np.testing.assert_allclose(table["hz"], [13.471, 287.703], atol=1e-3)
    np.testing.assert_allclose(table["semitones"], 2)
    assert mel.note_frequency("Bb1") == pytest.approx(mel.note_frequency("A#1"))
    with pytest.raises(ValueError, match="octave"):
        mel.note_frequency("H2")


def test_a_filtered_spectrogram_is_undone_as_far_as_it_can_be(rng):
    bank = log_filterbank()
    bands = rng.random((5, bank.shape[1])) @ np.eye(bank.shape[1])
    spectrum = mel.unfilter(bands @ bank.T @ bank, bank)
    assert spectrum.shape == (5, 1024) and (spectrum >= 0).all()
    assert len(mel.mel_centres()) == len(band_centres())


# --- sounds ------------------------------------------------------------------------------------------------------------


def test_example_sounds_are_the_same_each_time():
    np.testing.assert_array_equal(examples.four_strokes(), examples.four_strokes())
    assert examples.bar().shape == (2 * SAMPLE_RATE,)
    assert np.abs(examples.bar()).max() == pytest.approx(0.9, abs=1e-3)
