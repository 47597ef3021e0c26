from .architectures import plot_architecture as plot_architecture
from .architectures import plot_patches as plot_patches
from .corpora import (
    label_flow_figure as label_flow_figure,
)
from .corpora import (
    plot_class_shares as plot_class_shares,
)
from .corpora import (
    plot_counts as plot_counts,
)
from .corpora import (
    plot_durations_and_rates as plot_durations_and_rates,
)
from .corpora import (
    plot_hours as plot_hours,
)
from .corpora import (
    plot_offsets as plot_offsets,
)
from .corpora import (
    plot_polyphony as plot_polyphony,
)
from .corpora import (
    plot_similarities as plot_similarities,
)
from .corpora import (
    plot_spread as plot_spread,
)
from .corpora import (
    plot_tempo_by_style as plot_tempo_by_style,
)
from .drum_set import plot_drum_set as plot_drum_set
from .errors import plot_circumstance as plot_circumstance
from .errors import plot_confusions as plot_confusions
from .errors import plot_timing as plot_timing
from .influence import plot_influence as plot_influence
from .measures import (
    plot_accuracy as plot_accuracy,
)
from .measures import (
    plot_f1_over_tolerance as plot_f1_over_tolerance,
)
from .measures import (
    plot_frame_grid as plot_frame_grid,
)
from .measures import (
    plot_matching as plot_matching,
)
from .measures import (
    plot_two_transcribers as plot_two_transcribers,
)
from .method import (
    plot_cross_entropy as plot_cross_entropy,
)
from .method import (
    plot_picking as plot_picking,
)
from .method import (
    plot_pipeline as plot_pipeline,
)
from .method import (
    plot_road as plot_road,
)
from .method import (
    plot_schedule as plot_schedule,
)
from .method import (
    plot_weights as plot_weights,
)
from .method import (
    plot_widening as plot_widening,
)
from .passages import plot_passage as plot_passage
from .passages import plot_seam as plot_seam
from .passages import plot_waveform as plot_waveform
from .peaks import plot_peak_picking as plot_peak_picking
from .peaks import plot_transcriptions as plot_transcriptions
from .rendered import (
    plot_architectures as plot_architectures,
)
from .rendered import (
    plot_clip as plot_clip,
)
from .rendered import (
    plot_long_run as plot_long_run,
)
from .rendered import (
    plot_losses as plot_losses,
)
from .scores import (
    plot_examples as plot_examples,
)
from .scores import (
    plot_footprints as plot_footprints,
)
from .scores import (
    plot_midi as plot_midi,
)
from .scores import (
    plot_score_with_key as plot_score_with_key,
)
from .signals import (
    SPEED_OF_SOUND as SPEED_OF_SOUND,
)
from .signals import (
    plot_aliasing as plot_aliasing,
)
from .signals import (
    plot_continuous_and_discrete as plot_continuous_and_discrete,
)
from .signals import (
    plot_cost as plot_cost,
)
from .signals import (
    plot_dft_matrix as plot_dft_matrix,
)
from .signals import (
    plot_folding as plot_folding,
)
from .signals import (
    plot_pressure_wave as plot_pressure_wave,
)
from .signals import (
    plot_spectrum_with_peaks as plot_spectrum_with_peaks,
)
from .signals import (
    plot_winding as plot_winding,
)
from .spectra import (
    plot_band_widths as plot_band_widths,
)
from .spectra import (
    plot_bands as plot_bands,
)
from .spectra import (
    plot_filters as plot_filters,
)
from .spectra import (
    plot_griffin_lim as plot_griffin_lim,
)
from .spectra import (
    plot_intervals as plot_intervals,
)
from .spectra import (
    plot_resolutions as plot_resolutions,
)
from .spectra import (
    plot_spectrogram as plot_spectrogram,
)
from .spectra import (
    plot_stft_steps as plot_stft_steps,
)
from .spectra import (
    plot_windows as plot_windows,
)
from .studies import (
    plot_against_own as plot_against_own,
)
from .studies import (
    plot_against_published as plot_against_published,
)
from .studies import (
    plot_class_f1 as plot_class_f1,
)
from .studies import (
    plot_costs as plot_costs,
)
from .studies import (
    plot_f1_bars as plot_f1_bars,
)
from .studies import (
    plot_f1_grid as plot_f1_grid,
)
from .studies import (
    plot_training_sets as plot_training_sets,
)
from .theme import CLASS_COLOURS as CLASS_COLOURS
from .theme import TEXT_WIDTH as TEXT_WIDTH
from .theme import new_figure as new_figure
from .theme import use_theme as use_theme
from .training import plot_learning_curves as plot_learning_curves
from .training import plot_trials as plot_trials
