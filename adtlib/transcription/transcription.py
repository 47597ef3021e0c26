"""`Transcription`: the drums that `transcribe` found in a recording, their corrections, files, pictures and sounds.

    song = adtlib.transcribe("song.mp3")
    song.onsets                                  one sorted array of seconds for each class
    song.to_midi("song.mid")                     and to_csv, to_musicxml, to_svg, to_pdf, plot, click_track, play_drums
    song.save("song", ["labels", "tab"])         and the other formats of `formats.FORMATS`
    song.with_thresholds({"HH": 0.4})            peaks picked again, without the network
    song.add("SD", 12.31).remove("CY", 14.02)    corrected by hand

A transcription is immutable: the methods that change it return another one. Seconds count from the first sample of the recording.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adtlib import paths
from adtlib.audio.features import FPS, SAMPLE_RATE
from adtlib.notation.beats import Beats, check_tempo, track_beats
from adtlib.notation.time_signatures import Meter, check_meter
from adtlib.onsets.energies import velocities
from adtlib.onsets.frames import Onsets
from adtlib.onsets.own import COLUMNS, KIND_COLUMNS
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks, with_thresholds
from adtlib.transcription import extras
from adtlib.transcription.events import Edit, Event, check_class, counts_of, edited, onsets_of
from adtlib.transcription.formats import FORMATS, kinds_of
from adtlib.vocabulary import CLASSES, KINDS, MIDI_PITCH

if TYPE_CHECKING:
    from fractions import Fraction

    import pandas as pd

    from adtlib.audio.clicks import DrumEvent
    from adtlib.notation.patterns import GridStroke, Pattern
    from adtlib.notation.tick_map import TickMap
    from adtlib.transcription.kinds import HeardKinds

USUAL = ("mid", "csv", "musicxml", "svg", "pdf")  # of the formats, those that are written when none is named


@dataclass(frozen=True, eq=False)
class Transcription:
    """The drums found in a recording.

    name          of the recording: its file's stem.
    duration      seconds.
    activations   `(T, 5)` float32 in [0, 1], 100 frames a second.
    energies      `(T, 5)` float32, of `onsets.energies.band_energies`.
    peak_picking  parameters with which onsets are picked.
    model         name of the model.
    edits         corrections by hand, in order; they are kept when thresholds change.
    features      `(T, 84)` float16, the input of the network; None if not kept.
    source        the file; None for samples in memory.
    given_beats   known beats; by default they are tracked in the onsets.
    first_bar     seconds at which a bar is known to begin; None keeps the bar lines that were found.
    tempo         in quarter notes a minute, if it is known; None: it is found with the beats.
    kinds         of strokes within the classes; None: the model does not hear them, or they are not wanted.
    meter         the time signature, (3, 4), if it is known; None: it is found.
    """

    name: str
    duration: float
    activations: np.ndarray
    energies: np.ndarray
    peak_picking: PeakPicking
    model: str = ""
    edits: tuple[Edit, ...] = ()
    features: np.ndarray | None = None
    source: Path | None = None
    given_beats: Beats | None = None
    first_bar: float | None = None
    tempo: float | None = None
    kinds: "HeardKinds | None" = None
    meter: Meter | None = None

    # ---- onsets

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The onsets sorted by time, simultaneous ones in the order of CLASSES."""
        picked = pick_peaks(self.activations, self.peak_picking)
        times, by_hand = edited(picked, self.edits)
        strengths = heard = velocities(self.energies, picked)
        if self.edits:  # they leave the velocities of the other onsets as they are
            strengths = velocities(self.energies, times, among=picked)
        as_heard = [dict(zip(*each, strict=True)) for each in zip(picked, heard, strict=True)]
        last = max(len(self.activations) - 1, 0)
        found = []
        for index, name in enumerate(CLASSES):
            for time, velocity in zip(times[index].tolist(), strengths[index].tolist(), strict=True):
                edit = by_hand.get((index, time))
                frame = min(round(time * FPS), last)
                sure = 1.0 if edit else float(self.activations[frame, index])
                kind = self.kinds.at(frame, name) if self.kinds else ("", 0.0)
                strength = edit.velocity if edit and edit.velocity else int(as_heard[index].get(time, velocity))
                found.append(Event(time, name, strength, sure, *kind))
        return tuple(sorted(found, key=lambda event: (event.seconds, CLASSES.index(event.name))))

    @property
    def onsets(self) -> Onsets:
        """Five sorted arrays of seconds, in the order of CLASSES."""
        return onsets_of(self.events)

    @property
    def counts(self) -> dict[str, int]:
        """Number of onsets of each class."""
        return counts_of(self.events)

    @cached_property
    def beats(self) -> Beats:
        """Beats and bar lines of the song."""
        beats = self.given_beats or track_beats(self.onsets, self.duration, self.tempo, self.meter)
        return beats if self.first_bar is None else beats.with_bar_at(self.first_bar)

    def table(self, drum_map=None) -> "pd.DataFrame":
        """The onsets as a table with the columns COLUMNS, and KIND_COLUMNS where kinds are known."""
        extras.require("corpora")
        import pandas as pd

        return pd.DataFrame(self._rows(drum_map, 4), columns=list(self._columns))

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*COLUMNS, *KIND_COLUMNS) if self.kinds else COLUMNS

    def _rows(self, drum_map, decimals: int) -> list[tuple]:
        """Lines of a table, confidences rounded once, from what they are to so many decimals."""
        pitches = self.pitches(drum_map)
        rows = [(e.seconds, e.name, pitches[e.label], e.velocity, round(e.confidence, decimals)) for e in self.events]
        if not self.kinds:
            return rows
        return [(*row, e.kind, round(e.kind_confidence, decimals)) for row, e in zip(rows, self.events, strict=True)]

    # ---- other thresholds, corrections

    def with_five_classes(self) -> "Transcription":
        """With the five classes alone, as in the thesis: each is written as its main kind."""
        return replace(self, kinds=None)

    def with_thresholds(self, thresholds: float | Sequence[float] | Mapping[str, float]) -> "Transcription":
        """With other thresholds: one for all classes, five, or some by class name. Corrections by hand are kept.

        ValueError for an unknown class or a threshold outside [0, 1].
        """
        return replace(self, peak_picking=with_thresholds(self.peak_picking, thresholds))

    def with_first_bar(self, seconds: float) -> "Transcription":
        """With bar lines counted from the beat nearest to `seconds`, in both directions. ValueError outside the recording."""
        self._check_inside(seconds)
        return replace(self, first_bar=float(seconds))

    def with_tempo(self, bpm: float) -> "Transcription":
        """With beats tracked at a tempo in quarter notes a minute, which they leave by a tenth at most.

        ValueError for a tempo outside 20 to 400.
        """
        check_tempo(bpm)
        return replace(self, tempo=float(bpm), given_beats=None)

    def with_meter(self, meter: Meter) -> "Transcription":
        """With bars of a time signature, such as (3, 4) or (7, 8). ValueError for one that is not 2 to 16 quarters or eighths."""
        check_meter(meter)
        return replace(self, meter=meter, given_beats=None)

    def add(self, name: str, seconds: float, velocity: int | None = None) -> "Transcription":
        """With an onset added; its velocity by default follows the energy in the recording. ValueError outside the recording."""
        check_class(name)
        self._check_inside(seconds)
        if velocity is not None and not 1 <= velocity <= 127:
            raise ValueError(f"velocity = {velocity}: it must lie in 1 to 127")
        return replace(self, edits=(*self.edits, Edit("add", name, float(seconds), int(velocity or 0))))

    def remove(self, name: str, seconds: float, within: float = 0.05) -> "Transcription":
        """Without the onset of that class nearest to `seconds`. ValueError if none lies within `within` seconds."""
        event = self._nearest(name, seconds, within)
        return replace(self, edits=(*self.edits, Edit("remove", name, event.seconds)))

    def move(self, name: str, seconds: float, to: float, within: float = 0.05) -> "Transcription":
        """With the onset nearest to `seconds` moved to `to`, its velocity kept. Raises as `remove` and `add` do."""
        event = self._nearest(name, seconds, within)
        return self.remove(name, event.seconds).add(name, to, event.velocity)

    def _check_inside(self, seconds: float) -> None:
        if not 0 <= seconds <= self.duration:
            raise ValueError(f"{seconds:g} s lies outside the recording of {self.duration:.2f} s: choose a time within it")

    def _nearest(self, name: str, seconds: float, within: float) -> Event:
        check_class(name)
        near = [event for event in self.events if event.name == name and abs(event.seconds - seconds) <= within]
        if not near:
            raise ValueError(f"no onset of {name} within {1000 * within:g} ms of {seconds:g} s")
        return min(near, key=lambda event: abs(event.seconds - seconds))

    # ---- files

    def to_midi(self, path: Path | str | None = None, drum_map=None, quantise: int | None = None) -> bytes:
        """A Standard MIDI File, drums on channel 10, tempo and bar lines from the beats; also written to `path`.

        drum_map  pitches for another kit than General MIDI's, as `notation.drum_maps.drum_map` takes it.
        quantise  16 moves notes to sixteenths, 12 to triplets of eighths, and so on; by default they keep their times.
        """
        from adtlib.notation.midi_files import song_midi

        as_found = not self.edits  # one that was corrected by hand may serve as an annotation
        content = song_midi(self._labelled, self.beats, self.pitches(drum_map), self.duration, self.name, quantise, as_found)
        return _written(path, content)

    def count_merged(self, kind: str = "mid", quantise: int | None = None, drum_map=None) -> int:
        """Number of onsets that a file of this kind (of `formats.FORMATS`) omits, as they coincide with another.

        In MIDI it is another of their pitch, elsewhere of their class. quantise, drum_map  as `to_midi` takes them.
        """
        from adtlib.notation.midi_files import placed_notes

        if kind == "mid":
            return len(self.events) - len(placed_notes(self._labelled, self.beats, self.pitches(drum_map), quantise))
        return len(self.events) - len(self.strokes(quantise)[1]) if FORMATS[kind].on_grid else 0

    def to_csv(self, path: Path | str | None = None, drum_map=None) -> str:
        """A line an onset, `time_seconds,class,pitch,velocity,confidence`; also written to `path`. `adt score` reads it.

        Where kinds are known, `kind,kind_confidence` follow.
        """
        lines = [",".join(self._columns)]
        for time, name, pitch, velocity, sure, *kind in self._rows(drum_map, 3):
            more = f",{kind[0]},{kind[1]:.3f}" if kind else ""
            lines.append(f"{time:.3f},{name},{pitch},{velocity},{sure:.3f}{more}")
        text = "\n".join(lines) + "\n"
        return _written(path, text)

    def strokes(self, quantise: int | None = None) -> "tuple[Fraction, list[GridStroke]]":
        """The onsets on the song's beats, as `notation.patterns.song_strokes` gives them; `quantise` as in `to_midi`."""
        from adtlib.notation.patterns import song_strokes

        return song_strokes(self._labelled, self.beats, quantise)

    @property
    def ticks(self) -> "TickMap":
        """The song's tempo map in ticks, of which tick 0 is the start of the recording."""
        from adtlib.notation.tick_map import tick_map

        return tick_map(self.beats)

    def pitches(self, drum_map=None) -> Mapping[str, int]:
        """The pitch of each class in a drum map, by default General MIDI's, and of each kind of stroke where kinds are known.

        Raises DrumMapError as `notation.drum_map` does.
        """
        if drum_map is None and not self.kinds:
            return MIDI_PITCH
        from adtlib.notation.drum_maps import drum_map as named  # most transcriptions need no other map

        found = named(drum_map)
        return {label: found.pitch(label) for label in (*CLASSES, *(KINDS if self.kinds else ()))}

    def to_pattern(self, quantise: int | None = None) -> "Pattern":
        """The onsets on the song's beats, for notation: in sixteenths and triplets, or on the grid `quantise`, as in `to_midi`."""
        from adtlib.notation.patterns import song_pattern

        return song_pattern(self._labelled, self.beats, quantise)

    def to_musicxml(self, path: Path | str | None = None, quantise: int | None = None) -> str:
        """The notation of `to_pattern` as MusicXML, for notation programs; also written to `path`."""
        from adtlib.notation.musicxml import to_musicxml

        return _written(path, to_musicxml(self.to_pattern(quantise), title=self.name))

    def to_svg(self, path: Path | str | None = None, quantise: int | None = None) -> str:
        """The engraved notation, in systems below each other, as one SVG picture; also written to `path`."""
        extras.require("score")
        from adtlib.notation.pages import score_svg

        return _written(path, score_svg(self.to_musicxml(quantise=quantise), title=self.name))

    def to_pdf(self, path: Path | str | None = None, quantise: int | None = None) -> bytes:
        """The engraved notation on A4 pages; also written to `path`."""
        extras.require("score")
        from adtlib.notation.pages import score_pdf

        return _written(path, score_pdf(self.to_musicxml(quantise=quantise), self.name))

    def save(
        self, target: Path | str, formats: Iterable[str] | str = USUAL, drum_map=None, quantise: int | None = None
    ) -> list[Path]:
        """Write `target`.mid and so on, each atomically; return the files in the order of `formats`.

        target   a path without suffix, or with the suffix of one of the formats.
        formats  names or kinds of `formats.FORMATS`, or one;  drum_map, quantise  as in `to_midi`.

        Raises ValueError, before anything is written, for an unknown format, drum map or grid.
        """
        kinds, target = kinds_of(formats), Path(target)
        if end := max((f".{kind}" for kind in kinds if target.name.endswith(f".{kind}")), key=len, default=""):
            target = target.with_name(target.name.removesuffix(end))
        return self._save(target, kinds, drum_map, quantise)

    def save_in(self, folder: Path | str, formats: Iterable[str] | str = USUAL) -> list[Path]:
        """As `save`, into a folder, under the recording's name as it is: take.mid.wav is written to take.mid.mid."""
        return self._save(Path(folder) / self.name, kinds_of(formats), None, None)

    def _save(self, target: Path, kinds: Sequence[str], drum_map, quantise: int | None) -> list[Path]:
        from adtlib.notation.beats import check_grid

        check_grid(quantise)
        self.pitches(drum_map)
        written = [(kind, target.with_name(f"{target.name}.{kind}")) for kind in kinds]
        for kind, path in written:
            paths.write_atomically(path, self.content(kind, drum_map, quantise))
        return [path for _, path in written]

    def content(self, kind: str, drum_map=None, quantise: int | None = None) -> bytes:
        """The bytes of a file of this kind, one of `formats.FORMATS`; drum_map, quantise as in `to_midi`."""
        wanted = FORMATS[kinds_of(kind)[0]]
        if wanted.extra:
            extras.require(wanted.extra)
        return _as_bytes(wanted.make(self, drum_map, quantise))

    # ---- pictures and sound

    def plot(self, start: float | None = None, end: float | None = None):
        """Plot spectrogram, activations and onsets from `start` to `end`, by default ten seconds from the first onset; the axes."""
        extras.require("score")
        extras.require("corpora")
        from adtlib.figures.passages import plot_transcription

        return plot_transcription(self, start, end)

    def _repr_html_(self) -> str:
        """Shown in a notebook: a summary, a picture, players, the first bars."""
        from adtlib.transcription.html import song_html

        return song_html(self)

    def __repr__(self) -> str:
        found = ", ".join(f"{name} {count}" for name, count in self.counts.items())
        return f"<Transcription of {self.name}, {self.duration:.1f} s: {found}>"

    def click_track(self, waveform: np.ndarray | None = None) -> np.ndarray:
        """The recording with a click at each onset, in the pitch of its class: `(n,)` float32 at 44.1 kHz, in [-1, 1].

        waveform  the recording, mono at 44.1 kHz; by default `source` is read again; without a source there are only clicks.
        """
        from adtlib.audio.clicks import with_clicks
        from adtlib.audio.defects import peak_of
        from adtlib.audio.normalise import scaled_to_peak

        if waveform is None and self.source is not None:
            return np.concatenate(list(self.click_blocks()))
        if waveform is None:
            waveform = np.zeros(round(self.duration * SAMPLE_RATE), dtype=np.float32)
        sound = np.asarray(waveform, dtype=np.float32)
        peak = peak_of(sound)
        return np.concatenate(list(scaled_to_peak(lambda: with_clicks([sound], self.drum_events, peak))))

    def click_blocks(self) -> Iterator[np.ndarray]:
        """The same of `source`, block by block, as it is read again. Raises AudioError."""
        from adtlib.audio.clicks import with_clicks
        from adtlib.audio.defects import LIMIT, peak_of
        from adtlib.audio.files import audio_blocks, read_audio
        from adtlib.audio.normalise import scaled_to_peak

        def blocks() -> Iterable[np.ndarray]:
            return audio_blocks(self.source) if whole is None else [whole]

        whole, peak = None, max(map(peak_of, audio_blocks(self.source)), default=0.0)
        if peak > LIMIT:  # single samples that are broken, or all of them as loud as integers
            whole = read_audio(self.source, allow_silence=True)
            peak = peak_of(whole)
        return scaled_to_peak(lambda: with_clicks(blocks(), self.drum_events, peak))

    def play_drums(self) -> np.ndarray:
        """The drums alone, played on `kit_playback.sampled_kit()`: `(n,)` float32 at 44.1 kHz, in [-1, 1]."""
        from adtlib.transcription.kit_playback import played

        return played(self.drum_events, self.duration)

    @property
    def drum_events(self) -> list["DrumEvent"]:
        """(seconds, class, velocity) of the onsets, sorted by time."""
        return [(event.seconds, event.name, event.velocity) for event in self.events]

    @property
    def _labelled(self) -> list["DrumEvent"]:
        """(seconds, kind or class, velocity) of the onsets, for files that tell kinds apart."""
        return [(event.seconds, event.label, event.velocity) for event in self.events]


def _written(path: Path | str | None, content):
    """The content, unchanged; also written to `path` if given."""
    if path is not None:
        paths.write_atomically(Path(path), _as_bytes(content))
    return content


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
