"""Work done ahead of whoever takes its results: in threads, in processes, or on other machines, and always in order."""

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import Any

# `spread(function, items)` gives `function(item)` of each item, in order, computed somewhere ahead of time.
Spread = Callable[[Callable, Iterable], Iterator]


def in_order(pool: Executor, function: Callable, items: Iterable, ahead: int) -> Iterator:
    """`function(item)` of each item, in order; up to `ahead` of them are computed, or done, before their turn.

    Items are taken one by one, so that there may be any number. What a call raises is raised in its turn; what has not begun then,
    or when the results are no longer taken, is cancelled.
    """
    pending: deque = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def caught(function: Callable, *arguments: Any) -> tuple[Any, list[str]]:
    """(what a call returns, its warnings for the user), for a process that passes both on."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", UserWarning)
        result = function(*arguments)
    return result, [str(warning.message) for warning in found if issubclass(warning.category, UserWarning)]


def passed_on(found: tuple[Any, list[str]]) -> Any:
    """What the call of `caught` returned; its warnings are given here."""
    result, messages = found
    for message in messages:
        warnings.warn(message, stacklevel=3)
    return result


def follow(parent: int) -> None:
    """End this process when the one of this number is gone: else it would go on working for nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
