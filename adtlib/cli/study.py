"""`adt study`: train the short runs of notebook 81, or those of a profile's controlled study."""

import argparse
import os

from adtlib import paths
from adtlib.profiles import load_profile


def run(options: argparse.Namespace) -> int:
    """Train and score what is missing, or print the plan."""
    if options.profile:
        return _controlled(options)
    if options.plan or options.only:
        raise ValueError("--plan and --only are of the study of a profile: add --profile study")
    from adtlib.studies.ingredients import TABLE, VARIANTS, rows_with_thresholds, study
    from adtlib.training.real_songs import real_units

    data = options.data or paths.real_data_root()
    table = study(options.variants or [variant.name for variant in VARIANTS], data, real_units(data), options.jobs)
    print(rows_with_thresholds(table)[["variant", "set", "f1_micro", "f1_macro", "seconds"]].round(3).to_string(index=False))
    print(paths.relative(TABLE))
    return 0


def _controlled(options: argparse.Namespace) -> int:
    from adtlib.studies import controlled_runs
    from adtlib.studies.controlled_results import gather

    if options.variants:
        raise ValueError(f"{options.variants[0]!r} is a run of notebook 81: with --profile, choose runs by --only TEXT")
    if options.ray_address:
        os.environ["RAY_ADDRESS"] = options.ray_address
    profile = load_profile(options.profile, jobs=options.jobs)
    if options.only and not any(options.only in run.words for run in controlled_runs.all_runs(profile)):
        raise ValueError(f"--only {options.only!r}: no run has it in its name; --plan lists the runs that are known")
    if options.plan:
        print("\n".join(controlled_runs.plan_lines(profile, options.only)))
        return 0
    done = controlled_runs.run_controlled(profile, (lambda run: options.only in run.words) if options.only else None)
    gather(profile)
    print(f"\n{done} runs finished; {paths.relative(controlled_runs.tables_of(profile.name))}")
    return 0
