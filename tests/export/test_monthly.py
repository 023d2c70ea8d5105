"""Saved reports that are built on the first of each month, and mailed as a link that only their owner can use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import notices, reports, worker
from portal.casework import monthly_reports
from portal.domain.lifecycle import Role
from portal.models import Export, OutboxRow, ReportSetting, new_id
from tests.export.desk import asked, export, work_off
from tests.world import World

NOVEMBER = datetime(2026, 11, 15, 3, tzinfo=UTC)
FIRST = datetime(2026, 11, 30, 15, tzinfo=UTC)  # 1 December, 0:00 in Japan


@pytest.fixture
def saved(world: World) -> str:
    """Chika's report about each month, as CSV in Japanese, saved in the middle of November."""
    kept = {**reports.written(asked(world, language="ja")), "period": "last_month"}
    setting = ReportSetting(
        id=new_id(),
        staff_id=world.logins["chika"].staff_id,
        name="毎月の全件",
        report="cases",
        settings=kept,
        monthly=True,
        form="csv",
        language="ja",
        created_at=NOVEMBER,
    )
    world.now = NOVEMBER
    with world.system.act():
        world.session.add(setting)
    return setting.id


def built(world: World) -> list[Export]:
    world.session.rollback()
    return list(world.session.execute(select(Export).order_by(Export.created_at)).scalars())


def test_last_month_is_asked_for_once_on_the_first_in_japan(world: World, saved: str) -> None:
    worker.keep_house(world.runtime)
    world.now = FIRST.replace(minute=0, hour=14)
    worker.keep_house(world.runtime)
    assert built(world) == []

    world.now = FIRST
    for _turn in range(2):
        worker.keep_house(world.runtime)
    (made,) = built(world)
    assert (made.setting_id, made.form, made.language, made.personal) == (saved, "csv", "ja", False)
    assert (made.settings["start"], made.settings["end"]) == ("2026-11-01", "2026-11-30")
    assert made.settings["language"] == "ja"
    assert world.session.get_one(ReportSetting, saved).sent_for == "2026-11"


def test_what_no_worker_did_on_the_first_is_made_up_for(world: World, saved: str) -> None:
    world.now = FIRST.replace(month=12, day=3)
    worker.keep_house(world.runtime)
    assert [one.settings["start"] for one in built(world)] == ["2026-11-01"]
    world.now = datetime(2027, 1, 2, tzinfo=UTC)
    worker.keep_house(world.runtime)
    assert [one.settings["start"] for one in built(world)] == ["2026-11-01", "2026-12-01"]


def test_two_workers_at_the_same_moment_ask_once(world: World, saved: str) -> None:
    world.now = FIRST
    monthly_reports.ask_for_last_month(world.system)
    with world.runtime.sessions() as session:
        context = world.system
        other = world.runtime.context(session, context.actor)
        monthly_reports.ask_for_last_month(other)
    assert len(built(world)) == 1


def test_nothing_is_built_for_who_is_no_longer_in_compliance(world: World, saved: str) -> None:
    with world.system.act():
        world.role_row("chika").revoked_at = world.now
    world.now = FIRST
    worker.keep_house(world.runtime)
    assert built(world) == []


def test_nothing_is_built_that_is_not_wanted_monthly(world: World, saved: str) -> None:
    with world.system.act():
        world.session.execute(update(ReportSetting).values(monthly=False))
    world.now = FIRST
    worker.keep_house(world.runtime)
    assert built(world) == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_its_owner_is_told_by_a_mail_that_holds_a_link_and_no_data(
    world: World, app: Flask, saved: str, language: str
) -> None:
    world.hire("kei", role=Role.COMPLIANCE)
    with world.system.act():
        staff_id = world.logins["chika"].staff_id
        world.session.get_one(ReportSetting, saved).language = language
        from portal.models import Staff

        world.session.get_one(Staff, staff_id).language = language
    world.now = FIRST
    worker.keep_house(world.runtime)
    (made,) = built(world)
    worker.work_once(world.runtime, app, "w1")
    world.session.rollback()
    row = world.session.execute(select(OutboxRow).where(OutboxRow.notice == "export_ready")).scalar_one()
    assert (export(world, made.id).state, row.staff_id) == ("ready", staff_id)
    with app.app_context():
        mail = notices.render(world.runtime, world.session, row)
    assert mail.to == "chika@desk.example"
    assert "/admin/exports/" in mail.text
    assert "毎月の全件" in mail.text
    assert not mail.attachments
    assert made.id not in mail.text
    work_off(world, app)


def test_its_owner_is_told_too_when_it_could_not_be_built(
    world: World, app: Flask, saved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.export import building

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(building.FORMS, "csv", building.Form(".csv", "text/csv", full))  # type: ignore[arg-type]
    world.now = FIRST
    worker.keep_house(world.runtime)
    worker.work_once(world.runtime, app, "w1")
    world.session.rollback()
    row = world.session.execute(select(OutboxRow).where(OutboxRow.notice == "export_ready")).scalar_one()
    assert world.params(row)["state"] == "failed"
    with app.app_context():
        assert "作成できませんでした" in notices.render(world.runtime, world.session, row).text
