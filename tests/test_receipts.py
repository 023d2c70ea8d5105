"""What a paper says is frozen with its act, painted once, stored sealed, and never painted again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from portal import contact as contacts
from portal import receipts
from portal.casework import proofs
from portal.casework.context import Refused
from portal.domain.methods import KLASSES
from portal.domain.policy import POLICY_VERSION
from portal.models import AuditEvent, Document, OutboxRow
from tests.people import HANAKO
from tests.sql import key_lost
from tests.world import World


def paper(world: World, case_id: str, kind: str = "receipt") -> Document:
    document = receipts.document_of(world.system, world.case(case_id), kind)
    assert document is not None
    return document


def facts(world: World, case_id: str, kind: str = "receipt") -> dict[str, Any]:
    return receipts.open_facts(world.system, paper(world, case_id, kind))


def documents(world: World, case_id: str) -> list[Document]:
    world.session.rollback()
    query = select(Document).where(Document.case_id == case_id).order_by(Document.created_at, Document.round)
    return list(world.session.execute(query).scalars())


def test_a_request_has_its_receipt_from_the_first_moment(world: World) -> None:
    case_id = world.submit()
    (document,) = documents(world, case_id)
    assert (document.kind, document.language, document.round) == ("receipt", "ja", 1)
    assert (document.created_at, document.painted_at, document.sealed_pdf) == (world.now, None, None)


def test_a_receipt_says_what_was_asked_and_when_an_answer_comes(world: World) -> None:
    case_id = world.submit(account_number="123456789012")
    said, case = facts(world, case_id), world.case(case_id)
    assert {key: said[key] for key in ("reference", "status", "name", "reason", "language")} == {
        "reference": case.reference,
        "status": "unconfirmed",
        "name": HANAKO["name"],
        "reason": "broken",
        "language": "ja",
    }
    assert said["submitted_at"] == said["issued_at"] == "2026-11-24T01:00:00.000000Z"
    assert said["confirm_by"] == "2026-11-25T01:00:00.000000Z"
    assert (said["waiting_hours"], said["policy_version"]) == (24, POLICY_VERSION)


def test_a_first_answer_is_promised_in_hours_of_support(world: World) -> None:
    world.now += timedelta(days=3, hours=7, minutes=30)  # Friday, half past five in the afternoon
    first_answer = datetime.fromisoformat(facts(world, world.submit())["first_answer_by"])
    assert first_answer - world.now > timedelta(days=2)
    assert first_answer.isoweekday() == 1


def test_a_paper_shows_no_whole_address_and_no_whole_account(world: World) -> None:
    for number, hidden in (("123456789012", "123456789012"), (None, HANAKO["account_email"])):
        said = str(facts(world, world.submit(account_number=number)))
        assert hidden not in said
        assert HANAKO["account_email"] not in said
        assert HANAKO["phone"] not in said


def test_facts_are_stored_sealed(world: World) -> None:
    sealed = paper(world, world.submit()).sealed_facts
    for text in (HANAKO["name"], "MR-", "reference"):
        assert text.encode() not in sealed


def test_facts_do_not_follow_what_happens_later(world: World) -> None:
    world.account()
    case_id = world.submit()
    first = facts(world, case_id)
    with world.system.act():
        case = world.lock(case_id)
        world.runtime.vault.seal(world.session, case.subject_id, case, "name", "somebody else")
    assert facts(world, case_id) == first


def test_a_refused_act_leaves_no_paper(world: World) -> None:
    case_id = world.submit()
    with pytest.raises(Refused):
        freeze_and_refuse(world, case_id)
    assert len(documents(world, case_id)) == 1


def freeze_and_refuse(world: World, case_id: str) -> None:
    with world.system.act():
        receipts.freeze(world.system, world.lock(case_id), "receipt")
        raise Refused("wrong_status")


def test_every_paper_is_queued_to_be_painted_once(world: World) -> None:
    case_id = world.submit()
    rows = world.session.execute(select(OutboxRow.unique_key).where(OutboxRow.kind == "document")).scalars()
    assert list(rows) == [f"{paper(world, case_id).id}:document"]


def test_a_completed_case_has_a_notice_of_what_was_done_and_no_value_of_any_proof(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    said = facts(world, case_id, "completion")
    case = world.case(case_id)
    assert case.deactivated_at is not None
    assert said["deactivated_at"] == said["issued_at"]
    assert [device["label"] for device in said["devices"]] == ["Phone"]
    assert said["approved"]
    assert said["object_until"] == "2026-12-05T" + said["deactivated_at"].split("T")[1]
    assert set(said["checks"]) <= set(KLASSES)
    assert "TX-1" not in str(said)


def test_a_contact_that_was_told_stands_masked_in_the_notice(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    told = facts(world, case_id, "completion")["contacts_told"]
    assert told
    assert not {HANAKO["second_email"], HANAKO["account_email"]} & set(told)
    assert set(told) <= {contacts.mask_email(HANAKO[key]) for key in ("account_email", "second_email")}


def test_a_letter_carries_the_address_and_the_code_in_groups_of_four(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    said = facts(world, case_id, "letter")
    assert said["address_lines"] == ["〒100-0000", "東京都見本区 1-2-3"]
    assert [len(group) for group in said["code_groups"]] == [4, 4, 4]
    assert said["reference"] == world.case(case_id).reference


def test_each_letter_is_a_paper_of_its_own_and_the_newest_counts(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    post = world.contacts(account, "post")[0].id
    codes = []
    for _ in range(2):
        proofs.post_letter(world.as_("alice"), case_id, post)
        codes.append(world.letter_code(case_id))
        world.now += world.runtime.limits.letter_wait
    rounds = [document.round for document in documents(world, case_id) if document.kind == "letter"]
    assert (len(set(codes)), rounds) == (2, [1, 2])


def test_a_painted_paper_is_kept_sealed_with_its_digest(world: World) -> None:
    case_id = world.submit()
    receipts.store(world.system, paper(world, case_id).id, b"%PDF-1.7 painted")
    document = paper(world, case_id)
    assert receipts.open_pdf(world.system, document) == b"%PDF-1.7 painted"
    assert document.sealed_pdf is not None
    assert b"painted" not in document.sealed_pdf
    assert (document.sha256, document.size) == (sha256(b"%PDF-1.7 painted").hexdigest(), 16)
    assert document.painted_at == world.now


def test_the_first_painter_wins(world: World) -> None:
    case_id = world.submit()
    receipts.store(world.system, paper(world, case_id).id, b"first")
    world.now += timedelta(minutes=5)
    receipts.store(world.system, paper(world, case_id).id, b"second")
    document = paper(world, case_id)
    assert receipts.open_pdf(world.system, document) == b"first"
    assert (document.sha256, document.painted_at) == (
        sha256(b"first").hexdigest(),
        world.now - timedelta(minutes=5),
    )


def test_the_log_says_which_bytes_were_issued_and_says_it_once(world: World) -> None:
    case_id = world.submit()
    for data in (b"first", b"second"):
        receipts.store(world.system, paper(world, case_id).id, data)
    query = select(AuditEvent.event_bytes).where(AuditEvent.tag == "system:paper:issued")
    said = [json.loads(event)["d"] for event in world.session.execute(query).scalars()]
    assert said == [
        {
            "document": paper(world, case_id).id,
            "case": case_id,
            "kind": "receipt",
            "digest": sha256(b"first").hexdigest(),
        }
    ]


def test_a_completed_case_has_its_course_and_when_each_contact_was_told(world: World) -> None:
    world.account()
    said = facts(world, world.deactivated(), "completion")
    assert [each["status"] for each in said["course"]] == [
        "unconfirmed",
        "queued",
        "verifying",
        "pending_approval",
        "cooling_off",
        "ready",
        "executing",
        "deactivated",
    ]
    moments = [each["at"] for each in said["course"]]
    assert moments == sorted(moments)
    assert moments[-1] == said["deactivated_at"]
    assert [each["contact"] for each in said["told"]] == said["contacts_told"]
    assert all(said["submitted_at"] <= each["at"] <= said["issued_at"] for each in said["told"])


def test_a_paper_that_is_not_painted_yet_is_nothing_yet(world: World) -> None:
    assert receipts.open_pdf(world.system, paper(world, world.submit())) is None


def test_papers_of_an_erased_subject_say_nothing_but_still_have_their_digest(world: World) -> None:
    case_id = world.submit()
    receipts.store(world.system, paper(world, case_id).id, b"painted")
    key_lost(world, world.case(case_id).subject_id)
    document = paper(world, case_id)
    assert (facts(world, case_id), receipts.open_pdf(world.system, document)) == ({}, None)
    assert document.sha256 == sha256(b"painted").hexdigest()


def test_a_case_without_a_paper_of_a_kind_has_none(world: World) -> None:
    case_id = world.submit()
    assert receipts.document_of(world.system, world.case(case_id), "completion") is None


def test_the_account_is_named_by_its_number_its_address_or_a_dash(world: World) -> None:
    by_number, by_email = world.submit(account_number="123456789012"), world.submit()
    named = [facts(world, case_id)["account_masked"] for case_id in (by_number, by_email)]
    assert named[0].endswith("9012")
    assert named[1] == contacts.mask_email(HANAKO["account_email"])
    case = world.case(by_email)
    case.sealed_account_email = None
    assert receipts.masked_account(world.system, case) == "—"
    world.session.rollback()


def test_a_paper_speaks_the_language_of_its_case(world: World) -> None:
    case_id = world.submit(language="en")
    assert (paper(world, case_id).language, facts(world, case_id)["language"]) == ("en", "en")
