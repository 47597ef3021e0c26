"""The accompaniment of the drums: two to seven parts of a real song, at the drums' tempo, transposed, on other instruments.

Parts are played from one-shots, as the drums are. Some clips have a sung part (`singing`), some percussion outside the vocabulary.
A model learns to tell it from drums, so slapped basses, muted guitars, pianos and mallets are more frequent than in songs, and by
the recipe distorted guitars, brass and synthesisers, which cover hi-hats and cymbals.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.signal import sosfilt

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import place, rms
from adtlib.synthesis import effects, singing
from adtlib.synthesis.capture import PITCHES
from adtlib.synthesis.drumming import Drumming, Stroke, swing
from adtlib.synthesis.kits import cut, resample
from adtlib.synthesis.performances import Part, Song
from adtlib.synthesis.recipe import SHIPPED, Recipe, Streams
from adtlib.synthesis.samples import Bank, open_bank

# General MIDI programs whose notes begin like strokes: bells and mallets, muted guitar, slap bass, plucked strings, hits.
HARD_ATTACKS = (0, 6, 7, 9, 11, 12, 13, 15, 24, 25, 28, 29, 30, 36, 37, 45, 46, 47, 55, 61, 104, 105, 106, 107, 108, 113, 114, 115)
VOICE = -2  # the "program" of a sung part
_MOST_NOTES = 400  # of a part in a clip; longer tremolos are thinned


# Strings, brass and synthesisers that are bright; distorted guitars, which also get their fifth and octave.
GUITARS = (29, 30)
BRIGHT = (*GUITARS, *GUITARS, 48, 50, 55, 61, 62, 63, 80, 81, 81, 84, 87, 90)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Parts in beats from the start of the clip, each with the `program` that plays it; which of them are driven hard."""

    parts: tuple[Part, ...]
    semitones: int
    driven: tuple[bool, ...] = ()


def arrange(drumming: Drumming, songs: tuple[Song, ...], n_beats: float, streams: Streams, recipe: Recipe) -> Arrangement | None:
    """Choose a song, a place in it and its parts; None if nothing is played there.

    Drums from a song are accompanied by that song in three of four clips.
    """
    rng = streams("arrangement")
    of_kind = [song for song in songs if song.kind == "song"]
    if not of_kind:
        return None
    if drumming.song is not None and rng.random() < 0.75:
        song, start, factor = drumming.song, drumming.start, 1.0
    else:
        song = of_kind[rng.integers(len(of_kind))]
        factor = _tempo_factor(song.bpm, drumming.bpm)
        start = 4.0 * rng.integers(0, max(1, int((song.n_beats - n_beats * factor) / 4) + 1))
    parts = []
    for part in song.others:
        part = part.within(start, start + n_beats * factor)
        if len(part.beats) >= 3:
            parts.append(replace(part, beats=part.beats / factor, lengths=part.lengths / factor))
    if not parts:
        return None
    chosen = rng.permutation(len(parts))[: rng.integers(2, 8)]
    parts = [parts[index] for index in (chosen if recipe.accompaniment == "songs" else chosen[:1])]
    parts = [_orchestrate(part, streams("part", number)) for number, part in enumerate(parts)]
    driven = [_is_driven(part, streams("bright", number), recipe.bright) for number, part in enumerate(parts)]
    parts = [
        _brighten(part, streams("bright part", n)) if drive else part
        for n, (part, drive) in enumerate(zip(parts, driven, strict=True))
    ]
    singer = streams("singer")
    if singer.random() < recipe.voices:
        parts = _sing(parts)
    return Arrangement(tuple(parts), int(streams("key").integers(-5, 7)), tuple(driven))


def _tempo_factor(song_bpm: float, bpm: float) -> float:
    """Beats of the song for one of the drums: 1, or 2 or 1/2 if the tempi differ too much."""
    return float(2.0 ** np.clip(np.round(np.log2(song_bpm / bpm)), -1, 1))


def _orchestrate(part: Part, rng: np.random.Generator) -> Part:
    """The part on its own instrument, on one of the same family of eight, or on one with a hard attack."""
    part = part.select(slice(None, None, -(-len(part.beats) // _MOST_NOTES)))
    draw, program = rng.random(), part.program
    bass = _is_bass(part)
    if draw < 0.25 and not bass:
        program = int(rng.choice(HARD_ATTACKS))
    elif draw < 0.45 and bass:
        program = int(rng.choice((32, 33, 34, 36, 36, 37, 38, 39)))
    elif draw < 0.75:
        program = program // 8 * 8 + int(rng.integers(8))
    if program >= 116:
        program = int(rng.choice((0, 27, 48, 81, 90)))
    return replace(part, program=program)


def _is_bass(part: Part) -> bool:
    return bool(np.median(part.pitches) < 48)


def _is_driven(part: Part, rng: np.random.Generator, share: float) -> bool:
    return bool(rng.random() < share) and not _is_bass(part)


def _brighten(part: Part, rng: np.random.Generator) -> Part:
    """The part on an instrument of BRIGHT; guitars play power chords, its notes with fifth and octave."""
    program = int(rng.choice(BRIGHT))
    if program not in GUITARS:
        return replace(part, program=program)
    chord = (0, 7, 12)
    columns = {name: np.repeat(getattr(part, name), len(chord)) for name in ("beats", "lengths", "velocities")}
    pitches = (part.pitches[:, None] + chord).ravel()
    return replace(part, program=program, pitches=pitches, **columns).select(slice(None, 3 * _MOST_NOTES // 2))


def _sing(parts: list[Part]) -> list[Part]:
    """Of the parts in a singer's range the one with the fewest chords is sung."""
    singable = [index for index, part in enumerate(parts) if 50 <= np.median(part.pitches) <= 84 and len(part.beats) >= 4]
    if not singable:
        return parts
    index = min(singable, key=lambda i: float(np.mean(np.diff(parts[i].beats) < 0.05)))
    part = parts[index]
    alone = np.append(True, np.diff(part.beats) >= 0.2)
    sung = replace(part.select(alone), program=VOICE)
    return [*parts[:index], sung, *parts[index + 1 :]]


# --- playing -------------------------------------------------------------------------------------------------------------


def play(
    arrangement: Arrangement,
    bpm: float,
    swing_at: float,
    banks: tuple[Path, Path],
    n_samples: int,
    streams: Streams,
    recipe: Recipe = SHIPPED,
) -> np.ndarray:
    """The parts together: `(n_samples,)` float32 of RMS 1, or zeros if no part can be played.

    banks  paths of a bank of General MIDI instruments and of the bank of voices.
    """
    total = np.zeros(n_samples, dtype=np.float32)
    instruments, singers = map(open_bank, banks)
    driven = arrangement.driven or (False,) * len(arrangement.parts)
    for number, (part, drive) in enumerate(zip(arrangement.parts, driven, strict=True)):
        stem = np.zeros(n_samples, dtype=np.float32)
        sung = part.program == VOICE
        _play_part(
            stem, part, arrangement.semitones, 60 / bpm, swing_at, singers if sung else instruments, streams("player", number)
        )
        if (level := rms(stem)) > 0:
            gain = 3 if _is_bass(part) else 4 if sung else 0
            stem = stem / np.float32(level)
            starts = swing(part.beats, swing_at) * 60 / bpm
            if recipe.reaches("mixed"):
                stem = process_part(stem, sung, starts, streams("treatment of part", number), recipe.parts_treated)
                stem = _as_on_records(stem, drive and not sung, starts, streams, number, recipe)
            total += stem * np.float32(10 ** ((gain + streams("fader", number).normal(0, 4)) / 20))
    level = rms(total)
    return total / np.float32(level) if level > 0 else total


def _as_on_records(stem, drive: bool, starts: np.ndarray, streams: Streams, number: int, recipe: Recipe) -> np.ndarray:
    """A part of RMS 1, by chance driven hard, with its attacks raised, or played twice in stereo; RMS 1."""
    treated = stem
    if drive:
        treated = effects.amplify(treated, streams("amplifier", number))
    rng = streams("attacks", number)
    if rng.random() < recipe.attacks:
        treated = effects.raise_attacks(treated, starts, rng)
    rng = streams("doubled", number)
    if rng.random() < recipe.doubled:
        treated = effects.double(treated, rng)
    return stem if treated is stem else treated / np.float32(max(rms(treated), 1e-9))


def _play_part(stem, part: Part, semitones: int, beat: float, swing_at: float, bank: Bank, rng) -> None:
    loose = rng.uniform(0, 0.012)
    starts = swing(part.beats, swing_at) * beat + rng.normal(0, loose, len(part.beats)) + rng.normal(0, 0.006)
    release = round(rng.uniform(0.03, 0.25) * SAMPLE_RATE)
    touch = rng.uniform(0.3, 1.3)
    tuning = rng.normal(0, 0.08)
    tuned: dict[tuple[str, int], tuple[np.ndarray, int]] = {}
    for start, length, pitch, velocity in zip(starts, part.lengths * beat, part.pitches + semitones, part.velocities, strict=True):
        key, captured, pitch = _nearest(part.program, int(pitch))
        choices = bank.by_key.get(key)
        if not choices:
            continue
        one_shot = choices[rng.integers(len(choices))] if len(choices) > 1 else choices[0]
        if (one_shot.start, pitch) not in tuned:
            speed = 2 ** ((pitch + tuning - captured) / 12)
            tuned[one_shot.start, pitch] = resample(bank.waveform(one_shot), speed), round(one_shot.attack / speed)
        waveform, attack = tuned[one_shot.start, pitch]
        waveform = cut(waveform, attack + max(round(length * SAMPLE_RATE), 1_000), release)
        place(waveform, stem, round(start * SAMPLE_RATE) - attack, (velocity / 100) ** touch)


def process_part(stem: np.ndarray, sung: bool, starts: np.ndarray, rng: np.random.Generator, factor: float = 1.0) -> np.ndarray:
    """A part of RMS 1 as a studio delivers it: by chance with the noise of picks and fingers, equalised, saturated.

    starts  seconds of its notes.
    factor  on the chances.
    """
    if rng.random() < 0.3 * factor and not sung:
        stem = stem + pick_noise(len(stem), starts, rng) * np.float32(10 ** (rng.uniform(-9, 9) / 20))
    if rng.random() < 0.4 * factor:
        stem = sosfilt(np.array([effects.shelf_or_peak(rng, 6.0) for _ in range(2)], dtype=np.float32), stem)
    return effects.saturate(stem, rng) if rng.random() < 0.25 * factor else stem


def pick_noise(n_samples: int, starts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A short burst of noise of a pick or finger at each note or chord: `(n_samples,)`, peaks up to 1."""
    low = np.exp(rng.uniform(np.log(300), np.log(3_000)))
    high = low * rng.uniform(2, 5)
    decay = np.float32(np.exp(rng.uniform(np.log(0.003), np.log(0.03))))
    time = np.arange(round(6 * decay * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    bursts = [effects.burst(np.exp(-time / decay), low, high, rng) for _ in range(3)]
    stem = np.zeros(n_samples, dtype=np.float32)
    for start in np.unique(np.round(starts, 2)).tolist():
        at = round((start + rng.normal(0, 0.004)) * SAMPLE_RATE)
        place(bursts[rng.integers(3)], stem, at, 10 ** (rng.uniform(-9, 0) / 20))
    return stem


def _nearest(program: int, pitch: int) -> tuple[str, int, int]:
    """(key, its pitch, pitch) of the captured note nearest to a pitch; pitches far outside the captured range move by octaves."""
    grid = singing.PITCHES if program == VOICE else PITCHES
    while pitch > grid[-1] + 4:
        pitch -= 12
    while pitch < grid[0] - 4:
        pitch += 12
    captured = min(grid, key=lambda other: abs(other - pitch))
    return (f"voice:{captured}" if program == VOICE else f"{program}:{captured}"), captured, pitch


def percussion(bpm: float, seconds: float, names: list[str], rng: np.random.Generator) -> list[Stroke]:
    """A repeated bar of one or two instruments outside the vocabulary: strokes that are not annotated."""
    strokes, beat = [], 60 / bpm
    for name in rng.choice(names, rng.integers(1, 3), replace=False).tolist():
        steps = int(rng.choice([8, 16, 16, 12]))
        played = rng.random(steps) < rng.choice([0.25, 0.5, 1.0])
        accents = rng.uniform(-9, 0, steps)
        for bar in range(int(seconds / beat / 4) + 1):
            for step in np.flatnonzero(played).tolist():
                second = (bar + step / steps) * 4 * beat + rng.normal(0, 0.005)
                strokes.append(Stroke(max(second, 0.0), name, 90 + accents[step], accents[step], False))
    return strokes


def shaker(bpm: float, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """A shaker on eighths or sixteenths, accented: noise above 2 to 5 kHz that swells; `(n_samples,)` float32 of RMS 1."""
    step = 60 / bpm / int(rng.choice((2, 4, 4)))
    length = round(min(step, 0.2) * SAMPLE_RATE)
    time = np.arange(length, dtype=np.float32) / SAMPLE_RATE
    swell = np.float32(rng.uniform(0.004, 0.04))
    shape = np.minimum(time / swell, 1) * np.exp(-np.maximum(time - swell, 0) / np.float32(rng.uniform(0.012, 0.06)))
    low = rng.uniform(2_000, 5_000)
    strokes = [effects.burst(shape, low, rng.uniform(2, 4) * low, rng) for _ in range(4)]
    accents = rng.uniform(-15, 0, 4)
    out = np.zeros(n_samples, dtype=np.float32)
    for number, second in enumerate(np.arange(rng.uniform(0, step), n_samples / SAMPLE_RATE, step).tolist()):
        at = round((second + rng.normal(0, 0.006)) * SAMPLE_RATE)
        place(strokes[rng.integers(4)], out, at, 10 ** ((accents[number % 4] + rng.normal(0, 1.5)) / 20))
    return out / max(rms(out), 1e-9)


def riser(bpm: float, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise that rises over two to eight beats, or falls, from any sample on; `(n_samples,)` float32, peak 1."""
    length = round(min(60 / bpm * int(rng.choice((2, 4, 8))), n_samples / SAMPLE_RATE) * SAMPLE_RATE)
    rise = np.linspace(0, 1, length, dtype=np.float32)
    low, high = rng.uniform(300, 3_000), rng.uniform(5_000, 14_000)
    dark, light = (effects.burst(shape, low, edge, rng) for shape, edge in ((rise * (1 - rise), 2 * low), (rise**2, high)))
    sound = dark + light
    if rng.random() < 0.4:
        sound = sound[::-1]
    out = np.zeros(n_samples, dtype=np.float32)
    place(sound, out, int(rng.integers(0, n_samples - length + 1)), 1.0)
    return out / max(float(np.abs(out).max()), 1e-6)
