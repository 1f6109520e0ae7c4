"""Fuzz one target for some seconds: `python -m tests.fuzz letter --seconds 600`.

Needs atheris (`pip install atheris`). Seeds are what a corpus of real mail holds
(LETTERBOX_CORPUS) and what earlier runs found worth keeping. An input that takes
longer than a few seconds is a finding too: every reader is linear. Ends with 1 at the
first finding and leaves the input beside the seeds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

SECONDS_FOR_ONE = 5
LONGEST_INPUT = 64 * 1024
MOST_SEEDS = 1500


def main() -> None:
    """Instrument what is ours, and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    try:
        import atheris  # noqa: PLC0415
    except ImportError:
        sys.exit("Fuzzing needs atheris: pip install atheris.")
    with atheris.instrument_imports(include=["letterbox"]):
        from tests.fuzz.targets import BY_NAME  # noqa: PLC0415
    if options.target not in BY_NAME:
        sys.exit(f"No such target: {options.target}. There are {', '.join(BY_NAME)}.")
    target = BY_NAME[options.target]
    seeds = Path(tempfile.mkdtemp(prefix="letterbox-fuzz-"))
    _collect_seeds(seeds, target.suffixes)
    atheris.Setup(
        [
            sys.argv[0],
            str(seeds),
            f"-max_total_time={options.seconds}",
            f"-max_len={LONGEST_INPUT}",
            f"-timeout={SECONDS_FOR_ONE}",
            f"-artifact_prefix={options.findings}/{target.name}-",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ],
        target.run,
    )
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(seeds, ignore_errors=True)


def _collect_seeds(folder: Path, suffixes: tuple[str, ...]) -> None:
    corpus = Path(
        os.environ.get("LETTERBOX_CORPUS", Path(__file__).parents[3] / "shared/corpus")
    )
    known = (path for path in sorted(corpus.rglob("*")) if path.suffix in suffixes)
    small = [path for path in known if path.stat().st_size <= LONGEST_INPUT]
    for number, path in enumerate(small[:MOST_SEEDS]):
        shutil.copy(path, folder / f"{number}{path.suffix}")


if __name__ == "__main__":
    main()
