from .method import (
    explore_threshold as explore_threshold,
    explore_weights as explore_weights,
    explore_widening as explore_widening,
)
from .networks import (
    explore_attention as explore_attention,
    explore_receptive_field as explore_receptive_field,
    explore_training_sets as explore_training_sets,
)
from .peaks import (
    explore_peak_conditions as explore_peak_conditions,
    explore_peak_picking as explore_peak_picking,
    explore_tolerance as explore_tolerance,
)
from .signals import explore_aliasing as explore_aliasing, explore_filterbank as explore_filterbank, explore_stft as explore_stft
from .tracks import browse_tracks as browse_tracks
from .transcriber.panel import transcribe_recordings as transcribe_recordings
from .transcriber.shown import ShownRecording as ShownRecording
