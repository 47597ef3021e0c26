"""Ends what a session of Ray leaves where its process is killed: run as a script, a process of its own for each session.

Ray's servers end with the process that started them, but its agents try for a minute to report the loss, and the session's folder
stays. The guard reads process ids from a pipe. The pipe closes with the process, however that ends; then the guard ends those
processes that still live, and removes the folder.
"""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator["Guard"]:
    """A guard of a session in `folder`, which is removed at the end. To be entered before Ray starts."""
    # In a session of its own: a signal to the whole group of processes, as Ctrl-C, must not end it.
    command, others = [sys.executable, "-P", __file__, str(folder)], _children()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Guard(process, others | {psutil.Process(process.pid)})
    finally:
        process.stdin.close()
        process.wait()


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


class Guard:
    """The pipe to the process that waits."""

    def __init__(self, process: subprocess.Popen, others: set[psutil.Process]):
        """`others` are processes that were started before the session."""
        self._pipe, self._others = process.stdin, others

    def watch_children(self) -> None:
        """The processes that this one has started in the session are to end with it."""
        for child in _children() - self._others:
            with contextlib.suppress(psutil.NoSuchProcess):
                print(child.pid, child.create_time(), file=self._pipe)
        self._pipe.flush()


def main(folder: str) -> None:
    """Wait for the end of the pipe, then end the processes that it named and remove the folder."""
    for line in sys.stdin.read().splitlines():
        pid, created = line.split()
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid))
            if process.create_time() == float(created):  # else another one of the same number
                process.kill()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
