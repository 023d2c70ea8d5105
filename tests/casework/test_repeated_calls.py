"""The second person has the registered number called themselves: what that is worth, and who may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.casework import approval, call_checks, objection, talks
from portal.casework.context import Refused, Stale
from portal.casework.facts import facts_of
from portal.models import AuditEvent, CaseParty, Contact, IdentityCheck, PhoneCall
from tests.ringing import digits_of, end, pick_up, placed, press, reread, wrong_digits
from tests.talking import give_desk_phone, hang_up, take
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that can call somebody, with a lead who has a desk phone."""
    made = World(database_url, tmp_path, telephone="demo")
    give_desk_phone(made, "lee")
    yield made
    made.close()


def proposed(world: World, **changes: object) -> str:
    """A privileged case whose removal is proposed, with every check of a person opened by the lead."""
    account = world.account(is_administrator=True, **changes)
    case_id = world.verifying()
    world.check("alice", case_id, "D2")
    proven_by_call(world, case_id, world.contacts(account, "phone")[0].id)
    world.propose("alice", case_id)
    world.open_checks("lee", case_id)
    world.now += timedelta(minutes=2)
    return case_id


def proven_by_call(world: World, case_id: str, contact_id: str) -> None:
    call = call_checks.call_back(world.as_("alice"), case_id, contact_id)
    placed(world)
    pick_up(world, call)
    press(world, call, digits_of(world, call))


def repeated(world: World, case_id: str, name: str = "lee") -> PhoneCall:
    """The lead's own call, which rings."""
    account_id = world.case(case_id).account_id
    contact_id = world.session.execute(
        select(PhoneCall.contact_id).where(PhoneCall.account_id == account_id).limit(1)
    ).scalar_one()
    call = call_checks.repeat_call(world.as_(name), case_id, contact_id)
    placed(world)
    return reread(world, call)


def checks(world: World, case_id: str) -> list[IdentityCheck]:
    world.session.rollback()
    query = select(IdentityCheck).where(IdentityCheck.case_id == case_id, IdentityCheck.repeated)
    return list(world.session.execute(query.order_by(IdentityCheck.recorded_at)).scalars())


def is_missing(world: World, case_id: str, name: str = "lee") -> bool:
    return facts_of(world.as_(name), world.case(case_id)).repeat_missing


def agree(world: World, case_id: str, name: str = "lee") -> str:
    return approval.approve(world.as_(name), case_id, code=world.code(name))


def test_the_leads_own_call_is_a_repeated_check_of_theirs_and_lets_them_agree(world: World) -> None:
    case_id = proposed(world)
    assert is_missing(world, case_id)
    call = repeated(world, case_id)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    (check,) = checks(world, case_id)
    assert (check.method, check.result, check.attested_by) == ("H3", "match", "system")
    assert (check.person_id, check.part) == (world.logins["lee"].person_id, "approver")
    assert not is_missing(world, case_id)
    assert is_missing(world, case_id, "lou")
    assert agree(world, case_id) == "cooling_off"


def test_the_repeated_call_is_in_the_log_of_the_case(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    (check,) = checks(world, case_id)
    query = select(AuditEvent).where(AuditEvent.tag == "case:call:repeated")
    event = world.session.execute(query).scalar_one().event_bytes.decode()
    assert check.id in event
    assert '"actor":"system"' in event


def test_digits_that_were_wrong_to_the_end_are_a_repetition_that_did_not_match(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    pick_up(world, call)
    for _ in range(world.runtime.limits.call_tries):
        press(world, call, wrong_digits(world, call))
    (check,) = checks(world, case_id)
    assert (check.result, check.attested_by) == ("mismatch", "system")
    world.repeat("lee", case_id)
    assert is_missing(world, case_id)
    with pytest.raises(Refused):
        agree(world, case_id)


@pytest.mark.parametrize("how", ["no-answer", "busy", "failed"])
def test_a_call_that_nobody_answered_is_no_check_and_can_be_placed_again(world: World, how: str) -> None:
    case_id = proposed(world)
    end(world, repeated(world, case_id), how)
    assert checks(world, case_id) == []
    world.now += timedelta(minutes=2)
    call = repeated(world, case_id)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    assert not is_missing(world, case_id)


def test_nine_on_the_leads_call_freezes_the_case(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    pick_up(world, call)
    press(world, call, "9")
    assert world.status(case_id) == "frozen"
    assert checks(world, case_id) == []


def test_who_has_checked_and_who_is_no_lead_repeat_nothing(world: World) -> None:
    case_id = proposed(world)
    for name in ("alice", "bob", "vic"):
        with pytest.raises(Refused):
            repeated(world, case_id, name)
    world.session.rollback()
    assert placed(world) == []


def test_a_call_is_repeated_only_while_the_decision_waits(world: World) -> None:
    account = world.account(is_administrator=True)
    case_id = world.verifying()
    with pytest.raises(Refused, match="wrong_status"):
        call_checks.repeat_call(world.as_("lee"), case_id, world.contacts(account, "phone")[0].id)


def test_having_it_placed_makes_somebody_the_second_person(world: World) -> None:
    case_id = proposed(world)
    repeated(world, case_id, "lou")
    party = world.session.get(CaseParty, (case_id, world.logins["lou"].person_id))
    assert party is not None
    assert party.part == "approver"


def test_the_verifiers_call_repeats_nothing_and_the_leads_is_no_first_check(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    approval.send_back(world.as_("lee"), case_id, "once more", code=world.code("lee"))
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    assert reread(world, call).outcome == "expired"
    assert checks(world, case_id) == []


def test_a_page_of_an_older_version_of_the_case_places_no_call(world: World) -> None:
    case_id = proposed(world)
    with pytest.raises(Stale):
        call_checks.repeat_call(world.as_("lee"), case_id, "any", version=1)


def test_a_number_that_changed_lately_repeats_nothing(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    with world.system.act():
        world.session.get_one(Contact, call.contact_id).confirmed_at = world.now - timedelta(days=29)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    assert len(checks(world, case_id)) == 1
    assert is_missing(world, case_id)


def test_what_the_lead_noticed_in_the_conversation_counts_against(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    assert take(world, call)
    world.now += timedelta(minutes=1)
    hang_up(world, call)
    talks.record_result(world.as_("lee"), case_id, call.id, "mismatch", note="another voice answers")
    digits, heard = checks(world, case_id)
    assert (digits.attested_by, heard.attested_by, heard.part) == ("system", "person", "approver")
    assert is_missing(world, case_id)
    with pytest.raises(Refused):
        agree(world, case_id)


def test_what_the_lead_heard_alone_repeats_nothing(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    take(world, call)
    hang_up(world, call)
    talks.record_result(world.as_("lee"), case_id, call.id, "match")
    assert [check.attested_by for check in checks(world, case_id)] == ["system", "person"]
    assert not is_missing(world, case_id)


def test_tries_used_up_in_the_case_leave_none_for_the_repetition(world: World) -> None:
    case_id = proposed(world)
    with world.system.act():
        world.lock(case_id).code_failures = world.runtime.limits.code_tries_per_case
    with pytest.raises(Refused, match="too_many_codes"):
        repeated(world, case_id)


def test_the_digits_of_a_repeated_call_prove_nothing_after_an_objection(world: World) -> None:
    case_id = proposed(world)
    call = repeated(world, case_id)
    pick_up(world, call)
    digits = digits_of(world, call)
    objection.object_by_requester(world.owner, case_id)
    press(world, call, digits)
    assert reread(world, call).outcome == "expired"
    assert checks(world, case_id) == []
