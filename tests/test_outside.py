"""Documents of other servers: over https, to the end, and never more than is bearable."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from capto.outside import read_outside


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://feeds.example/")
            self.end_headers()
            return
        if self.path == "/nonsense":
            self.wfile.write(b"no status line\r\n\r\n")
            return
        self.send_response(200 if self.path != "/missing" else 404)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers['User-Agent']} {self.headers['X-Own']}".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_document_is_read_under_our_own_name(address: str) -> None:
    read = read_outside(f"{address}/a", headers={"X-Own": "yes"}).decode()
    assert read.startswith("/a capto (http") and read.endswith(" yes")


@pytest.mark.parametrize(
    "wrong", ["http://feeds.example/", "file:///etc/passwd", "ftp://localhost/a", "feed"]
)
def test_what_is_not_https_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="https"):
        read_outside(wrong)


def test_a_redirection_away_from_https_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="https"):
        read_outside(f"{address}/away")


def test_a_document_that_is_too_long_is_not_read(address: str) -> None:
    with pytest.raises(ValueError, match="more than 5 bytes"):
        read_outside(f"{address}/long", most_bytes=5)


@pytest.mark.parametrize("path", ["/missing", "/nonsense"])
def test_a_server_without_success_is_an_os_error(address: str, path: str) -> None:
    with pytest.raises(OSError):
        read_outside(address + path)


def test_nobody_there_is_an_os_error() -> None:
    with pytest.raises(OSError):
        read_outside("http://127.0.0.1:9/")
