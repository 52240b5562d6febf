"""A server of raw bytes on loopback, for the tests of wires: it reads a request and does what the test says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["RawServer", "answering", "no_listener", "raw_server", "self_signed"]

Serve = Callable[[socket.socket, bytes], bool | None]
"""Does something about one request; False ends the connection."""


def answering(body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> bytes:
    """Return an answer of HTTP/1.1 as bytes; ``headers`` are whole lines."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


class RawServer:
    """Keeps the requests in ``requests`` and counts connections in ``accepted``."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None) -> None:
        self.requests: list[bytes] = []
        self.accepted = 0
        self._serve, self._tls = serve, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="raw server")]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Close all connections."""
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(sock)
            self._threads.append(thread := threading.Thread(target=self._talk, args=(sock,), name="raw connection"))
            thread.start()

    def _talk(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            while (request := _read_request(sock)) and self._note(request) and self._serve(sock, request) is not False:
                pass
            if self._tls is not None:
                sock.close()

    def _note(self, request: bytes) -> bool:
        self.requests.append(request)
        return True


def _read_request(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := sock.recv(65_536)):
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    size = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < size and (part := sock.recv(65_536)):
        body += part
    return head + b"\r\n\r\n" + body


@contextmanager
def raw_server(serve: Serve | bytes, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Serve until the end of the block: always the same bytes, or what the function does."""
    if isinstance(serve, bytes):
        always = serve
        serve = lambda sock, _: sock.sendall(always)  # noqa: E731
    server = RawServer(serve, tls)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def no_listener() -> Iterator[int]:
    """Give a port of loopback that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def self_signed(folder: str, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate for these names, and a client's that trusts it."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    said = [x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).add_extension(x509.SubjectAlternativeName(said), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = f"{folder}/both.pem"
    with open(file, "wb") as out:
        out.write(pem + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
        ))  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())
