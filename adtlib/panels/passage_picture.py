"""The figure of the track browser: waveform, features and onsets of a passage, drawn once and then changed in place.

It shows the same as `figures.plot_passage`, but changes curves and the image of the features in place, which takes a fraction of
the time of a new figure. `FeatureImage` and `envelope` are also used by the picture of the transcriber.
"""

import numpy as np
from matplotlib.artist import Artist

from adtlib.audio.features import FPS, N_BANDS, SAMPLE_RATE, band_centres
from adtlib.corpora.passages import Passage
from adtlib.figures.passages import plot_onsets
from adtlib.figures.theme import panel_figure
from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

COLUMNS = 1_200  # of the waveform: two for each point of the screen
ROWS = 420  # of the image of the features: each band covers at least one


class FeatureImage:
    """Features as an image over log2(Hz), which is linear in the image, with its colour bar; `image` is the artist."""

    def __init__(self, ax, bar) -> None:
        """Draw it, still empty, on `ax`, its colour bar on the axes `bar`."""
        centres = np.log2(band_centres())
        between = (centres[1:] + centres[:-1]) / 2
        edges = np.concatenate([[2 * centres[0] - between[0]], between, [2 * centres[-1] - between[-1]]])
        heights = np.linspace(edges[0], edges[-1], ROWS, endpoint=False) + (edges[-1] - edges[0]) / ROWS / 2
        self._rows = np.clip(np.searchsorted(edges, heights) - 1, 0, N_BANDS - 1)
        self._heights = edges[0], edges[-1]
        self.image = ax.imshow(
            np.zeros((ROWS, 1)),
            aspect="auto",
            origin="lower",
            extent=(0, 1, *self._heights),
            interpolation="nearest",
            vmin=0,
            vmax=1,
        )
        ax.set_yticks(np.log2([100, 1_000, 10_000]), ["100", "1k", "10k"])
        ax.set(ylabel="frequency (Hz)")
        ax.figure.colorbar(self.image, cax=bar, label="log10(mag. + 1)", format="%.1f")

    def show(self, features: np.ndarray, start: float, loudest: float) -> None:
        """Show features `(T, 84)` from `start` seconds on; the colour scale ends at `loudest`."""
        self.image.set_data(np.asarray(features, dtype=np.float32).T[self._rows])  # (ROWS, T)
        # Frame t is centred on t / FPS.
        first = start - 0.5 / FPS
        self.image.set_extent((first, first + len(features) / FPS, *self._heights))
        self.image.set_clim(0, max(loudest, 0.1))


class PassagePicture:
    """A figure and its `moving` artists (see `panel.Picture`); `show` puts a passage into it."""

    def __init__(self) -> None:
        """Draw the figure, still empty. Call it inside `theme_context`."""
        self.figure, grid = panel_figure(0.72, rows=3, columns=2, width_ratios=[1, 0.018], height_ratios=[0.7, 1.7, 1])
        grid[0, 1].set_axis_off()
        grid[2, 1].set_axis_off()
        self._axes = self._top, self._middle, self._bottom = grid[:, 0]
        (self._wave,) = self._top.plot([], [], color="#444444", linewidth=0.5)
        # The waveform is relative to the recording's loudest sample, so that soft recordings are visible, too.
        self._top.set(ylabel="ampl. / peak", ylim=(-1.05, 1.05), yticks=(-1, 0, 1))
        self._bands = FeatureImage(self._middle, grid[1, 1])
        plot_onsets([np.empty(0)] * len(CLASSES), 0.0, 1.0, self._bottom)
        for ax in (self._top, self._middle):
            ax.tick_params(labelbottom=False)
        style = {"ha": "center", "va": "center", "color": "#555555", "fontsize": 9}
        self._silent = self._top.text(0.5, 0.5, "no recording", transform=self._top.transAxes, **style)
        self._nothing = self._middle.text(0.5, 0.5, "nothing to show", transform=self._middle.transAxes, **style)
        # An axis that is drawn over the rest includes its ticks and numbers.
        self.moving: list[Artist] = [self._wave, self._bands.image, *self._bottom.lines, self._silent, self._nothing]
        self.moving += [*(ax.xaxis for ax in self._axes), grid[1, 1].yaxis]

    def show(self, passage: Passage | None, loudest: float, peak: float) -> None:
        """Show a passage, or a text if it is None.

        loudest  the highest value of the recording's features, where the colour scale ends;  peak: of its waveform.
        """
        self._nothing.set_visible(passage is None)
        self._silent.set_visible(passage is not None and passage.waveform is None)
        self._bands.image.set_visible(passage is not None)
        waveform = None if passage is None else passage.waveform
        self._wave.set_data(([], []) if waveform is None else envelope(waveform / max(peak, 1e-9), passage.start))
        onsets: Onsets = [np.empty(0)] * len(CLASSES) if passage is None else passage.onsets
        for row, (line, times) in enumerate(zip(self._bottom.lines, onsets, strict=True)):
            line.set_data(times, np.full(len(times), row))
        if passage is None:
            return
        self._bands.show(passage.features, passage.start, loudest)
        for ax in self._axes:
            ax.set_xlim(passage.start, passage.end)


def envelope(waveform: np.ndarray, start: float) -> tuple[np.ndarray, np.ndarray]:
    """(seconds, amplitudes) of a curve of about 2 * COLUMNS points: the lowest and the highest sample of each segment."""
    step = max(1, len(waveform) // COLUMNS)
    whole = len(waveform) // step * step
    stretches = waveform[:whole].reshape(-1, step)  # (n_samples,) -> (stretches, step)
    seconds = start + np.arange(len(stretches)) * step / SAMPLE_RATE
    return np.repeat(seconds, 2), np.stack([stretches.min(axis=1), stretches.max(axis=1)], axis=1).ravel()
