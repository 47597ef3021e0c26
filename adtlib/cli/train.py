"""`adt train`: train a model on rendered clips, or a head for kinds of strokes on a trained model."""

import argparse
import json
from functools import partial

import torch
from tqdm import tqdm

from adtlib import paths
from adtlib.audio.features import FPS
from adtlib.cli.options import check_names
from adtlib.corpora.store import Prepared
from adtlib.training.augmentation import VARIATIONS, Augmentation
from adtlib.training.long import LongConfig, fit_long, history
from adtlib.training.real_songs import real_units
from adtlib.training.rendered_clips import open_clips
from adtlib.training.runs import Run
from adtlib.training.scoring import score_table


def run(options: argparse.Namespace) -> int:
    """Train until the last epoch; scores, thresholds and history are written beside the weights."""
    check_names("--without", options.without, VARIATIONS)
    if options.threads:
        torch.set_num_threads(options.threads)
    rendered = open_clips(options.clips)
    if options.kinds_for:
        return _train_kinds(options, rendered)
    real = real_units(options.data or paths.real_data_root())
    config = LongConfig(
        options.architecture,
        (rendered.corpus_name,),
        options.hyperparameters,
        seed=options.seed,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        segments_per_epoch=options.segments_per_epoch,
        segment_frames=round(options.segment_seconds * FPS),
        augmentation=Augmentation().without(options.without),
    )
    folder = paths.RESULTS / "rendered" / options.run_name
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


def _train_kinds(options: argparse.Namespace, rendered: Prepared) -> int:
    """Train a head for kinds and write the model with it; its confidences are chosen on the validation clips."""
    from adtlib.training import kinds
    from adtlib.transcription.packing import with_kinds
    from adtlib.transcription.pretrained import file_of, load_model

    path = file_of(options.kinds_for)
    network, config = load_model(path).network, kinds.KindsConfig(seed=options.seed)
    rendered.check()
    heard = {
        split: kinds.gather_examples(network, rendered, split, config, split == "train", partial(tqdm, desc=f"hear {split}"))
        for split in ("train", "validation")
    }
    head = kinds.fit_kinds(network, heard["train"], config, partial(tqdm, desc="train"))
    found, true = kinds.probabilities(head, heard["validation"]), heard["validation"].kinds
    confidences = kinds.least_confidences(found, true, config.precision)
    chosen_on = f"rendered validation clips, set {options.clips}: precision {config.precision:g}"
    out = paths.RESULTS / "rendered" / options.run_name / path.name
    paths.write_atomically(out, with_kinds(path, head, confidences, chosen_on))
    print(kinds.score_table(found, true, confidences).round(3).to_string(index=False))
    print(f"{paths.relative(out)}: {out.stat().st_size / 1e6:.2f} MB")
    return 0
