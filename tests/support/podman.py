"""Podman with a storage, networks and settings of its own: nothing of the machine's containers is seen or touched."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("podman", "buildah", "runc", "iptables", "mmdebstrap")
HELPERS = ("netavark", "aardvark-dns")
HELPER_FOLDERS = ("/usr/lib/podman", "/usr/libexec/podman")
BIN = Path(sys.executable).parent
LONGEST_COMMAND = 300.0
"""Seconds."""

# Works without systemd, in a machine that has only plain control groups.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{folder}/tmp"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""
STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""


def missing() -> str:
    """Say what this machine lacks for containers, and what to do about it; empty when nothing is."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "This test runs containers of its own, which takes root on Linux (a Debian, for the base images)."
    lacking = [program for program in PROGRAMS if not shutil.which(program)]
    lacking += [helper for helper in HELPERS if not any((Path(folder) / helper).exists() for folder in HELPER_FOLDERS)]
    return f"Missing: apt-get install --no-install-recommends {' '.join(lacking)}" if lacking else ""


class Podman:
    """Runs `podman`, `buildah` and `podman-compose` on a storage of their own in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in (("containers.conf", CONTAINERS_CONF), ("storage.conf", STORAGE_CONF)):
            (folder / name).write_text(text.format(folder=folder))
        self._environ = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """Run `podman` and return what it prints; raises `AssertionError` with its complaint when it fails."""
        ended = self.run(["podman", *arguments])
        assert not check or ended.returncode == 0, f"podman {' '.join(arguments)}\n{ended.stdout}{ended.stderr}"
        return ended.stdout.strip()

    def run(
        self, command: Sequence[str], *, folder: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this storage."""
        environ = {**self._environ, **(environ or {})}
        return subprocess.run(
            command, cwd=folder, env=environ, text=True, capture_output=True, timeout=LONGEST_COMMAND, check=False
        )

    def build(self, tag: str, context: Path) -> None:
        """Build an image; the machine's certificates are mounted into the build, for a network that needs them."""
        ended = self.run([
            "buildah", "bud", "--isolation", "chroot", "--pull-never", "--network", "host", "--format", "docker",
            "--volume", "/etc/ssl/certs:/etc/ssl/certs:ro", "--tag", tag, str(context),
        ])  # fmt: skip
        assert ended.returncode == 0, f"building {tag}\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}"

    def has(self, image: str) -> bool:
        """Whether an image is in the storage, or can be pulled into it."""
        return self.run(["podman", "image", "exists", image]).returncode == 0 or self._pulled(image)

    def _pulled(self, image: str) -> bool:
        return self.run(["podman", "pull", "--quiet", image]).returncode == 0


@contextmanager
def own_podman(folder: Path) -> Iterator[Podman]:
    """Provide a Podman with its own storage in an empty folder; leaving removes its containers and the folder."""
    podman = Podman(folder)
    try:
        yield podman
    finally:
        podman("rm", "--all", "--force", "--time", "0", check=False)
        podman("network", "prune", "--force", check=False)
        podman("rmi", "--all", "--force", check=False)
        podman.run(["umount", str(folder / "storage" / "overlay")])
        shutil.rmtree(folder, ignore_errors=True)
