"""Draws docs/song.png: six seconds of a real song, transcribed by the model that comes with adtlib.

    ADT_DATA=FOLDER python docs/draw_song.py

The song is that of median micro F1 among the full mixes of MDB Drums that were at hand; the passage is one in which four classes
are played and next to all is found. MDB Drums lies in FOLDER/ENST+MDB.
"""

from pathlib import Path

from adtlib import paths, transcription
from adtlib.figures.theme import new_figure, use_theme
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.panels.transcriber.opened import OpenRecordings
from adtlib.panels.transcriber.picture import TranscriberPicture
from adtlib.profiles import load_profile
from adtlib.transcription.excerpts import events_between

SONG, START, SECONDS = "MusicDelta_Beatles, full mix", 24.5, 6.0


def main() -> None:
    """Transcribe, draw, write."""
    use_theme()
    (source,) = [source for source in transcription.mdb_songs() if source.name == SONG]
    model = transcription.available_models(load_profile("showcase"))[0]
    heard = OpenRecordings().transcribe(source, model)
    passage, activations = heard.cut(START, SECONDS)
    picture = TranscriberPicture(new_figure, editing=False)
    picture.passage(passage, activations, heard.reference, heard.loudest, heard.peak)
    events = events_between(heard.transcription, passage.start, passage.end)
    picture.marks(events, thresholds_by_class(heard.transcription.peak_picking), ())
    with paths.replacing(Path(__file__).with_name("song.png")) as file:
        picture.figure.savefig(file, format="png", metadata={"Software": None})


if __name__ == "__main__":
    main()
