"""Twilio on loopback: takes an order for a call as the real one does, and asks the portal its signed questions over HTTP.

Its signatures are made here from the description of the scheme, not by the package that checks them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

from flask import Flask
from twilio.http.http_client import TwilioHttpClient
from werkzeug.serving import make_server

ACCOUNT = "AC" + "a1" * 16
TOKEN = "0123456789abcdef" * 2
SENDER = "+815012345678"
SID = "CA" + "c3" * 16
REAL = "https://api.twilio.com"

Form = dict[str, str] | list[tuple[str, str]]


class LocalClient(TwilioHttpClient):
    """Speaks to the stand-in wherever the package would speak to Twilio."""

    def __init__(self, address: str, timeout: float = 5) -> None:
        super().__init__(timeout=timeout)
        self.address = address

    def request(self, method: str, url: str, *more: Any, **named: Any) -> Any:
        assert url.startswith(REAL), "nothing may go anywhere else"
        return super().request(method, url.replace(REAL, self.address), *more, **named)


@dataclass
class Answer:
    code: int
    body: str
    headers: dict[str, str]

    @property
    def tree(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)  # noqa: S314 - our own portal wrote it

    @property
    def verbs(self) -> list[ElementTree.Element]:
        return list(self.tree)

    @property
    def names(self) -> list[str]:
        return [verb.tag for verb in self.verbs]

    @property
    def words(self) -> str:
        return " ".join(say.text or "" for say in self.tree.iter("Say"))


@dataclass
class StandIn:
    """What was ordered, how the next order is answered, and the way back to the portal."""

    portal: str = ""
    base_url: str = "https://mfa.corp.example"
    orders: list[dict[str, list[str]]] = field(default_factory=list)
    authorised: list[str] = field(default_factory=list)
    code: int = 201
    lost: bool = False
    before_answering: Callable[[], object] = lambda: None

    @property
    def order(self) -> dict[str, str]:
        return {name: values[0] for name, values in self.orders[-1].items()}

    def ask(
        self,
        rest: str = "",
        *,
        token: str = TOKEN,
        signed_for: str | None = None,
        address: str | None = None,
        signature: str | None = None,
        **changes: str,
    ) -> Answer:
        """Ask the portal about the newest call, as it was ordered; each part can be forged."""
        asked = (address or self.order["Url"]) + rest
        params = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": SID,
            "CallStatus": "in-progress",
            "Called": self.order["To"],
            "CalledCity": "",
            "Direction": "outbound-api",
            "From": SENDER,
            "To": self.order["To"],
            **changes,
        }
        made = signature if signature is not None else signed(signed_for or asked, params, token)
        return self.post(asked, params, {"X-Twilio-Signature": made} if made else {})

    def post(self, url: str, params: Form, headers: dict[str, str]) -> Answer:
        """Through a proxy: the portal is reached under another name, port and scheme than the public ones."""
        public, inner = urlsplit(url), urlsplit(self.portal)
        sent = {
            "Host": public.netloc,
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
            **headers,
        }
        connection = HTTPConnection(inner.hostname or "", inner.port, timeout=20)
        path = public.path + (f"?{public.query}" if public.query else "")
        connection.request("POST", path, urlencode(params), sent)
        answer = connection.getresponse()
        found = Answer(answer.status, answer.read().decode(), dict(answer.getheaders()))
        connection.close()
        return found


def signed(url: str, params: dict[str, str], token: str = TOKEN) -> str:
    text = url + "".join(f"{name}{params[name]}" for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@contextmanager
def stand_in() -> Iterator[tuple[StandIn, str]]:
    """Run it; gives what it knows, and its address."""
    known = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            known.authorised.append(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            assert self.path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
            known.orders.append(parse_qs(body, keep_blank_values=True))
            known.before_answering()
            if known.lost:
                self.close_connection = True
                return
            refused = '{"code": 21211, "message": "The number is not valid", "status": 400}'
            data = (f'{{"sid": "{SID}", "status": "queued"}}' if known.code < 400 else refused).encode()
            self.send_response(known.code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with _running(server):
        yield known, f"http://127.0.0.1:{server.server_address[1]}"
    server.server_close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The portal behind a socket of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    with _running(server):
        yield f"http://127.0.0.1:{server.server_port}"
    server.server_close()


@contextmanager
def _running(server: Any) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
