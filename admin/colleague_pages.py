"""The pages about colleagues: who may sign in, what is proposed about them, and the decision of a second person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, render_template, request
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin.base import StaffView, ctx, see
from admin.colleague_acts import ACTS, MEANING, LoginAct, entry_of, new_form
from admin.forms import DeskForm, built, choices, code_field, radio_field
from portal import labels
from portal.casework import logins, shutting, staff, staff_matters
from portal.casework.context import NotFound, Refused
from portal.casework.logins import RosterRow
from portal.casework.staff_changes import CHANGES
from portal.casework.staff_matters import Matter
from portal.domain.lifecycle import Role
from portal.domain.names import matching_key
from portal.models import Proposal
from portal.security import may_repeat

# The state of a login in words, and how its tag looks.
STATES: Mapping[str, tuple[LazyString, str, str]] = {
    "invited": (_l("Invited"), "yellow", "mail"),
    "active": (_l("In use"), "green", "check"),
    "factor_disabled": (_l("Closed to new browsers"), "orange", "warning"),
    "disabled": (_l("Disabled"), "grey", "minus"),
}

# What a page says after an act.
SAID: Mapping[str, LazyString] = {
    "proposed": _l("Your proposal is saved. A different person decides."),
    "open": _l("You are the first of the two who agree. A different person decides."),
    "agreed": _l("Agreed. It takes effect at the time below, and until then it can be stopped."),
    "effective": _l("Agreed and done. Everybody concerned is told."),
    "refused": _l("Refused. Nothing changes."),
    "withdrawn": _l("Withdrawn. Nothing changes."),
    "invited": _l("The invitation is on its way. Earlier links no longer work."),
    "disabled": _l("The sign-in is disabled, and its sessions have ended."),
    "sessions_ended": _l("The sessions have ended, and the person is told."),
}

NOT_AS_SHOWN = frozenset({"proposal_changed", "proposal_decided"})


class ColleaguesView(StaffView):
    """Admins propose and agree; leads and compliance read, and a lead decides where no other admin is left."""

    roles = frozenset({Role.ADMIN, Role.LEAD, Role.COMPLIANCE})
    icon = "people"

    @expose("/")
    def index(self) -> Response:
        matters = staff_matters.matters(ctx())
        return _page(
            "colleagues",
            rows=logins.roster(ctx()),
            waiting=[matter for matter in matters if matter.state == "open"],
            agreed=[matter for matter in matters if matter.state == "agreed"],
            coming=_roles_to_come(matters),
            may_propose=_is_admin(),
        )

    @expose("/new", methods=("GET", "POST"))
    @may_repeat("roles")
    def new(self) -> Response:
        form = new_form()
        if request.method == "POST" and form.validate():
            try:
                staff.propose_login(ctx(), entry_of(form, form["name"].data))
            except Refused as refused:
                form.place(refused)
            else:
                return see("colleagues.index", said="proposed")
        return _page("colleague_new", _code(form), form=form, blockers=_blockers(None), **_about("new_login"))

    @expose("/proposals/<proposal_id>", methods=("GET", "POST"))
    def proposal(self, proposal_id: str) -> Response:
        matter = _matter(proposal_id)
        form = _decision_form(matter)
        if request.method == "POST" and form.validate():
            return _decide(matter, form)
        return _paint_proposal(matter, form, _code(form))

    @expose("/<staff_id>")
    def login(self, staff_id: str) -> Response:
        rows = logins.roster(ctx())
        row, matters = _row(rows, staff_id), staff_matters.matters(ctx())
        about = [one for one in matters if staff_id == one.target_id or row.person.id == one.person_id]
        return _page(
            "colleague",
            row=row,
            sessions=shutting.open_sessions(ctx(), staff_id),
            others=[one for one in rows if one.person.id == row.person.id and one is not row],
            coming=_roles_to_come(matters),
            matters=about,
            proposals=[(key, act) for key, act in ACTS.items() if act.offered(row) and act.kind],
            at_once=[(key, act) for key, act in ACTS.items() if act.offered(row) and not act.kind],
            blockers=_blockers(row),
        )

    @expose("/<staff_id>/<key>", methods=("GET", "POST"))
    @may_repeat("roles")
    def act(self, staff_id: str, key: str) -> Response:
        if key not in ACTS:
            raise NotFound()
        act, row = ACTS[key], _row(logins.roster(ctx()), staff_id)
        form = act.form(row)
        if request.method == "POST" and form.validate():
            return _try(act, row, form)
        return _paint_act(act, row, form, _code(form))


def _try(act: LoginAct, row: RosterRow, form: DeskForm) -> Response:
    staff_id = row.staff.id
    try:
        act.do(ctx(), row, form)
    except NotFound:
        raise
    except Refused as refused:
        form.place(refused)
        return _paint_act(act, _row(logins.roster(ctx()), staff_id), form, 422)
    return see("colleagues.login", staff_id=staff_id, said=act.said)


def _paint_act(act: LoginAct, row: RosterRow, form: DeskForm, code: int) -> Response:
    form.forget_code()
    return _page(
        "colleague_act", code, act=act, row=row, form=form, blockers=_blockers(row), **_about(act.kind)
    )


def _decision_form(matter: Matter) -> DeskForm:
    """Agree or refuse; one's own proposal can only be withdrawn."""
    if matter.may_withdraw:
        return built(("code", code_field()))
    ways = choices((("agree", _l("Agree")), ("refuse", _l("Refuse"))))
    return built(
        ("decision", radio_field(_l("Decision"), ways, _l("Select a decision"))), ("code", code_field())
    )


def _decide(matter: Matter, form: DeskForm) -> Response:
    decision = "withdraw" if matter.may_withdraw else form["decision"].data
    signed = {"digest": request.form.get("digest", ""), "code": form["code"].data}
    try:
        if decision == "agree":
            return see("colleagues.index", said=staff.agree(ctx(), matter.id, **signed))
        staff.refuse(ctx(), matter.id, **signed)
    except NotFound:
        raise
    except Refused as refused:
        form.place(refused)
        return _paint_proposal(_matter(matter.id), form, 409 if refused.reason in NOT_AS_SHOWN else 422)
    return see("colleagues.index", said="withdrawn" if matter.may_withdraw else "refused")


def _paint_proposal(matter: Matter, form: DeskForm, code: int) -> Response:
    form.forget_code()
    stranger = matter.kind == "new_login" and matter.person_id is None
    return _page(
        "colleague_proposal",
        code,
        matter=matter,
        form=form,
        is_new_person=stranger,
        same_name=stranger and _is_known_name(matter.about),
        blocked=matter.blocked and not matter.may_withdraw,
        **_about(matter.kind),
    )


def _matter(proposal_id: str) -> Matter:
    """What waits under this id. Says so where it was decided meanwhile."""
    found = next((one for one in staff_matters.matters(ctx()) if one.id == proposal_id), None)
    if found is None:
        proposal = ctx().session.get(Proposal, proposal_id)
        raise Refused("proposal_decided") if proposal and proposal.kind in CHANGES else NotFound()
    return found


def _is_known_name(name: str) -> bool:
    """Two logins of one human being must be one person's, or that person could decide twice."""
    return matching_key(name) in {matching_key(row.person.name) for row in logins.roster(ctx())}


def _row(rows: Iterable[RosterRow], staff_id: str) -> RosterRow:
    found = next((row for row in rows if row.staff.id == staff_id), None)
    if found is None:
        raise NotFound()
    return found


def _roles_to_come(matters: Iterable[Matter]) -> dict[str, list[tuple[Role, datetime]]]:
    """Roles that are agreed on and wait for their day, by login."""
    found: dict[str, list[tuple[Role, datetime]]] = {}
    for matter in matters:
        if matter.kind == "role_grant" and matter.target_id and matter.effective_at:
            found.setdefault(matter.target_id, []).extend(
                (role, matter.effective_at) for role in matter.roles
            )
    return found


def _is_admin() -> bool:
    return ctx().actor.is_any(frozenset({Role.ADMIN}))


def _blockers(row: RosterRow | None) -> list[str]:
    """What stands in the reader's way whatever they type; casework asks again."""
    own = row is not None and row.person.id == ctx().actor.person_id
    reasons = ("wrong_role",) if not _is_admin() else ("own_login",) if own else ()
    return [labels.word("refusal", reason) for reason in reasons]


def _about(kind: str) -> dict[str, Any]:
    """What a proposal of this kind does, and after how long."""
    if not kind:
        return {}
    return {"meaning": MEANING[kind], "delay": ctx().limits.grant_delay if CHANGES[kind].waits else None}


def _code(form: DeskForm) -> int:
    return 422 if form.errors else 200


def _page(template: str, code: int = 200, **values: Any) -> Response:
    said = SAID.get(request.args.get("said", ""))
    html = render_template(f"staff/{template}.html", said=said, states=STATES, **values)
    return Response(html, code, mimetype="text/html")
