"""`adt pack`: pack runs into one file for `adtlib.transcription.pretrained.load_model`, or write a model's network as ONNX."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adtlib import paths
from adtlib.cli.options import SONGS
from adtlib.transcription.packing import pack
from adtlib.transcription.pretrained import ModelError, chosen_thresholds, load_model

DULL_HZ = 11_000.0  # old records and low-rate encoders lose what is above


def run(options: argparse.Namespace) -> int:
    """Write the file, and check that it can be read."""
    if options.onnx or options.graph:
        return _write_onnx(options)
    if options.out.suffix != ".safetensors":
        raise ModelError(f"{options.out}: give it the suffix .safetensors")
    named = {"name": options.out.stem, "about": options.about, "licence": options.licence}
    how = {"average": options.average, "half": options.half, "double": options.double, "repetition": options.repetition}
    thresholds, chosen_on = _thresholds(options, how)
    paths.write_atomically(options.out, pack(_members(options.runs), thresholds, chosen_on=chosen_on, **named, **how))
    model = load_model(options.out, engine="torch")  # checks the written file
    listed = ", ".join(f"{name} {value:g}" for name, value in model.thresholds.items())
    print(
        f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, {len(options.runs)} members; thresholds {listed} ({chosen_on})"
    )
    return 0


def _write_onnx(options: argparse.Namespace) -> int:
    from adtlib.models.engines import SUFFIX
    from adtlib.transcription.onnx_export import to_graph, to_onnx

    kind = "--graph" if options.graph else "--onnx"
    if options.out.suffix != SUFFIX:
        raise ModelError(f"{options.out}: give it the suffix {SUFFIX}")
    if len(options.runs) > 1:
        raise ModelError(f"{kind} writes one model, {len(options.runs)} are given: pack the runs into one file first")
    given = [f"--{name.replace('_', '-')}" for name in _OF_RUNS if getattr(options, name)]
    if given:
        raise ModelError(f"{given[0]} is for packing runs: with {kind} everything is that of the model")
    model = load_model(options.runs[0], engine="torch")
    paths.write_atomically(options.out, to_graph(model) if options.graph else to_onnx(model))
    listed = ", ".join(f"{name} {value:g}" for name, value in model.thresholds.items())
    what = "without its weights" if options.graph else f"thresholds {listed}"
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, the network of {model.name}; {what}")
    return 0


def _members(runs: Sequence[Path]) -> list[Path | list[Path]]:
    """Folders of runs; A+B, where there is no folder of that name, is a member of the mean of their weights."""
    return [run if run.is_dir() or "+" not in str(run) else [Path(part) for part in str(run).split("+")] for run in runs]


_OF_RUNS = ("thresholds", "choose_on", "double", "repetition", "half", "about", "licence")


def _thresholds(options: argparse.Namespace, how: dict):
    """(thresholds, their source in words)."""
    if options.thresholds:
        return options.thresholds, "given"
    if options.choose_on:
        sets = [SONGS.get(name, f"rendered validation clips, set {name}") for name in options.choose_on]
        return _choose(options, how), "; ".join(sets)
    found = chosen_thresholds(options.runs[0])
    if len(options.runs) > 1 or found is None:
        why = "an ensemble has thresholds of its own" if len(options.runs) > 1 else f"{options.runs[0]} has none chosen"
        raise ModelError(f"{why}: choose them with --choose-on SET, or give them with --thresholds")
    return found, "the run's validation data"


def _choose(options: argparse.Namespace, how: dict) -> tuple[float, ...]:
    """Thresholds of the model in its stored form, chosen on recordings outside its training data; all sets have equal weight."""
    from adtlib.training.scoring import predicted_pairs, thresholds_for
    from adtlib.transcription.repetition import second_look

    sets = [units for name in options.choose_on for units in _validation(name)]
    draft = options.out.with_name(f".{options.out.stem}.draft.safetensors")
    try:
        paths.write_atomically(draft, pack(_members(options.runs), 0.5, "draft", **how))
        model = load_model(draft, engine="torch")
    finally:
        draft.unlink(missing_ok=True)
    heard = [predicted_pairs(model.network, units) for units in sets]
    pairs = [[(second_look(found, model.repetition, model.peak_picking), onsets) for found, onsets in pairs] for pairs in heard]
    return thresholds_for(pairs, replace(model.peak_picking, threshold=0.5))


def _validation(name: str) -> list[list]:
    """The validation units of a rendered set, or of sets of real songs."""
    from adtlib.training.board import board
    from adtlib.training.real_songs import real_units
    from adtlib.training.rendered_clips import open_clips

    if name not in SONGS:
        return [open_clips(name).units("validation")]
    root = paths.real_data_root()
    if songs := board(root) if name == "board" else real_units(root, DULL_HZ if name == "dull-songs" else None):
        return list(songs.values())
    raise ModelError(f"{root} contains no songs of MDB Drums: set ADT_DATA to a folder with them")
