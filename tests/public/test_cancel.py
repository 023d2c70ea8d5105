"""Taking a request back, and stopping somebody else's: from the mail, without signing in, as often as anybody presses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import approval, deactivation, objection, proofs, verification
from portal.domain.lifecycle import Status
from portal.models import Account
from tests.public.records import everything
from tests.public.visitor import Page, Visitor
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TAKEN_BACK = ("queued", "verifying", "waiting_owner", "pending_approval", "cooling_off", "ready")
REASONS = {"device_works": "device_works", "solved_elsewhere": "solved_elsewhere", "other": "withdrawn"}


def follow(visitor: Visitor, world: World, case_id: str) -> Page:
    return visitor.open(f"/{visitor.language}/status/{world.link(case_id, 'status')}")


def stop_page(visitor: Visitor, world: World, case_id: str) -> Page:
    return visitor.open(f"/{visitor.language}/stop/{world.link(case_id, 'stop')}")


@pytest.mark.parametrize("status", TAKEN_BACK)
def test_request_is_taken_back_in_two_presses_from_the_mail(visitor: Visitor, world: World, status: str):
    world.account()
    case_id = world.walks[Status(status)]()
    follow(visitor, world, case_id)
    asked = visitor.follow("リクエストを取り消す")
    assert asked.heading == "リクエストの取り消し"
    page = visitor.send(reason="device_works")

    assert (page.code, page.heading) == (200, "リクエストを取り消しました")
    assert "MFA の設定は変更していません。" in page.text
    assert (world.status(case_id), world.case(case_id).close_reason) == ("cancelled", "device_works")


@ONE_DATABASE
@pytest.mark.parametrize("reason", REASONS)
def test_reason_is_recorded(visitor: Visitor, world: World, reason: str):
    case_id = world.queued()
    follow(visitor, world, case_id)
    visitor.get("/status/cancel")
    page = visitor.send(reason=reason)

    assert world.case(case_id).close_reason == REASONS[reason]
    assert "パスワードを変更してください" not in page.text


@ONE_DATABASE
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_page_says_what_is_cancelled_and_hides_the_rest(visitor: Visitor, world: World, lang: str):
    world.account()
    case_id = world.cooling_off()
    follow(visitor, world, case_id)
    visitor.language = lang
    page = visitor.get("/status/cancel")

    assert page.foreign_words(lang) == []
    assert world.case(case_id).reference in page.text
    assert "h***@m***.example" in page.text.replace(" ", "")
    assert {"ja": "2026年11月25日", "en": "25 November 2026"}[lang] in page.text
    assert "hanako" not in page.response.text


@ONE_DATABASE
def test_reason_has_to_be_chosen(visitor: Visitor, world: World):
    case_id = world.queued()
    follow(visitor, world, case_id)
    visitor.get("/status/cancel")
    page = visitor.send()
    assert (page.code, page.errors_at("reason")) == (422, ["取り消す理由を選択してください。"])
    assert visitor.switch().errors_at("reason") == ["Select why you are cancelling"]

    assert visitor.send(reason="boredom").code == 422
    assert world.status(case_id) == "queued"


def test_holder_of_the_address_who_never_asked_stops_it_and_is_told_to_change_the_password(
    visitor: Visitor, world: World
):
    world.account()
    case_id = world.cooling_off()
    follow(visitor, world, case_id)
    visitor.get("/status/cancel")
    page = visitor.send(reason="not_mine")

    assert world.status(case_id) == "frozen"
    assert page.heading == "リクエストを止めました"
    assert "アカウントを保護するため、パスワードを変更してください。担当者にも通知しました。" in page.text
    assert page.foreign_words("ja") == []


def test_cancelling_again_shows_the_same_page_and_changes_nothing(visitor: Visitor, world: World):
    case_id = world.queued()
    follow(visitor, world, case_id)
    visitor.get("/status/cancel")
    sent = visitor.fill(reason="other")
    first = visitor.send(reason="other")
    before = everything(world)
    second = visitor.post("/ja/status/cancel", sent)
    opened = visitor.get("/status/cancel")

    assert first.text == second.text == opened.text
    assert everything(world) == before


def test_after_the_removal_it_says_so_and_takes_an_objection(visitor: Visitor, world: World):
    world.account()
    case_id = world.deactivated()
    follow(visitor, world, case_id)
    page = visitor.follow("この操作に心当たりがない")
    assert "MFA はすでに無効になっています。" in page.text
    assert page.foreign_words("ja") == []
    page = visitor.send()

    assert (world.status(case_id), page.heading) == ("frozen", "リクエストを止めました")


def test_form_that_was_open_during_the_removal_cancels_nothing(visitor: Visitor, world: World):
    world.account()
    case_id = world.ready()
    follow(visitor, world, case_id)
    visitor.get("/status/cancel")
    sent = visitor.fill(reason="device_works")
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    page = visitor.post("/ja/status/cancel", sent)

    assert "状況が変わったため、操作は行われませんでした。" in page.text
    assert world.status(case_id) == "executing"
    assert "現在、MFA を無効にしている途中です。" in visitor.get("/status/cancel").text


@ONE_DATABASE
def test_after_the_time_to_object_nothing_is_offered(visitor: Visitor, world: World):
    world.account()
    case_id = world.deactivated()
    follow(visitor, world, case_id)
    world.now += timedelta(days=10, seconds=1)
    page = visitor.get("/status/cancel")

    assert "MFA はすでに無効になっています。" in page.text
    assert page.html.main.find("form") is None


@pytest.mark.parametrize("status", [*TAKEN_BACK, "executing", "deactivated"])
def test_registered_contact_stops_a_request_with_one_press(visitor: Visitor, world: World, status: str):
    world.account()
    case_id = world.walks[Status(status)]()
    page = stop_page(visitor, world, case_id)
    assert page.heading == "このリクエストを止めますか"
    stopped = visitor.send()

    assert (world.status(case_id), stopped.heading) == ("frozen", "リクエストを止めました")
    assert visitor.client.get_cookie("case") is None


def test_stopping_again_shows_the_same_page_and_changes_nothing(visitor: Visitor, world: World):
    world.account()
    case_id = world.queued()
    address = stop_page(visitor, world, case_id).path
    sent = visitor.fill()
    first = visitor.send()
    before = everything(world)

    assert visitor.post(address, sent).text == first.text == visitor.open(address).text
    assert everything(world) == before


@ONE_DATABASE
@pytest.mark.parametrize("status", ["queued", "deactivated", "cancelled"])
def test_stop_page_says_what_it_stops_in_one_language(visitor: Visitor, world: World, lang: str, status: str):
    world.account()
    case_id = world.walks[Status(status)]()
    visitor.language = lang
    page = stop_page(visitor, world, case_id)
    stopped = visitor.send()

    assert (page.foreign_words(lang), stopped.foreign_words(lang)) == ([], [])
    assert world.case(case_id).reference in page.text
    assert "hanako" not in page.response.text


@ONE_DATABASE
def test_word_of_a_contact_after_the_end_is_kept(visitor: Visitor, world: World):
    world.account()
    case_id = world.cancelled()
    page = stop_page(visitor, world, case_id)
    assert "このリクエストは終了しており、MFA が無効になることはありません。" in page.text
    told = visitor.send()

    assert told.heading == "ご連絡を受け付けました"
    assert "今後のリクエストの確認でも考慮します。" in told.text
    assert world.status(case_id) == "cancelled"


def test_contact_whose_stop_was_decided_on_can_lengthen_the_wait_once(visitor: Visitor, world: World):
    world.account()
    case_id = world.queued()
    address = stop_page(visitor, world, case_id).path
    visitor.send()
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "the owner came to us")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))
    checked_anew(world, case_id)
    before = world.case(case_id).waiting_until
    assert before is not None

    page = visitor.open(address)
    assert "2 人の担当者が確認し、手続きを続けています。" in page.text
    assert page.foreign_words("ja") == []
    told = visitor.send()
    after = world.case(case_id).waiting_until
    assert after == before + timedelta(hours=72)
    assert "待機期間を延ばしました。" in told.text
    assert world.status(case_id) == "cooling_off"

    visitor.open(address)
    visitor.send()
    assert world.case(case_id).waiting_until == after


def checked_anew(world: World, case_id: str) -> None:
    """Bring a resumed case up to its wait, on proofs that do not rest on the contact that stopped it."""
    post = world.contacts(world.session.get_one(Account, world.case(case_id).account_id), "post")[0].id
    verification.claim(world.as_("alice"), case_id)
    world.check("alice", case_id)
    proofs.post_letter(world.as_("alice"), case_id, post)
    proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))
    world.propose("alice", case_id)
    lead = world.hire_lead("lea")
    world.open_checks(lead, case_id)
    world.repeat(lead, case_id)
    approval.approve(world.as_(lead), case_id, code=world.code(lead))
    world.deliver()


@ONE_DATABASE
def test_stop_link_ends_ten_days_after_the_case(visitor: Visitor, world: World):
    world.account()
    case_id = world.cancelled()
    address = stop_page(visitor, world, case_id).path
    world.now += timedelta(days=10)

    assert visitor.open(address).code == 404
