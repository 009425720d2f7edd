from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.standins.catalogue import IMAGES, DebianBase, StandIn
from tests.standins.command import is_root_on_debian, require_engine, run
from tests.standins.debian import build_debian
from tests.standins.errors import CannotBePrepared
from tests.standins.plugins import ensure_plugins
from tests.standins.recipe import RECIPES, recipe_hash
from tests.standins.registry import Registry

LABEL = "standin"


def ensure_images(*tags: str, report: Callable[[str], object] = print) -> None:
    """Make sure that the engine has the base images of these tags (all of the output's, if none is named).

    :param report: called with a line for each thing made.
    :raises EngineMissing: no engine answers.
    :raises CannotBePrepared: an image is absent, no registry answers and this is not root on Debian.
    """
    require_engine()
    registry = Registry()
    with _one_session_at_a_time():
        for image in chosen(tags):
            if state(image) in ("missing", "outdated"):
                _obtain(image, registry, report)


def chosen(tags: tuple[str, ...]) -> list[StandIn]:
    known = {image.tag: image for image in IMAGES}
    unknown = [tag for tag in tags if tag not in known]
    if unknown:
        raise ValueError(f"no recipe for {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[tag] for tag in tags] if tags else list(IMAGES)


def state(image: StandIn | DebianBase) -> str:
    """`missing`, `pulled`, `stand-in`, or `outdated`: a stand-in of an older recipe."""
    found = run("docker", "image", "inspect", "--format", "{{json .Config.Labels}}", image.tag, check=False)
    if found.returncode:
        return "missing"
    label = (json.loads(found.stdout) or {}).get(LABEL)
    if label is None:
        return "pulled"
    return "stand-in" if label == recipe_hash(image) else "outdated"


def _obtain(image: StandIn, registry: Registry, report: Callable[[str], object]) -> None:
    if registry.pull(image.tag):
        report(f"pulled {image.tag}")
        return
    if not is_root_on_debian():
        raise CannotBePrepared(
            f"image {image.tag} is not there, it cannot be pulled ({registry.failure}), "
            "and a stand-in can be built only by root on Debian"
        )
    ensure_plugins()
    _build(image, report)


def _build(image: StandIn | DebianBase, report: Callable[[str], object]) -> None:
    """Build an image, and before it whatever of its bases is missing or outdated."""
    label = f"{LABEL}={recipe_hash(image)}"
    if isinstance(image, DebianBase):
        report(f"building {image.tag} (half a minute)")
        build_debian(image.suite, image.tag, label)
        return
    if state(image.base) in ("missing", "outdated"):
        _build(image.base, report)
    report(f"building a stand-in for {image.tag}")
    arguments = {"BASE": image.base.tag, **image.arguments}
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    # A builder other than the engine's own would not see the base, which no registry has.
    run(
        *("docker", "buildx", "build", "--builder=default", "--load", "--progress=plain"),
        *(f"--tag={image.tag}", f"--label={label}", *options, RECIPES / image.recipe),
    )


@contextmanager
def _one_session_at_a_time() -> Iterator[None]:
    """Two test sessions on one engine would build the same images twice."""
    with (Path(tempfile.gettempdir()) / "cookiecutter-stand-ins.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
