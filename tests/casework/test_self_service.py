"""The owner's own path up to its last proof, and every way around it that a thief would try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.casework import answering, calls, self_service, self_service_handover, self_service_mailbox
from portal.casework.context import NotFound, Refused, Throttled
from portal.models import Account, Contact, DirectoryPrincipal, LinkToken, PhoneCall, SelfService
from tests.casework.owners import root
from tests.casework.resetting import Browser, answer, mails, newest_link, ring, tags
from tests.people import HANAKO
from tests.world import World


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def browser(world: World, account: Account) -> Browser:
    return Browser(world)


# the way through


def test_three_proofs_in_their_order_make_an_attempt_ready(browser: Browser, world: World) -> None:
    attempt = browser.with_all()
    assert attempt.password_at
    assert attempt.mailbox_at
    assert attempt.call_at
    assert attempt.hold_until is None
    assert attempt.ended_at is None
    assert tags(world) == ["started", "mailed", "proven", "proven"]


def test_the_mail_names_the_device_and_the_browser(browser: Browser, world: World) -> None:
    browser.with_mail()
    said = world.params(mails(world, "self_service_link")[0])
    assert (said["device"], said["browser"]) == ("Phone", "Test browser")


def test_the_mailbox_confirmed_first_is_written_to(browser: Browser, world: World, account: Account) -> None:
    with world.system.act():
        world.contact(account, "email", "thief@mail.example", since=world.now - timedelta(days=31))
    browser.with_mail()
    contact = world.session.get_one(Contact, mails(world)[0].contact_id)
    assert (
        world.runtime.vault.open(world.session, account.subject_id, contact, "value")
        == HANAKO["account_email"]
    )


def test_a_new_choice_of_device_is_a_new_attempt_and_the_old_one_is_worth_nothing(
    browser: Browser, world: World
) -> None:
    link = browser.with_mail()
    second = browser.begin("Drawer key")
    with pytest.raises(Refused, match="link_over"):
        browser.confirm(link)
    world.session.rollback()
    assert (second.device_label, second.mailbox_at) == ("Drawer key", None)


def test_a_device_of_somebody_else_cannot_be_chosen(browser: Browser, world: World) -> None:
    browser.sign_in()
    with pytest.raises(Refused, match="device_unknown"):
        self_service.begin(world.owner, browser.visitor, "0" * 32, language="ja")


# steps that are skipped or reordered


def test_no_call_before_the_mailbox(browser: Browser) -> None:
    browser.with_mail()
    with pytest.raises(Refused, match="attempt_over"):
        browser.ask_call()


def test_no_removal_before_the_call(browser: Browser, world: World) -> None:
    browser.with_mailbox()
    with pytest.raises(Refused, match="attempt_over"):
        browser.remove()
    assert not world.removed("Phone")


def test_no_removal_while_the_call_is_still_running(browser: Browser, world: World) -> None:
    browser.with_mailbox()
    ring(world, browser.ask_call())
    with pytest.raises(Refused, match="attempt_over"):
        browser.remove()


def test_nothing_goes_on_without_an_attempt(browser: Browser) -> None:
    browser.sign_in()
    for step in (browser.send_link, browser.ask_call, browser.remove):
        with pytest.raises(Refused, match="attempt_over"):
            step()


def test_a_browser_that_is_signed_in_further_does_not_prove_anything_any_more(
    browser: Browser, world: World
) -> None:
    browser.with_all()
    browser.remove()
    for step in (browser.send_link, browser.ask_call):
        with pytest.raises(Refused, match="attempt_over"):
            step()


# other sessions, tabs, accounts and purposes


def test_a_thief_who_has_the_owner_press_confirm_gains_nothing(browser: Browser, world: World) -> None:
    thief, owner = browser, Browser(world)
    link = thief.with_mail()
    with pytest.raises(Refused, match="attempt_over"):
        owner.sign_in().confirm(link)  # signed in, but not the browser that asked
    moved = owner.confirm_with_password(link)
    assert moved.session_hash == owner.visitor.hash
    with pytest.raises(Refused, match="attempt_over"):
        thief.ask_call()
    with pytest.raises(Refused, match="attempt_over"):
        thief.remove()
    assert self_service.moved_away(world.owner, thief.visitor)
    assert not self_service.moved_away(world.owner, owner.visitor)


def test_the_link_moves_nothing_without_the_password(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    with pytest.raises(Refused, match="owner_sign_in_failed"):
        Browser(world).confirm_with_password(link, "wrong horse battery")
    world.session.rollback()
    assert browser.attempt.mailbox_at is None
    browser.confirm(link)


def test_passwords_tried_at_the_link_count_like_those_of_the_sign_in(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    for _ in range(world.runtime.limits.owner_password_tries):
        with pytest.raises(Refused, match="owner_sign_in_failed"):
            Browser(world).confirm_with_password(link, "wrong horse battery")
    with pytest.raises(Throttled):
        Browser(world).confirm_with_password(link)


def test_the_password_is_proven_anew_where_the_link_is_opened(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    world.now += timedelta(minutes=5)
    moved = Browser(world).confirm_with_password(link)
    assert moved.password_at == world.now


def test_the_link_of_one_browser_proves_nothing_for_the_attempt_of_another(
    browser: Browser, world: World
) -> None:
    link = browser.with_mail()
    other = Browser(world).sign_in()
    other.begin()
    with pytest.raises(Refused, match="link_over"):
        other.confirm(link)
    world.session.rollback()
    assert other.attempt.mailbox_at is None
    browser.confirm(link)  # and it is not used up by that


def test_the_link_of_another_account_proves_nothing(browser: Browser, world: World) -> None:
    world.account(
        account_email="taro@mail.example", second_email=None, number="210987654321", phone="+819087654321"
    )
    theirs = Browser(world).sign_in("taro@mail.example")
    theirs.begin()
    link = theirs.send_link()
    browser.sign_in().begin()
    with pytest.raises(Refused, match="link_over"):
        browser.confirm(link)


def test_a_link_of_another_purpose_proves_nothing(browser: Browser, world: World) -> None:
    browser.with_mail()
    with pytest.raises(Refused, match="link_over"):
        browser.confirm(newest_link(world, "stop"))


def test_a_code_that_another_browser_shows_is_wrong(browser: Browser, world: World) -> None:
    browser.with_mailbox()
    call = browser.ask_call()
    other = Browser(world).sign_in()
    answer(world, call, other.code(call))
    assert browser.attempt.call_at is None


def test_two_tabs_that_confirm_at_once_use_the_link_once(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    browser.confirm(link)
    with pytest.raises(Refused, match="link_over"):
        browser.confirm(link)
    world.session.rollback()
    assert tags(world).count("proven") == 1


# time


@pytest.mark.parametrize("minutes", [31, 61])
def test_a_link_that_is_over_proves_nothing(browser: Browser, world: World, minutes: int) -> None:
    link = browser.with_mail()
    world.now += timedelta(minutes=minutes)
    thief = Browser(world)
    with pytest.raises(Refused, match="link_over"):
        thief.confirm_with_password(link)
    assert not thief.raw


def test_an_attempt_is_over_after_an_hour(browser: Browser, world: World) -> None:
    browser.with_all()
    browser_hash = browser.visitor
    world.now += timedelta(minutes=60)
    with pytest.raises(Refused, match="attempt_over"):
        self_service_mailbox.send_link(world.owner, browser_hash)


def test_a_call_that_is_confirmed_after_the_attempt_ended_proves_nothing(
    browser: Browser, world: World
) -> None:
    browser.with_mailbox()
    call = browser.ask_call()
    browser.begin()  # a new choice
    answer_late(world, call, browser.code(call))
    assert browser.attempt.call_at is None
    assert world.session.get_one(PhoneCall, call.id).outcome == "expired"


def answer_late(world: World, call: PhoneCall, keys: str) -> None:
    with pytest.raises(NotFound):
        answering.answered(
            world.system,
            calls.path_of(world.system, call.id),
            provider_id=f"demo-{call.id}",
            number=HANAKO["phone"],
            machine=False,
        )


# mail scanners and limits


def test_looking_at_the_link_ten_times_changes_nothing(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    for _ in range(10):
        found = self_service_mailbox.link_for(world.owner, link)
        assert found
        assert self_service_mailbox.is_good(world.owner, *found)
    browser.confirm(link)


def test_the_next_mail_has_to_wait_and_the_earlier_one_still_works(browser: Browser, world: World) -> None:
    first = browser.with_mail()
    world.now += timedelta(seconds=20)
    with pytest.raises(Throttled) as refusal:
        browser.send_link()
    assert refusal.value.details["retry_after"] == 40
    world.now += timedelta(seconds=40)
    browser.send_link()
    browser.confirm(first)


def test_a_new_attempt_is_no_way_around_the_wait_for_the_next_mail(browser: Browser) -> None:
    browser.with_mail()
    browser.begin()
    with pytest.raises(Throttled):
        browser.send_link()


def test_a_mailbox_gets_only_so_many_mails_whoever_asks(browser: Browser, world: World) -> None:
    browser.with_mail()
    for _ in range(world.runtime.limits.prove_mails_hour - 1):
        world.now += timedelta(minutes=1)
        browser.send_link()
    other = Browser(world).sign_in()
    other.begin()
    world.now += timedelta(minutes=1)
    for _ in range(2):
        with pytest.raises(Refused, match="mails_used_up"):
            other.send_link()
    assert len(mails(world, "self_service_link")) == world.runtime.limits.prove_mails_hour


def test_a_mail_that_could_not_go_out_in_time_is_not_sent_late(browser: Browser, world: World) -> None:
    browser.with_mail()
    row = mails(world, "self_service_link")[0]
    assert row.expires_at == world.now + world.runtime.limits.prove_link_life


def test_success_makes_every_earlier_link_worthless(browser: Browser, world: World) -> None:
    first = browser.with_mail()
    world.now += timedelta(minutes=1)
    browser.confirm(browser.send_link())
    link = world.session.get_one(LinkToken, self_service_mailbox.tokens.digest(first))
    assert link.revoked_at is not None


def test_attempts_are_counted(browser: Browser, world: World) -> None:
    browser.sign_in()
    for _ in range(world.runtime.limits.self_service_starts_hour):
        browser.begin()
    with pytest.raises(Throttled):
        browser.begin()


# closed


Closing = Callable[[World, Account], None]


def _reset_password(world: World, account: Account) -> None:
    entry = world.session.get_one(DirectoryPrincipal, root(world, account).external_id)
    entry.password_reset_at = world.now


def _renew(kind: str) -> Closing:
    def change(world: World, account: Account) -> None:
        for contact in world.contacts(account, kind):
            contact.confirmed_at = world.now - timedelta(days=29)

    return change


def _retire(kind: str) -> Closing:
    def change(world: World, account: Account) -> None:
        for contact in world.contacts(account, kind):
            contact.retired_at = world.now

    return change


def _calls_off(world: World, account: Account) -> None:
    account.calls_off_at = world.now


def _abroad(world: World, account: Account) -> None:
    world.contact(account, "phone", "+861012345678", since=world.now - timedelta(days=40))


CLOSING: dict[str, Closing] = {
    "password_young": _reset_password,
    "mailbox_young": _renew("email"),
    "phone_young": _renew("phone"),
    "no_phone": _retire("phone"),
    "path_off": _calls_off,
    "phone_not_callable": _abroad,
}


@pytest.mark.parametrize("reason", CLOSING)
def test_where_the_path_is_closed_the_attempt_ends_at_once_with_its_reason(
    browser: Browser, world: World, account: Account, reason: str
) -> None:
    browser.sign_in()
    with world.system.act():
        CLOSING[reason](world, account)
    attempt = browser.begin()
    assert (attempt.failed_step, attempt.failed_reason) == ("start", reason)
    assert attempt.ended_at is not None
    assert tags(world) == ["started", "failed"]
    assert not mails(world, "self_service_link")


@pytest.mark.parametrize("reason", ["password_young", "phone_young", "path_off"])
def test_what_closes_meanwhile_stops_the_mail_and_the_call(
    browser: Browser, world: World, account: Account, reason: str
) -> None:
    browser.sign_in().begin()
    with world.system.act():
        CLOSING[reason](world, account)
    with pytest.raises(Refused, match="attempt_over"):
        browser.send_link()
    assert browser.attempt.failed_reason == reason
    assert not mails(world, "self_service_link")


def test_an_objection_closes_the_path(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    self_service_mailbox.stop_by_prove_link(world.owner, link)
    again = Browser(world).sign_in()
    assert again.begin().failed_reason == "objection_open"


def test_a_number_that_changed_meanwhile_is_not_called(
    browser: Browser, world: World, account: Account
) -> None:
    browser.with_mailbox()
    with world.system.act():
        world.contact(account, "phone", "+819011112222", since=world.now - timedelta(days=90))
        for contact in world.contacts(account, "phone")[:1]:
            contact.retired_at = world.now
    with pytest.raises(Refused, match="attempt_over"):
        browser.ask_call()
    assert browser.attempt.failed_reason == "changed_meanwhile"


# "this was not me"


def test_the_holder_of_the_mailbox_stops_everything_without_signing_in(
    browser: Browser, world: World
) -> None:
    link = browser.with_mail()
    other = Browser(world).sign_in()
    case = self_service_mailbox.stop_by_prove_link(world.owner, link)
    assert case is not None
    assert world.status(case.id) == "frozen"
    assert not browser.is_signed_in
    assert not other.is_signed_in
    attempt = world.session.execute(select(SelfService)).scalar_one()
    assert (attempt.failed_reason, attempt.ended_at) == ("stopped", world.now)
    assert "stopped" in tags(world)
    with pytest.raises(Refused, match="link_over"):
        Browser(world).confirm_with_password(link)


def test_stopping_twice_opens_one_case(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    first = self_service_mailbox.stop_by_prove_link(world.owner, link)
    second = self_service_mailbox.stop_by_prove_link(world.owner, link)
    assert first
    assert second
    assert first.id == second.id


def test_a_used_link_still_stops(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    browser.confirm(link)
    world.now += timedelta(days=2)
    assert self_service_mailbox.stop_by_prove_link(world.owner, link) is not None


def test_nine_on_the_call_stops_everything(browser: Browser, world: World) -> None:
    browser.with_mailbox()
    answer(world, browser.ask_call(), "9")
    attempt = world.session.execute(select(SelfService)).scalar_one()
    assert (attempt.failed_reason, attempt.call_at) == ("stopped", None)
    assert not browser.is_signed_in


def test_nine_makes_the_code_worthless(browser: Browser, world: World) -> None:
    browser.with_mailbox()
    call = browser.ask_call()
    code = browser.code(call)
    path, told = ring(world, call)
    answering.answered(world.system, path, machine=False, **told)
    answering.keyed(world.system, path, digits="9", **told)
    answering.keyed(world.system, path, digits=code, **told)
    assert world.session.execute(select(SelfService.call_at)).scalar_one() is None


# a corrected number


def test_where_the_removal_must_wait_everybody_is_told(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.casework.phone_change.corrected", lambda ctx, contact: object())
    with world.system.act():
        world.session.execute(
            update(Contact).where(Contact.kind == "phone").values(confirmed_at=world.now - timedelta(days=1))
        )
    attempt = browser.with_all()
    assert attempt.hold_until == world.now + timedelta(hours=72)
    assert len(mails(world, "self_service_waiting")) == 2
    assert tags(world)[-1] == "held"
    with pytest.raises(Refused, match="hold_runs"):
        browser.remove()


# the way out


def test_giving_up_ends_the_attempt_with_what_was_pressed(browser: Browser, world: World) -> None:
    link = browser.with_mail()
    attempt = self_service_handover.fail(world.owner, browser.visitor, "mail_not_received")
    assert (attempt.failed_step, attempt.failed_reason) == ("mail", "mail_not_received")
    with pytest.raises(Refused):
        browser.confirm(link)


def test_nobody_can_say_that_a_later_step_failed_than_they_are_at(browser: Browser, world: World) -> None:
    browser.with_mail()
    attempt = self_service_handover.fail(world.owner, browser.visitor, "removal_failed")
    assert (attempt.failed_step, attempt.failed_reason) == ("mail", "other_way")


@pytest.mark.parametrize("reason", ["protected", "password_young", "", "nonsense"])
def test_a_reason_that_only_the_server_knows_cannot_be_claimed(
    browser: Browser, world: World, reason: str
) -> None:
    browser.sign_in().begin()
    with pytest.raises(NotFound):
        self_service_handover.fail(world.owner, browser.visitor, reason)


def test_the_true_reason_stays_when_the_form_is_chosen(
    browser: Browser, world: World, account: Account
) -> None:
    browser.sign_in()
    with world.system.act():
        CLOSING["phone_young"](world, account)
    browser.begin()
    attempt = self_service_handover.fail(world.owner, browser.visitor, "other_way")
    assert attempt.failed_reason == "phone_young"


def test_who_began_nothing_hands_over_the_proven_password(browser: Browser, world: World) -> None:
    browser.sign_in()
    attempt = self_service_handover.fail(world.owner, browser.visitor, "other_way")
    assert attempt.password_at is not None
    assert attempt.device_id is None
    assert self_service_handover.handed_over(world.owner, browser.visitor)["failed_reason"] == "other_way"


def test_what_the_form_already_knows(browser: Browser, world: World) -> None:
    browser.with_mailbox()
    self_service_handover.fail(world.owner, browser.visitor, "no_answer")
    known = self_service_handover.handed_over(world.owner, browser.visitor)
    assert known.pop("attempt")
    assert known == {
        "principal_kind": "root",
        "password_known": "yes",
        "mailbox": "reachable",
        "registered_phone": "no",
        "device_kind": "virtual",
        "account_email": HANAKO["account_email"],
        "failed_step": "call",
        "failed_reason": "no_answer",
    }
