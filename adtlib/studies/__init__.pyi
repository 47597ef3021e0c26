from .architecture_tables import (
    chosen_runs as chosen_runs,
    comparison_table as comparison_table,
    printed_comparisons as printed_comparisons,
    printed_scores as printed_scores,
    printed_thresholds as printed_thresholds,
    score_summary as score_summary,
    table_with_intervals as table_with_intervals,
    threshold_table as threshold_table,
    verdicts as verdicts,
)
from .comparison import (
    COMPARISON_COLUMNS as COMPARISON_COLUMNS,
    against_published as against_published,
    compared_once as compared_once,
    compared_studies as compared_studies,
    completeness as completeness,
    data_hunger_table as data_hunger_table,
    draft_results as draft_results,
    printed_architecture_study as printed_architecture_study,
    printed_dataset_study as printed_dataset_study,
    published_results as published_results,
    verdict as verdict,
)
from .controlled import FACTORS as FACTORS, study_of as study_of
from .controlled_results import CIRCUMSTANCES as CIRCUMSTANCES, Results as Results, controlled_results as controlled_results
from .controlled_tables import (
    CONTROLLED_COLUMNS as CONTROLLED_COLUMNS,
    EQUAL as EQUAL,
    best_on_validation as best_on_validation,
    costs as costs,
    effects as effects,
    error_shares as error_shares,
    f1_by_architecture as f1_by_architecture,
    f1_out_of_order as f1_out_of_order,
    pairs_of_architectures as pairs_of_architectures,
    spread_over_seeds as spread_over_seeds,
    together as together,
    what_makes_a_corpus_good as what_makes_a_corpus_good,
)
from .controlled_words import (
    abstract as abstract,
    advice as advice,
    claim_table as claim_table,
    conclusions as conclusions,
    decided as decided,
    effect_sentences as effect_sentences,
    gap_sentences as gap_sentences,
    picking_sentences as picking_sentences,
    published_architectures as published_architectures,
    ranking_sentences as ranking_sentences,
)
from .cost import cost_table as cost_table, unsteadiness as unsteadiness
from .dataset_tables import (
    DATASET_COLUMNS as DATASET_COLUMNS,
    against_highest as against_highest,
    against_own as against_own,
    by_training_set as by_training_set,
    dataset_table as dataset_table,
    findings as findings,
    study_counts as study_counts,
    training_table as training_table,
    zero_shot_cells as zero_shot_cells,
)
from .error_circumstances import (
    DENSITIES as DENSITIES,
    OTHERS as OTHERS,
    QUARTERS as QUARTERS,
    circumstances as circumstances,
    contrast_sentences as contrast_sentences,
    contrasts as contrasts,
    tallies as tallies,
)
from .error_sounds import error_examples as error_examples
from .error_tables import (
    confusion_sentences as confusion_sentences,
    confusion_table as confusion_table,
    error_counts as error_counts,
    error_events as error_events,
    printed_circumstances as printed_circumstances,
    printed_confusions as printed_confusions,
    timing_table as timing_table,
)
from .examples import (
    architectures_heard as architectures_heard,
    examples_of as examples_of,
    heard_by as heard_by,
    heard_in_words as heard_in_words,
    play_heard as play_heard,
    training_sets_heard as training_sets_heard,
)
from .ingredients import (
    ANOTHER_SEED as ANOTHER_SEED,
    architectures as architectures,
    equal_time_table as equal_time_table,
    ingredient_table as ingredient_table,
    loss_sentence as loss_sentence,
    losses as losses,
    rows_with_thresholds as rows_with_thresholds,
    seed_spread as seed_spread,
    study_protocol as study_protocol,
    study_table as study_table,
)
from .learning import kicks_and_hats as kicks_and_hats, rises_and_targets as rises_and_targets
from .method import (
    ceiling_table as ceiling_table,
    example_activations as example_activations,
    example_logits as example_logits,
    example_losses as example_losses,
    loss_table as loss_table,
    parameter_table as parameter_table,
    protocol_table as protocol_table,
    schedule_table as schedule_table,
    standardising_table as standardising_table,
    weight_table as weight_table,
)
from .plan import (
    UNIONS as UNIONS,
    Cell as Cell,
    architecture_study as architecture_study,
    dataset_study as dataset_study,
    selected_architecture as selected_architecture,
)
from .real_songs import (
    SCORES as SCORES,
    SOURCE_COLUMNS as SOURCE_COLUMNS,
    beside_peer as beside_peer,
    peer_scores as peer_scores,
    song_events as song_events,
    song_scores as song_scores,
    source_scores as source_scores,
    stored_scores as stored_scores,
    to_be_scored as to_be_scored,
    transcribe_sources as transcribe_sources,
)
from .run import run_all as run_all
from .searches import architecture_searches as architecture_searches
from .tables import (
    F1_COLUMNS as F1_COLUMNS,
    architecture_table as architecture_table,
    f1_grid as f1_grid,
    score_table as score_table,
    settings_that_differ as settings_that_differ,
    training_counts as training_counts,
    training_summary as training_summary,
)
