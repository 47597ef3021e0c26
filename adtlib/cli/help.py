"""`adt help`: a command's options, or a topic."""

import argparse
import textwrap

from adtlib import paths
from adtlib.cli.options import command_parsers, option_parser

EXIT_CODES = """\
exit codes of adt:
    0  all was done, or was done already; with --watch, it was ended with Ctrl-C
    1  something was not done: a recording could not be read, a result was not
       replaced, a file is damaged; each is named on standard error, and the rest
       was done
    2  wrong usage: an option that does not exist, that cannot be used, or that
       contradicts another; nothing was done
  130  interrupted with Ctrl-C; what was finished is kept, and the same command
       goes on
A reader that ends early, as head does, ends adt without an error.
"""


def run(options: argparse.Namespace) -> int:
    """Print the help of a command or topic; 2 for one that does not exist."""
    parser = option_parser()
    topics = {"exit-codes": lambda: EXIT_CODES, "formats": _formats, "drum-maps": _drum_maps}
    commands = command_parsers(parser)
    if options.topic is None:
        parser.print_help()
    elif options.topic in commands:
        commands[options.topic].print_help()
    elif options.topic in topics:
        print(topics[options.topic](), end="")
    else:
        listed = ", ".join(f"'{name}'" for name in (*commands, *topics))
        commands["help"].error(f"argument COMMAND: invalid choice: '{options.topic}' (choose from {listed})")
    return 0


def _formats() -> str:
    from adtlib.transcription.formats import FORMATS

    lines = [f"formats of adt transcribe --format, separated by commas{'; docs/formats.md tells more' * paths.IN_CLONE}:"]
    for kind, entry in FORMATS.items():
        lines.append(f"  {entry.name:10} song.{kind:12} {entry.what}{f' (extra {entry.extra})' if entry.extra else ''}")
    return "\n".join([*lines, "  none                         no file, for --json", ""])


def _drum_maps() -> str:
    from adtlib.notation.drum_maps import DRUM_MAPS
    from adtlib.vocabulary import KINDS

    lines = ["drum maps of adt transcribe --drum-map:"]
    for name, entry in DRUM_MAPS.items():
        pitches = "  ".join(f"{label} {pitch}" for label, pitch in entry.pitches.items())
        lines.append(f"  {name:18} {pitches}")
        lines += textwrap.wrap(entry.plays, 78, initial_indent=" " * 21, subsequent_indent=" " * 21)
    lines.append("or pitches of your own, for classes and kinds of strokes, as in KD=35,hat_open=46, or")
    lines.append("a .csv (class,pitch) or .json ({class: pitch}) file. Kinds of strokes:")
    lines += textwrap.wrap(", ".join(KINDS), 78, initial_indent="  ", subsequent_indent="  ")
    return "\n".join([*lines, ""])
