"""A transcription as JAMS, the exchange format of annotations in music information retrieval (Humphrey et al. 2014).

JAMS has no namespace for drums. Onsets are written twice: as `tag_open`, with the class as the tag, or the kind of stroke where it
is known, and as `note_midi`, with the pitch of the drum map; their order and confidence are the same. Beats are `beat`, with the
position in the bar.
"""

import json
from collections.abc import Mapping, Sequence

from adtlib import __version__
from adtlib.notation.beats import Beats
from adtlib.transcription.events import Event

_NOTE_SECONDS = 0.05  # a stroke has no end, a note needs one
_JAMS_VERSION = "0.3.5"


def jams(events: Sequence[Event], beats: Beats, duration: float, name: str, model: str, pitches: Mapping[str, int]) -> str:
    """The JSON text of a JAMS file.

    duration  of the recording in seconds;  name  its title;  model  that heard it;  pitches  of each label.
    """
    about = {
        "curator": {"name": "", "email": ""},
        "annotator": {"model": model},
        "version": __version__,
        "corpus": "",
        "annotation_tools": "adt transcribe",
        "annotation_rules": "",
        "validation": "",
        "data_source": "program",
    }

    def annotation(namespace: str, data: list[dict]) -> dict:
        entry = {"annotation_metadata": about, "namespace": namespace, "data": data, "sandbox": {}}
        return entry | {"time": 0.0, "duration": duration}

    def observed(event: Event, seconds: float, value) -> dict:
        time = round(event.seconds, 4)
        return {"time": time, "duration": seconds, "value": value, "confidence": round(event.confidence, 4)}

    known = [(time, position) for time, position in zip(beats.times, beats.positions, strict=True) if 0 <= time <= duration]
    places = [
        {"time": round(float(time), 4), "duration": 0.0, "value": int(position), "confidence": None} for time, position in known
    ]
    content = {
        "annotations": [
            annotation("tag_open", [observed(event, 0.0, event.label) for event in events]),
            annotation("note_midi", [observed(event, _NOTE_SECONDS, pitches[event.label]) for event in events]),
            annotation("beat", places),
        ],
        "file_metadata": {
            "title": name,
            "artist": "",
            "release": "",
            "duration": duration,
            "identifiers": {},
            "jams_version": _JAMS_VERSION,
        },
        "sandbox": {},
    }
    return json.dumps(content, indent=1) + "\n"
