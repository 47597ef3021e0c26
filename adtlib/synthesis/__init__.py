"""Drums as sound: kits that play, performances for them to play, and training data rendered from both.

    playing        what all kits share: loudness by velocity, levels of the drums, stopped strokes
    soundfont      kits shaped from the General MIDI sound font that comes with pip; they play the miniature corpora
    grooves        generated drum performances; groove_styles: their patterns
    examples       sounds for the notebooks on signals

Annotated clips to train on:

    sources        which sound fonts and kits are installed
    recipe         what clips are made of: options, each of which can be switched alone, and random streams for each purpose
    articulations  ways of striking a drum kit, and how fonts and kits name them
    samples        single strokes and notes, aligned by their attack, on disk
    capture        recording them once from fonts (FluidSynth) and kits (Hydrogen's drumkit.xml); singing: sung syllables
    performances   what drummers and other musicians play, in beats
    drumming       the strokes of a clip; edits: changes to them; kits: strokes on sampled kits, as stems
    band           the accompaniment; effects: room, equaliser, compression; finishing: mastering and codecs
    masking        which strokes the mix covers
    studio         kits, instruments and performances of one split
    tones          tones in place of sounds, for tests and the profile smoke
    clips          one annotated clip from (seed, split, index) and a recipe

Clips are stored and trained on by `adtlib.training` (`adt render`, `adt train`, `adt study`); a trained model needs none of this.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
