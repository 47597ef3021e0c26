from . import clicks as clicks
from . import fourier as fourier
from . import mel as mel
from . import short_time as short_time
from .features import (
    FPS as FPS,
)
from .features import (
    FRAME_SIZE as FRAME_SIZE,
)
from .features import (
    HOP_LENGTH as HOP_LENGTH,
)
from .features import (
    N_BANDS as N_BANDS,
)
from .features import (
    SAMPLE_RATE as SAMPLE_RATE,
)
from .features import (
    band_centres as band_centres,
)
from .features import (
    log_filter_spectrogram as log_filter_spectrogram,
)
from .features import (
    log_filterbank as log_filterbank,
)
from .files import AudioError as AudioError
from .files import audio_blocks as audio_blocks
from .files import read_audio as read_audio
from .files import write_audio as write_audio
from .footprints import footprint_table as footprint_table
from .fourier import (
    aliased_frequency as aliased_frequency,
)
from .fourier import (
    amplitude_spectrum as amplitude_spectrum,
)
from .fourier import (
    damped_tone as damped_tone,
)
from .fourier import (
    damped_tone_transform as damped_tone_transform,
)
from .fourier import (
    decibels as decibels,
)
from .fourier import (
    dft as dft,
)
from .fourier import (
    fft_radix2 as fft_radix2,
)
from .fourier import (
    fit_cost as fit_cost,
)
from .fourier import (
    fourier_transform as fourier_transform,
)
from .fourier import (
    measure_cost as measure_cost,
)
from .fourier import (
    reconstruct as reconstruct,
)
from .fourier import (
    spectral_peaks as spectral_peaks,
)
from .mel import (
    hertz_to_mel as hertz_to_mel,
)
from .mel import (
    interval_table as interval_table,
)
from .mel import (
    mel_centres as mel_centres,
)
from .mel import (
    mel_filterbank as mel_filterbank,
)
from .mel import (
    mel_to_hertz as mel_to_hertz,
)
from .mel import (
    note_frequency as note_frequency,
)
from .mel import (
    share_of_bands as share_of_bands,
)
from .mel import (
    unfilter as unfilter,
)
from .playback import player as player
from .short_time import (
    WINDOWS as WINDOWS,
)
from .short_time import (
    griffin_lim as griffin_lim,
)
from .short_time import (
    istft as istft,
)
from .short_time import (
    side_lobes as side_lobes,
)
from .short_time import (
    spectral_error as spectral_error,
)
from .short_time import (
    stft as stft,
)
from .short_time import (
    window as window,
)
