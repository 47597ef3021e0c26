"""The command `adt`: what is there of the corpora, preparing them, scoring annotation files, running the notebooks.

What a command needs is imported inside it, so that help and errors of usage come at once. An error that the package
raised on purpose is shown as its sentence, without a traceback, and ends with status 1; wrong usage ends with 2.
"""

import argparse
import ast
import contextlib
import json
import math
import shutil
import sys
import textwrap
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from adtlib import paths

PREPARE_SPEED = 700  # seconds of audio a second, from wav to stored features, on two cores: the least that is measured
NAMES_SHOWN = 3  # of a list of missing files
COUNT_LENGTHS = 500  # up to so many tracks each is asked for its length; more are taken in proportion to the whole corpus


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for an error, 2 for wrong usage, 130 when interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return options.command(options)
    except KeyboardInterrupt:
        print("adt: interrupted; what was finished is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, `head` for example, has seen enough
        sys.stderr.close()
        return 0
    except (ValueError, OSError) as error:
        if options.debug or not _is_ours(error):
            traceback.print_exc()
            print(getattr(error, "traceback", ""), file=sys.stderr)
        print(f"adt: {error}", file=sys.stderr)
        return 1


def _is_ours(error: Exception) -> bool:
    """Whether the error was raised on purpose, for a user to read: by this package, or by the system for a file."""
    if isinstance(error, OSError):
        return True
    frame = error.__traceback__
    while frame.tb_next is not None:
        frame = frame.tb_next
    return str(frame.tb_frame.f_globals.get("__name__", "")).split(".")[0] == "adtlib"


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"adt: warning: {message}", file=sys.stderr)


# ---- the options ----------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where in the code an error arose")
    parser = argparse.ArgumentParser(prog="adt", description="Automatic Drum Transcription: the companion's command.")
    parser.add_argument("--version", action="version", version=f"adt {metadata.version('adtlib')}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_add_corpora, _add_prepare, _add_score, _add_run):
        add(commands, common)
    return parser


def _add(
    commands: Any, common: argparse.ArgumentParser, command: Any, help: str, more: str = "", epilog: str | None = None
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        command.__name__.removeprefix("_"),
        parents=[common],
        help=help,
        description=textwrap.fill(f"{help.capitalize()}{more}.", 78),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,  # keeps the lines of the examples
        allow_abbrev=False,
    )
    parser.set_defaults(command=command)
    return parser


def _add_root_options(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--data", metavar="ROOT", type=Path, help="folder of the corpora (default: $ADT_DATA, else data/ of the clone)"
    )
    where.add_argument("--profile", metavar="P", help="the corpora of this profile instead, for example miniature")


def _add_corpora(commands: Any, common: argparse.ArgumentParser) -> None:
    text = "show what is there of each corpus, what is missing and how to get it"
    parser = _add(commands, common, _corpora, text)
    _add_root_options(parser)
    parser.add_argument("--missing", action="store_true", help="name all that is missing, not only the first few")
    parser.add_argument("--json", action="store_true", help="print JSON, with all that is missing")


def _add_prepare(commands: Any, common: argparse.ArgumentParser) -> None:
    more = ". Interrupted work is taken up again. A broken track is left out and named at the end; the exit status is then 1"
    epilog = (
        "examples:\n  adt prepare --profile miniature\n  adt prepare Slakh ENST+MDB --data /media/corpora\n"
        "  adt prepare ~/my-recordings      (each recording with its .mid, .txt or .csv of the same name)"
    )
    parser = _add(commands, common, _prepare, "compute the features of corpora, once", more, epilog)
    parser.add_argument("corpora", metavar="CORPUS", nargs="*", help="name of a corpus, or a folder; default: all found")
    _add_root_options(parser)
    parser.add_argument("--workers", metavar="N", type=int, help="how many at once (default: one for each processor)")
    kinds = ("madmom", "thesis")
    parser.add_argument("--version", choices=kinds, default=kinds[0], help="kind of features (default: madmom)")


def _add_score(commands: Any, common: argparse.ArgumentParser) -> None:
    more = (
        ": two files, or two folders whose files are paired by name without suffix. Text ('<seconds> <label>' a line; labels of "
        "ENST, of MDB, or the field's names of the five classes) and MIDI may be mixed"
    )
    epilog = "examples:\n  adt score truth.txt estimate.mid\n  adt score annotations/ transcriptions/ --tolerance 0.025"
    parser = _add(commands, common, _score, "score a transcription against the truth", more, epilog)
    parser.add_argument("reference", metavar="REFERENCE", type=Path, help="the truth: file or folder")
    parser.add_argument("estimate", metavar="ESTIMATE", type=Path, help="what is scored: file or folder")
    parser.add_argument("--tolerance", metavar="S", type=float, default=0.05, help="+- seconds (default: 0.05)")
    parser.add_argument(
        "--mapping",
        choices=("roland", "general-midi"),
        default="roland",
        help="what MIDI pitches mean: Roland's kits, as E-GMD and SADTP (default), or General MIDI alone",
    )
    parser.add_argument(
        "--all-channels",
        action="store_true",
        help="of a MIDI file without a note on channel 10, take all channels as drums",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_run(commands: Any, common: argparse.ArgumentParser) -> None:
    more = (
        ". Stops at the first notebook that fails and shows the cell. Executed copies, tables and runs go to "
        "results/<profile>, pictures to figures/<profile>"
    )
    epilog = "examples:\n  adt run\n  adt run 41-45 50\n  adt run 43_crnn --profile thesis -p epochs 5"
    parser = _add(commands, common, _run, "run the notebooks in order, skipping what is up to date", more, epilog)
    parser.add_argument("notebooks", metavar="NOTEBOOK", nargs="*", help="50, 41-45, 50_architecture_study or a path")
    parser.add_argument("--profile", metavar="P", default="miniature", help="a file of params/ (default: miniature)")
    parser.add_argument(
        "-p",
        "--parameter",
        dest="parameters",
        metavar=("NAME", "VALUE"),
        nargs=2,
        action="append",
        default=[],
        help="override a value of the profile, by the name that the notebook's parameters cell gives it; repeatable",
    )
    parser.add_argument("--force", action="store_true", help="run what is up to date too")
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=float,
        help="seconds that one cell may take (default: a day on real data, else half an hour)",
    )


# ---- adt corpora ----------------------------------------------------------------------------------------------------


def _root(options: argparse.Namespace) -> Path:
    """The data root that the options choose, resolved; ValueError where --data is no folder."""
    if options.profile:
        from adtlib import params

        return Path(params.load_profile(options.profile).data_root)
    root = (options.data or paths.real_data_root()).expanduser().resolve()
    if options.data and not root.is_dir():
        raise ValueError(f"{options.data} is not a folder: give the one that holds the corpora")
    return root


def _corpora(options: argparse.Namespace) -> int:
    from adtlib.corpora import CORPORA, open_corpus

    root = _root(options)
    reports = [_inspect(open_corpus(name, root)) for name in CORPORA]
    if options.json:
        print(json.dumps({"root": str(root), "corpora": reports}, indent=2, ensure_ascii=False))
        return 0
    print(f"Corpora in {paths.relative(root)}\n")
    for report in reports:
        print("\n".join(_corpus_lines(report, options.missing)) + "\n")
    print("`adt prepare` computes features of all that is found; `adt corpora --missing` names all that is missing.")
    return 0


def _count(corpus: Any, split: str) -> int:
    """Units of a split found on disk: tracks, or sequences where there are no tracks."""
    return corpus.count(split) if corpus.info.unit == "sequence" else len(corpus.tracks(split))


def _inspect(corpus: Any) -> dict[str, Any]:
    """All that `adt corpora` says of one corpus, as plain data."""
    from adtlib.features import FPS, N_BANDS

    info = corpus.info
    splits = {split: {"found": _count(corpus, split), "expected": corpus.expected(split)} for split in corpus.splits}
    found = sum(split["found"] for split in splits.values())
    expected, seconds = corpus.expected(), _found_seconds(corpus, found)
    # One entry a track: thousands of them are alike where names are not known, or are the numbers of sequences.
    missing = Counter(entry.partition(", sequence ")[0] for entry in corpus.missing())
    return {
        "name": info.name,
        "title": info.title,
        "unit": info.unit,
        "root": str(corpus.root),
        "miniature": corpus.miniature,
        "found": found,
        "expected": expected,
        # A generated corpus has no size that it ought to have: it is complete where nothing that was written is lost.
        "complete": found > 0 and not missing and (expected is None or found >= expected),
        "splits": splits,
        "missing": dict(missing),
        "licence": info.licence,
        "url": info.url,
        "remedy": info.remedy,
        "download_gb": info.disk_gb,
        "prepare_gb": seconds * FPS * N_BANDS * 2 / 1e9,  # float16
        "prepare_seconds": seconds / PREPARE_SPEED,
        "prepared": _prepared_counts(corpus),
    }


def _found_seconds(corpus: Any, found: int) -> float:
    """Duration of what is there of a corpus, in seconds: exact for a few tracks, else in proportion."""
    if corpus.info.unit == "sequence":
        return found * 4.0
    if found > COUNT_LENGTHS:
        return corpus.info.hours * 3600 * found / max(corpus.expected() or found, 1)
    import soundfile

    seconds = 0.0
    for track in corpus.tracks():
        with contextlib.suppress(soundfile.LibsndfileError, OSError):  # `adt prepare` will say that it is broken
            seconds += soundfile.info(track.audio[0]).duration
    return seconds


def _prepared_counts(corpus: Any) -> dict[str, int]:
    """Units prepared, by split; empty where nothing is."""
    from adtlib.prepared import Prepared, PreparedError, prepared_folder

    folder = prepared_folder(corpus)
    if not (folder / "index.json").is_file():
        return {}
    try:
        prepared = Prepared(folder)
        return {split: len(prepared.units(split)) for split in prepared.splits}
    except PreparedError:  # of another version: it has to be prepared again
        return {}


def _corpus_lines(report: dict[str, Any], all_missing: bool) -> list[str]:
    def of(part: dict[str, Any]) -> str:
        return f"{part['found']:,}" + (f" of {part['expected']:,}" if part["expected"] is not None else "")

    state = "complete" if report["complete"] else "incomplete" if report["found"] else "not found"
    splits = ", ".join(f"{name} {of(split)}" for name, split in report["splits"].items())
    rows = [("", f"{state}: {of(report)} {report['unit']}s ({splits})")]
    if report["miniature"]:
        rows.append(("note", "generated miniature, not the corpus of the thesis"))
    missing = list(report["missing"].items())
    shown = missing if all_missing else missing[:NAMES_SHOWN]
    for index, (name, count) in enumerate(shown):
        several = f", {count:,} {report['unit']}s" if count > 1 else ""
        rows.append(("" if index else "missing", f"{name}{several}"))
    if len(missing) > len(shown):
        rows.append(("", f"and {sum(count for _, count in missing[len(shown) :]):,} {report['unit']}s more"))
    rows.append(("licence", report["licence"]))
    if not report["complete"]:
        size = f"{report['download_gb']:g} GB, " if report["download_gb"] else ""
        rows.append(("to get", f"{report['remedy']} ({size}{report['url']})"))
    if report["found"]:
        cost = f"{_size(report['prepare_gb'])} in cache/, {_duration(report['prepare_seconds'])} on two cores"
        done = ", ".join(f"{split} {count:,}" for split, count in report["prepared"].items())
        rows.append(("prepare", f"{cost}; " + (f"prepared: {done}" if done else "not prepared yet")))
    width = max(shutil.get_terminal_size().columns - 22, 40)
    lines = [f"{report['name']:<12}{rows[0][1]}"]
    for label, text in rows[1:]:
        sentence = label in ("licence", "to get", "prepare")  # the others are file names, which are not to be broken
        parts = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) if sentence else [text]
        lines += [f"{'':<12}{'' if index else label:<10}{part}" for index, part in enumerate(parts)]
    return lines


def _size(gigabytes: float) -> str:
    return f"{gigabytes:.1f} GB" if gigabytes >= 1 else f"{max(gigabytes * 1000, 1):.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute"
    return f"about {seconds / 3600:.1f} h" if seconds >= 3600 else f"about {round(seconds / 60)} min"


# ---- adt prepare ----------------------------------------------------------------------------------------------------


def _chosen_corpora(options: argparse.Namespace) -> list[Any]:
    """The corpora of the command line, opened: names in any case, folders; all that are found without any."""
    from adtlib.corpora import CORPORA, open_corpus

    if options.profile:
        from adtlib import params

        there = params.open_corpora(params.load_profile(options.profile), progress=_show_writing)
    else:
        root = _root(options)
        there = {name: open_corpus(name, root) for name in CORPORA}
    if not options.corpora:
        found = [corpus for corpus in there.values() if corpus.present]
        if not found:
            raise ValueError("no corpus was found: see `adt corpora` for where they belong, or name a folder")
        return found
    by_name = {name.lower(): corpus for name, corpus in there.items()}
    chosen = []
    for name in options.corpora:
        corpus = by_name.get(name.lower())
        if corpus is None:
            if not Path(name).expanduser().is_dir():
                raise ValueError(f"{name!r} is neither a corpus ({', '.join(there)}) nor a folder")
            corpus = open_corpus(Path(name).expanduser())
        if not corpus.present:
            raise ValueError(f"{corpus.info.name} was not found in {corpus.root}: {corpus.info.remedy}")
        chosen.append(corpus)
    return chosen


def _show_writing(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    if end or sys.stderr.isatty():
        print(f"\rwriting the miniature corpora: {done} of {total} performances", end=end, file=sys.stderr, flush=True)


def _prepare(options: argparse.Namespace) -> int:
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"--workers has to be at least 1, not {options.workers}")
    corpora = _chosen_corpora(options)
    from adtlib.prepared import prepare

    problems, broken = [], 0
    for corpus in corpora:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the problems are listed below, once
            done = prepare(corpus, version=options.version, workers=options.workers)
        counts = {split: (len(done.units(split)), _count(corpus, split)) for split in corpus.splits}
        broken += sum(found - prepared for prepared, found in counts.values())
        listed = ", ".join(f"{split} {prepared:,} of {found:,}" for split, (prepared, found) in counts.items())
        print(f"{corpus.info.name}: prepared {corpus.info.unit}s: {listed}; in {paths.relative(done.folder)}")
        problems += done.problems
    if problems:
        print(f"\nProblems ({len(problems)}):")
        print("\n".join(f"  {problem}" for problem in problems))
    return 1 if broken else 0


# ---- adt score ------------------------------------------------------------------------------------------------------


def _score(options: argparse.Namespace) -> int:
    if not options.tolerance > 0:
        raise ValueError(f"--tolerance has to be above 0 seconds, not {options.tolerance:g}")
    import numpy as np

    from adtlib import evaluation

    pairs, unpaired = _pairs(options.reference, options.estimate)
    counts = []
    for reference, estimate in pairs:
        truth = _read(reference, options)
        counts.append(evaluation.count_matches(truth, _read(estimate, options, True), tolerance=options.tolerance))
    report = _score_report(np.sum(counts, axis=0), options, len(pairs), unpaired)
    print(json.dumps(report, indent=2, ensure_ascii=False) if options.json else _score_text(report))
    return 0


def _annotation_files(folder: Path) -> dict[str, Path]:
    """Annotation files of a folder and those below, by path without suffix; ValueError where two share a name."""
    from adtlib.onsets import MIDI_SUFFIXES, TEXT_SUFFIXES

    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in TEXT_SUFFIXES + MIDI_SUFFIXES and not path.name.startswith("."):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in files:
                raise ValueError(f"{files[name]} and {path} have one name: leave one of them in the folder")
            files[name] = path
    return files


def _pairs(reference: Path, estimate: Path) -> tuple[list[tuple[Path, Path]], dict[str, list[str]]]:
    """Files to compare, and the names of those that have no counterpart."""
    for path in (reference, estimate):
        if not path.exists():
            raise ValueError(f"{path}: no such file or folder")
    if reference.is_dir() != estimate.is_dir():
        raise ValueError(f"{reference} and {estimate}: give two files or two folders")
    if not reference.is_dir():
        return [(reference, estimate)], {"reference": [], "estimate": []}
    truths, estimates = _annotation_files(reference), _annotation_files(estimate)
    pairs = [(truths[name], estimates[name]) for name in truths if name in estimates]
    if not pairs:
        raise ValueError(
            f"no file of {reference} ({len(truths)} annotations) has the name of one in {estimate} ({len(estimates)}): "
            "files are paired by name without suffix"
        )
    unpaired = {
        "reference": [truths[name].name for name in truths if name not in estimates],
        "estimate": [estimates[name].name for name in estimates if name not in truths],
    }
    return pairs, unpaired


def _read(path: Path, options: argparse.Namespace, is_estimate: bool = False) -> Any:
    """Onsets of one file; an estimate may be empty: a system that found nothing."""
    from adtlib import onsets, vocabulary

    if path.suffix.lower() not in onsets.MIDI_SUFFIXES:
        return onsets.read_onsets(path, vocabulary.ANY_TEXT, allow_empty=is_estimate)
    mapping = vocabulary.ROLAND if options.mapping == "roland" else vocabulary.GENERAL_MIDI
    try:
        return onsets.read_onsets(path, mapping, drum_channel_only=True, allow_empty=is_estimate)
    except onsets.AnnotationError as error:
        try:
            everything = onsets.read_onsets(path, mapping)
        except onsets.AnnotationError:
            raise error from None
        if not options.all_channels:
            raise ValueError(f"{error}, or take all its notes as drums with --all-channels") from None
        return everything


def _score_report(counts: Any, options: argparse.Namespace, n_files: int, unpaired: dict[str, list[str]]) -> dict[str, Any]:
    from adtlib import evaluation
    from adtlib.vocabulary import CLASSES

    scores = {name: _number(value) for name, value in evaluation.scores(counts).items()}
    rows = {}
    for name, row in [*zip(CLASSES, counts, strict=True), ("micro", counts.sum(axis=0))]:
        measures = {measure: scores[f"{measure}_{name}"] for measure in ("precision", "recall", "f1")}
        rows[name] = {**measures, **dict(zip(("tp", "fp", "fn"), map(int, row), strict=True))}
    return {
        "n_files": n_files,
        "tolerance": options.tolerance,
        "matching": "each onset to at most one of its class, as many as possible, within the tolerance",
        "averaging": "micro: counts of all files and classes together; macro: mean F1 of the classes that occur",
        "scores": rows,
        "f1_micro": scores["f1_micro"],
        "f1_macro": scores["f1_macro"],
        "unpaired": unpaired,
    }


def _number(value: float) -> float | None:
    """A float, or None where it is not defined: JSON has no NaN."""
    return None if math.isnan(value) else float(value)


def _score_text(report: dict[str, Any]) -> str:
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
            lines.append(f"not scored, {len(names)} {side} files without a counterpart: {', '.join(names)}")
    return "\n".join(lines)


# ---- adt run --------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from adtlib import runner

    parameters = {name: _literal(value) for name, value in options.parameters}
    runner.run_notebooks(options.notebooks, options.profile, parameters, options.force, options.timeout)
    return 0


def _literal(text: str) -> Any:
    """A value as Python would write it (`3`, `1e-3`, `True`, `None`, `[1, 2]`); anything else is text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    sys.exit(main())
