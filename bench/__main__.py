"""Run the measurements: `python -m bench [name …]`, or `make bench ONLY=name`.

Prints a table for people as each entry ends and, last, one line of JSON for each. Ends
with 1 when an entry could not run.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from bench import entries
from bench.result import CannotRun, Options, Result


def main(arguments: Sequence[str]) -> int:
    """Run the entries asked for, or all; return the exit code."""
    known = names()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(known)}")
    parser.add_argument("--seed", type=int, default=1, help="for generated input")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="0.01 does a hundredth of the work"
    )
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.names) - set(known))
    if unknown:
        parser.error(f"there is no {unknown[0]}; choose of: {', '.join(known)}")
    options = Options(seed=asked.seed, scale=asked.scale, corpus=corpus_folder())
    results = [run(name, options) for name in asked.names or known]
    done = [result for result in results if result is not None]
    for result in done:
        print(result.as_json())
    return 0 if len(done) == len(results) else 1


def names() -> list[str]:
    """All entries, by the names of their modules."""
    found = pkgutil.iter_modules(entries.__path__)
    return sorted(module.name.replace("_", "-") for module in found)


def run(name: str, options: Options) -> Result | None:
    """Run one entry and print its table; None where it cannot run here."""
    print(f"\n{name}", flush=True)
    module = importlib.import_module(f"bench.entries.{name.replace('-', '_')}")
    if name != module.NAME:
        raise ValueError(f"{module.__name__} calls itself {module.NAME}.")
    try:
        result = cast("Result", module.run(options))
    except CannotRun as reason:
        print(f"cannot run: {reason}", flush=True)
        return None
    print(result.as_table(), flush=True)
    return result


def corpus_folder() -> Path:
    """The folder of real mail: CORPUS, LETTERBOX_CORPUS, or beside the project."""
    chosen = os.environ.get("CORPUS") or os.environ.get("LETTERBOX_CORPUS")
    beside = Path(__file__).parents[2] / "shared" / "corpus"
    return Path(chosen) if chosen else beside


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
