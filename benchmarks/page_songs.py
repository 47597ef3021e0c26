"""Does the page hear what `adt transcribe --classes 5` hears? Decoded samples given to both; exit status 1 for a difference.

    ADT_DATA=FOLDER .venv/bin/python benchmarks/page_songs.py [SONG...]

By default the songs of MDB Drums and ENST that the validation board has, drums alone and mixes. Both compute in float32; torch in
bfloat16 is compared beside it where the processor multiplies in it. Compared are onsets (class and millisecond), velocities of
those that both have, and beats; beats only of songs that are found to be in 4/4, which the page takes for granted. Needs Node.js,
the page's packages (`make page`) and onnx.
"""

import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from adtlib import paths
from adtlib.models.prediction import TorchEngine
from adtlib.training.board import pieces
from adtlib.transcription.onnx_export import to_onnx
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import load_model

HEAR = paths.ROOT / "page" / "tests" / "hear.mjs"
SAME = 1e-6  # seconds between two beats

Velocities = dict[tuple[str, int], int]  # of onsets: class and milliseconds


def in_python(path: Path, model) -> tuple[Velocities, np.ndarray | None]:
    """Onsets, and beats of a song in 4/4."""
    song = transcribe(path, model=model, keep_features=False).with_five_classes()
    beats = song.beats.times if song.beats.meter == (4, 4) else None
    return {(event.name, round(1000 * event.seconds)): event.velocity for event in song.events}, beats


def in_javascript(path: Path, network: Path) -> tuple[Velocities, np.ndarray]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        samples.tofile(file.name)
        command = ["node", str(HEAR), str(network), str(rate), str(samples.shape[1]), file.name]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {(name, round(1000 * time)): velocity for name, time, velocity, _ in answer["events"]}, np.array(answer["beats"])


def apart(beats: np.ndarray, others: np.ndarray | None) -> float:
    """The largest distance of two beats in seconds; infinite where their numbers differ, NaN where there are none to compare."""
    if others is None:
        return float("nan")
    return float(np.abs(beats - others).max(initial=0)) if len(beats) == len(others) else float("inf")


def main() -> int:
    songs = [Path(name) for name in sys.argv[1:]]
    songs = songs or [path for piece in pieces(paths.real_data_root()) for path in (piece.drums, piece.mix)]
    if not songs:
        sys.exit(f"no songs of MDB Drums or ENST in {paths.real_data_root()}: set ADT_DATA, or name songs")
    model, differing = load_model("adt"), False
    torch = TorchEngine(model.hearing)
    rounded = dataclasses.replace(model, engine=torch) if torch.precision == "bfloat16" else None
    row = "{:44} {:>5} {:>6} {:>6} {:>10} {:>11} {:>8} {:>6}"
    print(row.format("song", "page", "python", "differ", "velocities", "beats apart", "bfloat16", "differ"))
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder, "adt.onnx")
        network.write_bytes(to_onnx(model))
        totals = np.zeros(6, dtype=int)
        for path in songs:
            (page, beats), (exact, theirs) = in_javascript(path, network), in_python(path, model)
            less_exact = in_python(path, rounded)[0] if rounded else exact
            differ, differ_rounded = (len(exact.keys() ^ other.keys()) for other in (page, less_exact))
            louder = sum(page[onset] != exact[onset] for onset in page.keys() & exact.keys())
            between = apart(beats, theirs)
            numbers = (len(page), len(exact), differ, louder, len(less_exact), differ_rounded)
            totals += numbers
            differing |= bool(differ or louder or between > SAME)
            words = "not in 4/4" if theirs is None else f"{between:.0e} s"
            print(row.format(f"{path.parent.name} {path.stem}"[:44], *_shown(numbers, words, rounded)), flush=True)
    print(row.format(f"{len(songs)} songs", *_shown(totals, "", rounded)))
    return int(differing)


def _shown(numbers, between: str, rounded) -> tuple:
    """A row without its name; the last numbers only where there is a model in bfloat16."""
    return (*numbers[:4], between, *(numbers[4:] if rounded else ("", "")))


if __name__ == "__main__":
    sys.exit(main())
