"""The scoring core with one place changed: a test of the matching files has to fail.

A mutant is one change of the syntax tree: a comparison, a sign, a constant, a bound, a condition, what is returned, a statement left
out. Messages, annotations, decorators and docstrings are not changed. Each is run in a forked process that loads the changed module
in place of the file. Mutants that no test can tell apart are listed with the reason in `equivalent.csv`, by their content.
"""

import ast
import copy
import csv
import os
import resource
import signal
import sys
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
LIMIT = 90  # seconds of processor time for the tests of one mutant: one that never ends is noticed
TESTS = {
    "evaluation/metrics": ("evaluation/test_metrics",),
    "evaluation/significance": ("evaluation/test_significance",),
    "evaluation/errors": ("studies/test_errors",),
    "onsets/annotations": ("onsets/test_annotations",),
    "onsets/midi": ("onsets/test_midi", "onsets/test_annotations"),
    "onsets/frames": ("onsets/test_frames",),
    "onsets/peak_picking": ("onsets/test_peak_picking",),
    "onsets/energies": ("onsets/test_energies",),
    "audio/features": ("audio/test_features",),
    "audio/fourier": ("audio/test_fourier",),
    "audio/short_time": ("audio/test_fourier",),
    "models/loss": ("models/test_loss",),
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
    """A change: module, function ("" outside), the statement before and after it, and the changed tree."""

    module: str
    function: str
    before: str
    after: str
    tree: ast.Module

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is listed by: content, not line."""
        return self[:4]


# --- changes -------------------------------------------------------------------------------------------------------------------


def mutants_of(module: str, source: str) -> list[Mutant]:
    """All mutants of a module, in the order of the source."""
    tree, found = ast.parse(source), []
    for path, node, function in _nodes(tree, (), ""):
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            statement, target = changed, changed
            for step in path:
                target = getattr(target, step) if isinstance(step, str) else target[step]
                statement = target if isinstance(target, ast.stmt) else statement
            before = _line(statement)
            replacement = change(target)
            if replacement is not None:
                _set(changed, path, replacement)
                statement = replacement if isinstance(target, ast.stmt) else statement
            found.append(Mutant(module, function, before, _line(statement), ast.fix_missing_locations(changed)))
    return found


def _nodes(node, path: tuple, function: str) -> Iterator[tuple[tuple, ast.AST, str]]:
    """(path from the root, node, function) of all that may be changed."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params") or isinstance(node, ast.Raise | ast.JoinedStr):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_text(child):
                continue
            inner = (*path, name) if index is None else (*path, name, index)
            named = f"{function}.{child.name}".strip(".") if isinstance(child, ast.FunctionDef | ast.ClassDef) else function
            yield inner, child, named
            yield from _nodes(child, inner, named)


def _is_text(node: ast.AST) -> bool:
    """Docstrings, imports, and warnings, whose words are free."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if not isinstance(node, ast.Expr):
        return False
    return isinstance(node.value, ast.Constant) or ast.unparse(node).startswith("warnings.warn")


def _set(tree: ast.AST, path: tuple, value: ast.AST) -> None:
    holder = tree
    for step in path[:-1]:
        holder = getattr(holder, step) if isinstance(step, str) else holder[step]
    if isinstance(path[-1], str):
        setattr(holder, path[-1], value)
    else:
        holder[path[-1]] = value


def _line(statement: ast.AST) -> str:
    """The statement without what it holds: a loop's or a function's first line."""
    bare = copy.copy(statement)
    for part in ("body", "orelse", "finalbody", "handlers"):
        if isinstance(getattr(bare, part, None), list) and isinstance(bare, ast.stmt):
            setattr(bare, part, [ast.Pass()] if part == "body" else [])
    return ast.unparse(bare).removesuffix("    pass").strip().removesuffix(":")


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


def all_mutants(modules: Sequence[str] = tuple(TESTS)) -> list[Mutant]:
    """Of all modules."""
    return [mutant for name in modules for mutant in mutants_of(name, (ROOT / "adtlib" / f"{name}.py").read_text())]


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
    waiting = [number for number in order if mutants[number].key not in same]
    tally.refused = len(order) - len(waiting)
    running: dict[int, int] = {}
    while (waiting and time.monotonic() - started < seconds) or running:
        while waiting and len(running) < workers and time.monotonic() - started < seconds:
            number = waiting.pop()
            running[start(mutants[number])] = number
        pid, status = os.wait()
        number = running.pop(pid)
        if os.waitstatus_to_exitcode(status) == 0:
            add(tally, f"survives: {' | '.join(mutants[number].key)}", first)
        else:
            tally.read += 1
    tally.seconds = time.monotonic() - started
    return tally


def _load_libraries() -> None:
    """What the tests import, once for all forks; nothing of adtlib."""
    import hypothesis
    import mir_eval  # noqa: F401
    import pandas  # noqa: F401
    import pytest  # noqa: F401
    import scipy.signal  # noqa: F401
    import torch  # noqa: F401

    hypothesis.settings.register_profile("trust", derandomize=True, database=None)
    hypothesis.settings.load_profile("trust")


def start(mutant: Mutant) -> int:
    """Fork a process that ends with pytest's exit status for a mutant; returns its number."""
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
        signal.alarm(LIMIT * 10)
        status = _tested(mutant)
    finally:
        os._exit(status)


def _tested(mutant: Mutant) -> int:
    import pytest

    for name in [name for name in sys.modules if name.partition(".")[0] == "adtlib"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Changed(mutant))
    tests = [str(ROOT / "tests" / f"{name}.py") for name in TESTS[mutant.module]]
    os.chdir(ROOT)
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:nbval", *tests]))


@dataclass
class _Changed(MetaPathFinder):
    """Loads a mutant in place of its module."""

    mutant: Mutant

    def find_spec(self, name, path=None, target=None):
        if name != "adtlib." + self.mutant.module.replace("/", "."):
            return None
        file, tree = str(ROOT / "adtlib" / f"{self.mutant.module}.py"), self.mutant.tree

        class Loader(SourceFileLoader):
            def get_code(self, fullname):
                return compile(tree, file, "exec")

        return spec_from_loader(name, Loader(name, file))
