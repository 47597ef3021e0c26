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
    """The result of one recording: printed lines, or the problem."""

    recording: InputFile
    lines: list[str] = field(default_factory=list)
    problem: str = ""


def run(options: argparse.Namespace) -> int:
    """Transcribe all recordings; exit status 1 if one could not be transcribed, 2 for an option that cannot be used."""
    recordings = find_recordings(options.audio)
    if options.first_bar is not None and len(recordings) > 1:
        raise ValueError(f"--first-bar is a time in one recording, but {len(recordings)} are given: transcribe them one by one")
    out = options.out.expanduser()
    if problem := _folder_problem(out):
        return _usage_error(f"--out {options.out}: {problem}")
    # Loading torch takes seconds: problems of files are found before.
    reports = {recording: _Report(recording, problem=_problem(recording, out, options)) for recording in recordings}
    left = [recording for recording in recordings if not reports[recording].problem]
    if not left:
        return _conclude(list(reports.values()), 0.0, 0.0, [], options)
    from adtlib.transcription.pretrained import load_model

    try:
        model = load_model(options.model)
    except (ValueError, OSError) as error:
        return _usage_error(f"--model: {error}")
    started, seconds = time.perf_counter(), 0.0
    total = sum(duration_of(recording.path) or 0.0 for recording in left)
    with tqdm(total=total or None, unit=" s", disable=None, dynamic_ncols=True) as bar:
        for recording in left:
            bar.set_description(recording.path.name[-24:])
            reports[recording], duration = _transcribe(recording, model, out, options, bar)
            seconds += duration
            if not reports[recording].problem:
                with bar.external_write_mode():
                    print("\n".join(reports[recording].lines), flush=True)
    return _conclude(list(reports.values()), seconds, time.perf_counter() - started, _about(model, options), options)


def _usage_error(message: str) -> int:
    print(f"adt: {message}", file=sys.stderr)
    return 2


# --- problems before transcribing ----------------------------------------------------------------------------------------


def _folder_problem(folder: Path) -> str:
    """Reason and remedy if results cannot be written into the folder, else ""; a missing folder is created."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return "this is a file; name a folder, as results have the names of their recordings"
    except OSError as error:
        return f"this folder cannot be created ({error.strerror}); name another"
    return "" if os.access(folder, os.W_OK) else "this folder is not writable; name another"


def _problem(recording: InputFile, out: Path, options: argparse.Namespace) -> str:
    """Reason if a recording cannot be transcribed, as far as it is known without decoding it, else ""."""
    try:
        check_file(recording.path)
    except (ValueError, OSError) as error:
        return str(error)
    existing = [path for path in _results(recording, out, options) if path.exists() or path.is_symlink()]
    if folders := [path for path in existing if path.is_dir()]:
        return f"{recording.path}: {folders[0]} is a folder with the name of a result; rename it, or choose another --out"
    # Existing files may be the user's own, or corrected by hand.
    if existing and not options.overwrite:
        names = ", ".join(str(path) for path in existing)
        return f"{recording.path}: not replaced without --overwrite, or choose another --out: {names}"
    return ""


def _results(recording: InputFile, out: Path, options: argparse.Namespace) -> list[Path]:
    """The result files of a recording."""
    kinds = [*options.format, *(SOUNDS if options.listen else ())]
    return [out / recording.target.with_name(f"{recording.target.name}.{kind}") for kind in kinds]


# --- transcribing --------------------------------------------------------------------------------------------------------


def _transcribe(recording: InputFile, model, out: Path, options: argparse.Namespace, bar: tqdm) -> tuple[_Report, float]:
    """(report, seconds of audio); all errors are caught and reported."""
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
            tempo=options.tempo,
        )
        times.append(time.perf_counter())
        written = _write(song, _results(recording, out, options), options)
        times.append(time.perf_counter())
    except Exception as error:  # the other recordings are still transcribed
        if options.debug:
            traceback.print_exc()
        known = isinstance(error, ValueError | OSError)
        report.problem = str(error) if known else f"{recording.path}: {type(error).__name__}: {error}"
        return report, 0.0
    report.lines = [*_lines(song, written, times[1] - times[0], times[2] - times[1]), *_merged(song, options)]
    return report, song.duration


def _write(song, results: list[Path], options: argparse.Namespace) -> list[Path]:
    """Write all requested files; each is complete or unchanged."""
    # With the full name: the stem of results of "song.mid.wav" is song.mid, which `save` would take for a file name.
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


# --- messages ----------------------------------------------------------------------------------------------------------


def _lines(song, written: list[Path], transcribing: float, writing: float) -> list[str]:
    """Three lines or more on one recording, for 80 columns; `transcribing` and `writing` are the seconds that both took."""
    counts = song.counts
    total = sum(counts.values())
    onsets = f"{total:,} onsets: " + "  ".join(f"{name} {counts[name]:,}" for name in CLASSES) if total else "no onsets"
    minutes, rest = divmod(round(song.duration), 60)
    tempo = f"{song.beats.bpm:.0f} beats a minute" if song.beats.found else "too few onsets for a tempo: 120 written"
    speed = (
        f"heard in {transcribing:.1f} s, {song.duration / max(transcribing, 1e-9):.0f} times real time; written in {writing:.1f} s"
    )
    target = written[0].with_suffix("")
    kinds = " ".join(path.name.removeprefix(target.name) for path in written)
    named = textwrap.wrap(f"{paths.relative(target)}: {kinds}", 78, break_long_words=False, break_on_hyphens=False)
    return [f"{song.source} ({minutes}:{rest:02d})", f"  {onsets}", f"  {tempo}; {speed}", *(f"  {line}" for line in named)]


def _merged(song, options: argparse.Namespace) -> list[str]:
    """Lines for a MIDI file or sheet music with fewer notes than onsets."""
    grid = f" (--quantise {options.quantise})" if options.quantise else ""
    lines = []
    for what, kinds in {"MIDI": ("mid",), "score": ("musicxml", "svg", "pdf")}.items():
        kind = next((kind for kind in kinds if kind in options.format), None)
        if kind and (count := song.count_merged(kind, options.quantise)):
            lines.append(f"  {what}: {count:,} stroke{'s' * (count != 1)} fell on a note that was there{grid}")
    return lines


def _about(model, options: argparse.Namespace) -> list[str]:
    """The model and its thresholds, in lines of 80 columns."""
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
