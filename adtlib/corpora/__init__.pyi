from .base import Corpus as Corpus
from .base import CorpusError as CorpusError
from .base import Track as Track
from .enst_mdb import SETS as SETS
from .labels import annotation_files as annotation_files
from .labels import label_table as label_table
from .leakage.report import detection_trial as detection_trial
from .leakage.report import leak_table as leak_table
from .leakage.search import SAME as SAME
from .leakage.search import find_leaks as find_leaks
from .passages import (
    example_passage as example_passage,
)
from .passages import (
    first_passage as first_passage,
)
from .passages import (
    listen as listen,
)
from .passages import (
    onset_summary as onset_summary,
)
from .passages import (
    passage_onsets as passage_onsets,
)
from .passages import (
    passage_targets as passage_targets,
)
from .preparation import prepare as prepare
from .registry import CORPORA as CORPORA
from .registry import TRAINABLE as TRAINABLE
from .registry import open_corpus as open_corpus
from .statistics import (
    annotation_offsets as annotation_offsets,
)
from .statistics import (
    class_counts as class_counts,
)
from .statistics import (
    frequency_sentences as frequency_sentences,
)
from .statistics import (
    overview_table as overview_table,
)
from .statistics import (
    performance_table as performance_table,
)
from .statistics import (
    polyphony as polyphony,
)
from .statistics import (
    remedy_table as remedy_table,
)
from .statistics import (
    split_table as split_table,
)
from .statistics import (
    state as state,
)
from .statistics import (
    unit_table as unit_table,
)
from .store import Prepared as Prepared
from .store import Unit as Unit
from .store import standardizer as standardizer
