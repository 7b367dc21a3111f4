"""The parts that fault tests share."""

import pytest

from support.fault_environment import FaultEnvironment
from support.tcp_proxy import running_proxy


@pytest.fixture
def fault_environment(process_client, emulator, engine, tmp_path):
    with running_proxy(int(engine.rest_url.split(":")[2].split("/")[0])) as proxy:
        yield FaultEnvironment(process_client, emulator, proxy, tmp_path)
