from .signals import (
    check_alias as check_alias,
    check_apply_bank as check_apply_bank,
    check_flux as check_flux,
    check_frame_count as check_frame_count,
    check_hann as check_hann,
    check_inverse_dft as check_inverse_dft,
    check_lowest_semitone as check_lowest_semitone,
    check_mel as check_mel,
    check_strongest as check_strongest,
)
from .transcription import (
    check_best_threshold as check_best_threshold,
    check_class_of_pitch as check_class_of_pitch,
    check_macro_f1 as check_macro_f1,
    check_peak_picking as check_peak_picking,
    check_seconds_of_deltas as check_seconds_of_deltas,
    check_silent_accuracy as check_silent_accuracy,
)
