"""`python -m dashboards` writes the boards as JSON; with `--check` it says which files are stale and writes nothing."""

import argparse
import sys
from pathlib import Path

from dashboards.files import FOLDER, stale, write


def main(arguments: list[str]) -> int:
    """How the process ends."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files are")
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.folder)
        return 0
    names = list(stale(options.folder))
    for name in names:
        sys.stderr.write(f"{options.folder / name} is stale: run python -m dashboards\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
