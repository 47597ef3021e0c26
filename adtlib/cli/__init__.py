"""Entry point of the command `adt`. Each sub-command is a module with `run(options) -> exit status`.

Only the chosen sub-command is imported, so that help and usage errors appear at once. An error that the package raises on purpose
is shown as its message, without a traceback, and gives exit status 1; wrong usage gives 2.
"""

import errno
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from adtlib import paths
from adtlib.cli import terminal
from adtlib.cli.options import option_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for an error, 2 for wrong usage, 130 when interrupted."""
    terminal.show_all_characters()
    parser = option_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        if getattr(options, "profile", None):
            paths.need_clone("profiles and notebooks")
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return importlib.import_module(f"adtlib.cli.{options.command}").run(options)
    except KeyboardInterrupt:
        print("adt: interrupted; what was finished is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of the pipe, for example `head`, has ended
        sys.stderr.close()
        return 0
    except ImportError as error:
        from adtlib.transcription import extras

        if not (sentence := extras.explained(error, options.command)):
            raise
        if options.debug:
            traceback.print_exc()
        print(f"adt: {sentence}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        if options.debug or not _is_ours(error):
            traceback.print_exc()
            print(getattr(error, "traceback", ""), file=sys.stderr)
        print(f"adt: {terminal.lines(_in_words(error))}", file=sys.stderr)
        return 1


def _in_words(error: Exception) -> str:
    """The error as a sentence: where a library says only what the system says, what could not be written, and the remedy."""
    if not isinstance(error, OSError) or isinstance(error, paths.WriteError):
        return str(error)
    full = error.errno in {*paths.FULL, errno.EROFS}
    if not isinstance(error.filename, str):
        return str(paths.write_error(paths.HOME, error)) if full else str(error)
    made = error.errno in (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST) and not os.path.lexists(error.filename)
    return str(paths.write_error(error.filename, error)) if full or made else str(error)


def _is_ours(error: Exception) -> bool:
    """Whether the error is meant for the user: raised by this package, or by the system for a file."""
    if isinstance(error, OSError):
        return True
    frame = error.__traceback__
    while frame.tb_next is not None:
        frame = frame.tb_next
    return str(frame.tb_frame.f_globals.get("__name__", "")).split(".")[0] == "adtlib"


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"adt: warning: {terminal.lines(message)}", file=sys.stderr)
