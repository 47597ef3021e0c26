"""`adt pack`: pack runs into one file for `adtlib.transcription.pretrained.load_model`, or write a model's network as ONNX."""

import argparse
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
    how = {"average": options.average, "half": options.half, "double": options.double}
    how |= {"repetition": options.repetition, "rests": options.rests}
    members = [_member(run) for run in options.runs]
    thresholds, chosen_on = _thresholds(options, members, how)
    paths.write_atomically(options.out, pack(members, thresholds, chosen_on=chosen_on, **named, **how))
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


_OF_RUNS = ("thresholds", "choose_on", "double", "repetition", "rests", "half", "about", "licence")


def _member(run: Path) -> Path | list[Path]:
    """The folder of a run; of A+B, where there is no folder of that name, those whose weights are averaged."""
    return run if run.is_dir() or "+" not in str(run) else [Path(part) for part in str(run).split("+")]


def _thresholds(options: argparse.Namespace, members: list, how: dict):
    """(thresholds, their source in words)."""
    if options.thresholds:
        return options.thresholds, "given"
    if options.choose_on:
        sets = [SONGS.get(name, f"rendered validation clips, set {name}") for name in options.choose_on]
        return _choose(options, members, how), "; ".join(sets)
    one = members[0] if len(members) == 1 and isinstance(members[0], Path) else None
    found = chosen_thresholds(one) if one else None
    if found is None:
        why = f"{one} has none chosen" if one else "an ensemble, or a mean of weights, has thresholds of its own"
        raise ModelError(f"{why}: choose them with --choose-on SET, or give them with --thresholds")
    return found, "the run's validation data"


def _choose(options: argparse.Namespace, members: list, how: dict) -> tuple[float, ...]:
    """Thresholds of the model in its stored form, chosen on recordings outside its training data; all sets have equal weight."""
    from adtlib.training.scoring import predicted_pairs, thresholds_for

    sets = [units for name in options.choose_on for units in _validation(name)]
    draft = options.out.with_name(f".{options.out.stem}.draft.safetensors")
    try:
        paths.write_atomically(draft, pack(members, 0.5, "draft", **how))
        model = load_model(draft, engine="torch")
    finally:
        draft.unlink(missing_ok=True)
    pairs = [[(model.looked_again(found), onsets) for found, onsets in predicted_pairs(model.network, units)] for units in sets]
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
