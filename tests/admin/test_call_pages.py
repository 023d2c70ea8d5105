"""Having the registered number called from the desk: who may, what they see of it, and what they never see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal.casework import call_checks, verification
from portal.models import PhoneCall, Principal, SelfService, new_id
from tests.admin.clerk import Clerk
from tests.admin.desk import banner, do, has_form, open_act, says_in, send
from tests.public.visitor import Page
from tests.ringing import digits_of, end, pick_up, placed, press
from tests.world import World

Hire = Callable[..., Clerk]
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that can call somebody."""
    made = World(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


def case_page(clerk: Clerk, case_id: str) -> Page:
    return clerk.get(f"/admin/case/{case_id}")


def called(world: World, clerk: Clerk, case_id: str) -> tuple[Page, PhoneCall]:
    """Press the button for the one registered number, and let it ring."""
    open_act(clerk, "checks/call", case_id)
    assert clerk.page is not None
    contact = str(clerk.page.html.select_one("[name=contact]")["value"])
    page = send(clerk, contact=contact)
    (call,) = placed(world)
    return page, call


def card_of(page: Page) -> str:
    return " ".join(page.html.select_one(".check-card").get_text(" ", strip=True).split())


# what nobody at the desk sees or does


def test_nobody_at_the_desk_sees_the_number_or_the_digits(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice")
    page, call = called(world, alice, case_id)
    opened = open_act(alice, "checks/call", case_id)
    for shown in (page, opened, case_page(alice, case_id)):
        assert "+819012345678" not in shown.response.text
        assert "90-1234" not in shown.response.text
        assert digits_of(world, call) not in shown.response.text
    assert "***-****-5678" in opened.response.text


@ONE_DATABASE
@pytest.mark.parametrize("method", ["H2", "H3"])
def test_no_page_records_a_call_by_hand(world: World, clerk: Hire, method: str) -> None:
    world.account()
    assert clerk("alice").get(f"/admin/checks/{world.verifying()}/record/{method}").code == 404


@ONE_DATABASE
def test_only_the_holder_has_the_button(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    assert not has_form(clerk("vic").get(f"/admin/checks/{case_id}/call"))
    assert not has_form(clerk("bob").get(f"/admin/checks/{case_id}/call"))
    assert has_form(clerk("alice").get(f"/admin/checks/{case_id}/call"))


@ONE_DATABASE
def test_another_accounts_number_is_refused(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    other = world.account(
        number="999999999999", account_email="o@mail.example", second_email="p@mail.example"
    )
    theirs = world.contacts(other, "phone")[0].id
    page = do(clerk("alice", lang), "checks/call", world.verifying(), contact=theirs)
    says_in(lang, page, "contact", ("登録済みの連絡先を選択してください。", "Select a registered contact."))
    assert placed(world) == []


# the call


def test_the_call_is_placed_and_its_state_shown_until_it_has_ended(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    page, call = called(world, alice, case_id)
    assert "The registered number is being called. The result appears below." in banner(page)
    assert card_of(page).startswith("Call to number on record Calling")
    assert "Check again" in card_of(page)
    pick_up(world, call)
    assert "Connected" in card_of(case_page(alice, case_id))
    press(world, call, digits_of(world, call))
    done = case_page(alice, case_id)
    assert "Confirmed" in card_of(done)
    assert "Check again" not in card_of(done)
    titles = [card.get_text(" ", strip=True) for card in done.html.select(".check-card__head")]
    assert "Call to number on record Match" in titles


@ONE_DATABASE
def test_a_call_that_came_to_nothing_says_how(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    _, call = called(world, alice, case_id)
    end(world, call, "no-answer")
    assert "No answer" in card_of(case_page(alice, case_id))


@ONE_DATABASE
def test_a_second_call_too_soon_says_so_and_places_none(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    _, call = called(world, alice, case_id)
    end(world, call, "no-answer")
    open_act(alice, "checks/call", case_id)
    assert alice.page is not None
    page = send(alice, contact=str(alice.page.html.select_one("[name=contact]")["value"]))
    assert page.code == 429
    assert placed(world) == []


@ONE_DATABASE
def test_the_evidence_of_a_call_back_can_be_read(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    _, call = called(world, alice, case_id)
    pick_up(world, call)
    world.now += timedelta(seconds=75)
    press(world, call, digits_of(world, call))
    text = case_page(alice, case_id).text
    assert "Length of the call 1:15" in text
    assert call.id in text


@ONE_DATABASE
def test_the_owners_own_call_is_seen_on_the_case(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    verification.ask(world.as_("alice"), case_id, ["H2"])
    call_checks.ask_call(world.owner, case_id, language="ja")
    assert card_of(case_page(alice, case_id)).startswith("Automated call to the registered number Calling")


# where nobody can be called


@ONE_DATABASE
def test_without_a_registered_number_no_call_is_offered(world: World, clerk: Hire) -> None:
    account = world.account()
    with world.system.act():
        world.contacts(account, "phone")[0].retired_at = world.now
    case_id = world.verifying()
    alice = clerk("alice", "en")
    assert (
        "Call to number on record"
        not in case_page(alice, case_id).html.select_one("#checks").parent.get_text()
    )
    page = alice.get(f"/admin/checks/{case_id}/call")
    assert "The account has no registered phone number." in page.text
    assert not has_form(page)
    asked = alice.get(f"/admin/checks/{case_id}/ask")
    assert not asked.html.select("[name=items][value=H2]")


@ONE_DATABASE
def test_the_owner_can_be_asked_for_a_call_where_there_is_a_number(world: World, clerk: Hire) -> None:
    world.account()
    page = do(clerk("alice", "en"), "checks/ask", world.verifying(), items=["H2"])
    assert "The owner is asked in their own language." in banner(page)


# what the owner's own path came to


@ONE_DATABASE
def test_the_failed_self_service_and_the_proven_password_stand_in_the_request_data(
    world: World, clerk: Hire, lang: str
) -> None:
    account = world.account()
    case_id = world.verifying()
    with world.system.act():
        principal = world.session.query(Principal).filter_by(account_id=account.id).one()
        attempt = SelfService(
            id=new_id(),
            account_id=account.id,
            principal_id=principal.id,
            language="ja",
            password_at=world.now,
            failed_step="call",
            failed_reason="no_answer",
            created_at=world.now,
            expires_at=world.now + timedelta(hours=1),
            ended_at=world.now,
        )
        world.session.add(attempt)
        world.session.flush()
        world.lock(case_id).self_service_id = attempt.id
    text = case_page(clerk("alice", lang), case_id).text
    said = {
        "ja": ("セルフサービスの失敗", "パスワードの確認"),
        "en": (
            "Self-service failed Step 2, phone: Nobody answered the call",
            "Password proven 24 November 2026",
        ),
    }
    assert all(words in text for words in said[lang])


@ONE_DATABASE
def test_a_request_without_self_service_says_nothing_of_it(world: World, clerk: Hire) -> None:
    world.account()
    assert "Self-service" not in case_page(clerk("alice", "en"), world.verifying()).text
