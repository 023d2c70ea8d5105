"""What an owner's browser sends at the end of the request form, through the proxy in front of the portal."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask

from bench.desks import HOST, Desk, fill_in
from bench.servers import LOOPBACK
from tests.public.visitor import CONSENTS

CHECK = "/ja/request/check"
SENT = "/ja/request/sent"
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
TIME_OUT = 30
IPV4_HOSTS = 254  # of 198.51.100.0/24, kept for examples; every other visitor has a network of 2001:db8::/32


@dataclass(frozen=True)
class Sending:
    """A form ready to be sent."""

    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Visitor:
    """Somebody with a filled-in draft and an address of their own, because the limits per address stay in force."""

    number: int
    draft: str

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Host": HOST,
            "X-Forwarded-For": address_of(self.number),
            "X-Forwarded-Proto": "https",
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Cookie": f"__Host-draft={self.draft}",
        }

    def form(self, html: str, cookies: Iterable[str]) -> Sending:
        """What they send when they have read the page: every consent, its token, and the cookies that came with it."""
        token = TOKEN.search(html)
        if token is None:
            raise RuntimeError(f"{CHECK} shows no form.")
        kept = [self.headers["Cookie"], *(cookie.partition(";")[0] for cookie in cookies)]
        headers = {
            **self.headers,
            "Cookie": "; ".join(kept),
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        }
        return Sending(CHECK, headers, urlencode({**CONSENTS, "csrf_token": token[1]}))


class Crowd:
    """Owners with filled-in forms. Nobody comes twice."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.come = 0

    def arrive(self, most: int) -> list[Visitor]:
        numbers = range(self.come, self.come + most)
        self.come += most
        return [Visitor(*each) for each in zip(numbers, fill_in(self.desk, numbers), strict=True)]


def address_of(number: int) -> str:
    if number < IPV4_HOSTS:
        return f"198.51.100.{number + 1}"
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"


def connections(port: int) -> Callable[[], AbstractContextManager[http.client.HTTPConnection]]:
    """Each client keeps its connection open, as a proxy does."""
    return lambda: closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIME_OUT))


def fetch(connection: http.client.HTTPConnection, visitor: Visitor) -> Sending:
    """Open the page of the answers."""
    connection.request("GET", CHECK, headers=visitor.headers)
    response = connection.getresponse()
    html = response.read().decode()
    if response.status != 200:
        raise RuntimeError(f"GET {CHECK} was answered with {response.status}.")
    return visitor.form(html, response.headers.get_all("Set-Cookie") or ())


def send(connection: http.client.HTTPConnection, sending: Sending) -> None:
    """Send the form. Anything but the page that says "sent" is an error."""
    connection.request("POST", sending.path, body=sending.body, headers=sending.headers)
    response = connection.getresponse()
    response.read()
    if response.headers.get("Location") != SENT:
        raise RuntimeError(f"POST {sending.path} was answered with {response.status}.")


def fetch_and_send(connection: http.client.HTTPConnection, visitor: Visitor) -> None:
    send(connection, fetch(connection, visitor))


def fetch_inside(app: Flask, visitor: Visitor) -> Sending:
    """The same without a server, where what it does can be counted."""
    client = app.test_client(use_cookies=False)
    response = client.get(CHECK, headers=visitor.headers)
    if response.status_code != 200:
        raise RuntimeError(f"GET {CHECK} was answered with {response.status_code}.")
    return visitor.form(response.text, response.headers.getlist("Set-Cookie"))


def send_inside(app: Flask, sending: Sending) -> None:
    client = app.test_client(use_cookies=False)
    response = client.post(sending.path, data=sending.body, headers=dict(sending.headers))
    if response.headers.get("Location") != SENT:
        raise RuntimeError(f"POST {sending.path} was answered with {response.status_code}.")


def send_bare(connection: http.client.HTTPConnection, sending: Sending) -> None:
    """The same headers and the same body to the bare page."""
    connection.request("POST", "/", body=sending.body, headers=sending.headers)
    _read_bare(connection)


def fetch_and_send_bare(connection: http.client.HTTPConnection, sending: Sending) -> None:
    connection.request("GET", "/", headers=sending.headers)
    _read_bare(connection)
    send_bare(connection, sending)


def _read_bare(connection: http.client.HTTPConnection) -> None:
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise RuntimeError(f"The bare page was answered with {response.status}.")
