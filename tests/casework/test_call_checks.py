"""H2 and H3: digits keyed on the registered telephone. What a thief tries with them comes first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.casework import call_checks, calls, lookup, objection, proofs, verification
from portal.casework.context import Refused
from portal.casework.facts import verdict_of
from portal.models import Account, IdentityCheck, Objection, PhoneCall
from tests.people import HANAKO
from tests.ringing import (
    check_by_call,
    digits_of,
    end,
    pick_up,
    placed,
    press,
    reread,
    wrong_digits,
)
from tests.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that can call somebody."""
    made = World(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


def asked(world: World, *items: str, **changes: object) -> str:
    """A case whose owner was asked for something."""
    case_id = world.verifying(**changes)
    verification.ask(world.as_("alice"), case_id, list(items) or ["H2"])
    return case_id


def checks(world: World, case_id: str) -> list[IdentityCheck]:
    world.session.rollback()
    query = select(IdentityCheck).where(IdentityCheck.case_id == case_id)
    return list(world.session.execute(query.order_by(IdentityCheck.recorded_at)).scalars())


def called_back(world: World, case_id: str, account: Account) -> PhoneCall:
    phone = world.contacts(account, "phone")[0]
    call = call_checks.call_back(world.as_("alice"), case_id, phone.id)
    placed(world)
    return reread(world, call)


# what a thief tries


def test_nobody_has_a_call_placed_that_no_verifier_asked_for(world: World) -> None:
    world.account()
    case_id = world.verifying()
    with pytest.raises(Refused, match="wrong_status"):
        call_checks.ask_call(world.owner, case_id, language="ja")
    assert placed(world) == []


def test_the_call_goes_to_the_register_and_never_to_the_number_in_the_form(world: World) -> None:
    account = world.account()
    case_id = asked(world, phone="080-9999-8888")
    call = check_by_call(world, case_id)
    assert call.contact_id == world.contacts(account, "phone")[0].id


def test_the_number_of_another_account_is_refused(world: World) -> None:
    world.account()
    other = world.account(
        number="999999999999", account_email="o@mail.example", second_email="p@mail.example"
    )
    theirs = world.contacts(other, "phone")[0].id
    case_id = asked(world)
    with pytest.raises(Refused, match="contact_missing"):
        call_checks.ask_call(world.owner, case_id, language="ja", contact_id=theirs)
    verification.end_asking(world.as_("alice"), case_id)
    with pytest.raises(Refused, match="contact_missing"):
        call_checks.call_back(world.as_("alice"), case_id, theirs)


def test_a_stranger_is_not_told_how_many_numbers_there_are_and_chooses_none(world: World) -> None:
    account = world.account()
    with world.system.act():
        newer = world.contact(account, "phone", "+81312345678", since=world.now - timedelta(days=60))
    case_id = asked(world, reply_email="new@elsewhere.example")
    assert len(call_checks.choices(world.owner, world.case(case_id))) == 1
    with pytest.raises(Refused, match="contact_missing"):
        call_checks.ask_call(world.owner, case_id, language="ja", contact_id=newer.id)


def test_an_owner_who_has_proven_a_contact_chooses_among_several_numbers(world: World) -> None:
    account = world.account()
    with world.system.act():
        newer = world.contact(account, "phone", "+81312345678", since=world.now - timedelta(days=60))
    case_id = asked(world)
    with pytest.raises(Refused, match="contact_missing"):
        call_checks.ask_call(world.owner, case_id, language="ja")
    call = call_checks.ask_call(world.owner, case_id, language="ja", contact_id=newer.id)
    assert call.contact_id == newer.id


def test_a_stranger_has_the_owner_rung_up_three_times_a_day_at_most(world: World) -> None:
    world.account()
    case_id = asked(world, reply_email="new@elsewhere.example")
    for _ in range(world.runtime.limits.calls_per_number_hour):
        call = call_checks.ask_call(world.owner, case_id, language="ja")
        assert call.outcome is None
        world.now += timedelta(hours=1, minutes=1)
    with pytest.raises(Refused, match="calls_used_up"):
        call_checks.ask_call(world.owner, case_id, language="ja")


def test_wrong_digits_prove_nothing_and_no_new_call_gives_new_tries(world: World) -> None:
    world.account()
    case_id = asked(world)
    for _ in range(2):
        world.now += timedelta(minutes=2)
        call = call_checks.ask_call(world.owner, case_id, language="ja")
        world.now += call_checks.READ_FIRST
        placed(world)
        pick_up(world, call)
        for _ in range(world.runtime.limits.call_tries):
            press(world, call, wrong_digits(world, call))
        assert reread(world, call).outcome == "wrong"
        press(world, call, digits_of(world, call))
    world.now += timedelta(minutes=2)
    with pytest.raises(Refused, match="too_many_codes"):
        call_checks.ask_call(world.owner, case_id, language="ja")
    assert [check.method for check in checks(world, case_id)] == ["H1"]


def test_digits_keyed_wrong_use_up_the_tries_of_a_letter_too(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    for _ in range(2):
        world.now += timedelta(minutes=2)
        call = called_back(world, case_id, account)
        pick_up(world, call)
        for _ in range(world.runtime.limits.call_tries):
            press(world, call, wrong_digits(world, call))
    with pytest.raises(Refused, match="too_many_codes"):
        proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))


def test_the_digits_on_a_strangers_page_prove_nothing_on_the_owners_own_call(world: World) -> None:
    world.account()
    theirs = asked(world, reply_email="new@elsewhere.example")
    strange = call_checks.ask_call(world.owner, theirs, language="ja")
    mine = asked(world)
    world.now += timedelta(minutes=6)
    call = check_by_call(world, mine, digits_of(world, strange))
    assert (call.outcome, call.tries) == (None, 1)
    assert [check.method for check in checks(world, theirs)] == []
    assert [check.method for check in checks(world, mine)] == ["H1"]


def test_a_call_of_a_voided_round_proves_nothing(world: World) -> None:
    world.account()
    case_id = asked(world)
    call = call_checks.ask_call(world.owner, case_id, language="ja")
    world.now += call_checks.READ_FIRST
    placed(world)
    pick_up(world, call)
    objection.object_by_requester(world.owner, case_id)
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "spoke to her")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))
    press(world, call, digits_of(world, call))
    assert reread(world, call).outcome == "expired"
    assert [check.method for check in checks(world, case_id) if check.voided_at is None] == []
    assert call_checks.on_screen(world.owner, world.case(case_id)) is None


def test_a_number_that_was_retired_while_it_rang_proves_nothing(world: World) -> None:
    account = world.account()
    case_id = asked(world)
    call = call_checks.ask_call(world.owner, case_id, language="ja")
    world.now += call_checks.READ_FIRST
    placed(world)
    pick_up(world, call)
    with world.system.act():
        world.contacts(account, "phone")[0].retired_at = world.now
    press(world, call, digits_of(world, call))
    assert reread(world, call).outcome == "expired"
    assert [check.method for check in checks(world, case_id)] == ["H1"]


def test_a_number_changed_lately_is_called_and_counts_for_nothing(world: World) -> None:
    account = world.account()
    with world.system.act():
        world.contacts(account, "phone")[0].confirmed_at = world.now - timedelta(days=29)
    case_id = asked(world)
    check_by_call(world, case_id)
    done = next(check for check in checks(world, case_id) if check.method == "H2")
    assert (done.id, "contact_changed") in verdict_of(world.system, world.case(case_id)).ignored


def test_a_call_to_the_lost_handset_counts_for_nothing(world: World) -> None:
    account = world.account()
    with world.system.act():
        world.contacts(account, "phone")[0].is_mobile = True
    case_id = asked(world, problem="lost")
    check_by_call(world, case_id)
    done = next(check for check in checks(world, case_id) if check.method == "H2")
    assert (done.id, "same_handset") in verdict_of(world.system, world.case(case_id)).ignored


def test_two_calls_to_one_number_count_once(world: World) -> None:
    account = world.account()
    case_id = asked(world)
    check_by_call(world, case_id)
    world.now += timedelta(minutes=2)
    call = called_back(world, case_id, account)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    assert sorted(check.method for check in checks(world, case_id)) == ["H1", "H2", "H3"]
    assert not verdict_of(world.system, world.case(case_id)).met


@pytest.mark.parametrize("method", ["H2", "H3"])
def test_no_person_records_a_call(world: World, method: str) -> None:
    world.account()
    with pytest.raises(Refused, match="method_not_available"):
        verification.record_check(
            world.as_("alice"), world.verifying(), method, "match", evidence={"call": "X"}
        )


def test_nine_freezes_the_case_and_the_digits_prove_nothing_afterwards(world: World) -> None:
    account = world.account()
    case_id = asked(world)
    call = call_checks.ask_call(world.owner, case_id, language="ja")
    world.now += call_checks.READ_FIRST
    placed(world)
    pick_up(world, call)
    press(world, call, "9")
    press(world, call, digits_of(world, call))
    assert world.status(case_id) == "frozen"
    said = world.session.execute(select(Objection).where(Objection.case_id == case_id)).scalar_one()
    assert (said.channel, said.contact_id) == ("call", world.contacts(account, "phone")[0].id)
    assert [check.method for check in checks(world, case_id)] == ["H1"]


# what they prove


def test_right_digits_are_a_check_of_the_system_with_its_evidence(world: World) -> None:
    world.account()
    case_id = asked(world)
    call = check_by_call(world, case_id)
    done = checks(world, case_id)[-1]
    case = world.case(case_id)
    evidence = world.runtime.vault.open_json(world.session, case.subject_id, done, "evidence")
    assert (done.method, done.attested_by, done.person_id, done.repeated) == ("H2", "system", None, False)
    assert evidence == {"number_masked": "***-****-5678", "call": call.id, "tries": "1"}


def test_a_call_back_records_its_length_and_a_digest_and_no_digits(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    call = called_back(world, case_id, account)
    pick_up(world, call)
    world.now += timedelta(seconds=42)
    press(world, call, digits_of(world, call))
    done = checks(world, case_id)[-1]
    case = world.case(case_id)
    evidence = world.runtime.vault.open_json(world.session, case.subject_id, done, "evidence")
    assert done.method == "H3"
    assert evidence["call_length"] == "0:42"
    assert digits_of(world, call) not in str(evidence)


def test_a_stranger_who_answers_the_registered_number_has_proven_a_contact(world: World) -> None:
    world.account()
    case_id = asked(world, reply_email="new@elsewhere.example")
    assert world.case(case_id).proven_by is None
    check_by_call(world, case_id)
    assert world.case(case_id).proven_by == "contact"


def test_a_call_alone_completes_nothing(world: World) -> None:
    world.account()
    case_id = asked(world, reply_email="new@elsewhere.example")
    check_by_call(world, case_id)
    assert not verdict_of(world.system, world.case(case_id)).met


def test_a_call_and_a_strong_proof_complete_the_standard_set(world: World) -> None:
    world.account()
    case_id = asked(world, reply_email="new@elsewhere.example")
    check_by_call(world, case_id)
    world.check("alice", case_id, "D2")
    verdict = verdict_of(world.system, world.case(case_id))
    assert (verdict.met, verdict.set_key) == (True, "standard")


def test_password_mailbox_and_call_complete_the_password_set(world: World) -> None:
    world.account()
    case_id = asked(world)
    with world.system.act():
        world.lock(case_id).proven_by = "password"
    check_by_call(world, case_id)
    verdict = verdict_of(world.system, world.case(case_id))
    assert (verdict.met, verdict.set_key) == (True, "password")


def test_a_call_back_serves_a_privileged_account_where_the_owners_own_call_does_not(world: World) -> None:
    account = world.account(is_administrator=True)
    case_id = asked(world)
    check_by_call(world, case_id)
    missing = verdict_of(world.system, world.case(case_id)).missing
    world.now += timedelta(minutes=2)
    call = called_back(world, case_id, account)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    assert set(missing) - set(verdict_of(world.system, world.case(case_id)).missing) == {
        "call_back_or_letter"
    }


# who may ask for it, and when


def test_only_the_holder_of_the_case_has_the_number_called(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    phone = world.contacts(account, "phone")[0].id
    for name in ("vic", "bob", "lee"):
        with pytest.raises(Refused):
            call_checks.call_back(world.as_(name), case_id, phone)
    assert placed(world) == []


def test_a_call_back_is_on_record_and_mails_nobody(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    called_back(world, case_id, account)
    sent = [one for one in lookup.timeline(world.session, world.case(case_id)) if "challenge" in one.tag]
    assert [one.facts["method"] for one in sent] == ["H3"]
    assert world.mails(case_id, "mailbox_check") == []


def test_the_digits_are_on_screen_only_while_they_can_be_keyed_in(world: World) -> None:
    world.account()
    case_id = asked(world)
    call = call_checks.ask_call(world.owner, case_id, language="ja")
    shown = call_checks.on_screen(world.owner, world.case(case_id))
    assert shown is not None
    assert shown.code == digits_of(world, call)
    world.now += world.runtime.limits.call_code_life
    over = call_checks.on_screen(world.owner, world.case(case_id))
    assert over is not None
    assert (over.state, over.outcome, over.code) == ("ended", "expired", None)


def test_who_has_no_registered_number_is_not_asked_for_a_call(world: World) -> None:
    account = world.account()
    with world.system.act():
        world.contacts(account, "phone")[0].retired_at = world.now
    case_id = world.verifying()
    with pytest.raises(Refused, match="no_registered_phone"):
        verification.ask(world.as_("alice"), case_id, ["H2"])
    assert "H2" not in verification.askable(world.system, world.case(case_id))


def test_without_a_telephone_nobody_is_asked_for_a_call(database_url: str, tmp_path: Path) -> None:
    silent = World(database_url, tmp_path)
    account = silent.account()
    case_id = silent.verifying()
    with pytest.raises(Refused, match="no_telephone"):
        verification.ask(silent.as_("alice"), case_id, ["H2"])
    with pytest.raises(Refused, match="no_telephone"):
        call_checks.call_back(silent.as_("alice"), case_id, silent.contacts(account, "phone")[0].id)
    assert {"H2", "H3"}.isdisjoint(verification.askable(silent.system, silent.case(case_id)))
    silent.close()


def test_what_a_stranger_asks_for_uses_up_none_of_the_owners_calls(world: World) -> None:
    account = world.account()
    case_id = asked(world, "H2", reply_email="new@elsewhere.example")
    for _ in range(3):
        call = call_checks.ask_call(world.owner, case_id, language="ja")
        world.now += timedelta(seconds=9)
        placed(world)
        end(world, call, "busy")
        world.now += timedelta(minutes=2)

    with world.system.act():
        calls.request(
            world.system,
            "proof",
            account=account,
            contact=world.contacts(account, "phone")[0],
            number=HANAKO["phone"],
            language="ja",
            code_for="somebody's cookie",
        )


def test_what_is_keyed_wrong_for_a_stranger_does_not_count_against_the_account(world: World) -> None:
    account = world.account()
    case_id = asked(world, "H2", reply_email="new@elsewhere.example")
    check_by_call(world, case_id, digits="000000")

    world.session.rollback()
    assert world.session.get_one(Account, account.id, populate_existing=True).call_failures == 0
