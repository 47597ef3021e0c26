from .architectures import plot_architecture as plot_architecture, plot_patches as plot_patches
from .controlled import (
    plot_architectures_by_test as plot_architectures_by_test,
    plot_effects as plot_effects,
    plot_errors_by_circumstance as plot_errors_by_circumstance,
    plot_f1_against_cost as plot_f1_against_cost,
    plot_hours_curve as plot_hours_curve,
    plot_influence_radius as plot_influence_radius,
    plot_learning_curve as plot_learning_curve,
)
from .corpora import (
    plot_class_shares as plot_class_shares,
    plot_counts as plot_counts,
    plot_durations_and_rates as plot_durations_and_rates,
    plot_hours as plot_hours,
    plot_label_flows as plot_label_flows,
    plot_offsets as plot_offsets,
    plot_polyphony as plot_polyphony,
    plot_similarities as plot_similarities,
    plot_split_counts as plot_split_counts,
    plot_spread as plot_spread,
    plot_tempo_by_style as plot_tempo_by_style,
)
from .drum_set import plot_drum_set as plot_drum_set
from .errors import plot_circumstance as plot_circumstance, plot_confusions as plot_confusions, plot_timing as plot_timing
from .inspection import (
    plot_attention as plot_attention,
    plot_positions as plot_positions,
    plot_receptive_field as plot_receptive_field,
    plot_vanishing as plot_vanishing,
)
from .learning import (
    plot_boundaries as plot_boundaries,
    plot_descent as plot_descent,
    plot_overfitting as plot_overfitting,
)
from .measures import (
    plot_accuracy as plot_accuracy,
    plot_f1_over_tolerance as plot_f1_over_tolerance,
    plot_frame_grid as plot_frame_grid,
    plot_matching as plot_matching,
    plot_two_transcribers as plot_two_transcribers,
)
from .method import (
    plot_cross_entropy as plot_cross_entropy,
    plot_overview as plot_overview,
    plot_picking as plot_picking,
    plot_pipeline as plot_pipeline,
    plot_schedule as plot_schedule,
    plot_weights as plot_weights,
    plot_widening as plot_widening,
)
from .notation import (
    plot_examples as plot_examples,
    plot_footprints as plot_footprints,
    plot_midi as plot_midi,
    plot_notation_with_key as plot_notation_with_key,
)
from .passages import plot_passage as plot_passage, plot_seam as plot_seam, plot_waveform as plot_waveform
from .peaks import plot_peak_picking as plot_peak_picking, plot_transcriptions as plot_transcriptions
from .rendered import (
    plot_architectures as plot_architectures,
    plot_clip as plot_clip,
    plot_long_run as plot_long_run,
    plot_losses as plot_losses,
)
from .saliency import plot_influence as plot_influence
from .signals import (
    SPEED_OF_SOUND as SPEED_OF_SOUND,
    plot_aliasing as plot_aliasing,
    plot_butterfly as plot_butterfly,
    plot_continuous_and_discrete as plot_continuous_and_discrete,
    plot_cost as plot_cost,
    plot_folding as plot_folding,
    plot_pressure_wave as plot_pressure_wave,
    plot_spectrum_with_peaks as plot_spectrum_with_peaks,
    plot_winding as plot_winding,
)
from .spectra import (
    plot_band_widths as plot_band_widths,
    plot_bands as plot_bands,
    plot_filters as plot_filters,
    plot_griffin_lim as plot_griffin_lim,
    plot_intervals as plot_intervals,
    plot_resolutions as plot_resolutions,
    plot_spectrogram as plot_spectrogram,
    plot_stft_steps as plot_stft_steps,
    plot_windows as plot_windows,
)
from .studies import (
    plot_against_own as plot_against_own,
    plot_against_published as plot_against_published,
    plot_class_f1 as plot_class_f1,
    plot_costs as plot_costs,
    plot_f1_grid as plot_f1_grid,
    plot_f1_points as plot_f1_points,
    plot_training_sets as plot_training_sets,
)
from .theme import CLASS_COLOURS as CLASS_COLOURS, TEXT_WIDTH as TEXT_WIDTH, new_figure as new_figure, use_theme as use_theme
from .training import plot_learning_curves as plot_learning_curves, plot_trials as plot_trials
