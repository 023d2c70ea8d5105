""" "This was not me": in every status, from every registered contact, and the way out of a freeze by two."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import receipts
from portal.casework import approval, deactivation, objection, proofs, verification
from portal.casework.context import Refused
from portal.casework.devices import devices_of
from portal.connectors import ConnectorError
from portal.domain.lifecycle import FINAL, Status
from portal.models import Case, Objection, OutboxRow
from tests.world import World

BEFORE_THE_END = [status for status in Status if status not in FINAL | {Status.UNCONFIRMED, Status.FROZEN}]


def stop(world: World, case_id: str) -> None:
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))


@pytest.mark.parametrize("status", BEFORE_THE_END)
def test_a_stop_freezes_the_case_in_every_status_before_its_end(world: World, status: Status) -> None:
    world.account()
    case_id = world.walks[status]()
    stop(world, case_id)
    case = world.case(case_id)
    assert (case.status, case.frozen_from) == ("frozen", status)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_stop_after_the_end_is_kept_and_moves_nothing(world: World, status: Status) -> None:
    world.account()
    case_id = world.queued() if status in {Status.EXPIRED, Status.CANCELLED} else ""
    if case_id:
        link = world.link(case_id, "stop")
        verification.claim(world.as_("alice"), case_id)
        verification.ask(world.as_("alice"), case_id, ["H4"])
        world.pass_time(days=15)
        status = Status.EXPIRED
    else:
        case_id = world.walks[status]()
        link = world.link(case_id, "stop")
    objection.stop_by_link(world.owner, link)
    assert world.status(case_id) == status
    assert world.session.execute(select(Objection.case_id)).scalars().all()[-1] == case_id


def test_pressing_stop_again_changes_nothing(world: World) -> None:
    world.account()
    case_id = world.queued()
    link = world.link(case_id, "stop")
    objection.stop_by_link(world.owner, link)
    version = world.case(case_id).version
    objection.stop_by_link(world.owner, link)
    assert world.case(case_id).version == version


def test_the_stop_link_ends_ten_days_after_its_case(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    link = world.link(case_id, "stop")
    world.now += timedelta(days=10)
    assert objection.stop_by_link(world.owner, link) is None
    assert world.status(case_id) == "deactivated"


def test_a_freeze_stops_every_timer_but_its_own(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    stop(world, case_id)
    world.pass_time(days=30)
    assert world.status(case_id) == "frozen"


def test_a_freeze_that_nobody_decides_alarms_leads_and_then_compliance(world: World) -> None:
    world.account()
    case_id = world.frozen()
    leads = len(world.mails(case_id, "lead_alarm"))
    world.pass_time(hours=4)
    assert len(world.mails(case_id, "lead_alarm")) == leads + 2
    world.pass_time(days=5)
    assert len(world.mails(case_id, "compliance_alarm")) == 1


def test_the_requester_who_never_asked_freezes_the_case_too(world: World) -> None:
    world.account()
    case_id = world.verifying()
    objection.object_by_requester(world.owner, case_id)
    assert world.status(case_id) == "frozen"


def test_the_holder_of_an_unconfirmed_address_simply_ends_the_request(world: World) -> None:
    case_id = world.submit()
    objection.object_by_requester(world.owner, case_id)
    case = world.case(case_id)
    assert (case.status, case.close_reason) == ("cancelled", "not_mine")


def test_an_objection_without_a_case_opens_one_on_hold(world: World) -> None:
    account = world.account()
    contact = world.contacts(account, "email")[0]
    case = objection.object_without_case(
        world.system.as_actor(_contact(contact.id)), contact.id, channel="call"
    )
    opened = world.case(case.id)
    assert (opened.status, opened.account_id) == ("frozen", account.id)


def _contact(contact_id: str):  # type: ignore[no-untyped-def]
    from portal.domain.lifecycle import Actor, Role

    return Actor(roles=frozenset({Role.CONTACT}), contact_id=contact_id)


def test_an_open_objection_on_the_account_holds_up_its_other_cases(world: World) -> None:
    account = world.account()
    case_id = world.pending_approval()
    contact = world.contacts(account, "email")[1]
    objection.object_without_case(world.system.as_actor(_contact(contact.id)), contact.id, channel="call")
    world.open_checks("bob", case_id)
    with pytest.raises(Refused, match="objection_open"):
        approval.approve(world.as_("bob"), case_id, code=world.code("bob"))


def unfreeze(world: World, case_id: str, outcome: str = "resume") -> None:
    objection.propose_unfreeze(world.as_("lee"), case_id, outcome, "spoke to her in person")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))


def test_leaving_a_freeze_takes_a_lead_and_another_person(world: World) -> None:
    world.account()
    case_id = world.frozen()
    with pytest.raises(Refused, match="wrong_role"):
        objection.propose_unfreeze(world.as_("bob"), case_id, "resume", "because")
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "because")
    with pytest.raises(Refused, match="another_person"):
        objection.agree_unfreeze(world.as_("lee"), case_id, code=world.code("lee"))
    assert objection.agree_unfreeze(world.as_("bob"), case_id, code=world.code("bob")) == "queued"


def test_who_had_a_part_in_the_case_cannot_agree_to_resume_it(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    stop(world, case_id)
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "because")
    with pytest.raises(Refused, match="another_person"):
        objection.agree_unfreeze(world.as_("bob"), case_id, code=world.code("bob"))


def test_a_resumed_case_starts_a_new_round_with_nothing_decided(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    stop(world, case_id)
    unfreeze(world, case_id)
    case = world.case(case_id)
    assert (case.status, case.round, case.decision, case.holder_id) == ("queued", 2, None, None)
    assert case.tier == "elevated"


def test_a_freeze_can_end_in_a_decline_by_two(world: World) -> None:
    world.account()
    case_id = world.frozen()
    unfreeze(world, case_id, "decline")
    assert world.status(case_id) == "declined"


@pytest.mark.parametrize(("outcome", "status"), [("unfounded", "deactivated"), ("reverse", "reversed")])
def test_a_freeze_after_a_removal_ends_as_unfounded_or_reversed(
    world: World, outcome: str, status: str
) -> None:
    world.account()
    case_id = world.deactivated()
    stop(world, case_id)
    with pytest.raises(Refused, match="wrong_outcome"):
        objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "because")
    unfreeze(world, case_id, outcome)
    assert world.status(case_id) == status


def upheld(world: World, *, delivered: bool = True) -> str:
    """A case that was objected to, upheld, and checked again on proofs that do not rest on the objecting mailbox."""
    account = world.account()
    case_id = world.queued()
    stop(world, case_id)
    unfreeze(world, case_id)
    verification.claim(world.as_("alice"), case_id)
    world.check("alice", case_id)
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))
    world.propose("alice", case_id)
    third = world.hire_lead("lea")
    world.open_checks(third, case_id)
    world.repeat("lea", case_id)
    approval.approve(world.as_("lea"), case_id, code=world.code("lea"))
    if delivered:
        world.deliver()
    return case_id


def test_a_stop_after_the_request_was_upheld_adds_three_days_once(world: World) -> None:
    case_id = upheld(world)
    until = world.case(case_id).waiting_until
    assert until is not None
    stop(world, case_id)
    case = world.case(case_id)
    assert (case.status, case.waiting_until) == ("cooling_off", until + timedelta(hours=72))
    stop(world, case_id)
    assert world.case(case_id).waiting_until == until + timedelta(hours=72)


def test_after_an_upheld_stop_the_removal_still_takes_place(world: World) -> None:
    case_id = upheld(world)
    stop(world, case_id)
    world.deliver()
    world.pass_time(days=11)
    assert world.status(case_id) == "ready"
    assert deactivation.execute(world.as_("alice"), case_id, code=world.code("alice")) == "executing"


def test_a_dispute_raises_the_next_request_of_the_account(world: World) -> None:
    world.account()
    case_id = world.frozen()
    unfreeze(world, case_id, "decline")
    assert "past_dispute" in world.case(world.queued()).tier_reasons


def test_an_objecting_contact_needs_no_sign_in_and_leaves_its_name_in_the_log(world: World) -> None:
    world.account()
    case_id = world.frozen()
    case = world.session.execute(select(Case).where(Case.id == case_id)).scalar_one()
    row = world.session.execute(select(Objection)).scalar_one()
    assert (row.case_id, row.channel, row.contact_id is not None) == (case.id, "mail", True)


def test_a_late_stop_before_the_wait_has_started_makes_it_three_days_longer(world: World) -> None:
    case_id = upheld(world, delivered=False)
    stop(world, case_id)
    assert (world.case(case_id).extended, world.case(case_id).waiting_until) == (True, None)
    world.deliver()
    case = world.case(case_id)
    assert case.waiting_until is not None
    assert case.waiting_started_at is not None
    assert case.waiting_until - case.waiting_started_at == timedelta(days=7, hours=72)


def being_removed(world: World, monkeypatch: pytest.MonkeyPatch, *, fails: int) -> str:
    """A removal of two devices, of which the worker cannot remove the last so many."""
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    ids = [device.id for device in devices_of(world.as_("alice"), world.case(case_id))]
    approval.propose_removal(world.as_("alice"), case_id, ids)
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    world.deliver()
    world.pass_time(hours=25)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    connector = type(world.runtime.connectors["local"])
    real, stuck = connector.deactivate, ids[len(ids) - fails :]

    def deactivate(self: Any, session: Any, principal: Any, device_id: str, *, now: Any) -> None:
        if device_id in stuck:
            raise ConnectorError("no answer")
        real(self, session, principal, device_id, now=now)

    monkeypatch.setattr(connector, "deactivate", deactivate)
    return case_id


def test_a_stop_amid_a_removal_suspends_what_came_since_and_cannot_end_as_if_nothing_had_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = being_removed(world, monkeypatch, fails=1)
    with pytest.raises(ConnectorError):
        deactivation.carry_out(world.system, case_id)
    stop(world, case_id)

    queued = select(OutboxRow.kind).where(OutboxRow.kind == "suspend")
    assert world.session.execute(queued).scalars().all() == ["suspend"]
    for outcome in ("decline", "unfounded"):
        with pytest.raises(Refused, match="wrong_outcome"):
            objection.propose_unfreeze(world.as_("lee"), case_id, outcome, "because")
    unfreeze(world, case_id, "reverse")
    assert world.status(case_id) == "reversed"


def test_a_stop_between_the_last_device_and_the_close_still_ends_as_a_removal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = being_removed(world, monkeypatch, fails=0)
    link = world.link(case_id, "stop")
    close = deactivation._close
    monkeypatch.setattr(
        deactivation, "_close", lambda *args: (objection.stop_by_link(world.owner, link), close(*args))
    )
    deactivation.carry_out(world.system, case_id)
    assert (world.status(case_id), world.case(case_id).deactivated_at) == ("frozen", None)
    with pytest.raises(Refused, match="wrong_outcome"):
        objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "because")
    unfreeze(world, case_id, "unfounded")

    assert world.status(case_id) == "deactivated"
    assert world.case(case_id).deactivated_at is not None
    assert receipts.document_of(world.system, world.case(case_id), "completion") is not None


def test_a_stop_before_a_device_is_given_to_the_connector_keeps_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = being_removed(world, monkeypatch, fails=0)
    link = world.link(case_id, "stop")
    real = deactivation._still_executing
    asked: list[str] = []

    def stopped_meanwhile(ctx: Any, case: str) -> bool:
        asked.append(case)
        return real(ctx, case)

    monkeypatch.setattr(deactivation, "_still_executing", stopped_meanwhile)
    objection.stop_by_link(world.owner, link)
    deactivation.carry_out(world.system, case_id)

    assert asked
    assert len(devices_of(world.as_("alice"), world.case(case_id))) == 2
