"""The class of each label or pitch of a corpus, and how often it occurs (thesis, chapter 4; mappings: `vocabulary`)."""

import warnings
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import pretty_midi
from tqdm import tqdm

from adtlib.corpora.base import Corpus
from adtlib.corpora.sadtp import ANNOTATION, FOLDER, Sadtp
from adtlib.onsets.annotations import AnnotationError, count_labels
from adtlib.vocabulary import CLASSES, ROLAND, Mapping

# Labels of the text annotations in words, from the corpora's own documentation.
LABEL_NAMES = {
    **{"bd": "bass drum", "sd": "snare drum", "sweep": "brush sweep", "rs": "rim shot", "cs": "cross stick", "sticks": "sticks"},
    **{"mt": "mid tom", "mtr": "mid tom, rim", "lmt": "low-mid tom", "lt": "low tom", "ltr": "low tom, rim", "lft": "floor tom"},
    **{"chh": "closed hi-hat", "ohh": "open hi-hat", "cr": "crash", "spl": "splash", "ch": "china", "rc": "ride"},
    **{"c": "other cymbal", "cb": "cowbell"},
    **{"KD": "kick drum", "SD": "snare drum", "SDB": "snare, brush", "SDD": "snare, drag", "SDF": "snare, flam"},
    **{"SDG": "snare, ghost note", "SDNS": "snare, wires off", "SST": "side stick", "HIT": "high tom", "MHT": "high-mid tom"},
    **{"HFT": "high floor tom", "LFT": "low floor tom", "CHH": "closed hi-hat", "OHH": "open hi-hat", "PHH": "pedal hi-hat"},
    **{"TMB": "tambourine", "RDC": "ride", "RDB": "ride bell", "CRC": "crash", "CHC": "china", "SPC": "splash"},
}
# Pitches that Roland's kits use differently from General MIDI, or in addition.
_ROLAND_NAMES = {22: "hi-hat edge, closed", 26: "hi-hat edge, open", 58: "tom 3, rim"}

LONG = 1_000  # annotations: reading so many takes long enough for a progress bar


def annotation_files(corpus: Corpus) -> list[tuple[tuple[Path, ...], Mapping]]:
    """(files, mapping) of each annotation found; for SADTP also those without their recording."""
    if isinstance(corpus, Sadtp):
        return [((path,), ROLAND) for path in sorted((corpus.root / FOLDER).glob(f"*/{ANNOTATION}"))]
    return [(track.annotation, track.mapping) for track in corpus.tracks()]


def label_table(corpus: Corpus) -> pd.DataFrame:
    """How often each label or pitch occurs and its class: source, label, name, class, onsets.

    All labels of the mappings in use are listed, those that never occur with 0. Percussion outside the vocabulary has the class
    "ignored", a label that is in no mapping "unknown"; both are listed only if they occur. Annotations that cannot be read are left
    out with a warning. Empty for a corpus without annotation files (ADTOF-YT).
    """
    columns = ["source", "label", "name", "class", "onsets"]
    if corpus.info.unit == "sequence":
        return pd.DataFrame(columns=columns)
    counters: dict[Mapping, Counter] = defaultdict(Counter)
    files = annotation_files(corpus)
    for paths, mapping in tqdm(files, desc=f"labels of {corpus.info.name}", disable=len(files) < LONG):
        try:
            counters[mapping].update(count_labels(paths, mapping, drum_channel_only=corpus.drum_channel_only))
        except AnnotationError as error:
            warnings.warn(f"{corpus.info.name}: left out: {error}", stacklevel=2)
    rows = []
    for mapping, counter in counters.items():
        for label in dict.fromkeys([*mapping.classes, *counter]):
            rows.append([mapping.name, label, label_name(label), mapping.class_of(label) or "unknown", counter[label]])
    table = pd.DataFrame(rows, columns=columns)
    rank = {name: index for index, name in enumerate((*CLASSES, "ignored", "unknown"))}
    table["rank"] = table["class"].map(rank)
    order = ["source", "rank", "onsets"]
    return table.sort_values(order, ascending=[True, True, False], kind="stable", ignore_index=True)[columns]


def label_name(label) -> str:
    """A label or pitch in words; "" if unknown. ENST's suffixes (`rc3`, `sd-`) do not change the instrument."""
    if isinstance(label, str):
        plain = label.rstrip("-").rstrip("0123456789").rstrip("-")
        soft = ", soft" if label.endswith("-") else ""
        return LABEL_NAMES.get(label) or (LABEL_NAMES.get(plain, "") + soft if plain in LABEL_NAMES else "")
    return _ROLAND_NAMES.get(label) or pretty_midi.note_number_to_drum_name(int(label)).lower().replace("hi hat", "hi-hat")
