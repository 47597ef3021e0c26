"""From a recording to a `Transcription`."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adtlib.audio.features import N_BANDS, SAMPLE_RATE
from adtlib.audio.normalise import normalised
from adtlib.notation.beats import check_tempo
from adtlib.notation.time_signatures import Meter, check_meter
from adtlib.onsets.peak_picking import with_thresholds
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import CLASSES

if TYPE_CHECKING:
    import numpy.typing as npt

    from adtlib.transcription.pretrained import Pretrained


def transcribe(
    source: "Path | str | npt.ArrayLike",
    sample_rate: int | None = None,
    model: "Pretrained | Path | str | None" = None,
    thresholds: float | Sequence[float] | Mapping[str, float] | None = None,
    name: str | None = None,
    keep_features: bool = True,
    progress: Callable[[float], None] | None = None,
    first_bar: float | None = None,
    tempo: float | None = None,
    engine: str | None = None,
    meter: Meter | None = None,
    beats: str | None = None,
) -> Transcription:
    """Transcribe the drums of a recording of any length, in bounded memory. A long one is read twice, first to measure its level.

    source         a file (wav, flac, ogg, mp3, ...; m4a and the like where ffmpeg is installed), or samples: `(n,)` or
                   `(n, channels)` floats in [-1, 1], array-like.
    sample_rate    Hz of samples; files state their own.
    model          a `Pretrained`, or what `pretrained.load_model` takes; by default the shipped model.
    thresholds     instead of the model's: one for all classes, five, or some by class name.
    name           of the recording; by default the file's stem.
    keep_features  needed for pictures; they take 60 MB an hour.
    progress       called with the seconds processed so far.
    first_bar      seconds at which a bar begins, if bar lines are found in the wrong place: the nearest beat gets one.
    tempo          in quarter notes a minute, 20 to 400, if the one that is found is wrong: beats leave it by a tenth at most.
    engine         what computes the network, as `pretrained.load_model` takes it; a `Pretrained` has its own.
    meter          the time signature of all bars, such as (3, 4) or (7, 8), if the one that is found is wrong.
    beats          "beat_this": beats and bars by that package, as `beat_engines` says; "beat_this:FILE": with these weights.

    Raises AudioError for a file that cannot be read, ModelError for a model that does not exist or is damaged, ValueError for
    samples without a sample rate or of another kind, for a first bar outside the recording, and for a tempo or a time signature
    that no song has, and for either together with `beats`; EngineError where `beats` cannot be had.
    """
    from adtlib.audio.files import array_blocks, audio_blocks
    from adtlib.transcription.pretrained import Pretrained, load_model

    check_tempo(tempo)  # before the work
    check_meter(meter)
    if beats is not None and (tempo is not None or meter is not None):
        raise ValueError(f"beats = {beats!r} with a tempo or a time signature: {beats} finds its own, leave them out")
    tracker = None
    if beats is not None:
        from adtlib.transcription.beat_engines import load_engine

        tracker = load_engine(beats)
    in_memory = not isinstance(source, Path | str)
    if in_memory and sample_rate is None:
        raise ValueError("samples without sample_rate: give their rate in Hz")
    if not in_memory and sample_rate is not None:
        raise ValueError(f"sample_rate = {sample_rate} for the file {source}: files state their own, leave it out")

    def blocks() -> Iterator[np.ndarray]:
        return array_blocks(source, sample_rate) if in_memory else audio_blocks(source)

    trained = model if isinstance(model, Pretrained) else load_model(model, engine)
    picking = trained.peak_picking if thresholds is None else with_thresholds(trained.peak_picking, thresholds)
    result = _Analysis(normalised(blocks, "the samples" if in_memory else str(source)), trained, keep_features, progress)
    duration = result.n_samples / SAMPLE_RATE
    given_beats = None if tracker is None else tracker(np.concatenate(list(blocks())))
    song = Transcription(
        name=name or ("recording" if in_memory else _readable(Path(source).stem)),
        duration=duration,
        activations=trained.looked_again(result.activations, duration, tempo, meter, given_beats),
        energies=result.energies,
        peak_picking=picking,
        model=trained.name,
        features=result.features,
        kinds=result.kinds,
        source=None if in_memory else Path(source),
        given_beats=given_beats,
    )
    song = song if tempo is None else song.with_tempo(tempo)
    song = song if meter is None else song.with_meter(meter)
    return song if first_bar is None else song.with_first_bar(first_bar)


def _readable(name: str) -> str:
    """The name of a file as text that can be written; bytes that are not UTF-8 become the replacement character."""
    return os.fsencode(name).decode(errors="replace")


class _Analysis:
    """One pass through a recording: activations and energies `(T, 5)`, kinds if heard, features `(T, 84)` if kept, samples."""

    def __init__(self, blocks: Iterable[np.ndarray], model: "Pretrained", keep_features: bool, progress) -> None:
        from adtlib.models.engines import logit_blocks
        from adtlib.models.windows import feature_blocks, to_activations

        self.n_samples, self._energies, self._features = 0, [], []
        self._keep, self._progress = keep_features, progress
        features = self._recorded(feature_blocks(self._counted(blocks), model.features))
        logits = np.concatenate(list(logit_blocks(model.engine, features)))  # (T, 5), or (T, 5 + K) with kinds
        # Contiguous, as without kinds: the last bit of a sigmoid may depend on it.
        self.activations = to_activations(np.ascontiguousarray(logits[:, : len(CLASSES)]))
        self.kinds = None
        if model.confidences is not None:
            from adtlib.transcription.kinds import HeardKinds

            self.kinds = HeardKinds.of_logits(logits[:, len(CLASSES) :], model.confidences)
        self.energies = np.concatenate([np.zeros((0, len(CLASSES)), dtype=np.float32), *self._energies])
        nothing = np.zeros((0, N_BANDS), dtype=np.float16)
        self.features = np.concatenate([nothing, *self._features]) if keep_features else None

    def _counted(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            self.n_samples += len(block)
            if self._progress:
                self._progress(self.n_samples / SAMPLE_RATE)
            yield block

    def _recorded(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        from adtlib.onsets.energies import band_energies

        for block in blocks:
            self._energies.append(band_energies(block))
            if self._keep:
                self._features.append(block.astype(np.float16))
            yield block
