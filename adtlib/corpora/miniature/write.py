"""Small generated versions of all five corpora, so that everything can be run without downloading hundreds of gigabytes.

`write_miniature` writes ENST+MDB, E-GMD, Slakh2100-redux, ADTOF-YT and SADTP below one folder, each in exactly the layout in which
it is distributed, so that the same loaders read them. Drums come from a groove generator (`synthesis.grooves`), sound from a sound
font (`synthesis.soundfont`), other instruments from `accompaniment`; `plan` defines the contents of each corpus. Results on them
are not the thesis's: a marker file tells readers of the folder and the loaders.

Equal seeds give equal bytes on one machine. The last bit of a sample may differ between machines and versions of libraries.
"""

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from adtlib import paths
from adtlib.corpora.base import MARKER, Corpus
from adtlib.corpora.miniature.layouts import finish, write_recipe
from adtlib.corpora.miniature.plan import recipes
from adtlib.corpora.miniature.songs import Recipe
from adtlib.corpora.registry import CORPORA

GENERATOR_VERSION = 1


def write_miniature(
    root: Path | str,
    size: str = "standard",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> None:
    """Write the five corpora below `root`: "standard" (some 140 MB, within a minute on two cores) or "smoke" (12 MB, seconds).

    A folder with the same size, seed and version is kept; another miniature is replaced. The folder appears complete or not at all:
    a killed writer leaves nothing that seems finished. `progress(done, total)` is called after each performance; `workers` is the
    number of processes (by default one per core, at most 4, for the standard size, and the calling process alone for smoke, which
    is faster than starting others).

    Raises ValueError for an unknown size, FileExistsError if `root` holds something that is not a miniature.
    """
    root = Path(root)
    planned = recipes(size, seed)
    text = marker_text(size, seed)
    if is_written(root, size, seed):
        return
    if root.exists() and not (root / MARKER).is_file() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(f"{root} exists and is not a miniature: choose another folder, or remove it yourself")
    with paths.new_folder(root) as partial:
        results = []
        for result in _write_all(planned, partial, workers or _workers(size)):
            results.append(result)
            if progress is not None:
                progress(len(results), len(planned))
        finish(planned, results, partial)
        for corpus in _others():
            corpus.write_miniature(partial, size, seed)
        (partial / MARKER).write_text(text, encoding="utf-8", newline="\n")
        _put_in_place(partial, root)


def marker_text(size: str, seed: int) -> str:
    """The text of the marker file: one sentence that identifies a finished folder."""
    return (
        "These corpora are generated, not recorded, and results on them are not those of the real ones "
        f"(size {size}, seed {seed}, generator version {GENERATOR_VERSION}"
        f"{''.join(f', with {corpus.info.name}' for corpus in _others())}).\n"
    )


def _others() -> list[type[Corpus]]:
    """Corpora that write a generated version of their own."""
    return [corpus for corpus in CORPORA.values() if corpus.write_miniature]


def is_written(root: Path | str, size: str = "standard", seed: int = 0) -> bool:
    """Whether `root` holds the finished miniature of this size, seed and version."""
    marker = Path(root) / MARKER
    return marker.is_file() and marker.read_text(encoding="utf-8") == marker_text(size, seed)


def _workers(size: str) -> int:
    return 1 if size == "smoke" else min(os.cpu_count() or 1, 4)


def _write_all(planned: Sequence[Recipe], root: Path, workers: int) -> Iterator[object]:
    """Write all recipes; yields the results of `write_recipe`, in order."""
    n_done = 0
    if workers > 1:
        # Processes are started anew, not forked: a fork of a process with threads (PyTorch's, BLAS's) can hang.
        context = multiprocessing.get_context("spawn")
        try:
            with ProcessPoolExecutor(workers, mp_context=context) as pool:
                for result in pool.map(write_recipe, planned, [root] * len(planned)):
                    n_done += 1
                    yield result
        except BrokenProcessPool:
            # Scripts without `if __name__ == "__main__"` and programs from standard input cannot start processes.
            warnings.warn("no processes could be started; the miniature corpora are written by this one alone", stacklevel=3)
    for recipe in planned[n_done:]:
        yield write_recipe(recipe, root)


def _put_in_place(partial: Path, root: Path) -> None:
    if not root.exists():
        partial.rename(root)
        return
    with paths.new_folder(root) as old:
        # Two renames, so that a reader sees the old folder, no folder, or the new one, but never a mixture.
        root.rename(old / root.name)
        partial.rename(root)
