"""Common parts of the panels: controls, a picture that follows them, a sentence, optionally a sound.

A figure is drawn once and then changed in place: a control's callback moves the existing curves, only these are redrawn, and the
PNG goes into an image widget. Drawing the whole figure takes several times as long (`benchmarks/bench_widgets.py`), too long to
follow a slider.

A panel is one output in two forms: the widget, for JupyterLab with a running kernel, and a PNG of the same picture for all other
viewers: executed copies, papermill, a web page.

In a `DependentPanel` the options of some controls depend on others: tracks on the corpus, starts on the recording.
"""

import asyncio
import base64
import io
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from adtlib.markup import in_html

_GREYED = "<style>.adt-problem .adt-picture { filter: grayscale(1) opacity(0.35); }</style>"


def slider(description: str, value, low, high, step=None):
    """A slider for integers if `value` is one, else for floats; it reports while it is dragged."""
    kind, step = (ipywidgets.IntSlider, step or 1) if isinstance(value, int) else (ipywidgets.FloatSlider, step or 0.01)
    return kind(value=value, min=low, max=high, step=step, description=description, continuous_update=True)


def choice(description: str, value, options):
    """A slider over a list of values, or of (words, value), that are not evenly spaced."""
    return ipywidgets.SelectionSlider(value=value, options=options, description=description, continuous_update=True)


def menu(description: str, value, options):
    """A drop-down list of values, or of (words, value)."""
    return ipywidgets.Dropdown(value=value, options=options, description=description)


# --- the picture -------------------------------------------------------------------------------------------------------


class Picture:
    """A figure whose layout is fixed after the first drawing and whose PNG is made again when artists have changed.

    figure  made by `panel_figure`.
    moving  artists that change; they are drawn over the others, which are drawn once. If limits of axes change, their `xaxis` or
            `yaxis` belongs here as well. If empty, everything is drawn each time.
    """

    def __init__(self, figure: Figure, moving: Sequence[Artist] = ()) -> None:
        self.canvas = FigureCanvasAgg(figure)
        self.moving = sorted(moving, key=lambda artist: artist.get_zorder())
        for artist in self.moving:
            artist.set_in_layout(isinstance(artist, Axis))  # the layout must not depend on the present position of a curve
        self.canvas.draw()
        figure.set_layout_engine("none")
        for artist in self.moving:
            artist.set_animated(True)
        self.canvas.draw()  # without the moving artists
        self._still = self.canvas.copy_from_bbox(figure.bbox) if self.moving else None

    def png(self) -> bytes:
        """The present picture as a PNG in full colour with little compression, which is fastest."""
        buffer = io.BytesIO()
        self.image().save(buffer, format="PNG", compress_level=1)
        return buffer.getvalue()

    def image(self) -> Image.Image:
        """The present picture in RGB."""
        if not self.moving:
            self.canvas.draw()
        else:
            self.canvas.restore_region(self._still)
        for artist in self.moving:
            if artist.get_visible():
                artist.draw(self.canvas.renderer)
        return Image.frombuffer("RGBA", self.canvas.get_width_height(), self.canvas.buffer_rgba()).convert("RGB")


def small_png(image: Image.Image) -> bytes:
    """An image as a well compressed PNG of 256 colours, less than half the size: for stored outputs."""
    buffer = io.BytesIO()
    # Maximum coverage, as median cut uses all colours for a spectrogram and keeps none for the few points of a class.
    palette = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    palette.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


# --- the panel ---------------------------------------------------------------------------------------------------------


class Panel(ipywidgets.VBox):
    """Controls, picture, sentence and sound in one box; the last line of a cell shows it.

    name      words with hyphens; the box has the CSS class `adt-panel-<name>`, its parts `adt-control-<control>`,
              `adt-picture`, `adt-sentence` and `adt-sound`.
    figure    of `panel_figure`;  moving: see `Picture`.
    controls  {name: widget with a `value`}, as `slider`, `choice` and `menu` make them.
    refresh   called with all values by name; changes artists and returns a sentence, or None. It raises ValueError for
              values that it cannot show: the panel shows the message and greys the picture until the values are valid again.
    sound     called with the same values; returns bytes of an MP3, or None for silence. Without it there is no player.

    Any other error is shown in the panel with its traceback, as a kernel would hide it in its log. An error in the first drawing is
    raised.

    Subclasses may set `rest`, the seconds without a change before the sound is made, and show something else than a picture by
    `_start_view` and `_update_view`.
    """

    rest = 0.25

    def __init__(
        self,
        name: str,
        figure: Figure,
        controls: Mapping[str, Any],
        refresh: Callable[..., str | None],
        moving: Sequence[Artist] = (),
        sound: Callable[..., bytes | None] | None = None,
    ) -> None:
        self.name, self.controls = name, dict(controls)
        self._refresh, self._sound = refresh, sound
        self._defaults = self.values
        self._held, self._waiting = False, None
        # JupyterLab passes widget messages to several threads of a kernel, which must not draw into one figure at the same time.
        # Each draws the present values of the controls, so the last picture is right.
        self._drawing = threading.RLock()
        words = refresh(**self.values)
        self.image = self._start_view(figure, moving)
        self.sentence = ipywidgets.HTML(value=words or "")
        self.player = ipywidgets.Audio(value=b"", format="mpeg", autoplay=False, loop=False) if sound else None
        self.reset = ipywidgets.Button(description="Reset", tooltip="Back to the values at the start")
        super().__init__(children=self._build_layout())
        self._name_the_parts()
        if sound:
            self.player.value = sound(**self.values) or b""
        for control in self.controls.values():
            control.observe(self._on_change, names="value")
        self.reset.on_click(lambda _: self.set(**self._defaults))

    # ---- for use from code

    @property
    def values(self) -> dict[str, Any]:
        """The controls' values by name."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values: Any) -> None:
        """Set several controls at once; the picture is drawn once. Raises KeyError for an unknown control."""
        unknown = sorted(set(values) - set(self.controls))
        if unknown:
            raise KeyError(f"the panel {self.name} has no control {', '.join(unknown)}: it has {', '.join(self.controls)}")
        with self._drawing:
            self._held = True
            try:
                for name, value in values.items():
                    self.controls[name].value = value
            finally:
                self._held = False
            self._on_change()

    # ---- what is shown

    def _start_view(self, figure: Figure, moving: Sequence[Artist]) -> Any:
        """The widget that shows the figure."""
        self.picture = Picture(figure, moving)
        image = ipywidgets.Image(format="png", value=self.picture.png())
        image.layout = ipywidgets.Layout(max_width="100%", object_fit="contain", align_self="flex-start")
        return image

    def _update_view(self) -> None:
        """Show what changed."""
        self.image.value = self.picture.png()

    # ---- callbacks

    def _on_change(self, _change: Any = None) -> None:
        with self._drawing:
            if self._held:
                return
            try:
                words = self._refresh(**self.values)
                self._update_view()
                self._say(words or "")
                self._sound_soon()
            except ValueError as error:
                self._say(f"<b>Not possible:</b> {in_html(str(error))}", problem=True)
            except Exception as error:  # any error: the user has to see it
                self._say_error(error)

    def _sound_soon(self) -> None:
        """Make the sound once the controls rest, so that dragging a slider does not wait for it."""
        if self._sound is None:
            return
        if self._waiting:
            self._waiting.cancel()
        self._soon(self.rest, self._make_sound)

    def _soon(self, seconds: float, work: Callable[[], None]) -> None:
        """Call a function later, or at once if no event loop runs, as in a program that sets values."""
        try:
            self._waiting = asyncio.get_running_loop().call_later(seconds, work)
        except RuntimeError:
            work()

    def _make_sound(self) -> None:
        self._waiting = None
        with self._drawing:
            try:
                self.player.value = self._sound(**self.values) or b""
            except Exception as error:
                self._say_error(error)

    def _say_error(self, error: Exception) -> None:
        text = f"<b>{type(error).__name__}:</b> {in_html(str(error))}"
        self._say(f"{text}<pre>{in_html(traceback.format_exc())}</pre>", problem=True)

    def _say(self, words: str, problem: bool = False) -> None:
        self.sentence.value = f'{_GREYED}<span style="color:#b00020">{words}</span>' if problem else words
        (self.add_class if problem else self.remove_class)("adt-problem")

    # ---- appearance

    def _build_layout(self) -> list[Any]:
        for control in self.controls.values():
            control.style.description_width = "11em"
            control.layout = ipywidgets.Layout(width="30em")
        wrapped = ipywidgets.Layout(flex_flow="row wrap", max_width="62em")
        self.reset.layout = ipywidgets.Layout(width="6em", margin="2px 2px 2px 11em")
        rows = [ipywidgets.Box([*self.controls.values(), self.reset], layout=wrapped), self.image, self.sentence]
        return [*rows, self.player] if self.player else rows

    def _name_the_parts(self) -> None:
        self.add_class(f"adt-panel-{self.name}")
        for name, control in self.controls.items():
            control.add_class(f"adt-control-{name.replace('_', '-')}")
        for part, kind in ((self.image, "picture"), (self.sentence, "sentence"), (self.player, "sound"), (self.reset, "reset")):
            if part is not None:
                part.add_class(f"adt-{kind}")

    def still(self) -> bytes:
        """A small PNG of the present panel, shown in its place without a kernel."""
        return small_png(self.picture.image())

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        words = f"[panel {self.name}: open the notebook in JupyterLab and run it to move {', '.join(self.controls)}]"
        still = {"text/plain": words, "image/png": base64.b64encode(self.still()).decode()}
        return super()._repr_mimebundle_(**options) | still


class DependentPanel(Panel):
    """A panel whose controls are in the order of their dependence.

    A subclass has `_follow(name)`, which updates everything that depends on the control `name`. It sets `_held` before it makes its
    controls and calls `Panel.__init__`, so that nothing is drawn before the panel is complete.
    """

    def _follow(self, name: str) -> None:
        """Update what depends on a control: nothing by default."""

    def set(self, **values: Any) -> None:
        """Set several controls at once, first those that others depend on; see `Panel.set`."""
        with self._drawing:
            self._held = True
            try:
                for name in self.controls:  # in the order of their dependence
                    if name in values:
                        self.controls[name].value = values.pop(name)
                        self._follow(name)
            finally:
                self._held = False
            super().set(**values)  # draws, and raises for unknown controls

    def _on_change(self, change: Any = None) -> None:
        with self._drawing:
            if self._held:
                return
            self._held = True
            try:
                for name, control in self.controls.items():
                    if change is not None and change["owner"] is control:
                        self._follow(name)
            except Exception as error:  # any error: the user has to see it
                return self._say_error(error)
            finally:
                self._held = False
            super()._on_change(change)


def offer(control: Any, options: Any, value: Any) -> None:
    """Set the options of a list; unchanged ones are not sent again."""
    if tuple(control.options) != tuple(options):
        control.options = tuple(options)
    control.value = value


def limit(slider: Any, low: float, high: float) -> None:
    """Give a slider another range; its value is moved into it."""
    high = max(high, low + slider.step)  # a slider needs some length
    if low > slider.max:
        slider.max = high
        slider.min = low
    else:
        slider.min = low
        slider.max = high
