"""What is kept and for how long, what goes next, which holds stand, what two are deciding, and the proofs of what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import Response, render_template, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from admin import two_people
from admin.acts import case_on_desk
from admin.base import StaffView, ctx, see
from admin.forms import DeskForm, built, choices, code_field, radio_field, words_for
from admin.two_people import Place, Words
from portal import labels, person_text
from portal.casework import decisions, erased, keeping, legal_hold, lookup, person_data, retention
from portal.casework.context import NotFound, Refused
from portal.casework.decisions import Asked
from portal.casework.keeping import MATTER
from portal.casework.person_data import Handed
from portal.domain.lifecycle import Role
from portal.domain.reference import parse
from portal.domain.retention import PERIODS, STAGES
from portal.models import Account, Case

SEES = keeping.MAY | {Role.COMPLIANCE}
AHEAD = timedelta(days=30)
FIRST = 5  # cases of each class

WORDS = Words(
    meaning={
        "case_hold": _l("From then on nothing of this case is deleted, neither by time nor by an erasure."),
        "case_release": _l(
            "From then on the periods count again. What is overdue is deleted within minutes."
        ),
        "case_erase": _l(
            "Names, addresses, papers, messages and evidence are erased for good, and so is the key that reads copies of "
            "them. Receipt number, status, times and decisions stay. The requester is told when it is agreed."
        ),
        "account_erase": _l(
            "Names, contacts and users of the account are erased for good, with the personal data of all its ended "
            "requests. Its number is given back. Every registered mailbox is told when it is agreed."
        ),
    },
    waits=_l(
        "It takes effect %(duration)s after another lead or administrator has agreed. Each of them can stop it until then."
    ),
    at_once=_l("It takes effect as soon as another lead or administrator has agreed."),
    undecided=_l("Another lead or administrator decides on this."),
    said={
        **two_people.SAID,
        "proposed": _l("Your proposal is saved. Another lead or administrator decides."),
        "effective": _l("Agreed and done. Leads, administrators and compliance are told."),
        "stopped": _l("Stopped. Nothing changes. Everybody who was told of it is told."),
    },
)
KINDS_OF: Mapping[str, tuple[str, ...]] = {
    "case": ("case_hold", "case_release", "case_erase"),
    "account": ("account_erase",),
}
FORMS = choices(
    (("json", _l("Everything, as a JSON file")), ("text", _l("A short text in Japanese and English")))
)


class RetentionView(StaffView):
    """Leads and admins decide, two by two; compliance reads."""

    roles = SEES
    icon = "hourglass"

    @expose("/")
    def index(self) -> Response:
        wanted = request.args.get("q", "").strip()
        target = _found(wanted) if wanted else None
        if target is not None:
            place = _place(target)
            return see(place.endpoint, **place.values)
        return _page("retention", 404 if wanted else 200, wanted=wanted, **_overview())

    @expose("/case/<case_id>")
    def case(self, case_id: str) -> Response:
        case_on_desk(ctx(), case_id)
        lookup.record(ctx(), "case:page:read", {"case": case_id})
        return _target(case_on_desk(ctx(), case_id))

    @expose("/account/<account_id>")
    def account(self, account_id: str) -> Response:
        _account(account_id)
        lookup.record(ctx(), "account:page:read", {"account": account_id})
        return _target(_account(account_id))

    @expose("/propose/<decision>/<target_id>", methods=("GET", "POST"))
    def propose(self, decision: str, target_id: str) -> Response:
        place = _place(_of_kind(decision, target_id))
        return two_people.propose_page(MATTER, WORDS, decision, place)

    @expose("/proposal/<kept_id>", methods=("GET", "POST"))
    def proposal(self, kept_id: str) -> Response:
        asked = decisions.find(ctx(), MATTER, kept_id)
        place = _place(_of_kind(asked.kind, asked.target_id))
        return two_people.decision_page(MATTER, WORDS, place, asked)

    @expose("/export/<sort>/<target_id>", methods=("GET", "POST"))
    def export(self, sort: str, target_id: str) -> Response:
        """A person's data as a file that is built for this answer and kept nowhere."""
        target = _of_sort(sort, target_id)
        form = _export_form()
        if request.method == "POST" and form.validate():
            try:
                return _handed(EXPORTS[sort](ctx(), target_id, **_asked_for(form)), form["form"].data)
            except Refused as refused:
                form.place(refused)
        return _paint_export(sort, target, form)


EXPORTS: Mapping[str, Callable[..., Handed]] = {
    "case": person_data.of_case,
    "account": person_data.of_account,
}


def _overview() -> dict[str, Any]:
    going = retention.preview(ctx(), ctx().now + AHEAD, most=FIRST)
    return {
        "going": going,
        "ahead": AHEAD,
        "counted_to": retention.COUNTED_TO,
        "kept_for": {one.period.key: getattr(ctx().limits, one.period.limit) for one in going},
        "first": [
            (one.period.key, case, retention.ends_at(case, one.period, ctx().limits))
            for one in going
            for case in one.first
        ],
        "holds": legal_hold.standing(ctx()),
        **_waiting(decisions.asked_for(ctx(), MATTER)),
        "erased": erased.newest(ctx()),
        "runs": erased.runs(ctx()),
    }


def _waiting(proposals: list[Asked]) -> dict[str, Any]:
    abouts = keeping.abouts(ctx(), [one.target_id for one in proposals]) if proposals else {}
    return {"proposals": proposals, "abouts": abouts}


def _found(wanted: str) -> Case | Account | None:
    """A case by its receipt number, or an account by its number."""
    session, reference = ctx().session, parse(wanted)
    if reference is not None:
        case = session.execute(select(Case).where(Case.reference == reference)).scalar_one_or_none()
        return None if case is None or case.status == "unconfirmed" else case
    digits = "".join(character for character in wanted if character.isdigit())
    return session.execute(select(Account).where(Account.number == digits)).scalar_one_or_none()


def _sort(target: Case | Account) -> str:
    return "case" if isinstance(target, Case) else "account"


def _account(account_id: str) -> Account:
    account = ctx().session.get(Account, account_id)
    if account is None:
        raise NotFound()
    return account


def _of_sort(sort: str, target_id: str) -> Case | Account:
    if sort not in KINDS_OF:
        raise NotFound()
    return case_on_desk(ctx(), target_id) if sort == "case" else _account(target_id)


def _of_kind(kind: str, target_id: str) -> Case | Account:
    if kind not in MATTER.kinds:
        raise NotFound()
    return _of_sort("account" if decisions.is_about_account(kind) else "case", target_id)


def _place(target: Case | Account) -> Place:
    if isinstance(target, Case):
        name = _("Case %(reference)s", reference=target.reference)
    else:
        name = _("Account %(number)s", number=target.number)
    sort = _sort(target)
    return Place(target, name, f"retention.{sort}", {f"{sort}_id": target.id})


def _target(target: Case | Account) -> Response:
    pending = decisions.asked_for(ctx(), MATTER, target)
    waits = {one.kind for one in pending}
    may = ctx().actor.is_any(keeping.MAY)
    fits = (kind for kind in KINDS_OF[_sort(target)] if kind not in waits)
    return _page(
        "retention_target",
        200,
        target=target,
        sort=_sort(target),
        **_waiting(pending),
        to_propose=[kind for kind in fits if decisions.refusal(ctx(), MATTER, kind, target) is None]
        if may
        else [],
        may_export=may,
        classes=list(_classes(target)) if isinstance(target, Case) else [],
        holds=legal_hold.of_case(ctx(), target) if isinstance(target, Case) else [],
    )


def _classes(case: Case) -> Iterator[tuple[str, bool, Any]]:
    """Each class of a case's data: its key, whether it is gone, and when it goes."""
    for period in PERIODS:
        gone = case.retention_stage >= STAGES[period.key]
        yield period.key, gone, retention.ends_at(case, period, ctx().limits) if case.closed_at else None


def _export_form() -> DeskForm:
    reasons = words_for("export_reason", person_data.REASONS)
    missing = _l("Select why the data is handed out")
    return built(
        ("reason", radio_field(_l("Reason"), reasons, missing)),
        ("form", radio_field(_l("Format"), FORMS, _l("Select a format"))),
        ("code", code_field()),
        filled={"form": "json"},
    )


def _asked_for(form: DeskForm) -> dict[str, Any]:
    return {name: form[name].data for name in ("reason", "form", "code")}


def _handed(handed: Handed, form: str) -> Response:
    kind, mime = ("json", "application/json") if form == "json" else ("txt", "text/plain")
    text = handed.as_json() if form == "json" else person_text.written(handed)
    response = Response(text, mimetype=mime)
    name = f"{handed.name}-personal-data.{kind}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _paint_export(sort: str, target: Case | Account, form: DeskForm) -> Response:
    form.forget_code()
    may = ctx().actor.is_any(person_data.MAY)
    blockers = [] if may else [labels.word("refusal", "wrong_role")]
    code = 422 if form.errors else 200
    return _page("retention_export", code, sort=sort, target=target, form=form, blockers=blockers)


def _page(template: str, code: int, **values: Any) -> Response:
    target = values.get("target")
    back = _place(target).back if target is not None else None
    said = WORDS.said.get(request.args.get("said", ""))
    html = render_template(f"staff/{template}.html", said=said, back=back, **values)
    return Response(html, code, mimetype="text/html")
