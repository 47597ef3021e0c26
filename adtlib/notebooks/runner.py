"""Runs the numbered notebooks in order, each by papermill in a process of its own, and skips those that are up to date.

The executed copy goes to `results/<profile>/notebooks/NN_name.ipynb`; that of a failed notebook is `NN_name.failed.ipynb` beside
it. A process killed half-way leaves neither copy nor stamp (see `uptodate`).

Only the child process, `python -m adtlib.notebooks.execute`, imports papermill: checking whether all is up to date must be fast.
"""

import contextlib
import dataclasses
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from adtlib import paths, profiles
from adtlib.notebooks import saved_figures, uptodate
from adtlib.notebooks.listing import Notebook, RunnerError, check_parameters, find_notebooks
from adtlib.notebooks.progress import Progress, in_words

# Seconds that one cell may take. A cell of 41 to 45 trains an architecture on all corpora, for each seed.
CELL_TIMEOUTS = {"real": 24 * 3600.0, "miniature": 2 * 3600.0}
PATHS = {"recordings", "model"}  # parameters that name files


class NotebookFailed(RunnerError):
    """A cell of a notebook failed; the message is the text for the user, `traceback` that of the cell (may be empty)."""

    def __init__(self, report: str, traceback: str = "") -> None:
        """Keep the traceback separate: it is shown only on request."""
        super().__init__(report)
        self.traceback = traceback


def run_notebooks(
    names: Sequence[str | Path] | None = None,
    profile: str = "miniature",
    parameters: Mapping[str, Any] | None = None,
    force: bool = False,
    timeout: float | None = None,
    start_timeout: float = 120.0,
) -> dict[str, str]:
    """Run the chosen notebooks (see `find_notebooks`), in number order, and stop at the first that fails.

    `parameters` override single values of the profile; `force` also runs notebooks that are up to date; `timeout` limits the
    seconds of one cell (default: CELL_TIMEOUTS), `start_timeout` those until a kernel answers. Progress goes to standard output.

    Returns the outcome of each notebook: "done" or "up to date". Raises RunnerError before anything runs (unknown name or
    parameter; another run in progress), ValueError as `profiles.load_profile` does, and NotebookFailed when a cell fails.
    """
    notebooks = find_notebooks(names or profiles.load_profile(profile).notebook_numbers)
    parameters = _from_anywhere(parameters or {})
    check_parameters(notebooks, parameters)
    fields = {field.name for field in dataclasses.fields(profiles.Profile)}
    settings = profiles.load_profile(profile, **{name: parameters[name] for name in fields.intersection(parameters)})
    if timeout is None:
        timeout = CELL_TIMEOUTS[settings.data]
    limits = {"timeout": timeout, "start_timeout": start_timeout}
    progress, outcome = Progress(), {}
    with uptodate.locked(profile):
        # Before anything runs: writes the miniature corpora if they are absent, as their state belongs to every stamp, and
        # refuses generated corpora in place of real ones.
        profiles.open_corpora(settings, progress=progress.writing)
        inputs = uptodate.collect_inputs(settings, parameters)
        for notebook in notebooks:
            outcome[notebook.name] = _bring_up_to_date(notebook, inputs, force, limits, progress)
    done = list(outcome.values()).count("done")
    progress.line(
        f"notebooks: {done} run, {len(outcome) - done} up to date, in {progress.elapsed}; "
        f"see {paths.relative(paths.FIGURES / profile)} and {paths.relative(paths.RESULTS / profile)}"
    )
    return outcome


def _from_anywhere(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with absolute paths: notebooks run in their own folder, not in that of the command."""

    def absolute(value: Any) -> Any:
        path = Path(value).expanduser() if isinstance(value, str) else None
        return str(path.resolve()) if path is not None and path.exists() else value

    changed = dict(parameters)
    for name in PATHS.intersection(parameters):
        value = parameters[name]
        changed[name] = [absolute(item) for item in value] if isinstance(value, list | tuple) else absolute(value)
    return changed


def _bring_up_to_date(
    notebook: Notebook, inputs: uptodate.Inputs, force: bool, limits: dict[str, float], progress: Progress
) -> str:
    stamp = uptodate.Stamp(notebook, inputs)
    why = "--force" if force else stamp.outdated()
    if why is None:
        progress.line(f"{notebook.name}: up to date")
        return "up to date"
    failed = stamp.copy.with_name(f"{notebook.name}.failed.ipynb")
    job = {
        "notebook": str(notebook.path),
        "copy": str(stamp.copy),
        "failed": str(failed),
        "connection": str(_connection(notebook.name, inputs.profile)),
        "parameters": {"profile": inputs.profile, **notebook.own(inputs.parameters)},
        **limits,
    }
    start, since = time.monotonic(), time.time()
    stamp.begin()
    failed.unlink(missing_ok=True)
    _execute(job, notebook.name, progress)
    if not stamp.copy.is_file():  # a child that ends normally without a copy has not succeeded
        raise NotebookFailed(f"{notebook.name}: its process ended without writing {paths.relative(stamp.copy)}")
    known = {other.name[:2] for other in find_notebooks()}
    for name in saved_figures.drop_stale(inputs.profile, notebook.name[:2], since, known):
        progress.line(f"{notebook.name}: {name} removed, as no notebook makes it any more")
    stamp.write()
    progress.line(f"{notebook.name}: done in {in_words(time.monotonic() - start)} ({why})")
    return "done"


def _connection(name: str, profile: str) -> Path:
    """The file by which a notebook's kernel is reached; those of its kernels that were killed are removed."""
    folder = paths.CACHE / "kernels" / profile
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{name}.*.json"):
        left.unlink(missing_ok=True)
    return folder / f"{name}.{os.getpid()}.json"


# ---- the child process, seen from here ------------------------------------------------------------------------------


def _execute(job: dict[str, Any], name: str, progress: Progress) -> None:
    """Run one notebook in a child process and follow it; NotebookFailed when it fails."""
    with tempfile.TemporaryFile() as errors:
        child = _start(job, errors)
        try:
            shown, failure = _follow(child.stdout, name, progress)
            child.wait()
        finally:
            _end(child)
            progress.clear()
        if failure:
            raise NotebookFailed(_describe(name, failure, job), failure["traceback"])
        if child.returncode != 0:
            errors.seek(0)
            messages = errors.read().decode(errors="replace").strip()
            why = messages.rpartition("\n")[2]
            raise NotebookFailed(f"{name}: its process ended with status {child.returncode} ({shown}) {why}", messages)


def _start(job: dict[str, Any], errors: IO[bytes]) -> subprocess.Popen:
    # JUPYTER_PREFER_ENV_PATH: the python3 kernel of this environment, not one that the user installed for another
    return subprocess.Popen(
        [sys.executable, "-m", "adtlib.notebooks.execute", json.dumps(job)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        encoding="utf-8",
        env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the child properly
    )


def _follow(messages: IO[str], name: str, progress: Progress) -> tuple[str, dict[str, Any] | None]:
    """Show the child's messages until it ends; returns the text shown last, and the failure if there was one."""
    start, shown, failure = time.monotonic(), "starting", None
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def listen() -> None:
        for line in messages:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=1.0)  # short, as the time shown must advance while a cell prints nothing
            if line is None:
                return shown, failure
            event = json.loads(line)
            shown = event.get("shown", shown)
            failure = event.get("failure", failure)
        progress.update(f"{name}, {in_words(time.monotonic() - start)}: {shown}")


def _end(child: subprocess.Popen) -> None:
    """End a child that still runs: closing its input asks it to stop its kernel; if it does not respond, it is killed."""
    child.stdin.close()
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()


def _describe(name: str, failure: dict[str, Any], job: dict[str, Any]) -> str:
    """Text for the user: notebook, cell number, source, error, where to look."""
    lines = [f"{name} failed at cell {failure['cell']} of {failure['cells']}:", ""]
    lines += [f"    {line}" for line in failure["source"].splitlines()]
    lines += ["", failure["error"]]
    lines += ["", f"The copy up to there, with the traceback: {paths.relative(Path(job['failed']))}"]
    return "\n".join(lines)
