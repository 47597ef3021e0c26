from .architectures import (
    check_attention as check_attention,
    check_attention_weights as check_attention_weights,
    check_bidirectional as check_bidirectional,
    check_block_shape as check_block_shape,
    check_convolution as check_convolution,
    check_convolution_parameters as check_convolution_parameters,
    check_fits as check_fits,
    check_forget_gate as check_forget_gate,
    check_gru_parameters as check_gru_parameters,
    check_patches as check_patches,
    check_positions as check_positions,
    check_receptive_field as check_receptive_field,
    check_recurrent_step as check_recurrent_step,
    check_token as check_token,
    check_values_a_frame as check_values_a_frame,
)
from .method import (
    check_chance as check_chance,
    check_frame_weights as check_frame_weights,
    check_frames as check_frames,
    check_onsets_of_targets as check_onsets_of_targets,
    check_schedule as check_schedule,
    check_tasks as check_tasks,
)
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
