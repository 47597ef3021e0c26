"""Pack runs into one file that `adtlib.pretrained.load` opens; see `python -m adtlib.pretrained --help`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from adtlib import paths
from adtlib.pretrained import AVERAGES, ModelError, chosen_thresholds, load
from adtlib.pretrained.packing import pack

# Sets to choose on beside rendered ones: what they are, and a low-pass (Hz). Old records and low-rate encoders lose their treble.
SONGS = {
    "real-songs": ("the MDB Drums songs at hand, drums alone and mixes", None),
    "dull-songs": ("the MDB Drums songs at hand without what is above 11 kHz, drums alone and mixes", 11_000.0),
}


def main(arguments=None) -> int:
    """Pack; 1 where runs are missing or do not fit, said in a sentence."""
    options = _parser().parse_args(arguments)
    try:
        return _pack(options)
    except (ValueError, OSError) as error:
        print(f"adtlib.pretrained: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m adtlib.pretrained", description="Pack runs into one file to transcribe with.")
    parser.add_argument("out", metavar="OUT", type=Path, help="file to write (.safetensors); its stem is the model's name")
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="folders of runs; several become an ensemble")
    chosen = parser.add_mutually_exclusive_group()
    songs = "; ".join(f"{name}: {what}" for name, (what, _) in SONGS.items())
    listed = f"choose thresholds on the validation clips of these rendered sets, and on songs in $ADT_DATA ({songs})"
    chosen.add_argument("--choose-on", metavar="SET", nargs="+", help=listed)
    chosen.add_argument("--thresholds", metavar="KD,SD,TT,HH,CY", help="five thresholds, separated by commas")
    parser.add_argument("--average", choices=AVERAGES, default=AVERAGES[0], help="of an ensemble (default: logits)")
    parser.add_argument("--half", action="store_true", help="weights as float16: half the size")
    parser.add_argument("--about", default="", help="where the model comes from, in a sentence or two")
    parser.add_argument("--licence", default="", help="of the weights")
    return parser


def _pack(options: argparse.Namespace) -> int:
    if options.out.suffix != ".safetensors":
        raise ModelError(f"{options.out}: give it the suffix .safetensors")
    named = {"name": options.out.stem, "about": options.about, "licence": options.licence}
    how = {"average": options.average, "half": options.half}
    thresholds, chosen_on = _thresholds(options, how)
    paths.write_atomically(options.out, pack(options.runs, thresholds, chosen_on=chosen_on, **named, **how))
    model = load(options.out)  # what was written is read before anyone depends on it
    listed = ", ".join(f"{name} {value:g}" for name, value in model.thresholds.items())
    print(
        f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, {len(options.runs)} members; thresholds {listed} ({chosen_on})"
    )
    return 0


def _thresholds(options: argparse.Namespace, how: dict):
    """(thresholds, in words where they are from)."""
    if options.thresholds:
        return tuple(map(float, options.thresholds.split(","))), "given"
    if options.choose_on:
        sets = [SONGS[name][0] if name in SONGS else f"rendered validation clips, set {name}" for name in options.choose_on]
        return _choose(options, how), "; ".join(sets)
    found = chosen_thresholds(options.runs[0])
    if len(options.runs) > 1 or found is None:
        why = "an ensemble has thresholds of its own" if len(options.runs) > 1 else f"{options.runs[0]} has none chosen"
        raise ModelError(f"{why}: choose them with --choose-on SET, or give them with --thresholds")
    return found, "the run's validation data"


def _choose(options: argparse.Namespace, how: dict) -> tuple[float, ...]:
    """Thresholds of the model as it will be stored, on recordings that it was not trained on: each set counts equally."""
    from adtlib.rendered.thresholds import predicted_pairs, thresholds_for

    sets = [units for name in options.choose_on for units in _validation(name)]
    draft = options.out.with_name(f".{options.out.stem}.draft.safetensors")
    try:
        paths.write_atomically(draft, pack(options.runs, 0.5, "draft", **how))
        model = load(draft)
    finally:
        draft.unlink(missing_ok=True)
    pairs = [predicted_pairs(model.network, units) for units in sets]
    return thresholds_for(pairs, replace(model.peak_picking, threshold=0.5))


def _validation(name: str) -> list[list]:
    """The validation units of a rendered set; of real songs two sets, drums alone and mixes."""
    from adtlib.rendered.corpus import open_clips
    from adtlib.rendered.real_songs import real_units

    if name in SONGS:
        if songs := real_units(paths.real_data_root(), SONGS[name][1]):
            return list(songs.values())
        raise ModelError(f"{paths.real_data_root()} holds no songs of MDB Drums: set ADT_DATA to a folder that does")
    return [open_clips(name).units("validation")]


if __name__ == "__main__":
    sys.exit(main())
