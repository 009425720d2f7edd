from __future__ import annotations

import argparse
import sys

from tests.standins import StandInError, ensure_images, ensure_plugins
from tests.standins.command import require_engine
from tests.standins.images import chosen, state


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.standins", description="Base images for the engine tests."
    )
    parser.add_argument("tags", nargs="*", help="only these images (default: all)")
    parser.add_argument("--list", action="store_true", help="show what the engine has, and make nothing")
    options = parser.parse_args(arguments)
    try:
        if options.list:
            show(tuple(options.tags))
        else:
            prepare(tuple(options.tags))
    except (StandInError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def prepare(tags: tuple[str, ...]) -> None:
    require_engine()
    for plugin in ensure_plugins():
        print(f"installed docker {plugin}", flush=True)
    ensure_images(*tags, report=lambda line: print(line, flush=True))
    show(tags)


def show(tags: tuple[str, ...]) -> None:
    require_engine()
    for image in chosen(tags):
        print(f"{state(image):9} {image.tag}")


if __name__ == "__main__":
    sys.exit(main())
