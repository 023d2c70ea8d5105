"""Who may ask for a file, and what it takes to see personal data in one."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import reports
from portal.casework import exports
from portal.casework.context import Refused
from portal.models import Export, OutboxRow, Staff, SubjectKey
from tests.export.desk import ask, asked, content, export, read_csv, tags, work_off
from tests.people import HANAKO, STAFF
from tests.world import World


def number(world: World) -> int:
    world.session.rollback()
    return world.session.execute(select(func.count()).select_from(Export)).scalar_one()


def refusal(world: World, name: str = "chika", **more: object) -> Refused:
    given = {"form": "csv", "language": "en", **more}
    with pytest.raises(Refused) as refused:
        exports.ask(world.as_(name), asked(world), **given)  # type: ignore[arg-type]
    return refused.value


@pytest.mark.parametrize("name", ["alice", "bob", "lee", "ada"])
def test_nobody_but_compliance_may_ask(world: World, name: str) -> None:
    assert refusal(world, name).reason == "wrong_role"
    assert number(world) == 0


def test_what_is_asked_for_is_queued_with_its_event_and_holds_no_purpose_in_clear(world: World) -> None:
    made = ask(world, purpose="Yearly audit by 山田")
    row = world.session.execute(select(OutboxRow).where(OutboxRow.kind == "export")).scalar_one()
    (event,) = tags(world, "staff:export:asked")
    facts = json.loads(event.event_bytes)["d"]
    assert (row.unique_key, row.language, row.state) == (f"export:{made}", "en", "pending")
    assert facts == {
        "export": made,
        "report": "cases",
        "form": "csv",
        "personal": True,
        "from": "2026-01-01",
        "to": "2026-11-24",
        "basis": "received",
    }
    kept = export(world, made)
    staff = world.session.get_one(Staff, kept.staff_id)
    assert b"audit" not in (kept.sealed_purpose or b"") + event.event_bytes
    vault = world.runtime.vault
    assert vault.open(world.session, staff.subject_id, kept, "purpose") == "Yearly audit by 山田"


def test_the_log_says_which_rows_and_columns_were_taken(world: World) -> None:
    narrowed = asked(world, language="ja", tier="standard", columns="reference name")
    exports.ask(world.as_("chika"), narrowed, "csv", "en")
    (event,) = tags(world, "staff:export:asked")
    facts = json.loads(event.event_bytes)["d"]
    assert (facts["filters"], facts["columns"]) == ("language=ja tier=standard", "reference name")


def test_an_unknown_format_or_language_is_said_at_its_field(world: World) -> None:
    refused = refusal(world, form="docx")
    assert (refused.reason, refused.details["field"]) == ("format_missing", "format")
    assert refusal(world, language="fr").reason == "language_unknown"


def test_an_impossible_period_is_refused(world: World) -> None:
    with pytest.raises(reports.WrongAsked):
        exports.ask(world.as_("chika"), asked(world, end="2026-12-01"), "csv", "en")
    assert number(world) == 0


def test_a_purpose_without_words_or_too_long_is_refused_before_a_code_is_spent(world: World) -> None:
    code = world.code("chika")
    assert refusal(world, purpose="  ", code=code).reason == "purpose_missing"
    assert refusal(world, purpose="x" * 501, code=code).reason == "purpose_long"
    assert refusal(world, purpose="a\x00b", code=code).reason == "unprintable"
    assert not tags(world, "staff:factor:refused")


def test_personal_data_needs_a_fresh_code_that_counts_once(world: World) -> None:
    ctx = world.as_("chika")
    code = world.code("chika")
    assert refusal(world, purpose="audit", code="000000").reason == "wrong_code"
    assert refusal(world, purpose="audit", code="").reason == "wrong_code"
    exports.ask(ctx, asked(world), "csv", "en", "audit", code)
    assert refusal(world, purpose="audit", code=code).reason == "wrong_code"
    assert number(world) == 1


def test_names_are_masked_unless_a_purpose_was_given(world: World, app: Flask) -> None:
    world.account()
    world.queued()
    masked, open_ = ask(world), ask(world, purpose="audit")
    work_off(world, app)
    head, row = read_csv(content(world, masked))
    shown = dict(zip(*read_csv(content(world, open_)), strict=True))
    hidden = dict(zip(head, row, strict=True))
    personal = [name for name, text in shown.items() if text in {HANAKO["name"], HANAKO["account_email"]}]
    assert len(personal) == 2
    assert all(set(hidden[name]) == {"•"} for name in personal)
    assert HANAKO["name"].encode() not in content(world, masked)
    assert [export(world, one).personal for one in (masked, open_)] == [False, True]


def test_nobody_has_more_than_five_files_in_preparation(world: World, app: Flask) -> None:
    for _file in range(5):
        ask(world)
    assert refusal(world).reason == "exports_full"
    work_off(world, app)
    ask(world)
    assert number(world) == 6


def test_each_file_has_a_key_of_its_own(world: World) -> None:
    made = [export(world, ask(world)).subject_id for _file in range(2)]
    keys = select(SubjectKey.subject_id).where(SubjectKey.subject_id.in_(made))
    assert len(set(world.session.execute(keys).scalars())) == 2


def test_who_left_compliance_meanwhile_gets_nothing(world: World, app: Flask) -> None:
    made = ask(world)
    with world.system.act():
        world.role_row("chika").revoked_at = world.now
    work_off(world, app)
    assert (export(world, made).state, export(world, made).error) == ("failed", "not_allowed")


def test_who_asks_for_names_in_clear_is_seen_by_leads_admins_and_compliance_at_once(world: World) -> None:
    ask(world)
    masked = world.session.query(OutboxRow).filter_by(notice="retention_decision").count()
    ask(world, purpose="audit")
    rows = world.session.query(OutboxRow).filter_by(notice="retention_decision").all()
    names = {login.staff_id: name for name, login in world.logins.items()}
    said = world.params(next(row for row in rows if names[row.staff_id or ""] == "lee"))

    assert masked == 0
    assert sorted(names[row.staff_id or ""] for row in rows) == ["ada", "ann", "chika", "lee", "lou"]
    assert (said["kind"], said["state"], said["by"]) == ("report_in_clear", "asked_for", STAFF["chika"][0])
    assert said["about"] == "2026年1月1日〜11月24日"
