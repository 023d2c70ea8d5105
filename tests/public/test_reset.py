"""The pages of the owner's own path: what each shows, what its button does, and what no page tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.connectors import ConnectorError
from portal.connectors.local import LocalConnector
from portal.models import Account, DirectoryPrincipal, SelfService
from tests.casework import resetting
from tests.casework.owners import devices, root
from tests.people import HANAKO
from tests.post import work_off
from tests.public.resetting import (
    PASSWORD,
    choose,
    mailed,
    press,
    sign_in,
    to_call,
    to_mail,
    to_remove,
)
from tests.public.visitor import Visitor
from tests.world import World


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def owner(visitor: Visitor, account: Account) -> Visitor:
    return visitor


def attempts(world: World) -> list[SelfService]:
    world.session.rollback()
    query = select(SelfService).order_by(SelfService.created_at).execution_options(populate_existing=True)
    return list(world.session.execute(query).scalars())


# the way through


def test_the_whole_way_in_one_browser(owner: Visitor, world: World, lang: str) -> None:
    owner.language = lang
    page = to_remove(owner, world)
    assert page.path == f"/{lang}/reset/remove"
    assert "Phone" in page.text
    page = owner.send("")
    assert page.path == f"/{lang}/reset/done"
    assert world.removed("Phone")
    assert not page.foreign_words(lang)


@pytest.mark.parametrize("path", ["/reset", "/reset/mail", "/reset/call", "/reset/remove", "/reset/closed"])
def test_every_page_speaks_one_language(owner: Visitor, world: World, lang: str, path: str) -> None:
    owner.language = lang
    steps = {"/reset/mail": to_mail, "/reset/call": to_call, "/reset/remove": to_remove}
    walk = steps.get(path, sign_in)
    walk(owner) if walk in {to_mail, sign_in} else walk(owner, world)  # type: ignore[call-arg]
    page = owner.get(path)
    assert page.path == f"/{lang}{path}"
    assert page.code == 200
    assert not page.foreign_words(lang)
    assert page.heading


def test_nobody_comes_in_without_a_password(owner: Visitor) -> None:
    for path in ("", "/mail", "/call", "/remove", "/done", "/closed", "/over", "/elsewhere"):
        assert owner.get(f"/reset{path}").path == "/ja/sign-in"
    for path in ("/mail", "/call", "/remove", "/stop", "/to-form"):
        assert press(owner, f"/reset{path}", reason="other_way").path == "/ja/sign-in"


def test_no_page_is_reached_before_the_one_in_front_of_it(owner: Visitor, world: World) -> None:
    to_mail(owner)
    for path in ("/reset/call", "/reset/remove"):
        assert owner.get(path).path == "/ja/reset/mail"
        assert press(owner, path, language="ja").path == "/ja/reset/mail"
    owner.get("/reset/mail")
    link = mailed(owner, world)
    owner.get(f"/reset/link/{link}")
    owner.send("")
    assert owner.get("/reset/remove").path == "/ja/reset/call"
    assert press(owner, "/reset/remove").path == "/ja/reset/call"
    assert not world.removed("Phone")


def test_one_device_is_shown_and_confirmed_all_the_same(
    owner: Visitor, world: World, account: Account
) -> None:
    with world.system.act():
        devices(world, root(world, account))[1].removed_at = world.now
    sign_in(owner)
    page = owner.get("/reset")
    assert len(page.html.select('input[name="device"]')) == 1
    assert page.value("device")
    assert not attempts(world)


def test_nothing_chosen_is_an_error_at_the_field(owner: Visitor) -> None:
    sign_in(owner)
    owner.get("/reset")
    page = owner.send("")
    assert page.code == 422
    assert page.summary == [("MFA デバイスを選択してください。", "device-0")]


# step 1


def test_the_address_is_masked_and_the_sent_mail_described(owner: Visitor, world: World) -> None:
    page = to_mail(owner)
    assert HANAKO["account_email"] not in page.response.text
    assert "h***@m***.example" in page.text.replace(" ", "")
    page = owner.send("")
    assert page.html.select_one('[role="status"]')
    assert page.path == "/ja/reset/mail"


def test_a_second_mail_too_soon_says_how_long_to_wait(owner: Visitor, world: World) -> None:
    owner.language = "en"
    to_mail(owner)
    owner.send("")
    world.now += timedelta(seconds=15)
    page = owner.send("")
    assert page.code == 429
    assert "Wait 45 seconds." in page.text
    assert "The earlier email still works." in page.text


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_mail_scanner_that_opens_every_link_changes_nothing(
    owner: Visitor, world: World, method: str
) -> None:
    to_mail(owner)
    link = mailed(owner, world)
    scanner = owner.client.application.test_client()
    for _ in range(10):
        for path in (f"/ja/reset/link/{link}", f"/ja/stop/{resetting.newest_link(world, 'stop')}"):
            assert getattr(scanner, method)(path).status_code == 200
    assert attempts(world)[0].mailbox_at is None
    owner.get(f"/reset/link/{link}")
    assert owner.send("").path == "/ja/reset/call"


def test_in_another_browser_the_link_asks_for_the_password(owner: Visitor, world: World) -> None:
    to_mail(owner)
    link = mailed(owner, world)
    other = Visitor(owner.client.application)
    page = other.get(f"/reset/link/{link}")
    assert page.html.select_one('input[type="password"]')
    wrong = other.send("", password="wrong horse battery")
    assert wrong.code == 422
    assert "wrong horse battery" not in wrong.response.text
    assert attempts(world)[0].mailbox_at is None
    assert other.send("", password=PASSWORD).path == "/ja/reset/call"


def test_a_thief_s_tab_is_told_where_it_goes_on_and_gains_nothing(owner: Visitor, world: World) -> None:
    thief = owner
    to_mail(thief)
    link = mailed(thief, world)
    victim = Visitor(owner.client.application)
    victim.get(f"/reset/link/{link}")
    victim.send("", password=PASSWORD)
    for path in ("/reset/mail", "/reset/call", "/reset/remove"):
        assert thief.get(path).path == "/ja/reset/elsewhere"
    assert press(thief, "/reset/call", language="ja").path == "/ja/reset/elsewhere"
    assert not resetting.tags(world, "account:call:")


def test_a_used_link_says_when_it_was_used(owner: Visitor, world: World) -> None:
    owner.language = "en"
    to_mail(owner)
    link = mailed(owner, world)
    owner.get(f"/reset/link/{link}")
    owner.send("")
    page = owner.get(f"/reset/link/{link}")
    assert page.code == 200
    assert "This link was used at 24 November 2026 at 10:00am JST" in page.text
    assert Visitor(owner.client.application, "en").get(f"/reset/link/{link}").code == 200


def test_an_expired_link_says_when_it_expired_and_leads_to_a_new_mail(owner: Visitor, world: World) -> None:
    owner.language = "en"
    to_mail(owner)
    link = mailed(owner, world)
    world.now += timedelta(minutes=31)
    page = owner.get(f"/reset/link/{link}")
    assert page.code == 404
    assert "This link expired at 24 November 2026 at 10:30am JST" in page.text
    assert owner.follow("Send a new email").path == "/en/reset/mail"


def test_a_link_that_never_was(owner: Visitor) -> None:
    page = owner.get(f"/reset/link/{'x' * 43}")
    assert page.code == 404
    assert press(owner, f"/reset/link/{'x' * 43}/not-me").code == 404


def test_this_was_not_me_stops_without_signing_in(owner: Visitor, world: World) -> None:
    to_mail(owner)
    link = mailed(owner, world)
    holder = Visitor(owner.client.application)
    holder.get(f"/reset/link/{link}")
    page = holder.send("not-me")
    assert page.code == 200
    assert attempts(world)[0].failed_reason == "stopped"
    assert owner.get("/reset/mail").path == "/ja/sign-in"
    assert holder.get(f"/reset/link/{link}").code == 200  # and says again that it is stopped


# closed


def _reset_password(world: World, account: Account) -> None:
    entry = world.session.get_one(DirectoryPrincipal, root(world, account).external_id)
    entry.password_reset_at = world.now


def _young_phone(world: World, account: Account) -> None:
    world.contacts(account, "phone")[0].confirmed_at = world.now


def _no_phone(world: World, account: Account) -> None:
    world.contacts(account, "phone")[0].retired_at = world.now


def _calls_off(world: World, account: Account) -> None:
    account.calls_off_at = world.now


def test_every_reason_looks_the_same(owner: Visitor, world: World, account: Account) -> None:
    shown: set[str] = set()
    closing: list[Callable[[World, Account], None]] = [_young_phone, _reset_password, _no_phone, _calls_off]
    sign_in(owner)
    for close in closing:
        with world.system.act():
            close(world, account)
        page = choose(owner)
        assert page.path == "/ja/reset/closed"
        shown.add(page.text)
    assert len({attempt.failed_reason for attempt in attempts(world)}) > 1
    assert len(shown) == 1


def test_without_a_telephone_the_path_is_closed(owner: Visitor, world: World) -> None:
    sign_in(owner)
    owner.client.application.extensions["kaijo"] = replace(world.runtime, telephone=None)
    assert owner.get("/reset").path == "/ja/reset/closed"


# step 3


def test_the_removal_is_confirmed_by_name(owner: Visitor, world: World) -> None:
    owner.language = "en"
    page = to_remove(owner, world)
    assert [button.text for button in page.html.select("main button[type=submit]")] == ["Deactivate Phone"]


def test_the_browser_can_save_the_paper_and_nobody_else_can(owner: Visitor, world: World) -> None:
    to_remove(owner, world)
    owner.send("")
    work_off(world)
    page = owner.get("/reset/done")
    [paper] = [link for link in page.links() if "/reset/paper/" in link]
    answer = owner.client.get(paper)
    assert answer.mimetype == "application/pdf"
    assert "mfa-reset-notice_20261124_ja.pdf" in answer.headers["Content-Disposition"]
    stranger = Visitor(owner.client.application)
    assert stranger.open(paper).path == "/ja/sign-in"
    sign_in(stranger)
    assert not stranger.open(paper).response.mimetype.endswith("pdf")


def test_pressing_back_after_the_removal_does_nothing_more(owner: Visitor, world: World) -> None:
    to_remove(owner, world)
    owner.send("")
    assert press(owner, "/reset/remove").path == "/ja/credentials"
    assert resetting.tags(world).count("removed") == 1


def test_a_system_that_fails_says_so_and_offers_the_form(
    owner: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise ConnectorError("no answer")

    owner.language = "en"
    to_remove(owner, world)
    monkeypatch.setattr(LocalConnector, "deactivate", fail)
    page = owner.send("")
    assert page.code == 503
    assert page.heading == "Step 3: Deactivate the MFA device"
    assert "It is safe to try again." in page.text
    monkeypatch.undo()
    assert owner.send("").path == "/en/reset/done"


def test_a_removal_that_must_wait_tells_until_when(
    owner: Visitor, world: World, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.language = "en"
    monkeypatch.setattr("portal.casework.phone_change.corrected", lambda ctx, contact: object())
    with world.system.act():
        world.contacts(account, "phone")[0].confirmed_at = world.now - timedelta(days=1)
    page = to_remove(owner, world)
    assert "Phone is deactivated after 27 November 2026 at 10:00am JST" in page.text
    assert press(owner, "/reset/remove").path == "/en/reset/remove"
    assert not world.removed("Phone")
    owner.get("/reset/remove")
    assert owner.send("stop").path == "/en/reset/over"
    assert attempts(world)[0].ended_at is not None
