"""Runs the numbered notebooks in order, each by papermill in a process of its own, and skips what is up to date.

A notebook is up to date when everything it was made from is what it was (its own cells, the parameters, the package's
code, the data, the library versions and, from 50 on, the scores that earlier notebooks left) and every file it made is
still there. What it was made from is written, hashed, to `cache/stamps/<profile>/NN_name.json` once it has succeeded; a
process killed half-way leaves no stamp and no executed copy, so nothing unfinished passes for a result.

The executed copy goes to `results/<profile>/notebooks/NN_name.ipynb`, freed of time stamps, machine paths and widget
state; that of a notebook which failed is `NN_name.failed.ipynb` beside it.

Only the child process, `python -m adtlib.runner`, imports papermill: asking whether all is up to date must stay quick.
"""

import ast
import contextlib
import dataclasses
import hashlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from adtlib import paths

try:
    import fcntl
except ImportError:  # Windows has no such lock: two runs at once are then the user's to avoid
    fcntl = None

FIRST_READER = 50  # notebooks from this number on read what earlier ones left in results/
LIBRARIES = ("adtlib", "numpy", "torch")
NOT_IN_RESULTS = ("cli.py",)  # modules that no notebook imports
COPY_LIMIT = 1_000_000  # bytes of an executed copy: they are committed
STAT_LIMIT = 64  # files of a folder that are looked at one by one; beyond, the folder's own time stands for them
MAX_DEPTH, MAX_LINES = 6, 100_000  # how deep and how far a data root is looked through
HEARTBEAT = 60.0  # seconds between progress lines where there is no terminal to redraw


class RunnerError(ValueError):
    """What keeps notebooks from being run, as a sentence for the user."""


class NotebookFailed(RunnerError):
    """A notebook stopped at a cell; `report` is the text for the user, `traceback` that of the cell (may be empty)."""

    def __init__(self, report: str, traceback: str = "") -> None:
        """Keep the traceback apart: it is shown to who asks for it."""
        super().__init__(report)
        self.traceback = traceback


@dataclass(frozen=True)
class Notebook:
    """A numbered notebook: `NN_name.ipynb`."""

    path: Path

    @property
    def name(self) -> str:
        """`NN_name`."""
        return self.path.stem

    @property
    def number(self) -> int:
        """`NN` as an integer."""
        return int(self.name[:2])

    def cells(self) -> list[dict[str, Any]]:
        """The cells as stored; RunnerError where the file is no notebook."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))["cells"]
        except (ValueError, KeyError) as error:
            raise RunnerError(f"{paths.relative(self.path)} is not a notebook ({error}): restore it from the repository") from error

    def parameters(self) -> tuple[str, ...]:
        """Names assigned in the cell tagged `parameters`, in order."""
        names = []
        for cell in self.cells():
            if "parameters" in cell.get("metadata", {}).get("tags", ()):
                for node in ast.parse("".join(cell["source"])).body:
                    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                    names += [target.id for target in targets if isinstance(target, ast.Name)]
        return tuple(names)


def find_notebooks(names: Sequence[str | Path] | None = None) -> list[Notebook]:
    """The notebooks that `names` choose, in number order; all of them without names.

    A name is a number (`50`), a range with both ends (`41-45`), a name (`50_architecture_study`) or a path.
    RunnerError for a name that chooses nothing, with the list of what there is.
    """
    known = [Notebook(path) for path in sorted(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))]
    if not known:
        raise RunnerError(f"no notebook NN_name.ipynb in {paths.NOTEBOOKS}: restore the folder from the repository")
    if not names:
        return known
    chosen: set[Notebook] = set()
    for name in map(str, names):
        match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", name)
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            found = {notebook for notebook in known if first <= notebook.number <= last}
        else:
            path = Path(name).resolve()
            found = {notebook for notebook in known if name == notebook.name or path == notebook.path.resolve()}
        if not found:
            listing = ", ".join(notebook.name for notebook in known)
            raise RunnerError(f"there is no notebook {name!r}; there are {listing}")
        chosen |= found
    return sorted(chosen, key=lambda notebook: notebook.name)


def check_parameters(notebooks: Sequence[Notebook], parameters: Mapping[str, Any]) -> None:
    """RunnerError for a parameter that one of the notebooks lacks: papermill would only warn and run without it."""
    if "profile" in parameters:
        raise RunnerError("the parameter profile is given by --profile")
    owned = {notebook.name: [name for name in notebook.parameters() if name != "profile"] for notebook in notebooks}
    for notebook, names in owned.items():
        for parameter in parameters:
            if parameter not in names:
                having = [other for other, others in owned.items() if parameter in others]
                remedy = f"; of the chosen notebooks {', '.join(having)} have it: name only those" if having else ""
                raise RunnerError(
                    f"notebook {notebook} has no parameter {parameter!r}, it has {', '.join(names) or 'none'}{remedy}"
                )


# ---- what a notebook is made from -----------------------------------------------------------------------------------


def _hash(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _code_state(package: Path) -> str:
    """Hash of the package's code; comments, docstrings and layout do not count."""
    parts = []
    for path in sorted(package.rglob("*.py")):
        if path.name in NOT_IN_RESULTS:
            continue
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if documented and ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
        parts += [path.relative_to(package).as_posix(), ast.dump(tree)]
    return _hash(*parts)


def _data_state(root: Path) -> str:
    """Hash of what lies at a data root: the marker of generated corpora, else folders, file sizes and times.

    Two hundred thousand files must not be looked at one by one, so in a large folder the folder's own time, which
    changes whenever a file is added, removed or renamed, stands for its files.
    """
    from adtlib.corpora.base import MARKER

    if (root / MARKER).is_file():
        return _hash((root / MARKER).read_bytes())
    lines: list[str] = []
    for folder, folders, files in os.walk(root, followlinks=True):
        here = Path(folder).relative_to(root)
        if MARKER in files:  # generated corpora beside the real ones are none of this root's data
            folders.clear()
            continue
        # The limits are for a root that holds more than corpora, and for links that lead back.
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if len(here.parts) < MAX_DEPTH else []
        lines.append(f"{here} {len(files)} {os.stat(folder).st_mtime_ns if here.parts else ''}")
        if len(lines) > MAX_LINES:
            break
        if len(files) <= STAT_LIMIT:
            for name in sorted(files):
                with contextlib.suppress(OSError):  # a dangling link
                    state = os.stat(os.path.join(folder, name))
                    lines.append(f"{name} {state.st_size} {state.st_mtime_ns}")
    return _hash(*lines)


def _library_state() -> str:
    versions = [f"python {sys.version_info.major}.{sys.version_info.minor}"]
    for library in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append(f"{library} {metadata.version(library)}")
    return _hash(*versions)


def _scores(profile: str) -> dict[str, str]:
    """Content hash of every run's scores, by path below results/<profile>."""
    root = paths.RESULTS / profile
    return {path.relative_to(root).as_posix(): _hash(path.read_bytes()) for path in root.glob("runs/**/scores.csv")}


def _scores_around(notebook: Notebook, profile: str, own: bool) -> dict[str, str]:
    """The scores as `notebook` found them, or with `own` as it left them: what was written later is taken back.

    Without this a later notebook that adds runs, or tests to an earlier run, would make earlier ones look out of date.
    """
    scores = _scores(profile)
    for path in sorted(_stamp_path(notebook, profile).parent.glob("*.json"), reverse=True):
        if path.stem > notebook.name or (path.stem == notebook.name and not own):
            for name, change in (_read_json(path) or {}).get("scores", {}).items():
                if scores.get(name) == change["after"]:
                    scores[name] = change["before"]
    return {name: value for name, value in scores.items() if value is not None}


@dataclass(frozen=True)
class _Surroundings:
    """What all notebooks of one `adt run` share: the profile's name, the parameters given, hashes of the rest."""

    profile: str
    parameters: dict[str, Any]
    hashes: dict[str, str]

    def inputs(self, notebook: Notebook) -> dict[str, str]:
        """What `notebook` is made from, by the name that the user is told when it has changed."""
        cells = [[cell["cell_type"], cell["source"], cell["metadata"].get("tags")] for cell in notebook.cells()]
        inputs = {"the notebook": _hash(json.dumps(cells)), **self.hashes}
        if notebook.number >= FIRST_READER:
            scores = _scores_around(notebook, self.profile, own=False)
            inputs["the scores of earlier notebooks"] = _hash(json.dumps(scores, sort_keys=True))
        return inputs


def _look_around(settings: Any, parameters: dict[str, Any]) -> _Surroundings:
    own = [Path(corpus).resolve() for corpus in settings.train_corpora if Path(corpus).is_dir()]  # a user's recordings
    hashes = {
        "the profile": _hash((paths.PARAMS / f"{settings.name}.yaml").read_bytes()),
        "the parameters": _hash(json.dumps(parameters, sort_keys=True)),
        "the code of adtlib": _code_state(Path(__file__).resolve().parent),
        "the data": _hash(*map(_data_state, [settings.data_root, *own])),
        "the library versions": _library_state(),
    }
    return _Surroundings(settings.name, parameters, hashes)


# ---- stamps: what was made from what --------------------------------------------------------------------------------


def _stamp_path(notebook: Notebook, profile: str) -> Path:
    return paths.CACHE / "stamps" / profile / f"{notebook.name}.json"


def _copy_path(notebook: Notebook, profile: str) -> Path:
    return paths.RESULTS / profile / "notebooks" / f"{notebook.name}.ipynb"


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_whole(path: Path, text: str) -> None:
    """Write `path` in one step: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _outdated(stamp: dict[str, Any] | None, inputs: dict[str, str], scores: dict[str, str]) -> str | None:
    """Why a notebook must run, in words, or None where it is up to date; `scores` are those that it left."""
    if stamp is None:
        return "not run yet"
    changed = [name for name, value in inputs.items() if stamp["inputs"].get(name) != value]
    if changed:
        return f"{' and '.join(changed)} changed"
    missing = [name for name in stamp["outputs"] if not (paths.HOME / name).is_file()]
    if missing:
        return f"{missing[0]} is missing"
    overwritten = [name for name, change in stamp["scores"].items() if scores.get(name) != change["after"]]
    return f"{overwritten[0]} is not as it was left" if overwritten else None


def _write_stamp(
    notebook: Notebook,
    around: _Surroundings,
    inputs: dict[str, str],
    before: dict[str, str],
    old: dict[str, Any] | None,
) -> None:
    """Record what the notebook was made from, the files it made, and the scores it changed (see `_scores_around`)."""
    after = _scores_around(notebook, around.profile, own=True)
    # What it made in an earlier run and found again in this one is still its own.
    first = {name: change["before"] for name, change in (old or {}).get("scores", {}).items() if name in after}
    first = {name: before.get(name) for name, value in after.items() if before.get(name) != value} | first
    changes = {name: {"before": value, "after": after[name]} for name, value in first.items()}
    outputs = [_copy_path(notebook, around.profile), *(paths.RESULTS / around.profile / name for name in changes)]
    for folder in (paths.FIGURES / around.profile, paths.RESULTS / around.profile / "tables"):
        outputs += sorted(folder.glob(f"{notebook.name[:2]}_*"))
    stamp = {"inputs": inputs, "outputs": [os.path.relpath(path, paths.HOME) for path in outputs], "scores": changes}
    _write_whole(_stamp_path(notebook, around.profile), json.dumps(stamp, indent=1))


@contextlib.contextmanager
def _locked(profile: str) -> Iterator[None]:
    """Hold the profile's lock, or RunnerError. The system frees the lock of a process that died, however it died."""
    path = paths.CACHE / "locks" / f"{profile}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                raise RunnerError(
                    f"another adt run of the profile {profile} is at work ({file.read().strip()}): wait for it to end or stop it"
                ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M')}")
        file.flush()
        yield


# ---- running --------------------------------------------------------------------------------------------------------


class _Progress:
    """One line that is redrawn on a terminal; elsewhere a line for each finished notebook and one a minute between."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self.shown = time.monotonic()

    def update(self, text: str) -> None:
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:width]:<{width}}", end="", flush=True)
        elif time.monotonic() - self.shown > HEARTBEAT:
            self.line(text)

    def writing(self, done: int, total: int) -> None:
        self.update(f"writing the miniature corpora: {done} of {total} performances")

    def clear(self) -> None:
        if self.live:
            print(f"\r{' ' * (shutil.get_terminal_size().columns - 1)}\r", end="", flush=True)

    def line(self, text: str) -> None:
        self.clear()
        print(text, flush=True)
        self.shown = time.monotonic()


def _seconds(value: float) -> str:
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def _execute(job: dict[str, Any], name: str, progress: _Progress) -> None:
    """Run one notebook in a child process and follow it; NotebookFailed when it fails."""
    start, shown, failure = time.monotonic(), "starting", None
    # JUPYTER_PREFER_ENV_PATH: the python3 kernel of this environment, not one that the user installed for another
    environment = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    events: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "adtlib.runner", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            env=environment,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the child in order
        )

        def listen() -> None:
            for line in child.stdout:
                events.put(line)
            events.put(None)

        threading.Thread(target=listen, daemon=True).start()
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    line = events.get(timeout=1.0)
                    if line is None:
                        break
                    event = json.loads(line)
                    shown = event.get("shown", shown)
                    failure = event.get("failure", failure)
                progress.update(f"{name}: {shown}, {_seconds(time.monotonic() - start)}")
            child.wait()
        finally:
            _end(child)
            progress.clear()
        if failure:
            raise NotebookFailed(*_describe(name, failure, job))
        if child.returncode != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
            why = said.rpartition("\n")[2]
            raise NotebookFailed(f"{name}: its process ended with status {child.returncode} ({shown}) {why}", said)


def _end(child: subprocess.Popen) -> None:
    """End a child that still runs: closing its input asks it to stop its kernel; one that does not answer is killed."""
    child.stdin.close()
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()


def _describe(name: str, failure: dict[str, Any], job: dict[str, Any]) -> tuple[str, str]:
    """Text for the user (notebook, cell number, source, error, where to look) and the cell's traceback."""
    lines = [f"{name} failed at cell {failure['cell']} of {failure['cells']}:", ""]
    lines += [f"    {line}" for line in failure["source"].splitlines()]
    lines += ["", failure["error"]]
    lines += ["", f"The copy up to there, with the traceback: {paths.relative(Path(job['failed']))}"]
    return "\n".join(lines), failure["traceback"]


def run_notebooks(
    names: Sequence[str | Path] | None = None,
    profile: str = "miniature",
    parameters: Mapping[str, Any] | None = None,
    force: bool = False,
    timeout: float | None = None,
    start_timeout: float = 120.0,
) -> dict[str, str]:
    """Run the chosen notebooks (see `find_notebooks`), in number order, and stop at the first that fails.

    `parameters` override single values of the profile; `force` runs what is up to date too; `timeout` is the longest
    that one cell may take, in seconds (default: a day where the data are real, else half an hour), `start_timeout` that
    for a kernel to answer. Progress goes to standard output.

    Returns what became of each notebook: "done" or "up to date". Raises RunnerError before anything runs (unknown name,
    parameter or profile; another run at work) and NotebookFailed when a cell fails.
    """
    from adtlib import params

    notebooks, parameters = find_notebooks(names), dict(parameters or {})
    check_parameters(notebooks, parameters)
    fields = {field.name for field in dataclasses.fields(params.Profile)}
    settings = params.load_profile(profile, **{name: parameters[name] for name in fields.intersection(parameters)})
    if timeout is None:
        timeout = 24 * 3600.0 if settings.data == "real" else 1800.0
    progress, start, outcome = _Progress(), time.monotonic(), {}
    with _locked(profile):
        # Writes the miniature corpora where they are absent, as their state belongs to every stamp; refuses, before
        # anything runs, generated corpora where real ones are meant.
        params.open_corpora(settings, progress=progress.writing)
        around = _look_around(settings, parameters)
        for notebook in notebooks:
            outcome[notebook.name] = _bring_up_to_date(notebook, around, force, timeout, start_timeout, progress)
    done = list(outcome.values()).count("done")
    progress.line(
        f"notebooks: {done} run, {len(outcome) - done} up to date, in {_seconds(time.monotonic() - start)}; "
        f"see {paths.relative(paths.FIGURES / profile)} and {paths.relative(paths.RESULTS / profile)}"
    )
    return outcome


def _bring_up_to_date(
    notebook: Notebook, around: _Surroundings, force: bool, timeout: float, start_timeout: float, progress: _Progress
) -> str:
    stamp_path, copy = _stamp_path(notebook, around.profile), _copy_path(notebook, around.profile)
    stamp, inputs = _read_json(stamp_path), around.inputs(notebook)
    before = _scores_around(notebook, around.profile, own=True)
    why = "--force" if force else _outdated(stamp, inputs, before)
    if why is None:
        progress.line(f"{notebook.name}: up to date")
        return "up to date"
    failed = copy.with_name(f"{notebook.name}.failed.ipynb")
    job = {
        "notebook": str(notebook.path),
        "copy": str(copy),
        "failed": str(failed),
        "parameters": {"profile": around.profile, **around.parameters},
        "timeout": timeout,
        "start_timeout": start_timeout,
    }
    start = time.monotonic()
    stamp_path.unlink(missing_ok=True)  # from here on it is out of date, whatever happens
    failed.unlink(missing_ok=True)
    _execute(job, notebook.name, progress)
    _write_stamp(notebook, around, inputs, before, stamp)
    progress.line(f"{notebook.name}: done in {_seconds(time.monotonic() - start)} ({why})")
    return "done"


# ---- the executed copy ----------------------------------------------------------------------------------------------


def _replacements() -> list[tuple[re.Pattern, str]]:
    """Patterns of what names this machine or this moment, and what stands for them in an executed copy."""
    folders = [(paths.ROOT, ""), (paths.HOME, ""), (Path(sys.prefix), ".venv/"), (Path.home(), "~/")]
    if "ADT_DATA" in os.environ:
        folders.append((paths.real_data_root(), "$ADT_DATA/"))
    folders.sort(key=lambda pair: len(str(pair[0])), reverse=True)  # the inner folder before the outer
    cell = re.escape(tempfile.gettempdir()) + r"/ipykernel_\d+/\d+\.py"  # what a kernel calls the file of a cell
    found = [(cell, "<cell>"), (r" at 0x[0-9a-f]{6,}", "")]
    for folder, name in folders:
        if len(folder.parts) > 1:  # a home of "/" would eat every path
            found.append((re.escape(f"{folder}/"), name))
            found.append((re.escape(str(folder)) + r"(?![\w.-])", name.rstrip("/") or "."))
    return [(re.compile(pattern), name) for pattern, name in found]


def normalise(notebook: Any) -> None:
    """Make an executed notebook (an nbformat node, changed in place) speak of the project alone, below COPY_LIMIT.

    Dropped: papermill's and other programs' metadata, time stamps, machine paths, widget state, states of a progress
    bar that were drawn over. Where it is still too large, the largest sounds are replaced by a note, then the largest
    pictures.
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
            cell["id"] = "injected-parameters"  # papermill draws one at random
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs, clean)
    _shrink(notebook)


def _clean_outputs(outputs: list[Any], clean: Any) -> list[Any]:
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            output.traceback = [clean(line) for line in output.traceback]
            output.evalue = clean(output.evalue)
        elif "application/vnd.jupyter.widget-view+json" in output.data:
            continue  # without its state a widget is an empty box
        else:
            for kind, value in output.data.items():
                if kind.startswith("text/") and isinstance(value, str):
                    output.data[kind] = clean(value)
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":  # of what a carriage return drew over, the last state stays
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


# ---- the child process ----------------------------------------------------------------------------------------------


def _end_with_parent() -> None:
    """Stop this process, and with it the kernel, when the parent closes the pipe or dies."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C: papermill shuts its kernel down
    time.sleep(10)
    os._exit(130)


def _place(cells: list[Any], index: int) -> tuple[int, int]:
    """(number of the cell at `index`, number of cells) as in the stored notebook, which lacks what papermill adds."""
    added = {"injected-parameters", "papermill-error-cell-tag"}
    own = [added.isdisjoint(cell.metadata.get("tags", ())) for cell in cells]
    return sum(own[: index + 1]), sum(own)


def _failure(error: BaseException, notebook: Any, index: int, timeout: float) -> dict[str, Any]:
    """What the parent needs to tell the user: cell number as in the stored notebook, source, error, traceback."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    # papermill has put a heading at the top and a mark before the cell by now; its index is that before.
    cells = [cell for cell in notebook.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", ())]
    index = getattr(error, "cell_index", index)
    number, total = _place(cells, index)
    text = f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', error)}"
    if isinstance(error, CellTimeoutError):
        text = f"The cell took longer than {_seconds(timeout)}; --timeout SECONDS allows more."
    elif isinstance(error, DeadKernelError):
        text = "The notebook's process died: most often memory ran out, or it was killed."
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(getattr(error, "traceback", ())))
    return {
        "cell": number,
        "cells": total,
        "source": cells[index].source,
        "error": text,
        "traceback": traceback,
    }


def _child(job: dict[str, Any]) -> int:
    """Execute the notebook of `job`, write its copy, and tell the parent, a line of JSON for each piece of news."""
    news = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints, here or in the kernel, must not mix with the news
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import nbformat
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.execute import execute_notebook

    state: dict[str, Any] = {"index": 0, "notebook": None, "text": ""}

    def tell(**event: Any) -> None:
        print(json.dumps(event), file=news, flush=True)

    class Echo:
        """Passes on the last line that the notebook printed: the progress bar of a training, most often."""

        def write(self, text: str) -> None:
            last = [line.strip() for line in re.split(r"[\r\n]", text) if line.strip()]
            if last:
                tell(shown=f"{state['text']}, {last[-1][:80]}")

        def flush(self) -> None:
            pass

    class Engine(NBClientEngine):
        """papermill's own, which also says which cell it is at and leaves the notebook within reach on failure."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            start, state["notebook"] = nb_man.cell_start, nb_man.nb

            def cell_start(cell: Any, cell_index: int, **more: Any) -> None:
                number, total = _place(nb_man.nb.cells, cell_index)
                state.update(index=cell_index, text=f"cell {number}/{total}")
                tell(shown=state["text"])
                start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("adt", Engine)
    try:
        source = nbformat.read(job["notebook"], as_version=4)
        executed = execute_notebook(
            source,
            None,  # nothing is written while it runs: a killed process leaves no half of a copy
            job["parameters"],
            engine_name="adt",
            kernel_name="python3",
            progress_bar=False,
            start_timeout=job["start_timeout"],
            execution_timeout=job["timeout"],
            stdout_file=Echo(),
            stderr_file=Echo(),
            cwd=str(Path(job["notebook"]).parent),
        )
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # whatever it was: the parent shows it with the cell
        notebook = state["notebook"]
        if notebook is None:  # no cell has run: the kernel did not start
            raise
        failure = _failure(error, notebook, state["index"], job["timeout"])
        normalise(notebook)
        _write_whole(Path(job["failed"]), nbformat.writes(notebook))
        tell(failure=failure)
        return 1
    normalise(executed)
    _write_whole(Path(job["copy"]), nbformat.writes(executed))
    return 0


if __name__ == "__main__":
    sys.exit(_child(json.loads(sys.argv[1])))
