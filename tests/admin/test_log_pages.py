"""The log page: newest first, narrowed, in pages, with what is known of the whole; reading it is written into it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, text

from portal.casework import log_reading
from portal.models import AuditCheckpoint, AuditEvent, AuditVerdict
from portal.tlog import sequencer
from tests.admin.clerk import Clerk
from tests.admin.desk import queued, statements
from tests.public.visitor import Page
from tests.sql import attack, changed, row_of, unguarded
from tests.world import World

Hire = Callable[..., Clerk]
LOG = "/admin/log/"


def rows(page: Page) -> list[dict[str, str]]:
    """The lines of the list by the heads of their columns."""
    heads = [head.get_text() for head in page.html.select("table.table thead th")]
    lines = page.html.select("table.table tbody tr")
    return [
        dict(
            zip(heads, (cell.get_text(" ", strip=True) for cell in line.find_all(["th", "td"])), strict=True)
        )
        for line in lines
    ]


def asked(**filters: str) -> str:
    return f"{LOG}?{urlencode(filters)}"


def reads(world: World) -> list[AuditEvent]:
    world.session.rollback()
    query = select(AuditEvent).where(AuditEvent.tag == "staff:log:read").order_by(AuditEvent.sseq)
    return list(world.session.execute(query).scalars())


def test_compliance_reads_the_log_and_nobody_else(world: World, clerk: Hire) -> None:
    codes = {name: clerk(name).get(LOG).code for name in ("alice", "bob", "lee", "chika", "ada")}
    assert codes == {"alice": 403, "bob": 403, "lee": 403, "chika": 200, "ada": 403}


def test_the_newest_record_comes_first_with_who_did_what_to_which_case(world: World, clerk: Hire) -> None:
    case_id = world.verifying()
    page = clerk("chika", "en").get(asked(case=world.case(case_id).reference))
    first, *_rest, last = rows(page)
    assert (first["Actor"], first["Action"], first["Result"], first["Source"]) == (
        "Alice Verity",
        "Assigned to themselves",
        "Checking identity",
        "Back office",
    )
    assert (last["Actor"], last["Source"]) == ("Owner", "Owners' pages")
    assert {row["Target"] for row in rows(page)} == {world.case(case_id).reference}


def test_it_is_narrowed_by_action_actor_case_and_days_together(world: World, clerk: Hire) -> None:
    world.verifying()
    other = world.verifying(account_email="p@nowhere.example", reply_email="p@nowhere.example")
    staff = f"staff:{world.logins['alice'].staff_id}"
    chika = clerk("chika", "en")
    taken = {"tag": "case:claim:taken", "actor": staff}
    assert len(rows(chika.get(asked(**taken)))) == 2
    assert len(rows(chika.get(asked(**taken, case=world.case(other).reference)))) == 1
    day = (world.now + timedelta(days=2)).date().isoformat()
    nothing = chika.get(asked(**taken, start=day, end=day))
    assert "No records match." in nothing.text


def test_days_are_japans_and_both_are_included(world: World, clerk: Hire) -> None:
    world.now = world.now.replace(hour=16)  # one in the morning of the next day in Japan
    world.queued()
    chika = clerk("chika", "en")
    day = (world.now + timedelta(hours=9)).date().isoformat()
    assert rows(chika.get(asked(tag="case:request:submitted", start=day, end=day)))
    before = world.now.date().isoformat()
    assert not rows(chika.get(asked(tag="case:request:submitted", start=before, end=before)))


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"case": "MR-0000-0000"}, "case", "There is no case with this receipt number."),
        ({"case": "山田"}, "case", "There is no case with this receipt number."),
        ({"start": "2026-02-30"}, "start", "Enter a date such as 2026-04-01"),
        (
            {"start": "2026-02-02", "end": "2026-02-01"},
            "start",
            "Start date must be the same as or before the end date",
        ),
    ],
)
def test_what_cannot_be_looked_for_is_said_at_its_field_and_kept(
    world: World, clerk: Hire, typed: dict[str, str], field: str, words: str
) -> None:
    page = clerk("chika", "en").get(asked(**typed))
    assert page.code == 422
    assert page.errors_at(field) == [words]
    assert [link.get_text() for link in page.html.select("#error-summary a")] == [words]
    assert page.value(field) == typed[field]
    assert not page.html.select("table.table")


@pytest.mark.parametrize("typed", [{"tag": "case:made:up"}, {"actor": "staff:nobody"}])
def test_a_choice_that_the_page_does_not_offer_is_not_found(
    world: World, clerk: Hire, typed: dict[str, str]
) -> None:
    assert clerk("chika").get(asked(**typed)).code == 404


@pytest.mark.parametrize("place", ["x", ">dt:2026-11-23 00:00:00+00:00~s:' OR 1=1", ">i:1~i:1"])
def test_a_place_made_by_hand_is_refused(world: World, clerk: Hire, place: str) -> None:
    assert clerk("chika").get(asked(page=place)).code == 400


def test_pages_lead_down_and_back_without_a_gap(
    world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reading, "PAGE", 3)
    case_id = world.pending_approval() if world.account() else ""
    chika = clerk("chika", "en")
    reference = world.case(case_id).reference
    first = chika.get(asked(case=reference))
    seen, page = [row["Action"] for row in rows(first)], first
    while older := page.html.select_one("a[rel=next]"):
        page = chika.get(older["href"])
        seen += [row["Action"] for row in rows(page)]
    assert len(seen) == world.case(case_id).audit_seq
    back = chika.get(page.html.select_one("a[rel=prev]")["href"])
    assert [row["Action"] for row in rows(back)] == seen[-len(rows(page)) - 3 : -len(rows(page))]


def test_reading_the_log_is_written_into_it_without_what_was_typed(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    chika = clerk("chika")
    chika.get(asked(case=world.case(case_id).reference, tag="case:request:submitted"))
    chika.get(asked(case="山田 花子"))
    (event,) = reads(world)
    assert event.actor == f"staff:{world.logins['chika'].staff_id}"
    assert case_id.encode() in event.event_bytes
    assert world.case(case_id).reference.encode() not in event.event_bytes


def test_an_event_shows_the_bytes_that_were_hashed_and_its_place(world: World, clerk: Hire) -> None:
    world.queued()
    sequencer.sequence(world.system)
    row = row_of(world, "audit_event", tag="case:request:submitted")
    page = clerk("chika", "en").get(f"{LOG}{row['id']}")
    assert row["event_bytes"].decode() in page.html.main.get_text()
    assert row["leaf_hash"] in page.text
    assert "Place in the tree" in page.text


def test_the_proof_of_an_event_is_saved_as_text_once_a_signed_head_covers_it(
    world: World, clerk: Hire
) -> None:
    case_id = world.queued()
    sequencer.sequence(world.system)
    row = row_of(world, "audit_event", tag="case:request:submitted")
    chika, proof = clerk("chika", "en"), f"{LOG}{row['id']}/proof.txt"
    assert proof not in chika.get(f"{LOG}{row['id']}").links()
    assert chika.get(proof).code == 404
    size = int(world.session.execute(text("SELECT count(*) FROM audit_leaf")).scalar_one())
    with world.system.act():
        world.session.add(AuditCheckpoint(size=size, root="0" * 64, note="the head", at=world.now))
    page = chika.get(f"{LOG}{row['id']}")
    assert {proof, asked(case=world.case(case_id).reference)} <= set(page.links())
    answer = chika.client.get(proof)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert row["event_bytes"].decode() in answer.text
    assert answer.text.endswith("the head")
    assert json.loads(reads(world)[-1].event_bytes)["d"]["checked"] == row["id"]


def test_the_record_of_reading_a_report_says_which_and_about_which_days(world: World, clerk: Hire) -> None:
    chika = clerk("chika", "en")
    chika.get("/admin/reports/volumes/result?start=2026-10-01&end=2026-10-31&basis=received")
    (line,) = rows(chika.get(asked(tag="staff:report:read")))
    assert line["Details"] == "Requests by month; 1 October to 31 October 2026"


def test_there_is_no_page_for_an_event_that_is_not_there(world: World, clerk: Hire) -> None:
    assert clerk("chika").get(f"{LOG}{'0' * 32}").code == 404


def test_an_event_that_somebody_made_unreadable_is_still_listed(world: World, clerk: Hire) -> None:
    world.queued()
    row = row_of(world, "audit_event", tag="case:request:submitted")
    unguarded(world)
    chika = clerk("chika", "en")
    for data in (
        *(b"\xff{", b"", b"[" * 9000, b"7", b"[]", b'{"d": [1]}', b'{"d": "x"}', b'{"d": {"case": {}}}'),
        b'{"d": {"case": [1]}, "from": 7, "to": {"a": []}}',
        *(
            b'{"d": {"%s": {"a": [1]}, "reason": [], "until": 5}}' % name
            for name in (b"holder", b"kind", b"time")
        ),
    ):
        attack(world, changed("audit_event", row["id"], event_bytes=data))
        assert len(rows(chika.get(asked(tag="case:request:submitted")))) == 1, data
        assert chika.get(f"{LOG}{row['id']}").code == 200, data


def verdict(world: World, failed: str | None, minutes: int) -> None:
    with world.system.act():
        at = world.now + timedelta(minutes=minutes)
        world.session.add(AuditVerdict(at=at, events=3, failed=failed, first_bad="17" if failed else None))


def test_the_page_says_when_the_log_was_found_to_be_whole(world: World, clerk: Hire) -> None:
    chika = clerk("chika", "en")
    assert "Integrity has not been checked yet" in chika.get(LOG).text
    verdict(world, None, 0)
    assert "Integrity check passed at" in chika.get(LOG).text


def test_the_page_says_since_when_the_check_has_failed_and_whom_to_call(world: World, clerk: Hire) -> None:
    now = world.now
    for failed, minutes in ((None, -30), ("streams", -20), ("streams", -10)):
        verdict(world, failed, minutes)
    text = clerk("chika", "en").get(LOG).text
    since = log_reading.integrity(world.system).failed_since
    assert since == now - timedelta(minutes=20)
    assert "The audit log does not fit together" in text
    assert world.runtime.settings.emergency in text


def test_a_page_takes_the_same_statements_however_long_the_log_is(world: World, clerk: Hire) -> None:
    chika = clerk("chika")
    world.queued()
    chika.get(LOG)
    with statements(world) as few:
        chika.get(LOG)
    queued(world, 3)
    with statements(world) as many:
        chika.get(LOG)
    assert len(many) == len(few)
