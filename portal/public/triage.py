"""The questions before the form, one a page, and the next step that they lead to, with its guide."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, abort, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal import i18n, labels
from portal.choices import SelectChoice
from portal.domain import triage as rules
from portal.domain.triage import Outcome, Question, Step, Walk
from portal.public import desk_hours, guides, steps
from portal.public.drafting import keep, needs_live_draft, values
from portal.public.forms import OwnerForm, question
from portal.public.visit import context, is_sent, owners, paint, see

HINTS: Mapping[str, LazyString] = {
    "other_device": _l("Up to 8 devices can be registered. Think of older phones and security keys too"),
    "codes_refused": _l("Passkeys and security keys show no codes. For them, select No"),
    "password": _l("The password with which you sign in to AWS"),
    "phone": _l("The number that AWS has as the contact of the account"),
    "contact_editor": _l("For example, somebody with administrator rights in the same AWS account"),
    "name_on_file": _l("In the contact details of the account, before you lost access"),
}


@owners.get("/triage")
@needs_live_draft
def triage() -> Response:
    """Go on where the answers have led so far."""
    return _go(_walk(_answers()).step)


@owners.route("/triage/<key>", methods=["GET", "POST"])
@needs_live_draft
def triage_question(key: str) -> Response:
    answers = _answers()
    here = _standing_at(answers, key)
    if here is None or not isinstance(here.step, Question):
        return see("triage") if key in rules.QUESTIONS else abort(404)
    form = _form_of(here.step, _sent() or _before(here.step, answers))
    if not is_sent(form):
        return _ask(here, form)
    now = {**answers, key: form["answer"].data}
    return keep({f"{steps.TRIAGE}{key}": now[key]}, _go(_walk(now).step))


@owners.get("/triage/result")
@needs_live_draft
def triage_result() -> Response:
    """Name one next step, and why it is this one."""
    here = _walk(_answers())
    if not isinstance(here.step, Outcome):
        return _go(here.step)
    ctx = context()
    return paint(
        "triage_result",
        outcome=here.step,
        is_guide=here.step.key in guides.GUIDES,
        back=_back(here),
        waits=desk_hours.waits(ctx.limits),
        first_reply=desk_hours.first_reply(ctx, i18n.current()),
    )


@owners.route("/guide/<key>", methods=["GET", "POST"])
@needs_live_draft
def guide(key: str) -> Response:
    """A guide, which asks at its end whether it helped and goes on from there."""
    if key not in guides.GUIDES:
        abort(404)
    answers = _answers()
    here = _standing_at(answers, key)
    form = _helped(_sent() or {"answer": answers.get(key, "")})
    if here is None or not is_sent(form):
        return paint(
            "guide",
            form if here else None,
            key=key,
            guide=guides.guide_for(key),
            checked=guides.CHECKED,
            back=_back(here) if here else ("owners.start", {}),
        )
    now = {**answers, key: form["answer"].data}
    return keep({f"{steps.TRIAGE}{key}": now[key]}, _go(_walk(now).step))


def _answers() -> dict[str, str]:
    return steps.triage_answers(values())


def _sent() -> Mapping[str, str] | None:
    return request.form if request.method == "POST" else None


def _walk(answers: Mapping[str, str]) -> Walk:
    return rules.walk(answers, self_service=steps.self_service())


def _standing_at(answers: Mapping[str, str], key: str) -> Walk | None:
    """The walk as it was when this was asked; None where these answers do not lead there."""
    whole = _walk(answers)
    passed = [asked for asked, _choice in whole.taken]
    if key in passed:
        return _walk(dict(whole.taken[: passed.index(key)]))
    return whole if whole.step.key == key else None


def _go(step: Step) -> Response:
    return see("triage_question", key=step.key) if isinstance(step, Question) else see("triage_result")


def _back(here: Walk) -> tuple[str, dict[str, str]]:
    """The page before this one, as an endpoint and its values."""
    if not here.taken:
        return "owners.start", {}
    key = here.taken[-1][0]
    return ("owners.guide" if key in guides.GUIDES else "owners.triage_question"), {"key": key}


def _before(step: Question, answers: Mapping[str, str]) -> dict[str, str] | None:
    # who said "I do not know" is asked again, and has not answered yet
    chosen = "" if step.helped else answers.get(step.key, "")
    return {"answer": chosen} if chosen else None


def _form_of(step: Question, sent: Mapping[str, str] | None) -> OwnerForm:
    choices = [
        SelectChoice(one.key, labels.word("triage_answer", f"{step.key}:{one.key}")) for one in step.choices
    ]
    ask = question(
        labels.TABLES["triage_question"][step.key], choices, labels.TABLES["triage_error"][step.key]
    )
    return ask(sent)


def _helped(sent: Mapping[str, str]) -> OwnerForm:
    choices = [SelectChoice("yes", str(_l("Yes"))), SelectChoice("no", str(_l("No")))]
    return question(_l("Did this work?"), choices, _l("Select whether this worked"))(sent)


def _ask(here: Walk, form: OwnerForm) -> Response:
    return paint(
        "triage_question",
        form,
        step=here.step,
        hint=HINTS.get(here.step.key),
        place=rules.certain_total(dict(here.taken), self_service=steps.self_service()),
        back=_back(here),
    )
