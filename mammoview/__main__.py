"""``python -m mammoview``: the same program as the command ``mammoview``."""

from __future__ import annotations

from mammoview.cli.app import main

if __name__ == "__main__":
    main()
