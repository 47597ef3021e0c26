"""Training data that anyone can render: human drum performances played by sampled kits, with other instruments around them.

    sources        which sound fonts and kits are installed
    articulations  ways of striking a drum kit, and how fonts and kits name them
    one_shots      single strokes and notes, aligned by their attack, on disk
    capture        taking them once from fonts (FluidSynth) and kits (Hydrogen's drumkit.xml); voices: sung syllables
    performances   what drummers and other musicians play, in beats
    drumming       the strokes of a clip; playing: on sampled kits, as stems
    accompaniment  what sounds beside the drums; mixing: room, equaliser, compression
    clips          one annotated clip from (seed, split, index)
    corpus         clips as a prepared corpus on disk, resumable
    augmentation   variations on the magnitudes behind stored features, while training
    training       a long run, resumable; thresholds: one for each class

None of this is needed to use a trained model. The commands are `adt render`, `adt train` and `adt study`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
