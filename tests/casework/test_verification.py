"""Checking identity: whose case it is, what a check records, and who may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import intake, proofs, responding, verification
from portal.casework.context import NotFound, Refused, Stale
from portal.domain.lifecycle import Role
from portal.domain.methods import METHODS
from portal.models import AccountMark, IdentityCheck, Staff
from tests.world import World, evidence_for


def test_of_two_agents_at_once_one_gets_the_case_and_the_other_hears_who(world: World) -> None:
    case_id = world.queued()
    seen = world.case(case_id).version
    verification.claim(world.as_("alice"), case_id, version=seen)
    with pytest.raises(Stale) as refused:
        verification.claim(world.as_("vic"), case_id, version=seen)
    assert refused.value.details["actor"] == f"staff:{world.logins['alice'].staff_id}"


def test_an_approver_cannot_claim(world: World) -> None:
    with pytest.raises(Refused, match="wrong_role"):
        verification.claim(world.as_("bob"), world.queued())


def test_nobody_works_a_case_whose_registered_contact_is_theirs(world: World) -> None:
    world.account(second_email="alice@desk.example")
    with pytest.raises(Refused, match="own_account"):
        verification.claim(world.as_("alice"), world.queued())


def test_nobody_works_a_case_that_writes_to_their_second_login(world: World) -> None:
    world.hire("alice.two", person_of="alice")
    case_id = world.queued(reply_email="alice.two@desk.example")
    with pytest.raises(Refused, match="own_account"):
        verification.claim(world.as_("alice"), case_id)


def test_release_keeps_the_checks(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    verification.release(world.as_("alice"), case_id)
    kept = world.session.execute(
        select(IdentityCheck.method).where(IdentityCheck.case_id == case_id)
    ).scalars()
    assert sorted(kept) == ["D2", "H1"]


def test_a_claim_lasts_four_hours_from_the_last_act(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.pass_time(hours=3)
    world.check("alice", case_id)
    world.pass_time(hours=3)
    assert world.status(case_id) == "verifying"
    world.pass_time(hours=1)
    assert (world.status(case_id), world.case(case_id).holder_id) == ("queued", None)


def test_what_the_desk_itself_records_does_not_renew_a_claim(world: World) -> None:
    account = world.account()
    case_id = world.verifying(reply_email="new@elsewhere.example")
    proofs.send_mailbox_link(world.as_("alice"), case_id, world.contacts(account, "email")[0].id)
    link = world.link(case_id, "mailbox")
    world.pass_time(hours=3)
    proofs.confirm_mailbox(world.owner, link)
    world.pass_time(hours=1)
    assert world.status(case_id) == "queued"


def test_taking_over_needs_a_reason_and_names_the_holder(world: World) -> None:
    case_id = world.verifying("alice")
    with pytest.raises(Refused, match="reason_missing"):
        verification.take_over(world.as_("vic"), case_id, " ")
    verification.take_over(world.as_("vic"), case_id, "Alice is ill")
    assert world.case(case_id).holder_id == world.logins["vic"].person_id


def test_a_lead_gives_a_case_only_to_somebody_who_could_have_claimed_it(world: World) -> None:
    case_id = world.queued()
    with pytest.raises(Refused, match="cannot_hold"):
        verification.reassign(world.as_("lee"), case_id, world.logins["bob"].person_id)
    verification.reassign(world.as_("lee"), case_id, world.logins["vic"].person_id)
    assert world.case(case_id).holder_id == world.logins["vic"].person_id


def test_a_case_is_not_given_to_a_colleague_who_cannot_sign_in_any_more(world: World) -> None:
    case_id = world.queued()
    vic = world.logins["vic"]
    world.session.get_one(Staff, vic.staff_id).disabled_at = world.now
    world.session.commit()
    with pytest.raises(Refused, match="cannot_hold"):
        verification.reassign(world.as_("lee"), case_id, vic.person_id)
    assert (world.status(case_id), world.case(case_id).holder_id) == ("queued", None)


@pytest.mark.parametrize("method", ["K1", "H1", "H2", "H3", "P2", "P3", "W2", "nonsense"])
def test_a_person_cannot_record_what_is_no_method_of_theirs(world: World, method: str) -> None:
    world.account()
    case_id = world.verifying()
    with pytest.raises(Refused, match="method_not_available"):
        verification.record_check(world.as_("alice"), case_id, method, "match", evidence={})


def test_a_match_needs_its_evidence(world: World) -> None:
    world.account()
    case_id = world.verifying()
    with pytest.raises(Refused, match="evidence_wrong") as refused:
        verification.record_check(world.as_("alice"), case_id, "D2", "match", evidence={})
    required = {field.key for field in METHODS["D2"].evidence if field.required}
    assert set(refused.value.details["errors"]) == required


@pytest.mark.parametrize("result", ["mismatch", "could_not"])
def test_a_check_that_did_not_match_needs_a_note(world: World, result: str) -> None:
    world.account()
    case_id = world.verifying()
    with pytest.raises(Refused, match="note_missing"):
        verification.record_check(world.as_("alice"), case_id, "D2", result, evidence={})


def test_a_card_number_that_nobody_asked_for_is_not_kept(world: World) -> None:
    world.account()
    case_id = world.verifying()
    with pytest.raises(Refused, match="evidence_wrong"):
        verification.record_check(
            world.as_("alice"), case_id, "D2", "match", evidence={**evidence_for("D2"), "card": "4111"}
        )


def test_a_check_needs_an_account(world: World) -> None:
    case_id = world.verifying()
    with pytest.raises(Refused, match="account_unknown"):
        world.check("alice", case_id)


def test_two_failed_checks_make_the_case_elevated_and_the_account_remembers(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id, result="mismatch")
    assert world.case(case_id).tier == "standard"
    world.check("alice", case_id, "D1", result="mismatch")
    assert (world.case(case_id).tier, world.case(case_id).tier_reasons) == ("elevated", ["failed_checks"])
    intake.withdraw(world.owner, case_id, "other")
    assert world.case(world.queued()).tier == "elevated"


def test_what_an_account_remembers_fades_after_ninety_days(world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.mark_pressure(world.as_("alice"), case_id, "urgent")
    intake.withdraw(world.owner, case_id, "other")
    world.now += timedelta(days=90, seconds=1)
    assert world.case(world.queued()).tier == "standard"


def test_a_pressure_marker_raises_the_tier_and_never_lowers_it_again(world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.mark_pressure(world.as_("alice"), case_id, "refuses_call_back")
    world.session.execute(AccountMark.__table__.delete())
    world.session.commit()
    world.check("alice", case_id)
    assert world.case(case_id).tier == "elevated"


def test_a_second_member_of_staff_attests_for_themself(world: World) -> None:
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id, "W3")
    with pytest.raises(Refused, match="another_person"):
        verification.witness(world.as_("alice"), case_id, check.id, world.code("alice"))
    verification.witness(world.as_("vic"), case_id, check.id, world.code("vic"))
    world.session.rollback()
    assert world.session.get_one(IdentityCheck, check.id).witness_id == world.logins["vic"].person_id


def test_the_witness_who_was_first_stays_named_and_the_next_one_is_told(world: World) -> None:
    world.hire("vera")
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id, "W3")
    verification.witness(world.as_("vic"), case_id, check.id, world.code("vic"))
    version = world.case(case_id).version
    for name in ("vera", "vic"):
        with pytest.raises(Refused, match="already_witnessed"):
            verification.witness(world.as_(name), case_id, check.id, world.code(name))
    assert world.case(case_id).version == version
    assert world.session.get_one(IdentityCheck, check.id).witness_id == world.logins["vic"].person_id


def test_a_check_of_another_case_cannot_be_witnessed_here(world: World) -> None:
    world.account()
    first = world.verifying()
    check = world.check("alice", first, "W3")
    intake.withdraw(world.owner, first, "other")
    second = world.verifying()
    with pytest.raises(NotFound):
        verification.witness(world.as_("vic"), second, check.id, world.code("vic"))


def test_asking_pauses_for_the_owner_and_the_answer_brings_the_case_back_to_its_holder(world: World) -> None:
    world.account()
    case_id = world.waiting_owner()
    assert responding.answer(world.owner, case_id, "I have no scanner.") == "verifying"
    assert world.case(case_id).holder_id == world.logins["alice"].person_id


def test_the_answer_goes_to_the_queue_when_the_holder_is_no_verifier_any_more(world: World) -> None:
    world.account()
    case_id = world.waiting_owner()
    world.role_row("alice").revoked_at = world.now
    world.session.commit()
    assert responding.answer(world.owner, case_id, "I have no scanner.") == "queued"


def test_an_admin_is_no_verifier_for_thirty_days_after(world: World) -> None:
    world.hire("ada.two", role=Role.VERIFIER, person_of="ada")
    assert Role.VERIFIER not in world.as_("ada.two").actor.roles
    world.role_row("ada").revoked_at = world.now
    world.session.commit()
    world.now += timedelta(days=29)
    assert Role.VERIFIER not in world.as_("ada.two").actor.roles
    world.now += timedelta(days=1, seconds=1)
    assert Role.VERIFIER in world.as_("ada.two").actor.roles
