"""The options of `adt` and of its sub-commands, and their values. Imports nothing heavy, so that help appears at once."""

import argparse
import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from adtlib import __version__
from adtlib.cli.parser import Parser
from adtlib.vocabulary import CLASSES, FIVE_CLASS, Mapping as PitchMapping, UnknownLabel, pitch_mapping

# Sets of songs for choosing thresholds, and what model files say of them.
SONGS = {
    "real-songs": "the MDB Drums songs at hand, drums alone and mixes",
    "dull-songs": "the MDB Drums songs at hand without what is above 11 kHz, drums alone and mixes",
    "board": "songs of MDB Drums and pieces of ENST drummer 2 at hand, drums and mixes, in the forms in which people have them",
}

# ---- the options ----------------------------------------------------------------------------------------------------


def option_parser() -> argparse.ArgumentParser:
    """The parser of `adt` with all its sub-commands."""
    debug = {"action": "store_true", "default": argparse.SUPPRESS, "help": "show where in the code an error arose"}
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", **debug)
    parser = Parser(
        prog="adt",
        description="Automatic Drum Transcription: the drums of recordings as MIDI, sheet music and charts ('adt transcribe'); "
        "and the companion of a thesis on it: corpora, notebooks, studies, models.",
        epilog="'adt help COMMAND' tells more of a command; so do the topics exit-codes, formats and drum-maps.",
    )
    parser.add_argument("--version", action="version", version=f"adt {__version__}")
    parser.add_argument("--debug", **debug)
    parser.set_defaults(command=None, debug=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    add = partial(_add, commands, common)
    for add_command in (_add_transcribe, _add_corpora, _add_prepare, _add_score, _add_run, _add_verify):
        add_command(add)
    for add_command in (_add_render, _add_train, _add_study, _add_pack):  # for making models
        add_command(add)
    _add_help(add)
    return parser


def command_parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the sub-commands by name."""
    return next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction)).choices


def _add_help(add: Any) -> None:
    parser = add("help", "tell more of a command or a topic", ": a command's options, or exit-codes, formats, drum-maps")
    parser.add_argument("topic", metavar="COMMAND", nargs="?", help="a command, exit-codes, formats or drum-maps")


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
    parser.final = True
    return parser


def _add_root_options(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--data",
        metavar="ROOT",
        type=_path,
        help="folder of the corpora (default: $ADT_DATA, else data/ of the clone or the user)",
    )
    where.add_argument("--profile", metavar="P", help="the corpora of this profile instead, for example miniature")


def _add_corpora(add: Any) -> None:
    text = "show the found and missing files of each corpus, and how to get it"
    more = (
        ". With --fetch it downloads one with a public address: MDB Drums (1 GB with its archive), E-GMD (96 GB, 132 GB unpacked), "
        "Slakh (104 GB, the same again unpacked), and Groove MIDI (5 GB), the drummers of rendered clips. A transfer that broke "
        "off goes on with the same command. ENST-Drums, ADTOF-YT and SADTP have to be asked for; `adt corpora` says where"
    )
    parser = add("corpora", text, more)
    _add_root_options(parser)
    parser.add_argument("--fetch", metavar="NAME", help="download and unpack this corpus into the folder of the corpora")
    parser.add_argument("--missing", action="store_true", help="list all missing files, not only the first few")
    parser.add_argument("--json", action="store_true", help="print JSON, with all missing files")


def _add_prepare(add: Any) -> None:
    more = ". Interrupted work is resumed. What is left out, as broken tracks are, is listed at the end; the exit status is then 1"
    epilog = (
        "examples:\n  adt prepare --profile miniature\n  adt prepare Slakh ENST+MDB --data /media/corpora\n"
        "  adt prepare ~/my-recordings      (each recording with its .mid, .txt or .csv of the same name)"
    )
    parser = add("prepare", "compute the features of corpora, once", more, epilog)
    parser.add_argument(
        "corpora", metavar="CORPUS", nargs="*", type=_at_home, help="name of a corpus, or a folder; default: all found"
    )
    _add_root_options(parser)
    parser.add_argument("--workers", metavar="N", type=int, help="number of processes (default: one for each processor)")
    _add_ray_address(parser, "compute")
    kinds = ("madmom", "thesis")
    parser.add_argument("--version", choices=kinds, default=kinds[0], help="kind of features (default: madmom)")
    _add_mapping(parser, "of the MIDI files in a folder of your own")


def _add_ray_address(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--ray-address",
        metavar="A",
        type=_ray_address,
        help=f"{what} on the Ray cluster of which this machine is a node: HOST:PORT or auto (default: $RAY_ADDRESS)",
    )


def _add_mapping(parser: argparse.ArgumentParser, whose: str) -> None:
    parser.add_argument(
        "--mapping",
        metavar="MAP",
        type=_pitch_mapping,
        default="roland",
        help=f"meaning of the pitches {whose}: roland, which is General MIDI with the hi-hats and rims of Roland's kits (default), "
        "general-midi, or pitches of your kit, added to one of them: roland,60=HH,61=HH",
    )


def _pitch_mapping(text: str) -> PitchMapping:
    try:
        return pitch_mapping(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _add_score(add: Any) -> None:
    more = (
        ": two files, or two folders whose files are paired by name without suffix. Text (lines of '<seconds> <label>', tables, "
        "label tracks; labels of ENST, of MDB, of General MIDI, or common names of the five classes) and MIDI may be mixed. "
        "References that are left out are listed, and the exit status is then 1; estimates without a reference are listed, too"
    )
    epilog = "examples:\n  adt score truth.txt estimate.mid\n  adt score annotations/ transcriptions/ --tolerance 0.025"
    parser = add("score", "score a transcription against a reference", more, epilog)
    parser.add_argument("reference", metavar="REFERENCE", type=_path, help="reference annotation: file or folder")
    parser.add_argument("estimate", metavar="ESTIMATE", type=_path, help="transcription to score: file or folder")
    parser.add_argument("--tolerance", metavar="S", type=float, default=0.05, help="+- seconds (default: 0.05)")
    _add_mapping(parser, "of MIDI files")
    parser.add_argument(
        "--all-channels",
        action="store_true",
        help="for MIDI files without notes on channel 10: read all channels as drums",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_transcribe(add: Any) -> None:
    more = (
        ": MIDI, a table, sheet music, audio to check by ear. Reads wav, flac, ogg, mp3 and more; m4a and others if ffmpeg is "
        "installed. Folders are read with their subfolders. Broken recordings are left out and listed at the end; the exit "
        "status is then 1.\n\n"
        "There are five classes: KD, the kick drum; SD, the snare drum with side stick; TT, all toms; HH, the hi-hat, open and "
        "closed; CY, all other cymbals, ride and crash. Within them kinds are told apart where the model hears them. Tempo, time "
        "signature and bar lines are estimated"
    )
    epilog = (
        "examples:\n  adt transcribe song.mp3\n  adt transcribe album/ --out transcriptions --format mid,csv,pdf --listen\n"
        "  adt transcribe song.wav --threshold HH=0.4 --quantise 16 --drum-map roland\n"
        "  adt transcribe - --format mid --out - < song.mp3 > song.mid\n"
        "  adt transcribe album/ --format none --json | jq .counts\n\n"
        "For song.mp3 it writes song.mid (channel 10; tempo and bar lines; notes at their\n"
        "transcribed times), song.csv (time_seconds, class, pitch, velocity, confidence,\n"
        "and with kinds: kind, kind_confidence),\n"
        "song.musicxml, song.svg and song.pdf (sheet music, in sixteenths and triplets or\n"
        "in the grid of --quantise); 'adt help formats' lists the others. With --listen:\n"
        "song.clicks.wav (the recording with clicks) and song.drums.wav (the drums alone,\n"
        "on a sampled kit). If one of these files exists, its recording is not transcribed,\n"
        "unless --overwrite is given or this very command wrote it: what was interrupted\n"
        "goes on when it is given again. What was written is noted in cache/transcribed\n"
        "of the clone or of $ADT_HOME, or in the user's folder of caches."
    )
    parser = add("transcribe", "transcribe the drums of recordings", more, epilog)
    parser.check = _transcribe_problem
    parser.add_argument("audio", metavar="AUDIO", nargs="*", help="recordings, and folders of recordings; - is standard input")
    parser.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=_folder,
        default=Path(),
        help="folder for results (default: the current folder); - is standard output, for one recording and one format",
    )
    parser.add_argument("--watch", metavar="DIR", type=_path, help="transcribe what arrives in a folder, until Ctrl-C")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument(
        "--overwrite",
        action="store_true",
        help="replace existing results; those that are as these options made them stay",
    )
    existing.add_argument("--skip-existing", action="store_true", help="leave existing results as they are, whoever wrote them")
    parser.add_argument(
        "--model",
        metavar="M",
        type=_at_home,
        help="a shipped model's name, a model file or a run's folder (default: the shipped one)",
    )
    parser.add_argument("--device", metavar="D", help="of torch: cpu, cuda, cuda:1, mps (default: cpu, which is fast enough)")
    parser.add_argument(
        "--engine",
        metavar="E",
        choices=("onnxruntime", "torch"),
        help="what computes the network, onnxruntime or torch (default: onnxruntime where the model has a graph for it, as the "
        "shipped one has, else torch). -v says which it was",
    )
    parser.add_argument(
        "--threshold",
        metavar="X",
        type=_thresholds,
        action=_Gather,
        default={},
        help="lowest activation of an onset, 0 to 1: 0.4 for all classes, HH=0.2,SD=0.3 for some; higher values give fewer but "
        "more certain onsets; repeatable (default: the model's, which are printed at the end)",
    )
    parser.add_argument(
        "--format",
        metavar="F,...",
        type=_formats,
        action=_Extend,
        default=["mid", "csv"],
        help="from mid, csv, musicxml, svg, pdf, labels, markers, svl, jams, tab, chart, notes.mid, dtx, gp5, npz, separated by "
        "commas, or none; repeatable (default: mid,csv)",
    )
    parser.add_argument(
        "--classes",
        choices=("5", "kinds"),
        default="kinds",
        help="5: the five classes alone, as in the thesis; kinds: where the model hears them, open, closed and pedal hi-hat, ride, "
        "crash and others, three toms, side stick (default: kinds)",
    )
    parser.add_argument(
        "--quantise",
        "--quantize",
        metavar="N",
        type=_grid,
        help="move the notes of MIDI, scores and charts to a grid of N parts of a whole note, 16 or 1/16 for sixteenths: 4, 8, "
        "16, 32; for triplets 12, 24, 48 (of eighths, sixteenths, thirty-seconds)",
    )
    parser.add_argument(
        "--first-bar",
        metavar="TIME",
        type=_time,
        help="a time at which a bar begins (seconds, or 2:10.5), if the bar lines are wrong: the beat nearest to it gets one, and "
        "bars are counted from there on",
    )
    parser.add_argument(
        "--tempo",
        metavar="BPM",
        type=_tempo,
        help="quarter notes a minute, 20 to 400, of all recordings given, if the tempo that is found is wrong: beats leave it by a "
        "tenth at most. Music has a slower and a faster tempo, half and double: where strokes do not decide, the one nearer to 115 "
        "is found; to get the other, state it",
    )
    parser.add_argument(
        "--meter",
        "--metre",
        metavar="N/4",
        type=_meter,
        help="the time signature of all recordings given, as in 3/4, 6/8 or 7/8, if the one that is found is wrong; songs keep one "
        "from start to end. Bars count in hearing: strokes are weighed by those at the same place of other bars. In 6/8, 9/8 and "
        "12/8, --tempo still counts quarter notes",
    )
    parser.add_argument(
        "--beats",
        metavar="ENGINE",
        type=_beat_engine,
        help="beat_this: beats and bars from that package, which hears the whole music (extra `beats`; it downloads its weights "
        "once, or takes them from a file: beat_this:FILE)",
    )
    parser.add_argument(
        "--drum-map",
        metavar="MAP",
        type=_drum_map,
        help="pitches: general-midi (default), toontrack, roland, alesis, addictive-drums-2, ggd, bfd, hydrogen; KD=35,SD=40; a "
        ".csv or .json file",
    )
    parser.add_argument("--listen", action="store_true", help="write the recording with clicks, and the drums played, as wav")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    parser.add_argument(
        "--json", action="store_true", help="print a line of JSON for each recording: onsets, beats, thresholds, files, seconds"
    )
    talk = parser.add_mutually_exclusive_group()
    talk.add_argument("-q", "--quiet", action="store_true", help="say nothing but what went wrong")
    talk.add_argument("-v", "--verbose", action="store_true", help="say more: the model's file, what computed it, and where")


_LINK = re.compile(r"\w[\w+.-]*://|www\.|(\w+\.)?(youtu\.be|youtube\.com|soundcloud\.com|spotify\.com)/")


def _transcribe_problem(options: argparse.Namespace) -> str:
    """What contradicts in the options of `adt transcribe`, or cannot be; "" if nothing does."""
    if link := next((given for given in options.audio if _LINK.match(given) and not Path(given).exists()), None):
        return f"{link}: links are not fetched; save the recording as a file first, and give that (the page of a player is none)"
    if options.watch is not None:
        if options.audio:
            return "--watch DIR takes no AUDIO: what lies in the folder already is transcribed, too"
        if not options.watch.is_dir():
            return f"--watch {options.watch}: there is no such folder"
    elif not options.audio:
        return "the following arguments are required: AUDIO"
    if options.watch is not None and options.first_bar is not None:
        return "--first-bar is a time in one recording: leave it out with --watch"
    if options.engine == "onnxruntime" and options.device not in (None, "cpu"):
        return f"--device {options.device} is torch's: leave out --engine onnxruntime, which uses the processor"
    if options.beats is not None and (options.tempo is not None or options.meter is not None):
        return "--beats finds tempo and time signature itself: leave --tempo and --meter out"
    if options.audio.count("-") > 1:
        return "- is standard input, which can be read once: give it once"
    if str(options.out) == "-":
        if len(options.format) != 1 or options.listen:
            return "--out - writes one file: give one format, as in --format mid, without --listen"
        if options.json or options.watch is not None:
            return "--out - writes the file alone: leave out --json and --watch"
    return ""


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name is empty, as that of a variable that is not set; . is the current folder")
    return _path(text)


def _path(text: str) -> Path:
    return Path(_at_home(text))


def _at_home(text: str) -> str:
    """A path, or a name, with the home folder that ~ or ~NAME at its start stands for."""
    try:
        return str(Path(text).expanduser()) if text.startswith("~") else text
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"{text}: nobody has this home folder; a name that begins with ~ is ./{text}") from None


class _Gather(argparse.Action):
    """Merge the dictionaries of a repeatable option; later values replace earlier ones."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        setattr(namespace, self.dest, getattr(namespace, self.dest) | values)


class _Extend(argparse.Action):
    """Join the lists of a repeatable option; the first replaces the default."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, values if before is self.default else list(dict.fromkeys([*before, *values])))


def _thresholds(text: str) -> dict[str, float]:
    """The thresholds by class in a text such as "0.4" (all classes) or "HH=0.2,snare=0.3"."""
    found = {}
    for part in text.split(","):
        label, named, value = part.rpartition("=")
        try:
            names = (CLASSES[FIVE_CLASS.class_index(label.strip())],) if named else CLASSES
            number = float(value)
        except (UnknownLabel, ValueError):
            number = -1.0
        if not 0 <= number <= 1:
            point = "; decimals have a point" if re.search(r"(^|=)\d+,\d", text) else ""
            raise argparse.ArgumentTypeError(
                f"{part!r}: give a number in 0 to 1 for all classes, as in 0.4, or after one of {', '.join(CLASSES)}, as in HH=0.4"
                f"{point}"
            )
        found |= dict.fromkeys(names, number)
    return found


def _five_thresholds(text: str) -> tuple[float, ...]:
    try:
        found = tuple(map(float, text.split(",")))
    except ValueError:
        found = ()
    if len(found) != len(CLASSES) or not all(0 <= value <= 1 for value in found):
        raise argparse.ArgumentTypeError(f"{text!r}: give {len(CLASSES)} numbers in 0 to 1 for {','.join(CLASSES)}")
    return found


def _grid(text: str) -> int:
    from adtlib.notation.beats import QUANTISE

    number, choices = text.strip().removeprefix("1/"), [str(parts) for parts in QUANTISE]
    if number not in choices:
        raise argparse.ArgumentTypeError(f"{text!r} is not a grid: choose from {', '.join(choices)} (12, 24, 48: triplets)")
    return int(number)


def _time(text: str) -> float:
    """Seconds of "130.5" or "2:10.5"."""
    minutes, _, seconds = text.rpartition(":")
    try:
        found = 60 * int(minutes or 0) + float(seconds)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give seconds, or minutes and seconds as in 2:10.5")
    return found


def _tempo(text: str) -> float:
    from adtlib.notation.beats import check_tempo

    try:
        check_tempo(tempo := float(text))
    except ValueError:
        message = f"{text!r} is no tempo: give quarter notes a minute, 20 to 400, as in 96 or 127.5"
        raise argparse.ArgumentTypeError(message) from None
    return tempo


def _meter(text: str) -> tuple[int, int]:
    from adtlib.notation.time_signatures import check_meter

    try:
        beats, unit = map(int, text.split("/"))
        check_meter((beats, unit))
    except ValueError:
        message = f"{text!r} is no time signature: give 2 to 16 quarters or eighths, as in 3/4 or 7/8"
        raise argparse.ArgumentTypeError(message) from None
    return beats, unit


def _beat_engine(text: str) -> str:
    from adtlib.transcription.beat_engines import check_engine

    try:
        check_engine(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _drum_map(text: str):
    from adtlib.notation.drum_maps import DrumMapError, drum_map

    try:
        return drum_map(text)
    except DrumMapError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _formats(text: str) -> list[str]:
    from adtlib.transcription.formats import kinds_of

    names = [part for part in text.split(",") if part.strip()]
    if [name.strip().lower() for name in names] == ["none"]:
        return []
    try:
        chosen = kinds_of(names)
    except ValueError as error:
        if "none" in (name.strip().lower() for name in names):
            raise argparse.ArgumentTypeError(f"{text!r}: none, which writes no files, stands alone") from None
        raise argparse.ArgumentTypeError(f"{error}, or none".replace("is no format", "is not a format")) from None
    if not chosen:
        raise argparse.ArgumentTypeError(f"{text!r} names no format")
    return chosen


def _add_run(add: Any) -> None:
    more = (
        ". Stops at the first notebook that fails and shows its cell. Executed copies, tables and runs are written to "
        "results/<profile>, pictures to figures/<profile>"
    )
    epilog = "examples:\n  adt run\n  adt run 41-45 50\n  adt run 43_crnn --profile thesis -p epochs 5"
    parser = add("run", "run the notebooks in order, skipping what is up to date", more, epilog)
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
    parser.add_argument("--force", action="store_true", help="run notebooks that are up to date, too")
    _add_ray_address(parser, "train")
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=float,
        help="seconds that one cell may take (default: a day on real data, else two hours)",
    )


def _add_verify(add: Any) -> None:
    more = (
        ". A table, figure or executed notebook is followed to the runs behind it, a run to its weights and prepared features, "
        "these to recordings and annotations; everything is read. What is damaged is named, with what makes it anew, and the exit "
        "status is then 1; what is not on this machine, or was never noted, is called unknown"
    )
    epilog = (
        "examples:\n  adt verify\n  adt verify results/showcase/tables/50_scores.csv\n"
        "  adt verify results/miniature/runs/CRNN/Slakh/seed_0"
    )
    parser = add("verify", "check that what was computed has the bytes that were written", more, epilog)
    parser.add_argument(
        "paths",
        metavar="RESULT",
        nargs="*",
        type=_path,
        help="a table, figure, executed notebook, run or prepared corpus, or a folder of these (default: everything computed)",
    )
    parser.add_argument("--all", action="store_true", help="list all that is unknown, not only the first few")


def _ray_address(text: str) -> str:
    if text.startswith("ray://"):
        raise argparse.ArgumentTypeError(
            f"{text}: results are written on a node of the cluster; make this machine a node with "
            "'ray start --address=HOST:PORT --num-cpus=0' and give HOST:PORT"
        )
    return text


# ---- for making models --------------------------------------------------------------------------------------------------


def _add_render(add: Any) -> None:
    parser = add(
        "render",
        "render training clips",
        ": drummers' performances on sampled kits, under other instruments. It needs sounds and performances, and names those that "
        "are missing. Interrupted work is resumed",
        "examples:\n  adt render --hours 22\n  adt render --hours 5 --name plain --without accompaniment\n"
        "  adt render --hours 5 --name louder --recipe shipped --option balance_db=6,5,-10,16",
    )
    parser.add_argument("--hours", type=float, metavar="H", help="of training clips")
    parser.add_argument("--validation-hours", type=float, default=0.5, metavar="H", help="of validation clips (default: 0.5)")
    parser.add_argument("--seed", type=int, default=0, help="of the clips (default: 0)")
    parser.add_argument(
        "--recipe", default="finished", metavar="NAME", help="of the training clips; ? lists them (default: finished)"
    )
    parser.add_argument(
        "--option",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="of the recipe (a wrong NAME lists them); validation clips always follow the default recipe",
    )
    parser.add_argument("--without", nargs="+", default=[], metavar="INGREDIENT", help="leave ingredients out; ? lists them")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one for each processor)")
    _add_clips(parser)
    _add_data(parser)


def _add_train(add: Any) -> None:
    parser = add(
        "train",
        "train a model on rendered clips",
        ", validated on rendered clips and on real songs. Interrupted work is resumed after its last epoch",
        'examples:\n  adt train --architecture RNN --hyperparameters \'{"num_layers": 3, "hidden_size": 144}\' --run rnn\n'
        "  adt train --kinds-for adt --name finished --run kinds",
    )
    parser.add_argument(
        "--kinds-for",
        metavar="MODEL",
        type=_at_home,
        help="instead train a head for kinds of strokes (open, closed and pedal hi-hat, ride and crash, ...) on this packed model, "
        "a file or a shipped model's name, which stays as it is; of the other options --seed, --threads, --run and --name count",
    )
    parser.add_argument("--epochs", type=int, default=40, help="after each the run can be resumed (default: 40)")
    parser.add_argument("--segments-per-epoch", type=int, default=3_200, metavar="N", help="segments (default: 3,200)")
    parser.add_argument("--segment-seconds", type=float, default=4.0, metavar="S", help="length of a segment (default: 4)")
    parser.add_argument("--architecture", default="CRNN", help="such as RNN, CNN, CRNN, ConvTransformer or ViT (default: CRNN)")
    parser.add_argument(
        "--hyperparameters",
        type=json.loads,
        default={"num_layers": 3, "hidden_size": 60},
        metavar="JSON",
        help='of the architecture (default: {"num_layers": 3, "hidden_size": 60})',
    )
    parser.add_argument("--without", nargs="+", default=[], metavar="VARIATION", help="leave out augmentations; ? lists them")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="(default: 0.002)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default: 0)")
    parser.add_argument("--start-from", type=_path, metavar="RUN", help="folder of a run whose weights are the start")
    parser.add_argument("--threads", type=int, metavar="N", help="of torch (default: all)")
    parser.add_argument(
        "--run", dest="run_name", default="crnn", metavar="NAME", help="folder below results/rendered/ (default: crnn)"
    )
    _add_clips(parser)
    _add_data(parser)


def _add_study(add: Any) -> None:
    more = (
        "; about two hours on two cores. With --profile it trains the runs of that profile's controlled study (notebooks 52 and "
        "65) instead; --plan prints which. Interrupted work is resumed"
    )
    epilog = "examples:\n  adt study\n  adt study --profile study --plan\n  adt study --profile study --only architectures"
    parser = add("study", "train the short runs of notebook 81", more, epilog)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help="their names, as in the table (default: all)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="runs at a time (default: 2)")
    parser.add_argument("--profile", metavar="P", help="a file of params/ that has a study")
    parser.add_argument("--plan", action="store_true", help="train nothing; print the planned runs and what they will take")
    parser.add_argument("--only", metavar="TEXT", default="", help="only runs whose stage, architecture or name has this text")
    _add_ray_address(parser, "train the runs of a profile")
    _add_data(parser)


def _add_pack(add: Any) -> None:
    parser = add(
        "pack",
        "pack runs into one model file for transcribing",
        ", with its thresholds; or write the network of one model as ONNX",
        "examples:\n  adt pack mine.safetensors results/rendered/rnn results/rendered/crnn --half --choose-on standard real-songs\n"
        "  adt pack mine.onnx mine.safetensors --onnx\n  adt pack mine.onnx mine.safetensors --graph",
    )
    parser.add_argument("out", metavar="OUT", type=_path, help="file to write (.safetensors); its stem is the model's name")
    parser.add_argument(
        "runs",
        metavar="RUN",
        type=_path,
        nargs="+",
        help="folders of runs; several become an ensemble, A+B one member of the mean of their weights",
    )
    alone = parser.add_mutually_exclusive_group()
    alone.add_argument(
        "--onnx",
        action="store_true",
        help="write OUT.onnx, the network of one RUN, a shipped model's name or a model file, for onnxruntime and browsers; "
        "thresholds and peak picking stand in its metadata",
    )
    alone.add_argument(
        "--graph",
        action="store_true",
        help="write OUT.onnx without the weights: beside OUT.safetensors it lets adt transcribe compute that with onnxruntime",
    )
    chosen = parser.add_mutually_exclusive_group()
    songs = "; ".join(f"{name}: {what}" for name, what in SONGS.items())
    listed = f"choose thresholds on the validation clips of these rendered sets, and on songs in $ADT_DATA ({songs})"
    chosen.add_argument("--choose-on", metavar="SET", nargs="+", help=listed)
    chosen.add_argument(
        "--thresholds", metavar="KD,SD,TT,HH,CY", type=_five_thresholds, help="five thresholds, separated by commas"
    )
    averages = ("logits", "activations")
    parser.add_argument("--average", choices=averages, default=averages[0], help="of an ensemble (default: logits)")
    parser.add_argument(
        "--double", type=int, default=0, metavar="N", help="drop the weaker of two onsets within N frames (default: 0, none)"
    )
    parser.add_argument(
        "--repetition", type=float, default=0.0, metavar="W", help="weight of the bars around in what is heard, 0 to 1 (default: 0)"
    )
    clear = "clear onsets a second, fewer than which are music without drums, 0 to 5 (default: 0, not asked)"
    parser.add_argument("--rests", type=float, default=0.0, metavar="R", help=clear)
    parser.add_argument("--half", action="store_true", help="weights as float16: half the size")
    parser.add_argument("--about", default="", help="origin of the model, in a sentence or two")
    parser.add_argument("--licence", default="", help="of the weights")


def _add_clips(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", dest="clips", default="standard", help="which set of clips (default: standard)")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=_path, metavar="ROOT", help="data folder (default: $ADT_DATA, else data/)")


def check_names(option: str, given: Iterable[str], known: Mapping[str, str]) -> None:
    """ValueError, with all names and their meanings, if a given name is unknown. For options whose values need heavy imports."""
    if unknown := [name for name in given if name not in known]:
        listed = "\n".join(f"  {name}: {meaning}" for name, meaning in known.items())
        raise ValueError(f"{option} {unknown[0]}: choose from\n{listed}")
