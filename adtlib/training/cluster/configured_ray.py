"""Ray with the settings of this project. Ray reads them when it is imported, so import it only from here."""

import logging
import os

# No usage statistics; plain output, which `verbose=0` silences; no loggers of its own; trials keep the working directory; a longer
# time to start, for busy machines. Variables that the user has set are kept.
for _name, _value in {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_gcs_server_port_wait_time_s": "120",
}.items():
    os.environ.setdefault(_name, _value)
logging.getLogger("ray").setLevel(logging.ERROR)

import ray  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune.schedulers import FIFOScheduler  # noqa: E402
from ray.tune.search import BasicVariantGenerator, Searcher  # noqa: E402
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: E402

__all__ = ["BasicVariantGenerator", "FIFOScheduler", "NodeAffinitySchedulingStrategy", "Searcher", "ray", "tune"]
