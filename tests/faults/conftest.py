"""The parts that fault tests share."""

import os
import shutil

import pytest
from proxy import running_proxy
from redis_server import MISSING, running_redis
from scene import Scene


@pytest.fixture
def scene(people, groq, engine, tmp_path):
    with running_proxy(int(engine.rest_url.split(":")[2].split("/")[0])) as proxy:
        yield Scene(people, groq, proxy, tmp_path)


@pytest.fixture(scope="session")
def redis():
    """A Redis server for journals that replicas share; its URL."""
    program = shutil.which("redis-server")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    with running_redis(program) as url:
        yield url
