"""Printed heads of columns: the name of a CSV column in words, with its unit.

CSV files keep the names used in code. A name that is not listed is kept: it may be a user's own (a corpus, a folder).
"""

from adtlib.vocabulary import CLASSES

_HEADERS = {
    # scores
    "f1_micro": "micro F1",
    "f1_macro": "macro F1",
    **{f"f1_{name}": f"F1 {name}" for name in CLASSES},
    "f1_frames": "F1 of frames",
    "f1_micro_tight": "micro F1, tight",
    "f1_played": "frames as played",
    "f1_random": "in random order",
    "ci_low": "95 %, from",
    "ci_high": "95 %, to",
    "val_f1_micro": "validation micro F1",
    "val_loss": "validation loss",
    "zero_shot": "zero-shot",
    "n_tracks": "tracks",
    "n_units": "units",
    "n_seeds": "seeds",
    "n_independent": "independent groups",
    "group": "a group is a",
    "p_holm": "p (Holm)",
    "smallest_p": "smallest p",
    "told_apart": "told apart",
    "f1_highest": "F1, highest",
    "f1_other": "F1, other",
    "f1_one": "F1, one threshold",
    "f1_class": "F1, threshold a class",
    "validation_one": "validation, one threshold",
    "validation_class": "validation, threshold a class",
    "threshold_one": "threshold, one",
    **{f"threshold_{name}": f"threshold {name}" for name in CLASSES},
    # models, training, cost
    "n_parameters": "parameters",
    "num_layers": "layers",
    "num_convs": "convolutions",
    "num_heads": "heads",
    "hidden_size": "hidden size",
    "embed_dim": "embedding size",
    "patch_height": "patch height (bands)",
    "use_gru": "GRU (else LSTM)",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
    "training_seconds": "training (s)",
    "seconds": "length (s)",
    "seconds of training": "training (s)",
    "minutes of sound seen": "sound seen (min)",
    "hours_seen": "sound seen (h)",
    "times_real_time": "inference (× real time)",
    "spread": "slowest / fastest round",
    "bce": "cross-entropy",
    # corpora
    "hours": "length (h)",
    "hours_thesis": "length, thesis (h)",
    "tracks_thesis": "tracks, thesis",
    "units_thesis": "units, thesis",
    "sequences_thesis": "sequences, thesis",
    "percent": "of the thesis (%)",
    "download_gb": "download (GB)",
    "first_missing": "first missing",
    "how_to_get_it": "how to get it",
    "other_units": "other units",
    "other_affected": "other affected",
    "other_corpus": "other corpus",
    "other_split": "other split",
    "other_id": "other id",
    "false_alarms": "false alarms",
    "offset": "offset (s)",
    "finished_thesis": "finished thesis",
    "within_10_ms_of_median": "share within 10 ms of the median",
    # sounds
    "peak_db": "peak (dB)",
    "low_hz": "lowest (Hz)",
    "high_hz": "highest (Hz)",
    "strongest_hz": "strongest (Hz)",
    "ms_to_20_db": "decay by 20 dB (ms)",
    # errors
    "near_misses": "near misses",
    "near_early": "near misses, early",
    "near_late": "near misses, late",
    "median_ms": "median (ms)",
    "std_ms": "std. deviation (ms)",
    "within_25_ms": "share within 25 ms",
    # beside the thesis
    "with_run": "with a run here",
    "mean_difference": "mean difference",
    "mean_distance": "mean distance",
    "minus_draft": "− draft",
    "minus_published": "− published",
    "published_inside": "published inside",
    "trained_on": "trained on",
    "tested_on": "tested on",
    # the dataset study
    "own_f1": "micro F1, own",
    "behind_low": "behind, from",
    "behind_high": "behind, to",
}


def header(name: str) -> str:
    """The printed name of a column: "median_ms" is "median (ms)"; a name that is not listed is kept."""
    return _HEADERS.get(name, name)
