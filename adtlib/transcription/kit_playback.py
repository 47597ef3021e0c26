"""The drums of a transcription, played on a sampled kit.

The kit is a recorded one where the Debian packages hydrogen-data or hydrogen-drumkits are installed (`ADT_SOUNDS` names another
place, see `adtlib.synthesis.sources`), else the kit of the General MIDI sound font that comes with the package's dependencies.
Drums are rendered in pieces, so that memory does not grow with the length of the recording.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.clicks import DrumEvent
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import place, to_peak
from adtlib.audio.normalise import PEAK
from adtlib.onsets.midi import Note
from adtlib.synthesis.playing import PLAYBACK_DB, amplitude
from adtlib.synthesis.samples import Bank, OneShot, layer_at, open_bank
from adtlib.synthesis.sources import SourceError, hydrogen_kits
from adtlib.transcription import extras
from adtlib.vocabulary import CLASSES, MIDI_PITCH

_PIECE, _TAIL = 30, 4  # seconds rendered at once, and seconds that a cymbal may ring on after them


# The sound of each class.
_ARTICULATIONS = dict(zip(CLASSES, ("kick", "snare", "tom_mid", "hat_closed", "crash"), strict=True))


_PREFERRED = ("GMRockKit", "Millo_MultiLayered3", "The Black Pearl 1.0")


# --- drums -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SampledKit:
    """A drum kit: `name` for the reader; `render(events, seconds)` returns mono float32 at 44.1 kHz, not normalised."""

    name: str
    render: Callable[[Sequence[DrumEvent], float], np.ndarray]


@lru_cache(maxsize=1)
def sampled_kit() -> SampledKit:
    """The recorded kit that is installed, else the General MIDI kit that comes with the dependencies.

    The latter also, with a warning, where the cache cannot be written to. WriteError where the disk is full.
    """
    return _recorded_kit() or SampledKit("the General MIDI kit of TimGM6mb", _play_general_midi)


def lacking() -> str:
    """What is to be installed so that drums can be played, in a sentence; "" if nothing."""
    return "" if hydrogen_kits() else extras.missing("listen")


def drum_blocks(events: Sequence[DrumEvent], seconds: float, kit: SampledKit) -> Iterator[np.ndarray]:
    """The drums as blocks of mono samples at 44.1 kHz, together `round(seconds * 44100)`; not normalised."""
    left, tail = round(seconds * SAMPLE_RATE), np.zeros(_TAIL * SAMPLE_RATE, dtype=np.float32)
    times = np.array([time for time, _, _ in events])
    start = 0.0
    while left > 0:
        first, last = np.searchsorted(times, (start, start + _PIECE))
        inside = [(time - start, name, velocity) for time, name, velocity in events[first:last]]
        piece = kit.render(inside, _PIECE + _TAIL)
        piece[: len(tail)] += tail
        size = min(left, _PIECE * SAMPLE_RATE)
        tail = piece[_PIECE * SAMPLE_RATE :]
        yield piece[:size]
        left, start = left - size, start + _PIECE


def played(events: Sequence[DrumEvent], seconds: float) -> np.ndarray:
    """The drums as one array, played on the sampled kit, scaled to the peak level: `(round(seconds * 44100),)` float32."""
    drums = np.concatenate([np.zeros(0, dtype=np.float32), *drum_blocks(events, seconds, sampled_kit())])
    return to_peak(drums, PEAK)


def _play_general_midi(events: Sequence[DrumEvent], seconds: float) -> np.ndarray:
    from adtlib.synthesis.examples import KIT
    from adtlib.synthesis.soundfont import build_kit, render_drums

    notes = [Note(time, MIDI_PITCH[name], velocity) for time, name, velocity in events]
    return render_drums(notes, build_kit(KIT), seconds, np.random.default_rng(0))


def _recorded_kit() -> SampledKit | None:
    kits = {path.name: path for path in hydrogen_kits()}
    for name in [*(name for name in _PREFERRED if name in kits), *(name for name in kits if name not in _PREFERRED)]:
        try:
            bank = _bank(kits[name])
        except paths.WriteError as error:
            # A state that passes: the same command is to make the same sound.
            if error.errno in paths.FULL:
                raise
            warnings.warn(f"the recorded kit {name} cannot be unpacked, the General MIDI kit plays: {error}", stacklevel=2)
            return None
        except (SourceError, OSError) as error:
            warnings.warn(f"{error}; another kit is used", stacklevel=2)
            continue
        voices = {label: bank.voices_or_substitutes(_ARTICULATIONS[label]) for label in CLASSES}
        if all(voices.values()):
            layers = {label: found[0] for label, found in voices.items()}
            return SampledKit(f"the recorded kit {name} (Hydrogen)", partial(_play, bank, layers))
    return None


def _bank(kit: Path) -> Bank:
    """The one-shots of a Hydrogen kit, made from its samples once and kept in the cache."""
    from adtlib.synthesis.capture import banks_folder, capture_hydrogen

    path = banks_folder() / "kits" / kit.name
    if not path.with_name(f"{path.name}.json").is_file():
        path = paths.CACHE / "listening" / kit.name
        if not path.with_name(f"{path.name}.json").is_file():
            capture_hydrogen(kit, path)
    return open_bank(path)


def _play(bank: Bank, layers: dict[str, list[OneShot]], events: Sequence[DrumEvent], seconds: float) -> np.ndarray:
    out = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    sounds: dict[tuple[str, int], np.ndarray] = {}
    for time, name, velocity in events:
        own = layers[name]
        index = layer_at(own, velocity)
        if (name, index) not in sounds:
            sounds[name, index] = bank.waveform(own[index])
        start = round(time * SAMPLE_RATE) - own[index].attack
        place(sounds[name, index], out, start, amplitude(velocity, PLAYBACK_DB[name]))
    return out
