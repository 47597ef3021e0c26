"""Engines that compute a network: torch, where it is installed (`adtlib.models.prediction`), and onnxruntime, which needs no torch.

An engine is given windows of features and returns logits: of the five classes, and, where a network has a second head, of the K
kinds of strokes after them. Both engines give the same logits up to rounding, from the same file of weights.
"""

import contextlib
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from adtlib.models.windows import batches, kept, windows_of
from adtlib.onsets.frames import SEGMENT_FRAMES

ENGINES = ("onnxruntime", "torch")
MOST_WORKERS = 4  # batches predicted at once: each needs some 50 MB

# Of a graph, the ONNX file of a network without its weights.
SUFFIX = ".onnx"
INPUT, OUTPUT = "features", "logits"
KEY = "adtlib"  # of its metadata, JSON

KINDS_PART = "kinds"  # of the names of weights: they are of the head for kinds of strokes, others of the member with that number


class Engine(Protocol):
    """What computes a network."""

    name: str  # one of ENGINES
    frames: int  # T, of the windows that its network sees

    def logits(self, windows: np.ndarray) -> np.ndarray:
        """Logits `(B, T, 5)` or `(B, T, 5 + K)` float32 of windows of features `(B, T, 84)`, not standardised.

        Called by several threads.
        """
        ...

    def workers(self) -> contextlib.AbstractContextManager[tuple[ThreadPoolExecutor, int]]:
        """Threads that call `logits`, and their number."""
        ...


def logit_blocks(engine: Engine, features: Iterable[np.ndarray], batch_size: int = 8) -> Iterator[np.ndarray]:
    """Logits `(n, 5)` or `(n, 5 + K)` float32 of a recording given as blocks of features: joined, those of the whole recording up
    to rounding.

    batch_size  windows of 400 frames; fewer longer ones.

    Batches of windows are predicted by the engine's workers while the next features are computed.
    """

    def predicted(batch) -> np.ndarray:
        windows = np.stack([window.features for window in batch], dtype=np.float32)  # (B, T, 84)
        return np.concatenate(kept(engine.logits(windows), batch))

    with engine.workers() as (pool, n_workers):
        pending: deque[Future] = deque()
        for batch in batches(windows_of(features, engine.frames), batch_size, engine.frames):
            pending.append(pool.submit(predicted, batch))
            if len(pending) > n_workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _in_torch(name: str) -> str:
    """The name in torch, in `ensemble.Ensemble`, of a weight of a packed file: a member's, or of the head for kinds."""
    return name if name.startswith(f"{KINDS_PART}.") else f"members.{name}"


class OnnxEngine:
    """A graph and the weights for it in onnxruntime, on the CPU, in float32."""

    name = "onnxruntime"

    def __init__(self, graph: Path, weights: Mapping[str, np.ndarray], built: Mapping) -> None:
        """`weights`: by their names in a packed file; `built`: what the graph must have been made for.

        ValueError for a graph of another network, for weights that do not fit it, or that are not finite.
        """
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is imported: it would send what this machine is
        import onnxruntime

        # The parameters that count batches are integers, for training only.
        floats = {name: value.astype(np.float32) for name, value in weights.items() if value.dtype.kind == "f"}
        if odd := [name for name, value in floats.items() if not np.isfinite(value).all()]:
            raise ValueError(f"{odd[0]} has values that are not finite")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # each worker is a thread
        options.log_severity_level = 4  # what fails is said by the error
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in floats.values()]
        options.add_external_initializers([_in_torch(name) for name in floats], values)
        try:
            self._session = onnxruntime.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])
            made_for = json.loads(self._session.get_modelmeta().custom_metadata_map.get(KEY, "null"))
        except Exception as error:  # onnxruntime's own are no subclasses of anything more exact
            raise ValueError(f"{graph.name} does not fit these weights: {str(error).splitlines()[0]}") from error
        if made_for != dict(built):
            raise ValueError(f"{graph.name} is the graph of another network")
        self.frames = max(member.get("segment_frames", SEGMENT_FRAMES) for member in built["members"])

    def logits(self, windows: np.ndarray) -> np.ndarray:
        """Logits `(B, T, 5)` or `(B, T, 5 + K)` float32 of windows of features `(B, T, 84)`."""
        return self._session.run([OUTPUT], {INPUT: windows})[0]

    @contextlib.contextmanager
    def workers(self) -> Iterator[tuple[ThreadPoolExecutor, int]]:
        """Threads that call `logits`, and their number."""
        n_workers = min(MOST_WORKERS, os.cpu_count() or 1)
        with ThreadPoolExecutor(n_workers) as pool:
            yield pool, n_workers
