"""An HTTP stand-in: routes on one loopback port, and beside them, under `/_sandbox/`, the controls for tests and demos.

Controls that every service has (JSON in and out):

    GET    /_sandbox/requests    the log of requests: method, path, query, headers, body (text), status, at_s
    DELETE /_sandbox/requests    empty the log
    GET    /_sandbox/faults      the faults still planned
    POST   /_sandbox/faults      plan a fault (`sandbox.http.faults.Fault`)
    DELETE /_sandbox/faults      forget them
    POST   /_sandbox/change      change the service's data as its `change` describes; answers what was changed
    GET    /_sandbox/stored      what the service holds, as its `stored` describes
"""

from __future__ import annotations

import itertools
import logging
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.http.faults import Fault, Faults
from sandbox.http.messages import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.tds.certificate import Certificate

logger = logging.getLogger(__name__)

LOG_REQUESTS = 10_000  # the newest are kept: a long demo must not grow without bound


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path of literal and `{named}` segments, and the function that answers.

    The function is called with the request and the decoded named segments as keyword arguments.
    """

    method: str
    path: str
    answer: Callable[..., Answer]

    def match(self, request: Request) -> dict[str, str] | None:
        """The named segments, decoded, if the request is for this route."""
        wanted, given = self.path.strip("/").split("/"), request.path.strip("/").split("/")
        if request.method != self.method or len(wanted) != len(given):
            return None
        named = {}
        for want, got in zip(wanted, given, strict=True):
            if want.startswith("{"):
                named[want[1:-1]] = unquote(got)
            elif want != got:
                return None
        return named


class Stand(Protocol):
    """What a stand-in for one service supplies."""

    def routes(self) -> Sequence[Route]:
        """The service's endpoints."""

    def admit(self, request: Request) -> Answer | None:
        """A refusal before any route is looked at (key, rate), or None to let the request in."""

    def unknown(self, request: Request) -> Answer:
        """The service's answer to a path it does not have."""

    def change(self, wish: Mapping[str, Any]) -> Any:
        """Change the data so that an incremental sync has something to find; the answer describes what was changed."""

    def stored(self, query: Mapping[str, str]) -> Any:
        """What the service holds now, for a test or a demo to read back."""


class HttpService:
    """Serves a stand-in on `host:port` (0 takes a free port) until `close`; over TLS, if it has a certificate."""

    def __init__(self, stand: Stand, host: str = "127.0.0.1", port: int = 0, *, certificate: Certificate | None = None) -> None:
        self.stand = stand
        self.faults = Faults()
        self.requests: deque[dict[str, Any]] = deque(maxlen=LOG_REQUESTS)
        self._routes = tuple(stand.routes())
        self._numbers = itertools.count(1)
        self._server = _Server((host, port), _handler_of(self))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if certificate else ''}://{host}:{self._server.server_address[1]}"

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def serve_forever(self) -> None:
        """Answer requests until another thread calls `close`."""
        self._server.serve_forever(poll_interval=0.1)

    def start(self) -> None:
        """Serve from a thread of its own."""
        threading.Thread(target=self.serve_forever, name="http-service", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request) -> Answer | None:
        """The answer to a request, faults included; None means: cut the connection."""
        if request.path.startswith("/_sandbox/"):
            return self._control(request)
        fault = self.faults.take(request)
        if fault is None:
            return self._log(request, self._served(request))
        if fault.delay_s:
            time.sleep(fault.delay_s)
        if fault.cut:
            if fault.after_effect:
                self._served(request)
            return self._log(request, None)
        if fault.status == 0:
            return self._log(request, self._served(request))
        if fault.after_effect:
            self._served(request)
        return self._log(request, Answer(fault.status, fault.body.encode(), fault.headers))

    def _served(self, request: Request) -> Answer:
        if (refusal := self.stand.admit(request)) is not None:
            return refusal
        for route in self._routes:
            if (named := route.match(request)) is not None:
                return route.answer(request, **named)
        return self.stand.unknown(request)

    def _log(self, request: Request, answer: Answer | None) -> Answer | None:
        self.requests.append(
            {
                "number": next(self._numbers),
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "headers": dict(request.headers),
                "body": request.body.decode("utf-8", "replace"),
                "status": answer.status if answer else None,
                "at_s": time.time(),
            },
        )
        return answer

    def controls(self, request: Request) -> dict[tuple[str, str], Callable[[], Any]]:
        """What each control does, by method and name; the results are answered as JSON."""
        return {
            ("GET", "requests"): lambda: list(self.requests),
            ("DELETE", "requests"): self.requests.clear,
            ("GET", "faults"): self.faults.to_json,
            ("POST", "faults"): lambda: self.faults.plan(Fault.from_json(request.json())),
            ("DELETE", "faults"): self.faults.clear,
            ("POST", "change"): lambda: self.stand.change(request.json() if request.body else {}),
            ("GET", "stored"): lambda: self.stand.stored(request.query),
        }

    def _control(self, request: Request) -> Answer:
        control = self.controls(request).get((request.method, request.path.removeprefix("/_sandbox/")))
        if control is None:
            return Answer.of_json({"error": f"the sandbox has no control {request.method} {request.path}"}, 404)
        try:
            return Answer.of_json(control())
        except (ValueError, TypeError, KeyError) as problem:
            return Answer.of_json({"error": str(problem)}, 400)


class _Server(ThreadingHTTPServer):
    """A thread a connection; looks up no names, and takes a client that goes away in the middle of an answer in silence."""

    daemon_threads = True
    request_queue_size = 128  # the default of 5 drops connections of a client that opens many at once

    def server_bind(self) -> None:
        # Not HTTPServer's: that one asks the machine's resolver for the name of the address, which can take seconds.
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        logger.debug("The connection from %s ended early", client_address)


def _handler_of(service: HttpService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Reads one request, hands it to the service, writes its answer."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two writes; without this each answer waits 40 ms

        def _serve(self) -> None:
            if "Transfer-Encoding" in self.headers:
                self.close_connection = True  # its body is not read, so nothing behind it can be
                self.send_error(411, explain="the stand-ins read bodies by their Content-Length")
                return
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            try:
                answer = service.answer(Request(self.command, url.path, query, headers, body))
            except Exception:
                logger.exception("The stand-in failed on %s %s", self.command, url.path)
                answer = Answer.of_json({"error": "the stand-in failed; its log says why"}, 500)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class finds methods by these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names the parameter so
            logger.debug(format, *args)

    return Handler
