"""A transcription to be heard: clicks over the recording, and the drums alone, played on a sampled kit.

The kit is a recorded one where the Debian packages hydrogen-data or hydrogen-drumkits are installed (`ADT_SOUNDS` names another
place, see `adtlib.rendered.sources`), else the kit of the General MIDI sound font that comes with the package's dependencies.
Both play in pieces, so that a recording of any length needs no more memory; levels are set so that nothing clips.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from adtlib import paths
from adtlib.audio_files import MADE_HERE
from adtlib.features import SAMPLE_RATE
from adtlib.passages import CLICK_FREQUENCIES
from adtlib.rendered.playing import add
from adtlib.vocabulary import CLASSES, MIDI_PITCH

PEAK = 0.95  # of what is written
_CLICK, _UNDER = 0.35, 0.7  # peak of a click; gain of the recording below the clicks
_PIECE, _TAIL = 30, 4  # seconds rendered at once, and that a cymbal rings beyond
# Loudness of one-shots of equal peak, in decibels, and which sound stands for a class.
_LEVELS = dict(zip(CLASSES, (0.0, 0.0, -3.0, -10.0, -7.0), strict=True))
_ARTICULATIONS = dict(zip(CLASSES, ("kick", "snare", "tom_mid", "hat_closed", "crash"), strict=True))
_PREFERRED = ("GMRockKit", "Millo_MultiLayered3", "The Black Pearl 1.0")
_DYNAMICS = 1.5  # amplitude = (velocity / 127) ** _DYNAMICS

Struck = tuple[float, str, int]  # seconds, class, velocity


# --- clicks ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _click(name: str) -> np.ndarray:
    """40 ms of a damped tone, its first sample at the onset."""
    time = np.arange(round(0.04 * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = CLICK_FREQUENCIES[name]
    tone = np.sin(2 * np.pi * frequency * time) * np.exp(-time / 0.008)
    return (_CLICK * tone / np.abs(tone).max()).astype(np.float32)


def with_clicks(blocks: Iterable[np.ndarray], struck: Sequence[Struck]) -> Iterator[np.ndarray]:
    """Blocks of a recording at 44.1 kHz, softer, with a click at each onset, of another pitch for each class."""
    starts = np.array([round(seconds * SAMPLE_RATE) for seconds, _, _ in struck], dtype=np.int64)
    begin, longest = 0, round(0.04 * SAMPLE_RATE)
    for block in blocks:
        mixed = block * np.float32(_UNDER)
        end = begin + len(block)
        for index in range(*np.searchsorted(starts, (begin - longest, end))):
            add(mixed, _click(struck[index][1]), int(starts[index]) - begin, gain=1.0)
        begin = end
        yield mixed


# --- drums -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SampledKit:
    """A kit that plays: `name` in words; `render(struck, seconds)` gives mono float32, not levelled."""

    name: str
    render: Callable[[Sequence[Struck], float], np.ndarray]


@lru_cache(maxsize=1)
def sampled_kit() -> SampledKit:
    """The recorded kit that is installed, else the one that comes with the dependencies."""
    return _recorded_kit() or SampledKit("the General MIDI kit of TimGM6mb", _play_general_midi)


def drum_blocks(struck: Sequence[Struck], seconds: float, kit: SampledKit) -> Iterator[np.ndarray]:
    """The drums as blocks of mono samples at 44.1 kHz, together `round(seconds * 44100)`; not levelled."""
    left, tail = round(seconds * SAMPLE_RATE), np.zeros(_TAIL * SAMPLE_RATE, dtype=np.float32)
    times = np.array([time for time, _, _ in struck])
    start = 0.0
    while left > 0:
        first, last = np.searchsorted(times, (start, start + _PIECE))
        inside = [(time - start, name, velocity) for time, name, velocity in struck[first:last]]
        piece = kit.render(inside, _PIECE + _TAIL)
        piece[: len(tail)] += tail
        size = min(left, _PIECE * SAMPLE_RATE)
        tail = piece[_PIECE * SAMPLE_RATE :]
        yield piece[:size]
        left, start = left - size, start + _PIECE


def played(struck: Sequence[Struck], seconds: float) -> np.ndarray:
    """The drums in one piece, on the sampled kit, as loud as can be: `(round(seconds * 44100),)` float32."""
    drums = np.concatenate([np.zeros(0, dtype=np.float32), *drum_blocks(struck, seconds, sampled_kit())])
    loudest = float(np.abs(drums).max(initial=0.0))
    return drums * np.float32(PEAK / loudest) if loudest else drums


def _play_general_midi(struck: Sequence[Struck], seconds: float) -> np.ndarray:
    from adtlib.corpora.grooves import Note
    from adtlib.corpora.rendering import build_kit, render_drums
    from adtlib.sounds import KIT

    notes = [Note(time, MIDI_PITCH[name], velocity) for time, name, velocity in struck]
    return render_drums(notes, build_kit(KIT), seconds, np.random.default_rng(0))


def _recorded_kit() -> SampledKit | None:
    from adtlib.rendered.sources import SourceError, hydrogen_kits

    kits = {path.name: path for path in hydrogen_kits()}
    for name in [*(name for name in _PREFERRED if name in kits), *(name for name in kits if name not in _PREFERRED)]:
        try:
            bank = _bank(kits[name])
        except SourceError as error:
            warnings.warn(f"{error}; another kit plays", stacklevel=2)
            continue
        layers = {label: _layers(bank, _ARTICULATIONS[label]) for label in CLASSES}
        if all(layers.values()):
            return SampledKit(f"the recorded kit {name} (Hydrogen)", lambda struck, s, b=bank, k=layers: _play(b, k, struck, s))
    return None


def _bank(kit: Path):
    """The one-shots of a Hydrogen kit, taken from its samples once."""
    from adtlib.rendered.capture import banks_folder, capture_hydrogen
    from adtlib.rendered.one_shots import open_bank

    path = banks_folder() / "kits" / kit.name
    if not path.with_name(f"{path.name}.json").is_file():
        path = paths.CACHE / "listening" / kit.name
        if not path.with_name(f"{path.name}.json").is_file():
            capture_hydrogen(kit, path)
    return open_bank(path)


def _layers(bank, articulation: str) -> list:
    """Layers, softest first, of the articulation or of what stands in for it."""
    from adtlib.rendered.articulations import SUBSTITUTES

    for name in (articulation, *SUBSTITUTES.get(articulation, ())):
        if voices := bank.voices(name):
            return voices[0]
    return []


def _play(bank, layers: dict[str, list], struck: Sequence[Struck], seconds: float) -> np.ndarray:
    out = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    sounds: dict[tuple[str, int], np.ndarray] = {}
    for time, name, velocity in struck:
        own = layers[name]
        index = int(np.searchsorted([one_shot.velocity for one_shot in own[:-1]], velocity))
        if (name, index) not in sounds:
            sounds[name, index] = bank.waveform(own[index])
        gain = (velocity / 127) ** _DYNAMICS * 10 ** (_LEVELS[name] / 20)
        add(out, sounds[name, index], round(time * SAMPLE_RATE) - own[index].attack, gain)
    return out


# --- levels ------------------------------------------------------------------------------------------------------------


def levelled(make: Callable[[], Iterator[np.ndarray]], raise_to_peak: bool = False) -> Iterator[np.ndarray]:
    """Blocks scaled so that none clips: they are made twice, first to find the loudest sample.

    raise_to_peak  make soft ones louder too; else only what is too loud is changed.
    """
    loudest = max((float(np.abs(block).max(initial=0.0)) for block in make()), default=0.0)
    gain = PEAK / loudest if loudest > PEAK or (raise_to_peak and loudest > 0) else 1.0
    for block in make():
        yield block * np.float32(gain)


def write_blocks(path: Path, blocks: Iterable[np.ndarray]) -> None:
    """Write mono blocks at 44.1 kHz as a 16-bit wav, under another name until it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp.wav")
    try:
        with soundfile.SoundFile(temporary, "w", SAMPLE_RATE, 1, subtype="PCM_16") as file:
            file.comment = MADE_HERE  # so that who transcribes the folder again does not take it for a recording
            for block in blocks:
                file.write(block)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
