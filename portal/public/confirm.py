"""The links of mails that prove a mailbox: opening one shows what it is about, and only its button acts."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, request
from sqlalchemy import select

from portal import contact, db, receipts, tokens
from portal.casework import intake, objection, proofs
from portal.casework.context import Refused
from portal.domain.lifecycle import Actor, Role, Status
from portal.models import Case, LinkToken, Objection
from portal.public import desk_hours
from portal.public.visit import context, owners, paint, see

TOLD = {"told": "yes"}  # what the address says to whoever comes from the button
TAKES_PROOF = frozenset({Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER})


@owners.get("/confirm/<token:raw>")
def confirm(raw: str) -> Response:
    link = _link(raw, "confirm")
    case = _case(link)
    if link is None or case is None:
        return gone("confirm")
    if link.used_at is not None:
        return paint(
            "confirmed", case=case, first_reply=desk_hours.first_reply(context(), case.language, link.used_at)
        )
    if case.status != Status.UNCONFIRMED or not tokens.is_live(link, context().now):
        return gone("confirm", link)
    return paint("confirm", raw=raw, until=link.expires_at, **about(case))


@owners.post("/confirm/<token:raw>")
def confirm_now(raw: str) -> Response:
    """Act, and show the page of the link again: it then says what was done, also to whoever presses twice."""
    try:
        intake.confirm(context(), raw)
    except Refused as refusal:
        _only_expected(refusal)
    return see("confirm", raw=raw)


@owners.get("/mailbox/<token:raw>")
def mailbox(raw: str) -> Response:
    link = _link(raw, "mailbox")
    case = _case(link)
    if link is None or case is None:
        return gone("mailbox")
    if case.status == Status.FROZEN or has_stopped(outcomes_of(case, link.contact_id)):
        return stopped(case)
    if link.used_at is not None:
        return paint("mailbox_confirmed", case=case)
    if case.status not in TAKES_PROOF or link.round != case.round or not tokens.is_live(link, context().now):
        return gone("mailbox", link)
    return paint("mailbox", raw=raw, until=link.expires_at, **about(case))


@owners.post("/mailbox/<token:raw>")
def mailbox_now(raw: str) -> Response:
    try:
        proofs.confirm_mailbox(context(), raw)
    except Refused as refusal:
        _only_expected(refusal)
    return see("mailbox", raw=raw)


@owners.post("/mailbox/<token:raw>/not-me")
def mailbox_not_mine(raw: str) -> Response:
    """The holder of the mailbox says that this was not them: the same as the stop link of the same mail."""
    ctx = context()
    link = _link(raw, "mailbox")
    if link is None or link.case_id is None or link.contact_id is None or link.expires_at <= ctx.now:
        return gone("mailbox", link)
    holder = Actor(roles=frozenset({Role.CONTACT}), contact_id=link.contact_id)
    objection.object_to(ctx.as_actor(holder), link.case_id, channel="mail", contact_id=link.contact_id)
    return see("mailbox", raw=raw, **TOLD)


def outcomes_of(case: Case, contact_id: str | None) -> set[str | None]:
    """What became of this contact's objections to the request; None stands for one that is still open."""
    query = select(Objection.outcome).where(Objection.case_id == case.id, Objection.contact_id == contact_id)
    return set(context().session.execute(query).scalars())


def has_stopped(outcomes: set[str | None]) -> bool:
    """Whether to tell what came of a stop. After a decision the link offers another one: only who just pressed is told."""
    return None in outcomes or bool(outcomes and TOLD.keys() <= request.args.keys())


def stopped(case: Case) -> Response:
    return paint("stopped", case=case, emergency=db.runtime().settings.emergency)


def gone(purpose: str, link: LinkToken | None = None) -> Response:
    """A link that is no longer good, with its last moment where there is one to name."""
    over = link.expires_at if link and link.expires_at <= context().now else None
    return paint("link_gone", code=404, purpose=purpose, over=over)


def about(case: Case) -> dict[str, Any]:
    """What a page says of the request behind a link, with nothing shown whole."""
    ctx = context()
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    origin = ctx.vault.open_json(ctx.session, case.subject_id, case, "origin") or {}
    return {
        "case": case,
        "account": receipts.masked_account(ctx, case),
        "reply": contact.mask_email(reply) if reply else None,
        "browser": origin.get("browser") or None,
    }


def _link(raw: str, purpose: str) -> LinkToken | None:
    link = tokens.find(context().session, raw, purpose)
    return link if link is not None and link.revoked_at is None else None


def _case(link: LinkToken | None) -> Case | None:
    return context().session.get(Case, link.case_id) if link and link.case_id else None


def _only_expected(refusal: Refused) -> None:
    """Another tab, the clock or a colleague was faster: the link's own page says how things stand."""
    if refusal.reason not in {"wrong_status", "too_late", "account_unknown"}:
        abort(409)
