"""Ways of striking a drum kit, and how the labels of sound fonts and kits name them.

An articulation is finer than a class ("hat_closed", "hat_open" are HH) and coarser than a sample. Percussion outside the
vocabulary has the articulation "other_<pitch>" or "other_<name>": it sounds in training data and is not annotated.
"""

import re

from adtlib.vocabulary import CLASSES, KINDS

CLASS_OF = KINDS | {"snare_edge": "SD"}
# The kind of stroke (of `vocabulary.KINDS`) that an articulation is; snares with and without rim are one.
KIND_OF = {name: "snare" if name == "snare_edge" else name for name in CLASS_OF}
# General MIDI with Roland's additions (22 and 26: edge of the hi-hat; 58: rim of a tom), as `vocabulary.ROLAND` has it.
OF_PITCH = {
    **dict.fromkeys((35, 36), "kick"),
    **{37: "side_stick", 38: "snare", 40: "snare_edge"},
    **dict.fromkeys((48, 50), "tom_high"),
    **dict.fromkeys((45, 47), "tom_mid"),
    **dict.fromkeys((41, 43, 58), "tom_low"),
    **{42: "hat_closed", 22: "hat_closed", 44: "hat_pedal", 46: "hat_open", 26: "hat_open", 54: "tambourine"},
    **{51: "ride", 59: "ride", 53: "ride_bell", 49: "crash", 57: "crash", 52: "china", 55: "splash", 56: "cowbell"},
}
BRUSHES = 40  # the program of the kit that is played with brushes: tap, slap and swirl at 38 to 40
# A clap (39) often sounds with a snare and is rarely annotated: outside the vocabulary here, unlike in vocabulary.GENERAL_MIDI.
OTHER_PITCHES = (39, *range(60, 82))

# Articulations that replace one that a kit does not have, best first.
SUBSTITUTES = {
    "snare_edge": ("snare",),
    "side_stick": ("snare_edge", "snare"),
    "snare": ("snare_edge", "brush"),
    "brush": ("snare", "snare_edge"),
    "tom_high": ("tom_mid", "tom_low"),
    "tom_mid": ("tom_high", "tom_low"),
    "tom_low": ("tom_mid", "tom_high"),
    "hat_half_open": ("hat_open",),
    "hat_pedal": ("hat_closed",),
    "hat_closed": ("hat_half_open", "hat_open"),
    "hat_open": ("hat_half_open",),
    "ride_bell": ("ride",),
    "ride": ("ride_bell",),
    "crash": ("china", "splash", "ride"),
    "china": ("crash",),
    "splash": ("crash",),
}

# The two kits of avldrums.lv2 have a layout of their own.
_AVL = {
    **{36: "kick", 37: "side_stick", 38: "snare", 40: "snare_edge", 41: "tom_low", 43: "tom_low", 45: "tom_mid", 47: "tom_mid"},
    **{42: "hat_closed", 44: "hat_pedal", 46: "hat_half_open", 48: "hat_open", 49: "crash", 57: "crash", 60: "crash"},
    **{51: "ride", 59: "ride", 53: "ride_bell", 54: "tambourine", 55: "splash", 56: "cowbell", 39: "other_39", 64: "other_70"},
}

# The first match decides; None: not used (chokes, rolls, effects, snare drums without their wires).
_NAMES = (
    (r"choke|roll|flink|zap|fx|whistle|click$|finger|glass|cajon|^drum|breaks drum|snare 2 (rimshot )?\(", None),
    (r"side.?stick|rim click|^stick|- stick", "side_stick"),
    (r"clap", "other_39"),
    (r"maraca|bongo|clave|woodblock|djembe|sangban|dununba|kenkeni|conga|agogo", "other"),
    (r"kick|bass ?drum", "kick"),
    (r"snare.*rim", "snare_edge"),
    (r"snare", "snare"),
    (r"floor|tom.*low|low tom", "tom_low"),
    (r"tom.*(hi|1\b)|high tom|tomhi", "tom_high"),
    (r"\btom|middle tom", "tom_mid"),
    (r"(hat|hh).*(semi|swish|free)", "hat_half_open"),
    (r"(hat|hh).*(pedal|pd|foot)|pedal hh", "hat_pedal"),
    (r"(hat|hh).*op|ope?n? ?h|ohh", "hat_open"),
    (r"hat|hh", "hat_closed"),
    (r"cowbell", "cowbell"),
    (r"tambourine", "tambourine"),
    (r"bell|cup", "ride_bell"),
    (r"china", "china"),
    (r"splash", "splash"),
    (r"ride bow|crash/ride bow|^ride|paiste ride", "ride"),
    (r"crash|cymbal", "crash"),
)


def of_pitch(pitch: int, general_midi: bool = True, program: int = 0) -> str | None:
    """Articulation of a pitch in a General MIDI kit, or in one of avldrums.lv2; None for a pitch that is not used.

    program  of a General MIDI kit: 40 is played with brushes, whose swirl is not used, as it has no clear onset.
    """
    if not general_midi:
        return _AVL.get(pitch)
    if program == BRUSHES and pitch in (38, 39, 40):
        return None if pitch == 40 else "brush"
    if pitch in OTHER_PITCHES:
        return f"other_{pitch}"
    return OF_PITCH.get(pitch)


def of_name(name: str) -> str | None:
    """Articulation of an instrument by its name in a Hydrogen kit; None for an instrument that is not used."""
    name = name.lower().strip()
    for pattern, articulation in _NAMES:
        if re.search(pattern, name):
            return "other_" + re.sub(r"\W+", "_", name).strip("_") if articulation == "other" else articulation
    return None


def class_index(articulation: str) -> int | None:
    """Index in CLASSES of an articulation's class; None outside the vocabulary."""
    name = CLASS_OF.get(articulation)
    return None if name is None else CLASSES.index(name)
