"""Print the figures: `make benchmark`, or `python -m benchmarks stack` for one of them."""

from __future__ import annotations

import argparse
import os
import platform

from benchmarks import first_run, stack

BENCHMARKS = {"first-run": first_run.main, "stack": stack.main}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=list(BENCHMARKS), metavar="|".join(BENCHMARKS))
    names = parser.parse_args().names
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    print(f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}")
    for name in names:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
