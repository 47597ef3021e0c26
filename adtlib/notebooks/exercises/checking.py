"""How an answer to an exercise is checked: it is run on inputs and compared with the package's own result.

An answer is a function or a value. None stands for no answer: the notebooks are stored with it, and so run without a student.
"""

import copy
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Verdict:
    """What a check found; shown as its message. `passed` is None where there was no answer."""

    passed: bool | None
    message: str

    def __repr__(self) -> str:
        return self.message


NOTHING = Verdict(None, "No answer yet: put yours in the place of None, then run the cell again.")
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 160


def compare(
    mine: Callable | None, right: Callable, inputs: Sequence[tuple[str, tuple]], within: float = 1e-6, hints: Mapping | None = None
) -> Verdict:
    """Call an answer on each input, and stop at the first for which it differs from the right result.

    inputs  (what the input is, arguments of both functions);  within  largest difference of two numbers.
    hints   {what the input is: what may be wrong where an answer fails on it}
    """
    if mine is None:
        return NOTHING
    if not callable(mine):
        return Verdict(False, f"Hand in the function itself, not what it returns: this is {_with_article(type(mine).__name__)}.")
    for name, arguments in inputs:
        hint = f" {hints[name]}" if hints and name in hints else ""
        given = copy.deepcopy(arguments)
        try:
            found = mine(*given)
        except Exception as error:  # a student's function may raise anything, and is told what and where
            return Verdict(False, f"On {name} it raises {type(error).__name__}: {error}.{hint}")
        if fault := _difference(found, right(*arguments), within):
            return Verdict(False, f"On {name}: {fault}{'' if fault.endswith('?') else '.'}{hint}")
    return Verdict(True, f"Right: equal on {len(inputs)} inputs, from {inputs[0][0]} to {inputs[-1][0]}.")


def compare_value(mine: object, right: object, within: float = 1e-6, hints: Mapping | None = None, unit: str = "") -> Verdict:
    """Compare a number, text, list or dictionary with the right one; `hints` explain wrong values that are typical."""
    if mine is None:
        return NOTHING
    if callable(mine):
        return Verdict(False, "Hand in the value, not a function.")
    if not _difference(mine, right, within):
        return Verdict(True, f"Right: {_said(right)}{unit and ' ' + unit}.")
    for value, hint in (hints or {}).items():
        if not _difference(mine, value, within):
            return Verdict(False, f"{_said(mine)} is not it. {hint}")
    if isinstance(right, dict) and isinstance(mine, dict) and set(mine) == set(right):
        wrong = [key for key in right if _difference(mine[key], right[key], within)]
        return Verdict(
            False, f"That is not it. {len(right) - len(wrong)} of {len(right)} are right; not yet: {', '.join(map(repr, wrong))}."
        )
    return Verdict(False, f"{_said(mine)} is not it.")


def with_named_parts(mine: object, *names: str) -> object:
    """An answer that returns several things as one that returns them by name, so that a fault names the part; else what it is."""

    def named(*given):
        found = mine(*given)
        if found is None:
            return None
        if not isinstance(found, tuple | list) or len(found) != len(names):
            raise ValueError(f"expected {len(names)} values, {', '.join(names)}, got {_said(found)}")
        return dict(zip(names, found, strict=True))

    return named if callable(mine) else mine


def _difference(found: object, right: object, within: float) -> str:
    """How a result differs from the right one, in words; "" where it does not."""
    if found is None:
        return "it returns None; is a return missing?"
    if isinstance(right, dict):
        if not isinstance(found, dict) or set(found) != set(right):
            return f"expected a dictionary with the keys {_said(sorted(right))}, got {_said(found)}"
        faults = ((key, _difference(found[key], right[key], within)) for key in right)
        return next((f"at {key!r} {fault}" for key, fault in faults if fault), "")
    if isinstance(right, str | bool | set):
        return "" if _is_equal(found, right) else f"expected {_said(right)}, got {_said(found)}"
    if isinstance(found, str):
        return f"expected {_number(right) if np.ndim(right) == 0 else 'numbers'}, got the text {_said(found)}"
    try:
        found, right = np.asarray(found), np.asarray(right)
        if found.shape != right.shape:
            return f"expected {_shape(right)}, got {_shape(found)}"
        far = ~np.isclose(found, right, rtol=within, atol=within, equal_nan=True)
    except (TypeError, ValueError):
        return f"expected numbers, got {_said(found)}"
    if not far.any():
        return ""
    at = tuple(int(index) for index in np.argwhere(far)[0])
    where = f"at {at[0] if len(at) == 1 else at} " if at else ""
    return f"{where}expected {_number(right[at])}, got {_number(found[at])}"


def _is_equal(found: object, right: object) -> bool:
    try:
        return bool(found == right)
    except ValueError:  # an array compares its elements, one by one
        return False


def _shape(values: np.ndarray) -> str:
    return f"an array of shape {values.shape}" if values.ndim else "one number"


def _number(value) -> str:
    return f"{value:.6g}" if np.issubdtype(np.asarray(value).dtype, np.number) else str(value)


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _said(value: object) -> str:
    return _number(value) if isinstance(value, float | np.number) else _SHORT.repr(value)
