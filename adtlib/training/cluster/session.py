"""A Ray session: on this machine or on a cluster, with the resources that trials and runs may use.

Only this module, `private_ray` and `adtlib.training.search.tune` import Ray.
"""

import contextlib
import dataclasses
import logging
import os
import socket
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from adtlib import paths
from adtlib.corpora.ahead import caught, passed_on
from adtlib.training.cluster.configured_ray import NodeAffinitySchedulingStrategy, ray
from adtlib.training.cluster.guard import guarded
from adtlib.training.cluster.jobs import Job, Server, scratch_folder, train_remotely
from adtlib.training.cluster.private_ray import LOOPBACK, ClusterError, check_private, private_ray
from adtlib.training.trainer import code_hash

OBJECT_STORE_BYTES = 256 * 2**20  # of a Ray started here: runs' folders and pieces of corpora pass through it one at a time


QUIET = {"log_to_driver": False, "logging_level": logging.ERROR}


ATTEMPTS = 3  # to start Ray: on a machine that is very busy it gives up after half a minute


MAX_FAILURES = 5  # how often a run is restarted whose process or machine died


@dataclasses.dataclass(frozen=True)
class Resources:
    """What one trial or run takes: threads, and a share of a GPU where the cluster has any."""

    cpus: int = 1
    gpus: float = 1.0

    def options(self) -> dict[str, float]:
        """As options of Ray's tasks on the connected cluster."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus if ray.cluster_resources().get("GPU") else 0}


# ---- Ray ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def session(slots: int | None = None) -> Iterator["RemoteServer"]:
    """Connect to Ray, yield the server for its workers, disconnect.

    slots  processor cores that a Ray started here may use; by default all.

    A session inside another yields that one's server. If the process is already connected to Ray, that connection is used and
    kept. A Ray started here is private to this machine and session. Raises ClusterError where the cluster cannot be reached or this
    machine is not one of its nodes.
    """
    if ray.is_initialized():
        yield _SERVERS[-1] if _SERVERS else _start_server()
        return
    address = os.environ.get("RAY_ADDRESS")
    with contextlib.ExitStack() as stack:
        stack.callback(_SERVERS.clear)
        if address:
            stack.callback(ray.shutdown)
            _connect(address)
        else:
            folder = session_folder()
            guard = stack.enter_context(guarded(folder))
            stack.enter_context(private_ray())
            stack.callback(ray.shutdown)
            try:
                _start(slots or os.cpu_count(), folder / "ray")  # Ray opens its folder to all users, but not the one around it
            finally:
                guard.watch_children()  # an attempt that failed leaves servers, too
            check_private()
        _SERVERS.append(_start_server())
        yield _SERVERS[-1]


_SERVERS: list["RemoteServer"] = []  # that of the current session


def _start(slots: int, folder: Path) -> None:
    for attempt in range(ATTEMPTS):
        try:
            with patient_start(folder):
                ray.init(
                    address="local",
                    num_cpus=slots,
                    include_dashboard=False,
                    object_store_memory=OBJECT_STORE_BYTES,
                    _temp_dir=str(folder),
                    **QUIET,
                )
            return
        except Exception as error:  # Ray raises a bare Exception where its processes take more than half a minute to start
            ray.shutdown()
            if "timed out" not in str(error) or attempt == ATTEMPTS - 1:
                raise ClusterError(f"Ray did not start on this machine: {error}") from error


@contextlib.contextmanager
def patient_start(folder: Path) -> Iterator[None]:
    """While nodes of Ray start in `folder`, be more patient than Ray, whose limits are too short on a busy machine.

    A node stops itself if one of its agents does not report a port within 15 seconds (ray-project/ray issue 65983). Without a
    dashboard one never reports anything but that it listens on none: the files that say so are written here; if Ray looks for them
    elsewhere, they have no effect. The agent for runtime environments is told its port, and no report of it is awaited. A node that
    is not known to the cluster within 30 seconds is given up: here it has two minutes.
    """
    services, parameters = ray._private.services, ray._private.parameter.RayParams
    get_node, make = services.get_node, parameters.__init__

    def make_with_port(self, *values, **options) -> None:
        make(self, *values, **{"runtime_env_agent_port": _free_port()} | options)

    def get_node_in_time(gcs_address, node_id):  # asked for as soon as its processes have been started
        for session in folder.glob("session_2*"):
            for name in ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port"):
                port_file = session / f"{name}_{node_id}"
                if not port_file.exists():
                    paths.write_atomically(port_file, b"-1")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):  # not known yet
                return get_node(gcs_address, node_id)
            time.sleep(0.2)
        return get_node(gcs_address, node_id)

    services.get_node, parameters.__init__ = get_node_in_time, make_with_port
    try:
        yield
    finally:
        services.get_node, parameters.__init__ = get_node, make


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def _connect(address: str) -> None:
    check_address(address)
    try:
        ray.init(address=address, **QUIET)
    except (ConnectionError, ValueError) as error:
        raise ClusterError(f"RAY_ADDRESS = {address}: no cluster answers, or this machine is not a node of it ({error})") from error


def check_address(address: str) -> None:
    """ClusterError for an address of Ray's client, which runs outside the cluster."""
    if address.startswith("ray://"):
        raise ClusterError(
            f"RAY_ADDRESS = {address}: results are sent to a node of the cluster; make this machine one with "
            "'ray start --address=HOST:6379 --num-cpus=0' and give HOST:6379, or 'auto'"
        )


def session_folder() -> Path:
    """A temporary folder for Ray, in /tmp where TMPDIR is deep: paths of the sockets in it must not exceed 107 bytes."""
    short = len(tempfile.gettempdir()) > 14 and os.path.isdir("/tmp")
    return scratch_folder("adt-ray", Path("/tmp") if short else None)


class RemoteServer:
    """Passes the methods of `Server` on to the machine that started the study, from any machine of the cluster."""

    def __init__(self, actor):
        """`actor`: a `Server` as a Ray actor."""
        self.actor = actor

    def load(self, folder):
        """See `Server`."""
        return ray.get(self.actor.load.remote(folder))

    def save(self, folder, changed):
        """See `Server`; returns once the files are written."""
        ray.get(self.actor.save.remote(folder, changed))

    def list_files(self, corpus):
        """See `Server`."""
        return ray.get(self.actor.list_files.remote(corpus))

    def read_piece(self, corpus, name, start, size):
        """See `Server`."""
        return ray.get(self.actor.read_piece.remote(corpus, name, start, size))


def _start_server() -> RemoteServer:
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    # It reserves no processor core and answers several workers at once.
    return RemoteServer(ray.remote(Server).options(num_cpus=0, max_concurrency=8, scheduling_strategy=here).remote())


# ---- runs of a study ------------------------------------------------------------------------------------------------


def train_jobs(jobs: list[Job], resources: Resources, server: RemoteServer, watch: Callable[[int], None] | None = None) -> None:
    """Train and test the runs of `jobs` on the cluster; `watch(ended)` is called every second. The first error cancels the rest."""
    task = ray.remote(train_remotely).options(max_retries=MAX_FAILURES, **resources.options())
    pending = [task.remote(dataclasses.replace(job, threads=resources.cpus, code=code_hash()), server) for job in jobs]
    try:
        while pending:
            done, pending = ray.wait(pending, num_returns=len(pending), timeout=1.0)
            if watch:
                watch(len(jobs) - len(pending))
            for reference in done:
                _result_of(reference)
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)


def _result_of(reference):
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # the run's own exception is its cause
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise ClusterError(f"a run's process was lost {MAX_FAILURES + 1} times: {error}") from error


# ---- preparing a corpus -------------------------------------------------------------------------------------------------


def spread(function: Callable, items: Iterable) -> Iterator:
    """`function(item)` of each item, in order, on the machines of the cluster: see `corpora.ahead`. Warnings are passed on."""
    task = ray.remote(caught).options(max_retries=MAX_FAILURES, num_cpus=1)
    pending: deque = deque()
    try:
        for item in items:
            pending.append(task.remote(function, item))
            if len(pending) >= 2 * ray.cluster_resources().get("CPU", 1):
                yield passed_on(_result_of(pending.popleft()))
        while pending:
            yield passed_on(_result_of(pending.popleft()))
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)
