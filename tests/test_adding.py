"""A sixth architecture and a sixth corpus: what CONTRIBUTING.md says is enough, in a copy of the package.

Each takes at most two new files and ten changed lines, is trained in the profile smoke, and is in the tables.
"""

import difflib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adtlib import paths

CATALOGUE = "adtlib/notebooks/catalogue.csv"

TCN = '''
"""Temporal convolutional network."""

from torch import Tensor, nn

from adtlib.audio.features import N_BANDS
from adtlib.models.architecture import Architecture
from adtlib.vocabulary import N_CLASSES


class DilatedLayer(nn.Module):
    """A convolution over three frames that lie `dilation` apart."""

    def __init__(self, in_features: int, out_features: int, dilation: int):
        super().__init__()
        self.convolution = nn.Conv1d(in_features, out_features, 3, padding=dilation, dilation=dilation)
        self.drawn_as = f"Dilated convolution, {dilation} frames apart", ("conv 3", "ReLU")

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x.transpose(1, 2)).relu().transpose(1, 2)


class TCN(nn.Module):
    """Dilated convolutions, then a linear layer for each frame. `(B, T, 84)` to logits `(B, T, 5)`."""

    def __init__(self, num_layers: int = 4, hidden_size: int = 72):
        super().__init__()
        for number in range(num_layers):
            self.add_module(f"layer_{number}", DilatedLayer(hidden_size if number else N_BANDS, hidden_size, 2**number))
        self.output = nn.Linear(hidden_size, N_CLASSES)

    def forward(self, features: Tensor) -> Tensor:
        for layer in self.children():
            features = layer(features)
        return features


ARCHITECTURE = Architecture(
    name="TCN",
    network=TCN,
    influence="window",
    spaces={"small": {"num_layers": [1, 2], "hidden_size": [24, 48]}},
    sizes={"smoke": {"num_layers": 2, "hidden_size": 24}},
)
'''

GARAGE = '''
"""Recordings of a garage band: Garage/{train,validation,test}/<song>.wav and <song>.txt (seconds and class, a stroke a line)."""

from pathlib import Path

import numpy as np

from adtlib.audio.files import write_audio
from adtlib.corpora.base import SPLITS, Corpus, CorpusInfo, Track, visible
from adtlib.vocabulary import FIVE_CLASS


class Garage(Corpus):
    """Garage: real recordings."""

    info = CorpusInfo(
        name="Garage",
        slug="garage",
        title="Recordings of a garage band",
        hours=0.5,
        n_tracks=3,
        unit="track",
        accompaniment=False,
        synthetic=False,
        licence="CC0",
        citation="nobody",
        url="https://example.org/garage",
        remedy="unpack garage.zip so that Garage/train lies in the data folder",
        disk_gb=0.1,
        sequences=dict.fromkeys(SPLITS, 2),
        n_units=dict.fromkeys(SPLITS, 1),
    )

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        songs = [path for path in visible(self.root / "Garage" / split) if path.suffix == ".wav"]
        complete = [path for path in songs if path.with_suffix(".txt").is_file()]
        missing = [self._relative(path.with_suffix(".txt")) for path in songs if path not in complete]
        tracks = [
            Track("Garage", f"{split}/{path.stem}", split, (path,), (path.with_suffix(".txt"),), FIVE_CLASS) for path in complete
        ]
        return tracks, missing + self._unnamed(split, len(songs), f"Garage/{split}/*.wav")

    @staticmethod
    def write_miniature(root: Path, size: str, seed: int) -> None:
        """Two seconds of noise bursts in each split."""
        rng = np.random.default_rng(seed)
        for split in SPLITS:
            sound, lines = np.zeros(88_200), []
            for number, name in enumerate(["KD", "SD", "TT", "HH", "CY"] * 2):
                start = 4_410 + number * 8_000
                sound[start : start + 2_000] += rng.normal(0, 0.2, 2_000) * np.exp(-np.arange(2_000) / 400)
                lines.append(f"{start / 44_100:.4f} {name}\\n")
            write_audio(root / "Garage" / split / "song.wav", sound.astype(np.float32))
            (root / "Garage" / split / "song.txt").write_text("".join(lines))
'''


class Copy:
    """A copy of the package with what was added to it: names of new files, number of changed lines elsewhere."""

    def __init__(self, root: Path) -> None:
        self.root, self.new_files, self.changed_lines = root, [], 0
        for name in ("adtlib", "params", "notebooks"):
            shutil.copytree(paths.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "weights", ".*"))
        shutil.copy(paths.ROOT / "pyproject.toml", root)

    def add(self, name: str, text: str) -> None:
        (self.root / name).write_text(text.lstrip("\n"))
        self.new_files.append(name)

    def change(self, name: str, *replacements: tuple[str, str]) -> None:
        before = after = (self.root / name).read_text()
        for old, new in replacements:
            assert after.count(old) == 1, f"{name}: {old!r} is there {after.count(old)} times"
            after = after.replace(old, new)
        (self.root / name).write_text(after)
        lines = difflib.ndiff(before.splitlines(), after.splitlines())
        self.changed_lines += sum(line.startswith("+ ") for line in lines)

    def run(self, code: str) -> dict:
        """What `code` puts into the dictionary `found`."""
        script = f"import json\nfound = {{}}\n{code}\nprint(json.dumps(found))"
        environment = {**os.environ, "PYTHONPATH": str(self.root), "ADT_HOME": str(self.root / "home"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def copy(tmp_path) -> Copy:
    return Copy(tmp_path)


def renamed(text: str) -> str:
    """Notebook 42 or its rows of the catalogue, as those of the new architecture."""
    for old, new in (("42_", "46_"), (",42,", ",46,"), ("cnn", "tcn"), ("CNN", "TCN")):
        text = text.replace(old, new)
    return text


def assert_one_each(found: dict) -> None:
    """Six architectures or corpora, of which no two look alike."""
    assert len(found["colours"]) == len(set(found["colours"])) == 6
    assert len(set(found["markers"])) == 6


@pytest.mark.slow
def test_a_sixth_architecture(copy):
    copy.add("adtlib/models/tcn.py", TCN)
    notebook = (copy.root / "notebooks" / "42_cnn.ipynb").read_text()
    copy.add("notebooks/46_tcn.ipynb", renamed(notebook))
    listed = [row for row in (copy.root / CATALOGUE).read_text().splitlines() if ",42," in row]
    copy.change(CATALOGUE, (listed[-1], "\n".join([listed[-1], *map(renamed, listed)])))
    copy.change(
        "adtlib/models/registry.py",
        ("from adtlib.models.vit import", "from adtlib.models.tcn import ARCHITECTURE as TCN\nfrom adtlib.models.vit import"),
        ("CONV_TRANSFORMER, VIT)", "CONV_TRANSFORMER, VIT, TCN)"),
    )
    assert len(copy.new_files) <= 2 and copy.changed_lines <= 10
    found = copy.run(
        """
from adtlib.figures import architectures, theme
from adtlib.models import build, stages
from adtlib.notebooks.catalogue import overview
from adtlib.notebooks.listing import find_notebooks
from adtlib.profiles import load_profile
from adtlib.studies.method import parameter_table
from adtlib.studies.plan import architecture_study
from adtlib.studies.run import run_all
from adtlib.studies.tables import architecture_table
from adtlib.training.search.spaces import check_space, search_space

profile = load_profile("smoke", train_corpora=["Slakh"])
run_all(profile, architecture_study(profile, "TCN"), progress=False)
found["table"] = architecture_table(profile)[["architecture", "corpus", "n_tracks"]].to_dict("records")
found["sizes"] = parameter_table(profile)["architecture"].tolist()
check_space("TCN", search_space("small", "TCN"))
model = build("TCN", **profile.hyperparameters_of("TCN"))
architectures.plot_architecture(model, "TCN")
found["stages"] = [stage.name for stage in stages(model)]
found["listed"] = overview("smoke").query("notebook == '46'")["file"].tolist()
found["notebooks"] = [notebook.name for notebook in find_notebooks(["41-49"])]
found["colours"] = list(architectures.ARCHITECTURE_COLOURS.values())
found["markers"] = list(architectures.ARCHITECTURE_MARKERS.values())
"""
    )
    assert found["table"] == [{"architecture": "TCN", "corpus": "Slakh", "n_tracks": 1}]
    assert len(found["sizes"]) == 6 and found["sizes"][-1] == "TCN"
    assert [name for name in found["stages"] if "Dilated" in name] == [f"Dilated convolution, {n} frames apart" for n in (1, 2)]
    assert "46_architecture" in found["listed"] and len(found["listed"]) == 8
    assert found["notebooks"][-1] == "46_tcn" and len(found["notebooks"]) == 6
    assert_one_each(found)


@pytest.mark.slow
def test_a_sixth_corpus(copy):
    copy.add("adtlib/corpora/garage.py", GARAGE)
    copy.change(
        "adtlib/corpora/registry.py",
        ("from adtlib.corpora.sadtp import", "from adtlib.corpora.garage import Garage\nfrom adtlib.corpora.sadtp import"),
        ("AdtofYt, Sadtp)", "AdtofYt, Sadtp, Garage)"),
    )
    assert len(copy.new_files) <= 2 and copy.changed_lines <= 10
    found = copy.run(
        """
import pandas as pd

from adtlib.corpora.labels import label_table
from adtlib.corpora.registry import TRAINABLE
from adtlib.corpora.statistics import overview_table, remedy_table, split_table
from adtlib.figures import architectures, theme
from adtlib.profiles import load_profile, open_corpora, prepared_corpus
from adtlib.studies.plan import UNIONS, architecture_study, dataset_study
from adtlib.studies.run import run_all
from adtlib.studies.tables import architecture_table

profile = load_profile("smoke")
corpora = open_corpora(profile)
splits = pd.concat([split_table(corpus, prepared_corpus(profile, name)) for name, corpus in corpora.items()])
found["overview"] = overview_table(corpora, splits)[["corpus", "usable", "onsets", "state"]].to_dict("records")
found["remedies"] = remedy_table(corpora)["how_to_get_it"].tolist()
found["labels"] = int(label_table(corpora["Garage"])["onsets"].sum())
run_all(profile, [cell for cell in architecture_study(profile, "RNN") if cell.train == ("Garage",)], progress=False)
found["table"] = architecture_table(profile)[["architecture", "corpus", "n_tracks"]].to_dict("records")
found["trained"] = [list(cell.train) for cell in dataset_study(profile)]
found["tests"] = list(dataset_study(profile)[0].tests)
found["trainable"] = list(TRAINABLE)
found["colours"] = list(theme.CORPUS_COLOURS.values())
found["markers"] = list(theme.CORPUS_MARKERS.values())
"""
    )
    assert found["overview"][-1] == {"corpus": "Garage", "usable": 3, "onsets": 30, "state": "generated"}
    assert all(row["usable"] for row in found["overview"]) and len(found["overview"]) == 6
    assert "garage.zip" in found["remedies"][-1] and found["labels"] == 30
    assert found["table"] == [{"architecture": "RNN", "corpus": "Garage", "n_tracks": 1}]
    assert found["trainable"][-1] == "Garage" and found["tests"][-1] == "Garage"
    assert ["Garage"] in found["trained"] and found["trained"][-1] == found["trainable"]
    assert_one_each(found)
