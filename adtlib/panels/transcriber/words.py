"""A transcription in words, and download links to its files, as HTML."""

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.evaluation.metrics import count_matches, f1_micro
from adtlib.markup import in_html
from adtlib.panels.transcriber.opened import OpenRecording
from adtlib.transcription.events import Event, counts_of
from adtlib.transcription.transcription import Transcription

# Media types by suffix.
_KINDS = {
    "mid": "audio/midi",
    "csv": "text/csv",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}


LINKED = 4_000_000  # largest bytes of a file that is put into a link


def _counts(events: Sequence[Event]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts_of(events).items() if count) or "none"


def passage_summary(events: Sequence[Event], start: float, end: float, name: str) -> str:
    """The onsets of a passage, from `start` to `end` seconds of the recording `name`, in words, as HTML."""
    return f"<b>{len(events)} onsets</b> from {start:.1f} to {end:.1f} s: {_counts(events)}; {in_html(name)}"


def recording_summary(transcription: Transcription, result: OpenRecording, tolerance: float, moved: bool = False) -> str:
    """The transcription of a recording in words: onsets, model, and the score if it is annotated, as HTML.

    tolerance  of the score, seconds;  moved  whether thresholds differ from the model's own.
    """
    events, beats = transcription.events, result.beats
    tempo = beats.in_words if beats.found else "too few onsets to find beats in"
    lines = [f"<b>Whole recording, {transcription.duration:.1f} s: {len(events)} onsets</b> ({_counts(events)}); {tempo}"]
    how = "thresholds moved by hand" if moved else "thresholds as chosen for the model"
    if transcription.edits:
        n = len(transcription.edits)
        how += f"; {n} correction{'s' * (n != 1)} by hand"
    lines.append(f"Model: {in_html(transcription.model)}; {how}")
    if result.reference is None:
        lines.append(f"{in_html(result.source.provenance)}; there is no annotation to score it by")
    else:
        score = f1_micro(count_matches(result.reference, transcription.onsets, tolerance))
        words = "not defined" if np.isnan(score) else f"{score:.3f}"
        quotable = " (what was moved or corrected by eye is no test result)" if moved or transcription.edits else ""
        provenance = in_html(result.source.provenance)
        lines.append(f"Against its annotation, ±{1000 * tolerance:.0f} ms, all classes: micro F1 {words}{quotable}; {provenance}")
    return "<br>".join(lines)


def download_links(written: Sequence[Path]) -> str:
    """Links that contain the files, so that a notebook can save them wherever its server runs. As HTML."""
    links = []
    for path in written:
        content = path.read_bytes()
        name, size = in_html(path.name), f"{max(1, round(len(content) / 1000)):,} kB"
        if len(content) > LINKED:
            links.append(f"{name} ({size}, too large for a link)")
            continue
        kind, data = _KINDS[path.suffix[1:]], base64.b64encode(content).decode()
        links.append(f'<a download="{name}" href="data:{kind};base64,{data}"><u>{name}</u></a> ({size})')
    folder = in_html(paths.relative(written[0].parent)) if written else ""
    return f"Written to <code>{folder}</code>; to take away: {', '.join(links)}"
