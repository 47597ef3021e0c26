"""`adt score`: score transcriptions against references, two files or two folders."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from adtlib import vocabulary
from adtlib.evaluation import metrics
from adtlib.onsets import annotations, frames


def run(options: argparse.Namespace) -> int:
    """Print the scores of all pairs of files, pooled, as a table or as JSON; exit status 1 for references without an estimate."""
    if not options.tolerance > 0:
        raise ValueError(f"--tolerance must be above 0 seconds, not {options.tolerance:g}")
    if options.tolerance > 1:
        raise ValueError(f"--tolerance {options.tolerance:g} is in seconds; 50 ms are 0.05")
    pairs, unpaired = _pairs(options.reference, options.estimate)
    counts = []
    for reference, estimate in pairs:
        truth = _read(reference, options)
        found = _read(estimate, options, True)
        if not any(map(len, found)):
            print(f"adt: {estimate} contains no onset of the five classes", file=sys.stderr)
        counts.append(metrics.count_matches(truth, found, tolerance=options.tolerance))
    report = _report(np.sum(counts, axis=0), options.tolerance, len(pairs), unpaired)
    print(json.dumps(report, indent=2, ensure_ascii=False) if options.json else _text(report))
    # References without an estimate do not lower the scores: the exit status says that these are incomplete.
    return 1 if unpaired["reference"] else 0


def _pairs(reference: Path, estimate: Path) -> tuple[list[tuple[Path, Path]], dict[str, list[str]]]:
    """Pairs of files, and the names of files without a counterpart."""
    for path in (reference, estimate):
        if not path.exists():
            raise ValueError(f"{path}: there is no such file or folder")
    if reference.is_dir() != estimate.is_dir():
        raise ValueError(f"{reference} and {estimate}: give two files or two folders")
    if not reference.is_dir():
        return [(reference, estimate)], {"reference": [], "estimate": []}
    truths, estimates = _annotation_files(reference), _annotation_files(estimate)
    pairs = [(truths[name], estimates[name]) for name in truths if name in estimates]
    if not pairs:
        raise ValueError(
            f"no file of {reference} ({len(truths)} annotations) has a counterpart in {estimate} ({len(estimates)}): "
            "files are paired by name without suffix"
        )
    unpaired = {
        "reference": [truths[name].name for name in truths if name not in estimates],
        "estimate": [estimates[name].name for name in estimates if name not in truths],
    }
    return pairs, unpaired


def _annotation_files(folder: Path) -> dict[str, Path]:
    """Annotation files of a folder and its subfolders, by path without suffix; ValueError if two share a name."""
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in annotations.TEXT_SUFFIXES + annotations.MIDI_SUFFIXES and not path.name.startswith("."):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in files:
                raise ValueError(f"{files[name]} and {path} have the same name: remove one of them")
            files[name] = path
    return files


def _read(path: Path, options: argparse.Namespace, is_estimate: bool = False) -> frames.Onsets:
    """Onsets of one file; an estimate may be empty."""
    if path.suffix.lower() not in annotations.MIDI_SUFFIXES:
        return annotations.read_onsets(path, vocabulary.ANY_TEXT, allow_empty=is_estimate)
    mapping = vocabulary.ROLAND if options.mapping == "roland" else vocabulary.GENERAL_MIDI
    try:
        return annotations.read_onsets(path, mapping, drum_channel_only=True, allow_empty=is_estimate)
    except annotations.AnnotationError as error:
        try:
            all_channels = annotations.read_onsets(path, mapping)
        except annotations.AnnotationError:
            raise error from None
        if not options.all_channels:
            raise ValueError(f"{error}, or take all its notes as drums with --all-channels") from None
        return all_channels


def _report(counts: np.ndarray, tolerance: float, n_files: int, unpaired: dict[str, list[str]]) -> dict[str, Any]:
    """The report as plain data; `counts` (5, 3) are true positives, false positives and false negatives."""
    # JSON has no NaN: undefined values are None.
    scores = {name: None if math.isnan(value) else float(value) for name, value in metrics.scores(counts).items()}
    rows = {}
    for name, row in [*zip(vocabulary.CLASSES, counts, strict=True), ("micro", counts.sum(axis=0))]:
        measures = {measure: scores[f"{measure}_{name}"] for measure in ("precision", "recall", "f1")}
        rows[name] = {**measures, **dict(zip(("tp", "fp", "fn"), map(int, row), strict=True))}
    return {
        "n_files": n_files,
        "tolerance": tolerance,
        "matching": "each onset to at most one of its class, as many as possible, within the tolerance",
        "averaging": "micro: counts of all files and classes together; macro: mean F1 of the classes that occur",
        "scores": rows,
        "f1_micro": scores["f1_micro"],
        "f1_macro": scores["f1_macro"],
        "unpaired": unpaired,
    }


def _text(report: dict[str, Any]) -> str:
    def cell(value: float | None) -> str:
        return f"{'-' if value is None else format(value, '.3f'):>11}"

    lines = [f"{'':<6}{'precision':>11}{'recall':>11}{'F1':>11}{'tp':>9}{'fp':>9}{'fn':>9}"]
    for name, row in report["scores"].items():
        shares = "".join(cell(row[key]) for key in ("precision", "recall", "f1"))
        lines.append(f"{name:<6}{shares}" + "".join(f"{row[key]:>9,}" for key in ("tp", "fp", "fn")))
    lines.append(f"{'macro':<6}{'':>22}{cell(report['f1_macro'])}")
    lines += ["", f"files: {report['n_files']}, tolerance: +-{1000 * report['tolerance']:g} ms"]
    lines += [f"matching: {report['matching']}", report["averaging"]]
    for side, names in report["unpaired"].items():
        if names:
            lines.append(f"NOT SCORED, {side} without a counterpart ({len(names)}): {', '.join(names)}")
    return "\n".join(lines)
