"""Panels some of whose controls decide what others offer: a corpus its tracks, a recording where one may start."""

from typing import Any

from adtlib.panel import Panel


class DependentPanel(Panel):
    """A panel whose controls stand in the order of their dependence.

    A subclass has `_follow(name)`, which brings in line what depends on the control `name`, and sets `_held` before it makes its
    controls and calls `Panel.__init__`, so that nothing is drawn before all is there.
    """

    def _follow(self, name: str) -> None:
        """Nothing depends on a control unless a subclass says so."""

    def set(self, **values: Any) -> None:
        """Give several controls new values at once, those that others depend on first; see `Panel.set`."""
        with self._drawing:
            self._held = True
            try:
                for name in self.controls:  # in the order of their dependence
                    if name in values:
                        self.controls[name].value = values.pop(name)
                        self._follow(name)
            finally:
                self._held = False
            super().set(**values)  # draws, and refuses what is no control

    def _on_change(self, change: Any = None) -> None:
        with self._drawing:
            if self._held:
                return
            self._held = True
            try:
                for name, control in self.controls.items():
                    if change is not None and change["owner"] is control:
                        self._follow(name)
            except Exception as error:  # whatever it was, the user has to see it
                return self._say_error(error)
            finally:
                self._held = False
            super()._on_change(change)


def offer(control: Any, options: Any, value: Any) -> None:
    """Give a list other options; unchanged ones are not sent again."""
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
