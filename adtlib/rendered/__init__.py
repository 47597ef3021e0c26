"""Training data that anyone can render: human drum performances played by sampled kits, with other instruments around them.

    sources        which sound fonts and kits are installed
    one_shots      single strokes and notes, aligned by their attack, on disk
    capture        taking them once from fonts (FluidSynth) and kits (Hydrogen's drumkit.xml)
    performances   what drummers play, in beats; songs: what others play, in beats
    playing        a performance on a kit, as stems; accompaniment: the others; mixing: room, equaliser, compression
    clips          one annotated clip from (seed, split, index)
    corpus         clips as a prepared corpus on disk, resumable
    augmentation   variations on the magnitudes behind stored features, while training
    training       a run whose length is stated in minutes, resumable

None of this is needed to use a trained model. `python -m adtlib.rendered --help` lists the commands.
"""
