"""A request comes in: sent once, confirmed by POST, matched unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import tokens
from portal.casework import drafts, intake
from portal.casework.context import Refused, Throttled
from portal.models import Case, Document, Draft, IdentityCheck, OutboxRow, SubjectKey
from tests.together import together
from tests.world import World


def count(world: World, model: type) -> int:
    world.session.rollback()
    return int(world.session.execute(select(func.count()).select_from(model)).scalar_one())


def test_a_draft_sent_twice_makes_one_case(world: World) -> None:
    raw = drafts.start(world.owner, {})
    first = intake.submit(world.owner, raw, world.request())
    second = intake.submit(world.owner, raw, world.request(name="別の 名前"))
    assert (second.case_id, second.reference, second.repeated) == (first.case_id, first.reference, True)
    assert count(world, Case) == 1


def test_a_sent_request_has_its_receipt_its_confirmation_mail_and_nothing_else(world: World) -> None:
    case_id = world.submit()
    rows = world.session.execute(select(OutboxRow.kind, OutboxRow.notice)).all()
    assert sorted(rows, key=str) == [("document", None), ("mail", "confirm_address")]
    document = world.session.execute(select(Document).where(Document.case_id == case_id)).scalar_one()
    assert (document.kind, world.status(case_id)) == ("receipt", "unconfirmed")


def test_a_gone_draft_makes_no_case(world: World) -> None:
    with pytest.raises(Refused, match="draft_gone"):
        intake.submit(world.owner, tokens.random_token(), world.request())
    assert count(world, Case) == 0


def test_the_sixth_request_of_an_hour_from_one_address_is_refused_and_leaves_nothing(world: World) -> None:
    for _ in range(5):
        world.submit()
    raw = drafts.start(world.owner, {})
    with pytest.raises(Throttled):
        intake.submit(world.owner, raw, world.request())
    assert count(world, Case) == 5
    assert drafts.read(world.owner, raw) is not None


def test_pressing_send_again_is_not_counted_as_another_request(world: World) -> None:
    raw = drafts.start(world.owner, {})
    results = {intake.submit(world.owner, raw, world.request()).case_id for _ in range(9)}
    assert len(results) == 1


def test_answers_are_kept_sealed_and_found_only_by_their_secret(world: World) -> None:
    raw = drafts.start(world.owner, {"name": "山田 花子"})
    drafts.save(world.owner, raw, {"phone": "090"})
    answers = drafts.read(world.owner, raw)
    assert answers is not None
    assert dict(answers.values) == {"name": "山田 花子", "phone": "090"}
    assert drafts.read(world.owner, tokens.random_token()) is None
    stored = world.session.execute(select(Draft.sealed_answers)).scalar_one()
    assert stored is not None
    assert "山田".encode() not in stored


def test_a_draft_ends_after_a_day_and_its_key_is_destroyed(world: World) -> None:
    raw = drafts.start(world.owner, {"name": "山田"})
    before = count(world, SubjectKey)
    world.now += timedelta(hours=24)
    assert drafts.read(world.owner, raw) is None
    assert drafts.purge(world.system) == 1
    assert count(world, SubjectKey) == before - 1


def test_deleting_the_answers_of_a_sent_request_leaves_the_request(world: World) -> None:
    raw = drafts.start(world.owner, {})
    case_id = intake.submit(world.owner, raw, world.request()).case_id
    drafts.forget(world.owner, raw)
    case = world.case(case_id)
    assert world.runtime.vault.open(world.session, case.subject_id, case, "name") == "山田 花子"


def test_a_confirmation_link_works_once(world: World) -> None:
    raw = world.link(world.submit(), "confirm")
    assert intake.confirm(world.owner, raw) is not None
    assert intake.confirm(world.owner, raw) is None


def test_a_confirmation_link_ends_after_a_day(world: World) -> None:
    raw = world.link(world.submit(), "confirm")
    world.now += timedelta(hours=24)
    assert intake.confirm(world.owner, raw) is None


@pytest.mark.parametrize("spelling", ["{0} ", " {0}", "{0}=", "{0}\n", "", "x" * 43])
def test_a_link_has_exactly_one_spelling(world: World, spelling: str) -> None:
    raw = world.link(world.submit(), "confirm")
    assert intake.confirm(world.owner, spelling.format(raw)) is None


def test_a_link_of_another_purpose_confirms_nothing(world: World) -> None:
    world.account()
    case_id = world.queued()
    assert intake.confirm(world.owner, world.link(case_id, "status")) is None


def test_a_confirmed_request_finds_its_account_and_tells_the_other_mailbox(world: World) -> None:
    account = world.account()
    case = world.case(world.queued())
    assert (case.account_id, case.proven_by, case.tier) == (account.id, "contact", "standard")
    told = world.mails(case.id, "request_filed")
    assert [row.contact_id for row in told] == [world.contacts(account, "email")[1].id]


def test_confirming_from_a_registered_mailbox_is_the_first_identity_check(world: World) -> None:
    world.account()
    case_id = world.queued()
    check = world.session.execute(select(IdentityCheck).where(IdentityCheck.case_id == case_id)).scalar_one()
    assert (check.method, check.result, check.attested_by) == ("H1", "match", "system")


def test_an_unknown_account_leaves_the_case_waiting_for_the_register(world: World) -> None:
    case = world.case(world.queued())
    assert (case.status, case.account_id) == ("queued", None)


def test_two_identifiers_of_different_accounts_match_neither(world: World) -> None:
    world.account()
    case = world.case(world.queued(account_number="999999999999"))
    assert case.account_id is None


def test_a_request_for_an_account_that_the_register_gains_later_is_matched_then(world: World) -> None:
    case_id = world.queued()
    account = world.account()
    with world.system.act():
        intake.rematch(world.system, account=account)
    intake.match(world.system, case_id, cause="register")
    assert world.case(case_id).account_id == account.id


def test_an_unproven_request_causes_one_notice_per_account_and_day(world: World) -> None:
    world.account()
    for address in ("a@elsewhere.example", "b@elsewhere.example"):
        world.queued(reply_email=address)
    notices = (
        world.session.execute(select(OutboxRow).where(OutboxRow.notice == "request_filed")).scalars().all()
    )
    assert len(notices) == 2  # two mailboxes, told once


def test_the_same_person_twice_keeps_the_older_request_and_sends_its_link_again(world: World) -> None:
    world.account()
    older, newer = world.queued(), world.queued()
    assert (world.status(older), world.status(newer)) == ("queued", "cancelled")
    assert world.case(newer).close_reason == "duplicate"
    assert len(world.mails(older, "duplicate_open")) == 1


def test_an_unconfirmed_request_is_never_a_duplicate(world: World) -> None:
    world.account()
    world.submit()
    assert world.status(world.queued()) == "queued"


def test_an_unproven_request_changes_nothing_outside_its_own_case(world: World) -> None:
    world.account()
    honest = world.queued()
    before = world.case(honest).version
    stranger = world.case(world.queued(reply_email="thief@elsewhere.example"))
    honest_case = world.case(honest)
    assert (stranger.tier, stranger.contest_id) == ("elevated", honest)
    assert (honest_case.tier, honest_case.version) == ("standard", before)


def test_two_proven_requests_from_different_addresses_are_both_elevated_and_linked(world: World) -> None:
    world.account()
    one, other = world.queued(), world.queued(reply_email="hanako.old@mail.example")
    cases = [world.case(one), world.case(other)]
    assert [case.tier for case in cases] == ["elevated", "elevated"]
    assert {case.contest_id for case in cases} == {one}


def test_withdrawing_twice_is_one_withdrawal(world: World) -> None:
    world.account()
    case_id = world.queued()
    intake.withdraw(world.owner, case_id, "device_works")
    assert intake.withdraw(world.owner, case_id, "other") == "cancelled"
    assert world.case(case_id).close_reason == "device_works"


def test_asking_for_the_link_mails_it_only_to_the_address_of_the_request(world: World) -> None:
    world.account()
    case = world.case(world.queued())
    for email in ("stranger@elsewhere.example", "hanako@mail.example"):
        intake.ask_for_link(world.owner, case.reference, email)
    for key in (
        world.session.execute(select(OutboxRow.unique_key).where(OutboxRow.kind == "find")).scalars().all()
    ):
        intake.send_found_link(world.system, key)
    assert len(world.mails(case.id, "find_link")) == 1


def test_asking_for_the_link_again_within_the_hour_queues_nothing_more(world: World) -> None:
    case = world.case(world.submit())
    for _ in range(3):
        intake.ask_for_link(world.owner, case.reference, "hanako@mail.example")
    assert count(world, OutboxRow) == 3  # confirmation, receipt, and one look-up


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_asking_for_the_link_four_times_at_once_is_asking_once(world: World) -> None:
    case = world.case(world.submit())
    reference = case.reference
    before = count(world, OutboxRow)

    actor, origin = world.owner.actor, world.owner.origin

    def ask() -> None:
        with world.runtime.sessions() as session:
            intake.ask_for_link(
                world.runtime.context(session, actor, origin), reference, "hanako@mail.example"
            )

    together(4, ask)
    assert count(world, OutboxRow) == before + 1
