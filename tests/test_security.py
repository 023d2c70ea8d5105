"""The web's outermost rules: what is refused before any page sees it, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from portal import i18n, security
from tests import web

FORM = "application/x-www-form-urlencoded"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return web.portal(web.demo_settings(tmp_path))


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


def token(client: FlaskClient, **how: Any) -> str:
    return client.get("/ja/", **how).text.split("|")[2].removesuffix("</html>")


def carries_the_headers(answer: TestResponse) -> bool:
    wanted = security.HEADERS | {"Cache-Control": "no-store"}
    return all(answer.headers.getlist(name) == [value] for name, value in wanted.items())


@dataclass(frozen=True)
class Odd:
    """A request that nobody's browser sends by itself, and the answer that it gets."""

    name: str
    code: int
    path: str = "/ja/"
    method: str = "GET"
    how: dict[str, Any] = field(default_factory=dict)


def _post(name: str, code: int, data: bytes, kind: str = FORM, path: str = "/ja/take", **how: Any) -> Odd:
    return Odd(name, code, path, "POST", {"data": data, "content_type": kind, **how})


ODD = (
    Odd("missing page", 404, "/ja/nothing"),
    Odd("missing static file", 404, "/static/nothing.css"),
    Odd("way out of the static folder", 404, "/static/../config.py"),
    Odd("form's address opened", 405, "/ja/take"),
    Odd("trace", 405, method="TRACE"),
    Odd("invented method", 405, method="BREW"),
    Odd("put", 405, method="PUT"),
    Odd("delete", 405, method="DELETE"),
    Odd("bytes in the path", 400, how={"environ_overrides": {"PATH_INFO": "/ja/show/\xff"}}),
    Odd("surrogate in the path", 400, how={"environ_overrides": {"PATH_INFO": "/ja/show/\xed\xa0\x80"}}),
    Odd("nul in the path", 400, "/ja/show/%00"),
    Odd("line end in the path", 400, "/ja/show/%0d%0aSet-Cookie:x"),
    Odd("control in the path", 400, "/ja/show/%c2%85"),
    Odd("bytes in the query", 400, "/ja/?q=%ff"),
    Odd("nul in the query", 400, "/ja/?q=%00"),
    Odd("bytes in the name of a parameter", 400, "/ja/?%fe=1"),
    Odd("overlong encoding", 400, "/ja/?q=%c0%af"),
    Odd("long path", 414, "/ja/show/" + "a" * 3000),
    Odd("long query", 414, "/ja/?q=" + "a" * 3000),
    Odd("many parameters", 414, "/ja/?" + "a&" * 100),
    Odd("another host", 421, how={"base_url": "http://evil.example"}),
    Odd("a name below ours", 421, how={"base_url": "http://localhost.evil.example"}),
    Odd("junk as host", 421, how={"headers": {"Host": "127.0.0.1\\@evil.example"}}),
    Odd("another host, missing page", 421, "/ja/nothing", how={"base_url": "http://evil.example"}),
    *(Odd(f"forwarded by {name}", 400, how={"headers": {name: "127.0.0.1"}}) for name in security.FORWARDING),
    _post("no token", 400, b"name=a"),
    _post("wrong token", 400, b"name=a&csrf_token=abc"),
    _post("raw bytes in the body", 400, b"name=\xff"),
    _post("encoded bytes in the body", 400, b"name=%ff"),
    _post("another encoding", 400, "name=山田".encode("shift_jis"), f"{FORM}; charset=shift_jis"),
    _post("nul in the body", 400, b"name=a%00b"),
    _post("repeated field", 400, b"name=a&name=b"),
    _post("repeated parameter", 400, b"name=a", path="/ja/take?x=1&x=2"),
    _post("many fields", 413, b"a&" * 200),
    _post("huge body", 413, b"name=" + b"a" * 300_000),
    _post("body in chunks", 411, b"name=a", headers={"Transfer-Encoding": "chunked"}),
    _post("less than announced", 400, b"name=a", headers={"Content-Length": "100"}),
    _post("text", 415, b"name=a", "text/plain"),
    _post("json", 415, b'{"name": "a"}', "application/json"),
    _post("no kind", 415, b"name=a", ""),
    _post("broken multipart", 400, b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
    _post("multipart without a boundary", 400, b"name=a", "multipart/form-data"),
    _post("form of another site", 403, b"name=a", headers={"Origin": "https://evil.example"}),
    _post("form of a site next door", 403, b"name=a", headers={"Sec-Fetch-Site": "same-site"}),
    _post("form to a missing page", 404, b"name=a", path="/ja/nothing"),
    _post("bytes to a missing page", 400, b"name=%ff", path="/ja/nothing"),
)


@pytest.mark.parametrize("odd", ODD, ids=[odd.name for odd in ODD])
def test_odd_request_gets_a_page_with_the_headers(client: FlaskClient, odd: Odd) -> None:
    how = {"base_url": "http://127.0.0.1:5000"} | odd.how
    answer = client.open(odd.path, method=odd.method, **how)
    assert answer.status_code == odd.code
    assert answer.content_type == "text/html; charset=utf-8"
    assert carries_the_headers(answer)
    assert "<h1>" in answer.text or odd.method == "HEAD"


def test_every_page_carries_the_policy(client: FlaskClient) -> None:
    answer = client.get("/ja/")
    assert answer.headers["Content-Security-Policy"] == CSP
    assert carries_the_headers(answer)
    assert "Server" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


def test_live_portal_asks_browsers_for_https_and_binds_its_cookie(tmp_path: Path) -> None:
    answer = web.portal(web.live_settings(tmp_path)).test_client().get("/ja/", base_url=web.LIVE)
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    cookies = answer.headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("__Host-kaijo="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(session.split("; "))


def test_live_portal_answers_to_its_own_name_only(tmp_path: Path) -> None:
    client = web.portal(web.live_settings(tmp_path)).test_client()
    assert client.get("/ja/", base_url=web.LIVE).status_code == 200
    assert client.get("/ja/", base_url="https://127.0.0.1").status_code == 421


def test_start_page_may_be_found_and_the_others_may_not(client: FlaskClient) -> None:
    assert "X-Robots-Tag" not in client.get("/ja/").headers
    assert client.get("/ja/show/a").headers["X-Robots-Tag"] == "noindex"
    assert client.get("/desk/").headers["X-Robots-Tag"] == "noindex"


def test_root_says_what_its_answer_depends_on(client: FlaskClient) -> None:
    assert {"Accept-Language", "Cookie"} <= set(client.get("/").vary)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:5000", "http://localhost:5000", "null", None])
def test_own_form_is_taken(client: FlaskClient, origin: str | None) -> None:
    own = {"base_url": "http://127.0.0.1:5000"}
    data = {"name": "山田 𠮷子", "csrf_token": token(client, **own)}
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"} if origin else {}
    answer = client.post("/ja/take", data=data, headers=headers, **own)
    assert (answer.status_code, answer.text) == (200, "taken 山田 𠮷子")


def test_own_form_over_https_needs_no_referrer(tmp_path: Path) -> None:
    client = web.portal(web.live_settings(tmp_path)).test_client()
    data = {"name": "a", "csrf_token": token(client, base_url=web.LIVE)}
    assert client.post("/ja/take", data=data, base_url=web.LIVE).status_code == 200


def test_text_with_line_ends_survives(client: FlaskClient) -> None:
    data = {"name": "一行目\r\n二行目\t👨‍👩‍👧 辻\U000e0100", "csrf_token": token(client)}
    assert client.post("/ja/take", data=data).text == f"taken {data['name']}"


def test_group_of_checkboxes_may_repeat_its_own_name_only(client: FlaskClient) -> None:
    fields = [("item", "H1"), ("item", "H4"), ("csrf_token", token(client))]
    assert client.post("/ja/choose", data=MultiDict(fields)).text == "H1,H4"
    assert client.post("/ja/choose", data=MultiDict([*fields, ("x", "1"), ("x", "2")])).status_code == 400


def test_upload_may_be_larger_than_a_form(client: FlaskClient) -> None:
    fields = {"file": (BytesIO(b"\xff" * 300_000), "rows.csv"), "csrf_token": token(client)}
    assert client.post("/ja/upload", data=fields).text == "300000"


def test_upload_has_its_own_bound(client: FlaskClient) -> None:
    fields = {"file": (BytesIO(b"a" * 450_000), "rows.csv"), "csrf_token": token(client)}
    assert client.post("/ja/upload", data=fields).status_code == 413


def test_refused_method_override_stays_what_it_is(client: FlaskClient) -> None:
    answer = client.get("/ja/", headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 200


def test_static_file_is_kept_for_a_year_under_its_own_version(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        address = i18n.asset("kaijo.css")
    answer = client.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Security-Policy"] == CSP
    answer.close()


@pytest.mark.parametrize("query", ["", "?v=", "?v=0", "?v=000000000000"])
def test_static_file_under_another_version_is_asked_for_again(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/static/kaijo.css{query}")
    assert answer.headers["Cache-Control"] == "no-cache"
    answer.close()


@pytest.mark.parametrize(
    ("seen", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("a", "0.0.0.0"),
        ("1.1.1.1' or 1=1", "0.0.0.0"),
        ("", "0.0.0.0"),
    ],
)
def test_address_of_the_visitor_is_parsed(client: FlaskClient, seen: str, address: str) -> None:
    assert client.get("/address", environ_overrides={"REMOTE_ADDR": seen}).text == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("6.6.6.6, 198.51.100.9", "198.51.100.9"),
        ("198.51.100.9, junk", "203.0.113.1"),
        ("1.1.1.1' or 1=1", "203.0.113.1"),
        (None, "203.0.113.1"),
    ],
)
def test_one_proxy_is_believed_for_the_last_address_only(
    tmp_path: Path, forwarded: str | None, address: str
) -> None:
    client = web.portal(web.live_settings(tmp_path, proxies=1)).test_client()
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    peer = {"REMOTE_ADDR": "203.0.113.1"}
    answer = client.get("/address", base_url=web.LIVE, headers=headers, environ_overrides=peer)
    assert answer.text == address


def test_without_a_proxy_no_header_names_the_visitor(tmp_path: Path) -> None:
    client = web.portal(web.live_settings(tmp_path)).test_client()
    answer = client.get(
        "/address",
        base_url=web.LIVE,
        headers={"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"},
        environ_overrides={"REMOTE_ADDR": "203.0.113.1"},
    )
    assert answer.text == "203.0.113.1"


def test_forwarded_host_is_never_believed(tmp_path: Path) -> None:
    client = web.portal(web.live_settings(tmp_path, proxies=1)).test_client()
    answer = client.get(
        "/ja/", base_url="https://evil.example", headers={"X-Forwarded-Host": "mfa.corp.example"}
    )
    assert answer.status_code == 421


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
    ],
)
def test_limits_count_a_household_once(address: str, key: str) -> None:
    assert security.limit_key(address) == key
