"""Java's ahead-of-time cache."""

import os
from pathlib import Path

import pytest

from catalyst_groq.sandbox.engine.java import AotCache, Java

JAVA = Java(Path("/java"), "25.0.2")


@pytest.fixture
def jar(tmp_path):
    jar = tmp_path / "engine.jar"
    jar.write_bytes(b"classes")
    return jar


@pytest.fixture
def cache(jar, tmp_path):
    def look(name="camunda", java=JAVA, folder=None):
        return AotCache(name, java, [jar], folder or tmp_path / "aot")

    return look


def recorded(cache):
    return Path(cache.flag.removeprefix("-XX:AOTCacheOutput="))


def record(cache):
    recorded(cache).write_bytes(b"what Java learnt")
    cache.publish()


def test_cache_is_recorded_once_and_then_used(cache):
    first = cache()
    record(first)

    assert first.is_recording
    assert not cache().is_recording
    assert cache().flag == f"-XX:AOTCache={first.file}"


def test_cache_is_shared_by_installations_of_one_java(cache):
    record(cache())

    assert not cache(java=Java(Path("/elsewhere/java"), JAVA.version)).is_recording


def test_cache_recordings_of_parallel_engines_are_separate(cache):
    one, two = cache(), cache()

    assert recorded(one) != recorded(two)
    record(one)
    record(two)
    assert [file.name for file in one.file.parent.iterdir()] == [one.file.name]


def test_interrupted_cache_recording_leaves_no_file(cache):
    interrupted = cache()
    recorded(interrupted).write_bytes(b"half")
    recorded(interrupted).with_name(recorded(interrupted).name + ".config").write_bytes(b"half")

    interrupted.discard()

    assert list(interrupted.file.parent.iterdir()) == []
    assert cache().is_recording


def test_cache_publish_without_recording_does_nothing(cache):
    cache().publish()

    assert cache().is_recording


@pytest.mark.parametrize("change", ["another Java", "another jar"])
def test_outdated_cache_is_replaced(cache, jar, change):
    other = cache(name="operaton")
    record(other)
    old = cache()
    record(old)
    if change == "another jar":
        os.utime(jar, (1, 1))

    new = cache(java=Java(Path("/java"), "25.0.3")) if change == "another Java" else cache()

    assert new.is_recording
    record(new)
    assert {file.name for file in new.file.parent.iterdir()} == {new.file.name, other.file.name}


def test_cache_without_writable_folder_is_skipped(cache, jar):
    assert not cache(folder=jar / "aot").is_recording
