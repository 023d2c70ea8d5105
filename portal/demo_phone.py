"""The demo's telephone: it rings, speaks its text on the page, and has a keypad. Registered in demo mode only.

What is done here is told to answering.py and talks.py in the same words in which a provider tells it. A call that is connected
to an agent has both ends on its page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import select

from portal import call_words, db
from portal.casework import answering, bridges, calls, phone_facts, talks
from portal.casework.context import Context
from portal.domain.lifecycle import SYSTEM
from portal.models import Account, Contact, PhoneCall, PhoneChange
from portal.spoken import Said

SHOWN = 50
MOST_KEYS = 12

phone = Blueprint("phone", __name__, url_prefix="/demo/phone")


@phone.get("")
def ringing() -> str:
    """The newest calls, all of them or those to one number."""
    ctx, wanted = _context(), request.args.get("to", "")
    query = select(PhoneCall).where(PhoneCall.placed_at.is_not(None), ~calls.for_nobody())
    if wanted:
        # Number and digest are not looked up in each other: the digests of both are compared.
        query = query.where(PhoneCall.number_digest == calls.digest_of(ctx, wanted))
    newest = query.order_by(PhoneCall.created_at.desc(), PhoneCall.id).limit(SHOWN)
    rows = [(call, _number_of(ctx, call)) for call in ctx.session.execute(newest).scalars()]
    return render_template("demo/phone.html", rows=rows, to=wanted, shown=SHOWN)


@phone.get("/<string(length=32):call_id>")
def call(call_id: str) -> str:
    """One call: it rings, is spoken on, or is over."""
    ctx = _context()
    found = _call(ctx, call_id)
    return render_template(
        "demo/phone_call.html",
        call=found,
        number=_number_of(ctx, found),
        said=_words(ctx, found),
        agent=bridges.number_for(ctx, found) if calls.is_talking(ctx, found) else "",
        to_agent=call_words.to_agent(db.runtime(), ctx.session, found)
        if calls.is_talking(ctx, found)
        else None,
        keyed=request.args.get("keyed", "")[:MOST_KEYS],
        keys=1 if found.kind == "notice" else calls.DIGITS,
    )


@phone.post("/<string(length=32):call_id>")
def pick_up(call_id: str) -> Response:
    """What becomes of a call that rings, and its end."""
    ctx = _context()
    act = ACTS.get(request.form.get("do", "")) or abort(400)
    act(ctx, _call(ctx, call_id))
    return _back(call_id)


@phone.post("/<string(length=32):call_id>/keys")
def keys(call_id: str) -> Response:
    """One key of the keypad, which waits for the next one; or all that was typed, and then silence."""
    ctx = _context()
    found = _call(ctx, call_id)
    typed, pressed = request.form.get("digits", "")[:MOST_KEYS], request.form.get("key", "")[:1]
    digits = typed + pressed
    if pressed and len(digits) < (1 if found.kind == "notice" else calls.DIGITS):
        return _back(call_id, keyed=digits)
    said = answering.keyed(ctx, **_named(ctx, found), digits=digits)
    return _back(call_id, said=said.say if said else None)


def _answer(ctx: Context, found: PhoneCall) -> None:
    answering.answered(ctx, **_named(ctx, found), machine=False, fax=False)


def _answer_by_machine(ctx: Context, found: PhoneCall) -> None:
    answering.answered(ctx, **_named(ctx, found), machine=True, fax=False)


def _ring_out(ctx: Context, found: PhoneCall) -> None:
    if found.kind == "notice":
        _answer_by_machine(ctx, found)
    else:
        answering.status(ctx, **_named(ctx, found), status="no-answer")


def _agent_takes(ctx: Context, found: PhoneCall) -> None:
    if talks.agent_answered(ctx, **_named_to_agent(ctx, found)):
        talks.agent_keyed(ctx, **_named_to_agent(ctx, found), digits=talks.TAKE_KEY)


def _part(ctx: Context, found: PhoneCall) -> None:
    talks.parted(ctx, **_named(ctx, found))


def _report(status: str) -> Callable[[Context, PhoneCall], None]:
    return lambda ctx, found: answering.status(ctx, **_named(ctx, found), status=status)


# What can be done with a call, and what a provider would tell of it. Whoever declines sounds busy to the caller.
ACTS: Mapping[str, Callable[[Context, PhoneCall], None]] = {
    "answer": _answer,
    "machine": _answer_by_machine,
    "ring_out": _ring_out,
    "decline": _report("busy"),
    "busy": _report("busy"),
    "hang_up": _report("completed"),
    "agent_takes": _agent_takes,
    "part": _part,
}


def _context() -> Context:
    return db.runtime().context(db.session(), SYSTEM)


def _call(ctx: Context, call_id: str) -> PhoneCall:
    found = ctx.session.get(PhoneCall, call_id)
    return found if found is not None and found.placed_at is not None else abort(404)


def _named(ctx: Context, found: PhoneCall) -> dict[str, str]:
    return {
        "path": calls.path_of(ctx, found.id),
        "provider_id": found.provider_id or "",
        "number": _number_of(ctx, found),
    }


def _named_to_agent(ctx: Context, found: PhoneCall) -> dict[str, str]:
    return {**_named(ctx, found), "number": bridges.number_for(ctx, found)}


def _number_of(ctx: Context, found: PhoneCall) -> str:
    """The number that rings: the register's, or the new one that a call is to confirm."""
    account = ctx.session.get_one(Account, found.account_id)
    if found.contact_id:
        contact = ctx.session.get_one(Contact, found.contact_id)
        return ctx.vault.open(ctx.session, account.subject_id, contact, "value") or ""
    change = ctx.session.get(PhoneChange, found.phone_change_id) if found.phone_change_id else None
    return phone_facts.number_of(ctx, account, change) if change else ""


def _words(ctx: Context, found: PhoneCall) -> tuple[Said, ...]:
    """What the voice says now: the opening of the call, or what followed the keys that were just pressed."""
    runtime, said = db.runtime(), request.args.get("said", "")
    if said in call_words.PHRASES:
        return (call_words.phrase(runtime, ctx.session, found, said),)
    if found.state != "answered":
        return ()
    return call_words.said(runtime, ctx.session, answering.opening(ctx, found))


def _back(call_id: str, **values: Any) -> Response:
    return cast(Response, redirect(url_for("phone.call", call_id=call_id, **values), 303))
