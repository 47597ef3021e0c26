"""`adt transcribe`: the drums of recordings as MIDI, tables, scores and sound."""

import argparse
import sys
import textwrap
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from adtlib import paths
from adtlib.audio_files import Recording, audio_blocks, duration_of, find_recordings
from adtlib.drum_maps import DrumMap, drum_map
from adtlib.vocabulary import CLASSES


@dataclass
class _Report:
    """What became of one recording."""

    recording: Recording
    lines: list[str] = field(default_factory=list)
    problem: str = ""


def run(options: argparse.Namespace) -> int:
    """Transcribe all recordings; 1 where one of them could not be."""
    mapping = drum_map(options.drum_map)
    recordings = find_recordings(options.audio)
    if options.first_bar is not None and len(recordings) > 1:
        raise ValueError(f"--first-bar is a moment of one recording, and these are {len(recordings)}: transcribe them one by one")
    out = options.out.expanduser()
    out.mkdir(parents=True, exist_ok=True)
    # Loads torch: errors of usage come before.
    from adtlib.pretrained import load

    model = load(options.model)
    started, seconds = time.perf_counter(), 0.0
    reports = []
    with tqdm(total=_total(recordings) or None, unit=" s", disable=None, dynamic_ncols=True) as bar:
        for recording in recordings:
            bar.set_description(recording.path.name[-24:])
            report, heard = _one(recording, model, mapping, out, options, bar)
            seconds += heard
            reports.append(report)
            if not report.problem:
                with bar.external_write_mode():
                    print("\n".join(report.lines), flush=True)
    return _conclude(reports, seconds, time.perf_counter() - started, model.name, options)


def _total(recordings: list[Recording]) -> float:
    """Seconds that the files announce."""
    return sum(duration_of(recording.path) or 0.0 for recording in recordings)


def _one(recording: Recording, model, mapping: DrumMap, out: Path, options: argparse.Namespace, bar: tqdm) -> tuple[_Report, float]:
    """(report, seconds of audio); no error leaves this function."""
    from adtlib.transcription import transcribe

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
        written = _write(song, out / recording.target, mapping, options)
        times.append(time.perf_counter())
    except Exception as error:  # whatever is wrong with one file, the others are to be transcribed
        if options.debug:
            traceback.print_exc()
        known = isinstance(error, ValueError | OSError)
        report.problem = str(error) if known else f"{recording.path}: {type(error).__name__}: {error}"
        return report, 0.0
    report.lines = [*_lines(song, written, times[1] - times[0], times[2] - times[1]), *_fallen_together(song, options)]
    return report, song.duration


def _write(song, target: Path, mapping: DrumMap, options: argparse.Namespace) -> list[Path]:
    """Write all that was asked for; each file is whole or as it was."""
    written = song.save(target, options.format, mapping, options.quantise)
    if options.listen:
        from adtlib import listening

        sounds: dict[str, Iterator] = {
            "clicks": listening.levelled(lambda: listening.with_clicks(audio_blocks(song.source), song.struck)),
            "drums": listening.levelled(
                lambda: listening.drum_blocks(song.struck, song.duration, listening.sampled_kit()), raise_to_peak=True
            ),
        }
        for kind, blocks in sounds.items():
            path = target.with_name(f"{target.name}.{kind}.wav")
            listening.write_blocks(path, blocks)
            written.append(path)
    return written


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


def _fallen_together(song, options: argparse.Namespace) -> list[str]:
    """Lines on MIDI file and score where these hold fewer notes than there are onsets."""
    grid = f" (--quantise {options.quantise})" if options.quantise else ""
    lines = []
    for what, kinds in {"MIDI": ("mid",), "score": ("musicxml", "svg", "pdf")}.items():
        kind = next((kind for kind in kinds if kind in options.format), None)
        if kind and (count := song.fallen_together(kind, options.quantise)):
            lines.append(f"  {what}: {count:,} stroke{'s' * (count != 1)} fell on a note that was there{grid}")
    return lines


def _conclude(reports: list[_Report], seconds: float, took: float, model: str, options: argparse.Namespace) -> int:
    broken = [report for report in reports if report.problem]
    done = len(reports) - len(broken)
    if done > 1:
        print(f"{done} recordings, {seconds / 60:.1f} minutes, in {took:.1f} s: {seconds / took:.0f} times real time")
    if done:
        print(f"model: {model}")
    if done and options.listen:
        from adtlib.listening import sampled_kit

        print(f"drums played by {sampled_kit().name}")
    if broken:
        print(f"\nnot transcribed ({len(broken)} of {len(reports)}):", file=sys.stderr)
        for report in broken:
            print(f"  {report.problem}", file=sys.stderr)
    return 1 if broken else 0
