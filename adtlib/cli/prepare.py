"""`adt prepare`: compute the features of corpora."""

import argparse
import sys
import warnings
from pathlib import Path

from adtlib import paths, profiles
from adtlib.cli.corpora import data_root
from adtlib.corpora.base import Corpus
from adtlib.corpora.registry import CORPORA, open_corpus
from adtlib.notebooks.progress import Progress


def run(options: argparse.Namespace) -> int:
    """Prepare the chosen corpora, one after the other; exit status 1 if a track, a file, a row or a label was left out."""
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {options.workers}")
    corpora = _chosen(options)
    from adtlib.corpora.preparation import prepare  # loads the audio libraries: usage errors appear before

    problems, broken, left_out = [], 0, 0
    for corpus in corpora:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            done = prepare(corpus, version=options.version, workers=options.workers)
            counts = {split: (len(done.units(split)), corpus.found(split)) for split in corpus.splits}
            remarks = corpus.remarks()
        broken += sum(found - prepared for prepared, found in counts.values())
        listed = ", ".join(f"{split} {prepared:,} of {found:,}" for split, (prepared, found) in counts.items())
        print(f"{corpus.info.name}: prepared {corpus.info.unit}s: {listed}; in {paths.relative(done.folder)}")
        for remark in remarks:
            print(f"  {remark}")
        left_out += len(done.problems)
        # Tracks read in an earlier run have only stored problems; the others may have problems and warnings.
        warned = [str(warning.message) for warning in caught if warning.category is UserWarning]
        problems += dict.fromkeys([*done.problems, *warned])
    if problems:
        print(f"\nProblems ({len(problems)}):")
        print("\n".join(f"  {problem}" for problem in problems))
    return 1 if broken or left_out else 0


def _chosen(options: argparse.Namespace) -> list[Corpus]:
    """The corpora of the command line, opened: names in any case, or folders; by default all that are found."""
    if options.profile:
        known = profiles.open_corpora(profiles.load_profile(options.profile), progress=Progress(sys.stderr).writing)
    else:
        root = data_root(options)
        known = {name: open_corpus(name, root) for name in CORPORA}
    if not options.corpora:
        found = [corpus for corpus in known.values() if corpus.present]
        if not found:
            raise ValueError("no corpus was found: see `adt corpora` for where they belong, or name a folder")
        return found
    by_name = {name.lower(): corpus for name, corpus in known.items()}
    chosen = []
    for name in options.corpora:
        corpus = by_name.get(name.lower())
        if corpus is None:
            if not Path(name).expanduser().is_dir():
                raise ValueError(f"{name!r} is neither a corpus ({', '.join(known)}) nor a folder")
            corpus = open_corpus(Path(name).expanduser(), midi_mapping=options.mapping)
        if not corpus.present and not corpus.left_out():
            raise ValueError(f"{corpus.info.name} was not found in {corpus.root}: {corpus.info.remedy}")
        chosen.append(corpus)
    return chosen
