from . import examples as examples
from .errors import FEW as FEW, FEW_MARK as FEW_MARK, confusions as confusions, unit_events as unit_events
from .examples import (
    UNBALANCED as UNBALANCED,
    accuracy_table as accuracy_table,
    drumming as drumming,
    exact_scores as exact_scores,
    example_curve as example_curve,
    example_pattern as example_pattern,
    explain_peaks as explain_peaks,
    matching_example as matching_example,
    micro_macro_table as micro_macro_table,
    onsets_with_counts as onsets_with_counts,
    score_over_tolerance as score_over_tolerance,
    transcribers as transcribers,
)
from .metrics import (
    TOLERANCE as TOLERANCE,
    count_matches as count_matches,
    f1 as f1,
    f1_macro as f1_macro,
    f1_micro as f1_micro,
    match_onsets as match_onsets,
    precision as precision,
    recall as recall,
    scores as scores,
)
from .significance import difference_interval as difference_interval, holm as holm, interval as interval, paired_test as paired_test
