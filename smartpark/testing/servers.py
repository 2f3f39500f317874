"""Loopback servers that stand in for a webhook's receiver and for a mail server."""

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


@dataclass
class Received:
    """One request that the web server took.

    Attributes:
        path: what was asked for.
        headers: by name in lower case.
        body: as it came.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class WebServer:
    """A receiver of webhooks.

    Attributes:
        url: where it listens.
        answers: statuses to give, in order; 204 once they are used up.
        received: what came, in order.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)


@dataclass
class MailServer:
    """A mail server that keeps what it is handed.

    Attributes:
        port: where it listens on 127.0.0.1.
        tls: offers STARTTLS with this context; None offers none.
        refuses: answers every recipient with a refusal.
        log_ins: the arguments of each AUTH command.
        mails: what came, in order.
        was_encrypted: for each mail, whether it came over TLS.
    """

    port: int = 0
    tls: ssl.SSLContext | None = None
    refuses: bool = False
    log_ins: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)


@contextmanager
def web_server(*answers: int) -> Iterator[WebServer]:
    """Run a receiver of webhooks that gives these statuses."""
    state = WebServer(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.received.append(Received(self.path, headers, self.rfile.read(length)))
            status = state.answers.pop(0) if state.answers else 204
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", f"{state.url}moved")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the parent's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/"
    with _serving(server):
        yield state


@contextmanager
def mail_server(
    *, tls: ssl.SSLContext | None = None, refuses: bool = False
) -> Iterator[MailServer]:
    """Run a mail server that keeps what it is handed."""
    state = MailServer(tls=tls, refuses=refuses)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _Conversation(self, state).hold()

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    state.port = cast(tuple[str, int], server.server_address)[1]
    with _serving(server):
        yield state


class _Conversation:
    """As much of RFC 5321 as `smtplib` speaks."""

    def __init__(self, handler: socketserver.StreamRequestHandler, state: MailServer) -> None:
        self._state = state
        self._connection = handler.connection
        self._lines = handler.rfile
        self._encrypted = False

    def hold(self) -> None:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            self._talk()
        self._lines.close()
        self._connection.close()

    def _talk(self) -> None:
        self._say("220 ready")
        for raw in iter(self._read, b""):
            line = raw.decode().strip()
            verb = line.split(" ")[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._answer(verb, line)

    def _answer(self, verb: str, line: str) -> None:
        if verb in ("EHLO", "HELO"):
            offers_tls = self._state.tls is not None and not self._encrypted
            offers = ["AUTH PLAIN", *(["STARTTLS"] if offers_tls else [])]
            self._say("\r\n".join(["250-here", *(f"250-{o}" for o in offers), "250 8BITMIME"]))
        elif verb == "STARTTLS":
            self._encrypt()
        elif verb == "AUTH":
            self._state.log_ins.append(line)
            self._say("235 welcome")
        elif verb == "DATA":
            self._take_mail()
        elif verb == "RCPT" and self._state.refuses:
            self._say("550 nobody here")
        else:
            self._say("250 fine")

    def _encrypt(self) -> None:
        self._say("220 go on")
        assert self._state.tls is not None  # noqa: S101 - only offered where it is set
        self._connection = self._state.tls.wrap_socket(self._connection, server_side=True)
        self._lines = self._connection.makefile("rb")
        self._encrypted = True

    def _take_mail(self) -> None:
        self._say("354 go on")
        lines = [
            line[1:] if line.startswith(b"..") else line for line in iter(self._read, b".\r\n")
        ]
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        self._state.mails.append(mail)
        self._state.was_encrypted.append(self._encrypted)
        self._say("250 kept")

    def _say(self, line: str) -> None:
        self._connection.sendall(f"{line}\r\n".encode())

    def _read(self) -> bytes:
        return self._lines.readline()


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
