from . import examples as examples
from .errors import FEW as FEW
from .errors import FEW_MARK as FEW_MARK
from .errors import confusions as confusions
from .errors import unit_events as unit_events
from .examples import (
    UNBALANCED as UNBALANCED,
)
from .examples import (
    accuracy_table as accuracy_table,
)
from .examples import (
    drumming as drumming,
)
from .examples import (
    exact_scores as exact_scores,
)
from .examples import (
    example_curve as example_curve,
)
from .examples import (
    example_pattern as example_pattern,
)
from .examples import (
    explain_peaks as explain_peaks,
)
from .examples import (
    matching_example as matching_example,
)
from .examples import (
    micro_macro_table as micro_macro_table,
)
from .examples import (
    onsets_with_counts as onsets_with_counts,
)
from .examples import (
    score_over_tolerance as score_over_tolerance,
)
from .examples import (
    transcribers as transcribers,
)
from .metrics import (
    TOLERANCE as TOLERANCE,
)
from .metrics import (
    count_matches as count_matches,
)
from .metrics import (
    f1 as f1,
)
from .metrics import (
    f1_macro as f1_macro,
)
from .metrics import (
    f1_micro as f1_micro,
)
from .metrics import (
    match_onsets as match_onsets,
)
from .metrics import (
    precision as precision,
)
from .metrics import (
    recall as recall,
)
from .metrics import (
    scores as scores,
)
from .significance import difference_interval as difference_interval
from .significance import holm as holm
from .significance import interval as interval
from .significance import paired_test as paired_test
