"""``make bench``: print every speed figure, one bench after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

#: The benches of speed. Those of accuracy (suppression, rois, packages, trust) take long and are run by name.
BENCHES = (
    "display",
    "startup",
    "worklist",
    "reading",
    "listing",
    "analyze",
    "heartbeat",
    "networks",
    "training",
    "accelerator",
)


def main() -> int:
    """Run them all; the exit code is 1 when one of them broke, not when a bar was missed."""
    broken = 0
    for name in BENCHES:
        print(f"\n== {name}", flush=True)
        broken += bool(subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode)
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
