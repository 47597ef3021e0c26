"""The parser of the command line: errors show the usage of the sub-command, and what may have been meant."""

import argparse
import difflib
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence


class Parser(argparse.ArgumentParser):
    """A parser whose errors show its own usage and suggest what may have been meant.

    final  whether what it does not know is an error: so of sub-commands.
    check  problem of the parsed options, or "".
    """

    final = False
    check: Callable[[argparse.Namespace], str] | None = None

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None):
        """As argparse's; ends with an error for options that are unknown or contradict each other."""
        found, extras = super().parse_known_args(args, namespace)
        if self.final and extras:
            self.error(f"unrecognized arguments: {' '.join(extras)}{self._meant(extras)}")
        if self.check and (problem := self.check(found)):
            self.error(problem)
        return found, extras

    def error(self, message: str):
        """Print usage and message, and exit with 2."""
        choice = re.match(r".*invalid choice: '(.*?)' \(choose from (.*)\)", message)
        meant = _meant(choice[1], re.findall(r"[\w-]+", choice[2])) if choice else ""
        # A recording where a command was expected: also one that is called like a command, or that is not there.
        if choice and not self.final and (os.path.exists(choice[1]) or os.path.splitext(choice[1])[1]):
            meant = f"; did you mean {self.prog} transcribe {shlex.quote(choice[1])}?"
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: error: {message}{meant}\n")

    def _meant(self, unknown: Sequence[str]) -> str:
        if file := next(filter(os.path.exists, unknown), None):
            return f"; a file whose name begins with - is given as {shlex.quote(f'./{file}')}"
        known = list(self._option_string_actions)
        return next(filter(None, (_meant(each.partition("=")[0], known) for each in unknown if each.startswith("-"))), "")


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else ""
