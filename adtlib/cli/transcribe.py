"""`adt transcribe`: the drums of recordings as MIDI, tables, scores and sound."""

import argparse
import os
import sys
import textwrap
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from adtlib import paths
from adtlib.audio.files import audio_blocks, check_file, duration_of
from adtlib.onsets.peak_picking import thresholds_by_class, with_thresholds
from adtlib.transcription.inputs import InputFile, find_recordings
from adtlib.vocabulary import CLASSES

SOUNDS = ("clicks.wav", "drums.wav")


@dataclass
class _Report:
    """What became of one recording."""

    recording: InputFile
    lines: list[str] = field(default_factory=list)
    problem: str = ""


def run(options: argparse.Namespace) -> int:
    """Transcribe all recordings; 1 where one of them could not be, 2 where an option cannot be used."""
    recordings = find_recordings(options.audio)
    if options.first_bar is not None and len(recordings) > 1:
        raise ValueError(f"--first-bar is a moment of one recording, and these are {len(recordings)}: transcribe them one by one")
    out = options.out.expanduser()
    if trouble := _folder_trouble(out):
        return _misused(f"--out {options.out}: {trouble}")
    # Loading torch takes seconds: what is wrong with a file, or in its way, is found before.
    reports = {recording: _Report(recording, problem=_trouble(recording, out, options)) for recording in recordings}
    left = [recording for recording in recordings if not reports[recording].problem]
    if not left:
        return _conclude(list(reports.values()), 0.0, 0.0, [], options)
    from adtlib.transcription.pretrained import load_model

    try:
        model = load_model(options.model)
    except (ValueError, OSError) as error:
        return _misused(f"--model: {error}")
    started, seconds = time.perf_counter(), 0.0
    with tqdm(total=_total(left) or None, unit=" s", disable=None, dynamic_ncols=True) as bar:
        for recording in left:
            bar.set_description(recording.path.name[-24:])
            reports[recording], heard = _one(recording, model, out, options, bar)
            seconds += heard
            if not reports[recording].problem:
                with bar.external_write_mode():
                    print("\n".join(reports[recording].lines), flush=True)
    return _conclude(list(reports.values()), seconds, time.perf_counter() - started, _about(model, options), options)


def _misused(sentence: str) -> int:
    print(f"adt: {sentence}", file=sys.stderr)
    return 2


# --- what is wrong before the first is heard -----------------------------------------------------------------------------


def _folder_trouble(folder: Path) -> str:
    """Why results cannot go there, and what to do; it is made where it is not there yet."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return "this is a file; name a folder, results are called as their recordings are"
    except OSError as error:
        return f"this folder cannot be made ({error.strerror}); name another"
    return "" if os.access(folder, os.W_OK) else "nothing can be written into this folder; name another"


def _trouble(recording: InputFile, out: Path, options: argparse.Namespace) -> str:
    """Why a recording cannot be transcribed, as far as that shows without hearing it."""
    try:
        check_file(recording.path)
    except (ValueError, OSError) as error:
        return str(error)
    there = [path for path in _results(recording, out, options) if path.exists() or path.is_symlink()]
    if folders := [path for path in there if path.is_dir()]:
        return f"{recording.path}: {folders[0]} is a folder where a result belongs; rename it, or choose another --out"
    # What is there may be someone's own, or corrected by hand since it was written.
    if there and not options.overwrite:
        names = ", ".join(str(path) for path in there)
        return f"{recording.path}: not replaced without --overwrite, or choose another --out: {names}"
    return ""


def _results(recording: InputFile, out: Path, options: argparse.Namespace) -> list[Path]:
    """The files that a recording gives."""
    kinds = [*options.format, *(SOUNDS if options.listen else ())]
    return [out / recording.target.with_name(f"{recording.target.name}.{kind}") for kind in kinds]


# --- one after the other -------------------------------------------------------------------------------------------------


def _total(recordings: list[InputFile]) -> float:
    """Seconds that the files announce."""
    return sum(duration_of(recording.path) or 0.0 for recording in recordings)


def _one(recording: InputFile, model, out: Path, options: argparse.Namespace, bar: tqdm) -> tuple[_Report, float]:
    """(report, seconds of audio); no error leaves this function."""
    from adtlib.transcription.pipeline import transcribe

    report, times, before = _Report(recording), [time.perf_counter()], bar.n

    def progress(seconds: float) -> None:
        bar.n = before + seconds
        bar.refresh()

    try:
        song = transcribe(
            recording.path,
            model=model,
            thresholds=options.threshold or None,
            keep_features=False,
            progress=progress,
            first_bar=options.first_bar,
        )
        times.append(time.perf_counter())
        written = _write(song, _results(recording, out, options), options)
        times.append(time.perf_counter())
    except Exception as error:  # whatever is wrong with one file, the others are to be transcribed
        if options.debug:
            traceback.print_exc()
        known = isinstance(error, ValueError | OSError)
        report.problem = str(error) if known else f"{recording.path}: {type(error).__name__}: {error}"
        return report, 0.0
    report.lines = [*_lines(song, written, times[1] - times[0], times[2] - times[1]), *_merged(song, options)]
    return report, song.duration


def _write(song, results: list[Path], options: argparse.Namespace) -> list[Path]:
    """Write all that was asked for; each file is whole or as it was."""
    # By the name of a file, not its stem: of "song.mid.wav" that is song.mid, which `save` would take for a file's name.
    song.save(results[0], options.format, options.drum_map, options.quantise)
    if options.listen:
        from adtlib.audio import clicks, files, normalise
        from adtlib.transcription import kit_playback

        sounds: tuple[Iterator, ...] = (
            normalise.scaled_to_peak(lambda: clicks.with_clicks(audio_blocks(song.source), song.drum_events)),
            normalise.scaled_to_peak(
                lambda: kit_playback.drum_blocks(song.drum_events, song.duration, kit_playback.sampled_kit()), raise_to_peak=True
            ),
        )
        for path, blocks in zip(results[len(options.format) :], sounds, strict=True):
            files.write_blocks(path, blocks)
    return results


# --- what is said ------------------------------------------------------------------------------------------------------


def _lines(song, written: list[Path], heard: float, wrote: float) -> list[str]:
    """Three lines and more on one recording, for 80 columns; `heard` and `wrote` are seconds that it took."""
    counts = song.counts
    total = sum(counts.values())
    onsets = f"{total:,} onsets: " + "  ".join(f"{name} {counts[name]:,}" for name in CLASSES) if total else "no onsets"
    minutes, rest = divmod(round(song.duration), 60)
    tempo = f"{song.beats.bpm:.0f} beats a minute" if song.beats.found else "too few onsets for a tempo: 120 written"
    speed = f"heard in {heard:.1f} s, {song.duration / max(heard, 1e-9):.0f} times real time; written in {wrote:.1f} s"
    target = written[0].with_suffix("")
    kinds = " ".join(path.name.removeprefix(target.name) for path in written)
    named = textwrap.wrap(f"{paths.relative(target)}: {kinds}", 78, break_long_words=False, break_on_hyphens=False)
    return [f"{song.source} ({minutes}:{rest:02d})", f"  {onsets}", f"  {tempo}; {speed}", *(f"  {line}" for line in named)]


def _merged(song, options: argparse.Namespace) -> list[str]:
    """Lines on MIDI file and score where these hold fewer notes than there are onsets."""
    grid = f" (--quantise {options.quantise})" if options.quantise else ""
    lines = []
    for what, kinds in {"MIDI": ("mid",), "score": ("musicxml", "svg", "pdf")}.items():
        kind = next((kind for kind in kinds if kind in options.format), None)
        if kind and (count := song.count_merged(kind, options.quantise)):
            lines.append(f"  {what}: {count:,} stroke{'s' * (count != 1)} fell on a note that was there{grid}")
    return lines


def _about(model, options: argparse.Namespace) -> list[str]:
    """What was listened with, in lines of 80 columns."""
    values = thresholds_by_class(with_thresholds(model.peak_picking, options.threshold)).items()
    thresholds = ", ".join(f"{name} {value:.3g}" for name, value in values)
    return textwrap.wrap(f"model: {model.name}; thresholds {thresholds}", 78, subsequent_indent="  ")


def _conclude(reports: list[_Report], seconds: float, took: float, about: list[str], options: argparse.Namespace) -> int:
    broken = [report for report in reports if report.problem]
    done = len(reports) - len(broken)
    if done > 1:
        print(f"{done} recordings, {seconds / 60:.1f} minutes, in {took:.1f} s: {seconds / took:.0f} times real time")
    if done:
        print("\n".join(about))
    if done and options.listen:
        from adtlib.transcription.kit_playback import sampled_kit

        print(f"drums played by {sampled_kit().name}")
    if broken:
        print(f"\nnot transcribed ({len(broken)} of {len(reports)}):", file=sys.stderr)
        for report in broken:
            print(f"  {report.problem}", file=sys.stderr)
    return 1 if broken else 0
