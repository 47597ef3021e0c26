"""Transcribing a song of four minutes: speed from file to onsets and where it goes, peak memory, time to start.

    python benchmarks/bench_transcribe.py [MODEL] [--hour]

MODEL is what `adtlib.transcription.load_model` takes; without it the shipped model. With --hour the memory for a recording of an
hour is measured as well: it must stay near that of the song.

Peers: the same steps, each for the whole file at once, in this process; and the published ADTOF Frame-RNN (its PyTorch port) as a
stored figure of two idle cores of an AMD EPYC (adtlib/published/peers.csv).
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from common import best_seconds, in_turn, show

from adtlib.audio.features import SAMPLE_RATE

SECONDS, HOUR = 240, 3600
STEREO = 2


def write_song(path: Path, seconds: int) -> None:
    """Drums of the project's kit over soft noise, stereo."""
    from adtlib.onsets.midi import Note
    from adtlib.synthesis.examples import play

    rng = np.random.default_rng(0)
    notes = [Note(0.25 * step, pitch, 90) for step in range(80) for pitch in ((36, 42), (42,), (38, 42), (42,))[step % 4]]
    loop = play(notes, 20.0) * 0.7
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, STEREO) as file:
        for _ in range(seconds // 20):
            file.write(np.stack([loop + rng.normal(0, 0.01, len(loop))] * STEREO, axis=1).clip(-1, 1))


def pretrained(model: str | None, engine: str | None = None):
    from adtlib.transcription.pretrained import load_model

    return load_model(model, engine)


def in_another_process(code: str) -> dict:
    """A fresh interpreter runs `code`: its `said`, its peak memory in MB, seconds from start to end."""
    code += "\nimport json, resource\nprint(json.dumps([said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))"
    start = time.perf_counter()
    printed = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=Path(__file__).parent)
    said, peak = json.loads(printed.splitlines()[-1])
    return {"said": said, "peak": peak, "seconds": time.perf_counter() - start}


def transcribing(path: Path, model: str | None, engine: str | None = None) -> str:
    """Code of a process that transcribes as the command does."""
    return f"""
from bench_transcribe import pretrained
from adtlib.transcription.pipeline import transcribe
song = transcribe({str(path)!r}, model=pretrained({model!r}, {engine!r}), keep_features=False)
said = len(song.events)
"""


def engines(model: str | None) -> list[str]:
    """Names of the engines that can compute the model, its default first."""
    from adtlib.models.engines import ENGINES

    default = pretrained(model).engine.name
    return [default, *(name for name in ENGINES if name != default and default == "onnxruntime")]


def stages(path: Path, model) -> dict[str, float]:
    """Seconds of each part of the way on its own."""
    from adtlib.audio.files import audio_blocks
    from adtlib.models.engines import logit_blocks
    from adtlib.models.windows import feature_blocks, to_activations
    from adtlib.notation.beats import track_beats
    from adtlib.onsets.peak_picking import pick_peaks
    from adtlib.vocabulary import CLASSES

    samples = list(audio_blocks(path))
    features = list(feature_blocks(samples))
    activations = to_activations(np.concatenate(list(logit_blocks(model.engine, features)))[:, : len(CLASSES)])
    onsets = pick_peaks(activations, model.peak_picking)
    return {
        "decode": best_seconds(lambda: list(audio_blocks(path)), 3),
        "features": best_seconds(lambda: list(feature_blocks(samples)), 3),
        "network": best_seconds(lambda: list(logit_blocks(model.engine, features)), 3),
        "other bars": best_seconds(lambda: model.looked_again(activations, SECONDS), 3),
        "peak picking": best_seconds(lambda: pick_peaks(activations, model.peak_picking), 3),
        "beats (for MIDI)": best_seconds(lambda: track_beats(onsets, SECONDS), 3),
    }


def arithmetic(model, seconds: float) -> str:
    """How far the network is from what this processor can multiply and add, for the song in so many seconds."""
    import torch
    from arithmetic import operations, speed_of_products

    from adtlib.audio.features import FPS, N_BANDS

    frames = int(8 * FPS)
    needed = operations(model.network, torch.zeros(1, frames, N_BANDS)) * SECONDS * FPS / frames
    limit = speed_of_products("float32")
    shown = f"{needed / 1e9:.0f} GFLOP, {needed / seconds / 1e9:.0f} a second: {needed / seconds / limit:.0%} of the"
    return f"  {'':20} {shown} {limit / 1e9:.0f} of large products in float32"


def memory(what: str, found: dict, bare: dict) -> None:
    print(f"peak memory, {what}: {found['peak']:,.0f} MB, {found['peak'] - bare['peak']:,.0f} MB above importing numpy")


def main(*arguments: str) -> None:
    model_name = next((argument for argument in arguments if not argument.startswith("--")), None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.wav"
        write_song(path, SECONDS)
        bare = in_another_process("import numpy\nsaid = 0")
        short = Path(folder) / "short.wav"
        write_song(short, 20)
        for engine in engines(model_name):  # in turn: the machine may be busy
            first = [in_another_process(transcribing(short, model_name, engine)) for _ in range(3)]
            whole = in_another_process(transcribing(path, model_name, engine))
            print(f"{engine}: from start to the onsets of 20 s {min(each['seconds'] for each in first):.1f} s, ", end="")
            print(f"of 4 minutes {whole['seconds']:.1f} s")
            memory(f"{engine}, song of 4 minutes", whole, bare)
        if "--hour" in arguments:
            long = Path(folder) / "hour.wav"
            write_song(long, HOUR)
            hour = in_another_process(transcribing(long, model_name))
            memory("recording of an hour", hour, bare)
            show("an hour, a process from start to end", HOUR / hour["seconds"])
            long.unlink()

        from adtlib.audio.features import log_filter_spectrogram
        from adtlib.audio.files import read_audio
        from adtlib.models.engines import logit_blocks
        from adtlib.models.windows import to_activations
        from adtlib.notation.beats import track_beats
        from adtlib.onsets.peak_picking import pick_peaks
        from adtlib.studies.real_songs import peer_speed
        from adtlib.transcription.pipeline import transcribe
        from adtlib.vocabulary import CLASSES

        model = pretrained(model_name)
        size = sum(values.size for values in model.weights.values())
        print(f"model: {model.name}, {size:,} numbers, computed by {model.engine.name}")

        def at_once():
            features = log_filter_spectrogram(read_audio(path))
            heard = to_activations(np.concatenate(list(logit_blocks(model.engine, [features])))[:, : len(CLASSES)])
            track_beats(pick_peaks(model.looked_again(heard, SECONDS), model.peak_picking), SECONDS)

        seconds = in_turn({"whole": at_once, "ours": lambda: transcribe(path, model=model, keep_features=False).events}, 3)
        whole_file, ours = (SECONDS / min(seconds[name]) for name in ("whole", "ours"))
        show("file to onsets, block by block", ours, whole_file, "the whole file at once")
        print(f"{'':58} {'':10}                  {ours / peer_speed():6.2f} x ADTOF Frame-RNN (stored figure)")
        for stage, seconds in stages(path, model).items():
            print(f"  {stage:<20} {seconds:7.3f} s  {SECONDS / seconds:10,.0f} times real time")
            if stage == "network":
                print(arithmetic(model, seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
