"""Saved reports: kept under a name by whoever reads them, wanted every month or not, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from portal.casework import report_settings
from portal.casework.context import NotFound, Refused
from portal.models import ReportSetting
from portal.reports import WrongAsked
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.admin.desk import says_in, tags_of
from tests.admin.report_pages import REPORTS, query, result
from tests.public.visitor import Page
from tests.world import World

LAST_MONTH = {"report": "volumes", "period": "last_month", "language": "en"}


def saved(world: World) -> list[ReportSetting]:
    world.session.rollback()
    return list(world.session.query(ReportSetting).order_by(ReportSetting.created_at))


def save(clerk: Clerk, name: str, **typed: Any) -> Page:
    """Open a report, and keep it."""
    clerk.get(result("volumes", period="last_month", language="en"))
    assert clerk.page is not None
    form = clerk.page.html.select_one(".report-more form")
    return clerk.post(form["action"], {"csrf_token": clerk.token, "name": name, **typed})


def test_what_is_shown_can_be_kept_under_a_name_and_opened_again(
    world: World, clerk: Hire, lang: str
) -> None:
    chika = clerk("chika", lang)
    page = save(chika, "  English   cases ")
    assert {"ja": "条件を保存しました。", "en": "The settings are saved."}[lang] in page.text
    page = chika.open(page.html.find("a", string="English cases")["href"])
    asked = query(f"?{page.query}")
    assert (asked["start"], asked["end"], asked["language"]) == ("2026-10-01", "2026-10-31", "en")
    assert tags_of(world, f"staff:{world.logins['chika'].staff_id}")[-2:] == [
        "staff:settings:changed",
        "staff:report:read",
    ]


def test_a_preset_is_kept_as_what_it_means_and_dates_as_they_are(world: World) -> None:
    chika = world.as_("chika")
    report_settings.save(chika, "Month", {**LAST_MONTH, "start": "2026-10-01", "end": "2026-10-31"})
    report_settings.save(chika, "Days", {"report": "cases", "start": "2026-10-05", "end": "2026-10-06"})
    assert [one.settings for one in saved(world)] == [
        {"period": "last_month", "language": "en"},
        {"start": "2026-10-05", "end": "2026-10-06"},
    ]


def test_an_address_of_a_preset_that_has_passed_is_kept_with_its_days(world: World, clerk: Hire) -> None:
    chika = clerk("chika", "en")
    chika.get(result("volumes", preset="last_month", start="2026-09-01", end="2026-09-30"))
    assert chika.page is not None
    assert "The period is kept with these days." in chika.page.text
    form = chika.page.html.select_one(".report-more form")
    chika.post(form["action"], {"csrf_token": chika.token, "name": "September"})
    assert saved(world)[0].settings["start"] == "2026-09-01"


def test_a_report_is_wanted_every_month_in_a_format_and_a_language(world: World, clerk: Hire) -> None:
    page = save(clerk("chika", "en"), "Monthly", monthly="y", format="xlsx", language="ja")
    (one,) = saved(world)
    assert (one.monthly, one.form, one.language) == (True, "xlsx", "ja")
    assert "Every month" in page.html.select_one(".saved__line").get_text()


def test_what_is_not_wanted_every_month_has_no_format(world: World, clerk: Hire) -> None:
    save(clerk("chika"), "Once", format="xlsx", language="ja")
    (one,) = saved(world)
    assert (one.monthly, one.form, one.language) == (False, None, None)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"form": "docx", "language": "ja"}, "format_missing"),
        ({"form": "csv", "language": "fr"}, "language_unknown"),
    ],
)
def test_every_month_needs_a_format_and_a_language_that_there_are(
    world: World, given: dict[str, str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        report_settings.save(world.as_("chika"), "Monthly", LAST_MONTH, monthly=True, **given)
    assert saved(world) == []


WRONG = {
    "": ("条件の名前を入力してください。", "Enter a name for these settings"),
    "x" * 41: ("条件の名前は 40 文字以内で入力してください。", "Name must be 40 characters or less"),
    "ＭＯＮＴＨ": (
        "同じ名前の条件がすでに保存されています。",
        "You already have saved settings with this name",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_cannot_be_kept_is_refused_at_its_field_below_the_report(
    world: World, clerk: Hire, lang: str, name: str
) -> None:
    chika = clerk("chika", lang)
    save(chika, "Month")
    page = save(chika, name, monthly="y", format="pdf", language="en")
    says_in(lang, page, "name", WRONG[name])
    assert (page.value("name"), page.value("monthly"), page.value("format")) == (name, "y", "pdf")
    assert page.html.select(".report-more details[open]")
    assert len(saved(world)) == 1


def test_one_more_than_the_limit_is_refused(world: World, app: Flask, clerk: Hire) -> None:
    app.extensions["kaijo"] = replace(world.runtime, limits=replace(world.runtime.limits, saved_reports=1))
    chika = clerk("chika", "en")
    save(chika, "First")
    page = save(chika, "Second")
    assert page.errors_at("name") == ["You have reached the limit for saved settings. Delete one first"]
    assert len(saved(world)) == 1


def test_saved_settings_are_deleted_and_twice_is_once(world: World, clerk: Hire) -> None:
    chika = clerk("chika", "en")
    page = save(chika, "Month")
    address = page.html.select_one(".saved__line form")["action"]
    page = chika.post(address, {"csrf_token": chika.token})
    assert "The saved settings are deleted." in page.text
    assert saved(world) == []
    assert chika.post(address, {"csrf_token": chika.token}).code == 200


def test_nobody_sees_or_deletes_a_colleague_s(world: World, clerk: Hire) -> None:
    page = save(clerk("chika"), "Mine alone")
    address = page.html.select_one(".saved__line form")["action"]
    world.hire("cora", role=world.role("chika"))
    with pytest.raises(NotFound):
        report_settings.delete(world.as_("cora"), address.split("/")[-2])
    assert report_settings.own(world.as_("cora")) == []
    assert [one.name for one in saved(world)] == ["Mine alone"]


@pytest.mark.parametrize("name", ["alice", "bob", "lee", "ada"])
def test_only_compliance_saves_and_deletes(world: World, name: str) -> None:
    with pytest.raises(Refused, match="wrong_role"):
        report_settings.save(world.as_(name), "Mine", LAST_MONTH)
    with pytest.raises(Refused, match="wrong_role"):
        report_settings.delete(world.as_(name), "0" * 32)


def test_what_cannot_be_reported_cannot_be_saved(world: World) -> None:
    for given in (
        {"report": "passwords"},
        {**LAST_MONTH, "tier": "none"},
        {**LAST_MONTH, "columns": "password"},
    ):
        with pytest.raises(WrongAsked):
            report_settings.save(world.as_("chika"), "Wrong", given)
    assert saved(world) == []


def test_a_saved_report_that_is_gone_can_still_be_deleted(world: World, clerk: Hire) -> None:
    report_settings.save(world.as_("chika"), "Old", LAST_MONTH)
    with world.system.act():
        saved(world)[0].report = "of_last_year"
    page = clerk("chika").get(REPORTS)
    assert page.code == 200
    assert not page.html.find("a", string="Old")
    assert page.html.select(".saved__line form")
