"""What every interactive panel promises: a picture that follows, one output with two forms, errors that are seen."""

import asyncio
import base64
import concurrent.futures
import threading
import time

import matplotlib as mpl
import numpy as np
import pytest

from adtlib.figures.theme import panel_figure, theme_context
from adtlib.notebooks.execute import WIDGET_VIEW
from adtlib.panels.panel import Panel, Picture, slider


@theme_context()
def line_panel(sound=None) -> tuple[Panel, list]:
    """A panel with one curve, and the list of values that it was refreshed with."""
    figure, ax = panel_figure(0.3)
    t = np.linspace(0, 1, 200)
    (curve,) = ax.plot(t, t)
    seen = []

    def refresh(frequency: float) -> str:
        seen.append(frequency)
        if frequency > 8:
            raise ValueError("more than <8> Hz")
        if frequency == 8:
            raise RuntimeError("a mistake in the program")
        curve.set_ydata(np.sin(2 * np.pi * frequency * t))
        return f"{frequency} Hz"

    return Panel("line", figure, {"frequency": slider("f (Hz)", 3, 1, 10)}, refresh, [curve], sound), seen


def test_the_picture_and_the_sentence_follow_a_control():
    panel, _ = line_panel()
    first = panel.image.value
    panel.controls["frequency"].value = 5
    assert panel.image.value != first and bytes(panel.image.value).startswith(b"\x89PNG")
    assert panel.sentence.value == "5 Hz"
    panel.controls["frequency"].value = 3
    assert panel.image.value == first, "nothing of the curve at 5 Hz may stay behind"


def test_painting_only_what_moves_gives_the_picture_that_painting_all_gives():
    with theme_context():
        pictures = []
        for only in (True, False):
            figure, ax = panel_figure(0.3)
            t = np.linspace(0, 1, 200)
            (curve,) = ax.plot(t, t, zorder=9)
            picture = Picture(figure, [curve] if only else [])
            curve.set_ydata(np.sin(9 * t) / 2 + 0.5)
            pictures.append(picture.png())
    assert pictures[0] == pictures[1]


def test_reset_and_set_bring_several_values_at_once():
    panel, seen = line_panel()
    first = panel.image.value
    panel.set(frequency=7)
    assert panel.values == {"frequency": 7} and seen == [3, 7]
    panel.reset.click()
    assert panel.values == {"frequency": 3} and panel.image.value == first
    with pytest.raises(KeyError, match="no control rate"):
        panel.set(rate=2)


def test_what_cannot_be_shown_is_said_and_the_panel_recovers():
    panel, _ = line_panel()
    panel.set(frequency=9)
    assert "more than &lt;8&gt; Hz" in panel.sentence.value and "adt-problem" in panel._dom_classes
    panel.set(frequency=8)
    assert "RuntimeError" in panel.sentence.value and "a mistake in the program" in panel.sentence.value
    assert "Traceback" in panel.sentence.value
    panel.set(frequency=2)
    assert panel.sentence.value == "2 Hz" and "adt-problem" not in panel._dom_classes


def test_one_output_holds_the_widget_and_a_static_picture_of_the_present_state():
    panel, _ = line_panel()
    first = panel._repr_mimebundle_()
    assert set(first) == {WIDGET_VIEW, "image/png", "text/plain"}
    assert first[WIDGET_VIEW]["model_id"] == panel.model_id
    panel.set(frequency=6)
    later = base64.b64decode(panel._repr_mimebundle_()["image/png"])
    assert later.startswith(b"\x89PNG") and later != base64.b64decode(first["image/png"])


def test_parts_can_be_found_by_their_class():
    panel, _ = line_panel(sound=lambda frequency: b"x" * int(frequency))
    assert "adt-panel-line" in panel._dom_classes
    assert "adt-control-frequency" in panel.controls["frequency"]._dom_classes
    assert "adt-picture" in panel.image._dom_classes and "adt-sound" in panel.player._dom_classes


def test_the_sound_follows_too():
    panel, _ = line_panel(sound=lambda frequency: b"x" * int(frequency))
    assert panel.player.value == b"xxx"
    panel.set(frequency=5)
    assert panel.player.value == b"xxxxx"


def test_the_theme_of_the_notebook_is_left_as_it_was():
    before = mpl.rcParams["font.size"]
    with mpl.rc_context({"font.size": 17}):
        line_panel()
        assert mpl.rcParams["font.size"] == 17
    assert mpl.rcParams["font.size"] == before


def test_while_a_slider_is_dragged_the_sound_waits_until_it_rests():
    made = []
    panel, _ = line_panel(sound=lambda frequency: made.append(frequency) or b"x" * int(frequency))

    async def drag():
        for frequency in (4, 5, 6):
            panel.controls["frequency"].value = frequency
        assert made == [3] and panel.sentence.value == "6 Hz", "the picture does not wait"
        await asyncio.wrap_future(rested)

    rested = concurrent.futures.Future()
    panel.player.observe(lambda _: rested.set_result(None), names="value")
    asyncio.run(asyncio.wait_for(drag(), 30))
    assert made == [3, 6] and panel.player.value == b"xxxxxx"


def test_an_error_in_the_sound_is_seen():
    panel, _ = line_panel(sound=lambda frequency: b"x" if frequency < 5 else 1 / 0)
    panel.set(frequency=5)
    assert "ZeroDivisionError" in panel.sentence.value


@theme_context()
def test_two_controls_changed_by_two_threads_end_in_the_picture_of_both():
    """JupyterLab hands messages to several threads: what is drawn last has to show what the controls say."""
    figure, ax = panel_figure(0.3)
    (curve,) = ax.plot([0, 1], [0, 1])
    entered = threading.Barrier(2)

    def refresh(left: int, right: int) -> str:
        curve.set_ydata([left, 0.5])
        time.sleep(0.02)  # here the other thread would come in between
        curve.set_ydata([left / 10, right / 10])
        return f"{left} {right}"

    panel = Panel("pair", figure, {"left": slider("l", 0, 0, 10), "right": slider("r", 0, 0, 10)}, refresh, [curve])

    def move(name: str, value: int) -> None:
        entered.wait()
        panel.controls[name].value = value

    for value in (3, 7, 9):
        threads = [threading.Thread(target=move, args=(name, value)) for name in ("left", "right")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = panel.image.value
        assert panel.sentence.value == f"{value} {value}"
        panel.set(left=value, right=value)
        assert panel.image.value == after
