"""The stories: every status is there because people have done the acts, and what they left is whole."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import audit, receipts
from portal.casework import deactivation, facts, lookup
from portal.connectors import runbook
from portal.demo.programme import WALKS
from portal.domain.lifecycle import Status
from portal.domain.tiers import Tier
from portal.models import (
    AuditEvent,
    Case,
    CaseTimer,
    Contact,
    DemoMail,
    Document,
    OutboxRow,
    RunbookStep,
)
from tests.demo.filled import Filled


def test_every_status_has_a_story_in_the_programme() -> None:
    assert {walk.status for walk in WALKS} == set(Status)


def test_stories_are_told_in_both_languages() -> None:
    assert {walk.language for walk in WALKS} == {"ja", "en"}


def test_each_story_leaves_its_case_where_the_programme_says(demo: Filled) -> None:
    assert {each.walk: demo.case(each.walk).status for each in demo.told} == {
        each.walk: each.status for each in demo.told
    }


def test_every_status_is_there(demo: Filled) -> None:
    assert {case.status for case in demo.all(Case)} == set(Status)


def test_every_tier_is_there(demo: Filled) -> None:
    assert {case.tier for case in demo.all(Case)} == set(Tier)


def test_nothing_is_later_than_the_moment_of_filling(demo: Filled) -> None:
    assert demo.record.latest <= demo.record.end


def test_second_factors_are_not_spent_beyond_the_present(demo: Filled) -> None:
    assert demo.record.last_step < int(demo.record.end.timestamp()) // 30


def test_no_work_is_left_over(demo: Filled) -> None:
    left = demo.all(OutboxRow, OutboxRow.state == "pending")
    due = demo.all(CaseTimer, CaseTimer.at <= demo.record.began)
    assert (left, due) == ([], [])


def test_two_requests_for_one_account_are_held_against_each_other(demo: Filled) -> None:
    case = demo.case("contested")
    pair = demo.all(Case, Case.contest_id == case.contest_id)
    assert [(each.account_id, each.tier) for each in pair] == [(case.account_id, "elevated")] * 2


def test_a_request_that_matches_no_account_waits(demo: Filled) -> None:
    assert demo.case("unmatched").account_id is None


def test_a_letter_is_on_its_way(demo: Filled) -> None:
    case = demo.case("company_letter")
    assert (case.asked, case.tier) == (["H4", "D6"], "privileged")
    assert receipts.document_of(demo.ctx, case, "letter") is not None


def test_a_runbook_is_half_done(demo: Filled) -> None:
    case = demo.case("half_by_hand")
    (removal,) = deactivation.removals_of(demo.ctx, case)
    steps = demo.all(RunbookStep, RunbookStep.removal_id == removal.id)
    assert 0 < sum(step.attested_by is not None for step in steps) < len(steps) < len(runbook.STEPS)


def test_a_removal_that_failed_needs_attention(demo: Filled) -> None:
    assert demo.case("removal_failed").needs_attention


def test_a_contact_that_could_not_be_reached_makes_everybody_wait_a_week(demo: Filled) -> None:
    assert demo.case("unreached").waiting_hours == demo.runtime.limits.wait_unreached_hours


def test_something_is_overdue_and_something_is_due_soon(demo: Filled) -> None:
    desks = ("queued", "frozen", "cooling_off", "unconfirmed", "executing", "ready")
    left = [case.due_at - demo.record.began for case in demo.all(Case, Case.status.in_(desks))]
    assert min(left) < timedelta(0)
    assert any(timedelta(0) < each < timedelta(minutes=30) for each in left)


def test_every_confirmed_request_has_its_painted_receipt(demo: Filled) -> None:
    for each in demo.told:
        case = demo.case(each.walk)
        document = receipts.document_of(demo.ctx, case, "receipt")
        if document is None:
            assert each.walk == "stopped_without_case"
            continue
        pdf = receipts.open_pdf(demo.ctx, document)
        assert pdf is not None
        assert pdf.startswith(b"%PDF")


def test_every_removal_has_its_completion_notice(demo: Filled) -> None:
    painted = demo.all(Document, Document.kind == "completion", Document.painted_at.is_not(None))
    stories = {each.case_id for each in demo.told if demo.case(each.walk).deactivated_at}
    assert {document.case_id for document in painted} == stories


def test_the_receipt_comes_with_the_mail_that_says_it_was_received(demo: Filled) -> None:
    who = demo.story("removed" if any(each.walk == "removed" for each in demo.told) else "agreed").human
    papers = [part.get_content_type() for mail in demo.mails(who.email) for part in mail.iter_attachments()]
    assert papers == ["application/pdf"]


def test_registered_contacts_were_told_at_their_second_mailbox(demo: Filled) -> None:
    who = demo.story("agreed").human
    assert len(demo.mails(who.second_email)) >= 3


def test_mails_go_nowhere_but_to_reserved_domains(demo: Filled) -> None:
    assert {row.recipient.rpartition(".")[2] for row in demo.all(DemoMail)} == {"example"}


def test_the_decision_of_every_open_case_still_fits_what_was_proposed(demo: Filled) -> None:
    decided = demo.all(
        Case, Case.decision == "remove", Case.status.in_(("pending_approval", "cooling_off", "ready"))
    )
    ctx = demo.ctx
    assert decided
    assert not [case.id for case in decided if facts.facts_of(ctx, case).facts_changed]


def test_every_chain_is_whole_up_to_its_head(demo: Filled) -> None:
    streams = demo.session.execute(select(AuditEvent.stream).distinct()).scalars().all()
    assert not [stream for stream in streams if audit.first_break(demo.session, stream) is not None]


def test_the_events_of_every_case_lead_to_its_status(demo: Filled) -> None:
    events = demo.session.execute(
        select(AuditEvent).where(AuditEvent.case_id.is_not(None)).order_by(AuditEvent.sseq)
    )
    fold: dict[str, str | None] = {}
    for event in events.scalars():
        said = json.loads(event.event_bytes)
        assert said.get("from") == fold.get(event.case_id)
        fold[event.case_id] = said["to"]
    assert fold == {case.id: case.status for case in demo.all(Case)}


def test_the_history_of_a_story_can_be_read(demo: Filled) -> None:
    entries = lookup.timeline(demo.session, demo.case("reversed"))
    assert {entry.actor for entry in entries} >= {"owner", "system", "contact"}
    assert all(entry.actor for entry in entries)


def test_contacts_have_a_language_or_are_written_to_in_both(demo: Filled) -> None:
    spoken = {contact.language for contact in demo.all(Contact)}
    assert spoken == {"ja", "en", None}


@pytest.mark.parametrize("key", ["new", "agreed", "removed"])
def test_a_story_of_the_programme_is_a_story_of_somebody(key: str) -> None:
    assert next(walk for walk in WALKS if walk.key == key).home is not None
