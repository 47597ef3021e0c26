"""The miniature corpora's files: each recipe written in the layout in which its corpus is distributed.

A worker process calls `write_recipe`, which returns the entries for tables of the whole corpus. `finish` writes those tables in the
order of the recipes, so that the files do not depend on the order in which workers finish.
"""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

import mido
import numpy as np
import yaml
from threadpoolctl import threadpool_limits

from adtlib.audio.features import FPS, log_filter_spectrogram
from adtlib.audio.files import write_audio
from adtlib.audio.mixing import rms, to_peak
from adtlib.corpora.miniature.songs import Recipe, Song, drum_part, drums_of, performance_of, play, random_design, roland_pitches
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.notation.midi_files import TempoMap, write_parts
from adtlib.onsets.frames import widen_targets
from adtlib.onsets.midi import DRUM_CHANNEL, Note
from adtlib.vocabulary import CLASSES, GENERAL_MIDI

SEQUENCE, STRIDE = 400, 401  # frames of a sequence of ADTOF-YT, and between the starts of two

_EGMD_COLUMNS = "drummer,session,id,style,bpm,beat_type,time_signature,duration,split,midi_filename,audio_filename,kit_name"
_EGMD_STYLES = {
    "jazz": "jazz/swing",
    "bossa": "latin/bossa",
    "latin": "latin/samba",
    "tribal": "afrobeat",
    "disco": "dance/disco",
    "metal": "rock/metal",
    "shuffle": "blues/shuffle",
    "ballad": "pop/soft",
}
_ENST_LABELS = {36: "bd", 37: "cs", 38: "sd", 40: "rs", 42: "chh", 44: "chh", 46: "ohh", 50: "mt", 48: "mt", 47: "lt"}
_ENST_LABELS |= {45: "lt", 43: "lft", 41: "lft", 49: "cr1", 57: "cr2", 51: "rc3", 53: "rc3", 59: "rc2", 52: "ch1", 55: "spl2"}
_MDB_LABELS = {36: "KD", 37: "SST", 38: "SD", 42: "CHH", 44: "PHH", 46: "OHH", 50: "HIT", 48: "HIT", 47: "MHT", 45: "MHT"}
_MDB_LABELS |= {43: "HFT", 41: "LFT", 49: "CRC", 57: "CRC", 51: "RDC", 59: "RDC", 53: "RDB", 52: "CHC", 55: "SPC"}
# MDB's coarse annotation has six classes of its own: side sticks are "others".
_MDB_CLASSES = {"KD": "KD", "S": "SD", "SST": "OT", "H": "TT", "M": "TT", "L": "TT", "HH": "HH", "R": "CY", "C": "CY"}
_SOFT = 45  # below this velocity ENST marks a stroke with "-", and MDB a snare as a ghost note


def write_recipe(recipe: Recipe, root: Path) -> object:
    """Write one performance below `root`. Returns rows (E-GMD), sequences (ADTOF-YT) or None, for `finish`."""
    return _WRITERS[recipe.corpus](recipe, root)


def finish(recipes: Sequence[Recipe], results: Sequence[object], root: Path) -> None:
    """Write the files that exist once per corpus: E-GMD's table, ADTOF-YT's datasets."""
    rows = [row for recipe, result in zip(recipes, results, strict=True) if recipe.corpus == "E-GMD" for row in result]
    with open(root / "e-gmd-v1.0.0" / "e-gmd-v1.0.0.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_EGMD_COLUMNS.split(","))
        writer.writerows(rows)
    for split in ("train", "validation", "test"):
        elements = [
            element
            for recipe, result in zip(recipes, results, strict=True)
            if recipe.corpus == "ADTOF-YT" and recipe.split == split
            for element in result
        ]
        write_saved_dataset(root / "adtof" / f"adtof_yt_{split}", elements)


def _level(recipe: Recipe, low: float = 0.45, high: float = 0.95) -> float:
    """Random peak of a recording, so that no two are equally loud."""
    return float(recipe.rng("level").uniform(low, high))


def _write_egmd(recipe: Recipe, root: Path) -> list[list]:
    performance = performance_of(recipe)
    notes = roland_pitches(performance.notes, recipe.rng("roland"))
    session, _, number = recipe.name.rpartition("/")
    style = _EGMD_STYLES.get(recipe.style, recipe.style)
    kind = "fill" if recipe.fill_only else "beat"
    rows = []
    for index, design in enumerate(recipe.designs, start=1):
        stem = f"{session}/{number}_{style.replace('/', '-')}_{recipe.bpm}_{kind}_4-4_{index}"
        base = root / "e-gmd-v1.0.0" / stem
        write_parts(base.with_suffix(".midi"), [drum_part(notes)], tempo=TempoMap(beats=(60 / recipe.bpm,)))
        write_audio(base.with_suffix(".wav"), to_peak(drums_of(recipe, performance, design), _level(recipe)))
        rows.append(
            [
                *(session.partition("/")[0], session, recipe.name, style, recipe.bpm, kind, "4-4", performance.duration),
                *(recipe.split, f"{stem}.midi", f"{stem}.wav", design.name),
            ]
        )
    return rows


def _write_slakh(recipe: Recipe, root: Path) -> None:
    song = play(recipe, with_stems=True).scaled(_level(recipe, 0.3, 0.89))
    folder = root / "slakh2100_flac_redux" / recipe.split / recipe.name
    drums = drum_part(song.performance.notes)
    where = int(recipe.rng("stem").integers(len(song.parts) + 1))  # the drums may be any stem
    parts = [*song.parts[:where], drums, *song.parts[where:]]
    tempo = TempoMap.following(song.performance.beat_times)
    for index, part in enumerate(parts):
        write_parts(folder / "MIDI" / f"S{index:02d}.mid", [part], tempo=tempo, kind=1)
    write_parts(folder / "all_src.mid", parts, tempo=tempo)
    write_audio(folder / "mix.flac", song.mix)
    if recipe.split == "test":  # stems are not read by the loader; those of the other splits would take a sixth of all space
        write_audio(folder / "stems" / f"S{where:02d}.flac", song.drums)
    text = yaml.safe_dump(_slakh_metadata(recipe, song, where), sort_keys=True, allow_unicode=True)
    (folder / "metadata.yaml").write_text(text, encoding="utf-8", newline="\n")


def _slakh_metadata(recipe: Recipe, song: Song, where: int) -> dict:
    """The keys of Slakh's metadata; loudness is a plain root mean square here, not the gated measure of ITU-R BS.1770."""
    instruments: list = [*song.instruments[:where], None, *song.instruments[where:]]
    waves = [*song.stems[:where], song.drums, *song.stems[where:]]
    stems = {}
    for index, (instrument, wave) in enumerate(zip(instruments, waves, strict=True)):
        drums = instrument is None
        stems[f"S{index:02d}"] = {
            "audio_rendered": True,
            "inst_class": "Drums" if drums else instrument.inst_class,
            "integrated_loudness": round(20 * float(np.log10(max(rms(wave), 1e-6))), 6),
            "is_drum": drums,
            "midi_program_name": "Drums" if drums else instrument.program_name,
            "midi_saved": True,
            "plugin_name": "TimGM6mb.sf2",
            "program_num": 128 if drums else instrument.program,
        }
    unrendered = {"audio_rendered": False, "inst_class": "Sound Effects", "is_drum": False, "midi_saved": False}
    unrendered |= {"midi_program_name": "FX 8 (sci-fi)", "plugin_name": "None", "program_num": 103}
    stems[f"S{len(waves):02d}"] = unrendered
    peak = float(np.max(np.abs(song.mix)))
    return {
        "UUID": hashlib.md5(f"{recipe.seed} {recipe.name}".encode(), usedforsecurity=False).hexdigest(),
        "audio_dir": f"{recipe.name}/stems",
        "lmd_midi_dir": f"generated/{recipe.name}.mid",
        "midi_dir": f"{recipe.name}/MIDI",
        "normalization_factor": -13.0,
        "normalized": True,
        "overall_gain": 1.0,
        "stems": stems,
        "target_peak": round(20 * float(np.log10(peak)), 6),
    }


def _write_enst(recipe: Recipe, root: Path) -> None:
    drummer, _, stem = recipe.name.partition("/")
    # The recording is the sum of both files, which must not clip.
    song = play(recipe, stereo=True).scaled(_level(recipe, 0.5, 0.9))
    folder = root / "ENST+MDB" / "ENST-drums-public" / drummer
    write_audio(folder / "audio" / "wet_mix" / f"{stem}.wav", song.drums)
    write_audio(folder / "audio" / "accompaniment" / f"{stem}.wav", song.accompaniment)
    lines = [
        f"{note.seconds:.6f} {_ENST_LABELS[note.pitch]}{'-' if note.velocity < _SOFT else ''}\n" for note in song.performance.notes
    ]
    _write_text(folder / "annotation" / f"{stem}.txt", lines)


def _write_mdb(recipe: Recipe, root: Path) -> None:
    song = play(recipe).scaled(_level(recipe, 0.5, 0.95))
    folder = root / "ENST+MDB" / "MDB Drums"
    name = f"MusicDelta_{recipe.name}"
    write_audio(folder / "audio" / "full_mix" / f"{name}_MIX.wav", song.mix)
    write_audio(folder / "audio" / "drum_only" / f"{name}_Drum.wav", to_peak(song.drums, 0.9))
    brushes = random_design(recipe).program == 40
    subclasses = [_mdb_label(note, brushes) for note in song.performance.notes]
    times = [note.seconds for note in song.performance.notes]
    for kind, labels in (("subclass", subclasses), ("class", [_mdb_class(label) for label in subclasses])):
        lines = [f"{seconds:.6f} \t {label} \n" for seconds, label in zip(times, labels, strict=True)]
        _write_text(folder / "annotations" / kind / f"{name}_{kind}.txt", lines)
    beats = [f"{seconds:.3f}\t{index % 4 + 1}\n" for index, seconds in enumerate(song.performance.beat_times)]
    _write_text(folder / "annotations" / "beats" / f"{name}_MIX.beats", beats)


def _mdb_label(note: Note, brushes: bool) -> str:
    label = _MDB_LABELS.get(note.pitch, "SD")
    if label == "SD" and note.velocity < _SOFT:
        return "SDG"
    return "SDB" if label == "SD" and brushes else label


def _mdb_class(label: str) -> str:
    if label == "SST" or label == "KD":
        return _MDB_CLASSES[label]
    return "HH" if label.endswith("HH") else _MDB_CLASSES[label[0]]


def _write_text(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def _make_adtof(recipe: Recipe, root: Path) -> list[list[np.ndarray]]:
    """Sequences of one song, cut every 401 frames: one frame is lost between neighbours, as in the real corpus."""
    song = play(recipe).scaled(_level(recipe, 0.7, 0.97))
    with threadpool_limits(limits=1, user_api="blas"):  # the last bits of a matrix product depend on the number of threads
        features = log_filter_spectrogram(song.mix)
    targets = widen_targets(_crowd_targets(recipe, song, len(features)))
    elements = []
    for start in range(0, len(features) - SEQUENCE + 1, STRIDE):
        window = slice(start, start + SEQUENCE)
        elements.append([features[window, :, None].astype(np.float32), targets[window].astype(np.float32)])
    return elements


def _crowd_targets(recipe: Recipe, song: Song, n_frames: int) -> np.ndarray:
    """Targets with the errors of crowd-sourcing: early or late by up to 20 ms, drifting, some strokes missing or confused."""
    rng = recipe.rng("crowd")
    offset, drift = rng.uniform(-0.02, 0.02), rng.uniform(-0.01, 0.01)
    targets = np.zeros((n_frames, len(CLASSES)), dtype=np.float32)
    confused = {"TT": "SD", "SD": "TT", "HH": "CY", "CY": "HH", "KD": "KD"}
    for note in song.performance.notes:
        name = CLASSES[GENERAL_MIDI.class_index(note.pitch)]
        fate = rng.random()
        if fate < 0.02 or (note.velocity < _SOFT and fate < 0.3):  # ghost notes are missed more often
            continue
        name = confused[name] if fate > 0.985 else name
        seconds = note.seconds + offset + drift * (note.seconds / song.performance.duration - 0.5)
        frame = round(seconds * FPS)
        if 0 <= frame < n_frames:
            targets[frame, CLASSES.index(name)] = 1.0
    return targets


def _write_sadtp(recipe: Recipe, root: Path) -> None:
    song = play(recipe)
    mix = to_peak(np.tanh(1.6 * song.scaled(1.0).mix), 0.97)  # limited hard, as modern masters are
    folder = root / "SADTP" / recipe.name
    write_audio(folder / "mix.wav", mix)
    # Annotated by playing along: a little late as a whole, each stroke a little off, one in a hundred left out.
    rng = recipe.rng("annotation")
    late = rng.uniform(0.0, 0.012)
    played = [
        note._replace(seconds=max(note.seconds + late + float(np.clip(rng.normal(0, 0.006), -0.015, 0.015)), 0.0))
        for note in song.performance.notes
        if rng.random() > 0.01
    ]
    notes = roland_pitches(tuple(sorted(played)), rng)
    head = [mido.MetaMessage("channel_prefix", channel=DRUM_CHANNEL)]
    head += [mido.MetaMessage(kind, name="Retro Rock") for kind in ("track_name", "instrument_name")]
    write_parts(folder / "annotation.mid", [drum_part(notes)], head=head)


_WRITERS = {
    "E-GMD": _write_egmd,
    "Slakh": _write_slakh,
    "ENST": _write_enst,
    "MDB": _write_mdb,
    "ADTOF-YT": _make_adtof,
    "SADTP": _write_sadtp,
}
