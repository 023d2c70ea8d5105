"""What the pages of decisions by two people share: a proposal with its reason, and the decision with a fresh code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin.base import ctx, see
from admin.forms import DeskForm, built, choices, code_field, radio_field, reason_field
from portal import labels
from portal.casework import decisions
from portal.casework.context import NotFound, Refused
from portal.casework.decisions import Asked, Matter, Target

NOT_AS_SHOWN = frozenset({"proposal_changed", "proposal_decided"})


@dataclass(frozen=True)
class Words:
    """What the pages of a matter say: what each kind does once it is in force, and who else decides."""

    meaning: Mapping[str, LazyString]
    waits: LazyString  # with %(duration)s
    at_once: LazyString
    undecided: LazyString
    said: Mapping[str, LazyString]  # after an act


# What is said after an act, whatever was decided.
SAID: Mapping[str, LazyString] = {
    "agreed": _l("Agreed. It takes effect at the time below, and until then it can be stopped."),
    "refused": _l("Refused. Nothing changes."),
    "withdrawn": _l("Withdrawn. Nothing changes."),
}


@dataclass(frozen=True)
class Place:
    """Where a proposal belongs: what it is about, in words, and the page that one comes back to."""

    target: Target
    name: str
    endpoint: str
    values: Mapping[str, str]

    @property
    def back(self) -> str:
        return url_for(self.endpoint, **dict[str, Any](self.values))


def propose_page(matter: Matter, words: Words, kind: str, place: Place) -> Response:
    form = built(("reason", reason_field(_l("Reason"), labels.TABLES["refusal"]["reason_missing"])))
    if request.method == "POST" and form.validate():
        try:
            decisions.propose(ctx(), matter, kind, place.target.id, reason=form["reason"].data)
        except Refused as refused:
            form.place(refused)
        else:
            return see(place.endpoint, **place.values, said="proposed")
    why = decisions.refusal(ctx(), matter, kind, place.target)
    blockers = [labels.word("refusal", why)] if why else []
    code = 422 if form.errors else 200
    return _page("propose", code, matter, words, kind, place, form=form, blockers=blockers)


def decision_page(matter: Matter, words: Words, place: Place, asked: Asked) -> Response:
    form = _decision_form(asked)
    code = 200
    if request.method == "POST":
        said, code = _decided(matter, asked, form) if form.validate() else ("", 422)
        if said:
            return see(place.endpoint, **place.values, said=said)
        asked = decisions.find(ctx(), matter, asked.id)
    form.forget_code()
    return _page("decide", code, matter, words, asked.kind, place, asked=asked, form=form)


def _decision_form(asked: Asked) -> DeskForm:
    """Agree or refuse; one's own proposal is only withdrawn, and what is agreed only stopped."""
    if asked.is_own or asked.state != "open":
        return built(("code", code_field()))
    ways = choices((("agree", _l("Agree")), ("refuse", _l("Refuse"))))
    return built(
        ("decision", radio_field(_l("Decision"), ways, _l("Select a decision"))), ("code", code_field())
    )


def _decided(matter: Matter, asked: Asked, form: DeskForm) -> tuple[str, int]:
    """Do what the form says: the word for what was done; or "" and the status of the page that says why it was not.

    Raises Refused where it was decided meanwhile: there is no page to go back to.
    """
    try:
        return _done(matter, asked, form), 303
    except NotFound:
        raise
    except Refused as refused:
        if refused.reason == "proposal_decided":
            raise
        form.place(refused)
        return "", 409 if refused.reason in NOT_AS_SHOWN else 422


def _done(matter: Matter, asked: Asked, form: DeskForm) -> str:
    code, digest = form["code"].data, request.form.get("digest", "")
    if asked.state == "agreed":
        decisions.stop(ctx(), matter, asked.id, code=code)
        return "stopped"
    # as sent: the proposer's form has no such field, and casework says why they may not agree
    if request.form.get("decision") == "agree":
        return decisions.agree(ctx(), matter, asked.id, digest=digest, code=code)
    decisions.refuse(ctx(), matter, asked.id, digest=digest, code=code)
    return "withdrawn" if asked.is_own else "refused"


def _page(
    template: str, code: int, matter: Matter, words: Words, kind: str, place: Place, **values: Any
) -> Response:
    delay = ctx().limits.grant_delay if matter.kinds[kind].waits else None
    html = render_template(
        f"staff/two_people_{template}.html", kind=kind, words=words, place=place, delay=delay, **values
    )
    return Response(html, code, mimetype="text/html")
