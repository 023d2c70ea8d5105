"""Reports for compliance: which there are, what one is asked for, what it says, and those that somebody has saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, abort, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin import report_form, report_result
from admin.base import StaffView, ctx, see
from admin.forms import DeskForm
from portal import labels, reports
from portal.casework import report_reading, report_settings
from portal.casework.context import NotFound, Refused
from portal.casework.log_reading import READERS
from portal.domain.periods import PRESETS, today
from portal.domain.reports import REPORTS, Asked, Report
from portal.models import ReportSetting

SAID: Mapping[str, LazyString] = {
    "saved": _l("The settings are saved."),
    "deleted": _l("The saved settings are deleted."),
}


class ReportsView(StaffView):
    """For compliance alone. What they send is their own: saved settings."""

    roles = READERS
    readers_send = frozenset({"save", "forget"})
    icon = "paper"

    @expose("/")
    def index(self) -> Response:
        html = render_template(
            "staff/reports.html",
            groups=report_form.groups(),
            saved=[_saved(one) for one in report_settings.own(ctx())],
            said=SAID.get(request.args.get("said", "")),
        )
        return Response(html, mimetype="text/html")

    @expose("/<report>")
    def builder(self, report: str) -> Response:
        asked_for = _report(report)
        return _paint_builder(asked_for, report_form.form_for(asked_for, report_form.given(report)), 200)

    @expose("/<report>/result")
    def result(self, report: str) -> Response:
        texts = report_form.given(report)
        try:
            asked = _read(_report(report), texts)
        except reports.WrongAsked as wrong:
            return _wrong(report, texts, wrong)
        if _is_typed(texts):
            # an address to pass on names days: "last month" would be another one next month
            chosen = report_form.chosen_period(texts)
            return Response(status=302, headers={"Location": report_form.address(asked, chosen)})
        return _paint_result(asked, texts, report_form.save_form(), 200)

    @expose("/<report>/save", methods=("GET", "POST"))
    def save(self, report: str) -> Response:
        texts = report_form.given(report)
        try:
            asked = _read(_report(report), texts)
        except reports.WrongAsked as wrong:
            return _wrong(report, texts, wrong)
        if request.method != "POST":
            return see("reports.result", **texts)
        form = report_form.save_form()
        if form.validate() and _save(form, texts):
            return see("reports.index", said="saved")
        return _paint_result(asked, texts, form, 422)

    @expose("/saved/<setting_id>/delete", methods=("POST",))
    def forget(self, setting_id: str) -> Response:
        try:
            report_settings.delete(ctx(), setting_id)
        except NotFound:
            # pressed twice: the list shows what is left
            return see("reports.index")
        return see("reports.index", said="deleted")


def _report(key: str) -> Report:
    return REPORTS.get(key) or abort(404)


def _read(report: Report, texts: Mapping[str, str]) -> Asked:
    return reports.read({**texts, "report": report.key}, today(ctx().now), ctx().limits)


def _is_typed(texts: Mapping[str, str]) -> bool:
    """Whether the address is what the builder sends, or says no days at all."""
    return "period" in texts or not {"start", "end"} <= texts.keys()


def _wrong(report: str, texts: Mapping[str, str], wrong: reports.WrongAsked) -> Response:
    form = report_form.form_for(_report(report), texts)
    form.place(wrong)
    return _paint_builder(_report(report), form, 422)


def _paint_builder(report: Report, form: report_form.ReportForm, code: int) -> Response:
    spans = report_form.spans()
    html = render_template(
        "staff/report_form.html",
        report=report,
        form=form,
        spans=spans,
        chosen=report_form.said_period(form, spans),
        in_japan=report_form.in_japan("{days}"),
    )
    return Response(html, code, mimetype="text/html")


def _paint_result(asked: Asked, texts: Mapping[str, str], saving: DeskForm, code: int) -> Response:
    try:
        reading = report_reading.read(ctx(), asked)
    except Refused as refused:
        form = report_form.form_for(_report(asked.report), texts)
        form.form_errors.append(labels.word("refusal", refused.reason))
        return _paint_builder(_report(asked.report), form, 422)
    # a sample that is passed on, exported or changed stays this one
    asked = replace(asked, seed=reading.result.facts.get("seed", asked.seed))
    preset = texts.get("preset", "")
    relative = report_form.chosen_period(texts)
    html = render_template(
        "staff/report.html",
        saving=saving,
        kept_as=labels.word("report_period", relative) if relative in PRESETS else None,
        has_errors=bool(saving.errors),
        save_url=report_form.address(asked, preset, "reports.save"),
        change_url=report_form.address(asked, preset, "reports.builder"),
        export_url=report_form.address(asked, endpoint="exports.ask"),
        wide=True,
        **report_result.page_of(asked, reading, show_all=request.args.get("rows") == "all"),
    )
    return Response(html, code, mimetype="text/html")


def _save(form: DeskForm, texts: Mapping[str, str]) -> bool:
    try:
        report_settings.save(
            ctx(),
            form["name"].data,
            report_form.as_saved(texts),
            monthly=form["monthly"].data,
            form=form["format"].data or "",
            language=form["language"].data or "",
        )
    except Refused as refused:
        form.place(refused)
        return False
    return True


def _saved(setting: ReportSetting) -> Mapping[str, Any]:
    """A saved report as the list shows it. One whose report is gone since can only be deleted."""
    is_there = setting.report in REPORTS
    texts: dict[str, Any] = {
        name: str(text) for name, text in setting.settings.items() if name in report_form.CARRIED
    }
    period = texts.get("period", "")
    return {
        "id": setting.id,
        "name": setting.name,
        "url": url_for("reports.result", report=setting.report, **texts) if is_there else None,
        "report": labels.word("report", setting.report) if is_there else setting.report,
        "period": labels.word("report_period", period)
        if period in PRESETS
        else report_form.said_dates(texts),
        "monthly": setting.monthly,
    }
