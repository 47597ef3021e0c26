"""The command `adt`: transcribing recordings, what is there of the corpora, preparing them, scoring, running the notebooks.

The commands themselves are the modules of `commands`. Only the one that is asked for is imported, so that help and errors of
usage come at once. An error that the package raised on purpose is shown as its sentence, without a traceback, and ends
with status 1; wrong usage ends with 2.
"""

import argparse
import importlib
import sys
import textwrap
import traceback
import warnings
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from adtlib.vocabulary import CLASSES, FIVE_CLASS, UnknownLabel


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for an error, 2 for wrong usage, 130 when interrupted."""
    parser = option_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return importlib.import_module(f"adtlib.commands.{options.command}").run(options)
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


def option_parser() -> argparse.ArgumentParser:
    """The parser of `adt` with all its sub-commands."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where in the code an error arose")
    parser = argparse.ArgumentParser(prog="adt", description="Automatic Drum Transcription: the companion's command.")
    parser.add_argument("--version", action="version", version=f"adt {metadata.version('adtlib')}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_add_transcribe, _add_corpora, _add_prepare, _add_score, _add_run):
        add(commands, common)
    return parser


def _add(
    commands: Any, common: argparse.ArgumentParser, command: str, help: str, more: str = "", epilog: str | None = None
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        command,
        parents=[common],
        help=help,
        description="\n\n".join(textwrap.fill(part, 78) for part in f"{help.capitalize()}{more}.".split("\n\n")),
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
    parser = _add(commands, common, "corpora", text)
    _add_root_options(parser)
    parser.add_argument("--missing", action="store_true", help="name all that is missing, not only the first few")
    parser.add_argument("--json", action="store_true", help="print JSON, with all that is missing")


def _add_prepare(commands: Any, common: argparse.ArgumentParser) -> None:
    more = ". Interrupted work is taken up again. A broken track is left out and named at the end; the exit status is then 1"
    epilog = (
        "examples:\n  adt prepare --profile miniature\n  adt prepare Slakh ENST+MDB --data /media/corpora\n"
        "  adt prepare ~/my-recordings      (each recording with its .mid, .txt or .csv of the same name)"
    )
    parser = _add(commands, common, "prepare", "compute the features of corpora, once", more, epilog)
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
    parser = _add(commands, common, "score", "score a transcription against the truth", more, epilog)
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


def _add_transcribe(commands: Any, common: argparse.ArgumentParser) -> None:
    more = (
        ": MIDI, a table, a score, something to listen to. wav, flac, ogg, mp3 and more; m4a and the like where ffmpeg is "
        "installed. Folders with all that is below them. A recording that is broken is left out and named at the end; the exit "
        "status is then 1.\n\n"
        "Five classes are heard: KD, the kick drum; SD, the snare drum, side stick included; TT, all toms as one; HH, the hi-hat, "
        "open and closed alike; CY, all other cymbals, ride and crash alike. Bars are written as 4/4, and where they begin is "
        "a guess"
    )
    epilog = (
        "examples:\n  adt transcribe song.mp3\n  adt transcribe album/ --out transcriptions --format mid,csv,pdf --listen\n"
        "  adt transcribe song.wav --threshold HH=0.4 --quantise 16 --drum-map roland\n\n"
        "Of song.mp3 it writes song.mid (channel 10; tempo and bar lines; notes where they\n"
        "were heard), song.csv (time_seconds, class, pitch, velocity, confidence),\n"
        "song.musicxml, song.svg and song.pdf (scores, in sixteenths and triplets, or as\n"
        "--quantise says). With --listen: song.clicks.wav (the recording and clicks) and\n"
        "song.drums.wav (the drums alone, on a sampled kit). What is there under these\n"
        "names stays, and its recording is not transcribed, unless --overwrite is given."
    )
    parser = _add(commands, common, "transcribe", "transcribe the drums of recordings", more, epilog)
    parser.add_argument("audio", metavar="AUDIO", nargs="+", help="recordings, and folders of recordings")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help="where results go (default: the current folder)")
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there already")
    parser.add_argument(
        "--model", metavar="M", help="a shipped model's name, a model file or a run's folder (default: the shipped one)"
    )
    parser.add_argument(
        "--threshold",
        metavar="X",
        type=_thresholds,
        action=_Gather,
        default={},
        help="activation, 0 to 1, from which on there is an onset: 0.4 for all classes, HH=0.2,SD=0.3 for some; higher: fewer "
        "onsets, but surer ones; repeatable (default: the model's, which are printed at the end)",
    )
    parser.add_argument(
        "--format",
        metavar="F,...",
        type=_formats,
        default=["mid", "csv"],
        help="of mid, csv, musicxml, svg, pdf, separated by commas (default: mid,csv)",
    )
    parser.add_argument(
        "--quantise",
        "--quantize",
        metavar="N",
        type=_grid,
        help="move the notes of MIDI and score to a grid of so many parts of a whole note, 16 or 1/16 for sixteenths: 4, 8, 16, "
        "32; as triplets 12, 24, 48 (of eighths, sixteenths, thirty-seconds)",
    )
    parser.add_argument(
        "--first-bar",
        metavar="SECONDS",
        type=float,
        help="a moment of the recording at which a bar begins, where bar lines are not found: bars of four are counted from it",
    )
    parser.add_argument(
        "--drum-map",
        metavar="MAP",
        type=_drum_map,
        help="pitches: general-midi (default), roland, alesis, addictive-drums-2, hydrogen; KD=35,SD=40; a .csv or .json file",
    )
    parser.add_argument("--listen", action="store_true", help="write the recording with clicks, and the drums played, as wav")


class _Gather(argparse.Action):
    """Dictionaries of a repeatable option as one; what is given later counts."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        setattr(namespace, self.dest, getattr(namespace, self.dest) | values)


def _thresholds(text: str) -> dict[str, float]:
    """Of "0.4", or of "HH=0.2,snare=0.3": the threshold of each class that is meant."""
    found = {}
    for part in text.split(","):
        label, named, value = part.rpartition("=")
        try:
            names = (CLASSES[FIVE_CLASS.class_index(label.strip())],) if named else CLASSES
            number = float(value)
        except (UnknownLabel, ValueError):
            number = -1.0
        if not 0 <= number <= 1:
            raise argparse.ArgumentTypeError(
                f"{part!r}: give a number in 0 to 1 for all classes, as in 0.4, or after one of {', '.join(CLASSES)}, as in HH=0.4"
            )
        found |= dict.fromkeys(names, number)
    return found


def _grid(text: str) -> int:
    from adtlib.song_midi import QUANTISE

    number, choices = text.strip().removeprefix("1/"), [str(parts) for parts in QUANTISE]
    if number not in choices:
        raise argparse.ArgumentTypeError(f"{text!r} is no grid: choose of {', '.join(choices)} (12, 24, 48: triplets)")
    return int(number)


def _drum_map(text: str):
    from adtlib.drum_maps import DrumMapError, drum_map

    try:
        return drum_map(text)
    except DrumMapError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _formats(text: str) -> list[str]:
    known = ("mid", "csv", "musicxml", "svg", "pdf")
    chosen = list(dict.fromkeys(part.strip().lower().lstrip(".") for part in text.split(",") if part.strip()))
    chosen = ["mid" if part == "midi" else part for part in chosen]
    if not chosen or (unknown := [part for part in chosen if part not in known]):
        raise argparse.ArgumentTypeError(f"{unknown[0] if chosen else text!r} is no format: choose of {', '.join(known)}")
    return chosen


def _add_run(commands: Any, common: argparse.ArgumentParser) -> None:
    more = (
        ". Stops at the first notebook that fails and shows the cell. Executed copies, tables and runs go to "
        "results/<profile>, pictures to figures/<profile>"
    )
    epilog = "examples:\n  adt run\n  adt run 41-45 50\n  adt run 43_crnn --profile thesis -p epochs 5"
    parser = _add(commands, common, "run", "run the notebooks in order, skipping what is up to date", more, epilog)
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
        "--ray-address",
        metavar="A",
        type=_ray_address,
        help="train on the Ray cluster at this address, of which this machine is a node: HOST:PORT or auto (default: $RAY_ADDRESS)",
    )
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=float,
        help="seconds that one cell may take (default: a day on real data, else two hours)",
    )


def _ray_address(text: str) -> str:
    if text.startswith("ray://"):
        raise argparse.ArgumentTypeError(
            f"{text}: results come to a node of the cluster; make this machine one with "
            "'ray start --address=HOST:PORT --num-cpus=0' and give HOST:PORT"
        )
    return text
