"""What libmpg123 writes to the terminal, caught: it names no file, and libsndfile has no way to silence it."""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

_LOCK = threading.Lock()  # there is one standard error for all threads
_MOST = 1 << 20  # bytes
_OURS = re.compile(r"\[[^\]]*libmpg123[^\]]*\] |Note: |Warning: |\[?\w+\.c:\d+\]")
_ERROR = re.compile(r"\] error: (.+)")


@contextlib.contextmanager
def caught(errors: list[str]) -> Iterator[None]:
    """Add to `errors` what libmpg123 reports as such; what others write to standard error meanwhile comes a moment later."""
    with _LOCK, contextlib.ExitStack() as opened:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            file, terminal = opened.enter_context(tempfile.TemporaryFile()), os.dup(2)
        except OSError:  # there is no terminal, or no room
            yield
            return
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            file.seek(0)
            for line in file.read(_MOST).splitlines(keepends=True):
                text = line.decode(errors="replace")
                if found := _ERROR.search(text):
                    errors.append(found[1].strip())
                elif not _OURS.match(text):
                    os.write(2, line)
