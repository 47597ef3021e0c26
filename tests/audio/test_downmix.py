"""What a person hears in either channel is in the mixture; ordinary stereo is averaged, bit by bit."""

import numpy as np
import pytest
import soundfile

from adtlib.audio import downmix
from adtlib.audio.downmix import least_kept, mixed
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.files import array_blocks, audio_blocks, read_audio

N = 10 * SAMPLE_RATE


def drums(seed: int, seconds: float = 30.0) -> np.ndarray:
    """Strokes of noise, more of high frequencies than of low ones, every quarter of a second."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (rng.normal(0, 0.1, len(time)) * np.exp(-((time + 0.06 * seed) % 0.25) / 0.04)).astype(np.float32)


def bass(seconds: float = 30.0) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.4 * np.sin(2 * np.pi * 55 * time) * np.exp(-(time % 0.5) / 0.3)).astype(np.float32)


def mixture(*channels: np.ndarray) -> tuple[np.ndarray, int]:
    """(the mixture, how many samples were not averaged)."""
    stereo, counts = np.stack(channels, axis=1), []
    found = np.concatenate(list(mixed(np.split(stereo, range(N, len(stereo), N)), SAMPLE_RATE, counts.append)))
    assert found.dtype == np.float32 and len(found) == len(stereo)
    return found, sum(counts)


def louder(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Decibels by which features differ, where the wanted ones are loud."""
    a, b = (10 ** log_filter_spectrogram(each) - 1 for each in (found, wanted))
    strong = b > 0.1 * b.max(axis=0)
    return 20 * np.log10(np.maximum(a, 1e-9) / np.maximum(b, 1e-9))[strong]


@pytest.mark.parametrize(
    "channels",
    [
        (drums(1), drums(1)),
        (drums(1), 0.3 * drums(1)),
        (drums(1), 0 * drums(1)),
        (drums(1), drums(2)),
        (drums(1) + bass(), drums(2) + bass()),
        (drums(1), bass()),
        (drums(1) + 0.3 * drums(3), drums(1) - 0.3 * drums(3)),
    ],
    ids=["equal", "softer", "one silent", "unlike", "over a bass", "drums left, bass right", "wide"],
)
def test_ordinary_stereo_is_averaged_bit_by_bit(channels):
    found, others = mixture(*channels)
    assert others == 0
    np.testing.assert_array_equal(found, np.stack(channels, axis=1).mean(axis=1))


def test_several_channels_are_averaged_too():
    five = (drums(1), drums(1), 0.5 * drums(2), bass(), 0.2 * drums(1))
    found, others = mixture(*five)
    assert others == 0
    np.testing.assert_array_equal(found, np.stack(five, axis=1).mean(axis=1))


@pytest.mark.parametrize("factor", [-1.0, -0.9, -0.6])
def test_a_channel_with_the_opposite_sign_does_not_cancel_the_other(factor):
    found, others = mixture(drums(1), np.float32(factor) * drums(1))
    assert others == len(found)
    wanted = drums(1) * np.float32(np.sqrt((1 + factor**2) / 2))
    assert np.median(np.abs(louder(found, wanted))) < 0.2
    assert np.quantile(louder(found, wanted), 0.02) > -3


def test_drums_out_of_phase_over_a_bass_in_phase_are_heard():
    found, others = mixture(bass() + drums(1), bass() - drums(1))
    assert others == len(found)
    high = louder(found, drums(1))
    assert np.median(np.abs(high)) < 1
    average = bass()
    assert np.median(louder(average, drums(1))) < -20, "as they were heard before"


def test_six_channels_with_fronts_out_of_phase():
    nothing = 0 * drums(1)
    found, others = mixture(drums(1), -drums(1), nothing, nothing, nothing, nothing)
    assert others == len(found)
    assert np.median(np.abs(louder(found, drums(1) / np.float32(np.sqrt(3))))) < 0.2


def test_where_half_of_a_song_is_out_of_phase_only_that_half_is_treated():
    sign = np.ones(len(drums(1)), dtype=np.float32)
    sign[N : 2 * N] = -1
    found, others = mixture(drums(1), sign * drums(1))
    assert others == N
    np.testing.assert_array_equal(found[:N], drums(1)[:N])
    np.testing.assert_array_equal(found[2 * N :], drums(1)[2 * N :])
    rising = np.abs(np.diff(found[N - 200 : N + 200])).max()
    assert rising <= np.abs(np.diff(drums(1))).max(), "no click where it changes"


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 192_000])
def test_the_verdict_does_not_depend_on_the_rate(rate):
    sound = drums(1, 10 * rate / SAMPLE_RATE)
    assert least_kept(np.stack([sound, -sound], axis=1), rate) < 0.01
    assert least_kept(np.stack([sound, sound], axis=1), rate) == 1
    assert least_kept(np.stack([sound, drums(2, 10 * rate / SAMPLE_RATE)], axis=1), rate) > 0.5


def test_silence_and_a_few_samples_are_averaged():
    for n in (0, 1, 100, N):
        assert least_kept(np.zeros((n, 2), dtype=np.float32), SAMPLE_RATE) == 1
    few = drums(1)[:300]
    found, others = mixture(few, -few)
    assert others == 0 and len(found) == 300


def test_files_and_arrays_say_that_channels_cancel(tmp_path):
    stereo = np.stack([drums(1, 3), -drums(1, 3)], axis=1)
    path = tmp_path / "song.wav"
    soundfile.write(path, stereo, SAMPLE_RATE, subtype="FLOAT")
    with pytest.warns(UserWarning, match=r"song\.wav: for 3\.0 s its channels are out of phase and cancel"):
        found = read_audio(path)  # prepare said that it is silent
    assert np.abs(found).max() > 0.1
    with pytest.warns(UserWarning, match="out of phase"):
        np.testing.assert_array_equal(np.concatenate(list(array_blocks(stereo, SAMPLE_RATE))), found)


def test_real_stereo_is_averaged(real_data):
    path = next(real_data.rglob("*Reggae_MIX.wav"))
    samples, rate = soundfile.read(path, dtype="float32")
    assert least_kept(samples[: 10 * rate], rate) > 0.95
    np.testing.assert_array_equal(np.concatenate(list(audio_blocks(path))), samples.mean(axis=1))


def test_the_shifter_turns_by_90_degrees():
    half = round(downmix._SHIFTER_SECONDS * SAMPLE_RATE)
    response = np.fft.rfft(downmix._shifter(half), 1 << 16) * np.exp(2j * np.pi * np.arange((1 << 15) + 1) * half / (1 << 16))
    heard = response[round(45 / SAMPLE_RATE * (1 << 16)) : round(20_000 / SAMPLE_RATE * (1 << 16))]
    np.testing.assert_allclose(heard, -1j, atol=0.1)
