"""Protecting an account, lifting that, and allowing calls again: two admins at their browsers, and who else sees it."""

from __future__ import annotations

import pytest

from portal.models import Account, Proposal
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.public.visitor import Page
from tests.world import World

ACCOUNTS, SETTINGS = "/admin/accounts/", "/admin/account-settings/"


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


def propose(clerk: Clerk, account: Account, kind: str = "account_protect", reason: str = "A threat") -> Page:
    clerk.get(f"{SETTINGS}{account.id}/{kind}")
    return clerk.send(reason=reason)


def proposal_of(world: World) -> Proposal:
    world.session.rollback()
    return world.session.query(Proposal).order_by(Proposal.created_at.desc()).first()  # type: ignore[return-value]


def decide(clerk: Clerk, account: Account, decision: str | None = "agree", **more: str) -> Page:
    clerk.get(f"{SETTINGS}{account.id}/proposals/{proposal_of(clerk.world).id}")
    return clerk.send(**{"decision": decision, "code": clerk.code(), **more})


def is_protected(world: World, account: Account) -> bool:
    world.session.rollback()
    return bool(world.session.get_one(Account, account.id, populate_existing=True).is_protected)


def test_two_admins_protect_an_account(world: World, clerk: Hire, account: Account, lang: str) -> None:
    ada, ann = clerk("ada", lang), clerk("ann", lang)
    page = propose(ada, account)
    waiting = is_protected(world, account)
    done = decide(ann, account)

    assert (page.path, waiting) == (f"{ACCOUNTS}{account.id}", False)
    assert (done.path, is_protected(world, account)) == (f"{ACCOUNTS}{account.id}", True)
    assert {"ja": "保護", "en": "Protected: self-service is off"}[lang] in done.text


def test_lifting_is_agreed_for_tomorrow_and_a_lead_stops_it(
    world: World, clerk: Hire, account: Account
) -> None:
    ada, ann, lee = clerk("ada", "en"), clerk("ann", "en"), clerk("lee", "en")
    propose(ada, account)
    decide(ann, account)
    propose(ann, account, "account_unprotect")
    agreed = decide(ada, account)
    stopped = decide(lee, account, None)
    world.pass_time(hours=48)

    assert "takes effect at" in agreed.text
    assert "Stopped. Nothing changes." in stopped.text
    assert is_protected(world, account)


def test_the_proposer_can_only_withdraw(world: World, clerk: Hire, account: Account) -> None:
    ada = clerk("ada", "en")
    propose(ada, account)
    page = ada.get(f"{SETTINGS}{account.id}/proposals/{proposal_of(world).id}")
    forged = ada.post(page.path, {**ada.fill(), "decision": "agree", "code": ada.code()})
    withdrawn = decide(ada, account, None)

    assert not page.html.find_all("input", attrs={"name": "decision"})
    assert (forged.code, "somebody else must decide" in forged.text) == (422, True)
    assert "Withdrawn." in withdrawn.text
    assert not is_protected(world, account)


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_who_works_cases_sees_the_state_and_no_more(
    world: World, clerk: Hire, account: Account, name: str
) -> None:
    propose(clerk("ada"), account)
    reader = clerk(name, "en")
    page = reader.get(f"{ACCOUNTS}{account.id}")

    assert "Protected No" in page.text
    assert not [link for link in page.links() if link.startswith(SETTINGS)]
    assert reader.get(f"{SETTINGS}{account.id}/proposals/{proposal_of(world).id}").code == 403


@pytest.mark.parametrize("name", ["chika", "lee"])
def test_compliance_and_leads_see_what_waits_and_propose_nothing(
    world: World, clerk: Hire, account: Account, name: str
) -> None:
    propose(clerk("ada"), account)
    reader = clerk(name, "en")
    page = reader.get(f"{ACCOUNTS}{account.id}")
    address = f"{SETTINGS}{account.id}/proposals/{proposal_of(world).id}"
    seen = reader.get(address)

    assert address in page.links()
    assert f"{SETTINGS}{account.id}/account_protect" not in page.links()
    assert ("A threat" in seen.text, "Another administrator decides on this." in seen.text) == (True, True)
    assert not seen.html.main.find_all("form")


def test_a_forged_decision_of_compliance_changes_nothing(world: World, clerk: Hire, account: Account) -> None:
    propose(clerk("ada"), account)
    chika, proposal = clerk("chika", "en"), proposal_of(world)
    chika.get(f"{SETTINGS}{account.id}/proposals/{proposal.id}")
    token = str(chika.page.html.find("input", attrs={"name": "csrf_token"})["value"])  # type: ignore[union-attr]
    sent = {"csrf_token": token, "decision": "agree", "digest": proposal.digest, "code": chika.code()}
    page = chika.post(f"{SETTINGS}{account.id}/proposals/{proposal.id}", sent)

    assert (page.code, is_protected(world, account)) == (403, False)


def test_a_wrong_code_decides_nothing_and_is_not_put_back(
    world: World, clerk: Hire, account: Account
) -> None:
    ann = clerk("ann", "en")
    propose(clerk("ada"), account)
    page = decide(ann, account, code="000000")

    assert (page.code, page.value("code"), is_protected(world, account)) == (422, "", False)
    assert page.errors_at("code") == ["The code does not match. Enter the newest code in your app"]


def test_a_reason_is_asked_for_at_its_field(clerk: Hire, account: Account) -> None:
    page = propose(clerk("ada", "en"), account, reason=" ")

    assert (page.code, page.errors_at("reason")) == (422, ["Enter a reason."])


def test_what_is_so_already_is_not_offered(clerk: Hire, account: Account) -> None:
    ada = clerk("ada", "en")
    page = ada.get(f"{ACCOUNTS}{account.id}")

    assert [link for link in page.links() if link.startswith(SETTINGS)] == [
        f"{SETTINGS}{account.id}/account_protect"
    ]
    assert "already as you propose" in ada.get(f"{SETTINGS}{account.id}/account_unprotect").text


def test_calls_that_were_switched_off_are_allowed_again(world: World, clerk: Hire, account: Account) -> None:
    with world.system.act():
        row = world.session.get_one(Account, account.id)
        row.calls_off_at, row.call_failures = world.now, 10
    ada, ann = clerk("ada", "en"), clerk("ann", "en")
    shown = ada.get(f"{ACCOUNTS}{account.id}").text
    propose(ada, account, "account_calls_on")
    decide(ann, account)
    world.session.rollback()

    assert "Telephone step is off" in shown
    assert world.session.get_one(Account, account.id, populate_existing=True).calls_off_at is None


@pytest.mark.parametrize("wrong", ["nothing", "role_grant", "x" * 200])
def test_what_cannot_be_proposed_is_not_found(clerk: Hire, account: Account, wrong: str) -> None:
    ada = clerk("ada")

    assert ada.get(f"{SETTINGS}{account.id}/{wrong}").code == 404
    assert ada.get(f"{SETTINGS}{'0' * 32}/account_protect").code == 404
    assert ada.get(f"{SETTINGS}{account.id}/proposals/{wrong}").code == 404


def test_what_was_decided_meanwhile_says_so(world: World, clerk: Hire, account: Account) -> None:
    ada, ann = clerk("ada", "en"), clerk("ann", "en")
    propose(ada, account)
    address = f"{SETTINGS}{account.id}/proposals/{proposal_of(world).id}"
    decide(ann, account)

    assert (ada.get(address).code, "already decided" in ada.get(address).text) == (409, True)


def test_a_proposal_is_found_with_its_own_account_only(world: World, clerk: Hire, account: Account) -> None:
    ada, ann = clerk("ada", "en"), clerk("ann", "en")
    other = world.account(number="999999999999", account_email="other@mail.example")
    propose(ada, account)

    assert ann.get(f"{SETTINGS}{other.id}/proposals/{proposal_of(world).id}").code == 404
    assert not is_protected(world, account)
