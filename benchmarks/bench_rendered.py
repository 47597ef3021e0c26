"""Rendered training data: clips a core, against FluidSynth playing the same songs, and how far from the features alone.

    ADT_DATA=FOLDER python benchmarks/bench_rendered.py

Bar: 40 times real time a core, features included. Needs the sounds (`adtlib.synthesis.sources`) and the performances. Times are of
the processor, one thread, so that other programs do not count.
"""

import os
import time

os.environ["OMP_NUM_THREADS"] = "1"

from common import show

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.synthesis import capture, clips, performances
from adtlib.synthesis.sources import FONTS, SourceError

CLIPS, WARM_UP = 40, 20


def seconds_of(work, times):
    start = time.process_time()
    for index in times:
        work(index)
    return (time.process_time() - start) / len(times)


def fluidsynth_player(songs):
    """A function that lets FluidSynth play the first 12 s of a song, drums and all: without mixing, without features."""
    events = {}
    for index, song in enumerate(songs):
        beat, found = 60 / song.bpm, []
        for channel, part in enumerate((song.drums, *song.others[:7])):
            part = part.within(0, clips.CLIP_SECONDS / beat)
            for start, length, pitch in zip(part.beats * beat, part.lengths * beat, part.pitches, strict=True):
                found += [(start, channel, int(pitch), 100), (start + length, channel, int(pitch), 0)]
        events[index] = ([part.program for part in song.others[:7]], sorted(found))

    def play(synth, number, index):
        programs, notes = events[index]
        synth.program_select(0, number, 128, 0)
        for channel, program in enumerate(programs, 1):
            synth.program_select(channel, number, 0, program)
        at = 0
        for second, channel, pitch, velocity in notes:
            sample = min(round(second * SAMPLE_RATE), round(clips.CLIP_SECONDS * SAMPLE_RATE))
            if sample > at:
                synth.get_samples(sample - at)
                at = sample
            if velocity:
                synth.noteon(channel, pitch, velocity)
            else:
                synth.noteoff(channel, pitch)
        synth.get_samples(max(round(clips.CLIP_SECONDS * SAMPLE_RATE) - at, 1))
        for channel in range(8):
            synth.all_sounds_off(channel)

    return play


def main():
    try:
        banks, notes = capture.capture(), performances.gather(paths.real_data_root())
        studio = clips.Studio(banks, notes, "train", clips.RECIPES[clips.STANDARD])
    except (SourceError, FileNotFoundError) as error:
        print(f"not measured: {error}")
        return
    for index in range(WARM_UP):  # the banks come into memory
        clips.render(studio, 1, index)
    rendered = seconds_of(lambda index: clips.render(studio, 0, index).features, range(CLIPS))
    waveform = clips.render(studio, 0, 0).waveform
    features = seconds_of(lambda _: log_filter_spectrogram(waveform), range(CLIPS))
    songs = [song for song in studio.songs if song.kind == "song" and len(song.drums.beats) > 20][:20]
    play = fluidsynth_player(songs)
    with capture._synthesiser(FONTS[0].path) as (synth, number):
        play(synth, number, 0)
        peer = seconds_of(lambda index: play(synth, number, index), range(len(songs)))
    peer_speed = clips.CLIP_SECONDS / (peer + features)
    show("Clips rendered and mixed, with features, a core", clips.CLIP_SECONDS / rendered, peer_speed, "FluidSynth and features")
    show("  of which the features alone", clips.CLIP_SECONDS / features)
    show("FluidSynth playing songs, no mixing, no features", clips.CLIP_SECONDS / peer)
    print(f"Bar of 40 times real time a core: {'met' if clips.CLIP_SECONDS / rendered >= 40 else 'missed'}")


if __name__ == "__main__":
    main()
