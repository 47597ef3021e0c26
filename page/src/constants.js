// Classes, their order, names and pitches: adtlib/vocabulary.py; rates: adtlib/audio/features.py.

export const CLASSES = ["KD", "SD", "TT", "HH", "CY"];
export const CLASS_NAMES = { KD: "kick drum", SD: "snare drum", TT: "toms", HH: "hi-hat", CY: "cymbals" };
export const MIDI_PITCH = { KD: 36, SD: 38, TT: 47, HH: 42, CY: 49 };

export const SAMPLE_RATE = 44_100;
export const HOP_LENGTH = 441;
export const FPS = SAMPLE_RATE / HOP_LENGTH;
export const FRAME_SIZE = 2_048;
export const N_BANDS = 84;

export const BLOCK_SECONDS = 10; // of adtlib/audio/decoding.py: channels are compared block by block
