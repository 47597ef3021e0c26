"""What the shipped model invents where nobody drums, with and without its rests.

    ADT_DATA=FOLDER python benchmarks/rests.py [CLIPS]

Onsets a minute in rendered clips of the recipe `finished` without drums, on validation kits: seed 7 chose the rests, 8 and 9 did
not. It needs the sounds that `adt render` needs.
"""

import sys
from dataclasses import replace

from adtlib import paths
from adtlib.models.prediction import predict_logits, to_activations
from adtlib.onsets.peak_picking import pick_peaks
from adtlib.synthesis import clips, performances
from adtlib.synthesis.capture import capture
from adtlib.synthesis.recipe import RECIPES
from adtlib.training.rendered_clips import studio_of
from adtlib.transcription.pretrained import load_model


def main(count="60"):
    model = load_model(None, "torch")
    studio = studio_of(capture(False), performances.gather(paths.real_data_root()), "validation", RECIPES["finished"])
    for seconds, seed in ((24.0, 7), (24.0, 8), (12.0, 9)):
        features = [clips.render(studio, seed, index, seconds, "no drums").features for index in range(int(count))]
        heard = [to_activations(logits) for logits in predict_logits(model.network, iter(features))]
        for how, again in (("without rests", replace(model, rests=0.0)), ("with rests", model)):
            invented = [sum(map(len, pick_peaks(again.looked_again(each), model.peak_picking))) for each in heard]
            silent = sum(n == 0 for n in invented)
            a_minute = 60 * sum(invented) / (seconds * len(invented))
            print(f"{count} clips of {seconds:g} s, seed {seed}, {how}: {a_minute:.1f} a minute, none in {silent}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
