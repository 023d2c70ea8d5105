"""What is kept and for how long, what goes next, which holds stand, what two are deciding, and the proofs of what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import Response, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from admin.acts import case_on_desk
from admin.base import StaffView, ctx, see
from admin.forms import DeskForm, built, choices, code_field, radio_field, reason_field, words_for
from portal import labels, person_text
from portal.casework import erased, keeping, legal_hold, lookup, person_data, retention
from portal.casework.context import NotFound, Refused
from portal.casework.keeping import Asked
from portal.casework.person_data import Handed
from portal.domain.lifecycle import Role
from portal.domain.reference import parse
from portal.domain.retention import AT_ONCE, PERIODS, STAGES
from portal.models import Account, Case

SEES = keeping.MAY | {Role.COMPLIANCE}
AHEAD = timedelta(days=30)
FIRST = 5  # cases of each class
NOT_AS_SHOWN = frozenset({"proposal_changed", "proposal_decided"})

# What each proposal does once it is in force, for those who propose it and those who agree.
MEANING: Mapping[str, LazyString] = {
    "case_hold": _l("From then on nothing of this case is deleted, neither by time nor by an erasure."),
    "case_release": _l("From then on the periods count again. What is overdue is deleted within minutes."),
    "case_erase": _l(
        "Names, addresses, papers, messages and evidence are erased for good, and so is the key that reads copies of them. "
        "Receipt number, status, times and decisions stay. The requester is told when it is agreed."
    ),
    "account_erase": _l(
        "Names, contacts and users of the account are erased for good, with the personal data of all its ended requests. "
        "Its number is given back. Every registered mailbox is told when it is agreed."
    ),
}

# What a page says after an act.
SAID: Mapping[str, LazyString] = {
    "proposed": _l("Your proposal is saved. Another lead or administrator decides."),
    "effective": _l("Agreed and done. Leads, administrators and compliance are told."),
    "agreed": _l("Agreed. It takes effect at the time below, and until then it can be stopped."),
    "refused": _l("Refused. Nothing changes."),
    "withdrawn": _l("Withdrawn. Nothing changes."),
    "stopped": _l("Stopped. Nothing changes. Everybody who was told of it is told."),
}
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
            return _to(target)
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
        target = _of_kind(decision, target_id)
        form = built(("reason", reason_field(_l("Reason"), labels.TABLES["refusal"]["reason_missing"])))
        if request.method == "POST" and form.validate():
            try:
                keeping.propose(ctx(), decision, target_id, reason=form["reason"].data)
            except Refused as refused:
                form.place(refused)
            else:
                return _to(target, said="proposed")
        return _paint_propose(decision, target, form)

    @expose("/proposal/<kept_id>", methods=("GET", "POST"))
    def proposal(self, kept_id: str) -> Response:
        asked = keeping.find(ctx(), kept_id)
        form = _decision_form(asked)
        if request.method == "POST" and form.validate():
            return _decide(asked, form)
        return _paint_proposal(asked, form, 422 if form.errors else 200)

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
        "proposals": keeping.asked_for(ctx()),
        "erased": erased.newest(ctx()),
        "runs": erased.runs(ctx()),
    }


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
    if kind not in keeping.KINDS:
        raise NotFound()
    return _of_sort("account" if keeping.is_about_account(kind) else "case", target_id)


def _to(target: Case | Account, **more: str) -> Response:
    sort = _sort(target)
    return see(f"retention.{sort}", **{f"{sort}_id": target.id}, **more)


def _target(target: Case | Account) -> Response:
    pending = keeping.asked_for(ctx(), target)
    waits = {one.kind for one in pending}
    may = ctx().actor.is_any(keeping.MAY)
    fits = (kind for kind in KINDS_OF[_sort(target)] if kind not in waits)
    return _page(
        "retention_target",
        200,
        target=target,
        sort=_sort(target),
        proposals=pending,
        to_propose=[kind for kind in fits if keeping.refusal(ctx(), kind, target) is None] if may else [],
        may_export=may,
        classes=list(_classes(target)) if isinstance(target, Case) else [],
        holds=legal_hold.of_case(ctx(), target) if isinstance(target, Case) else [],
    )


def _classes(case: Case) -> Iterator[tuple[str, bool, Any]]:
    """Each class of a case's data: its key, whether it is gone, and when it goes."""
    for period in PERIODS:
        gone = case.retention_stage >= STAGES[period.key]
        yield period.key, gone, retention.ends_at(case, period, ctx().limits) if case.closed_at else None


def _paint_propose(kind: str, target: Case | Account, form: DeskForm) -> Response:
    why = keeping.refusal(ctx(), kind, target)
    blockers = [labels.word("refusal", why)] if why else []
    return _about(
        "retention_propose", 422 if form.errors else 200, kind, target, form=form, blockers=blockers
    )


def _decision_form(asked: Asked) -> DeskForm:
    """Agree or refuse; one's own proposal is only withdrawn, and what is agreed only stopped."""
    if asked.is_own or asked.state != "open":
        return built(("code", code_field()))
    ways = choices((("agree", _l("Agree")), ("refuse", _l("Refuse"))))
    return built(
        ("decision", radio_field(_l("Decision"), ways, _l("Select a decision"))), ("code", code_field())
    )


def _decide(asked: Asked, form: DeskForm) -> Response:
    try:
        said = _done(asked, form)
    except NotFound:
        raise
    except Refused as refused:
        if refused.reason == "proposal_decided":
            raise
        form.place(refused)
        code = 409 if refused.reason in NOT_AS_SHOWN else 422
        return _paint_proposal(keeping.find(ctx(), asked.id), form, code)
    return _to(_of_kind(asked.kind, asked.target_id), said=said)


def _done(asked: Asked, form: DeskForm) -> str:
    code, digest = form["code"].data, request.form.get("digest", "")
    if asked.state == "agreed":
        keeping.stop(ctx(), asked.id, code=code)
        return "stopped"
    # as sent: the proposer's form has no such field, and casework says why they may not agree
    if request.form.get("decision") == "agree":
        return keeping.agree(ctx(), asked.id, digest=digest, code=code)
    keeping.refuse(ctx(), asked.id, digest=digest, code=code)
    return "withdrawn" if asked.is_own else "refused"


def _paint_proposal(asked: Asked, form: DeskForm, code: int) -> Response:
    form.forget_code()
    target = _of_kind(asked.kind, asked.target_id)
    return _about("retention_proposal", code, asked.kind, target, asked=asked, form=form)


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


def _about(template: str, code: int, kind: str, target: Case | Account, **values: Any) -> Response:
    return _page(
        template,
        code,
        kind=kind,
        target=target,
        sort=_sort(target),
        meaning=MEANING[kind],
        delay=None if kind in AT_ONCE else ctx().limits.grant_delay,
        **values,
    )


def _page(template: str, code: int, **values: Any) -> Response:
    target = values.get("target")
    if target is not None:
        sort = _sort(target)
        values["back"] = url_for(f"retention.{sort}", **{f"{sort}_id": target.id})
    said = SAID.get(request.args.get("said", ""))
    html = render_template(f"staff/{template}.html", said=said, meanings=MEANING, **values)
    return Response(html, code, mimetype="text/html")
