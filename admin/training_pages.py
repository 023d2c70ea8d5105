"""The pages about training cases: planting one, those that were planted with their outcomes, and the reveal of one that is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin.acts import READERS, BelowCase
from admin.base import StaffView, ctx, see
from admin.forms import DeskForm, built, code_field, radio_field, words_for
from portal import db
from portal.casework import training
from portal.casework.context import NotFound, Refused
from portal.casework.training import Planted
from portal.domain.lifecycle import Role
from portal.domain.training import LANGUAGES, OTHERWISE, SCENARIOS

SAID: Mapping[str, LazyString] = {
    "planted": _l("The case is on its way. It appears in the queue in a few minutes, like any other."),
    "ended": _l("The training case is over."),
}
# Whose work an outcome speaks well of.
PRAISED = frozenset(
    {
        ("caught_first", "verifier"),
        ("caught_first", "approver"),
        ("caught_first", "reviewer"),
        ("caught_second", "approver"),
    }
)
# How the tag of an outcome looks: its colour and its icon.
LOOK: Mapping[str, tuple[str, str]] = {
    "caught_first": ("green", "check"),
    "caught_second": ("green", "people"),
    "missed": ("red", "warning"),
    "ended": ("grey", "minus"),
}


class TrainingView(StaffView):
    """Leads plant, and know their own; compliance reads them all. Nobody else learns of one before it is over."""

    roles = frozenset({Role.LEAD, Role.COMPLIANCE})
    icon = "flag"

    @expose("/")
    def index(self) -> Response:
        totals = training.totals(ctx())
        judged = {outcome: number for outcome, number in totals.items() if outcome != OTHERWISE}
        return _page(
            "training",
            200,
            rows=training.listing(ctx()),
            totals=totals,
            decided=sum(judged.values()),
            caught=sum(judged.values()) - judged["missed"],
            most=training.MOST_SHOWN,
            may_plant=_is_lead(),
            said=SAID.get(request.args.get("said", "")),
        )

    @expose("/plant", methods=("GET", "POST"))
    def plant(self) -> Response:
        form = _plant_form() if _is_lead() else abort(403)
        if request.method == "POST" and form.validate():
            sent = form["scenario"].data, form["language"].data
            try:
                domain = db.runtime().settings.training_domain
                training.plant(ctx(), *sent, code=form["code"].data, domain=domain)
            except Refused as refused:
                form.place(refused)
            else:
                return see("training.index", said="planted")
        form.forget_code()
        code = 422 if form.errors or form.form_errors else 200
        return _page("training_plant", code, form=form, most=ctx().limits.training_open)

    @expose("/<case_id>/end", methods=("GET", "POST"))
    def end(self, case_id: str) -> Response:
        own = _own(case_id)
        form = built()
        if own.opened_at is not None:
            return see("training.index", said="ended")
        if request.method == "POST" and form.validate():
            training.end(ctx(), case_id)
            return see("training.index", said="ended")
        return _page("training_end", 422 if form.errors else 200, form=form, one=own)


class TrainingCaseView(BelowCase):
    """What a training case was about, for all who could have worked on it. Before it is over there is no such page."""

    roles = READERS

    @expose("/<case_id>")
    def page(self, case_id: str) -> Response:
        one = training.revealed(ctx(), case_id)
        own = {part.part for part in one.parts if part.person_id == ctx().actor.person_id}
        return _page(
            "training_case",
            200,
            one=one,
            scenario=SCENARIOS[one.scenario],
            praised=any((one.outcome, part) in PRAISED for part in own),
            case_url=url_for("case.page", case_id=case_id),
        )


def _plant_form() -> DeskForm:
    scenario = radio_field(
        _l("What is suspicious about it"),
        words_for("training_scenario", SCENARIOS),
        _l("Select a scenario"),
        _l("Names, addresses and numbers are new each time, so nobody recognises a case."),
    )
    language = radio_field(
        _l("Language of the case"), words_for("language", LANGUAGES), _l("Select a language")
    )
    return built(("scenario", scenario), ("language", language), ("code", code_field()))


def _own(case_id: str) -> Planted:
    """A case that this person planted. Raises NotFound for every other."""
    for one in training.listing(ctx()):
        if one.case_id == case_id and one.is_own:
            return one
    raise NotFound()


def _is_lead() -> bool:
    return Role.LEAD in ctx().actor.roles


def _page(template: str, code: int, **values: Any) -> Response:
    html = render_template(f"staff/{template}.html", look=LOOK, **values)
    return Response(html, code, mimetype="text/html")
