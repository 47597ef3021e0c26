"""`adt score`: score transcriptions against references, two files or two folders."""

import argparse
import json
import math
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adtlib import vocabulary
from adtlib.corpora.folder import NOT_AN_ANNOTATION, by_stem, find_files
from adtlib.evaluation import metrics
from adtlib.onsets import annotations, frames
from adtlib.onsets.own import is_own

_SAME = 0.002  # s, between equal onsets of text and MIDI files


class _Unscored(ValueError):
    """A pair of files that cannot be scored; the message names the file and the remedy."""


@dataclass
class _Told:
    """What the user is told besides the scores: pairs that were not scored, other losses, events outside the classes by side."""

    not_scored: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    ignored: dict[str, Counter] = field(default_factory=lambda: {"reference": Counter(), "estimate": Counter()})


def run(options: argparse.Namespace) -> int:
    """Print the scores of all pairs of files, pooled, as a table or as JSON; exit status 1 where files or labels were left out."""
    if not options.tolerance > 0:
        raise ValueError(f"--tolerance must be above 0 seconds, not {options.tolerance:g}")
    if options.tolerance > 1:
        raise ValueError(f"--tolerance {options.tolerance:g} is in seconds; 50 ms are 0.05")
    told = _Told()
    pairs, unpaired = _pairs(options.reference, options.estimate, options, told)
    counts = []
    for reference, estimate in pairs:
        try:
            truth = _read(reference, "reference", options, told)
            found = _read(estimate, "estimate", options, told)
        except _Unscored as error:
            told.not_scored.append(str(error))
            continue
        if not any(map(len, found)):
            print(f"adt: {estimate} contains no onset of the five classes", file=sys.stderr)
        counts.append(metrics.count_matches(truth, found, tolerance=options.tolerance))
    if not counts:
        raise ValueError("\n     ".join([*told.lost, *told.not_scored]))
    for side, ignored in told.ignored.items():
        if ignored:
            print(f"adt: {side}: {annotations.describe_ignored(ignored)}", file=sys.stderr)
    for sentence in told.lost:
        print(f"adt: warning: {sentence}", file=sys.stderr)
    report = _report(np.sum(counts, axis=0), options.tolerance, len(counts), unpaired, told.not_scored)
    print(json.dumps(report, indent=2, ensure_ascii=False) if options.json else _text(report))
    # What is left out does not lower the scores: the exit status says that these are incomplete.
    return 1 if unpaired["reference"] or told.not_scored or told.lost else 0


def _pairs(
    reference: Path, estimate: Path, options: argparse.Namespace, told: _Told
) -> tuple[list[tuple[Path, Path]], dict[str, list[str]]]:
    """Pairs of files, and the names of files without a counterpart."""
    for path in (reference, estimate):
        if not path.exists():
            raise ValueError(f"{path}: there is no such file or folder")
    if reference.is_dir() != estimate.is_dir():
        raise ValueError(f"{reference} and {estimate}: give two files or two folders")
    if not reference.is_dir():
        return [(reference, estimate)], {"reference": [], "estimate": []}
    truths, estimates = (_annotation_files(folder, told) for folder in (reference, estimate))
    named = [name for name in truths if name in estimates]
    if not named:
        raise ValueError(
            f"no file of {reference} ({len(truths)} annotations) has a counterpart in {estimate} ({len(estimates)}): "
            "files are paired by name without suffix"
        )
    pairs = []
    for name in named:
        try:
            pairs.append(tuple(_one_of(files[name], options) for files in (truths, estimates)))
        except _Unscored as error:
            told.not_scored.append(str(error))
    unpaired = {
        "reference": [path.name for name in truths if name not in estimates for path in truths[name]],
        "estimate": [path.name for name in estimates if name not in truths for path in estimates[name]],
    }
    return pairs, unpaired


def _annotation_files(folder: Path, told: _Told) -> dict[str, list[Path]]:
    """Annotation files of a folder and its subfolders, by path without suffix."""
    suffixes = annotations.TEXT_SUFFIXES + annotations.MIDI_SUFFIXES
    files = by_stem(folder, find_files(folder, suffixes, told.lost))
    return {name: of_name for name, of_name in files.items() if not NOT_AN_ANNOTATION.match(of_name[0].name)}


def _one_of(files: list[Path], options: argparse.Namespace) -> Path:
    """The file to read of those of one name: of equal ones text, whose times are exact; else the only one that a person made."""
    if len(files) == 1:
        return files[0]
    files = sorted(files, key=lambda path: path.suffix.lower() in annotations.MIDI_SUFFIXES)
    first, *others = (_annotation(path, options, True).onsets for path in files)
    if all(_same(first, other) for other in others):
        return files[0]
    by_hand = [path for path in files if not is_own(path)]
    if len(by_hand) != 1:
        raise _Unscored(f"{' and '.join(map(str, files))} have the same name but other onsets: remove one of them")
    rest = ", ".join(path.name for path in files if path not in by_hand)
    print(f"adt: {by_hand[0]} is read, and not {rest}, which adt transcribe wrote", file=sys.stderr)
    return by_hand[0]


def _same(one: frames.Onsets, other: frames.Onsets) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(len(a) == len(b) and np.allclose(a, b, rtol=0, atol=_SAME) for a, b in pairs)


def _read(path: Path, side: str, options: argparse.Namespace, told: _Told) -> frames.Onsets:
    """Onsets of one file; what is left out of it is noted."""
    annotation = _annotation(path, options, side == "estimate")
    mapping = _mapping(path, options)
    if annotation.unknown:
        told.lost.append(f"{path}: {annotations.describe_unknown(annotation.unknown, mapping)}")
    told.lost += annotation.remarks
    if not annotation.many_ignored:  # else a remark names the file
        told.ignored[side] += annotation.ignored
    return annotation.onsets


def _mapping(path: Path, options: argparse.Namespace) -> vocabulary.Mapping:
    return options.mapping if path.suffix.lower() in annotations.MIDI_SUFFIXES else vocabulary.ANY_TEXT


def _annotation(path: Path, options: argparse.Namespace, is_estimate: bool) -> annotations.Annotation:
    """Content of one file; an estimate may be empty. Raises _Unscored."""
    mapping = _mapping(path, options)
    try:
        return annotations.read_users_annotation(path, mapping, drum_channel_only=True, allow_empty=is_estimate)
    except annotations.AnnotationError as error:
        if path.suffix.lower() not in annotations.MIDI_SUFFIXES:
            raise _Unscored(str(error)) from None
        try:
            all_channels = annotations.read_users_annotation(path, mapping)
        except annotations.AnnotationError as second:
            raise _Unscored(str(second if options.all_channels else error)) from None
        if not options.all_channels:
            raise _Unscored(f"{error}, or take all its notes as drums with --all-channels") from None
        return all_channels


def _report(
    counts: np.ndarray, tolerance: float, n_files: int, unpaired: dict[str, list[str]], not_scored: list[str]
) -> dict[str, Any]:
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
        "not_scored": not_scored,
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
    lines += [f"NOT SCORED: {reason}" for reason in report["not_scored"]]
    return "\n".join(lines)
