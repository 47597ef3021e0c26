"""What clips of a recipe are like, in numbers: levels, balance with the drums, treble, classes, kinds, masked strokes, finishing.

    ADT_DATA=FOLDER python benchmarks/rendered_statistics.py [RECIPE ...] [--clips 200]

Finished records, for comparison: other instruments 5 to 12 dB above the drums, above 6 kHz 2 dB below to 10 above them. A line
`RECIPE:NAME=VALUE` is the recipe with another option. Needs the sounds and performances of rendering.
"""

import argparse
import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import rms
from adtlib.synthesis import capture, clips, effects, performances
from adtlib.synthesis.finishing import finish
from adtlib.synthesis.recipe import RECIPES, Recipe
from adtlib.synthesis.sources import SourceError
from adtlib.vocabulary import CLASSES, KINDS

OCTAVES = (60, 125, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)  # Hz, their middles


def decibels(ratio: float) -> float:
    return 20 * np.log10(max(ratio, 1e-6))


def octave_levels(waveform: np.ndarray) -> np.ndarray:
    """Level of each octave in dB relative to the whole."""
    power = np.square(np.abs(np.fft.rfft(waveform)))
    frequencies = np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE)
    bands = [power[(frequencies >= f / 2**0.5) & (frequencies < f * 2**0.5)].sum() for f in OCTAVES]
    return 10 * np.log10(np.maximum(np.array(bands) / max(power.sum(), 1e-9), 1e-9))


def recipe_of(text: str) -> Recipe:
    name, _, option = text.partition(":")
    return RECIPES[name].with_options(dict([option.split("=", 1)]) if option else {})


def measure(name: str, count: int) -> tuple[pd.DataFrame, dict]:
    """A row of numbers for each clip, and sums over clips."""
    recipe = recipe_of(name)
    banks, notes = capture.banks_folder(), performances.gather(paths.real_data_root())
    studio = clips.Studio(banks, notes, "train", replace(recipe, masked="left out"))  # so that masked strokes are known
    rows, kinds = [], np.zeros(len(KINDS), int)
    for index in range(count):
        take = clips.record(studio, 0, index)
        annotated = [stroke for stroke in take.strokes if clips.class_index(stroke.articulation) is not None]
        audible = sum(stroke.annotated for stroke in annotated)
        kept = annotated if recipe.masked == "left out" else [stroke._replace(annotated=True) for stroke in annotated]
        onsets, found = clips.annotate(kept, clips.PRE_ROLL, clips.PRE_ROLL + clips.CLIP_SECONDS, take.kit)
        heard = finish(take.drums + take.others, clips.streams_of("train", 0, index), recipe)
        kinds += np.bincount(np.concatenate(found).astype(int), minlength=len(KINDS))
        crest = decibels(np.abs(heard).max(initial=1e-9) / max(rms(heard), 1e-9))
        row = {"kind": take.about["kind"], "level": decibels(rms(heard)), "crest": crest}
        row |= {"strokes": len(annotated), "masked": len(annotated) - audible, "onsets a minute": 5 * sum(map(len, onsets))}
        if take.drums.any() and take.others.any():
            high = [rms(effects.filtered(part, clips.TREBLE_HZ, "highpass")) for part in (take.drums, take.others)]
            row |= {"balance": decibels(rms(take.others) / rms(take.drums)), "treble": decibels(high[1] / high[0])}
        classes = [len(times) for times in onsets]
        cymbals, kicks = onsets[CLASSES.index("CY")], onsets[CLASSES.index("KD")]
        on_kick = sum(np.abs(kicks - time).min(initial=9) < 0.03 for time in cymbals)
        row |= dict(zip(CLASSES, classes, strict=True)) | {"cymbals on kicks": on_kick}
        row |= dict(zip(map(str, OCTAVES), octave_levels(heard), strict=True))
        rows.append(row)
    return pd.DataFrame(rows), dict(zip(KINDS, kinds / max(kinds.sum(), 1), strict=True))


def summary(rows: pd.DataFrame) -> dict:
    """One column of the table."""
    found = {}
    for name in ("level", "crest", "balance", "treble"):
        for share in (10, 50, 90):
            found[f"{name}, dB, {share} %"] = np.nanpercentile(rows[name], share)
    total = rows[list(CLASSES)].sum()
    found |= {f"share {name}": total[name] / total.sum() for name in CLASSES}
    found["masked share"] = rows["masked"].sum() / rows["strokes"].sum()
    found["cymbals on kicks"] = rows["cymbals on kicks"].sum() / total["CY"]
    found["onsets a minute"] = rows["onsets a minute"].mean()
    found |= {f"octave {name} Hz, dB": rows[str(name)].median() for name in OCTAVES}
    return found


FINISHINGS = ("far", "crowd", "loud", "dull", "encoded")


def finishing_table(count: int) -> pd.DataFrame:
    """Median octave levels, crest factor and RMS of the same mixes through each finishing alone."""
    plain = Recipe(encoded=0.0)
    studio = clips.Studio(capture.banks_folder(), performances.gather(paths.real_data_root()), "train", plain)
    recipes = {"mixed": replace(plain, finishing="mixed"), "mastered": plain}
    recipes |= {name: replace(plain, **{name: 1.0}) for name in FINISHINGS if name != "encoded"}
    recipes |= {codec: replace(plain, encoded=1.0, codecs=(codec,)) for codec in ("vorbis", "mp3", "opus", "aac")}
    rows: dict[str, list] = {name: [] for name in recipes}
    for index in range(count):
        take = clips.record(studio, 0, index)
        for name, recipe in recipes.items():
            heard = finish(take.drums + take.others, clips.streams_of("train", 0, index), recipe)
            crest = decibels(np.abs(heard).max(initial=1e-9) / max(rms(heard), 1e-9))
            rows[name].append([decibels(rms(heard)), crest, *octave_levels(heard)])
    columns = ["RMS, dB", "crest, dB", *(f"{f} Hz" for f in OCTAVES)]
    return pd.DataFrame({name: np.median(found, axis=0) for name, found in rows.items()}, index=columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=[*RECIPES])
    parser.add_argument("--clips", type=int, default=200)
    options = parser.parse_args()
    try:
        measured = {name: measure(name, options.clips) for name in options.recipes}
    except (SourceError, FileNotFoundError) as error:
        sys.exit(f"not measured: {error}")
    print(pd.DataFrame({name: summary(rows) for name, (rows, _) in measured.items()}).round(3).to_string())
    print("\nshare of onsets by kind")
    print(pd.DataFrame({name: kinds for name, (_, kinds) in measured.items()}).round(3).to_string())
    print("\nthe same mixes through each finishing alone: medians")
    print(finishing_table(max(options.clips // 8, 1)).round(1).to_string())


if __name__ == "__main__":
    main()
