"""How an attempt starts: what earlier tries left, and what to do about it. Decides; nothing here acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from launcher.backends.base import Found
from launcher.owner import Owner
from launcher.spec import LABEL

Verb = Literal["stop", "remove", "wait", "adopt", "harvest", "create"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A container of this task instance.

    :param owner: the try that it belongs to
    :param stopping: that try has asked it to stop
    """

    found: Found
    owner: Owner
    stopping: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do; `why` is for the log.

    stop       end it and wait for the end
    remove     remove what does not run
    wait       it is being stopped: wait for the end, then look again
    adopt      it runs: take it over, show its log, wait for it
    harvest    it has ended well: take its result
    create     start a new one
    """

    verb: Verb
    handle: str = ""
    why: str = ""


def decide(candidates: Sequence[Candidate], *, spec_hash: str, generation: int) -> tuple[Step, ...]:
    """What to do with what was found, in order.

    The last step is create, adopt, harvest, or wait, after which one looks and decides again.
    """
    stopping = [one for one in candidates if one.found.running and one.stopping]
    if stopping:
        return tuple(
            Step(verb="wait", handle=one.found.handle, why=f"{_of(one)} is being stopped") for one in stopping
        )
    usable = _newest([one for one in candidates if _can_adopt(one, spec_hash)])
    verb: Verb = "adopt"
    if usable is None:
        verb = "harvest"
        usable = _newest([one for one in candidates if _can_harvest(one, spec_hash, generation)])
    clearing = [
        step for one in candidates if one is not usable for step in _clear(one, spec_hash, generation, usable)
    ]
    if usable is None:
        return (*clearing, Step(verb="create"))
    end = "still runs" if verb == "adopt" else "has ended well"
    return (*clearing, Step(verb=verb, handle=usable.found.handle, why=f"{_of(usable)} {end}"))


def _can_adopt(one: Candidate, spec_hash: str) -> bool:
    return one.found.running and one.found.labels.get(LABEL + "spec-hash") == spec_hash


def _can_harvest(one: Candidate, spec_hash: str, generation: int) -> bool:
    labels = one.found.labels
    return (
        one.found.state == "ended"
        and one.found.exit_code == 0
        # It was stopped on request, whatever its exit code says.
        and not one.stopping
        and labels.get(LABEL + "spec-hash") == spec_hash
        and labels.get(LABEL + "generation") == str(generation)
    )


def _clear(one: Candidate, spec_hash: str, generation: int, usable: Candidate | None) -> list[Step]:
    handle, why = one.found.handle, f"{_of(one)} {_end(one, spec_hash, generation, usable)}"
    if one.found.running:
        return [Step(verb="stop", handle=handle, why=why), Step(verb="remove", handle=handle)]
    return [Step(verb="remove", handle=handle, why=why)]


def _end(one: Candidate, spec_hash: str, generation: int, usable: Candidate | None) -> str:
    found = one.found
    if found.state == "created":
        return "was never started"
    other = found.labels.get(LABEL + "spec-hash") != spec_hash
    if found.running:
        return "runs something else by now (image, command or inputs)" if other else "is one too many"
    if found.exit_code != 0:
        code = "nobody knows which exit code" if found.exit_code is None else f"exit code {found.exit_code}"
        return f"ended with {code}"
    if usable is not None:
        return "is one too many"
    if other:
        return "ran something else (image, command or inputs)"
    if found.labels.get(LABEL + "generation") != str(generation):
        return "ended before the task was cleared"
    return "was stopped on request"


def _newest(candidates: Sequence[Candidate]) -> Candidate | None:
    return max(candidates, key=lambda one: one.found.created, default=None)


def _of(one: Candidate) -> str:
    return f"that of try {one.owner.try_number}" if one.owner.try_number else "one that nobody owns"
