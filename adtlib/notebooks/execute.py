"""Executes one notebook, `python -m adtlib.notebooks.execute JOB`, and writes the executed copy: the child process of `runner`.

JOB is JSON with the paths `notebook`, `copy`, `failed` and `connection` (of the kernel), the `parameters`, and `timeout` and
`start_timeout` in seconds. Standard output carries messages to the parent, one JSON object a line: {"shown": text for the progress
line} and, at the end, {"failure": ...}. The process ends when its standard input closes: a parent that dies leaves no kernel
behind.
"""

import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.execute import execute_notebook
from traitlets.config import Config

from adtlib import paths
from adtlib.notebooks.progress import in_words

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
COPY_LIMIT = 1_000_000  # bytes of an executed copy: they are committed
LINK = re.compile(r'(\]\(|(?:href|src)=")(\.\./[^)"\s]+)')  # Markdown and HTML
PAPERMILL_TAGS = {"injected-parameters", "papermill-error-cell-tag"}  # of the cells that papermill adds


# ---- executing ------------------------------------------------------------------------------------------------------


class Messages:
    """Messages to the parent about the notebook's progress; also serves as the notebook's output streams."""

    def __init__(self, stream: TextIO) -> None:
        """Messages go to `stream`."""
        self.stream = stream
        self.notebook: Any = None  # needed when it fails
        self.index = 0
        self.place = ""

    def send(self, **event: Any) -> None:
        """Send one message."""
        print(json.dumps(event), file=self.stream, flush=True)

    def at_cell(self, index: int) -> None:
        """Report that the cell at `index` begins."""
        number, total = _place(self.notebook.cells, index)
        self.index, self.place = index, f"cell {number}/{total}"
        self.send(shown=self.place)

    def write(self, text: str) -> None:
        """Pass on the last line that the notebook printed, usually the progress bar of a training."""
        printed = [line.strip() for line in re.split(r"[\r\n]", text) if line.strip()]
        if printed:
            self.send(shown=f"{self.place}, {printed[-1][:80]}")

    def flush(self) -> None:
        """Nothing to do: there is no buffer."""


def _engine(messages: Messages) -> type[NBClientEngine]:
    """papermill's engine, extended to report the current cell and to keep the notebook on failure."""

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            start, messages.notebook = nb_man.cell_start, nb_man.nb

            def cell_start(cell: Any, cell_index: int, **more: Any) -> None:
                messages.at_cell(cell_index)
                start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            super().execute_managed_notebook(nb_man, kernel_name, **options)

    return Engine


def main(job: dict[str, Any]) -> int:
    """Execute the notebook of `job`, write its copy, report to the parent; returns the exit status."""
    messages = Messages(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)  # other output, here or in the kernel, must not mix with the messages
    threading.Thread(target=_end_with_parent, daemon=True).start()
    papermill_engines.register("adt", _engine(messages))
    try:
        executed = execute_notebook(
            nbformat.read(job["notebook"], as_version=4),
            None,  # nothing is written while it runs: a killed process leaves no partial copy
            job["parameters"],
            engine_name="adt",
            kernel_name="python3",
            progress_bar=False,
            start_timeout=job["start_timeout"],
            execution_timeout=job["timeout"],
            stdout_file=messages,
            stderr_file=messages,
            cwd=str(Path(job["notebook"]).parent),
            config=Config({"KernelManager": {"connection_file": job["connection"]}}),
        )
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # any error: the parent shows it with the cell
        if messages.notebook is None:  # no cell has run: the kernel did not start
            raise
        failure = _failure(error, messages, job["timeout"])
        _write_copy(messages.notebook, job["failed"])
        messages.send(failure=failure)
        return 1
    _write_copy(executed, job["copy"])
    return 0


def _end_with_parent() -> None:
    """Stop this process, and with it the kernel, when the parent closes the pipe or dies."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)  # like Ctrl-C: papermill shuts its kernel down
    time.sleep(10)
    os._exit(130)


def _place(cells: list[Any], index: int) -> tuple[int, int]:
    """(number of the cell at `index`, number of cells) as in the stored notebook, without the cells that papermill adds."""
    own = [PAPERMILL_TAGS.isdisjoint(cell.metadata.get("tags", ())) for cell in cells]
    return sum(own[: index + 1]), sum(own)


def _failure(error: BaseException, messages: Messages, timeout: float) -> dict[str, Any]:
    """Report of a failure for the user: cell number as in the stored notebook, source, error, traceback."""
    # By now papermill has inserted a heading at the top and a mark before the cell; its index does not count them.
    cells = [cell for cell in messages.notebook.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", ())]
    index = getattr(error, "cell_index", messages.index)
    number, total = _place(cells, index)
    text = f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', error)}"
    if isinstance(error, CellTimeoutError):
        text = f"The cell took longer than {in_words(timeout)}; --timeout SECONDS allows more."
    elif isinstance(error, DeadKernelError):
        text = "The notebook's process died: most often memory ran out, or it was killed."
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(getattr(error, "traceback", ())))
    return {"cell": number, "cells": total, "source": cells[index].source, "error": text, "traceback": traceback}


# ---- the executed copy ----------------------------------------------------------------------------------------------


def _write_copy(notebook: Any, path: str) -> None:
    normalise(notebook)
    relink(notebook, Path(path).parent)
    paths.write_atomically(Path(path), nbformat.writes(notebook).encode())


def relink(notebook: Any, folder: Path) -> None:
    """Rewrite links out of the folder of the notebooks (`../figures/...`) so that they lead to the same files from `folder`.

    Links to other notebooks, without `../`, are kept: they lead to the copies beside this one.
    """

    def moved(match: re.Match) -> str:
        target = os.path.normpath(paths.NOTEBOOKS / match[2])
        return match[1] + Path(os.path.relpath(target, folder)).as_posix()

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(moved, cell.source)
        for output in cell.get("outputs", ()):
            for kind in {"text/markdown", "text/html"}.intersection(output.get("data", {})):
                output.data[kind] = LINK.sub(moved, output.data[kind])


def normalise(notebook: Any) -> None:
    """Remove everything specific to this machine or moment from an executed notebook (nbformat node, in place), below COPY_LIMIT.

    Dropped: metadata of papermill and other programs, time stamps, machine paths, widgets and their state (the static picture of a
    panel is kept), overwritten states of a progress bar. If the copy is still too large, the largest sounds are replaced by a
    note, then the largest pictures.
    """
    replacements = _replacements()

    def clean(text: str) -> str:
        for pattern, name in replacements:
            text = pattern.sub(name, text)
        return text

    notebook.metadata = {key: notebook.metadata[key] for key in ("kernelspec",) if key in notebook.metadata}
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if "injected-parameters" in (tags or ()):
            cell["id"] = "injected-parameters"  # papermill makes a random one
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs, clean)
    _shrink(notebook)


def _replacements() -> list[tuple[re.Pattern, str]]:
    """Patterns for paths and addresses of this machine, and their replacements in an executed copy."""
    folders = [(paths.ROOT, ""), (paths.HOME, ""), (Path(sys.prefix), ".venv/"), (Path.home(), "~/")]
    if "ADT_DATA" in os.environ:
        folders.append((paths.real_data_root(), "$ADT_DATA/"))
    folders.sort(key=lambda pair: len(str(pair[0])), reverse=True)  # inner folders before outer ones
    cell = re.escape(tempfile.gettempdir()) + r"/ipykernel_\d+/\d+\.py"  # the file name that a kernel gives a cell
    found = [(cell, "<cell>"), (r" at 0x[0-9a-f]{6,}", "")]
    for folder, name in folders:
        if len(folder.parts) > 1:  # a home of "/" would match every path
            found.append((re.escape(f"{folder}/"), name))
            found.append((re.escape(str(folder)) + r"(?![\w.-])", name.rstrip("/") or "."))
    return [(re.compile(pattern), name) for pattern, name in found]


def _clean_outputs(outputs: list[Any], clean: Callable[[str], str]) -> list[Any]:
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            output.traceback = [clean(line) for line in output.traceback]
            output.evalue = clean(output.evalue)
        else:
            # Without its state a widget is an empty box; a panel has a static picture instead.
            if WIDGET_VIEW in output.data:
                del output.data[WIDGET_VIEW]
                if not any(kind.startswith("image/") for kind in output.data):
                    continue
            for kind, value in output.data.items():
                if kind.startswith("text/") and isinstance(value, str):
                    output.data[kind] = clean(value)
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":  # of lines overwritten by a carriage return the last state stays
            lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in clean(output.text).split("\n")]
            output.text = "\n".join(lines)
    return [output for output in kept if output.output_type != "stream" or output.text.strip()]


def _shrink(notebook: Any) -> None:
    """Replace the largest sounds, then pictures, by a note, until the copy is below COPY_LIMIT."""
    size = len(json.dumps(notebook, ensure_ascii=False).encode())
    bulky = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for kind, value in output.get("data", {}).items():
                sound = kind == "text/html" and "data:audio" in str(value)
                if sound or kind.startswith(("image/", "text/html")):
                    bulky.append((not sound, -len(str(value)), len(bulky), "sound" if sound else "picture", output))
    for _, length, _, what, output in sorted(bulky, key=lambda item: item[:3]):
        if size <= COPY_LIMIT:
            break
        output["data"] = {"text/plain": f"[{what} left out to keep this copy small: run the notebook to have it]"}
        size += length


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
