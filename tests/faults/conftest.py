"""The parts that fault tests share."""

import pytest

from support.fault_environment import Scene
from support.tcp_proxy import running_proxy


@pytest.fixture
def scene(people, groq, engine, tmp_path):
    with running_proxy(int(engine.rest_url.split(":")[2].split("/")[0])) as proxy:
        yield Scene(people, groq, proxy, tmp_path)
