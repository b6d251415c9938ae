"""The server of a run's page: only for this machine, made anew when the run has gone on."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from dynpat.errors import BadOptionError, BadRunError, OutputError
from dynpat.tasks.serve import HOST, PageServer


@pytest.fixture
def serve() -> Iterator[Callable[[Path], PageServer]]:
    """Serve the page of a run until the test ends, at a free port."""
    servers: list[PageServer] = []

    def start(run: Path) -> PageServer:
        server = PageServer(run)
        servers.append(server)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def asked(
    server: PageServer, path: str = "/", host: str = "", method: str = "GET"
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=60)
    connection.request(method, path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), dict(answer.getheaders())
    connection.close()
    return found


def test_the_page_is_that_of_the_run_and_asks_for_changes(
    serve: Callable[[Path], PageServer], learned: Path
) -> None:
    server = serve(learned)
    assert server.address == f"http://127.0.0.1:{server.server_port}/"
    status, page, headers = asked(server)
    assert status == 200 and "<h1>learned</h1>" in page and "synthesised 000" in page
    (stamp,) = re.findall(r'stamp !== "(.*?)"', page)
    assert asked(server, "/stamp")[1] == stamp
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_a_run_that_learns_is_followed(
    serve: Callable[[Path], PageServer], learned: Path
) -> None:
    """First only its config is there, then a preview, then the result."""
    ended = Path(shutil.copytree(learned, learned.parent / "ended"))
    for path in learned.iterdir():
        if path.name != "config.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    server, stamps = serve(learned), []
    for names, words in (
        ((), "A run of dynpat learn"), (("preview.gif", "log.jsonl"), "made so far"),
        (("samples", "observed.gif", "metrics.json"), "synthesised 000"),
    ):
        for name in names:
            one = ended / name
            copy = shutil.copytree if one.is_dir() else shutil.copy2
            copy(one, learned / name)
        status, page, _ = asked(server)
        assert status == 200 and words in page
        stamps.append(asked(server, "/stamp")[1])
    assert len(set(stamps)) == 3
    assert not (learned / "report.html").exists()


def test_an_unchanged_page_is_made_once(
    serve: Callable[[Path], PageServer], learned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dynpat.tasks.serve as module

    made: list[str] = []
    real = module.page_of_run
    monkeypatch.setattr(module, "page_of_run", lambda run, s: made.append(s) or real(run, s))
    server = serve(learned)
    assert asked(server)[1] == asked(server)[1] and len(made) == 1
    os.utime(learned / "preview.gif", ns=(1, 1))
    asked(server)
    assert len(made) == 2


@pytest.mark.parametrize(("path", "host", "status"), [
    ("/config.json", "", 404), ("/../../etc/hosts", "", 404), ("/", "evil.example", 403),
    ("/stamp", "evil.example:8646", 403), ("/stamp", "localhost:1", 200),
])
def test_nothing_else_is_served_and_to_no_other_site(
    serve: Callable[[Path], PageServer], learned: Path, path: str, host: str, status: int
) -> None:
    server = serve(learned)
    assert asked(server, path, host)[0] == status
    assert asked(server, method="POST")[0] == 501


def test_damage_is_a_sentence_and_the_next_look_works(
    serve: Callable[[Path], PageServer], learned: Path
) -> None:
    server = serve(learned)
    whole = (learned / "metrics.json").read_bytes()
    (learned / "metrics.json").write_bytes(b"{<script>")
    status, page, _ = asked(server)
    assert status == 500 and "metrics.json" in page and "<script>" not in page
    (learned / "metrics.json").write_bytes(whole)
    assert asked(server)[0] == 200


def test_bad_folders_and_ports_are_refused(learned: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRunError, match="not a run folder"):
        PageServer(tmp_path)
    with pytest.raises(BadOptionError, match="lie in 1"):
        PageServer(learned, 0)
    with PageServer(learned) as server:
        assert server.server_address[0] == "127.0.0.1"
        with pytest.raises(OutputError, match=f"Port {server.server_port} cannot be used"):
            PageServer(learned, server.server_port)
        with PageServer(learned) as other:  # the usual port may be taken: another one does it
            assert other.server_port != server.server_port


def test_the_command_names_its_address_and_ends_at_ctrl_c(learned: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dynpat_cli", "report", str(learned), "--serve"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert process.stdout is not None
    port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", process.stdout.readline())[1])  # type: ignore[index]
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("GET", "/stamp")
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "No longer served." in process.communicate()[1]


def test_a_port_needs_a_server(refused: Callable[..., str], learned: Path) -> None:
    assert "--port needs --serve" in refused("report", learned, "--port", 8000)
    assert "not a run folder" in refused("report", learned.parent, "--serve")
