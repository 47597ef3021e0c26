"""`adt transcribe`: the drums of recordings as MIDI, tables, scores and sound."""

import argparse
import contextlib
import os
import sys
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from adtlib import paths
from adtlib.audio.files import audio_blocks, duration_of
from adtlib.cli.terminal import one_line, reason
from adtlib.onsets.peak_picking import thresholds_by_class, with_thresholds
from adtlib.transcription.inputs import InputFile, check_recording, real_path, search
from adtlib.transcription.results import Results, made_from
from adtlib.vocabulary import CLASSES

SOUNDS = ("clicks.wav", "drums.wav")


@dataclass
class _Song:
    """One recording on its way.

    kinds     results to make; none where all are there, which is then `done`.
    problem   why it is not transcribed;  missing  results that were left out, each with the reason.
    seconds   of the recording, once it is transcribed;  written  its new files.
    """

    recording: InputFile
    results: Results
    kinds: list[str] = field(default_factory=list)
    problem: str = ""
    missing: list[str] = field(default_factory=list)
    done: bool = False
    seconds: float = 0.0
    written: list[Path] = field(default_factory=list)


def run(options: argparse.Namespace) -> int:
    """Transcribe all recordings; exit status 1 if one could not be transcribed, 2 for an option that cannot be used."""
    recordings, problems = search(options.audio)
    if not recordings:
        raise ValueError("\n     ".join(problems))
    if options.first_bar is not None and len(recordings) > 1:
        raise ValueError(f"--first-bar is a time in one recording, but {len(recordings)} are given: transcribe them one by one")
    if options.beats is not None and (options.tempo is not None or options.meter is not None):
        raise ValueError("--beats finds tempo and time signature itself: leave --tempo and --meter out")
    out = options.out.expanduser()
    if problem := _folder_problem(out):
        return _usage_error(f"--out {options.out}: {problem}")
    # Loading torch takes seconds: problems of files are found before.
    inputs = {real_path(recording.path) for recording in recordings}
    songs = [_Song(recording, Results(out / recording.target)) for recording in recordings]
    for song in songs:
        _guarded(song, options, lambda song: _look(song, inputs, options))
    left = [song for song in songs if not song.problem]
    if not left:
        return _conclude(songs, problems, 0.0, [], options)
    from adtlib.transcription.pretrained import load_model

    try:
        model = load_model(options.model)
    except (ValueError, OSError) as error:
        return _usage_error(f"--model: {error}")
    if options.beats is not None:
        from adtlib.transcription.beat_engines import EngineError, load_engine

        try:
            load_engine(options.beats)
        except EngineError as error:
            return _usage_error(f"--beats: {error}")
    started = time.perf_counter()
    for song in left:
        _guarded(song, options, lambda song: _leave_out_what_is_done(song, model, options))
    left = [song for song in left if song.kinds and not song.problem]
    total = sum(_announced(song) for song in left)
    with tqdm(total=total or None, unit=" s", disable=None, dynamic_ncols=True) as bar:
        for song in left:
            _guarded(song, options, lambda song: _transcribe(song, model, options, bar))
    return _conclude(songs, problems, time.perf_counter() - started, _about(model, options), options)


def _usage_error(message: str) -> int:
    print(f"adt: {one_line(message)}", file=sys.stderr)
    return 2


def _guarded(song: _Song, options: argparse.Namespace, step: Callable[[_Song], None]) -> None:
    """Do a step; whatever it raises becomes the song's problem, and the others go on."""
    try:
        step(song)
    except BrokenPipeError:  # nobody reads what is printed
        raise
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        song.problem = reason(song.recording.path, error)


# --- before transcribing -------------------------------------------------------------------------------------------------


def _folder_problem(folder: Path) -> str:
    """Reason and remedy if results cannot be written into the folder, else ""; a missing folder is created."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return "this is a file; name a folder, as results have the names of their recordings"
    except OSError as error:
        return f"this folder cannot be created ({error.strerror}); name another"
    return "" if os.access(folder, os.W_OK) else "this folder is not writable; name another"


def _look(song: _Song, inputs: set[Path], options: argparse.Namespace) -> None:
    """See what has to be made, or why it cannot be, as far as it is known without decoding the recording."""
    check_recording(song.recording.path)
    for kind in (*options.format, *(SOUNDS if options.listen else ())):
        path = song.results.path(kind)
        if problem := _name_problem(path):
            song.missing.append(problem)
        elif path.is_dir():
            song.problem = (
                f"{song.recording.path}: {path} is a folder with the name of a result; rename it, or choose another --out"
            )
        elif path.resolve() in inputs:
            song.problem = (
                f"{song.recording.path}: {path} is a recording with the name of a result; rename it, or choose another --out"
            )
        else:
            song.kinds.append(kind)
    # Existing files may be the user's own, or corrected by hand.
    if not song.problem and not options.overwrite and (foreign := song.results.foreign(song.kinds)):
        song.problem = _not_replaced(song, foreign, "" if song.results.made_from else "nothing is noted of how they were made")


def _name_problem(path: Path) -> str:
    """Reason and remedy where the name of a result is too long for the file system, else ""."""
    size, longest, folder = len(path.name), 255, path.parent
    with contextlib.suppress(OSError, ValueError):
        while not folder.exists():  # it is made when the result is written
            folder = folder.parent
        if hasattr(os, "pathconf"):  # not on Windows, which counts characters
            size, longest = len(os.fsencode(path.name)), os.pathconf(folder, "PC_NAME_MAX")
    return f"{path}: this name has {size} bytes, the file system takes {longest}; rename the recording" if size > longest else ""


def _leave_out_what_is_done(song: _Song, model, options: argparse.Namespace) -> None:
    """Leave out results that this very command made before; those that another made are not replaced unasked."""
    own, made = song.results.own(song.kinds), song.results.made_from
    if own and (differing := _differing(made, _made_from(song, model, options))):
        if not options.overwrite:
            song.problem = _not_replaced(
                song, sorted(map(song.results.path, own)), f"made before a change of {', '.join(differing)}"
            )
        return
    song.kinds = [kind for kind in song.kinds if kind not in own]
    song.done = not song.kinds


def _not_replaced(song: _Song, existing: list[Path], why: str) -> str:
    names = ", ".join(map(str, existing)) + (f" ({why})" if why else "")
    return f"{song.recording.path}: not replaced without --overwrite, or choose another --out: {names}"


def _made_from(song: _Song, model, options: argparse.Namespace) -> dict[str, Any]:
    """All that decides the bytes of the results of a song."""
    # All options but those that say what to read, where to write, and how.
    others = ("audio", "command", "debug", "format", "listen", "model", "out", "overwrite", "threshold")
    chosen = {name.replace("_", " "): value for name, value in vars(options).items() if name not in others}
    if options.meter is not None:
        chosen["meter"] = "{}/{}".format(*options.meter)
    if options.drum_map is not None:
        chosen["drum map"] = dict(options.drum_map.pitches)
    picking = asdict(with_thresholds(model.peak_picking, options.threshold))
    return made_from(song.recording.path, model, {"thresholds": picking, **chosen})


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


# --- transcribing --------------------------------------------------------------------------------------------------------


def _announced(song: _Song) -> float:
    """Seconds that a recording announces, for progress only; 0 where it says nothing."""
    try:
        return duration_of(song.recording.path) or 0.0
    except Exception:  # it is said when the recording is read
        return 0.0


def _transcribe(song: _Song, model, options: argparse.Namespace, bar: tqdm) -> None:
    """Transcribe a recording, write its results and print what was found."""
    from adtlib.transcription.pipeline import transcribe

    before = bar.n
    bar.set_description(one_line(song.recording.path.name[-24:]))

    def progress(seconds: float) -> None:
        bar.n = before + seconds
        bar.refresh()

    state, times = _made_from(song, model, options), [time.perf_counter()]  # as it is before it is read
    older = _older(song, state)
    heard = transcribe(
        song.recording.path,
        model=model,
        thresholds=options.threshold or None,
        keep_features=False,
        progress=progress,
        first_bar=options.first_bar,
        tempo=options.tempo,
        meter=options.meter,
        beats=options.beats,
    )
    times.append(time.perf_counter())
    written = _write(heard, song, state, options)
    times.append(time.perf_counter())
    if written:
        lines = [*_lines(heard, written, times[1] - times[0], times[2] - times[1]), *_merged(heard, options), *older]
        with bar.external_write_mode():
            print("\n".join(map(one_line, lines)), flush=True)
    song.seconds, song.written = heard.duration, written


def _older(song: _Song, state: dict[str, Any]) -> list[str]:
    """A line if results of other kinds stay that were made before a change."""
    if not (differing := _differing(song.results.made_from, state)):
        return []
    left = sorted(song.results.noted - set(song.kinds))
    names = ", ".join(song.results.path(kind).name for kind in left)
    return [f"  {names}: from before a change of {', '.join(differing)}; --format makes it anew"] if left else []


def _write(heard, song: _Song, state: dict[str, Any], options: argparse.Namespace) -> list[Path]:
    """Write the results of a song that are to be made; each is complete or not there. One that fails does not stop the others."""
    contents: dict[str, bytes] = {}

    def attempt(kind: str, make: Callable[[], None]) -> None:
        try:
            make()
        except Exception as error:
            if options.debug:
                traceback.print_exc()
            named = isinstance(error, paths.WriteError)
            song.missing.append(str(error) if named else f"{song.results.path(kind)}: {reason(song.recording.path, error)}")

    for kind in [kind for kind in song.kinds if kind not in SOUNDS]:
        attempt(kind, lambda kind=kind: contents.update({kind: heard.content(kind, options.drum_map, options.quantise)}))
    written = song.results.write(contents, state)
    for kind in [kind for kind in song.kinds if kind in SOUNDS]:
        attempt(kind, lambda kind=kind: written.append(_write_sound(heard, song.results, kind, state)))
    return written


def _write_sound(heard, results: Results, kind: str, state: dict[str, Any]) -> Path:
    """Write the recording with clicks, or its drums alone."""
    from adtlib.audio import clicks, files, normalise
    from adtlib.transcription import kit_playback

    sounds: dict[str, Callable[[], Iterator]] = {
        "clicks.wav": lambda: normalise.scaled_to_peak(lambda: clicks.with_clicks(audio_blocks(heard.source), heard.drum_events)),
        "drums.wav": lambda: normalise.scaled_to_peak(
            lambda: kit_playback.drum_blocks(heard.drum_events, heard.duration, kit_playback.sampled_kit()), raise_to_peak=True
        ),
    }
    with paths.replacing(results.path(kind)) as file:
        files.write_blocks_to(file, sounds[kind]())
        results.note_file(kind, file, state)
    return results.path(kind)


# --- messages ----------------------------------------------------------------------------------------------------------


def _lines(song, written: list[Path], transcribing: float, writing: float) -> list[str]:
    """Three lines or more on one recording, for 80 columns; `transcribing` and `writing` are the seconds that both took."""
    counts = song.counts
    total = sum(counts.values())
    onsets = f"{total:,} onsets: " + "  ".join(f"{name} {counts[name]:,}" for name in CLASSES) if total else "no onsets"
    minutes, rest = divmod(round(song.duration), 60)
    tempo = song.beats.in_words if song.beats.found else "too few onsets for a tempo: 120 written"
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


def _conclude(songs: list[_Song], problems: list[str], took: float, about: list[str], options: argparse.Namespace) -> int:
    """Say what was done and what was left out; the exit status."""
    broken = [*problems, *(song.problem for song in songs if song.problem)]
    missing = [left_out for song in songs for left_out in song.missing]
    new, done = [song for song in songs if song.written], [song for song in songs if song.done]
    if len(new) > 1:
        seconds = sum(song.seconds for song in new)
        print(f"{len(new)} recordings, {seconds / 60:.1f} minutes, in {took:.1f} s: {seconds / took:.0f} times real time")
    if done:
        print(f"{len(done)} of {len(songs)} {'was' if len(songs) == 1 else 'were'} done already")
    if new or done:
        print("\n".join(map(one_line, about)))
    if any(song.results.path("drums.wav") in song.written for song in new):
        from adtlib.transcription.kit_playback import sampled_kit

        print(f"drums played by {sampled_kit().name}")
    for words, reasons in (("transcribed", broken), ("written", missing)):
        if reasons:
            of = f" of {len(songs) + len(problems)}" if reasons is broken else ""
            print(f"\nnot {words} ({len(reasons)}{of}):", file=sys.stderr)
            print("\n".join(f"  {one_line(each)}" for each in reasons), file=sys.stderr)
    return 1 if broken or missing else 0
