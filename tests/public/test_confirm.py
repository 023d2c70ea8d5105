"""The links of mails: opening them, as scanners do, changes nothing; the button acts once, and a second press is friendly."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import intake, objection, proofs
from portal.models import IdentityCheck
from portal.tokens import random_token
from tests.public.records import count, everything
from tests.public.visitor import Visitor
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PURPOSES = ("confirm", "mailbox", "stop", "status")


@pytest.fixture
def links(world: World) -> dict[str, str]:
    """One link of each purpose, as it stands in a mail."""
    account = world.account()
    case_id = world.verifying(reply_email="new@elsewhere.example")
    proofs.send_mailbox_link(world.as_("alice"), case_id, world.contacts(account, "email")[0].id)
    raw = {purpose: world.link(case_id, purpose) for purpose in ("mailbox", "stop", "status")}
    return {**raw, "confirm": world.link(world.submit(), "confirm")}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_opening_a_link_ten_times_changes_nothing(
    visitor: Visitor, world: World, links: dict[str, str], purpose: str
):
    before = everything(world)
    address = f"/ja/{purpose}/{links[purpose]}"
    codes = {visitor.open(address).code for _ in range(10)}
    codes |= {visitor.client.head(address, follow_redirects=True).status_code for _ in range(10)}

    assert codes == {200}
    assert everything(world) == before


@ONE_DATABASE
@pytest.mark.parametrize("purpose", PURPOSES)
def test_page_of_a_link_speaks_one_language_and_offers_the_other(
    visitor: Visitor, links: dict[str, str], purpose: str
):
    page = visitor.open(f"/ja/{purpose}/{links[purpose]}")
    assert page.foreign_words("ja") == []

    other = visitor.other_language()
    assert other.foreign_words("en") == []
    assert other.heading != page.heading


@ONE_DATABASE
@pytest.mark.parametrize("purpose", PURPOSES)
def test_link_that_was_never_made_is_gone_and_says_how_to_go_on(visitor: Visitor, lang: str, purpose: str):
    page = visitor.open(f"/{lang}/{purpose}/{random_token()}")

    assert (page.code, page.foreign_words(lang)) == (404, [])
    assert page.heading == {"ja": "このリンクは使えません", "en": "This link no longer works"}[lang]
    assert page.html.main.select(".actions a") != []


@ONE_DATABASE
@pytest.mark.parametrize("purpose", PURPOSES)
def test_link_of_one_purpose_opens_no_other(visitor: Visitor, links: dict[str, str], purpose: str):
    others = [visitor.open(f"/ja/{purpose}/{raw}").code for kind, raw in links.items() if kind != purpose]

    assert others == [404, 404, 404]


@ONE_DATABASE
@pytest.mark.parametrize(
    "raw", ["x", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "é", "A" * 20 + "/" + "A" * 22]
)
def test_damaged_link_is_not_found(visitor: Visitor, raw: str):
    assert visitor.open(f"/ja/confirm/{raw}").code == 404


def test_pressing_confirm_moves_the_request_on_and_says_when_we_answer(visitor: Visitor, world: World):
    case_id = world.submit()
    page = visitor.open(f"/ja/confirm/{world.link(case_id, 'confirm')}")
    assert page.heading == "メールアドレスを確認しますか"
    assert world.case(case_id).reference in page.text.replace(" ", "")
    assert "2026年11月25日（水）10:00（日本時間）" in page.text

    done = visitor.send()
    assert (done.code, done.heading) == (200, "メールアドレスを確認しました")
    assert world.status(case_id) == "queued"


def test_pressing_confirm_again_is_friendly_and_changes_nothing(visitor: Visitor, world: World):
    case_id = world.submit()
    visitor.open(f"/ja/confirm/{world.link(case_id, 'confirm')}")
    sent = visitor.fill()
    first = visitor.send()
    before = everything(world)
    second = visitor.post(first.path, sent)

    assert (second.code, second.heading, second.text) == (200, first.heading, first.text)
    assert everything(world) == before


def test_confirmed_page_of_an_older_request_claims_nothing_that_is_over(visitor: Visitor, world: World):
    case_id = world.submit()
    raw = world.link(case_id, "confirm")
    intake.confirm(world.owner, raw)
    intake.withdraw(world.owner, case_id, "other")
    page = visitor.open(f"/ja/confirm/{raw}")

    assert "現在の状況は、最新のメールのリンクから確認できます。" in page.text
    assert "までに" not in page.text


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_link_that_ran_out_says_when_and_confirms_nothing(visitor: Visitor, world: World, lang: str):
    case_id = world.submit()
    raw = world.link(case_id, "confirm")
    visitor.open(f"/{lang}/confirm/{raw}")
    sent = visitor.fill()
    world.now += timedelta(hours=24)
    opened = visitor.open(f"/{lang}/confirm/{raw}")
    pressed = visitor.post(f"/{lang}/confirm/{raw}", sent)

    expired = {
        "ja": "このリンクの有効期限は 2026年11月25日（水）10:00（日本時間） に切れました。",
        "en": "This link expired at 25 November 2026 at 10:00am JST (UTC+9).",
    }[lang]
    for page in (opened, pressed):
        assert page.code == 404
        assert expired.replace(" ", "") in page.text.replace(" ", "")
        assert page.foreign_words(lang) == []
    assert world.status(case_id) == "unconfirmed"


@ONE_DATABASE
def test_confirmation_page_shows_the_browser_and_nothing_that_a_stranger_must_not_see(
    visitor: Visitor, world: World
):
    page = visitor.open(f"/ja/confirm/{world.link(world.submit(detail='誰にも言わない'), 'confirm')}")

    assert "Test browser" in page.text
    for secret in ("山田", "hanako", "09012345678", "誰にも言わない"):
        assert secret not in page.text


@ONE_DATABASE
def test_request_that_was_taken_back_cannot_be_confirmed_any_more(visitor: Visitor, world: World):
    case_id = world.submit()
    raw = world.link(case_id, "confirm")
    visitor.open(f"/ja/confirm/{raw}")
    sent = visitor.fill()
    intake.withdraw(world.owner, case_id, "other")
    page = visitor.post(f"/ja/confirm/{raw}", sent)

    assert page.code == 404
    assert world.status(case_id) == "cancelled"


@ONE_DATABASE
def test_button_without_the_token_of_its_form_does_nothing(visitor: Visitor, world: World):
    case_id = world.submit()
    answer = visitor.client.post(f"/ja/confirm/{world.link(case_id, 'confirm')}")

    assert answer.status_code == 400
    assert world.status(case_id) == "unconfirmed"


def test_confirming_a_registered_mailbox_is_a_check_made_once(
    visitor: Visitor, world: World, links: dict[str, str]
):
    before = count(world, IdentityCheck)
    visitor.open(f"/ja/mailbox/{links['mailbox']}")
    sent = visitor.fill("mailbox/" + links["mailbox"])
    first = visitor.send("mailbox/" + links["mailbox"])
    second = visitor.post(first.path, sent)

    assert first.heading == second.heading == "メールボックスを確認しました"
    assert count(world, IdentityCheck) == before + 1


def test_holder_of_the_mailbox_can_say_that_it_was_not_them(
    visitor: Visitor, world: World, links: dict[str, str]
):
    page = visitor.open(f"/ja/mailbox/{links['mailbox']}")
    assert "n***@e***.example" in page.text.replace(" ", "")
    stopped = visitor.send("not-me")

    assert stopped.heading == "リクエストを止めました"
    assert stopped.foreign_words("ja") == []
    assert visitor.open(f"/ja/mailbox/{links['mailbox']}").heading == stopped.heading


@ONE_DATABASE
def test_mailbox_link_of_an_earlier_round_of_checks_is_gone(
    visitor: Visitor, world: World, links: dict[str, str]
):
    case = objection.stop_by_link(world.owner, links["stop"])
    assert case is not None
    objection.propose_unfreeze(world.as_("lee"), case.id, "resume", "the owner called")
    objection.agree_unfreeze(world.as_("lou"), case.id, code=world.code("lou"))
    page = visitor.open(f"/ja/mailbox/{links['mailbox']}")

    assert (page.code, page.heading) == (404, "このリンクは使えません")
