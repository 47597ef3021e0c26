"""`adt prepare`: compute the features of corpora."""

import argparse
import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

from adtlib import paths, profiles
from adtlib.cli.corpora import data_root
from adtlib.cli.terminal import one_line, reason
from adtlib.corpora.ahead import Spread
from adtlib.corpora.base import Corpus
from adtlib.corpora.registry import CORPORA, open_corpus
from adtlib.notebooks.progress import Progress


def run(options: argparse.Namespace) -> int:
    """Prepare the chosen corpora, one after the other; exit status 1 if a track, a file, a row or a label was left out."""
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {options.workers}")
    problems: list[str] = []
    corpora = _chosen(options, problems)
    from adtlib.corpora.preparation import prepare  # loads the audio libraries: usage errors appear before

    broken, left_out = len(problems), 0
    with _elsewhere(options) as spread:
        for corpus in corpora:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    done = prepare(corpus, version=options.version, workers=options.workers, spread=spread)
                    counts = {split: (done.totals(split).n_units, corpus.found(split)) for split in corpus.splits}
                    remarks = corpus.remarks()
                except Exception as error:  # the other corpora are still prepared
                    if options.debug:
                        traceback.print_exc()
                    problems.append(f"{corpus.info.name}: not prepared: {reason(corpus.root, error)}")
                    broken += 1
                    continue
            broken += sum(found - prepared for prepared, found in counts.values())
            listed = ", ".join(f"{split} {prepared:,} of {found:,}" for split, (prepared, found) in counts.items())
            print(one_line(f"{corpus.info.name}: prepared {corpus.info.unit}s: {listed}; in {paths.relative(done.folder)}"))
            for remark in remarks:
                print(f"  {one_line(remark)}")
            left_out += len(done.problems)
            # Tracks read in an earlier run have only stored problems; the others may have problems and warnings.
            warned = [str(warning.message) for warning in caught if warning.category is UserWarning]
            problems += dict.fromkeys([*done.problems, *warned])
    if problems:
        print(f"\nProblems ({len(problems)}):")
        print("\n".join(f"  {one_line(problem)}" for problem in problems))
    return 1 if broken or left_out else 0


@contextlib.contextmanager
def _elsewhere(options: argparse.Namespace) -> Iterator[Spread | None]:
    """The Ray cluster that computes, if one is named."""
    if options.ray_address:
        os.environ["RAY_ADDRESS"] = options.ray_address
    if not os.environ.get("RAY_ADDRESS"):
        yield None
        return
    from adtlib.training.cluster.session import session, spread  # loads Ray and torch

    with session():
        yield spread


def _chosen(options: argparse.Namespace, problems: list[str]) -> list[Corpus]:
    """The corpora of the command line, opened: names in any case, or folders; by default all that are found.

    What is wrong with others is added to `problems`. ValueError where none is left, and for a name that nothing has.
    """
    if options.profile:
        known = profiles.open_corpora(profiles.load_profile(options.profile), progress=Progress(sys.stderr).writing)
    else:
        root = data_root(options)
        known = {name: open_corpus(name, root) for name in CORPORA}
    if not options.corpora:
        found = [corpus for corpus in known.values() if _present(corpus, problems)]
        if not found:
            none = "no corpus was found: see `adt corpora` for where they belong, or name a folder"
            raise ValueError("\n     ".join([*problems, none]))
        return found
    by_name = {name.lower(): corpus for name, corpus in known.items()}
    chosen = []
    for name in options.corpora:
        corpus = by_name.get(name.lower())
        if corpus is None:
            if not Path(name).is_dir():
                raise ValueError(f"{name!r} is neither a corpus ({', '.join(known)}) nor a folder")
            corpus = open_corpus(Path(name), midi_mapping=options.mapping)
        before = len(problems)
        if _present(corpus, problems):
            chosen.append(corpus)
        elif len(problems) == before:
            problems.append(f"{corpus.info.name} was not found in {corpus.root}: {corpus.info.remedy}")
    if not chosen:
        raise ValueError("\n     ".join(problems))
    return chosen


def _present(corpus: Corpus, problems: list[str]) -> bool:
    """Whether anything of a corpus was found, to prepare or to name; what its reader raises is added to `problems`."""
    try:
        return corpus.present or bool(corpus.left_out())
    except Exception as error:  # the other corpora are still prepared
        problems.append(f"{corpus.info.name}: not prepared: {reason(corpus.root, error)}")
        return False
