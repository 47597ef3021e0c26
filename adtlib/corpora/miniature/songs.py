"""The music of the miniature corpora: kits, recipes of songs, and songs as performed and rendered.

A `Recipe` defines one performance and is small enough to be sent to another process; `play` turns it into a `Song`: notes, drums
and accompaniment as waveforms that can be summed. No two recipes share a seed, so no performance is in two splits.
"""

import zlib
from dataclasses import dataclass, replace

import numpy as np

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import rms
from adtlib.corpora.miniature import accompaniment as music
from adtlib.notation.midi_files import MidiPart
from adtlib.onsets.midi import DRUM_CHANNEL, Note
from adtlib.synthesis import soundfont
from adtlib.synthesis.grooves import Performance, bars_for, perform
from adtlib.synthesis.soundfont import KitDesign

LEAD_IN, TAIL = 0.25, 0.6  # seconds before the first beat and after the last
MASKING = 8.0  # decibels by which a masking accompaniment is raised, for two bars


@dataclass(frozen=True)
class Recipe:
    """One performance: `name` is unique in its corpus; with the seed it determines all random choices.

    `n_parts` counts melodic instruments (0: drums alone); `drums_above` is the drums' level over them in decibels of root
    mean square; `masked` makes the accompaniment cover the drums for two bars; `designs` are the kits; without
    any, one is drawn from `programs`.
    """

    corpus: str
    name: str
    split: str
    style: str
    bpm: int
    seconds: float
    seed: int
    n_parts: int = 0
    drums_above: float = 0.0
    masked: bool = False
    programs: tuple[int, ...] = (soundfont.STANDARD,)
    designs: tuple[KitDesign, ...] = ()
    fill_only: bool = False

    def rng(self, purpose: str = "") -> np.random.Generator:
        """A generator for one purpose of this recipe, independent of those for other purposes."""
        return np.random.default_rng([self.seed, zlib.crc32(f"{self.corpus}/{self.name}/{purpose}".encode())])


@dataclass(frozen=True)
class Song:
    """A recipe performed: `drums` and `accompaniment` are (n,) or (n, 2) float32 to be summed, `parts` the MIDI of the latter.

    `accompaniment` is None for drums alone; `stems` holds each part separately if requested.
    """

    performance: Performance
    drums: np.ndarray
    accompaniment: np.ndarray | None
    parts: tuple[MidiPart, ...]
    instruments: tuple[music.Instrument, ...]
    stems: tuple[np.ndarray, ...]

    @property
    def mix(self) -> np.ndarray:
        """The sum."""
        return self.drums if self.accompaniment is None else self.drums + self.accompaniment

    def scaled(self, peak: float) -> "Song":
        """The song with the peak of its mix at `peak`, the balance unchanged."""
        gain = np.float32(min(peak, 0.98) / max(float(np.max(np.abs(self.mix), initial=0.0)), 1e-9))
        scaled = None if self.accompaniment is None else self.accompaniment * gain
        return replace(self, drums=self.drums * gain, accompaniment=scaled, stems=tuple(s * gain for s in self.stems))


def performance_of(recipe: Recipe) -> Performance:
    """The drummer's performance, the same for every kit that the recipe is rendered on."""
    bars = bars_for(recipe.seconds - LEAD_IN - TAIL, recipe.bpm)
    return perform(recipe.style, recipe.bpm, bars, recipe.rng("drums"), LEAD_IN, TAIL, fill_only=recipe.fill_only)


def drums_of(recipe: Recipe, performance: Performance, design: KitDesign, stereo: bool = False) -> np.ndarray:
    """The performance on one kit: `(n,)` or `(n, 2)` float32."""
    kit = soundfont.build_kit(design)
    rng = recipe.rng(f"kit {design.name}")
    return soundfont.render_drums(performance.notes, kit, performance.duration, rng, stereo)


def play(recipe: Recipe, stereo: bool = False, with_stems: bool = False) -> Song:
    """Perform and render a recipe on its kit, with its accompaniment."""
    performance = performance_of(recipe)
    design = recipe.designs[0] if recipe.designs else random_design(recipe)
    drums = drums_of(recipe, performance, design, stereo)
    if not recipe.n_parts:
        return Song(performance, drums, None, (), (), ())
    rng = recipe.rng("accompaniment")
    loud = masked_bars(performance) if recipe.masked else (0, 0)
    instruments = music.choose_instruments(recipe.style, recipe.n_parts - recipe.masked, rng)
    instruments += [music.DENSE] if recipe.masked else []
    parts = music.compose(performance, instruments, rng, loud)
    groups = [[part] for part in parts] if with_stems else [parts]
    stems = [soundfont.synthesise(group, performance.duration)[: len(drums)] for group in groups]
    stems = [stem if stereo else stem.mean(axis=1) for stem in stems]
    total = sum(stems)
    balanced = music.balance(drums, total, recipe.drums_above)
    factor = np.float32(rms(balanced) / max(rms(total), 1e-9))
    envelope = _masking_envelope(performance, loud, len(drums))
    envelope = envelope[:, None] if stereo else envelope
    stems = tuple(stem * factor * envelope for stem in stems) if with_stems else ()
    return Song(performance, drums, balanced * envelope, tuple(parts), tuple(instruments), stems)


def masked_bars(performance: Performance) -> tuple[int, int]:
    """The two bars in the middle in which the music covers the drums (from, to)."""
    middle = performance.n_bars // 2
    return max(middle - 1, 0), min(middle + 1, performance.n_bars)


def _masking_envelope(performance: Performance, loud: tuple[int, int], n_samples: int) -> np.ndarray:
    if loud[0] == loud[1]:
        return np.ones(n_samples, dtype=np.float32)
    start, end = performance.seconds_at([4 * loud[0], 4 * loud[1]])
    seconds = np.arange(n_samples) / SAMPLE_RATE
    decibels = np.interp(seconds, [start - 0.05, start, end, end + 0.05], [0.0, MASKING, MASKING, 0.0])
    return (10 ** (decibels / 20)).astype(np.float32)


def random_design(recipe: Recipe) -> KitDesign:
    """A kit of one of the recipe's programs, with random tuning, damping, balance and room."""
    rng = recipe.rng("design")
    groups = ("kick", "snare", "toms", "hat", "cymbals")
    return KitDesign(
        name=recipe.name,
        program=int(rng.choice(recipe.programs)),
        tune={group: float(np.exp(rng.normal(0.0, 0.06))) for group in groups},
        damp={group: float(rng.uniform(0.6, 1.0)) for group in groups},
        level={group: float(rng.normal(0.0, 1.5)) for group in groups},
        tilt=float(rng.normal(0.0, 2.0)),
        room=float(rng.choice((0.25, 0.4, 0.6))),
        wet=float(rng.uniform(0.04, 0.2)),
        drive=float(rng.uniform(0.0, 0.4)),
    )


def roland_pitches(notes: tuple[Note, ...], rng: np.random.Generator) -> tuple[Note, ...]:
    """The notes as a Roland kit sends them: hard hi-hats from the edge (22, 26), some toms and snares from the rim (58, 40)."""
    toms = {50: 48, 47: 45, 41: 43}
    edge = rng.random() < 0.6
    out = []
    for note in notes:
        pitch = toms.get(note.pitch, note.pitch)
        if pitch in (42, 46) and edge and note.velocity > 88:
            pitch = {42: 22, 46: 26}[pitch]
        elif pitch == 43 and rng.random() < 0.15:
            pitch = 58
        elif pitch == 38 and note.velocity > 100 and rng.random() < 0.3:
            pitch = 40
        elif pitch == 49 and rng.random() < 0.3:
            pitch = 55
        out.append(Note(note.seconds, pitch, note.velocity))
    return tuple(out)


def drum_part(notes: tuple[Note, ...]) -> MidiPart:
    """Notes as a MIDI part on the drum channel; drums have no length, so each note lasts 0.1 s, or until the next on its drum."""
    following: dict[int, float] = {}
    ends = []
    for note in reversed(notes):
        ends.append(min(note.seconds + 0.1, following.get(note.pitch, np.inf) - 0.005))
        following[note.pitch] = note.seconds
    timed = [(n.seconds, float(e), n.pitch, n.velocity) for n, e in zip(notes, reversed(ends), strict=True)]
    return MidiPart("Drums", 0, DRUM_CHANNEL, timed)
