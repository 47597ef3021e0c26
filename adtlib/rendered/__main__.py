"""Commands to render training data and to train on it; see `python -m adtlib.rendered --help`."""

import argparse
import json
import sys
import time
from pathlib import Path

from adtlib import paths
from adtlib.rendered.augmentation import VARIATIONS
from adtlib.rendered.clips import INGREDIENTS
from adtlib.rendered.corpus import STANDARD, corpus_folder, open_clips, render_corpus
from adtlib.rendered.real_songs import real_units
from adtlib.rendered.sources import SourceError


def main(arguments=None) -> int:
    """Run a command; 1 where something is missing, said in a sentence, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (SourceError, ValueError, OSError) as error:
        print(f"adtlib.rendered: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("adtlib.rendered: interrupted; what was finished is kept, the same command goes on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m adtlib.rendered", description="Render training data; train on it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    render = commands.add_parser("render", help="render clips, as many hours as are asked for; resumable")
    render.set_defaults(run=_render)
    render.add_argument("--hours", type=float, required=True, metavar="H", help="of training clips")
    render.add_argument("--validation-hours", type=float, default=0.5, metavar="H")
    render.add_argument("--seed", type=int, default=0)
    listed = "; ".join(f"{name}: {what}" for name, what in INGREDIENTS.items())
    render.add_argument("--without", nargs="+", default=[], choices=INGREDIENTS, metavar="INGREDIENT", help=listed)
    render.add_argument("--jobs", type=int, metavar="N", help="processes (default: one for each processor)")
    train = commands.add_parser("train", help="train on rendered clips; resumable")
    train.set_defaults(run=_train)
    train.add_argument("--epochs", type=int, default=40, help="after each the run is validated and can be resumed (default: 40)")
    train.add_argument("--segments-per-epoch", type=int, default=3_200, metavar="N", help="of 4 s (default: 3,200)")
    train.add_argument("--architecture", default="CRNN")
    train.add_argument("--hyperparameters", type=json.loads, default={"num_layers": 3, "hidden_size": 60}, metavar="JSON")
    listed = "; ".join(f"{name}: {what}" for name, what in VARIATIONS.items())
    train.add_argument("--without", nargs="+", default=[], choices=VARIATIONS, metavar="VARIATION", help=listed)
    train.add_argument("--learning-rate", type=float, default=2e-3)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--start-from", type=Path, metavar="RUN", help="folder of a run whose weights to begin with")
    train.add_argument("--threads", type=int, metavar="N", help="of torch (default: all)")
    train.add_argument("--run", dest="name", default="crnn", metavar="NAME", help="folder below results/rendered/ (default: crnn)")
    study = commands.add_parser("study", help="the short runs of notebook 81; resumable")
    study.set_defaults(run=_study)
    study.add_argument("variants", nargs="*", metavar="VARIANT", help="their names, as in the table (default: all)")
    study.add_argument("--jobs", type=int, default=2, metavar="N", help="runs at a time (default: 2)")
    for command in (render, train):
        command.add_argument("--name", dest="corpus", default=STANDARD, help="which set of clips (default: standard)")
    for command in (render, train, study):
        command.add_argument("--data", type=Path, metavar="ROOT", help="data folder (default: $ADT_DATA, else data/)")
    return parser


def _render(options) -> int:
    started = time.perf_counter()
    done = render_corpus(
        options.data or paths.real_data_root(),
        options.hours,
        options.validation_hours,
        options.seed,
        corpus_folder(options.corpus),
        options.jobs,
        without=tuple(options.without),
    )
    listed = ", ".join(f"{split} {done.totals(split).hours:.2f} h {done.totals(split).onset_counts}" for split in done.splits)
    print(f"{paths.relative(done.folder)}: {listed}; {time.perf_counter() - started:.0f} s")
    return 0


def _train(options) -> int:
    import torch  # not needed to render

    from adtlib.rendered.augmentation import Augmentation
    from adtlib.rendered.thresholds import score_table
    from adtlib.rendered.training import LongConfig, fit_long, history
    from adtlib.runs import Run

    if options.threads:
        torch.set_num_threads(options.threads)
    rendered = open_clips(options.corpus)
    real = real_units(options.data or paths.real_data_root())
    config = LongConfig(
        options.architecture,
        (rendered.corpus_name,),
        options.hyperparameters,
        seed=options.seed,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        segments_per_epoch=options.segments_per_epoch,
        augmentation=Augmentation().without(options.without),
    )
    folder = paths.RESULTS / "rendered" / options.name
    start = Run(options.start_from).model() if options.start_from else None
    run = fit_long(config, rendered, folder, real, start=start)
    sets = {"rendered": rendered.units("validation")} | real
    table = score_table(run.model(), sets, "rendered", config.peak_picking)
    paths.write_atomically(folder / "scores_by_class.csv", table.round(4).to_csv(index=False).encode())
    paths.write_atomically(folder / "thresholds.json", json.dumps(table.attrs["thresholds"]).encode())
    paths.write_atomically(folder / "history.csv", history(run, options.start_from).round(4).to_csv(index=False).encode())
    print(table.round(3).to_string(index=False))
    print(f"thresholds: {table.attrs['thresholds']}; {paths.relative(folder)}")
    return 0


def _study(options) -> int:
    from adtlib.rendered.study import TABLE, VARIANTS, shown_rows, study  # needs torch

    data = options.data or paths.real_data_root()
    table = study(options.variants or [variant.name for variant in VARIANTS], data, real_units(data), options.jobs)
    print(shown_rows(table)[["variant", "set", "f1_micro", "f1_macro", "seconds"]].round(3).to_string(index=False))
    print(paths.relative(TABLE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
