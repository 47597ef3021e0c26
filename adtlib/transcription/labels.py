"""Onsets as labels on the time line of Audacity, Reaper and Sonic Visualiser, to a millisecond or better.

A label is the class, or the kind of stroke where it is known.
"""

from collections.abc import Sequence

from adtlib.audio.features import SAMPLE_RATE
from adtlib.markup import in_html, in_line
from adtlib.transcription.events import Event

# Colours of Reaper's markers, as RRGGBB: the palette of Okabe and Ito, which is told apart without red or green.
_COLOURS = {"KD": "0072B2", "SD": "D55E00", "TT": "009E73", "HH": "E69F00", "CY": "CC79A7"}


def audacity_labels(events: Sequence[Event]) -> str:
    """A label track: a line an onset, start, end and label with tabs between; start and end are equal.

    Source: Audacity manual, "Importing and Exporting Labels".
    """
    return "".join(f"{event.seconds:.6f}\t{event.seconds:.6f}\t{event.label}\n" for event in events)


def reaper_markers(events: Sequence[Event]) -> str:
    """A table that Reaper's Region/Marker Manager imports: a marker an onset, coloured by class.

    Times are minutes and seconds. Source: what the manager itself exports with a ruler in minutes and seconds.
    """
    lines = ["#,Name,Start,End,Length,Color"]
    for number, event in enumerate(events, start=1):
        minutes, seconds = divmod(round(event.seconds * 1000), 60_000)
        lines.append(f"M{number},{event.label},{minutes}:{seconds / 1000:06.3f},,,{_COLOURS[event.name]}")
    return "\n".join(lines) + "\n"


def sonic_visualiser_layer(events: Sequence[Event], duration: float, name: str) -> str:
    """A layer of labelled time instants; times are samples at 44.1 kHz.

    duration  of the recording in seconds;  name  of the layer.

    Source: files that Sonic Visualiser 4 exports (Export Annotation Layer, .svl).
    """
    points = "".join(f'      <point frame="{round(event.seconds * SAMPLE_RATE)}" label="{event.label}" />\n' for event in events)
    title = in_html(in_line(name))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE sonic-visualiser>
<sv>
  <data>
    <model id="1" name="{title}" sampleRate="{SAMPLE_RATE}" start="0" end="{round(duration * SAMPLE_RATE)}" type="sparse" \
dimensions="1" resolution="1" notifyOnAdd="true" dataset="0" />
    <dataset id="0" dimensions="1">
{points}    </dataset>
  </data>
  <display>
    <layer id="2" type="timeinstants" name="{title}" model="1" plotStyle="0" colourName="Purple" colour="#c832ff" \
darkBackground="false" />
  </display>
</sv>
"""
