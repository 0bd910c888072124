"""Runs the AI queue over a worklist until it is done, or killed: ``python ai_queue_child.py DATABASE``."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

from mammoview.session.reading.ai_queue import AiProgress, AiQueue
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.worklist import open_worklist

if __name__ == "__main__":
    done = threading.Event()
    worklist, _ = open_worklist(Path(sys.argv[1]))
    session = Session(replace(Settings(), analyse_on_open=False, decode_workers=1), engine="fake_children:engine")

    def on_report(progress: AiProgress) -> None:
        print(progress.done, flush=True)
        if progress.done and not progress.is_running:
            done.set()

    queue = AiQueue(worklist, session, on_report)
    queue.start()
    done.wait(60)
    queue.close()
    session.close()
    worklist.close()
