"""What has no language: health, readiness, counts for a monitor, and the demo's mailbox."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from portal import worker
from tests import web
from tests.applications import app_for
from tests.people import HANAKO
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    return app_for(world.runtime)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def written(world: World, app: Flask) -> World:
    """A desk whose mails were sent, to its own mailbox."""
    world.account()
    world.queued()
    while worker.turn(world.runtime, app, "test", threading.Event()):
        pass
    return world


@pytest.mark.parametrize(("path", "words"), [("/healthz", "ok\n"), ("/readyz", "ready\n")])
def test_a_balancer_is_answered_in_one_word(client: FlaskClient, path: str, words: str):
    answer = client.get(path)

    assert (answer.status_code, answer.text) == (200, words)
    assert "no-store" in answer.headers["Cache-Control"]


def test_health_needs_no_database_and_readiness_does(app: Flask, monkeypatch: pytest.MonkeyPatch):
    def gone() -> None:
        raise OperationalError("SELECT 1", {}, RuntimeError("gone"))

    monkeypatch.setattr("portal.db.session", gone)

    assert app.test_client().get("/healthz").status_code == 200
    assert app.test_client().get("/readyz").status_code == 503


def test_a_monitor_on_this_machine_reads_what_waits(world: World, client: FlaskClient):
    world.account()
    world.queued()

    said = client.get("/metrics").text

    assert 'kaijo_open_cases{status="queued"} 1' in said
    assert "kaijo_outbox_dead 0" in said
    waiting = next(
        line for line in said.splitlines() if line.startswith('kaijo_outbox_waiting{lane="quick"} ')
    )
    assert int(waiting.split()[1]) > 0
    assert 'kaijo_outbox_waiting{lane="long"} 0' in said
    assert HANAKO["account_email"] not in said


def test_nobody_else_reads_the_counts(client: FlaskClient):
    answer = client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"})

    assert answer.status_code == 404


def test_the_mailbox_of_the_demo_shows_every_mail_with_its_links_and_papers(
    written: World, client: FlaskClient
):
    listed = client.get("/demo/mail", headers={"Accept-Language": "ja"})
    assert listed.status_code == 200
    own = client.get(f"/demo/mail?to={HANAKO['account_email']}").text
    assert HANAKO["second_email"] not in own

    shown = [client.get(link) for link in links_of(own, "/demo/mail/")]
    words = " ".join(page.text for page in shown)
    assert f'href="{written.runtime.settings.base_url}/ja/status/' in words
    papers = [link for page in shown for link in links_of(page.text, "/demo/mail/") if link.endswith("/0")]
    assert client.get(papers[0]).data.startswith(b"%PDF-")


def test_a_mail_or_paper_that_is_not_there_is_not_found(written: World, client: FlaskClient):
    mail = links_of(client.get("/demo/mail").text, "/demo/mail/")[0]

    assert client.get(f"/demo/mail/{'0' * 32}").status_code == 404
    assert client.get(f"{mail}/7").status_code == 404


def test_where_real_people_are_served_there_is_no_mailbox(tmp_path: Path):
    app = web.portal(web.live_settings(tmp_path))

    answer = app.test_client().get("/demo/mail", base_url=web.LIVE)

    assert answer.status_code == 404
    assert "mailbox.mails" not in app.view_functions


def links_of(page: str, beginning: str) -> list[str]:
    parts = page.split('href="')[1:]
    return [link for link in (part.split('"', 1)[0] for part in parts) if link.startswith(beginning)]
