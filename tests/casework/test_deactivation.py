"""Removing the device: everything that was approved is read again, a failure is never called done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import receipts
from portal.casework import (
    approval,
    deactivation,
    objection,
    owner_sessions,
    passes,
    suspension,
    verification,
)
from portal.casework.context import Refused
from portal.casework.devices import devices_of
from portal.casework.owner_sessions import Visitor
from portal.connectors import ConnectorError, local, runbook
from portal.models import (
    Account,
    DirectoryDevice,
    DirectoryPrincipal,
    DirectorySession,
    Document,
    OutboxRow,
    Principal,
    Removal,
    RunbookStep,
)
from tests.world import World


def test_the_device_is_gone_sessions_are_ended_and_the_owner_holds_a_notice(world: World) -> None:
    world.account()
    with world.system.act():
        person = world.session.execute(select(DirectoryPrincipal)).scalar_one()
        local.add_session(world.session, person, mfa=True, now=world.now - timedelta(days=30))
    case_id = world.deactivated()
    gone = [row.label for row in world.session.execute(select(DirectoryDevice)).scalars() if row.removed_at]
    ended = world.session.execute(select(DirectorySession.ended_at)).scalar_one()
    papers = world.session.execute(select(Document.kind).where(Document.case_id == case_id)).scalars()
    assert (world.status(case_id), gone, ended is not None) == ("deactivated", ["Phone"], True)
    assert sorted(papers) == ["completion", "receipt"]


def test_only_the_chosen_device_goes(world: World) -> None:
    world.account()
    case_id = world.ready()
    plan = deactivation.dry_run(world.as_("alice"), world.case(case_id))
    assert ([one.label for one in plan.chosen], [one.label for one in plan.kept]) == (
        ["Phone"],
        ["Drawer key"],
    )


def test_nothing_is_removed_before_the_wait_is_over(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    world.pass_time(hours=23)
    with pytest.raises(Refused, match="wrong_status"):
        deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))


def test_removing_needs_a_fresh_code(world: World) -> None:
    world.account()
    case_id = world.ready()
    with pytest.raises(Refused, match="wrong_code"):
        deactivation.execute(world.as_("alice"), case_id, code="123456")


def test_compliance_and_admins_cannot_remove(world: World) -> None:
    world.account()
    case_id = world.ready()
    for name in ("chika", "ada"):
        with pytest.raises(Refused, match="wrong_role"):
            deactivation.execute(world.as_(name), case_id, code=world.code(name))


def test_somebody_who_signed_in_with_mfa_since_voids_the_round(world: World) -> None:
    world.account()
    case_id = world.ready()
    with world.system.act():
        person = world.session.execute(select(DirectoryPrincipal)).scalar_one()
        local.add_session(world.session, person, mfa=True, now=world.now)
    assert deactivation.execute(world.as_("alice"), case_id, code=world.code("alice")) == "verifying"
    assert world.case(case_id).round == 2


def test_a_chosen_device_that_is_gone_already_voids_the_round(world: World) -> None:
    world.account()
    case_id = world.ready()
    chosen = world.case(case_id).devices[0]["id"]
    world.session.get_one(DirectoryDevice, chosen).removed_at = world.now
    world.session.commit()
    assert deactivation.execute(world.as_("alice"), case_id, code=world.code("alice")) == "verifying"


def test_a_contact_changed_since_the_approval_voids_the_round(world: World) -> None:
    account = world.account()
    case_id = world.ready()
    with world.system.act():
        world.contact(account, "email", "new@mail.example", since=world.now)
    assert deactivation.execute(world.as_("alice"), case_id, code=world.code("alice")) == "verifying"


def test_a_security_notice_on_its_way_holds_the_removal_up(world: World) -> None:
    world.account()
    case_id = world.ready()
    row = world.mails(case_id, "waiting_started")[0]
    row.state = "pending"
    world.session.commit()
    with pytest.raises(Refused, match="notices_pending"):
        deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))


def test_a_stop_between_start_and_removal_leaves_the_device(world: World) -> None:
    world.account()
    case_id = world.executing()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    deactivation.carry_out(world.system, case_id)
    removed = world.session.execute(select(DirectoryDevice.removed_at)).scalars().all()
    assert (world.status(case_id), removed) == ("frozen", [None, None])


@dataclass(frozen=True)
class Troubled:
    """The local connector, with one call that goes wrong as told."""

    inner: local.LocalConnector
    trouble: Callable[[str], None]
    key: str = "local"
    checks_passwords: bool = True
    holds_pass: bool = True
    by_hand: bool = False
    needs_owner_ready: bool = False
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = getattr(self.inner, name)(*args, **kwargs)
            self.calls.append(name)
            self.trouble(name)
            return result

        return call


def troubled(world: World, trouble: Callable[[str], None]) -> Troubled:
    connector = Troubled(local.LocalConnector(world.runtime.vault), trouble)
    world.runtime = replace(world.runtime, connectors={"local": connector})
    return connector


def unreachable(name: str) -> None:
    if name in {"deactivate", "is_gone"}:
        raise ConnectorError("no answer")


def test_three_failed_tries_are_never_called_done(world: World) -> None:
    world.account()
    case_id = world.executing()
    troubled(world, unreachable)
    for _ in range(2):
        with pytest.raises(ConnectorError):
            deactivation.carry_out(world.system, case_id)
        assert world.status(case_id) == "executing"
    deactivation.carry_out(world.system, case_id)
    case = world.case(case_id)
    assert (case.status, case.needs_attention) == ("ready", True)
    assert len(world.mails(case_id, "removal_failed")) == 1


class Elsewhere(local.LocalConnector):
    """A system outside our database: it does what it is told, and every answer to that gets lost."""

    def __init__(self, world: World) -> None:
        super().__init__(world.runtime.vault)
        self.gone: set[str] = set()
        self.told = 0

    def deactivate(self, session: Any, principal: Any, device_id: str, *, now: Any) -> None:
        self.told += 1
        self.gone.add(device_id)
        raise ConnectorError("time-out")

    def is_gone(self, session: Any, principal: Any, device_id: str) -> bool:
        return device_id in self.gone


def test_after_a_time_out_the_other_system_is_asked_before_the_call_is_repeated(world: World) -> None:
    world.account()
    case_id = world.executing()
    elsewhere = Elsewhere(world)
    world.runtime = replace(world.runtime, connectors={"local": elsewhere})
    with pytest.raises(ConnectorError):
        deactivation.carry_out(world.system, case_id)
    deactivation.carry_out(world.system, case_id)
    assert (elsewhere.told, world.status(case_id)) == (1, "deactivated")


def test_a_worker_that_died_after_the_call_finishes_without_a_second_one(world: World) -> None:
    world.account()
    case_id = world.executing()
    with world.system.act():
        removal = world.session.execute(select(Removal)).scalar_one()
        removal.state, removal.tries = "sent", 1
        world.session.get_one(DirectoryDevice, removal.device_id).removed_at = world.now
    connector = troubled(world, lambda name: None)
    deactivation.carry_out(world.system, case_id)
    assert "deactivate" not in connector.calls
    assert world.status(case_id) == "deactivated"


def test_a_finished_removal_carried_out_again_changes_nothing(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    version = world.case(case_id).version
    deactivation.carry_out(world.system, case_id)
    assert world.case(case_id).version == version


def both_approved(world: World) -> str:
    """A case that is ready to lose both its devices."""
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    both = [device.id for device in devices_of(world.as_("alice"), world.case(case_id))]
    approval.propose_removal(world.as_("alice"), case_id, both)
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    world.deliver()
    world.pass_time(hours=25)
    return case_id


class OnlyOnce(local.LocalConnector):
    """Removes one device and is out of reach from then on."""

    told = 0

    def deactivate(self, *args: Any, **kwargs: Any) -> None:
        self.told += 1
        if self.told > 1:
            raise ConnectorError("no answer")
        super().deactivate(*args, **kwargs)


def half_removed(world: World) -> str:
    """Of two devices the first went and the second did not; the case is ready again, and so is the connector."""
    case_id = both_approved(world)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    usual = world.runtime
    world.runtime = replace(usual, connectors={"local": OnlyOnce(usual.vault)})
    give_up(world, case_id)
    world.runtime = usual
    return case_id


def give_up(world: World, case_id: str) -> None:
    for _ in range(world.system.limits.removal_tries):
        with suppress(ConnectorError):
            deactivation.carry_out(world.system, case_id)
    assert world.status(case_id) == "ready"


def test_a_second_start_goes_on_with_the_device_that_is_left(world: World) -> None:
    case_id = half_removed(world)
    plan = deactivation.dry_run(world.as_("alice"), world.case(case_id))
    went = world.session.execute(select(DirectoryDevice).where(DirectoryDevice.removed_at.is_not(None)))
    left = world.session.execute(select(DirectoryDevice).where(DirectoryDevice.removed_at.is_(None)))
    assert (plan.gone, plan.missing) == ((went.scalar_one().label,), ())
    assert [one.label for one in plan.chosen] == [left.scalar_one().label]
    assert deactivation.execute(world.as_("alice"), case_id, code=world.code("alice")) == "executing"
    deactivation.carry_out(world.system, case_id)
    assert (world.status(case_id), world.case(case_id).round) == ("deactivated", 1)


def test_a_second_start_goes_on_when_the_first_one_worked_and_only_its_answer_was_lost(world: World) -> None:
    world.account()
    case_id = world.executing()
    usual = world.runtime
    connector = troubled(world, lambda name: unreachable(name) if name == "is_gone" else None)
    give_up(world, case_id)
    world.runtime = usual
    assert connector.calls.count("deactivate") == 1
    assert deactivation.execute(world.as_("alice"), case_id, code=world.code("alice")) == "executing"
    deactivation.carry_out(world.system, case_id)
    assert world.status(case_id) == "deactivated"


def by_hand(world: World) -> str:
    """A runbook case that is ready; its owner has said nothing yet."""
    world.account(connector="runbook")
    return world.ready()


def test_a_runbook_removal_waits_until_the_owner_can_sign_in(world: World) -> None:
    case_id = by_hand(world)
    with pytest.raises(Refused, match="owner_not_ready"):
        deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.declare_ready(world.owner, case_id)
    world.now += timedelta(hours=1, seconds=1)
    with pytest.raises(Refused, match="owner_not_ready"):
        deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.declare_ready(world.owner, case_id)
    assert deactivation.execute(world.as_("alice"), case_id, code=world.code("alice")) == "executing"


def started_by_hand(world: World) -> tuple[str, str]:
    case_id = by_hand(world)
    deactivation.declare_ready(world.owner, case_id)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.carry_out(world.system, case_id)
    return case_id, deactivation.removals_of(world.system, world.case(case_id))[0].id


def test_a_runbook_is_done_when_each_step_is_done_by_one_and_attested_by_another(world: World) -> None:
    case_id, removal_id = started_by_hand(world)
    for step in runbook.STEPS:
        assert world.status(case_id) == "executing"
        deactivation.confirm_step(world.as_("alice"), case_id, removal_id, step)
        deactivation.attest_step(world.as_("bob"), case_id, removal_id, step, code=world.code("bob"))
    assert world.status(case_id) == "deactivated"


def test_who_attested_a_step_first_stays_named(world: World) -> None:
    case_id, removal_id = started_by_hand(world)
    step = runbook.STEPS[0]
    deactivation.confirm_step(world.as_("alice"), case_id, removal_id, step)
    for name in ("bob", "ben"):
        deactivation.attest_step(world.as_(name), case_id, removal_id, step, code=world.code(name))
    row = world.session.get_one(RunbookStep, (removal_id, step), populate_existing=True)
    assert row.attested_by == world.logins["bob"].person_id


def test_nobody_attests_their_own_step(world: World) -> None:
    case_id, removal_id = started_by_hand(world)
    step = runbook.STEPS[0]
    deactivation.confirm_step(world.as_("alice"), case_id, removal_id, step)
    with pytest.raises(Refused, match="another_person"):
        deactivation.attest_step(world.as_("alice"), case_id, removal_id, step, code=world.code("alice"))


AFTER_SIGN_INS = runbook.STEPS[runbook.STEPS.index(runbook.SIGN_INS) + 1 :]


@pytest.mark.parametrize("step", AFTER_SIGN_INS)
def test_no_device_is_switched_off_by_hand_before_the_sign_ins_are_checked_and_attested(
    world: World, step: str
) -> None:
    case_id, removal_id = started_by_hand(world)
    with pytest.raises(Refused, match="sign_ins_unchecked"):
        deactivation.confirm_step(world.as_("alice"), case_id, removal_id, step)
    deactivation.confirm_step(world.as_("alice"), case_id, removal_id, runbook.SIGN_INS)
    version = world.case(case_id).version
    with pytest.raises(Refused, match="sign_ins_unchecked"):
        deactivation.confirm_step(world.as_("alice"), case_id, removal_id, step)
    assert world.case(case_id).version == version
    deactivation.attest_step(world.as_("bob"), case_id, removal_id, runbook.SIGN_INS, code=world.code("bob"))
    deactivation.confirm_step(world.as_("alice"), case_id, removal_id, step)
    assert world.session.get(RunbookStep, (removal_id, step)) is not None


def test_a_step_that_the_runbook_does_not_know_is_refused(world: World) -> None:
    case_id, removal_id = started_by_hand(world)
    with pytest.raises(Refused, match="not_found"):
        deactivation.confirm_step(world.as_("alice"), case_id, removal_id, "tick_everything")


def test_a_case_that_was_not_removed_in_time_goes_back_to_its_checks(world: World) -> None:
    world.account()
    case_id = world.ready()
    world.pass_time(days=14)
    case = world.case(case_id)
    assert (case.round, case.decision) == (2, None)
    assert len(world.mails(case_id, "checks_again")) == 1


def test_a_new_round_needs_new_checks(world: World) -> None:
    world.account()
    case_id = world.ready()
    world.pass_time(days=14)
    if world.status(case_id) == "queued":
        verification.claim(world.as_("alice"), case_id)
    with pytest.raises(Refused, match="policy_not_met"):
        world.propose("alice", case_id)


def test_a_freeze_after_a_removal_ends_sessions_and_suspends_what_was_bound_since(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    with world.system.act():
        person = world.session.execute(select(DirectoryPrincipal)).scalar_one()
        world.now += timedelta(minutes=5)
        bound, _ = local.add_device(
            world.session, world.runtime.vault, person, label="Thief's", kind="virtual", now=world.now
        )
        local.add_session(world.session, person, mfa=True, now=world.now)
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    suspension.suspend(world.system, case_id)
    world.session.rollback()
    assert world.session.get_one(DirectoryDevice, bound.id).suspended_at is not None
    assert world.session.execute(select(DirectorySession.ended_at)).scalar_one() is not None


def test_proposing_again_after_a_void_round_names_the_devices_anew(world: World) -> None:
    world.account()
    case_id = world.ready()
    world.pass_time(days=14)
    if world.status(case_id) == "queued":
        verification.claim(world.as_("alice"), case_id)
    assert world.case(case_id).devices == []
    assert len(devices_of(world.as_("alice"), world.case(case_id))) == 2


def test_a_freeze_after_a_removal_voids_the_recovery_codes_made_since(world: World) -> None:
    account = world.account()
    principal = world.session.execute(
        select(Principal).where(Principal.account_id == account.id)
    ).scalar_one()
    connector = local.LocalConnector(world.runtime.vault)
    case_id = world.deactivated()
    with world.system.act():
        world.now += timedelta(minutes=5)
        connector.replace_recovery_codes(world.session, principal, ["one", "two"], now=world.now)
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    suspension.suspend(world.system, case_id)
    world.session.rollback()
    assert connector.recovery_codes(world.session, principal) == ()


def directory_entry(world: World) -> DirectoryPrincipal:
    world.session.rollback()
    return world.session.execute(select(DirectoryPrincipal)).scalar_one()


def test_after_a_removal_the_next_sign_in_takes_a_pass_and_changes_wait_three_days(world: World) -> None:
    world.account()
    world.deactivated()
    entry = directory_entry(world)
    assert entry.must_enrol_since == world.now
    assert entry.changes_held_until == world.now + timedelta(hours=72)


def test_the_pass_goes_to_the_mailbox_that_the_case_has_verified(world: World) -> None:
    account = world.account()
    world.deactivated()
    visitor = signed_in(world, account)
    passes.send(world.owner, visitor)
    query = select(OutboxRow.contact_id).where(OutboxRow.notice == "one_use_pass")
    assert list(world.session.execute(query).scalars()) == [world.contacts(account, "email")[0].id]


def test_a_removal_that_failed_asks_for_no_pass(world: World) -> None:
    world.account()
    case_id = world.executing()
    troubled(world, unreachable)
    for _ in range(world.runtime.limits.removal_tries):
        with suppress(ConnectorError):
            deactivation.carry_out(world.system, case_id)
    assert directory_entry(world).must_enrol_since is None


def test_a_runbook_holds_no_pass_and_the_words_say_so(world: World) -> None:
    case_id, _ = started_by_hand(world)
    removal_done_by_hand(world, case_id)
    assert world.status(case_id) == "deactivated"
    paper = receipts.document_of(world.system, world.case(case_id), "completion")
    assert paper is not None
    assert receipts.open_facts(world.system, paper)["needs_pass"] is False


def test_the_completion_paper_says_that_a_pass_is_needed(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    paper = receipts.document_of(world.system, world.case(case_id), "completion")
    assert paper is not None
    assert receipts.open_facts(world.system, paper)["needs_pass"] is True


def test_a_browser_that_is_signed_in_to_the_account_is_signed_out_by_the_removal(world: World) -> None:
    account = world.account()
    case_id = world.executing()
    visitor = signed_in(world, account)
    deactivation.carry_out(world.system, case_id)
    with world.system.act():
        assert owner_sessions.lock(world.system, visitor) is None


def signed_in(world: World, account: Account) -> Visitor:
    """A browser that has given the right password."""
    principal = world.session.execute(
        select(Principal).where(Principal.account_id == account.id)
    ).scalar_one()
    with world.system.act():
        return owner_sessions.start(world.system, principal, "password").visitor


def removal_done_by_hand(world: World, case_id: str) -> None:
    removal_id = world.session.execute(select(Removal.id)).scalar_one()
    for step in runbook.STEPS:
        deactivation.confirm_step(world.as_("alice"), case_id, removal_id, step)
        deactivation.attest_step(world.as_("bob"), case_id, removal_id, step, code=world.code("bob"))
