"""Progress messages of long commands."""

import shutil
import sys
import time
from typing import TextIO

HEARTBEAT = 60.0  # seconds between progress lines where there is no terminal to redraw


def in_words(seconds: float) -> str:
    """A duration as `12 s`, `3 min 05 s` or `2 h 07 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Progress:
    """One line that is redrawn on a terminal; elsewhere the calls of `line`, and at most one line a minute of `update`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to `stream`, by default standard output; time counts from now."""
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.start = self.shown = time.monotonic()

    @property
    def elapsed(self) -> str:
        """Time since the beginning, in words."""
        return in_words(time.monotonic() - self.start)

    def update(self, text: str) -> None:
        """Show what is being done; a narrow terminal shows the beginning of a long text."""
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:width]:<{width}}", end="", file=self.stream, flush=True)
        elif time.monotonic() - self.shown > HEARTBEAT:
            self.line(text)

    def writing(self, done: int, total: int) -> None:
        """Callback of `profiles.open_corpora` while it generates corpora."""
        show = self.line if done == total else self.update
        show(f"writing the miniature corpora, {self.elapsed}: {done} of {total} performances")

    def clear(self) -> None:
        """Remove the line that is redrawn."""
        if self.live:
            print(f"\r{' ' * (shutil.get_terminal_size().columns - 1)}\r", end="", file=self.stream, flush=True)

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        print(text, file=self.stream, flush=True)
        self.shown = time.monotonic()
