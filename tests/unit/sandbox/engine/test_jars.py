"""The engine's jars: downloaded once and always verified."""

import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.engine import download, jars
from catalyst_groq.sandbox.engine.flavours import Flavour
from catalyst_groq.sandbox.engine.jars import Jar, fetch_missing, read_lock
from catalyst_groq.sandbox.engine.repository import Repository
from catalyst_groq.sandbox.progress import Done, Download, Phase, ignore_event
from support.maven_repository import running_repository

CONTENT = b"what was locked" * 10_000


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(download, "RETRY_PAUSE_SECONDS", 0.0)


@pytest.fixture
def maven():
    with running_repository() as maven:
        yield maven


@pytest.fixture
def repository(maven, tmp_path):
    return Repository(maven.url, "a test", tmp_path / "repository")


def locked(name, content=CONTENT, classifier=""):
    return Jar("org.example.group", name, "1.0", classifier, hashlib.sha256(content).hexdigest(), len(content))


@pytest.fixture
def jar(maven):
    jar = locked("engine")
    maven.files[str(jar.path)] = CONTENT
    return jar


def remaining_files(repository):
    return [file for file in repository.local.rglob("*") if file.is_file()]


def test_missing_jar_is_downloaded_to_the_local_repository(jar, repository):
    (file,) = fetch_missing([jar], "Engine", repository, ignore_event)

    assert file == repository.local / "org/example/group/engine/1.0/engine-1.0.jar"
    assert file.read_bytes() == CONTENT
    assert remaining_files(repository) == [file]


def test_jar_name_contains_the_classifier():
    assert locked("webapp", classifier="classes").path.name == "webapp-1.0-classes.jar"


def test_intact_jars_need_no_network(jar, repository):
    fetch_missing([jar], "Engine", repository, ignore_event)
    offline = Repository(closed_url(), "a test", repository.local)

    events: list[Any] = []
    assert fetch_missing([jar], "Engine", offline, events.append)
    assert events == []


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [CONTENT[:-1], CONTENT[:-1] + b"!"], ids=["cut off", "changed"])
def test_damaged_jar_is_downloaded_again(jar, repository, maven, wrong):
    (file,) = fetch_missing([jar], "Engine", repository, ignore_event)
    file.write_bytes(wrong)

    fetch_missing([jar], "Engine", repository, ignore_event)

    assert file.read_bytes() == CONTENT
    assert len(maven.requested_paths) == 2


def test_wrong_checksum_is_an_error_after_three_attempts(jar, repository, maven):
    maven.files[str(jar.path)] = b"something else"

    with pytest.raises(SandboxError, match=f"engine-1.0.jar .*{maven.url}.* instead of {jar.sha256}"):
        fetch_missing([jar], "Engine", repository, ignore_event)

    assert len(maven.requested_paths) == 3
    assert remaining_files(repository) == []


@pytest.mark.parametrize("content", [CONTENT + b"!", b"a" * 10_000_000], ids=["by a byte", "by megabytes"])
def test_download_larger_than_its_file_is_not_read_further(jar, repository, maven, content):
    maven.files[str(jar.path)] = content
    received: list[Any] = []

    with pytest.raises(SandboxError, match=rf"engine-1\.0\.jar .*it is larger than {len(CONTENT):,} bytes"):
        fetch_missing([jar], "Engine", repository, received.append)

    assert max(event.done for event in received if hasattr(event, "done")) <= len(CONTENT)


def test_download_is_not_decompressed(jar, repository, maven):
    maven.headers["Content-Encoding"] = "gzip"

    (file,) = fetch_missing([jar], "Engine", repository, ignore_event)

    assert file.read_bytes() == CONTENT


def test_server_error_is_retried_three_times(jar, repository, maven):
    maven.statuses.extend([503, 429])

    assert fetch_missing([jar], "Engine", repository, ignore_event)


def test_truncated_download_is_retried(jar, repository, maven):
    maven.truncations.append(1000)

    (file,) = fetch_missing([jar], "Engine", repository, ignore_event)

    assert file.read_bytes() == CONTENT
    assert len(maven.requested_paths) == 2


def test_unknown_jar_is_requested_once(repository, maven):
    with pytest.raises(SandboxError, match=r"nowhere-1\.0\.jar .* HTTP 404"):
        fetch_missing([locked("nowhere")], "Engine", repository, ignore_event)

    assert len(maven.requested_paths) == 1


def test_offline_error_names_jar_source_and_fix(tmp_path):
    url = closed_url()

    with pytest.raises(SandboxError) as refusal:
        fetch_missing([locked("engine")], "Engine", Repository(url, "MAVEN_REPOSITORY", tmp_path), ignore_event)

    message = str(refusal.value)
    assert message.startswith(f"engine-1.0.jar could not be downloaded from {url} (MAVEN_REPOSITORY)")
    assert "Check the network and the proxy" in message


def test_repository_password_is_used_and_never_shown(maven, tmp_path):
    url = maven.url.replace("://", "://me:hush-hush@")

    with pytest.raises(SandboxError) as refusal:
        fetch_missing([locked("nowhere")], "Engine", Repository(url, "a test", tmp_path), ignore_event)

    assert maven.authorizations[0].startswith("Basic ")
    assert "hush" not in str(refusal.value)
    assert "hush" not in repr(Repository(maven.url, "a test", tmp_path, ("me", "hush-hush")))


def test_proxy_is_used(jar, maven, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", maven.url)
    repository = Repository("http://jars.invalid/maven", "a test", tmp_path)

    assert fetch_missing([jar], "Engine", repository, ignore_event)


def test_unwritable_local_repository_is_named(jar, repository):
    repository.local.write_text("a file where a folder should be")

    with pytest.raises(SandboxError, match=r"engine-1\.0\.jar cannot be written: Not a directory"):
        fetch_missing([jar], "Engine", repository, ignore_event)


@pytest.mark.slow
def test_progress_counts_each_byte_once_despite_retries(repository, maven):
    locked_jars = [locked(f"jar-{number}") for number in range(20)]
    maven.files.update({str(jar.path): CONTENT for jar in locked_jars})
    maven.truncations.extend([500] * 2)
    events: list[Any] = []

    fetch_missing(locked_jars, "Engine", repository, events.append)

    total = 20 * len(CONTENT)
    assert events[0] == Phase("Downloading Engine (20 of 20 jars)")
    assert events[-2:] == [Download(total, total), Done()]


def test_interrupted_download_leaves_no_partial_file(jar, repository):
    def interrupt(event):
        if isinstance(event, Download):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_missing([jar], "Engine", repository, interrupt)

    assert remaining_files(repository) == []


@pytest.mark.slow
def test_concurrent_installations_succeed(jar, repository):
    with ThreadPoolExecutor(8) as pool:
        installed = list(pool.map(lambda _: fetch_missing([jar], "Engine", repository, ignore_event), range(8)))

    assert len({str(file) for (file,) in installed}) == 1
    assert installed[0][0].read_bytes() == CONTENT
    assert remaining_files(repository) == installed[0]


@pytest.mark.parametrize("flavour", Flavour)
def test_lock_contains_engine_and_database_drivers(flavour):
    artifacts = {jar.artifact for jar in read_lock(flavour)}

    assert artifacts >= {f"{flavour}-engine", "h2", "postgresql"}
    assert jars.engine_title(flavour) in ("Camunda 7.24.0", "Operaton 1.0.3")


@pytest.mark.parametrize("flavour", Flavour)
def test_install_without_spin_omits_only_its_jars(flavour, monkeypatch, tmp_path):
    provided = []
    monkeypatch.setattr(jars, "fetch_missing", lambda locked_jars, *_: provided.extend(locked_jars))
    nowhere = Repository("http://127.0.0.1", "a test", tmp_path)

    jars.install(flavour, spin=False, repository=nowhere)

    left_off = {jar.artifact for jar in set(read_lock(flavour)) - set(provided)}
    assert left_off == {
        f"{flavour}-{name}" for name in ("engine-plugin-spin", "spin-core", "spin-dataformat-json-jackson")
    }


def closed_url():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/maven"
