"""What a report is asked for with: the form of the builder, its addresses, and how periods are written out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from flask import request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField

from admin.base import ctx
from admin.forms import DayField, DeskForm, Needed, Printable, built, text_field, words_for
from portal import i18n, labels, report_words, reports
from portal.casework.own_views import LONGEST_NAME
from portal.choices import SelectChoice
from portal.domain.languages import LANGUAGES
from portal.domain.periods import PRESETS, today
from portal.domain.reports import FILTER_WORDS, FILTERS, Asked, Report
from portal.models.evidence import EXPORT_FORMS
from portal.reports.asking import CUSTOM, DEFAULT_PERIOD

# What an address of a report may carry; `preset` says which period the dates were when they were chosen.
CARRIED = ("period", "preset", "start", "end", "basis", *FILTERS, "seed", "columns")
# How the list of reports is divided, in its order.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "volumes": ("volumes", "volumes_by_day", "outcomes", "statuses", "tiers"),
    "rules": ("four_eyes", "waits", "checks", "objections", "agents", "sample", "training"),
    "lists": ("removals", "other_removals", "check_records", "cases"),
    "times": ("times", "times_by_group", "parity"),
    "tools": ("fallbacks", "calls", "connectors"),
    "data": ("deletions", "exports"),
}
GROUP_WORDS: Mapping[str, LazyString] = {
    "volumes": _l("Volumes and outcomes"),
    "rules": _l("Whether the rules were kept"),
    "lists": _l("One by one"),
    "times": _p("reports", "Times"),
    "tools": _l("Self-service and systems"),
    "data": _l("What became of the data"),
}
MONTHLY = _l(
    "On the first of each month, the month before becomes a file, and you get an email with a link to it."
)


class ReportForm(FlaskForm):
    """The builder. Sent by GET, so that a report is an address that can be passed on."""

    class Meta:
        csrf = False

    period = RadioField(_p("report", "Period"), validate_choice=False)
    start = DayField(_l("Start date"))
    end = DayField(_l("End date"))
    basis = RadioField(_l("Date basis"), validate_choice=False)
    seed = StringField(
        _l("Seed"),
        description=_l("Any text. The same seed draws the same requests again, on any day and by anybody."),
        render_kw={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"},
    )

    def place(self, wrong: reports.WrongAsked) -> None:
        """Say what is wrong at its field, or above the form where it is about none."""
        for name, said in report_words.errors(wrong, ctx().limits).items():
            if name in self._fields:
                self._fields[name].errors = [said]
            else:
                self.form_errors.append(said)


def groups() -> list[tuple[LazyString, tuple[str, ...]]]:
    """All reports as pages list them: under what they are about."""
    return [(GROUP_WORDS[key], reports_in) for key, reports_in in GROUPS.items()]


def given(report: str) -> dict[str, str]:
    """What the address asks for, in the texts that `reports.read` takes."""
    texts = {name: request.args.get(name, "").strip() for name in CARRIED}
    return {"report": report, **{name: text for name, text in texts.items() if text}}


def chosen_period(texts: Mapping[str, str]) -> str:
    """The period that is meant: a preset as long as its dates are still those of the address, else dates."""
    dated = texts.get("start"), texts.get("end")
    preset = texts.get("preset", "")
    if preset in PRESETS and dated == _iso(preset):
        return preset
    return texts.get("period") or (CUSTOM if any(dated) else DEFAULT_PERIOD)


def as_saved(texts: Mapping[str, str]) -> dict[str, str]:
    """The same report as it is kept: with the preset, which means other days on other days."""
    return {**texts, "period": chosen_period(texts)}


def address(asked: Asked, preset: str = "", endpoint: str = "reports.result", **more: str) -> str:
    """Where a report about fixed days stands, or what is done with it."""
    texts = reports.written(asked)
    values: dict[str, Any] = {**texts, **more, **({"preset": preset} if preset in PRESETS else {})}
    return url_for(endpoint, **values)


def form_for(report: Report, texts: Mapping[str, str]) -> ReportForm:
    """The builder as the address fills it, with what the report can be asked for and no more."""
    selects = {name: _filter_field(name) for name in report.filters}
    made = type("BuiltReportForm", (ReportForm,), selects)
    form = cast(ReportForm, made(formdata=None, data={"basis": report.bases[0], **as_saved(texts)}))
    form.period.choices = words_for("report_period", (*PRESETS, CUSTOM))
    form.basis.choices = words_for("report_basis", report.bases)
    if len(report.bases) == 1:
        del form.basis
    if not report.drawn:
        del form.seed
    return form


def _filter_field(name: str) -> SelectField:
    words = words_for(FILTER_WORDS[name], FILTERS[name])
    if name == "language":
        words = [SelectChoice(key, labels.word(name, key), render_kw={"lang": key}) for key in FILTERS[name]]
    label = labels.TABLES["report_filter"][name]
    return SelectField(label, validate_choice=False, choices=[SelectChoice("", _l("All")), *words])


def save_form() -> DeskForm:
    """A name for what is shown, and whether it is wanted as a file each month."""
    named = (Needed(_l("Enter a name for these settings")), Printable(LONGEST_NAME))
    forms, languages = words_for("export_form", EXPORT_FORMS), words_for("language", LANGUAGES)
    return built(
        ("name", text_field(_p("saved report", "Name"), *named, render_kw={"autocomplete": "off"})),
        ("monthly", BooleanField(_l("Every month"), description=MONTHLY)),
        ("format", RadioField(_l("Format"), choices=forms, validate_choice=False)),
        ("language", RadioField(_l("Language of the file"), choices=languages, validate_choice=False)),
        filled={"format": EXPORT_FORMS[0], "language": i18n.current()},
    )


def spans() -> dict[str, str]:
    """Each preset with its days written out."""
    day = today(ctx().now)
    return {name: report_words.span(*period(day)) for name, period in PRESETS.items()}


def _iso(preset: str) -> tuple[str, str]:
    start, end = PRESETS[preset](today(ctx().now))
    return start.isoformat(), end.isoformat()


def said_period(form: ReportForm, texts: Mapping[str, str]) -> str:
    """The days that the builder stands for now; nothing while they are not all there."""
    words = texts.get(form.period.data) or said_dates({"start": form.start.data, "end": form.end.data})
    return in_japan(words) if words else ""


def said_dates(texts: Mapping[str, Any]) -> str:
    """Dates of an address written out; nothing where they are none."""
    try:
        start, end = (date.fromisoformat(texts.get(name) or "") for name in ("start", "end"))
    except ValueError:
        return ""
    return report_words.span(start, end) if start <= end else ""


def in_japan(days: str) -> str:
    """Days with what has to be known of them. `{days}` leaves a place that a script fills."""
    words: str = gettext("%(days)s (Japan time). End date included.", days=days)
    return words
