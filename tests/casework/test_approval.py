"""Two persons decide, on evidence that the second has opened; then everybody is told, and the wait runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import approval, intake, objection, proofs, rounds, verification
from portal.casework.context import Refused, Stale
from portal.casework.devices import devices_of
from portal.casework.facts import facts_of
from portal.models import CaseParty, Contact, IdentityCheck
from tests.world import World, evidence_for


def privileged(world: World) -> str:
    """A company's case with checks that complete the stricter set, proposed."""
    account = world.account(holder_kind="company")
    case_id = world.verifying()
    for method in ("D2", "D6"):
        world.check("alice", case_id, method)
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    code = world.letter_code(case_id)
    proofs.enter_letter_code(world.owner, case_id, code)
    world.propose("alice", case_id)
    return case_id


def test_a_removal_cannot_be_proposed_before_the_policy_set_is_met(world: World) -> None:
    world.account()
    case_id = world.verifying()
    with pytest.raises(Refused, match="policy_not_met"):
        world.propose("alice", case_id)


def test_a_device_must_be_named(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    with pytest.raises(Refused, match="devices_missing"):
        approval.propose_removal(world.as_("alice"), case_id, ["no-such-device"])


def test_a_device_whose_code_proved_the_case_cannot_be_removed_as_lost(world: World) -> None:
    world.account()
    case_id = world.verifying()
    device = devices_of(world.as_("alice"), world.case(case_id))[0]
    assert proofs.enter_device_code(world.owner, case_id, device.id, world.device_code(device.id))
    with pytest.raises(Refused, match="device_in_use"):
        approval.propose_removal(world.as_("alice"), case_id, [device.id])


def test_a_case_without_a_registered_contact_cannot_be_proposed(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    for contact in world.session.execute(select(Contact).where(Contact.account_id == account.id)).scalars():
        contact.retired_at = world.now
    world.session.commit()
    with pytest.raises(Refused, match="no_registered_contact"):
        world.propose("alice", case_id)


def test_the_approver_must_open_every_check_that_a_person_attested(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    with pytest.raises(Refused, match="checks_unopened"):
        approval.approve(world.as_("bob"), case_id, code=world.code("bob"))


def test_the_verifier_cannot_approve_their_own_check(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    with pytest.raises(Refused, match="wrong_role"):
        approval.approve(world.as_("alice"), case_id, code=world.code("alice"))


def test_the_verifier_cannot_approve_with_a_second_login(world: World) -> None:
    world.hire("alice.two", role=world.role("bob"), person_of="alice")
    world.account()
    case_id = world.pending_approval()
    with pytest.raises(Refused, match="another_person"):
        approval.approve(world.as_("alice.two"), case_id, code=world.code("alice.two"))


def test_who_once_checked_cannot_approve_in_a_later_round_either(world: World) -> None:
    world.hire("vic.two", role=world.role("bob"), person_of="vic")
    world.account()
    case_id = world.verifying("vic")
    world.check("vic", case_id)
    verification.release(world.as_("vic"), case_id)
    verification.claim(world.as_("alice"), case_id)
    world.propose("alice", case_id)
    with pytest.raises(Refused, match="another_person"):
        approval.open_check(
            world.as_("vic.two"), case_id, world.session.execute(_person_check()).scalar_one()
        )


def _person_check():  # type: ignore[no-untyped-def]
    return select(IdentityCheck.id).where(IdentityCheck.attested_by == "person")


def test_who_opened_the_evidence_cannot_check_identity_in_that_case(world: World) -> None:
    world.hire("bob.two", role=world.role("alice"), person_of="bob")
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    approval.send_back(world.as_("bob"), case_id, "unclear", code=world.code("bob"))
    verification.release(world.as_("alice"), case_id)
    with pytest.raises(Refused, match="other_part"):
        verification.claim(world.as_("bob.two"), case_id)


def test_a_wrong_code_approves_nothing(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    with pytest.raises(Refused, match="wrong_code"):
        approval.approve(world.as_("bob"), case_id, code="000000")
    assert world.status(case_id) == "pending_approval"


def test_one_code_serves_one_act(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    code = world.code("bob")
    with pytest.raises(Refused, match="checks_unopened"):
        approval.approve(world.as_("bob"), case_id, code=code)
    world.open_checks("bob", case_id)
    with pytest.raises(Refused, match="wrong_code"):
        approval.approve(world.as_("bob"), case_id, code=code)


def test_an_approval_is_for_what_was_shown(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    version = world.case(case_id).version
    verification.mark_pressure(world.as_("ben"), case_id, "urgent")
    with pytest.raises(Stale):
        approval.approve(world.as_("bob"), case_id, code=world.code("bob"), version=version)


def test_a_contact_that_changes_after_the_proposal_voids_the_round(world: World) -> None:
    account = world.account()
    case_id = world.pending_approval()
    with world.system.act():
        world.contact(account, "email", "new@mail.example", since=world.now)
        rounds.facts_changed(world.system, account.id, "contact_changed")
    case = world.case(case_id)
    assert (case.status, case.round, case.tier, case.decision) == ("verifying", 2, "elevated", None)


def test_a_contact_changed_behind_the_portals_back_still_refuses_the_approval(world: World) -> None:
    account = world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    with world.system.act():
        world.contact(account, "email", "new@mail.example", since=world.now)
    with pytest.raises(Refused, match="facts_changed"):
        approval.approve(world.as_("bob"), case_id, code=world.code("bob"))


def test_a_privileged_case_needs_a_lead_who_repeats_a_live_check(world: World) -> None:
    case_id = privileged(world)
    world.open_checks("bob", case_id)
    with pytest.raises(Refused, match="lead_needed"):
        approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    world.open_checks("lee", case_id)
    with pytest.raises(Refused, match="repeat_missing"):
        approval.approve(world.as_("lee"), case_id, code=world.code("lee"))
    approval.repeat_check(world.as_("lee"), case_id, "D2", "match", evidence=evidence_for("D2"))
    assert approval.approve(world.as_("lee"), case_id, code=world.code("lee")) == "cooling_off"
    assert world.case(case_id).waiting_hours == 72


def test_a_check_on_paper_is_no_live_check_to_repeat(world: World) -> None:
    case_id = privileged(world)
    with pytest.raises(Refused, match="method_not_live"):
        approval.repeat_check(world.as_("lee"), case_id, "D6", "match", evidence=evidence_for("D6"))


def test_sending_back_keeps_the_checks_and_takes_the_proposal_away(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    with pytest.raises(Refused, match="reason_missing"):
        approval.send_back(world.as_("bob"), case_id, "", code=world.code("bob"))
    assert approval.send_back(world.as_("bob"), case_id, "call again", code=world.code("bob")) == "verifying"
    case = world.case(case_id)
    assert (case.round, case.decision, case.proposer_id) == (1, None, None)
    assert facts_of(world.as_("alice"), case).policy_met


def test_declining_takes_two_and_a_reason_that_can_be_told(world: World) -> None:
    world.account()
    case_id = world.verifying()
    with pytest.raises(Refused, match="reason_missing"):
        approval.propose_decline(world.as_("alice"), case_id, "I do not like him")
    approval.propose_decline(world.as_("alice"), case_id, "authority_not_shown")
    assert world.status(case_id) == "pending_approval"
    assert approval.approve(world.as_("bob"), case_id, code=world.code("bob")) == "declined"


def test_the_wait_starts_when_every_registered_contact_was_told(world: World) -> None:
    world.account()
    case_id = world.approved()
    assert world.case(case_id).waiting_started_at is None
    world.deliver()
    case = world.case(case_id)
    assert case.waiting_started_at == world.now
    assert case.waiting_until == world.now + timedelta(hours=24)


def test_no_time_passes_while_a_notice_is_on_its_way(world: World) -> None:
    world.account()
    case_id = world.approved()
    world.pass_time(days=3)
    assert world.status(case_id) == "cooling_off"
    assert world.case(case_id).waiting_until is None


def test_a_contact_that_could_not_be_told_makes_the_wait_seven_days(world: World) -> None:
    world.account()
    case_id = world.approved()
    world.deliver("dead")
    assert world.case(case_id).waiting_hours == 168


def test_telling_only_the_mailbox_that_served_as_proof_makes_the_wait_seven_days(world: World) -> None:
    world.account(second_email=None)
    case_id = world.cooling_off()
    assert world.case(case_id).waiting_hours == 168


def test_a_proven_second_request_during_the_wait_voids_the_approval(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    world.queued(reply_email="hanako.old@mail.example")
    case = world.case(case_id)
    assert (case.status, case.tier, case.round, case.approver_id) == ("verifying", "elevated", 2, None)


def test_one_lead_has_both_of_two_contested_requests(world: World) -> None:
    world.account()
    one, other = world.queued(), world.queued(reply_email="hanako.old@mail.example")
    verification.claim(world.as_("alice"), one)
    approval.propose_decline(world.as_("alice"), one, "details_differ")
    verification.claim(world.as_("vic"), other)
    check = world.check("vic", other)
    approval.propose_decline(world.as_("vic"), other, "details_differ")
    approval.open_check(world.as_("lee"), other, check.id)
    with pytest.raises(Refused, match="other_lead"):
        approval.approve(world.as_("lou"), one, code=world.code("lou"))
    assert approval.approve(world.as_("lee"), one, code=world.code("lee")) == "declined"


def test_an_appeal_keeps_what_failed_and_shuts_out_who_decided(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id, result="mismatch")
    world.check("alice", case_id, "D1")
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    assert objection.appeal(world.owner, case_id) == "queued"
    case = world.case(case_id)
    assert (case.tier, case.round) == ("elevated", 2)
    standing = select(IdentityCheck.result).where(IdentityCheck.voided_at.is_(None))
    assert list(world.session.execute(standing).scalars()) == ["mismatch"]
    shut_out = select(CaseParty.person_id).where(CaseParty.excluded_at.is_not(None))
    assert set(world.session.execute(shut_out).scalars()) == {
        world.logins["alice"].person_id,
        world.logins["bob"].person_id,
    }
    with pytest.raises(Refused, match="excluded"):
        verification.claim(world.as_("alice"), case_id)


def test_there_is_one_appeal_and_fourteen_days_for_it(world: World) -> None:
    world.account()
    case_id = world.declined()
    world.now += timedelta(days=14, seconds=1)
    with pytest.raises(Refused, match="too_late"):
        objection.appeal(world.owner, case_id)


def test_a_decline_is_remembered_for_the_next_request(world: World) -> None:
    world.account()
    world.declined()
    assert world.case(world.queued()).tier_reasons == ["past_decline"]


def test_withdrawing_during_the_wait_ends_it(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    assert intake.withdraw(world.owner, case_id, "device_works") == "cancelled"
    world.pass_time(hours=25)
    assert world.status(case_id) == "cancelled"


def test_what_a_colleague_opened_is_not_opened_by_whoever_approves(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    with pytest.raises(Refused, match="checks_unopened"):
        approval.approve(world.as_("ben"), case_id, code=world.code("ben"))


def test_the_lead_who_approves_has_repeated_the_live_check_themself(world: World) -> None:
    case_id = privileged(world)
    world.repeat("lee", case_id)
    world.open_checks("lou", case_id)
    with pytest.raises(Refused):
        approval.approve(world.as_("lou"), case_id, code=world.code("lou"))

    assert facts_of(world.as_("lou"), world.case(case_id)).repeat_missing
