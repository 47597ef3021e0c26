"""A Ray that is started here is this user's and this machine's alone, and ends with the process that started it."""

import ipaddress
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from adtlib import paths
from adtlib.training.cluster import guard, private_ray

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | {"PYTHONPATH": str(paths.ROOT)}

SESSION = """
import json, os, sys
import psutil
from adtlib.training.cluster import session
from adtlib.training.cluster.configured_ray import ray

with session.session(1):
    family = psutil.Process().children(recursive=True)
    heard = [at.laddr.ip for one in [psutil.Process(), *family] for at in one.net_connections("inet") if at.status == "LISTEN"]
    address = ray.get_runtime_context().gcs_address
    from ray._raylet import GcsClient
    nodes = len(GcsClient(address=address).get_all_node_info(timeout=20))
    print(json.dumps([address, heard, nodes, [one.pid for one in family]]), flush=True)
    sys.stdin.readline()
print({name for name in os.environ if name.startswith("RAY_AUTH")}, flush=True)
"""

STRANGER = """
import sys
from ray._raylet import GcsClient
print(len(GcsClient(address=sys.argv[1]).get_all_node_info(timeout=20)))
"""


def is_loopback(address: str) -> bool:
    found = ipaddress.ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


@pytest.mark.cluster
def test_a_session_listens_here_asks_for_its_token_and_leaves_nothing_when_it_is_killed(tmp_path):
    script = [sys.executable, "-c", SESSION]
    process = subprocess.Popen(script, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    address, heard, nodes, pids = json.loads(process.stdout.readline())
    assert len(heard) >= 4 and all(map(is_loopback, heard)), heard
    assert nodes == 1, "who has the token is answered"
    (folder,) = Path("/tmp").glob(f"adt-ray-{process.pid}-*")
    assert folder.stat().st_mode & 0o077 == 0, "nobody else reads or writes below it"
    for mode in ("disabled", "token"):
        away = ENVIRONMENT | {"HOME": str(tmp_path), "RAY_AUTH_MODE": mode, "RAY_AUTH_TOKEN": "0" * 64}
        asked = subprocess.run([sys.executable, "-c", STRANGER, address], env=away, capture_output=True, text=True)
        assert asked.returncode != 0 and "token" in asked.stderr.lower(), mode
    family = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    assert len(family) >= 5, "servers, agents and the guard"
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, left = psutil.wait_procs(family, timeout=20)  # Ray's agents alone would take a minute
    assert not left
    assert not folder.exists() and not (tmp_path / ".ray").exists()


def test_the_guard_ends_what_it_was_told_and_nothing_else(tmp_path):
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    other = subprocess.Popen(sleep)
    (tmp_path / "session").mkdir()
    try:
        with guard.guarded(tmp_path / "session") as watch:
            mine = subprocess.Popen(sleep)
            watch.watch_children()
        assert mine.wait(timeout=20) == -signal.SIGKILL and not (tmp_path / "session").exists()
        assert other.poll() is None, "what ran before the session goes on"
    finally:
        other.kill()
        other.wait()


def test_a_number_that_another_process_has_now_is_left_alone(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        script = [sys.executable, "-P", guard.__file__, str(tmp_path / "none")]
        subprocess.run(script, input=f"{other.pid} 1.0\n", text=True, check=True)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_ray_that_is_not_private_is_refused(monkeypatch):
    monkeypatch.setattr(private_ray.ray.util, "get_node_ip_address", lambda: "192.0.2.7")
    with pytest.raises(private_ray.ClusterError, match=r"listens at 192\.0\.2\.7, not on this machine alone"):
        private_ray.check_private()


def test_variables_of_the_user_are_restored(monkeypatch):
    from ray._private import ray_constants

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    before = ray_constants.ENABLE_RAY_CLUSTER
    with private_ray.private_ray():
        assert os.environ["RAY_AUTH_MODE"] == "token" and len(os.environ["RAY_AUTH_TOKEN"]) == 64
    assert os.environ["RAY_AUTH_MODE"] == "disabled" and "RAY_AUTH_TOKEN" not in os.environ
    assert before == ray_constants.ENABLE_RAY_CLUSTER


def test_a_node_that_is_late_is_waited_for(tmp_path, monkeypatch):
    from adtlib.training.cluster.session import patient_start, ray

    tries = iter([RuntimeError("not known yet"), RuntimeError("not known yet"), {"NodeID": "late"}])

    def get_node(*where):
        if isinstance(found := next(tries), RuntimeError):
            raise found
        return found

    monkeypatch.setattr(ray._private.services, "get_node", get_node)
    (tmp_path / "session_2026").mkdir()
    with patient_start(tmp_path):
        assert ray._private.services.get_node("address", "late") == {"NodeID": "late"}
    assert ray._private.services.get_node is get_node
    assert (tmp_path / "session_2026" / "metrics_agent_port_late").read_bytes() == b"-1", "the node waits for no agent"
