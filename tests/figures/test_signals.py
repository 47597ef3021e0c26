"""The pictures of notebooks 10 to 12: the same bytes each time, no text below 8 pt, axes that say where things are."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from adtlib.audio import mel, short_time
from adtlib.audio.features import band_centres, log_filterbank
from adtlib.figures import signals, spectra, theme
from adtlib.synthesis import examples


@pytest.fixture(autouse=True)
def our_theme():
    theme.use_theme()
    yield
    plt.close("all")


def noise(n=4_410):
    return np.random.default_rng(0).normal(0, 0.1, n)


def drawn(picture):
    """The figure of one of the pictures below."""
    if picture == "pressure":
        signals.plot_pressure_wave(examples.tone(100.0, 0.2), 0.04)
    elif picture == "winding":
        figure = plt.figure(figsize=(6, 4))
        signals.plot_winding(3.0, 3.0, (1.5, 2.8, 3.0), list(figure.subplot_mosaic("EEE;ABC;DDD").values()))
    elif picture == "discrete":
        signals.plot_continuous_and_discrete(100.0, 0.02, [(32, 640), (64, 640)], theme.new_figure(0.6, 2, 2)[1])
    elif picture == "aliasing":
        signals.plot_aliasing(1_000.0, (8_000, 1_800), theme.new_figure(0.5, 2, 2)[1])
    elif picture == "folding":
        signals.plot_folding(1_800, 5_000, (1_000, 2_800), theme.new_figure()[1])
    elif picture == "butterfly":
        signals.plot_butterfly(3, theme.new_figure(0.4)[1])
    elif picture == "stft":
        spectra.plot_stft_steps(noise(), (2, 4, 6))
    elif picture == "windows":
        spectra.plot_windows(20.5, (36.0, -55.0), theme.new_figure(0.6, 2, 3)[1])
    elif picture == "intervals":
        table = mel.interval_table([("A2", "B2"), ("D7", "E7")])
        spectra.plot_intervals(table, theme.new_figure(0.6, 3, 1)[1])
    elif picture == "filters":
        spectra.plot_filters(log_filterbank(), "bands", theme.new_figure()[1])
    elif picture == "widths":
        spectra.plot_band_widths({"logarithmic": band_centres()}, theme.new_figure()[1])
    return plt.gcf()


PICTURES = [
    "pressure",
    "winding",
    "discrete",
    "aliasing",
    "folding",
    "butterfly",
    "stft",
    "windows",
    "intervals",
    "filters",
    "widths",
]


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_is_the_same_each_time_and_its_text_can_be_read(picture):
    contents = []
    for _ in range(2):
        buffer = io.BytesIO()
        figure = drawn(picture)
        figure.savefig(buffer, format="png", dpi=60, metadata={"Software": None})
        contents.append(buffer.getvalue())
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        assert min(text.get_fontsize() for text in texts) >= 8
        plt.close("all")
    assert contents[0] == contents[1]


def test_the_picture_of_aliasing_names_the_frequencies_of_the_formula():
    words = " ".join(text.get_text() for text in drawn("aliasing").findobj(Text))
    assert "1,000 Hz" in words and "800 Hz" in words and "900 Hz = half the rate" in words


def test_a_tone_lies_at_its_frequency_and_a_click_at_its_time():
    x = examples.tone(5_000.0, 1.0)
    ax = spectra.plot_spectrogram(np.abs(short_time.stft(x)), highest=10_000, ax=theme.new_figure()[1])
    image = ax.images[0]
    left, right, bottom, top = image.get_extent()
    row = np.argmax(image.get_array()[:, 50])
    height = image.get_array().shape[0]
    assert bottom + (row + 0.5) / height * (top - bottom) == pytest.approx(5.0, abs=0.03)
    assert (left, right) == pytest.approx((-0.005, 0.995))
    with pytest.raises(ValueError, match="dB or linear"):
        spectra.plot_spectrogram(np.ones((2, 3)), "loud")
