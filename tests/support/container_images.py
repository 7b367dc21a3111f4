"""The images: pulled from the registries where possible, else built from Debian's packages and the sandbox."""

import json
import re
import shutil
from pathlib import Path

from catalyst_groq.sandbox.engine import Flavour
from catalyst_groq.sandbox.engine.databases import parse_database
from catalyst_groq.sandbox.engine.flavours import application_properties
from catalyst_groq.sandbox.engine.jars import install
from catalyst_groq.sandbox.engine.java import JVM_FLAGS, MAIN_CLASS, Java
from catalyst_groq.sandbox.progress import OnProgress, Phase
from support.podman import Podman

ROOT = Path(__file__).parents[2]
WORKER = "catalyst-groq-worker"
BASE = re.compile(r"^ARG PYTHON=(?P<tag>(?P<python>[\d.]+)-slim-(?P<debian>\w+))$", re.MULTILINE)
IN_THE_BASE = "python3,python3-pip,ca-certificates,netbase,tzdata"
# What the official image of Python has and Debian's has not: `python`, and leave to install.
LIKE_THE_OFFICIAL = (
    'ln -s ../../bin/python3 "$1/usr/local/bin/python"; rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED; '
    'rm -rf "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale'
)
# The official image is an Alpine with Java: its wget is Busybox's.
ENGINE = """\
FROM {base}
RUN apt-get update -qq && apt-get install -qq --no-install-recommends busybox
RUN ln -s ../../bin/busybox /usr/local/bin/wget
COPY java /opt/java
COPY jars /opt/jars
WORKDIR /engine
COPY application.yaml ./
CMD {command}
"""
REDIS = """\
FROM {base}
RUN apt-get update -qq && apt-get install -qq --no-install-recommends redis-server
WORKDIR /data
"""


def base_image(podman: Podman, on_progress: OnProgress) -> str:
    """Have the Dockerfile's base image; returns its name."""
    found = BASE.search((ROOT / "Dockerfile").read_text())
    assert found, "the Dockerfile names no base image"
    image = f"docker.io/library/python:{found['tag']}"
    on_progress(Phase(f"Pulling {image}"))
    if not podman.has(image):
        on_progress(Phase(f"It cannot be pulled: building it from Debian {found['debian']}'s packages"))
        _debian_with_python(podman, image, found["debian"])
    return image


def _debian_with_python(podman: Podman, image: str, suite: str) -> None:
    archive = podman.folder / "base.tar"
    made = podman.run([
        "mmdebstrap", "--quiet", "--variant=apt", f"--include={IN_THE_BASE}",
        "--aptopt=APT::Install-Recommends false", f"--customize-hook={LIKE_THE_OFFICIAL}", suite, str(archive),
    ])  # fmt: skip
    assert made.returncode == 0, made.stderr[-4000:]
    podman("import", "--change", "CMD=python3", str(archive), image)
    archive.unlink()


def worker_image(podman: Podman, on_progress: OnProgress) -> str:
    """Build the worker's image as the Dockerfile says; returns its name."""
    on_progress(Phase(f"Building {WORKER}"))
    podman.build(WORKER, ROOT)
    return WORKER


def engine_image(podman: Podman, image: str, base: str, on_progress: OnProgress) -> None:
    """Have the engine's image that docker-compose.yml names."""
    on_progress(Phase(f"Pulling {image}"))
    if not podman.has(image):
        on_progress(Phase("It cannot be pulled: building it from the sandbox's engine"))
        context = podman.folder / "engine"
        _engine_context(context, base)
        podman.build(image, context)
        shutil.rmtree(context)


def redis_image(podman: Podman, image: str, base: str, on_progress: OnProgress) -> None:
    """Have the image of Redis that docker-compose.yml names."""
    on_progress(Phase(f"Pulling {image}"))
    if not podman.has(image):
        on_progress(Phase("It cannot be pulled: building it from Debian's package"))
        context = podman.folder / "redis"
        context.mkdir()
        (context / "Dockerfile").write_text(REDIS.format(base=base))
        podman.build(image, context)
        shutil.rmtree(context)


def _engine_context(context: Path, base: str) -> None:
    """Lay out what the sandbox starts an engine with, listening on all of the container's addresses."""
    java = Java.find()
    jars = context / "jars"
    jars.mkdir(parents=True)
    for jar in install(Flavour.CAMUNDA):
        shutil.copy(jar, jars)
    shutil.copytree(java.program.parents[1], context / "java", symlinks=True)
    settings = application_properties(Flavour.CAMUNDA, 8080, parse_database(None)) | {"server.address": "0.0.0.0"}  # noqa: S104 -- in a container
    (context / "application.yaml").write_text(json.dumps(settings))
    command = ["/opt/java/bin/java", *JVM_FLAGS, "-classpath", "/opt/jars/*", MAIN_CLASS]
    (context / "Dockerfile").write_text(ENGINE.format(base=base, command=json.dumps(command)))
