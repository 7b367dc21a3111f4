"""An installed wheel works beside a user's own modules of any name: it is built, installed and run here."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from hashlib import sha256
from pathlib import Path

import psutil
import pytest

from catalyst_groq.sandbox.process_client import wait_for

ROOT = Path(__file__).parents[2]
DEV_BIN = Path(sys.executable).parent
PLUGIN = "catalyst_groq.sandbox.emulator.pytest_plugin"
# In the user's tests: `worker` is theirs, and nothing of ours is loaded without a request.
OWN_TEST = """
import sys
from hashlib import sha256
from pathlib import Path

import worker


def test_own_module_is_imported():
    assert Path(worker.__file__).is_relative_to(Path(__file__).parents[1])
    assert not [name for name in sys.modules if name.partition(".")[0] == "catalyst_groq"]
"""
PLUGIN_TEST = """
import worker


def test_emulator_runs(groq_emulator):
    assert worker.OWNER == "user"
    assert not groq_emulator.calls
"""
WRONG_IMPORT = 'raise RuntimeError(f"{__file__} was imported instead of a module of the program")\n'


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory):
    """The programs of a virtual environment with our wheel; it sees the libraries of the development environment."""
    folder = tmp_path_factory.mktemp("installed")
    build: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    [wheel] = folder.glob("*.whl")
    venv = folder / "venv"
    uv: list[str | Path] = [DEV_BIN / "uv", "--quiet", "--offline", "--no-config"]
    subprocess.run([*uv, "venv", "--python", sys.executable, venv], check=True, timeout=60)
    python = venv / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "--python", python, "--no-deps", wheel], check=True, timeout=60)
    [site_packages] = venv.glob("lib/python*/site-packages")
    # A path in a .pth file: Python does not process the .pth files in there, so our editable install stays invisible.
    (site_packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"], "utf-8")
    _, _, code = (DEV_BIN / "pytest").read_text("utf-8").partition("\n")
    program = python.parent / "pytest"
    program.write_text(f"#!{python}\n{code}", "utf-8")
    program.chmod(0o755)
    return python.parent


@pytest.fixture
def environ(bin_folder, tmp_path):
    settings = {"CATALYST_ENGINE_URL": f"http://127.0.0.1:{closed_port()}/engine-rest", "CATALYST_LIMITS": "off"}
    return {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "CATALYST_JOURNAL": str(tmp_path / "journal.sqlite"),
        "GROQ_API_KEY": "gsk_test",
        **settings,
    }


def closed_port():
    """Find a port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kill_tree(process):
    """Kill a process that is still running, and its child processes before it."""
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()


def write_files(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def run(command, folder, environ):
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("module", ["worker.py", "worker/__init__.py"])
@pytest.mark.parametrize("command", [["python", "-m", "pytest"], ["pytest"]], ids=" ".join)
def test_wheel_leaves_tests_of_user_alone(bin_folder, environ, tmp_path, command, module):
    # A conftest.py in the project's folder puts that folder on the path.
    project = write_files(tmp_path / "project", {module: "", "conftest.py": "", "tests/test_own.py": OWN_TEST})
    program, *options = command

    result = run([bin_folder / program, *options, "-p", "no:cacheprovider"], project, environ)

    assert "1 passed" in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("conftest", "options"), [("", ["-p", PLUGIN]), (f'pytest_plugins = ["{PLUGIN}"]', [])], ids=["option", "conftest"]
)
def test_wheel_has_pytest_plugin_on_request(bin_folder, environ, tmp_path, conftest, options):
    files = {"worker.py": 'OWNER = "user"', "conftest.py": conftest, "tests/test_plugin.py": PLUGIN_TEST}
    project = write_files(tmp_path / "project", files)

    result = run([bin_folder / "pytest", *options], project, environ)

    assert "1 passed" in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize("processes", [1, 2])
def test_wheel_runs_workers_beside_modules_of_user(bin_folder, environ, tmp_path, processes):
    names = ("worker.py", "worker/__init__.py", "catalyst_groq.py", "logging.py", "aiohttp/__init__.py")
    project = write_files(tmp_path / "project", dict.fromkeys(names, WRONG_IMPORT))
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        command = [bin_folder / "catalyst-groq", "run", "--processes", str(processes)]
        process = subprocess.Popen(command, cwd=project, env=environ, stdout=output, stderr=output)
    try:
        wait_for(
            f"the first lines of {processes} workers",
            lambda: log.read_text("utf-8").count("fetches") == processes or process.poll() is not None,
            timeout=30,
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text("utf-8")
    finally:
        kill_tree(process)

    assert log.read_text("utf-8").count("fetches") == processes


def test_builds_of_the_same_commit_are_identical(tmp_path):
    """Of two checkouts with other times and permissions, as on two machines."""
    digests = []
    for number, mode in enumerate((0o644, 0o664)):
        checkout, built = tmp_path / str(number), tmp_path / f"built-{number}"
        archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in archive.split("\0")[:-1]:
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, checkout / name)
            (checkout / name).chmod(mode)
            os.utime(checkout / name, (number * 10**9, number * 10**9))
        command: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--directory", built]
        environ = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        subprocess.run(command, cwd=checkout, env=environ, check=True, capture_output=True, timeout=60)
        digests.append({file.name: sha256(file.read_bytes()).hexdigest() for file in built.iterdir()})

    assert len(digests[0]) == 2
    assert digests[0] == digests[1]


def test_wheel_contains_templates_examples_and_plugin(bin_folder, environ, tmp_path):
    for command in ("templates", "examples", "modeler-plugin"):
        subprocess.run([bin_folder / "catalyst-groq", command, "--to", tmp_path], env=environ, check=True, timeout=60)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"groq.element.json", "groq-example.bpmn", "groq-example-review.form"} <= names
    assert (tmp_path / "bpmnlint-plugin-catalyst-groq" / "client" / "client.bundle.js").exists()
