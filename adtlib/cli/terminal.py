"""Text for a terminal: names of files may hold what it cannot show, and what would move its cursor; errors become sentences."""

import contextlib
import re
import sys

from adtlib import paths

# Control characters, separators of lines, marks that turn the direction of writing, and halves of characters.
_UNSAFE = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
_LINE, _TEXT = re.compile(_UNSAFE), re.compile(_UNSAFE.replace(r"\x00-\x1f", r"\x00-\x08\x0b-\x1f"))


def one_line(text: object) -> str:
    r"""The text in one line, with what a terminal would obey as an escape: `\n`, `\x1b`; `\xf6` for a byte that is not UTF-8."""
    return _LINE.sub(_escaped, str(text))


def lines(text: object) -> str:
    """As `one_line`, but line breaks and tabs stay."""
    return _TEXT.sub(_escaped, str(text))


def _escaped(found: re.Match) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name, as Python keeps it
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode()


def show_all_characters() -> None:
    """From now on print `?` for characters that standard output or error cannot encode, as a console of one language cannot."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # a notebook's, or one that was read from already
            stream.reconfigure(errors="replace")


def reason(what: object, error: Exception) -> str:
    """What went wrong with `what`, in a sentence that names it or the file at fault."""
    if isinstance(error, paths.WriteError) or (isinstance(error, ValueError) and not isinstance(error, UnicodeError)):
        return str(error)
    if isinstance(error, OSError):
        remedy = "; change its permissions, or leave it out" if isinstance(error, PermissionError) else ""
        return f"{what if error.filename is None else error.filename}: {error.strerror or error}{remedy}"
    if isinstance(error, ImportError):
        from adtlib.transcription import extras

        if sentence := extras.explained(error):
            return sentence
    return f"{what}: {type(error).__name__}: {error}"
