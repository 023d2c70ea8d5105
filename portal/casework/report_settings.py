"""Saved reports: what somebody in compliance asks for again and again, under a name, seen by nobody else.

They are one of the two things that compliance writes. Those that are wanted every month: see `monthly_reports`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from portal import reports
from portal.casework import factor, own_views
from portal.casework.context import Context, NotFound, Refused
from portal.casework.report_reading import require
from portal.domain.languages import LANGUAGES
from portal.domain.periods import PRESETS, today
from portal.domain.reports import FILTERS
from portal.models import ReportSetting, new_id
from portal.models.evidence import EXPORT_FORMS

# What is kept: a preset means other days on each day, so that its dates are not.
KEPT = ("period", "basis", *FILTERS, "seed", "columns")
DATES = ("start", "end")


def own(ctx: Context) -> list[ReportSetting]:
    """The actor's saved reports in the order in which they were saved."""
    query = select(ReportSetting).where(ReportSetting.staff_id == ctx.actor.staff_id)
    return list(ctx.session.execute(query.order_by(ReportSetting.created_at, ReportSetting.id)).scalars())


def save(
    ctx: Context,
    name: str,
    given: Mapping[str, str],
    *,
    monthly: bool = False,
    form: str = "",
    language: str = "",
) -> None:
    """Keep a report, asked for in the texts that `reports.read` takes, under a name; `monthly`: also as a file each month.

    Raises Refused for a name that is none or is taken and for one report too many, and reports.WrongAsked.
    """
    require(ctx)
    asked = reports.read(given, today(ctx.now), ctx.limits)
    wanted = own_views.clean(name)
    if monthly and form not in EXPORT_FORMS:
        raise Refused("format_missing", field="format")
    if monthly and language not in LANGUAGES:
        raise Refused("language_unknown", field="language")
    with ctx.act():
        staff = own_views.locked(ctx)  # two tabs at once must not pass the limit together
        _refuse_one_more(ctx, wanted)
        ctx.session.add(
            ReportSetting(
                id=new_id(),
                staff_id=staff.id,
                name=wanted,
                report=asked.report,
                settings=kept(given),
                monthly=monthly,
                form=form if monthly else None,
                language=language if monthly else None,
                created_at=ctx.now,
            )
        )
        factor.record(ctx, staff, "staff:settings:changed")


def kept(given: Mapping[str, str]) -> dict[str, str]:
    """What of a report is saved."""
    names = KEPT if given.get("period") in PRESETS else (*KEPT, *DATES)
    return {name: given[name] for name in names if given.get(name)}


def delete(ctx: Context, setting_id: str) -> None:
    """Forget one of the actor's saved reports; no further file is made from it. Raises NotFound, also for a colleague's."""
    require(ctx)
    with ctx.act():
        staff, setting = own_views.locked(ctx), ctx.session.get(ReportSetting, setting_id)
        if setting is None or setting.staff_id != staff.id:
            raise NotFound()
        ctx.session.delete(setting)
        factor.record(ctx, staff, "staff:settings:changed")


def _refuse_one_more(ctx: Context, name: str) -> None:
    there = own(ctx)
    if len(there) >= ctx.limits.saved_reports:
        raise Refused("saved_reports_full", field="name")
    if own_views.same(name) in {own_views.same(setting.name) for setting in there}:
        raise Refused("saved_report_taken", field="name")
