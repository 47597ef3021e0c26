"""The readers of recordings, annotations and corpora; `results` has those of what adtlib wrote itself.

A reader lays valid files into a folder, reads the folder after one file was damaged, and judges what was read where something
independent can be said: what is cut or fails a checksum must be noticed, by an error of the module's own or a warning.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mido
import numpy as np
import soundfile

from adtlib.audio.files import AudioError, audio_blocks, read_audio
from adtlib.corpora.adtof_yt import AdtofYt
from adtlib.corpora.base import SPLITS, Corpus, CorpusError
from adtlib.corpora.egmd import Egmd
from adtlib.corpora.slakh import Slakh
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.onsets.annotations import AnnotationError, read_annotation, read_onsets
from adtlib.onsets.midi import MidiError, read_velocities
from adtlib.synthesis.performances import read_song
from adtlib.synthesis.sources import SourceError
from adtlib.vocabulary import ANY_TEXT, CLASSES, ENST, GENERAL_MIDI, MDB, UnknownLabel
from trust.damage import CUT
from trust.oracles import LATEST, same, strict_lines, strict_midi


@dataclass(frozen=True)
class Case:
    """A damaged file that was read without an error."""

    path: Path
    kind: str  # of damage
    content: bytes
    original: bytes  # of the valid file
    valid: Any  # the result for it
    found: Any
    warned: bool


@dataclass(frozen=True)
class Reader:
    """`lay` writes valid files into a folder and names those to damage; `read(folder, file)` raises nothing but `refuses`.

    `judge` says what is wrong with a result, "" if nothing is known to be.
    """

    name: str
    lay: Callable[[Path], list[str]]
    read: Callable[[Path, Path], Any]
    refuses: tuple[type[Exception], ...]
    judge: Callable[[Case], str] = lambda case: ""
    named: bool = True  # whether an error must name the file


def cut_is_noticed(case: Case) -> str:
    """A file without its end is not taken for a whole one."""
    lost = CUT in case.kind.split() and not case.warned and not same(case.valid, case.found)
    return "its end is missing, and nobody says so" if lost else ""


def all_is_noticed(case: Case) -> str:
    """Of files with checksums."""
    return "" if case.warned or same(case.valid, case.found) else "other content than was written, and nobody says so"


# --- MIDI ----------------------------------------------------------------------------------------------------------------


def lay_midi(folder: Path) -> list[str]:
    """A file of one track with running status, one of three tracks with tempos, metre, key, lyrics and sysex, one of time code."""
    drums = [
        ("note_on", 9, pitch, velocity, delta)
        for pitch, velocity, delta in ((36, 100, 0), (42, 60, 240), (38, 90, 240), (36, 0, 10))
    ]
    track = mido.MidiTrack(
        mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=delta)
        for kind, channel, pitch, velocity, delta in drums
    )
    head = mido.MidiTrack(
        (
            mido.MetaMessage("set_tempo", tempo=400_000),
            mido.MetaMessage("time_signature", numerator=3, denominator=4),
            mido.MetaMessage("key_signature", key="Eb"),
            mido.MetaMessage("lyrics", text="la"),
            mido.Message("sysex", data=(1, 2, 3)),
            mido.MetaMessage("set_tempo", tempo=600_000, time=300),
        )
    )
    other = mido.MidiTrack(
        (mido.Message("program_change", channel=1, program=3), mido.Message("note_on", channel=1, note=60, time=96))
    )
    mido.MidiFile(type=0, tracks=[track]).save(folder / "one.mid")
    mido.MidiFile(type=1, ticks_per_beat=96, tracks=[head, track, other]).save(folder / "three.mid")
    content = bytearray((folder / "one.mid").read_bytes())
    content[12:14] = bytes((256 - 25, 40))
    (folder / "code.mid").write_bytes(content)
    return ["one.mid", "three.mid", "three.mid", "code.mid"]


def read_midi(folder: Path, path: Path):
    """Seconds, pitches and velocities of all notes; onsets."""
    onsets = read_onsets(path, GENERAL_MIDI)  # warns of what may be lost
    try:
        return *read_velocities(path)[:3], onsets
    except MidiError as error:  # the file is the same
        raise TypeError(f"read as an annotation, refused as notes: {error}") from error


def judge_midi(case: Case) -> str:
    """A file to the letter of the standard is read as it stands; no onset lies later than days; cuts are noticed."""
    seconds, pitches, velocities, onsets = case.found
    if sum(map(len, onsets)) > len(seconds):
        return f"{sum(map(len, onsets))} onsets of {len(seconds)} notes"
    if len(seconds) and not (np.isfinite(seconds).all() and seconds.min() >= 0 and seconds.max() < LATEST):
        return f"an onset at {seconds.max():g} s"
    expected = strict_midi(case.content)
    if expected is not None:
        found = sorted(zip(seconds.tolist(), pitches.tolist(), velocities.tolist(), strict=True))
        equal = len(found) == len(expected) and np.allclose(
            np.array(found, float).reshape(-1, 3), np.array(expected, float).reshape(-1, 3)
        )
        return "" if equal else f"{found[:4]} read where {expected[:4]} stand"
    return "" if len(case.valid[0]) == len(seconds) else cut_is_noticed(case)


# --- text ------------------------------------------------------------------------------------------------------------------

_MAPPINGS = {"mdb": MDB, "enst": ENST, "own": ANY_TEXT, "commas": ANY_TEXT}


def lay_text(folder: Path) -> list[str]:
    """Annotations as MDB, ENST and users have them."""
    times = np.arange(12) * 0.25 + 0.01
    for name, labels, separator in (
        ("mdb.txt", ("KD", "SD", "CHH", "OHH", "CRC", "SST"), "\t "),
        ("enst.txt", ("bd", "sd", "chh", "ohh", "lt", "cr"), " "),
        ("own.tsv", CLASSES, "\t"),
        ("commas.csv", CLASSES, ","),
    ):
        (folder / name).write_text("".join(f"{time:.6f}{separator}{labels[i % len(labels)]}\n" for i, time in enumerate(times)))
    return ["mdb.txt", "enst.txt", "own.tsv", "commas.csv"]


def read_text(folder: Path, path: Path):
    """Onsets, unknown and ignored labels."""
    found = read_annotation(path, _MAPPINGS[path.stem])
    return found.onsets, sorted(found.unknown.items()), sorted(found.ignored.items())


def judge_text(case: Case) -> str:
    """Where all lines are plain, they are read as they stand; no onset lies later than days."""
    times = np.concatenate(case.found[0])
    if len(times) and not (np.isfinite(times).all() and times.min() >= 0 and times.max() < LATEST):
        return f"an onset at {times.max():g} s"
    if (lines := strict_lines(case.content)) is None:
        return ""
    expected: list[list[float]] = [[] for _ in CLASSES]
    for time, label in lines:
        try:
            index = _MAPPINGS[case.path.stem].class_index(label)
        except UnknownLabel:
            continue
        if index is not None:
            expected[index].append(time)
    right = all(np.array_equal(found, np.sort(wanted)) for found, wanted in zip(case.found[0], expected, strict=True))
    return "" if right else "other onsets than the lines state"


# --- corpora -----------------------------------------------------------------------------------------------------------------


def lay_egmd(folder: Path) -> list[str]:
    """A table of six rows; the files that it names hold nothing, as none is opened."""
    base = folder / "e-gmd-v1.0.0"
    rows = ["drummer,session,id,style,bpm,beat_type,time_signature,duration,split,midi_filename,audio_filename,kit_name"]
    for number in range(6):
        name = f"drummer1/session1/{number}_rock_120_beat_4-4_1"
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("midi", "wav"):
            (base / f"{name}.{suffix}").touch()
        rows.append(f"drummer1,session1,{number},rock,120,beat,4-4,5.7,{SPLITS[number % 3]},{name}.midi,{name}.wav,Jazz Funk")
    (base / "e-gmd-v1.0.0.csv").write_text("\n".join(rows) + "\n")
    (folder / "MINIATURE").touch()
    return ["e-gmd-v1.0.0/e-gmd-v1.0.0.csv"]


def read_corpus(corpus: Corpus) -> tuple[list, list]:
    """Tracks with their files relative to the root; what is missing or left out."""
    root = corpus.root.resolve()
    tracks = [
        (track.id, track.split, [str(path.resolve().relative_to(root)) for path in (*track.audio, *track.annotation)])
        for track in corpus.tracks()
    ]
    return tracks, [*corpus.missing(), *corpus.left_out()]


def judge_egmd(case: Case) -> str:
    """No id twice; where there are fewer tracks than rows it is said."""
    tracks, missing = case.found
    if len({track[0] for track in tracks}) < len(tracks):
        return "two tracks of one id"
    rows = sum(1 for line in case.content.replace(b"\r", b"\n").split(b"\n")[1:] if line.count(b",") == 11)
    plain = case.content.isascii() and b'"' not in case.content and b"\0" not in case.content
    lost = plain and not case.warned and not missing and len(tracks) < rows
    return f"{rows} rows, {len(tracks)} tracks, and nobody says so" if lost else ""


# The last stem was not rendered, which its last line states: a cut must not make it count.
METADATA = """UUID: 7f07e65a
audio_dir: Track00001/stems
normalized: true
stems:
  S00: {audio_rendered: true, inst_class: Bass, is_drum: false, program_num: 38}
  S01: {audio_rendered: true, inst_class: Drums, is_drum: true, program_num: 128}
  S02:
    inst_class: Drums
    is_drum: true
    program_num: 128
    audio_rendered: false
target_peak: -5.9
"""


def lay_slakh(folder: Path) -> list[str]:
    """A song with a drum stem, and one that was not rendered."""
    track = folder / "slakh2100_flac_redux" / "train" / "Track00001"
    (track / "MIDI").mkdir(parents=True)
    for name in ("mix.flac", "MIDI/S00.mid", "MIDI/S01.mid", "MIDI/S02.mid"):
        (track / name).touch()
    (track / "metadata.yaml").write_text(METADATA)
    (folder / "MINIATURE").touch()
    return ["slakh2100_flac_redux/train/Track00001/metadata.yaml"]


def judge_slakh(case: Case) -> str:
    """The one song is a track or missing; of cut metadata nothing is believed."""
    tracks, missing = case.found
    if len(tracks) + bool(missing) != 1:
        return f"{len(tracks)} tracks, {len(missing)} missing, of one song"
    return cut_is_noticed(case) if tracks else ""


def lay_adtof(folder: Path) -> list[str]:
    """Two sequences as ADTOF-YT is distributed."""
    random = np.random.default_rng(1)
    sequences = [[random.random((400, 84, 1), np.float32), (random.random((400, 5)) > 0.9).astype(np.float32)] for _ in range(2)]
    base = folder / "adtof" / "adtof_yt_train"
    write_saved_dataset(base, sequences)
    (folder / "MINIATURE").touch()
    snapshot = next(base.glob("*/*/*.snapshot")).relative_to(folder).as_posix()
    return [snapshot, snapshot, "adtof/adtof_yt_train/snapshot.metadata"]


def read_adtof(folder: Path, path: Path):
    """All sequences."""
    return list(AdtofYt(folder).sequences("train"))


# --- sound -------------------------------------------------------------------------------------------------------------------

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "w64": ("W64", "PCM_24"),
    "rf64": ("RF64", "FLOAT"),
}


def lay_audio(folder: Path) -> list[str]:
    """A quarter of a second in each format; opus needs 48 kHz, which is resampled."""
    sound = np.random.default_rng(2).normal(0, 0.1, (11_025, 1)).clip(-1, 1) * (1.0, 0.7)
    for suffix, (form, subtype) in FORMATS.items():
        samples = sound if suffix in ("ogg", "mp3") else sound[:, :1] if suffix in ("opus", "flac") else sound[:2_000]
        soundfile.write(folder / f"sound.{suffix}", samples, 48_000 if suffix == "opus" else 44_100, subtype, format=form)
    return [f"sound.{suffix}" for suffix in FORMATS]


def lay_ffmpeg(folder: Path) -> list[str]:
    """Files that only ffmpeg reads."""
    lay_audio(folder)
    kinds = ("m4a", "webm", "wma")
    for kind in kinds:
        subprocess.run(["ffmpeg", "-v", "error", "-i", folder / "sound.flac", folder / f"sound.{kind}"], check=True)
    return [f"sound.{kind}" for kind in kinds]


def judge_audio(case: Case) -> str:
    """Finite mono samples; of a cut file, and of a flac behind its first header, which has checksums, those of the whole."""
    if case.found.ndim != 1 or not np.isfinite(case.found).all():
        return f"samples of shape {case.found.shape}, or not finite"
    checksums = case.path.suffix == ".flac" and case.content[:42] == case.original[:42]
    if len(case.valid) - 44 <= len(case.found) <= len(case.valid) and not checksums:
        return ""  # a millisecond: headers of some programs count a few bytes too many
    return (all_is_noticed if checksums else cut_is_noticed)(case)


def read_whole(folder: Path, path: Path):
    """The recording as for preparing, by libsndfile alone: a process of ffmpeg takes longer than a thousand other files."""
    with _hidden_ffmpeg():
        return read_audio(path, allow_silence=True)


def read_blocks(folder: Path, path: Path):
    """The recording block by block, as for transcribing."""
    with _hidden_ffmpeg():
        return np.concatenate(list(audio_blocks(path)))


@contextlib.contextmanager
def _hidden_ffmpeg() -> Iterator[None]:
    kept, os.environ["PATH"] = os.environ["PATH"], ""
    try:
        yield
    finally:
        os.environ["PATH"] = kept


READERS = [
    Reader("midi", lay_midi, read_midi, (AnnotationError,), judge_midi),
    Reader(
        "songs",
        lambda folder: lay_midi(folder)[:3],
        lambda folder, path: repr(read_song(path, "song", "rock", "train")),
        (SourceError,),
    ),
    Reader("text", lay_text, read_text, (AnnotationError,), judge_text),
    Reader("egmd", lay_egmd, lambda folder, path: read_corpus(Egmd(folder)), (CorpusError,), judge_egmd),
    Reader("slakh", lay_slakh, lambda folder, path: read_corpus(Slakh(folder)), (CorpusError,), judge_slakh),
    Reader("adtof", lay_adtof, read_adtof, (CorpusError,), all_is_noticed, named=False),
    Reader("audio", lay_audio, read_whole, (AudioError,), judge_audio),
    Reader("blocks", lay_audio, read_blocks, (AudioError,), judge_audio),
]
if shutil.which("ffmpeg"):
    READERS.append(
        Reader("ffmpeg", lay_ffmpeg, lambda folder, path: read_audio(path, allow_silence=True), (AudioError,), judge_audio)
    )
