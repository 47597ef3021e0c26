"""`adt render`: render training clips."""

import argparse
import time

from adtlib import paths
from adtlib.cli.options import check_names
from adtlib.synthesis.clips import INGREDIENTS, without
from adtlib.synthesis.recipe import MEANINGS, RECIPES
from adtlib.training.rendered_clips import corpus_folder, render_corpus


def run(options: argparse.Namespace) -> int:
    """Render the missing clips."""
    check_names("--without", options.without, INGREDIENTS)
    check_names("--recipe", [options.recipe], MEANINGS)
    if options.hours is None:
        raise ValueError("--hours H is missing: say how many hours of training clips")
    recipe = without(RECIPES[options.recipe], tuple(options.without)).with_options(dict(_pair(text) for text in options.option))
    started = time.perf_counter()
    done = render_corpus(
        options.data or paths.real_data_root(),
        options.hours,
        options.validation_hours,
        options.seed,
        corpus_folder(options.clips),
        options.jobs,
        recipe=recipe,
    )
    listed = ", ".join(f"{split} {done.totals(split).hours:.2f} h {done.totals(split).onset_counts}" for split in done.splits)
    print(f"{paths.relative(done.folder)}: {listed}; {time.perf_counter() - started:.0f} s")
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--option {text}: write NAME=VALUE")
    return name, value
