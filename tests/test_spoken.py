"""What is said on a call for a notice: in both languages, with its facts, and nothing that only eyes can use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import portal
from portal import audit, spoken
from portal.casework import notice_calls
from portal.domain.languages import LANGUAGES
from portal.domain.notices import SPOKEN
from portal.models import OutboxRow
from tests.applications import app_for
from tests.ringing import placed, spoken_rows, told
from tests.world import World

WORDS = Path(portal.__file__).parent / "templates" / "spoken"
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OF_THE_ACCOUNT = sorted({"self_service_waiting", "self_service_done", "phone_changed", "phone_reverted"})


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


@pytest.fixture
def app(world: World) -> Flask:
    return app_for(world.runtime)


def said(world: World, app: Flask) -> dict[str, str]:
    """The words of the one call that rings now, by language."""
    told(world)
    (call,) = placed(world)
    row = world.session.get_one(OutboxRow, call.outbox_id)
    with app.app_context():
        parts = spoken.of_call(world.runtime, world.session, call, world.params(row))
    return {part.language: part.text for part in parts}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_spoken_notice_has_words_and_no_other_has(language: str) -> None:
    assert {path.stem for path in (WORDS / language).iterdir()} == {*SPOKEN, "frame"}


@ONE_DATABASE
def test_an_approval_says_who_calls_about_which_account_what_happens_and_how_to_stop_it(
    world: World, app: Flask
) -> None:
    world.account()
    world.approved()
    words = said(world, app)
    assert list(words) == ["ja", "en"]
    assert words["en"] == (
        "This is Kaijo support, with a security notice. You are a registered contact of the account whose number "
        "ends in 9, 0, 1, 2. A request to turn off MFA for this account, received on 24 November at 10 a.m., Japan "
        "time, is approved. We tell every registered contact first. After that there is a waiting period of 24 "
        "hours, and then MFA will be turned off. If this was not you, press 9 now. If nobody can press a key, use "
        "the link in the email that we sent to the registered addresses. We never ask for your password or codes."
    )
    assert "アカウント ID の末尾が 9、0、1、2 のアカウント" in words["ja"]
    assert "日本時間の11月24日、午前10時に受け付けた" in words["ja"]
    assert "9 を押してください" in words["ja"]


@ONE_DATABASE
def test_a_contact_whose_language_is_known_hears_that_one(world: World, app: Flask) -> None:
    account = world.account()
    with world.system.act():
        world.contacts(account, "phone")[0].language = "en"
    world.approved()
    assert list(said(world, app)) == ["en"]


@ONE_DATABASE
@pytest.mark.parametrize("notice", OF_THE_ACCOUNT)
def test_a_notice_about_the_account_is_whole_in_both_languages(world: World, app: Flask, notice: str) -> None:
    account = world.account()
    with world.system.act():
        params = {"until": audit.timestamp(world.now), "at": audit.timestamp(world.now)}
        notice_calls.tell_account(world.system, account, notice, params=params, cause="a change")
    words = said(world, app)
    assert list(words) == ["ja", "en"]
    assert all("9" in text and "  " not in text for text in words.values())


@ONE_DATABASE
def test_nothing_is_said_that_only_eyes_can_use(world: World, app: Flask) -> None:
    world.account()
    world.approved()
    for text in said(world, app).values():
        assert "http" not in text
        assert "*" not in text
        assert "@" not in text


def test_notices_of_a_case_that_are_spoken_say_when_they_are_no_longer_true() -> None:
    assert {*notice_calls.STILL_TRUE, *OF_THE_ACCOUNT} == set(SPOKEN)


def test_the_rows_of_spoken_notices_are_no_mails(world: World) -> None:
    world.account()
    case_id = world.approved()
    assert {row.id for row in spoken_rows(world)}.isdisjoint(row.id for row in world.mails(case_id))
