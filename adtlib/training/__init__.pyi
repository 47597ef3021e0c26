from .augmentation import VARIATIONS as VARIATIONS
from .long import LongConfig as LongConfig, fit_long as fit_long
from .runs import Run as Run, find_runs as find_runs
from .scoring import choose_thresholds as choose_thresholds, score_run as score_run
from .search.folder import trials_table as trials_table
from .segments import Segments as Segments
from .trainer import Trainer as Trainer, TrainingConfig as TrainingConfig, fit as fit
