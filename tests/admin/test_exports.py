"""The pages of exports: the form with its errors, the list with its states, and the download."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from admin import export_pages
from portal.casework import exports
from portal.domain.lifecycle import Role
from portal.export import building
from portal.models import Export, OutboxRow, Staff
from tests.admin.conftest import Hire
from tests.admin.test_statement_counts import reading
from tests.casework.staffroom import Staffroom
from tests.export.desk import ask, content, export, work_off
from tests.world import World

NEW = "/admin/exports/new"
PERIOD = "start=2026-01-01&end=2026-11-24"


def all_exports(world: World) -> list[Export]:
    world.session.rollback()
    return list(world.session.execute(select(Export)).scalars())


def test_a_file_is_asked_for_shown_in_preparation_and_then_downloaded(
    app: Flask, room: Staffroom, clerk: Hire
) -> None:
    chika, world = clerk("chika", "en"), room.world
    world.account()
    world.queued()
    chika.get(f"{NEW}?report=cases&{PERIOD}&language=ja")
    page = chika.send(format="csv", file_language="en")
    assert "Your file is being prepared." in page.text
    assert "Files being prepared: 1." in page.text
    (made,) = all_exports(world)
    assert made.settings == {
        "report": "cases",
        "start": "2026-01-01",
        "end": "2026-11-24",
        "basis": "received",
        "language": "ja",
    }
    work_off(world, app)

    page = chika.get("/admin/exports/")
    assert "Completed" in page.text
    assert export(world, made.id).sha256 in page.text
    links = [link for link in page.links() if made.id in link]
    data, dictionary = (chika.client.get(link) for link in links)
    assert hashlib.sha256(data.data).hexdigest() == export(world, made.id).sha256
    assert data.data == content(world, made.id)
    assert dictionary.data == content(world, made.id, "dictionary")
    name = "mfa-cases_2026-01-01_2026-11-24_jst_20261124T"
    assert data.headers["Content-Disposition"].startswith(f"attachment; filename={name}")
    assert dictionary.headers["Content-Disposition"].endswith("_v1_dictionary.csv")
    assert data.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert data.headers["X-Content-Type-Options"] == "nosniff"
    assert data.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert data.headers["Cache-Control"] == "no-store"
    assert int(data.headers["Content-Length"]) == len(data.data)


def test_personal_data_takes_a_purpose_and_a_code(clerk: Hire, room: Staffroom) -> None:
    chika, world = clerk("chika", "en"), room.world
    chika.get(f"{NEW}?report=cases&{PERIOD}")
    page = chika.send(format="", personal="shown", purpose=" ", code="12")
    assert page.code == 422
    assert page.errors_at("format") == ["Select a format"]
    assert page.errors_at("purpose") == ["Enter the purpose"]
    said = [link["href"] for link in page.html.select("#error-summary a")]
    assert said == ["#format-0", "#purpose", "#code"]
    assert page.errors_at("code") == ["MFA code must be 6 digits (you entered 2)"]
    page = chika.send(format="csv", personal="shown", purpose="Yearly audit", code="")
    assert page.errors_at("code") == ["Enter the 6-digit MFA code"]
    page = chika.send(format="csv", personal="shown", purpose="Yearly audit", code=room.wrong_code("chika"))
    assert page.errors_at("code") == ["The code does not match. Enter the newest code in your app"]
    assert page.value("purpose") == "Yearly audit"
    assert page.value("code") == ""
    assert all_exports(world) == []
    chika.send(format="csv", personal="shown", purpose="Yearly audit", code=chika.code())
    (made,) = all_exports(world)
    assert made.personal
    assert "Purpose: Yearly audit" in chika.get("/admin/exports/").text


def test_who_has_only_taken_over_a_session_downloads_no_personal_data(
    clerk: Hire, room: Staffroom, app: Flask
) -> None:
    chika, world = clerk("chika", "en"), room.world
    chika.get(f"{NEW}?report=cases&{PERIOD}")
    chika.send(format="csv", personal="shown", purpose="Yearly audit", code=chika.code())
    work_off(world, app)
    (made,) = all_exports(world)
    address = f"/admin/exports/{made.id}/data"
    page = chika.get(address)
    assert page.heading == "Download personal data"
    assert "Yearly audit" in page.text
    wrong = chika.send(code=room.wrong_code("chika"))
    assert wrong.errors_at("code") == ["The code does not match. Enter the newest code in your app"]
    assert (
        chika.client.get(f"/admin/exports/{made.id}/dictionary")
        .headers["Content-Type"]
        .startswith("text/csv")
    )
    chika.get(address)
    answer = chika.send(code=chika.code()).response
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert hashlib.sha256(answer.data).hexdigest() == made.sha256


def test_a_link_does_not_ask_for_personal_data_in_anybody_s_name(clerk: Hire) -> None:
    more = "personal=shown&purpose=Audit&code=123456&format=pdf"
    page = clerk("chika", "en").get(f"{NEW}?report=cases&{PERIOD}&{more}")
    chosen = [each["value"] for each in page.html.find_all("input", type="radio", checked=True)]
    assert "masked" in chosen
    assert not {"shown", "pdf"} & set(chosen)
    assert (page.value("purpose").strip(), page.value("code")) == ("", "")
    assert page.value("start") == "2026-01-01"


def test_the_errors_of_the_form_are_in_the_readers_language(clerk: Hire) -> None:
    chika = clerk("chika", "ja")
    chika.get(f"{NEW}?report=cases&start=2026-06-30&end=2026-04-01")
    page = chika.send(format="", personal="shown", purpose="", code="")
    assert page.errors_at("start") == ["開始日は終了日以前の日付にしてください。"]
    assert page.value("start") == "2026-06-30"
    assert page.errors_at("format") == ["出力する形式を選択してください。"]
    assert page.errors_at("purpose") == ["利用目的を入力してください。"]
    assert page.errors_at("code") == ["MFA コードを入力してください。"]


def test_a_report_that_shows_nobody_asks_for_no_purpose(clerk: Hire) -> None:
    page = clerk("chika", "en").get(f"{NEW}?report=volumes&{PERIOD}")
    assert not page.html.find("input", attrs={"name": "personal"})


@pytest.mark.parametrize("address", [NEW, f"{NEW}?report=everything"])
def test_without_a_report_they_are_offered(clerk: Hire, address: str) -> None:
    page = clerk("chika", "en").get(address)
    assert page.heading == "New export"
    assert f"{NEW}?report=cases" in page.links()


def test_the_pages_say_how_long_files_are_kept(clerk: Hire, room: Staffroom, app: Flask) -> None:
    limits = replace(room.world.runtime.limits, export_life=timedelta(hours=6))
    app.extensions["kaijo"] = replace(room.world.runtime, limits=limits)
    chika = clerk("chika", "en")
    assert "Only you can download it, for 6 hours." in chika.get(f"{NEW}?report=cases&{PERIOD}").text
    assert "Each is deleted 6 hours after it was built." in chika.get("/admin/exports/").text


def test_the_list_shows_nothing_of_a_colleague(clerk: Hire, room: Staffroom, app: Flask) -> None:
    world = room.world
    made = ask(world)
    work_off(world, app)
    world.hire("kei", role=Role.COMPLIANCE)
    room.give_password("kei")
    kei = clerk("kei", "en")
    assert "You have not asked for any files yet." in kei.get("/admin/exports/").text
    assert kei.client.get(f"/admin/exports/{made}/data").status_code == 404


def test_how_far_a_file_is_and_why_there_is_none_is_said(clerk: Hire, room: Staffroom) -> None:
    world, chika = room.world, clerk("chika", "en")
    building, failed = ask(world), ask(world)
    with world.system.act():
        changed = update(Export).where(Export.id == building)
        world.session.execute(changed.values(state="building", rows=1200, rows_in_all=4000))
    exports.fail(world.system, failed, "disk_full")
    text = chika.get("/admin/exports/").text
    assert "1,200 of 4,000 rows" in text
    assert "The disk of the server is full." in text
    told = {one["id"]: one for one in chika.client.get("/admin/exports/live").json}
    assert told[building]["said"] == "1,200 of 4,000 rows"
    assert (told[building]["over"], told[failed]["over"]) == (False, True)
    assert told[failed]["state"] == "Failed"


def test_what_a_page_asks_by_itself_keeps_no_session_awake(clerk: Hire, room: Staffroom) -> None:
    chika, world = clerk("chika", "en"), room.world
    for _look in range(2):
        world.now += timedelta(minutes=8)
        chika.client.get("/admin/exports/live")
    assert "sign-in" in chika.client.get("/admin/exports/").headers["Location"]


def test_what_is_over_is_shown_as_expired_and_leads_back_to_the_list(
    clerk: Hire, room: Staffroom, app: Flask
) -> None:
    world = room.world
    made = ask(world)
    work_off(world, app)
    world.now += timedelta(hours=24)
    chika = clerk("chika", "en")
    page = chika.get("/admin/exports/")
    assert "Expired" in page.text
    assert f"/admin/exports/{made}/data" not in page.links()
    assert "This file is not available any more." in chika.get(f"/admin/exports/{made}/data").text


def test_a_slow_download_holds_no_transaction(clerk: Hire, room: Staffroom, app: Flask) -> None:
    world, chika = room.world, clerk("chika", "en")
    made = ask(world)
    work_off(world, app)
    response = chika.client.get(f"/admin/exports/{made}/data", buffered=False)
    with world.system.act():
        world.session.get_one(Staff, room.id("chika")).language = "ja"
    assert world.runtime.engine.pool.checkedout() <= 1
    assert response.data


def test_a_file_that_expires_while_it_is_handed_out_does_not_look_whole(
    clerk: Hire, room: Staffroom, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (building, export_pages):
        monkeypatch.setattr(module, "PIECE", 200)
    world, chika = room.world, clerk("chika", "en")
    made = ask(world)
    work_off(world, app)
    response = chika.client.get(f"/admin/exports/{made}/data", buffered=False)
    world.now += timedelta(hours=24)
    exports.expire(world.system)
    with pytest.raises(RuntimeError, match="expired"):
        assert response.data


def test_a_dead_row_of_an_export_has_words_for_leads(clerk: Hire, room: Staffroom) -> None:
    world = room.world
    ask(world)
    with world.system.act():
        world.session.execute(
            update(OutboxRow).values(state="dead", last_error="nobody knows this kind of work")
        )
    assert "A file for compliance" in clerk("lee", "en").get("/admin/undelivered/").text


def test_the_list_reads_as_often_with_many_files_as_with_one(
    clerk: Hire, room: Staffroom, app: Flask
) -> None:
    world, chika = room.world, clerk("chika", "en")

    def reads() -> int:
        chika.get("/admin/exports/")
        with reading(world.runtime) as seen:
            chika.get("/admin/exports/")
        return len(seen)

    ask(world)
    work_off(world, app)
    few = reads()
    for _file in range(4):
        ask(world)
    work_off(world, app)
    assert reads() == few == 3
