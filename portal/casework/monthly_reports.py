"""Saved reports that are built on the first of each month, for whoever saved them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select, update

from portal import reports
from portal.casework import exports, factor
from portal.casework.context import Context
from portal.domain.periods import PRESETS, bounds, today
from portal.domain.reports import Asked
from portal.models import ReportSetting


def ask_for_last_month(ctx: Context) -> None:
    """On the first of a month, or as soon after it as a worker runs: ask for last month what saved settings want, once.

    What is saved in the middle of a month is first built at its end. Who is not in compliance any more gets nothing.
    """
    day = today(ctx.now)
    start, end = PRESETS["last_month"](day)
    first = day.replace(day=1)
    due = select(ReportSetting.id).where(
        ReportSetting.monthly,
        func.coalesce(ReportSetting.sent_for, "") < f"{start:%Y-%m}",
        ReportSetting.created_at < bounds(first, first)[0],
    )
    for setting_id in ctx.session.execute(due).scalars().all():
        with ctx.act():
            _ask_for_month(ctx, setting_id, start, end)


def _ask_for_month(ctx: Context, setting_id: str, start: date, end: date) -> None:
    month = f"{start:%Y-%m}"
    claimed = (
        update(ReportSetting)
        .where(ReportSetting.id == setting_id, func.coalesce(ReportSetting.sent_for, "") < month)
        .values(sent_for=month)
        .returning(ReportSetting.id)
        .execution_options(synchronize_session=False)
    )
    if ctx.session.execute(claimed).scalar_one_or_none() is None:
        return  # another worker was quicker
    setting = ctx.session.get_one(ReportSetting, setting_id, populate_existing=True)
    staff = factor.lock(ctx, setting.staff_id)
    asked = _asked(ctx, setting, start, end)
    if staff is None or asked is None or not exports.may_have(ctx, staff):
        return
    exports.queue(ctx, staff, asked, setting.form or "", setting.language or "", setting_id=setting.id)


def _asked(ctx: Context, setting: ReportSetting, start: date, end: date) -> Asked | None:
    """The saved report about a month; None where there is no such report any more."""
    kept = {key: text for key, text in setting.settings.items() if key != "period"}
    period = {"start": start.isoformat(), "end": end.isoformat()}
    try:
        return reports.read({**kept, **period, "report": setting.report}, today(ctx.now), ctx.limits)
    except reports.WrongAsked:
        return None
