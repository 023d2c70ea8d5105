"""The page of the link that step 1 mails: opening it changes nothing, its button proves the mailbox, and anybody can stop here."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField

from portal import contact, db
from portal.casework import objection, self_service, self_service_facts, self_service_mailbox
from portal.casework.context import Refused, Throttled
from portal.models import Account, Contact, LinkToken, SelfService
from portal.public.confirm import gone, stopped
from portal.public.forms import OwnerForm
from portal.public.refusals import attempted, is_filled_in, paint_tried
from portal.public.sign_in import too_often
from portal.public.sign_in_forms import Given
from portal.public.signed_in import old_cookie, visitor, welcome
from portal.public.visit import context, owners, paint, see


class PasswordForm(OwnerForm):
    password = PasswordField(
        _l("Password"),
        [Given()],
        render_kw={"autocomplete": "current-password"},
    )


@owners.route("/reset/link/<token:raw>", methods=["GET", "POST"])
def reset_link(raw: str) -> Response:
    """GET and HEAD show. In the browser that carries the attempt the button proves; any other proves the password first."""
    found = self_service_mailbox.link_for(context(), raw)
    if found is None:
        return gone("prove")
    link, attempt = found
    if attempt.failed_reason == "stopped" and (case := objection.stopped_by(context(), link)):
        return stopped(case)
    if not self_service_mailbox.is_good(context(), link, attempt):
        return _over(raw, link, attempt)
    if _is_here(attempt):
        return _here(raw, link, attempt)
    return _elsewhere(raw, link, attempt)


def _is_here(attempt: SelfService) -> bool:
    found = visitor()
    return found is not None and found.may.prove and found.hash == attempt.session_hash


def _here(raw: str, link: LinkToken, attempt: SelfService) -> Response:
    found = visitor()
    if request.method == "GET" or found is None:
        return _page(raw, link, attempt)
    try:
        self_service_mailbox.confirm_link(context(), raw, found)
    except Refused:
        return see("reset_link", raw=raw)  # another tab was faster: the page says how things stand
    return see("reset_call")


def _elsewhere(raw: str, link: LinkToken, attempt: SelfService) -> Response:
    form = PasswordForm(request.form if request.method == "POST" else None)
    if not is_filled_in(form, "password"):
        return _page(raw, link, attempt, form)
    typed = form["password"].data
    try:
        done = attempted(
            form,
            "password",
            lambda: self_service_mailbox.confirm_link_elsewhere(context(), raw, typed, old=old_cookie()),
            unsaid=("throttled",),
        )
    except Throttled as stopped_for_now:
        return too_often(stopped_for_now)
    except Refused:
        return see("reset_link", raw=raw)  # the link was used up or the attempt ended meanwhile
    return welcome(see("reset_call"), done[1]) if done else _page(raw, link, attempt, form)


def _page(raw: str, link: LinkToken, attempt: SelfService, form: PasswordForm | None = None) -> Response:
    about: dict[str, Any] = {"raw": raw, "link": link, **_about(attempt)}
    return paint_tried("reset_link", form, **about) if form else paint("reset_link", **about)


def _over(raw: str, link: LinkToken, attempt: SelfService) -> Response:
    """Used, expired or ended: said with its moment, and where to go. "This was not me" still counts."""
    code = 200 if link.used_at is not None else 404
    return paint(
        "reset_link_over",
        code=code,
        raw=raw,
        link=link,
        here=_is_here(attempt),
        now=context().now,
        **_about(attempt),
    )


def _about(attempt: SelfService) -> dict[str, str | None]:
    ctx = context()
    account = ctx.session.get_one(Account, attempt.account_id)
    mailbox = ctx.session.get_one(Contact, attempt.mailbox_contact_id)
    return {
        "device": attempt.device_label,
        "browser": self_service.origin_of(ctx, attempt).get("browser") or None,
        "address": contact.mask_email(self_service_facts.value_of(ctx, account, mailbox)),
        "emergency": db.runtime().settings.emergency,
    }


@owners.post("/reset/link/<token:raw>/not-me")
def reset_not_mine(raw: str) -> Response:
    """No sign-in: the holder of the mailbox stops everything that was begun for the account."""
    case = self_service_mailbox.stop_by_prove_link(context(), raw)
    return stopped(case) if case else gone("prove")
