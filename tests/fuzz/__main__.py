"""`python tests/fuzz [--seconds 60] [--seed N]`: fuzz every decoder; `--replay FILE` tries a stored case again."""

import argparse
import sys
from pathlib import Path
from secrets import randbits

from fuzzing import fuzz, replay
from targets import targets


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="where failing cases are written")
    parser.add_argument("--replay", type=Path, metavar="FILE")
    options = parser.parse_args()
    seed = randbits(32) if options.seed is None else options.seed
    if options.replay:
        report = replay(targets(), options.replay)
    else:
        report = fuzz(targets(), options.seconds, seed, options.folder)
    print(report)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
