"""Ray for this machine and user alone: a session that listens on loopback and answers nobody without its token.

Ray has no public option for the first: an address of loopback that it is given is replaced by that of the network, unless clusters
are switched off, as they are by default on macOS and Windows. Token mode, of Ray 2.52 and later, is asked for by variables of the
environment, which Ray reads when it is imported: here it is made to read them again. Both are checked once Ray runs.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator

from adtlib.training.cluster.configured_ray import ray

LOOPBACK = "127.0.0.1"


class ClusterError(ValueError):
    """Ray or a machine of its cluster cannot be used; the message says why and what to do."""


@contextlib.contextmanager
def private_ray() -> Iterator[None]:
    """A Ray that is started in this context is private; `check_private` tells. Variables of the user are restored at the end.

    Raises ClusterError for a Ray older than 2.52.
    """
    try:
        from ray._private import ray_constants
        from ray._raylet import AuthenticationTokenLoader, Config
    except ImportError as error:
        raise ClusterError(f"Ray {ray.__version__} cannot be kept private: install ray 2.52 or newer") from error

    def read_again() -> None:
        Config.initialize("")
        AuthenticationTokenLoader.instance().reset_cache()

    variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    before = {name: os.environ.get(name) for name in variables}, ray_constants.ENABLE_RAY_CLUSTER
    os.environ.update(variables)
    ray_constants.ENABLE_RAY_CLUSTER = False
    read_again()
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before[1]
        for name, value in before[0].items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        read_again()


def check_private() -> None:
    """ClusterError unless the connected Ray asks for a token and listens on loopback only."""
    from ray._raylet import AuthenticationMode, get_authentication_mode

    address = ray.util.get_node_ip_address()
    if get_authentication_mode() != AuthenticationMode.TOKEN or address != LOOPBACK:
        raise ClusterError(
            f"Ray {ray.__version__} listens at {address}, not on this machine alone with a token: "
            "install the version of constraints.txt, or start a cluster yourself and give its address in RAY_ADDRESS"
        )
