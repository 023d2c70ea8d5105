"""What can be done on the queue's page besides reading it: keep a view under a name, give several cases to somebody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from flask import Response, abort, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from wtforms import Field, Form, SelectMultipleField
from wtforms.validators import StopValidation

from admin.case_story import colleague, last_change
from admin.forms import DeskForm, Needed, Printable, built, choices, select_field, text_field
from portal import i18n, labels
from portal.casework.assigning import Outcome, Pick, Verifier
from portal.casework.context import Context, Stale
from portal.casework.own_views import LONGEST_NAME
from portal.choices import SelectChoice
from portal.domain.lifecycle import Role

PICK = re.compile("([0-9a-f]{32})[.]([0-9]{1,9})")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00")


def moment(text: str) -> datetime:
    """The moment of a page, as it sends it along. Anything else was made by hand."""
    if not MOMENT.fullmatch(text):
        abort(400)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        abort(400)


def name_form() -> DeskForm:
    """A name for the view that is open."""
    validators = (Needed(_l("Enter a name for the view")), Printable(LONGEST_NAME))
    return built(
        ("name", text_field(_l("Name of the view"), *validators, render_kw={"autocomplete": "off"})),
    )


class Picked:
    """At least one case, and no more than one request may assign."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data:
            raise StopValidation(gettext("Select at least one case"))
        if len(field.data) > self.most:
            raise StopValidation(gettext("Select no more than %(most)s cases at once", most=self.most))


def assign_form(ctx: Context, people: Sequence[Verifier]) -> DeskForm:
    """The cases, and for a lead whom they are for; a verifier takes them."""
    picked = Picked(ctx.limits.assigned_at_once)
    fields: list[tuple[str, Field]] = [
        ("case", SelectMultipleField(_p("field", "Cases"), [picked], choices=[], validate_choice=False))
    ]
    if Role.LEAD in ctx.actor.roles:
        able = choices((one.person_id, one.name) for one in people if one.is_now)
        offered = [SelectChoice("", _l("Select a person")), *able]
        fields.append(("person", select_field(_l("Assign to"), offered, _l("Select an assignee"))))
    return built(*fields)


def picks_of(form: DeskForm) -> list[Pick]:
    """The cases that were ticked, each once. What no page of ours sends is answered like a damaged address."""
    found = {}
    for text in form["case"].data:
        read = PICK.fullmatch(text) or abort(400)
        found[read[1]] = Pick(read[1], int(read[2]))
    return list(found.values())


def person_of(form: DeskForm, ctx: Context) -> str:
    """Whom the cases are for."""
    chosen = form["person"].data if "person" in form else ctx.actor.person_id
    return str(chosen)


def told(ctx: Context, outcomes: Sequence[Outcome], to: Verifier | None, *, back: str) -> Response:
    """Which cases were assigned, which were not, and why not."""
    done = [one.case for one in outcomes if one.case and not one.refused]
    html = render_template(
        "staff/assigned.html",
        done=done,
        left=[(one.case, _why(ctx, one)) for one in outcomes if one.refused],
        whom=_whom(ctx, to),
        back=back,
    )
    return Response(html, 200 if done else 409, mimetype="text/html")


def _whom(ctx: Context, to: Verifier | None) -> str:
    if to is None or to.person_id == ctx.actor.person_id:
        return str(gettext("Assigned to you"))
    return str(gettext("Assigned to %(name)s", name=colleague(to.name)))


def _why(ctx: Context, outcome: Outcome) -> str:
    """A refusal in words; where somebody was faster, who that was."""
    if isinstance(outcome.refused, Stale) and outcome.case:
        last = last_change(ctx, outcome.case)
        what, at = labels.word("audit", last.tag), i18n.when(last.at)
        said = gettext("Last change by %(name)s at %(time)s: %(what)s.", name=last.name, time=at, what=what)
        return str(said)
    return labels.word("refusal", outcome.refused.reason if outcome.refused else "not_found")
