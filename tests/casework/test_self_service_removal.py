"""The last act of the owner's own path: what it looks at once more, what it entails, and what undoes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal import receipts
from portal.casework import (
    decisions,
    drafts,
    intake,
    objection,
    owner_sessions,
    protection,
    self_service_end,
    self_service_handover,
    self_service_removal,
    suspension,
)
from portal.casework.context import Refused
from portal.connectors import ConnectorError
from portal.connectors.local import LocalConnector
from portal.domain.lifecycle import Actor, Role
from portal.models import (
    Account,
    Contact,
    DirectoryPrincipal,
    OutboxRow,
    Removal,
    SelfService,
)
from tests.casework.owners import connector, devices, entry, root, with_mfa
from tests.casework.resetting import Browser, everybody_is_told, mails, newest_link, tags
from tests.together import together
from tests.world import OWNER, World


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def browser(world: World, account: Account) -> Browser:
    return Browser(world)


def removals(world: World) -> list[Removal]:
    world.session.rollback()
    query = select(Removal).execution_options(populate_existing=True)
    return list(world.session.execute(query).scalars())


def outcome(world: World) -> SelfService:
    world.session.rollback()
    query = select(SelfService).order_by(SelfService.created_at.desc(), SelfService.id)
    return world.session.execute(query.execution_options(populate_existing=True)).scalars().first()  # type: ignore[return-value]


def work(world: World) -> list[OutboxRow]:
    world.session.rollback()
    return list(world.session.execute(select(OutboxRow).where(OutboxRow.kind == "reset")).scalars())


def hold(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number was corrected yesterday by an IAM user."""
    monkeypatch.setattr("portal.casework.phone_change.corrected", lambda ctx, contact: object())
    with world.system.act():
        lately = world.now - timedelta(days=1)
        world.session.execute(update(Contact).where(Contact.kind == "phone").values(confirmed_at=lately))


# what a removal entails


def test_the_chosen_device_goes_and_no_other(browser: Browser, world: World) -> None:
    browser.with_all()
    attempt = browser.remove()
    assert world.removed("Phone")
    assert not world.removed("Drawer key")
    assert attempt.removed_at == attempt.ended_at == world.now
    assert tags(world)[-1] == "removed"


def test_the_browser_may_manage_devices_under_a_new_secret(browser: Browser, world: World) -> None:
    browser.with_all()
    before = browser.raw
    attempt = browser.remove()
    assert browser.raw != before
    assert browser.visitor.stage == "limited"
    assert attempt.session_hash == browser.visitor.hash
    assert owner_sessions.find(world.owner, before) is None


def test_sessions_end_and_the_password_alone_lets_nobody_in(
    browser: Browser, world: World, account: Account
) -> None:
    other = Browser(world).sign_in()
    browser.with_all()
    browser.remove()
    principal = root(world, account)
    assert not other.is_signed_in
    assert entry(world, principal).must_enrol_since == world.now
    assert connector(world, account).changes_held_until(world.session, principal) == world.now + timedelta(
        hours=72
    )


def test_every_registered_contact_is_told_and_can_stop_it(browser: Browser, world: World) -> None:
    browser.with_all()
    browser.remove()
    told = mails(world, "self_service_done")
    assert len(told) == 2
    assert all("stop" in world.params(row)["links"] for row in told)
    spoken = world.session.execute(select(OutboxRow).where(OutboxRow.kind == "spoken")).scalars().all()
    assert [row.notice for row in spoken] == ["self_service_done"]


def test_a_paper_is_frozen_that_names_no_more_than_it_must(browser: Browser, world: World) -> None:
    browser.with_all()
    attempt = browser.remove()
    document = receipts.reset_of(world.owner, attempt.id)
    assert document is not None
    facts = receipts.open_facts(world.owner, document)
    assert facts["device"] == "Phone"
    assert facts["account_masked"] == "****-****-9012"
    assert facts["contacts_told"] == ["h***@m***.example", "h***@m***.example", "***-****-5678"]


def test_an_open_request_of_the_owner_is_closed_as_solved(browser: Browser, world: World) -> None:
    case_id = world.queued()
    browser.with_all()
    browser.remove()
    case = world.case(case_id)
    assert (case.status, case.close_reason) == ("cancelled", "self_service")
    assert world.mails(case_id, "solved")


def test_the_request_of_a_stranger_stays_with_the_desk(browser: Browser, world: World) -> None:
    case_id = world.queued(reply_email="stranger@elsewhere.example")
    browser.with_all()
    browser.remove()
    assert world.status(case_id) == "queued"
    assert not world.mails(case_id, "solved")


def test_other_attempts_of_the_same_user_end(browser: Browser, world: World) -> None:
    other = Browser(world)
    link = other.with_mail()
    world.now += timedelta(minutes=2)
    browser.with_all()
    browser.remove()
    assert not other.is_signed_in
    with pytest.raises(Refused, match="link_over"):
        Browser(world).confirm_with_password(link)


# what is looked at once more


def _new_mailbox(world: World, account: Account) -> None:
    for contact in world.contacts(account, "email")[:1]:
        contact.retired_at = world.now


def _new_phone(world: World, account: Account) -> None:
    world.contact(account, "phone", "+819011112222", since=world.now - timedelta(days=60))
    world.contacts(account, "phone")[0].retired_at = world.now


def _younger(world: World, account: Account) -> None:
    world.contacts(account, "phone")[0].confirmed_at = world.now


def _reset(world: World, account: Account) -> None:
    world.session.get_one(DirectoryPrincipal, root(world, account).external_id).password_reset_at = world.now


def _calls_off(world: World, account: Account) -> None:
    account.calls_off_at = world.now


MEANWHILE: dict[str, tuple[Callable[[World, Account], None], str]] = {
    "mailbox changed": (_new_mailbox, "changed_meanwhile"),
    "phone changed": (_new_phone, "changed_meanwhile"),
    "phone confirmed anew": (_younger, "phone_young"),
    "password reset": (_reset, "password_young"),
    "path switched off": (_calls_off, "path_off"),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_changed_since_the_proofs_stops_the_removal(
    browser: Browser, world: World, account: Account, what: str
) -> None:
    browser.with_all()
    change, reason = MEANWHILE[what]
    with world.system.act():
        change(world, account)
    with pytest.raises(Refused, match="attempt_over"):
        browser.remove()
    assert outcome(world).failed_reason == reason
    assert not world.removed("Phone")
    assert not removals(world)


def test_an_account_that_is_protected_meanwhile(browser: Browser, world: World, account: Account) -> None:
    browser.with_all()
    proposal = decisions.propose(
        world.as_("ada"), protection.MATTER, "account_protect", account.id, reason="a raid"
    )
    digest = decisions.asked_for(world.as_("ann"), protection.MATTER, account)[0].digest
    decisions.agree(world.as_("ann"), protection.MATTER, proposal, digest=digest, code=world.code("ann"))
    with pytest.raises(Refused, match="attempt_over"):
        browser.remove()
    assert outcome(world).failed_reason == "protected"
    assert not world.removed("Phone")


def test_an_objection_meanwhile(browser: Browser, world: World) -> None:
    browser.with_all()
    visitor = browser.visitor
    objection.stop_by_link(world.owner, newest_link(world, "stop"))
    with pytest.raises(Refused, match="attempt_over"):
        self_service_removal.remove(world.owner, visitor, old=browser.raw)
    assert not world.removed("Phone")
    assert not removals(world)


def test_an_objection_to_a_request_of_the_account_meanwhile(browser: Browser, world: World) -> None:
    case_id = world.queued()
    browser.with_all()
    visitor = browser.visitor
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    with pytest.raises(Refused, match="attempt_over"):
        self_service_removal.remove(world.owner, visitor, old=browser.raw)
    assert not world.removed("Phone")


def test_a_device_that_somebody_removed_meanwhile(browser: Browser, world: World, account: Account) -> None:
    browser.with_all()
    with world.system.act():
        devices(world, root(world, account))[0].removed_at = world.now
    with pytest.raises(Refused, match="attempt_over"):
        browser.remove()
    assert outcome(world).failed_reason == "changed_meanwhile"


def test_a_sign_in_with_mfa_meanwhile(browser: Browser, world: World, account: Account) -> None:
    browser.with_all()
    with_mfa(world, account)
    with pytest.raises(Refused, match="attempt_over"):
        browser.remove()
    assert not world.removed("Phone")


def test_too_late(browser: Browser, world: World) -> None:
    browser.with_all()
    visitor = browser.visitor
    world.now += timedelta(minutes=60)
    with pytest.raises(Refused, match="attempt_over"):
        self_service_removal.remove(world.owner, visitor, old=browser.raw)
    assert not world.removed("Phone")


def test_another_browser_of_the_same_user_removes_nothing(browser: Browser, world: World) -> None:
    browser.with_all()
    other = Browser(world).sign_in()
    with pytest.raises(Refused, match="attempt_over"):
        other.remove()
    other.begin()
    with pytest.raises(Refused, match="attempt_over"):
        other.remove()
    assert not world.removed("Phone")


# pressing twice, and a system that fails


def test_two_tabs_at_once_remove_once(browser: Browser, world: World) -> None:
    browser.with_all()
    visitor, raw = browser.visitor, browser.raw
    first, _ = self_service_removal.remove(world.owner, visitor, old=raw)
    with pytest.raises(Refused, match="attempt_over"):
        self_service_removal.remove(world.owner, visitor, old=raw)
    assert len(removals(world)) == 1
    assert len(mails(world, "self_service_done")) == 2
    assert tags(world).count("removed") == 1
    assert first.removed_at is not None


def test_two_tabs_that_press_at_the_same_moment_remove_once(browser: Browser, world: World) -> None:
    browser.with_all()
    raw = browser.raw
    world.session.rollback()

    def press() -> str:
        with world.runtime.sessions() as session:
            ctx = world.runtime.context(session, OWNER)
            visitor = owner_sessions.find(ctx, raw)
            if visitor is None:
                return "too late"
            try:
                return self_service_removal.remove(ctx, visitor, old=raw)[1].raw
            except Refused as refusal:
                return refusal.reason

    said = together(2, press)
    assert len(set(said) - {"attempt_over", "too late"}) == 1
    assert len(removals(world)) == 1
    assert len(mails(world, "self_service_done")) == 2
    assert tags(world).count("removed") == 1


class Broken:
    """A connector that does not answer, until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        monkeypatch.setattr(LocalConnector, "deactivate", self._fail)

    @staticmethod
    def _fail(*_given: Any, **_more: Any) -> None:
        raise ConnectorError("no answer")

    def mend(self) -> None:
        self.patch.undo()


def test_a_system_that_fails_is_never_called_done_and_can_be_tried_again(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.with_all()
    broken = Broken(monkeypatch)
    with pytest.raises(Refused, match="removal_failed"):
        browser.remove()
    assert [row.state for row in removals(world)] == ["unknown"]
    assert not mails(world, "self_service_done")
    assert browser.visitor.stage == "password"
    broken.mend()
    browser.remove()
    assert [(row.state, row.tries) for row in removals(world)] == [("confirmed", 2)]
    assert world.removed("Phone")


def test_a_removal_whose_process_died_is_closed_and_told_by_a_worker(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.with_all()

    def die(*_given: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(self_service_removal, "_close", die)
    with pytest.raises(SystemExit):
        browser.remove()
    monkeypatch.undo()
    assert world.removed("Phone")
    assert not mails(world, "self_service_done")
    [row] = work(world)
    assert row.not_before > world.now
    self_service_removal.carry_out(world.system, row.unique_key.partition(":")[0])
    self_service_removal.carry_out(world.system, row.unique_key.partition(":")[0])
    assert len(mails(world, "self_service_done")) == 2
    assert outcome(world).removed_at is not None


def test_a_stop_between_the_removal_and_its_close_still_has_it_told(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.with_all()
    monkeypatch.setattr(self_service_removal, "_close", lambda *_: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        browser.remove()
    monkeypatch.undo()
    objection.stop_by_link(world.owner, newest_link(world, "stop"))
    self_service_removal.carry_out(world.system, outcome(world).id)
    assert len(mails(world, "self_service_done")) == 2
    assert self_service_end.removed_lately(world.system, outcome(world).account_id)


# a removal that waits


def test_after_the_wait_a_worker_removes_the_device_without_a_browser(
    browser: Browser, world: World, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(world, monkeypatch)
    attempt = browser.with_all()
    [row] = work(world)
    assert row.not_before == attempt.hold_until
    everybody_is_told(world)
    with pytest.raises(ConnectorError):
        self_service_removal.carry_out(world.system, attempt.id)
    assert not world.removed("Phone")
    world.now += timedelta(hours=72)
    self_service_removal.carry_out(world.system, attempt.id)
    assert world.removed("Phone")
    assert entry(world, root(world, account)).must_enrol_since is not None
    assert len(mails(world, "self_service_done")) == 2


def test_a_removal_waits_on_until_everybody_was_told_of_it(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(world, monkeypatch)
    attempt = browser.with_all()
    world.now += timedelta(hours=72)
    with pytest.raises(ConnectorError, match="told"):
        self_service_removal.carry_out(world.system, attempt.id)
    assert not world.removed("Phone")
    everybody_is_told(world)
    self_service_removal.carry_out(world.system, attempt.id)
    assert world.removed("Phone")


def test_a_sign_in_with_mfa_ends_a_removal_that_waits(
    browser: Browser, world: World, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(world, monkeypatch)
    attempt = browser.with_all()
    with_mfa(world, account)
    everybody_is_told(world)
    world.now += timedelta(hours=72)
    self_service_removal.carry_out(world.system, attempt.id)
    assert not world.removed("Phone")
    assert outcome(world).failed_reason == "changed_meanwhile"


def test_a_stop_ends_a_removal_that_waits(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(world, monkeypatch)
    attempt = browser.with_all()
    objection.stop_by_link(
        world.owner, world.params(mails(world, "self_service_waiting")[0])["links"]["stop"]
    )
    world.now += timedelta(hours=72)
    self_service_removal.carry_out(world.system, attempt.id)
    assert not world.removed("Phone")
    assert outcome(world).failed_reason == "stopped"


def test_a_removal_that_waited_a_week_too_long_does_not_happen(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(world, monkeypatch)
    attempt = browser.with_all()
    everybody_is_told(world)
    world.now += timedelta(days=10)
    self_service_removal.carry_out(world.system, attempt.id)
    assert not world.removed("Phone")
    assert outcome(world).failed_reason == "time_over"


# an objection afterwards


def test_a_stop_after_the_removal_suspends_what_was_bound_since(
    browser: Browser, world: World, account: Account
) -> None:
    browser.with_all()
    browser.remove()
    world.now += timedelta(minutes=3)
    principal = root(world, account)
    with world.system.act():
        connector(world, account).register_device(
            world.session, principal, "A" * 32, "Thief's phone", (1, 2), world.now
        )
    stop = world.params(mails(world, "self_service_done")[0])["links"]["stop"]
    case = objection.stop_by_link(world.owner, stop)
    assert case is not None
    suspension.suspend(world.system, case.id)
    suspended = {device.label: device.suspended_at for device in devices(world, principal)}
    assert suspended == {"Drawer key": None, "Thief's phone": world.now}
    assert not browser.is_signed_in


def test_a_stranger_who_objects_to_a_request_of_their_own_suspends_nothing(
    browser: Browser, world: World
) -> None:
    case_id = world.queued(reply_email="stranger@elsewhere.example")
    browser.with_all()
    browser.remove()
    objection.object_by_requester(world.owner, case_id)
    world.session.rollback()
    assert not world.session.execute(select(OutboxRow).where(OutboxRow.kind == "suspend")).first()
    assert browser.is_signed_in


def test_a_stop_long_after_the_removal_suspends_nothing_of_it(browser: Browser, world: World) -> None:
    browser.with_all()
    browser.remove()
    world.now += timedelta(days=11)
    contact = world.session.execute(select(Contact).where(Contact.kind == "email")).scalars().first()
    assert contact is not None
    holder = Actor(roles=frozenset({Role.CONTACT}), contact_id=contact.id)
    objection.object_on_account(world.system.as_actor(holder), contact.id, channel="mail")
    assert not self_service_end.removed_lately(world.system, contact.account_id)


# the hand-over


def test_the_browser_that_gave_up_proves_the_password_for_its_request(browser: Browser, world: World) -> None:
    browser.with_mailbox()
    self_service_handover.fail(world.owner, browser.visitor, "no_answer")
    raw = drafts.start(world.owner, {})
    request = world.request(reply_email="hanako.new@elsewhere.example")
    case_id = intake.submit(world.owner, raw, request, visitor=browser.visitor).case_id
    intake.confirm(world.owner, world.link(case_id, "confirm"))
    intake.match(world.system, case_id)
    case = world.case(case_id)
    assert case.self_service_id is not None
    assert case.proven_by == "password"


def test_a_request_for_another_account_is_proven_by_nothing(browser: Browser, world: World) -> None:
    world.account(
        account_email="taro@mail.example", second_email=None, number="210987654321", phone="+819087654321"
    )
    browser.with_mailbox()
    self_service_handover.fail(world.owner, browser.visitor, "no_answer")
    raw = drafts.start(world.owner, {})
    request = world.request(account_email="taro@mail.example", reply_email="new@elsewhere.example")
    case_id = intake.submit(world.owner, raw, request, visitor=browser.visitor).case_id
    intake.confirm(world.owner, world.link(case_id, "confirm"))
    intake.match(world.system, case_id)
    assert world.case(case_id).proven_by is None


def test_a_password_that_was_just_reset_proves_nothing_at_the_desk(
    browser: Browser, world: World, account: Account
) -> None:
    browser.sign_in()
    with world.system.act():
        _reset(world, account)
    browser.begin()
    self_service_handover.fail(world.owner, browser.visitor, "other_way")
    raw = drafts.start(world.owner, {})
    request = world.request(reply_email="new@elsewhere.example")
    case_id = intake.submit(world.owner, raw, request, visitor=browser.visitor).case_id
    intake.confirm(world.owner, world.link(case_id, "confirm"))
    intake.match(world.system, case_id)
    assert world.case(case_id).proven_by is None
