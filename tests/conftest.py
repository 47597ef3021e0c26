"""What several test files share: the real data, where it is, a small seeded random generator, a model that hears something."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

# The longest files of `make test`, longest first. They begin, so that no process waits for another at the end.
LONG = ("test_controlled", "test_datasets", "test_trainer", "test_runner")


def pytest_collection_modifyitems(items) -> None:
    """Long files first; the rest in its order."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


def _real_root() -> Path:
    return Path(os.environ.get("ADT_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real recordings and annotations; tests that need it are skipped, saying so, where it is not."""
    root = _real_root()
    if not (root / "ENST+MDB").is_dir():
        pytest.skip(f"no real recordings at {root}: set ADT_DATA to a folder that holds the corpora")
    return root


@pytest.fixture(scope="session")
def cases() -> Path:
    """Folder with inputs that public bug reports describe; tests that need it are skipped, saying so, where it is not."""
    root = Path(__file__).resolve().parents[2] / "shared" / "cases"
    if not root.is_dir():
        pytest.skip(f"no cases at {root}")
    return root


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator with a fixed seed: a failing random case can be repeated."""
    return np.random.default_rng(20250421)


@pytest.fixture(scope="session")
def write_kit():
    """`write_kit(folder, names)` writes a drum kit as Hydrogen has them, of tones of 200, 400, 600 ... Hz."""
    import soundfile

    def write(folder: Path, names=("Kick", "Snare", "Tom", "Closed HH", "Crash")) -> None:
        """A Hydrogen kit of tones of 200, 400, 600 ... Hz."""
        folder.mkdir(parents=True)
        row = "<instrument><name>{}</name><filename>{}.wav</filename></instrument>"
        rows = "".join(row.format(name, index) for index, name in enumerate(names))
        (folder / "drumkit.xml").write_text(f"<drumkit_info><instrumentList>{rows}</instrumentList></drumkit_info>")
        for index in range(len(names)):
            tone = np.sin(2 * np.pi * 200 * (index + 1) * np.arange(8_000) / 44_100) * np.exp(-np.arange(8_000) / 1_000)
            soundfile.write(folder / f"{index}.wav", 0.8 * tone, 44_100)

    return write


@pytest.fixture(autouse=True)
def no_corpus_of_an_earlier_test():
    """What a process keeps of prepared corpora points into the folders of the test that prepared them."""
    if "adtlib.profiles" in sys.modules:
        sys.modules["adtlib.profiles"]._prepared.cache_clear()


def some_music(rng, seconds: float = 12.0) -> np.ndarray:
    """Noise with clicks, mono at 44.1 kHz."""
    samples = rng.normal(0, 0.02, round(seconds * 44_100))
    for start in rng.integers(0, len(samples) - 2_000, round(4 * seconds)):
        samples[start : start + 2_000] += rng.normal(0, 0.2, 2_000) * np.exp(-np.arange(2_000) / 300)
    return samples.clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="session")
def write_run():
    """Writes an untrained network's run: `write_run(folder, seed, thresholds)`. Its outputs are spread so that onsets are found."""
    import torch

    from adtlib.audio.features import log_filter_spectrogram
    from adtlib.models.registry import assemble
    from adtlib.training.runs import save_weights

    def write(folder: Path, seed: int, thresholds: dict[str, float]) -> Path:
        torch.manual_seed(seed)
        config = {"architecture": "CRNN", "hyperparameters": {"num_layers": 2, "hidden_size": 12}, "train": ["Slakh"], "seed": seed}
        model = assemble(config, 0.3, 0.3).eval()
        features = torch.from_numpy(log_filter_spectrogram(some_music(np.random.default_rng(0), 4.0)))
        with torch.no_grad():
            logits, output = model(features[None])[0], model.network.output
            scale = 2 / logits.std(dim=0)
            output.weight *= scale[:, None]
            output.bias.copy_((output.bias - logits.mean(dim=0)) * scale - 1)
        folder.mkdir(parents=True)
        save_weights(model, folder / "model.safetensors")
        config["peak_picking"] = {"delta": 0.0}
        result = {"val_f1_micro": 0.5, "thresholds": {"class": thresholds}}
        (folder / "config.json").write_text(json.dumps({"config": config, "result": result}))
        return folder

    return write


@pytest.fixture(scope="session")
def make_music():
    """`make_music(rng, seconds)`: noise with clicks, mono float32 at 44.1 kHz."""
    return some_music
