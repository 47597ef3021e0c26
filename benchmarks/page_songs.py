"""Does the page hear what `adt transcribe` hears? Decoded samples of songs given to both; exit status 1 for a difference.

    ADT_DATA=FOLDER .venv/bin/python benchmarks/page_songs.py [SONG...]

By default the songs of MDB Drums in ADT_DATA. Both compute in float32; torch in bfloat16, which it uses where the processor
multiplies in it, is compared beside it. Needs Node.js, the page's packages (`make page`) and onnx.
"""

import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile

from adtlib import paths
from adtlib.models.prediction import TorchEngine
from adtlib.transcription.onnx_export import to_onnx
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import load_model

HEAR = paths.ROOT / "page" / "tests" / "hear.mjs"


def onsets_in_python(path: Path, model) -> set[tuple[str, int]]:
    song = transcribe(path, model=model, keep_features=False)
    return {(event.name, round(1000 * event.seconds)) for event in song.events}


def onsets_in_javascript(path: Path, network: Path) -> set[tuple[str, int]]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        samples.tofile(file.name)
        command = ["node", str(HEAR), str(network), str(rate), str(samples.shape[1]), file.name]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {(name, round(1000 * seconds)) for name, seconds, *_ in answer["events"]}


def main() -> int:
    songs = [Path(name) for name in sys.argv[1:]]
    songs = songs or sorted(paths.real_data_root().glob("**/MDB Drums/audio/*/MusicDelta_*.wav"))
    if not songs:
        sys.exit(f"no songs of MDB Drums in {paths.real_data_root()}: set ADT_DATA, or name songs")
    model, differing = load_model("adt"), 0
    in_bfloat16 = dataclasses.replace(model, engine=TorchEngine(model.hearing, "bfloat16"))
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder, "adt.onnx")
        network.write_bytes(to_onnx(model))
        print(f"{'song':44} {'page':>5} {'python':>6} {'differ':>6} {'differ in bfloat16':>18}")
        for path in songs:
            page, exact, rounded = (
                onsets_in_javascript(path, network),
                onsets_in_python(path, model),
                onsets_in_python(path, in_bfloat16),
            )
            differing += len(page ^ exact)
            print(f"{path.stem[:44]:44} {len(page):5} {len(exact):6} {len(page ^ exact):6} {len(page ^ rounded):18}", flush=True)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
