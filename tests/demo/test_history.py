"""The history behind the stories: copies that no CHECK, key, trigger or chain can tell from what people did."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select, text

from portal.casework import facts, lookup, roles, verification
from portal.casework.context import Context
from portal.demo import owners
from portal.demo.filling import SEED
from portal.demo.people import human
from portal.demo.programme import WALKS
from portal.domain.lifecycle import Status
from portal.domain.reference import parse
from portal.models import (
    Account,
    Case,
    CaseParty,
    CaseTimer,
    Contact,
    IdentityCheck,
    SearchTerm,
    Staff,
    SubjectKey,
)
from tests.demo.filled import COPIES, Filled


def test_as_many_cases_are_there_as_were_asked_for(demo: Filled) -> None:
    beside = sum(each.walk in {"contested", "sent_twice"} for each in demo.told)
    assert len(demo.all(Case)) == len(demo.told) + beside + COPIES


def test_no_foreign_key_hangs_in_the_air(demo: Filled) -> None:
    if demo.session.get_bind().dialect.name == "sqlite":
        assert demo.session.execute(text("PRAGMA foreign_key_check")).all() == []
        assert demo.session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    else:
        demo.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_most_of_it_is_history_and_some_of_it_is_open(demo: Filled) -> None:
    found = Counter(case.status for case in demo.copies())
    assert found["deactivated"] > COPIES / 4
    assert sum(found[status] for status in ("queued", "verifying", "waiting_owner")) > 0


def test_every_reference_is_one(demo: Filled) -> None:
    references = [case.reference for case in demo.all(Case)]
    assert len(set(references)) == len(references)
    assert all(parse(reference) == reference for reference in references)


def test_every_copy_is_sealed_with_a_key_of_its_own(demo: Filled) -> None:
    subjects = [*(case.subject_id for case in demo.all(Case)), *(row.subject_id for row in demo.all(Account))]
    keys = {key.subject_id for key in demo.all(SubjectKey)}
    assert len(set(subjects)) == len(subjects)
    assert set(subjects) <= keys


def test_sealed_values_of_copies_open_and_tell_of_invented_people_only(demo: Filled) -> None:
    ctx = demo.ctx
    for case in demo.copies():
        for column in ("account_email", "reply_email"):
            value = ctx.vault.open(ctx.session, case.subject_id, case, column)
            assert value is None or value.endswith(".example")
        origin = ctx.vault.open_json(ctx.session, case.subject_id, case, "origin")
        assert origin is None or origin["address"].startswith(("192.0.2.", "198.51.100.", "203.0.113."))


def test_nothing_personal_of_a_story_is_in_a_copy(demo: Filled) -> None:
    ctx = demo.ctx
    known = {each.human.email for each in demo.told} | {each.human.second_email for each in demo.told}
    told = {each.home.account_id for each in demo.told if each.home}
    values = {
        ctx.vault.open(ctx.session, account.subject_id, contact, "value")
        for account in demo.all(Account, Account.id.not_in(told))
        for contact in demo.all(Contact, Contact.account_id == account.id)
    }
    assert values
    assert not values & known
    assert not {value for value in values if value and any(email in value for email in known)}


def test_evidence_of_copies_opens_and_its_digest_is_in_the_log(demo: Filled) -> None:
    ctx = demo.ctx
    copies = {case.id: case for case in demo.copies()}
    checks = [check for check in demo.all(IdentityCheck) if check.case_id in copies]
    assert checks
    for check in checks:
        case = copies[check.case_id]
        assert ctx.vault.open_json(ctx.session, case.subject_id, check, "evidence") is not None
        said = {entry.facts.get("payload") for entry in lookup.timeline(ctx.session, case)}
        assert verification.payload(check) in said


def test_a_copy_is_found_by_name_address_number_and_reference(demo: Filled) -> None:
    ctx = demo.ctx
    staff = next(staff for staff in demo.all(Staff) if staff.email.startswith("mori@"))
    acting = ctx.as_actor(roles.actor_for(ctx, staff))
    case = next(case for case in demo.copies() if case.sealed_kana and case.status != "unconfirmed")
    for column in ("name", "kana", "account_email", "phone"):
        value = ctx.vault.open(ctx.session, case.subject_id, case, column) or ""
        assert case.id in {found.id for found, _ in lookup.search(acting, value)}, column
    assert [found.id for found, _ in lookup.search(acting, case.reference)] == [case.id]


def test_all_terms_belong_to_a_subject(demo: Filled) -> None:
    query = select(func.count()).where(SearchTerm.subject_id.not_in(select(SubjectKey.subject_id)))
    assert demo.session.execute(query).scalar_one() == 0


def test_two_persons_decided_every_copy_that_was_decided(demo: Filled) -> None:
    parts = {(row.case_id, row.person_id): row.part for row in demo.all(CaseParty)}
    for case in demo.copies():
        if case.approver_id:
            assert parts[case.id, case.proposer_id] == "verifier"
            assert parts[case.id, case.approver_id] == "approver"


def test_nothing_of_a_copy_is_due_at_once(demo: Filled) -> None:
    copies = {case.id for case in demo.copies()}
    due = demo.all(CaseTimer, CaseTimer.at <= demo.record.began + timedelta(minutes=15))
    assert not [row for row in due if row.case_id in copies]


def test_an_open_copy_has_an_account_for_itself(demo: Filled) -> None:
    open_ones = [case.account_id for case in demo.copies() if case.closed_at is None and case.account_id]
    assert len(set(open_ones)) == len(open_ones)


def at_work(demo: Filled, case: Case, part: str) -> Context:
    """The context of a colleague who may act as this part."""
    ctx = demo.ctx
    role = {"verifier": "mori@", "approver": "ishii@"}[part]
    staff = next(staff for staff in demo.all(Staff) if staff.email.startswith(role))
    return demo.ctx.as_actor(roles.actor_for(ctx, staff))


def test_a_queued_copy_can_be_claimed_and_checked(demo: Filled) -> None:
    case = next(
        case for case in demo.copies() if case.status == Status.QUEUED and case.round == 1 and case.account_id
    )
    verification.claim(at_work(demo, case, "verifier"), case.id)
    found = {"place": "見本営業所", "document_type": "passport", "document_end": "1234"}
    verification.record_check(at_work(demo, case, "verifier"), case.id, "W3", "match", evidence=found)
    verdict = facts.verdict_of(demo.ctx, demo.session.get_one(Case, case.id))
    assert verdict.met is (case.tier == "standard")


def test_everybody_in_the_register_follows_from_the_seed(demo: Filled) -> None:
    ctx, wanted = demo.ctx, {}
    for number in (*range(1, len(WALKS) + COPIES + 1), owners.SELF_HELPER, owners.UNREACHED):
        both = [human(SEED, number, language=language) for language in ("ja", "en")]
        wanted[both[0].account_number] = {one.name for one in both}
    for account in demo.all(Account):
        assert ctx.vault.open(ctx.session, account.subject_id, account, "name") in wanted[account.number]
