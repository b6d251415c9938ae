"""Show the page of a run in a browser while it learns: a server that only this machine reaches.

The page is made from the run folder alone, and the browser loads it anew when that has changed.
"""

from __future__ import annotations

from contextlib import suppress
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

from dynpat.config import require
from dynpat.errors import DynpatError, OutputError
from dynpat.runs.folder import Run
from dynpat.tasks.report import page_of_run

HOST = "127.0.0.1"  # loopback: no other machine reaches it
PORT = 8646  # usually; a free one if it is taken
# The page may load nothing, show what is in itself, and ask its own server whether it is old.
POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'"
)
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"


class PageServer(ThreadingHTTPServer):
    """Serves the page of one run on the loopback address.

    Parameters
    ----------
    folder : str or Path
        The run folder; another process may be learning into it.
    port : int or None
        The port, 1 to 65535; by default the usual one, or a free one if that is taken.

    Attributes
    ----------
    address : str
        The address for a browser.

    Raises
    ------
    BadRunError
        If the folder is no run.
    BadOptionError
        If the port is out of range.
    OutputError
        If the port is in use.
    """

    daemon_threads = True

    def __init__(self, folder: str | Path, port: int | None = None) -> None:
        require(port is None or 1 <= port <= 65535, "port", "lie in 1 … 65535", port,
                "Leave it out")
        self.run = Run.open(Path(folder))
        try:
            super().__init__((HOST, PORT if port is None else port), _Handler)
        except OSError as error:
            if port is not None:
                raise OutputError(
                    f"Port {port} cannot be used ({error.strerror}); give another --port, or none."
                ) from error
            super().__init__((HOST, 0), _Handler)
        self._lock = Lock()  # a page takes a second to make: never two at once
        self._made: tuple[str, str] = ("", "")

    @property
    def address(self) -> str:
        """The address for a browser."""
        return f"http://{HOST}:{self.server_port}/"

    def stamp(self) -> str:
        """Return what changes when a new preview or result is in the run folder."""
        run, times = self.run, []
        for path in (run.preview_file, run.observed_file, run.model_file, run.metrics_file,
                     run.report_file):
            with suppress(OSError):  # not there yet
                times.append(path.stat().st_mtime_ns)
        return "-".join(map(str, [len(times), *times]))

    def page(self) -> str:
        """Return the page of the run as it is now, as HTML.

        Raises
        ------
        BadRunError
            If a file of the run is damaged.
        """
        with self._lock:
            stamp = self.stamp()
            if self._made[0] != stamp:
                # A resumed run may have a new plan, so the folder is opened anew.
                self._made = stamp, page_of_run(Run.open(self.run.folder), stamp).render()
            return self._made[1]


class _Handler(BaseHTTPRequestHandler):
    """Answers a browser on this machine."""

    server: PageServer

    def do_GET(self) -> None:
        """Answer with the page or its stamp."""
        # A page of another site could name this address as its own (DNS rebinding).
        if self.headers.get("Host", "").rsplit(":", 1)[0] not in (HOST, "localhost"):
            self._answer(403, "This page is only for this machine.", TEXT)
        elif self.path == "/":
            self._page()
        elif self.path == "/stamp":
            self._answer(200, self.server.stamp(), TEXT)
        else:
            self._answer(404, "There is only the page /.", TEXT)

    def _page(self) -> None:
        try:
            self._answer(200, self.server.page(), HTML)
        except (DynpatError, OSError) as error:
            self._answer(500, f"<!doctype html><title>dynpat</title><p>{escape(str(error))}", HTML)

    def _answer(self, status: int, text: str, kind: str) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": kind, "Content-Length": str(len(data)), "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # the browser was closed
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""
