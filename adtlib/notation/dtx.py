"""Charts for DTXMania: `.dtx`, drums for its ten pads, with the recording as background music.

Strokes lie on the grid of sheet music, the tempo map follows the beats of the recording, and measure 0 begins with it. Chips have
no sounds of their own: the recording is heard. What the game does not know, velocities, is lost.

Source: DTXMania's "DTX data format" (channels and commands of .dtx files, osdn.net/projects/dtxmania/wiki/DTX+data+format).
"""

import math
import warnings
from collections.abc import Iterable, Sequence
from fractions import Fraction

from adtlib.markup import in_line
from adtlib.notation.patterns import GridStroke
from adtlib.notation.tick_map import TICKS_A_QUARTER, TickMap

_BACKGROUND, _BAR_LENGTH, _TEMPO = "01", "02", "08"  # channels
# Closed hi-hat, snare, bass drum, low tom, cymbal; and where kinds are known high and floor tom, open hi-hat, ride, pedal hi-hat.
_CHANNELS = {"HH": "11", "SD": "12", "KD": "13", "TT": "15", "CY": "16"}
_OF_KIND = {
    **{"tom_high": "14", "tom_low": "17"},
    **dict.fromkeys(("hat_open", "hat_half_open"), "18"),
    **dict.fromkeys(("ride", "ride_bell"), "19"),
    "hat_pedal": "1B",
}
_MUSIC = "01"  # number of the recording among the sounds
_WHOLE = 4 * TICKS_A_QUARTER  # ticks of a whole note, in which lengths of measures are stated
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PADS = dict.fromkeys([*_CHANNELS.values(), *_OF_KIND.values()])
_CHIPS = {channel: f"0{_DIGITS[number]}" for number, channel in enumerate(_PADS, start=2)}  # a chip for each pad
ENCODING = "shift_jis"  # of the file; characters that it lacks become question marks


def dtx(strokes: Sequence[GridStroke], ticks: TickMap, name: str = "", sound: str = "") -> bytes:
    """A .dtx file.

    strokes  of the song, on its grid (`patterns.song_strokes`);  ticks  of the song;  sound  name of the recording's file.

    Raises ValueError for more tempos or measures than the format can number: 1,295 and 3,600. Warns of a name of a recording that
    the file cannot hold.
    """
    if sound.encode(ENCODING, "replace").decode(ENCODING) != sound:
        warnings.warn(
            f"{sound}: a .dtx cannot hold this name ({ENCODING}): rename the recording, and name it in #WAV01", stacklevel=2
        )
    first = ticks.pickup or ticks.bar  # length of measure 0
    tempos = {tempo: _number(index) for index, tempo in enumerate(dict.fromkeys(tempo for _, tempo in ticks.tempos), start=1)}
    lines = [f"#TITLE: {in_line(name)}", "#COMMENT: adt transcribe", f"#BPM: {60e6 / ticks.tempos[0][1]:.4f}", "#DLEVEL: 50"]
    lines += [f"#WAV{_MUSIC}: {in_line(sound)}", f"#BGMWAV: {_MUSIC}"] if sound else []
    lines += [f"#BPM{number}: {60e6 / tempo:.4f}" for tempo, number in tempos.items()]
    # A length holds until another follows; without any it is a whole note.
    lines += [f"#000{_BAR_LENGTH}: {first / _WHOLE:.6f}"] if first != _WHOLE else []
    lines += [f"#001{_BAR_LENGTH}: {ticks.bar / _WHOLE}"] if first != ticks.bar else []
    lines += [f"#000{_BACKGROUND}: {_MUSIC}"] if sound else []
    objects = [(tick, _TEMPO, tempos[tempo]) for tick, tempo in ticks.tempos]
    channels = [_OF_KIND.get(stroke.kind, _CHANNELS[stroke.name]) for stroke in strokes]
    placed = zip(strokes, channels, strict=True)
    objects += [(ticks.of_quarter(stroke.beat), channel, _CHIPS[channel]) for stroke, channel in placed]
    lines += _measures(objects, first, ticks.bar)
    return ("\r\n".join(lines) + "\r\n").encode(ENCODING, "replace")


def _measures(objects: Iterable[tuple[int, str, str]], first: int, bar: int) -> list[str]:
    """Lines of (tick, channel, object) by measure and channel: as many places as the objects of the line need.

    first, bar  ticks of measure 0, and of all others.
    """
    placed: dict[tuple[int, str], dict[Fraction, str]] = {}
    for tick, channel, what in objects:
        measure, at = (
            (0, Fraction(tick, first)) if tick < first else (1 + (tick - first) // bar, Fraction((tick - first) % bar, bar))
        )
        placed.setdefault((measure, channel), {})[at] = what
    lines = []
    for (measure, channel), inside in sorted(placed.items()):
        places = math.lcm(*(at.denominator for at in inside))
        written = "".join(inside.get(Fraction(place, places), "00") for place in range(places))
        lines.append(f"#{_measure_number(measure)}{channel}: {written}")
    return lines


def _number(index: int) -> str:
    """Two digits of base 36."""
    if index >= 36 * 36:
        raise ValueError(f"the song has more than {36 * 36 - 1:,} tempos, which .dtx files cannot number; state its tempo")
    return _DIGITS[index // 36] + _DIGITS[index % 36]


def _measure_number(measure: int) -> str:
    """Three digits, of which the first goes on with letters after 9."""
    if measure >= 3600:
        raise ValueError("the song has more than 3,600 bars, which .dtx files cannot number; cut the recording")
    return f"{_DIGITS[measure // 100]}{measure % 100:02d}"
