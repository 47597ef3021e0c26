from .architecture_tables import (
    chosen_runs as chosen_runs,
)
from .architecture_tables import (
    comparison_table as comparison_table,
)
from .architecture_tables import (
    printed_comparisons as printed_comparisons,
)
from .architecture_tables import (
    printed_scores as printed_scores,
)
from .architecture_tables import (
    printed_thresholds as printed_thresholds,
)
from .architecture_tables import (
    score_summary as score_summary,
)
from .architecture_tables import (
    table_with_intervals as table_with_intervals,
)
from .architecture_tables import (
    threshold_table as threshold_table,
)
from .architecture_tables import (
    verdicts as verdicts,
)
from .comparison import (
    COMPARISON_COLUMNS as COMPARISON_COLUMNS,
)
from .comparison import (
    against_published as against_published,
)
from .comparison import (
    compared_once as compared_once,
)
from .comparison import (
    compared_studies as compared_studies,
)
from .comparison import (
    completeness as completeness,
)
from .comparison import (
    draft_results as draft_results,
)
from .comparison import (
    printed_architecture_study as printed_architecture_study,
)
from .comparison import (
    printed_dataset_study as printed_dataset_study,
)
from .comparison import (
    published_results as published_results,
)
from .comparison import (
    verdict as verdict,
)
from .cost import cost_table as cost_table
from .cost import unsteadiness as unsteadiness
from .dataset_tables import (
    DATASET_COLUMNS as DATASET_COLUMNS,
)
from .dataset_tables import (
    against_highest as against_highest,
)
from .dataset_tables import (
    against_own as against_own,
)
from .dataset_tables import (
    by_training_set as by_training_set,
)
from .dataset_tables import (
    dataset_table as dataset_table,
)
from .dataset_tables import (
    findings as findings,
)
from .dataset_tables import (
    study_counts as study_counts,
)
from .dataset_tables import (
    training_table as training_table,
)
from .dataset_tables import (
    zero_shot_cells as zero_shot_cells,
)
from .error_circumstances import (
    DENSITIES as DENSITIES,
)
from .error_circumstances import (
    OTHERS as OTHERS,
)
from .error_circumstances import (
    QUARTERS as QUARTERS,
)
from .error_circumstances import (
    circumstances as circumstances,
)
from .error_circumstances import (
    contrast_sentences as contrast_sentences,
)
from .error_circumstances import (
    contrasts as contrasts,
)
from .error_circumstances import (
    tallies as tallies,
)
from .error_tables import (
    confusion_sentences as confusion_sentences,
)
from .error_tables import (
    confusion_table as confusion_table,
)
from .error_tables import (
    error_counts as error_counts,
)
from .error_tables import (
    error_events as error_events,
)
from .error_tables import (
    printed_circumstances as printed_circumstances,
)
from .error_tables import (
    printed_confusions as printed_confusions,
)
from .error_tables import (
    timing_table as timing_table,
)
from .examples import examples_of as examples_of
from .ingredients import (
    ANOTHER_SEED as ANOTHER_SEED,
)
from .ingredients import (
    architectures as architectures,
)
from .ingredients import (
    chance as chance,
)
from .ingredients import (
    equal_time_table as equal_time_table,
)
from .ingredients import (
    ingredient_table as ingredient_table,
)
from .ingredients import (
    loss_sentence as loss_sentence,
)
from .ingredients import (
    losses as losses,
)
from .ingredients import (
    rows_with_thresholds as rows_with_thresholds,
)
from .ingredients import (
    study_protocol as study_protocol,
)
from .ingredients import (
    study_table as study_table,
)
from .method import (
    ceiling_table as ceiling_table,
)
from .method import (
    example_activations as example_activations,
)
from .method import (
    example_logits as example_logits,
)
from .method import (
    example_losses as example_losses,
)
from .method import (
    loss_table as loss_table,
)
from .method import (
    parameter_table as parameter_table,
)
from .method import (
    protocol_table as protocol_table,
)
from .method import (
    schedule_table as schedule_table,
)
from .method import (
    standardising_table as standardising_table,
)
from .method import (
    weight_table as weight_table,
)
from .plan import (
    UNIONS as UNIONS,
)
from .plan import (
    Cell as Cell,
)
from .plan import (
    architecture_study as architecture_study,
)
from .plan import (
    dataset_study as dataset_study,
)
from .plan import (
    selected_architecture as selected_architecture,
)
from .real_songs import (
    SCORES as SCORES,
)
from .real_songs import (
    SOURCE_COLUMNS as SOURCE_COLUMNS,
)
from .real_songs import (
    beside_peer as beside_peer,
)
from .real_songs import (
    peer_scores as peer_scores,
)
from .real_songs import (
    song_events as song_events,
)
from .real_songs import (
    song_scores as song_scores,
)
from .real_songs import (
    source_scores as source_scores,
)
from .real_songs import (
    stored_scores as stored_scores,
)
from .real_songs import (
    to_be_scored as to_be_scored,
)
from .real_songs import (
    transcribe_sources as transcribe_sources,
)
from .run import run_all as run_all
from .searches import architecture_searches as architecture_searches
from .tables import (
    F1_COLUMNS as F1_COLUMNS,
)
from .tables import (
    architecture_table as architecture_table,
)
from .tables import (
    f1_grid as f1_grid,
)
from .tables import (
    score_table as score_table,
)
from .tables import (
    settings_that_differ as settings_that_differ,
)
from .tables import (
    training_counts as training_counts,
)
from .tables import training_summary as training_summary
