"""One process of the lake: says when it is ready and ends when its supervisor does."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from .layout import Layout, write_private


class Service:
    """The life of this process under the supervisor.

    The supervisor holds the other end of our standard input: its end of file means that the
    supervisor is gone, however it ended, so no process of the lake is ever left behind.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.layout = Layout(Path(sys.argv[1]))
        state = self.layout.load()
        if state is None:
            raise SystemExit(f"There is no lake in {self.layout.directory}")
        self.state = state
        self.port = state.ports.get(name, 0)
        logging.basicConfig(
            level=logging.WARNING,
            stream=sys.stderr,
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )
        signal.signal(signal.SIGTERM, _interrupt)
        end_with_parent()

    def ready(self) -> None:
        """Tell the supervisor that this service answers."""
        write_private(self.layout.ready_file(self.name), str(os.getpid()))

    def run(self, serve: Callable[[], None], stop: Callable[[], None]) -> None:
        """Serve until SIGTERM, then stop in good order."""
        try:
            serve()
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            stop()


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def end_with_parent() -> None:
    """End this process by SIGTERM as soon as the supervisor is gone."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
