from .base import Corpus as Corpus, CorpusError as CorpusError, Track as Track
from .enst_mdb import SETS as SETS
from .labels import annotation_files as annotation_files, label_table as label_table
from .leakage.report import detection_trial as detection_trial, leak_table as leak_table
from .leakage.search import SAME as SAME, find_leaks as find_leaks
from .miniature.plan import kit_table as kit_table
from .passages import (
    example_passage as example_passage,
    first_passage as first_passage,
    listen as listen,
    onset_summary as onset_summary,
    passage_onsets as passage_onsets,
    passage_targets as passage_targets,
)
from .preparation import prepare as prepare
from .registry import CORPORA as CORPORA, TRAINABLE as TRAINABLE, open_corpus as open_corpus
from .statistics import (
    annotation_offsets as annotation_offsets,
    class_counts as class_counts,
    data_sentence as data_sentence,
    frequency_sentences as frequency_sentences,
    overview_table as overview_table,
    performance_table as performance_table,
    polyphony as polyphony,
    remedy_table as remedy_table,
    split_table as split_table,
    state as state,
    unit_table as unit_table,
)
from .store import Prepared as Prepared, Unit as Unit, standardizer as standardizer
