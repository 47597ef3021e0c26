"""Features: from wav files to prepared features, against librosa, and how far from decoding and bare FFTs.

Bars: 1.5 times librosa in one call, 2.5 times from wav to disk, half of bare FFTs.
"""

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import librosa
import numpy as np
import scipy.fft
import soundfile
from common import best_seconds, in_turn, seconds_of, show

SECONDS, FILES = 60, 8


def main():
    cores = os.cpu_count()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ADT_HOME"] = folder  # before adtlib: nothing is left in the clone
        from adtlib.audio.features import FRAME_SIZE, HOP_LENGTH, SAMPLE_RATE, log_filter_spectrogram, log_filterbank
        from adtlib.corpora.folder import FolderCorpus
        from adtlib.corpora.preparation import prepare
        from adtlib.corpora.store import prepared_folder

        rng = np.random.default_rng(0)
        waveform = rng.normal(0, 0.1, SECONDS * SAMPLE_RATE).astype(np.float32)
        root = Path(folder) / "songs"
        root.mkdir()
        for index in range(FILES):
            soundfile.write(root / f"{index}.wav", waveform, SAMPLE_RATE)
            (root / f"{index}.txt").write_text("".join(f"{t:.2f} KD\n" for t in np.arange(0.5, SECONDS, 0.5)))

        def end_to_end() -> float:
            shutil.rmtree(prepared_folder(FolderCorpus(root)), ignore_errors=True)
            return seconds_of(lambda: prepare(FolderCorpus(root), progress=False))

        filterbank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FRAME_SIZE, n_mels=84)

        def librosa_features(_=None):
            spectrum = np.abs(librosa.stft(waveform, n_fft=FRAME_SIZE, hop_length=HOP_LENGTH))
            return np.log10(filterbank @ spectrum + 1)

        frames = np.lib.stride_tricks.sliding_window_view(waveform, FRAME_SIZE)[::HOP_LENGTH]
        log_filterbank()

        def bare_fft(_=None):
            for start in range(0, len(frames), 64):
                scipy.fft.rfft(frames[start : start + 64], axis=1)

        def decode(_=None):
            soundfile.read(root / "0.wav", dtype="float32")

        def on_all_cores(work):
            with ThreadPoolExecutor(cores) as pool:
                return FILES * SECONDS / best_seconds(lambda: list(pool.map(work, range(FILES))))

        seconds = in_turn({"librosa": librosa_features, "adtlib": lambda: log_filter_spectrogram(waveform)})
        peer, ours = (SECONDS / min(seconds[name]) for name in ("librosa", "adtlib"))
        peer_all = on_all_cores(librosa_features)
        show("librosa: stft and filterbank, one call", peer)
        show("adtlib: log_filter_spectrogram, one call", ours, peer, "librosa")
        show(f"librosa on {cores} threads", peer_all)
        show(f"adtlib on {cores} threads", on_all_cores(lambda _: log_filter_spectrogram(waveform)), peer_all, "librosa")
        show(
            f"adtlib: prepare, from wav to disk, {cores} threads",
            FILES * SECONDS / min(end_to_end() for _ in range(5)),
            peer_all,
            "librosa",
        )
        show(f"limit: bare FFTs of the same frames, {cores} threads", on_all_cores(bare_fft))
        show(f"limit: decoding wav, {cores} threads", on_all_cores(decode))


if __name__ == "__main__":
    main()
