from .beats import Beats as Beats, track_beats as track_beats
from .drum_maps import DRUM_MAPS as DRUM_MAPS, drum_map as drum_map
from .engraving import engrave as engrave
from .midi_files import midi_events as midi_events, midi_notes as midi_notes, pattern_midi as pattern_midi, write_midi as write_midi
from .musicxml import to_musicxml as to_musicxml
from .patterns import Hit as Hit, Pattern as Pattern, pattern_from_rows as pattern_from_rows, quantise as quantise
