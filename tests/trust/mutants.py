"""The scoring core with one place changed: a test of the matching files has to fail.

A mutant is one change of the syntax tree: a comparison, a sign, a constant, a bound, a condition, what is returned, a statement
left out. Messages, annotations, decorators and docstrings are not changed. Each runs in a forked process that loads the changed
module in place of the file: first those tests that go through the changed lines, shortest first, then, if none of them fails, all.
Mutants that no test can tell apart are listed with the reason in `equivalent.csv`, by their content.
"""

import ast
import copy
import csv
import json
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from random import Random
from typing import NamedTuple

from trust.fuzz import Tally, add

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("equivalent.csv")
LIMIT = 90  # seconds of processor time for tests, until it is known how long they take without a change
ROOMS = ("evaluation", "onsets")
EXAMPLES = ("evaluation/examples",)  # made-up curves and patterns for notebooks: no score depends on them
TIMES = ("_seconds", "measure_cost")  # functions that measure time are not changed: there is no value to compare with
OTHERS = ("audio/features", "audio/fourier", "audio/short_time", "models/loss")
# Tests of modules that have no test file of their name, or more than one; without any, those of the room.
TESTS = {
    "evaluation/errors": ("studies/test_errors",),
    "onsets/annotations": ("onsets/test_writing", "onsets/test_annotations"),
    "onsets/text": ("onsets/test_text", "onsets/test_annotations"),
    "onsets/smf": ("onsets/test_smf", "onsets/test_midi", "onsets/test_annotations"),
    "onsets/midi": ("onsets/test_writing", "onsets/test_midi", "onsets/test_annotations"),
    "onsets/frames": ("onsets/test_frames", "onsets/test_annotations"),
    "audio/short_time": ("audio/test_short_time", "audio/test_fourier"),
}

_COMPARED = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
}
_CALCULATED = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult},
    **{ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift},
}


class Mutant(NamedTuple):
    """A change: module, function ("" outside), the statement before and after; its place in the tree, which change, its lines."""

    module: str
    function: str
    before: str
    after: str
    place: tuple = ()
    which: int = 0
    lines: range = range(0)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is listed by: content, not line."""
        return self[:4]

    @property
    def file(self) -> str:
        """Where the module is."""
        return str(ROOT / "adtlib" / f"{self.module}.py")

    def tree(self) -> ast.Module:
        """The changed module; without a place the module as it is."""
        tree = ast.parse(Path(self.file).read_text())
        if self.place:
            _change(tree, self.place, self.which)
        return ast.fix_missing_locations(tree)


# --- changes -------------------------------------------------------------------------------------------------------------------


def mutants_of(module: str, source: str) -> list[Mutant]:
    """All mutants of a module, in the order of the source."""
    found = []
    for place, node, function, statement, inside in _nodes(ast.parse(source), (), "", None, ()):
        for which in range(len(_changes(node))):
            changed = copy.deepcopy(_bare(statement))
            before = ast.unparse(changed)
            if inside:
                _change(changed, inside, which)
            else:
                changed = _changes(changed)[which](changed) or changed
            after = ast.unparse(changed)
            if after != before:  # as "return None" is
                found.append(Mutant(module, function, _line(before), _line(after), place, which, _lines(statement)))
    return found


def _nodes(node, place: tuple, function: str, statement, inside: tuple) -> Iterator[tuple]:
    """(place from the root, node, function, its statement, place within that) of all that may be changed."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params") or isinstance(node, ast.Raise | ast.JoinedStr):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            # zip(strict=True) guards against mistakes in the code that tests find otherwise.
            if not isinstance(child, ast.AST) or _is_text(child) or getattr(child, "arg", "") == "strict":
                continue
            step = (name,) if index is None else (name, index)
            named = f"{function}.{child.name}".strip(".") if isinstance(child, ast.FunctionDef | ast.ClassDef) else function
            if named in TIMES:
                continue
            mine, within = (child, ()) if isinstance(child, ast.stmt) else (statement, (*inside, *step))
            yield (*place, *step), child, named, mine, within
            yield from _nodes(child, (*place, *step), named, mine, within)


def _change(tree: ast.AST, place: tuple, which: int) -> None:
    """Make one of the changes of the node at a place."""
    holder, node = tree, tree
    for step in place:
        holder, node = node, getattr(node, step) if isinstance(step, str) else node[step]
    if (replacement := _changes(node)[which](node)) is None:
        return
    if isinstance(place[-1], str):
        setattr(holder, place[-1], replacement)
    else:
        holder[place[-1]] = replacement


def _bare(statement: ast.stmt) -> ast.stmt:
    """The statement without what it holds: of a loop or a function the first line."""
    bare = copy.copy(statement)
    for part in ("body", "orelse", "finalbody", "handlers"):
        if hasattr(bare, part):
            setattr(bare, part, [ast.Pass()] if part == "body" else [])
    return bare


def _lines(statement: ast.stmt) -> range:
    """The lines of a statement, without those of what it holds."""
    inner = getattr(statement, "body", None)
    return range(statement.lineno, inner[0].lineno if inner else statement.end_lineno + 1)


def _line(text: str) -> str:
    return text.removesuffix("    pass").strip().removesuffix(":")


def _is_text(node: ast.AST) -> bool:
    """Docstrings, imports, and warnings, whose words are free."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if not isinstance(node, ast.Expr):
        return False
    return isinstance(node.value, ast.Constant) or ast.unparse(node).startswith("warnings.warn")


def _changes(node: ast.AST) -> list[Callable[[ast.AST], ast.AST | None]]:
    """What can be changed in a node: functions that change it in place, or return what replaces it."""
    match node:
        case ast.Compare():
            return [_other_operator(index) for index, operator in enumerate(node.ops) if type(operator) in _COMPARED]
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _CALCULATED:
            changes = [lambda found: setattr(found, "op", _CALCULATED[type(found.op)]())]
            return [*changes, lambda found: ast.Pass()] if isinstance(node, ast.AugAssign) else changes
        case ast.BoolOp():
            return [lambda found: setattr(found, "op", ast.Or() if isinstance(found.op, ast.And) else ast.And())]
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            return [lambda found: found.operand]
        case ast.IfExp():
            return [lambda found: ast.IfExp(found.test, found.orelse, found.body)]
        case ast.Constant(value=bool()):
            return [lambda found: ast.Constant(not found.value)]
        case ast.Constant(value=int() | float()):
            return [lambda found: ast.Constant(found.value + 1 if isinstance(found.value, int) else found.value * 2 or 1.0)]
        case ast.Slice():
            bounds = [name for name in ("lower", "upper") if not isinstance(getattr(node, name), ast.Constant | None)]
            return [_one_more(name) for name in bounds]
        case ast.Return(value=ast.expr()):
            return [lambda found: ast.Return(ast.Constant(None))]
        case ast.Raise() | ast.Expr():
            return [lambda found: ast.Pass()]
    return []


def _other_operator(index: int) -> Callable[[ast.Compare], None]:
    def change(found: ast.Compare) -> None:
        found.ops[index] = _COMPARED[type(found.ops[index])]()

    return change


def _one_more(bound: str) -> Callable[[ast.Slice], None]:
    def change(found: ast.Slice) -> None:
        setattr(found, bound, ast.BinOp(getattr(found, bound), ast.Add(), ast.Constant(1)))

    return change


# --- trials --------------------------------------------------------------------------------------------------------------------


def listed() -> dict[tuple[str, ...], str]:
    """{key of a mutant that no test can tell apart: why}."""
    with open(LIST, newline="", encoding="utf-8") as file:
        return {tuple(row[:4]): row[4] for row in list(csv.reader(file))[1:]}


def modules() -> list[str]:
    """The modules that are changed: all of ROOMS but EXAMPLES, and OTHERS."""
    found = [f"{room}/{path.stem}" for room in ROOMS for path in sorted((ROOT / "adtlib" / room).glob("[a-z]*.py"))]
    return [*(name for name in found if name not in EXAMPLES), *OTHERS]


def tests_of(module: str) -> list[str]:
    """The matching test files."""
    room, _, name = module.partition("/")
    given = [ROOT / "tests" / f"{named}.py" for named in TESTS.get(module, (f"{room}/test_{name}",))]
    return [str(path) for path in given if path.is_file()] or sorted(map(str, (ROOT / "tests" / room).glob("test_*.py")))


def all_mutants(chosen: Sequence[str] = ()) -> list[Mutant]:
    """Of the modules chosen, by default of all."""
    return [mutant for name in chosen or modules() for mutant in mutants_of(name, (ROOT / "adtlib" / f"{name}.py").read_text())]


def trials(mutants: list[Mutant], first: int, seconds: float, workers: int = 2) -> Tally:
    """Run the tests of as many mutants as the time allows, in an order that follows from `first`. `read` counts those killed."""
    tally, started = Tally("mutants"), time.monotonic()
    _load_libraries()
    same = listed()
    known = {mutant.key for mutant in mutants}
    for key in same:
        if key[0] in {mutant.module for mutant in mutants} and key not in known:
            add(tally, f"equivalent.csv lists what is not there: {' | '.join(key)}", first)
    order = list(range(len(mutants)))
    Random(f"mutants {first}").shuffle(order)
    waiting = [mutants[number] for number in order if mutants[number].key not in same]
    tally.refused = len(order) - len(waiting)
    with tempfile.TemporaryDirectory() as folder:
        plans = _without_change(sorted({mutant.module for mutant in mutants}), Path(folder), workers, tally, first)
        waiting = [mutant for mutant in waiting if mutant.module in plans]
        for mutant, status, _ in _in_processes(waiting, lambda mutant: start(mutant, plans[mutant.module]), workers):
            if os.waitstatus_to_exitcode(status):
                tally.read += 1
            else:
                add(tally, f"survives: {' | '.join(mutant.key)}", first)
                print(f"survives: {' | '.join(mutant.key)}", flush=True)
            if time.monotonic() - started > seconds:
                waiting.clear()
    tally.seconds = time.monotonic() - started
    return tally


class Plan(NamedTuple):
    """How the tests of a module are run: lines that each test goes through, shortest first, and a limit in s of processor time."""

    lines: dict[str, list[int]]
    limit: int = LIMIT

    def tests_through(self, lines: range) -> list[str]:
        """The tests that go through some of these lines; none if they are run when the module is loaded."""
        if any(line in lines for line in self.lines.get("", ())):
            return []
        return [name for name, seen in self.lines.items() if any(line in lines for line in seen)]


def _without_change(chosen: Sequence[str], folder: Path, workers: int, tally: Tally, first: int) -> dict[str, Plan]:
    """The plan of each module, from its tests without a change; where they fail, a finding and no plan."""
    plans = {}
    waiting = [Mutant(module, "", "", "") for module in chosen]
    file = {module: folder / f"{module.replace('/', '-')}.json" for module in chosen}
    for mutant, status, used in _in_processes(waiting, lambda mutant: start(mutant, record=file[mutant.module]), workers):
        if os.waitstatus_to_exitcode(status):
            add(tally, f"the tests of {mutant.module} fail without a change", first)
        else:
            lines = json.loads(file[mutant.module].read_text())
            plans[mutant.module] = Plan(lines, round(5 + 3 * (used.ru_utime + used.ru_stime)))
    return plans


def _in_processes(waiting: list[Mutant], begin: Callable[[Mutant], int], workers: int) -> Iterator[tuple]:
    """(mutant, exit status, resources) of each, as they end; what is removed from `waiting` is not begun."""
    running: dict[int, Mutant] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            mutant = waiting.pop()
            running[begin(mutant)] = mutant
        pid, status, used = os.wait4(-1, 0)
        yield running.pop(pid), status, used


def _load_libraries() -> None:
    """What the tests import, once for all forks; nothing of adtlib."""
    import hypothesis
    import librosa.filters  # noqa: F401
    import mir_eval  # noqa: F401
    import pandas  # noqa: F401
    import pytest  # noqa: F401
    import scipy.integrate
    import scipy.signal  # noqa: F401
    import torch  # noqa: F401

    # An example that fails is enough: the smallest one is not looked for.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("trust", derandomize=True, database=None, phases=phases)
    hypothesis.settings.load_profile("trust")


def start(mutant: Mutant, plan: Plan | None = None, record: Path | None = None) -> int:
    """Fork a process that ends with pytest's exit status for a mutant; returns its number.

    plan    without one all tests are run.
    record  a file for the lines that each test goes through.
    """
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        limit = plan.limit if plan else LIMIT
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        signal.alarm(limit * 10)  # tests that wait for something
        status = _tested(mutant, plan, record)
    finally:
        os._exit(status)


def _tested(mutant: Mutant, plan: Plan | None, record: Path | None) -> int:
    import pytest

    for name in [name for name in sys.modules if name.partition(".")[0] == "adtlib"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Changed(mutant))
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # jupyter and others take longer to load than the tests
    options = ["-x", "-q", "-p", "no:cacheprovider"]
    if record:
        recorder = _Recorder(mutant.file)
        status = int(pytest.main([*options, *tests_of(mutant.module)], plugins=[recorder]))
        record.write_text(json.dumps(recorder.shortest_first()))
        return status
    through = plan.tests_through(mutant.lines) if plan else []
    # Tests that see a change without going through it exist: of values that are kept, or in another process.
    if through and int(pytest.main([*options, *through])) == pytest.ExitCode.TESTS_FAILED:
        return 1
    return int(pytest.main([*options, *tests_of(mutant.module)]))


class _Recorder:
    """Notes which lines of a file each test goes through; under "" those outside tests, when it is loaded."""

    def __init__(self, file: str):
        self.file, self.lines, self.seconds = file, {"": set()}, {"": 0.0}
        self._now = self.lines[""]
        self._trace()

    def _trace(self) -> None:
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def _enter(self, frame, event, argument):
        return self._step if frame.f_code.co_filename == self.file else None

    def _step(self, frame, event, argument):
        self._now.add(frame.f_lineno)
        return self._step

    def pytest_runtest_logstart(self, nodeid, location) -> None:
        self._now = self.lines.setdefault(nodeid, set())
        self.seconds[nodeid] = time.monotonic()
        self._trace()  # again, should a test have ended it

    def pytest_runtest_logfinish(self, nodeid, location) -> None:
        self.seconds[nodeid] = time.monotonic() - self.seconds[nodeid]

    def shortest_first(self) -> dict[str, list[int]]:
        return {name: sorted(self.lines[name]) for name in sorted(self.lines, key=self.seconds.__getitem__)}


@dataclass
class _Changed(MetaPathFinder):
    """Loads a mutant in place of its module."""

    mutant: Mutant

    def find_spec(self, name, path=None, target=None):
        if name != "adtlib." + self.mutant.module.replace("/", "."):
            return None
        file, tree = self.mutant.file, self.mutant.tree()

        class Loader(SourceFileLoader):
            def get_code(self, fullname):
                return compile(tree, file, "exec")

        return spec_from_loader(name, Loader(name, file))
