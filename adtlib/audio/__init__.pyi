from . import clicks as clicks, fourier as fourier, mel as mel, short_time as short_time
from .features import (
    FPS as FPS,
    FRAME_SIZE as FRAME_SIZE,
    HOP_LENGTH as HOP_LENGTH,
    N_BANDS as N_BANDS,
    SAMPLE_RATE as SAMPLE_RATE,
    band_centres as band_centres,
    log_filter_spectrogram as log_filter_spectrogram,
    log_filterbank as log_filterbank,
)
from .files import AudioError as AudioError, audio_blocks as audio_blocks, read_audio as read_audio, write_audio as write_audio
from .footprints import footprint_table as footprint_table
from .fourier import (
    aliased_frequency as aliased_frequency,
    amplitude_spectrum as amplitude_spectrum,
    damped_tone as damped_tone,
    damped_tone_transform as damped_tone_transform,
    decibels as decibels,
    dft as dft,
    fft_radix2 as fft_radix2,
    fit_cost as fit_cost,
    fourier_transform as fourier_transform,
    measure_cost as measure_cost,
    reconstruct as reconstruct,
    spectral_peaks as spectral_peaks,
)
from .mel import (
    hertz_to_mel as hertz_to_mel,
    interval_table as interval_table,
    mel_centres as mel_centres,
    mel_filterbank as mel_filterbank,
    mel_to_hertz as mel_to_hertz,
    note_frequency as note_frequency,
    share_of_bands as share_of_bands,
    unfilter as unfilter,
)
from .playback import player as player
from .short_time import (
    WINDOWS as WINDOWS,
    griffin_lim as griffin_lim,
    istft as istft,
    side_lobes as side_lobes,
    spectral_error as spectral_error,
    stft as stft,
    window as window,
)
