"""`adt transcribe`: the drums of recordings as MIDI, tables, scores and sound."""

import argparse
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tqdm import tqdm

from adtlib import paths
from adtlib.audio.files import duration_of, write_blocks
from adtlib.cli.terminal import one_line, reason
from adtlib.cli.transcribe_reports import Report, about_model, times_real_time
from adtlib.notation.time_signatures import in_words
from adtlib.onsets.own import SOUNDS
from adtlib.onsets.peak_picking import with_thresholds
from adtlib.transcription import extras
from adtlib.transcription.inputs import InputFile, check_recording, real_path, search
from adtlib.transcription.results import Results, made_from

STANDARD_INPUT = "stdin"  # name of its results


@dataclass
class _Song:
    """One recording on its way.

    name      for people.
    wanted    results that the options ask for;  kinds  those of them that are to be made.
    problem   why it is not transcribed;  missing  results that were left out, each with the reason.
    done      whether all results are there.
    seconds   of the recording, once it is transcribed;  written  its new files.
    """

    recording: InputFile
    results: Results
    name: str
    wanted: list[str]
    kinds: list[str] = field(default_factory=list)
    problem: str = ""
    missing: list[str] = field(default_factory=list)
    done: bool = False
    seconds: float = 0.0
    written: list[Path] = field(default_factory=list)

    @property
    def left(self) -> bool:
        """Whether it is to be transcribed."""
        return not (self.done or self.problem) and bool(self.kinds or not self.wanted)


class _UsageError(Exception):
    """An option that cannot be used: exit status 2."""


def run(options: argparse.Namespace) -> int:
    """Transcribe all recordings; exit status 1 if one could not be transcribed, 2 for an option that cannot be used."""
    work = _Work(options)
    try:
        if options.watch is not None:
            from adtlib.cli.watch import watch

            return watch(options.watch, work.report.say, work.transcribe_all)
        with _with_standard_input(options.audio) as given:
            recordings, problems = search(given)
            if not recordings:
                raise ValueError("\n     ".join(problems))
            return work.transcribe_all(recordings, problems)
    except _UsageError as error:
        print(f"adt: {one_line(error)}", file=sys.stderr)
        return 2


@contextlib.contextmanager
def _with_standard_input(given: Sequence[str]) -> Iterator[list[str]]:
    """The paths given; in place of - that of a temporary file with what standard input holds."""
    if "-" not in given:
        yield list(given)
        return
    if sys.stdin.isatty():
        raise _UsageError("- is standard input, which is the keyboard here: send a recording, as in adt transcribe - < song.mp3")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / STANDARD_INPUT
        with open(path, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [str(path) if each == "-" else each for each in given]


class _Work:
    """The options, and what they name, the model and the engine of beats, which are loaded when they are first needed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.report = options, Report(options)
        self.to_standard_output = str(options.out) == "-"

    @cached_property
    def model(self):
        """The model. Raises _UsageError."""
        from adtlib.transcription.pretrained import load_model

        started = time.perf_counter()
        device = self.options.device
        engine = self.options.engine or (None if device is None else "torch")
        if engine == "torch" and (problem := extras.missing("torch")):
            raise _UsageError(f"{'--engine torch' if self.options.engine else f'--device {device}'}: {problem}")
        try:
            model = load_model(self.options.model, engine)
        except (ValueError, OSError) as error:
            raise _UsageError(f"--model: {error}") from None
        if device is not None and engine == "torch":
            _move(model.hearing, device)
        took, where = time.perf_counter() - started, f" on {device}" if device else ""
        self.report.detail(
            f"model {model.name}, features {model.features}, computed by {model.engine.name}{where}; loaded in {took:.1f} s"
        )
        return model

    def _load_beats(self) -> None:
        """Load the engine of beats that the options name, if any; it is kept. Raises _UsageError."""
        if self.options.beats is None:
            return
        from adtlib.transcription.beat_engines import EngineError, load_engine

        try:
            load_engine(self.options.beats)
        except EngineError as error:
            raise _UsageError(f"--beats: {error}") from None

    def transcribe_all(self, recordings: Sequence[InputFile], problems: Sequence[str] = ()) -> int:
        """Transcribe recordings; the exit status. Raises _UsageError."""
        options = self.options
        if len(recordings) > 1 and (options.first_bar is not None or self.to_standard_output):
            what = "--out - writes one file" if self.to_standard_output else "--first-bar is a time in one recording"
            raise _UsageError(f"{what}, but {len(recordings)} are given: transcribe them one by one")
        if problem := _lacking(options):
            raise _UsageError(problem)
        out = Path() if self.to_standard_output else options.out
        if not self.to_standard_output and (problem := _folder_problem(out, options.dry_run)):
            raise _UsageError(f"--out {options.out}: {problem}")
        # Loading a model takes seconds: problems of files are found before.
        inputs = {real_path(recording.path) for recording in recordings}
        wanted = [*options.format, *(SOUNDS if options.listen else ())]
        targets = {recording.target for recording in recordings}
        songs = [_Song(each, _results(each, out, targets), _shown(each, options), wanted) for each in recordings]
        for song in songs:
            _guarded(song, options, lambda song: _look(song, inputs, self))
        if not any(song.left for song in songs):
            return _conclude(songs, problems, 0.0, self)
        self._load_beats()
        model, started = self.model, time.perf_counter()
        for song in songs:
            if song.left:
                _guarded(song, options, lambda song: _leave_out_what_is_done(song, model, options))
        left = [song for song in songs if song.left]
        if options.dry_run:
            for song in left:
                self.report.say(one_line(f"{song.name}: would write {_names(song, song.kinds) or 'nothing'}"))
                self.report.record(song.name, would_write=[str(song.results.path(kind)) for kind in song.kinds])
            return _conclude(songs, problems, 0.0, self)
        silent = options.quiet or options.watch is not None or None
        total = sum(_announced(song) for song in left) if not silent else None
        with tqdm(total=total or None, unit=" s", disable=silent, dynamic_ncols=True) as bar:
            for song in left:
                _guarded(song, options, lambda song: _transcribe(song, self, bar))
        return _conclude(songs, problems, time.perf_counter() - started, self)


def _move(network, device: str) -> None:
    """Move the network to a device. Raises _UsageError."""
    try:
        network.to(device)
    except (RuntimeError, AssertionError, ValueError) as error:  # what torch raises for one that is not there
        reason = str(error).splitlines()[0]
        raise _UsageError(f"--device {device}: torch cannot use it ({reason}); leave it out to use the processor") from None


def _is_piped(recording: InputFile, options: argparse.Namespace) -> bool:
    return "-" in options.audio and recording.path.name == STANDARD_INPUT


def _shown(recording: InputFile, options: argparse.Namespace) -> str:
    """The recording's name for people."""
    return "standard input" if _is_piped(recording, options) else str(recording.path)


def _names(song: _Song, kinds: Sequence[str], between: str = " ") -> str:
    return between.join(str(song.results.path(kind)) for kind in kinds)


def _guarded(song: _Song, options: argparse.Namespace, step: Callable[[_Song], None]) -> None:
    """Do a step; whatever it raises becomes the song's problem, and the others go on."""
    try:
        step(song)
    except BrokenPipeError:  # nobody reads what is printed
        raise
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        song.problem = _reason(song, error)


def _reason(song: _Song, error: Exception) -> str:
    return reason(song.recording.path, error).replace(str(song.recording.path), song.name)


# --- before transcribing -------------------------------------------------------------------------------------------------


def _lacking(options: argparse.Namespace) -> str:
    """What an option needs that is not installed, in a sentence; "" if nothing."""
    from adtlib.transcription.formats import FORMATS

    for extra in dict.fromkeys(FORMATS[kind].extra for kind in options.format):
        if extra and (problem := extras.missing(extra)):
            return f"--format {','.join(FORMATS[kind].name for kind in options.format if FORMATS[kind].extra == extra)}: {problem}"
    if options.listen:
        from adtlib.transcription.kit_playback import lacking

        if problem := lacking():
            return f"--listen: {problem}"
    return ""


def _results(recording: InputFile, out: Path, targets: set[Path]) -> Results:
    """The results of a recording. Those that it had before another of the same name came keep their names."""
    earlier = recording.target.with_name(recording.path.stem)
    if earlier not in targets:
        results = Results(out / earlier)
        if {made.get("recording", [""])[0] for made in results.made_from.values()} == {str(real_path(recording.path))}:
            return results
    return Results(out / recording.target)


def _folder_problem(folder: Path, dry: bool) -> str:
    """Reason and remedy if results cannot be written into the folder, else ""; a missing folder is created, unless all is `dry`."""
    if dry and not folder.exists():
        return ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return "this is a file; name a folder, as results have the names of their recordings"
    except OSError as error:
        return f"this folder cannot be created ({error.strerror}); name another"
    return "" if os.access(folder, os.W_OK) else "this folder is not writable; name another"


def _look(song: _Song, inputs: set[Path], work: _Work) -> None:
    """See what has to be made, or why it cannot be, as far as it is known without decoding the recording."""
    options = work.options
    check_recording(song.recording.path)
    if work.to_standard_output:
        song.kinds = song.wanted
        return
    for kind in song.wanted:
        path = song.results.path(kind)
        if options.skip_existing and os.path.lexists(path):
            continue
        if problem := _name_problem(path):
            song.missing.append(problem)
        elif path.is_dir():
            song.problem = f"{song.name}: {path} is a folder with the name of a result; rename it, or choose another --out"
        elif path.resolve() in inputs:
            song.problem = f"{song.name}: {path} is a recording with the name of a result; rename it, or choose another --out"
        else:
            song.kinds.append(kind)
    song.done = bool(song.wanted) and not (song.kinds or song.missing or song.problem)
    # Existing files may be the user's own, or corrected by hand.
    if not song.problem and not options.overwrite and (foreign := song.results.foreign(song.kinds)):
        noted = all(kind in song.results.made_from for kind in foreign)
        why = "changed since they were written" if noted else "nothing is noted of how they were made"
        song.problem = _not_replaced(song, foreign, why)


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
    if not song.kinds or str(options.out) == "-":
        return
    if not (own := song.results.own(song.kinds)):
        return
    older, changed = _made_before(song, own, _made_from(song, model, options))
    arrived_anew = options.watch is not None and changed == ["recording"]
    if older and not (options.overwrite or arrived_anew):
        song.problem = _not_replaced(song, older, f"made before a change of {', '.join(changed)}")
        return
    song.kinds = [kind for kind in song.kinds if kind not in own or kind in older]
    song.done = not song.kinds


def _not_replaced(song: _Song, existing: list[str], why: str) -> str:
    return (
        f"{song.name}: not replaced without --overwrite, or choose another --out: {_names(song, existing, ', ')} ({why}); "
        "--skip-existing leaves what is there"
    )


def _made_from(song: _Song, model, options: argparse.Namespace) -> dict[str, Any]:
    """All that decides the bytes of the results of a song."""
    # All options but those that say what to read, where to write, and how.
    others = {"audio", "command", "debug", "device", "dry_run", "engine", "format", "json", "listen", "model", "out", "overwrite"}
    others |= {"quiet", "skip_existing", "threshold", "verbose", "watch"}
    chosen = {name.replace("_", " "): value for name, value in vars(options).items() if name not in others}
    if options.meter is not None:
        chosen["meter"] = in_words(options.meter)
    if options.drum_map is not None:
        chosen["drum map"] = {**options.drum_map.pitches, **options.drum_map.kinds}
    picking = asdict(with_thresholds(model.peak_picking, options.threshold))
    found = made_from(song.recording.path, model, {"thresholds": picking, **chosen})
    if _is_piped(song.recording, options):
        with open(song.recording.path, "rb") as file:
            found["recording"] = [song.name, hashlib.file_digest(file, "sha256").hexdigest()]
    return found


def _made_before(song: _Song, own: Iterable[str], state: dict[str, Any]) -> tuple[list[str], list[str]]:
    """(those of own results that were made from something else, what has changed since)."""
    differing = {}
    for kind in sorted(own):
        made = song.results.made_from[kind]
        if names := {name for name in {*made, *state} if made.get(name) != state.get(name)}:
            differing[kind] = names
    return list(differing), sorted(set().union(*differing.values()))


# --- transcribing --------------------------------------------------------------------------------------------------------


def _announced(song: _Song) -> float:
    """Seconds that a recording announces, for progress only; 0 where it says nothing."""
    try:
        return duration_of(song.recording.path) or 0.0
    except Exception:  # it is said when the recording is read
        return 0.0


def _transcribe(song: _Song, work: _Work, bar: tqdm) -> None:
    """Transcribe a recording, write its results and say what was found."""
    from adtlib.transcription.pipeline import transcribe

    options, before = work.options, bar.n
    bar.set_description(one_line(song.recording.path.name[-24:]))

    def progress(seconds: float) -> None:
        bar.n = before + seconds
        bar.refresh()

    state, times = _made_from(song, work.model, options), [time.perf_counter()]  # as it is before it is read
    older = [] if work.to_standard_output else _older(song, state)
    heard = transcribe(
        song.recording.path,
        model=work.model,
        thresholds=options.threshold or None,
        keep_features=False,
        progress=progress,
        first_bar=options.first_bar,
        tempo=options.tempo,
        meter=options.meter,
        beats=options.beats,
    )
    if options.classes == "5":
        heard = heard.with_five_classes()
    times.append(time.perf_counter())
    if work.to_standard_output:
        written = []
        sys.stdout.buffer.write(heard.content(song.kinds[0], options.drum_map, options.quantise))
        sys.stdout.buffer.flush()
    else:
        written = _write(heard, song, state, options)
    times.append(time.perf_counter())
    if written or not song.kinds or work.to_standard_output:
        seconds = {"heard": times[1] - times[0], "written": times[2] - times[1]}
        with bar.external_write_mode():
            work.report.transcribed(heard, song.name, song.results.target, written, seconds, older)
    song.seconds, song.written = heard.duration, written


def _older(song: _Song, state: dict[str, Any]) -> list[str]:
    """Lines of 80 columns if results of other kinds stay that were made before a change, with what makes them anew."""
    from adtlib.transcription.formats import FORMATS

    left, changed = _made_before(song, song.results.noted - set(song.kinds), state)
    if not left:
        return []
    names = ", ".join(song.results.path(kind).name for kind in left)
    formats = ",".join(FORMATS[kind].name for kind in left if kind not in SOUNDS) or "none"
    add = f"--format {formats} {'--listen ' if set(left) & set(SOUNDS) else ''}--overwrite"
    text = f"{names}: from before a change of {', '.join(changed)}; the same command with {add} makes it anew"
    return [f"  {line}" for line in textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)]


def _write(heard, song: _Song, state: dict[str, Any], options: argparse.Namespace) -> list[Path]:
    """Write the results of a song that are to be made; each is complete or not there. One that fails does not stop the others."""
    written = []
    for kind in song.kinds:
        path = song.results.path(kind)
        try:
            if kind in SOUNDS:
                blocks = _sound(heard, kind)
                with song.results.writing(kind, state) as file:
                    write_blocks(file, blocks)
            else:
                content = heard.content(kind, options.drum_map, options.quantise)
                with song.results.writing(kind, state) as file:
                    file.write(content)
            written.append(path)
        except Exception as error:
            if options.debug:
                traceback.print_exc()
            song.missing.append(str(error) if isinstance(error, paths.WriteError) else f"{path}: {_reason(song, error)}")
    return written


def _sound(heard, kind: str) -> Iterator:
    """The recording with clicks, or its drums alone."""
    if kind == "clicks.wav":
        return heard.click_blocks()
    from adtlib.audio.normalise import scaled_to_peak
    from adtlib.transcription.kit_playback import drum_blocks, sampled_kit

    return scaled_to_peak(lambda: drum_blocks(heard.drum_events, heard.duration, sampled_kit()), raise_to_peak=True)


# --- at the end ----------------------------------------------------------------------------------------------------------


def _conclude(songs: list[_Song], problems: Sequence[str], took: float, work: _Work) -> int:
    """Say what was done and what was left out; the exit status."""
    report = work.report
    broken = [*problems, *(song.problem for song in songs if song.problem)]
    missing = [left_out for song in songs for left_out in song.missing]
    new, done = [song for song in songs if song.seconds], [song for song in songs if song.done]
    if len(new) > 1:
        seconds = sum(song.seconds for song in new)
        report.say(f"{len(new)} recordings, {seconds / 60:.1f} minutes, in {took:.1f} s: {times_real_time(seconds, took)}")
    if done and work.options.watch is None:
        same = ": their results are what these options make" if work.options.overwrite else ""
        report.say(f"{len(done)} of {len(songs)} {'was' if len(songs) == 1 else 'were'} done already{same}")
    if (new or done) and "model" in vars(work) and work.options.watch is None:
        report.say("\n".join(map(one_line, about_model(work.model, work.options))))
    if any(song.results.path("drums.wav") in song.written for song in new):
        from adtlib.transcription.kit_playback import sampled_kit

        report.say(f"drums played by {sampled_kit().name}")
    for song in done:
        report.record(song.name, done=True, files=[str(song.results.path(kind)) for kind in song.wanted])
    for song in songs:
        if song.problem:
            report.record(song.name, problem=song.problem)
    for words, reasons in (("transcribed", broken), ("written", missing)):
        if reasons:
            of = f" of {len(songs) + len(problems)}" if reasons is broken else ""
            print(f"\nnot {words} ({len(reasons)}{of}):", file=sys.stderr)
            print("\n".join(f"  {one_line(each)}" for each in reasons), file=sys.stderr)
    return 1 if broken or missing else 0
