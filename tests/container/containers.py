"""What the container promises, shown with real containers: `make container-test`.

The file's name keeps it out of `make test`: it takes root, some packages of Debian and minutes.
"""

import json
import re
import tempfile
from pathlib import Path

import pytest
import yaml

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.demo_examples import CHAT_EXAMPLE
from catalyst_groq.sandbox.process_client import wait_for
from catalyst_groq.sandbox.progress import Done, ProgressDisplay
from support.container_images import ROOT, base_image, engine_image, redis_image, worker_image
from support.container_stack import STOP_SECONDS, WITH_REDIS, running_stack
from support.podman import missing, own_podman

MEGABYTE = 1_000_000
PATIENCE = 60.0
NOBODY_THERE = "CATALYST_ENGINE_URL=http://127.0.0.1:9/engine-rest"


@pytest.fixture(scope="session")
def on_progress(request):
    uncaptured = request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
    with ProgressDisplay() as display:

        def show(event):
            with uncaptured():
                display(event)

        yield show


@pytest.fixture(scope="session")
def podman():
    if lacking := missing():
        pytest.exit(lacking, returncode=1)
    with own_podman(Path(tempfile.mkdtemp(prefix="catalyst-containers-"))) as podman:
        yield podman


@pytest.fixture(scope="session")
def base(podman, on_progress):
    return base_image(podman, on_progress)


@pytest.fixture(scope="session")
def image(podman, base, on_progress):
    del base
    made = worker_image(podman, on_progress)
    on_progress(Done())
    return made


@pytest.fixture(scope="session")
def stack(podman, base, image, on_progress):
    del image
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    engine_image(podman, f"docker.io/{services['engine']['image']}", base, on_progress)
    redis_image(podman, f"docker.io/library/{services['redis']['image']}", base, on_progress)
    on_progress(Done())
    with running_stack(podman) as stack:
        yield stack


@pytest.fixture
def container(podman, image):
    """A worker in a container without network and with nothing to write to."""
    name = podman(
        "run", "--detach", "--read-only", "--read-only-tmpfs=false", "--network", "none", "--env", NOBODY_THERE, image
    )
    yield name
    podman("rm", "--force", "--time", "0", name)


def is_healthy(podman, container):
    return podman.run(["podman", "healthcheck", "run", container]).returncode == 0


def exit_code(podman, container):
    return int(podman("inspect", "--format", "{{.State.ExitCode}}", container))


def start_example(stack, process=CHAT_EXAMPLE.key):
    """Start an instance and bring it to Groq; returns its id."""
    instance = stack.process_client.start(process)
    stack.process_client.complete_user_task(instance, {"userMessage": f"What is instance {instance}?"})
    return instance


def await_review(stack, instance):
    try:
        seen = wait_for(
            "an answer",
            lambda: stack.process_client.user_task(instance) == "Review" or stack.process_client.incidents(instance),
            timeout=PATIENCE,
        )
    except SandboxError as error:
        pytest.fail("\n".join([str(error), *(stack.log(worker) for worker in stack.workers())]))
    assert seen is True, f"incident: {seen}"


def test_image_is_small(podman, image, base):
    sizes = {name: int(podman("inspect", "--format", "{{.Size}}", name)) for name in (image, base)}
    added = sizes[image] - sizes[base]
    assert added < 125 * MEGABYTE, f"{sizes[image] / MEGABYTE:.0f} MB, {added / MEGABYTE:.0f} MB of it ours"


def test_image_runs_as_numeric_user_without_write_access(podman, image):
    inside = "id -u; find /opt/catalyst-groq /etc/catalyst-groq -writable -not -type l"
    assert podman("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", inside) == "10001"
    assert podman("inspect", "--format", "{{.Config.User}}", image) == "10001:10001"


def test_image_contains_the_bill_of_its_packages(podman, image):
    labels = json.loads(podman("inspect", "--format", "{{json .Config.Labels}}", image))
    path = labels["io.catalyst.groq.sbom"]
    bill = json.loads(podman("run", "--rm", "--network", "none", "--entrypoint", "cat", image, path))
    components = {component["name"]: component for component in bill["components"]}
    assert {"catalyst-groq-worker", "aiohttp", "redis", "cryptography"} <= set(components)
    assert [name for name, component in components.items() if not component["licenses"]] == []


def test_image_contains_nothing_of_secrets_folder(podman, image):
    assert list((ROOT / "secrets").glob("groq_api_key*"))
    search = "find / -xdev -name 'groq_api_key*'"
    assert podman("run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "sh", image, "-c", search) == ""


def test_image_contains_no_installer(podman, image):
    installed = podman("run", "--rm", "--network", "none", "--entrypoint", "ls", image, "/opt/catalyst-groq/bin")
    assert "catalyst-groq" in installed
    assert not re.search(r"\bpip|hatch", installed)


def test_container_is_healthy_with_read_only_root(podman, container):
    wait_for("a healthy worker", lambda: is_healthy(podman, container), timeout=PATIENCE)


def test_hanging_worker_is_unhealthy(podman, container):
    wait_for("a healthy worker", lambda: is_healthy(podman, container), timeout=PATIENCE)
    podman("kill", "--signal", "STOP", container)
    assert not is_healthy(podman, container)


def test_sigterm_stops_worker_as_first_process(podman, container):
    wait_for("a healthy worker", lambda: is_healthy(podman, container), timeout=PATIENCE)
    assert podman("exec", container, "cat", "/proc/1/comm").startswith("catalyst-groq")
    podman("stop", "--time", str(STOP_SECONDS), container)
    assert exit_code(podman, container) == 0


def test_wrong_setting_exits_with_code_2_and_its_name(podman, image):
    ended = podman.run(["podman", "run", "--rm", "--network", "none", "--env", "CATALYST_TOPICS=x", image])
    assert ended.returncode == 2
    assert "CATALYST_TOPICS: unknown setting. Did you mean CATALYST_TOPIC?" in ended.stderr


def test_compose_runs_example_without_key(stack):
    instance = start_example(stack)
    await_review(stack, instance)
    assert instance in stack.process_client.variables(instance)["aiReply"]


def test_compose_secret_serves_secret_source_file(stack):
    await_review(stack, start_example(stack, f"{CHAT_EXAMPLE.key}-file"))


def test_key_is_not_in_container_inspection(stack):
    (worker,) = stack.workers()
    key = (ROOT / "secrets" / "groq_api_key.example").read_text().strip()
    assert key not in json.dumps(json.loads(stack.podman("inspect", worker)))


def test_journal_is_on_the_workers_volume(stack):
    (worker,) = stack.workers()
    assert "journal.sqlite" in stack.podman("exec", worker, "ls", "/var/lib/catalyst-groq")


def test_restarted_worker_keeps_its_worker_id(stack):
    (worker,) = stack.workers()
    stack.podman("restart", "--time", str(STOP_SECONDS), worker)
    await_review(stack, start_example(stack))
    ids = re.findall(r"Worker (\S+) \S+ fetches", stack.log(worker))
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_container_stop_finishes_active_tasks(stack):
    (worker,) = stack.workers()
    stack.set_groq(latency=4)
    instances = [start_example(stack) for _ in range(5)]
    wait_for("five requests", lambda: stack.request_count() == 5, timeout=PATIENCE)
    stack.podman("stop", "--time", str(STOP_SECONDS), worker)
    assert exit_code(stack.podman, worker) == 0
    assert [stack.process_client.user_task(instance) for instance in instances] == ["Review"] * 5
    assert stack.request_count() == 5
    stack.podman("start", worker)


def test_three_workers_share_tasks_and_journal(stack):
    stack.down()
    stack.up(*WITH_REDIS, workers=3, CATALYST_JOURNAL="redis://redis")
    workers = stack.workers()
    assert len(workers) == 3
    wait_for("three workers", lambda: all("fetches" in stack.log(worker) for worker in workers), timeout=PATIENCE)
    stack.set_groq(latency=2)
    instances = [start_example(stack) for _ in range(90)]
    for instance in instances:
        await_review(stack, instance)
    done = {
        worker: sum(instance in line for line in stack.log(worker).splitlines() for instance in instances)
        for worker in workers
    }
    assert sum(done.values()) == stack.request_count() == 90
    assert all(done.values()), done
    (redis,) = stack.podman("ps", "--format", "{{.Names}}", "--filter", "name=_redis_").split()
    statistics = stack.podman("exec", redis, "redis-cli", "info", "commandstats")
    (written,) = re.findall(r"cmdstat_hset:calls=(\d+)", statistics)
    checks = len(workers)  # at least: each worker tries the journal when it starts, and every few seconds
    assert int(written) >= len(instances) + checks
