"""A bare Debian image from Debian's own packages, for engines that can pull nothing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.standins.command import apt_install, run
from tests.standins.errors import BuildFailed

# Behind a proxy that opens TLS, containers reach the package registries only with the machine's own bundle.
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
# As in the official images: the start scripts of installed packages do not start a server during a build.
NO_SERVICES = "#!/bin/sh\nexit 101\n"


def build_debian(suite: str, tag: str, label: str) -> None:
    """Bootstrap a Debian suite and import it into the engine. Needs root on Debian."""
    if shutil.which("debootstrap") is None:
        apt_install("debootstrap")
    with tempfile.TemporaryDirectory(prefix="standin-") as scratch:
        root = Path(scratch) / suite
        run("debootstrap", "--variant=minbase", "--include=ca-certificates", suite, root)
        _finish(root)
        _import(root, tag, label)


def _finish(root: Path) -> None:
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text(NO_SERVICES)
    policy.chmod(0o755)
    if CA_BUNDLE.exists():
        shutil.copyfile(CA_BUNDLE, root / CA_BUNDLE.relative_to("/"))
    for leftover in (*root.glob("var/cache/apt/archives/*.deb"), *root.glob("var/lib/apt/lists/*_*")):
        leftover.unlink()


def _import(root: Path, tag: str, label: str) -> None:
    settings = [f"ENV {name}={CA_BUNDLE}" for name in CA_VARIABLES if CA_BUNDLE.exists()]
    changes = [f"--change={line}" for line in (*settings, f"LABEL {label}", 'CMD ["bash"]')]
    with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as archive:
        run("docker", "import", *changes, "-", tag, stdin=archive.stdout)
    if archive.returncode:
        raise BuildFailed(f"tar of {root} ended with {archive.returncode}")
