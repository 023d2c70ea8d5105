"""The page of one account of the register: found by its number or an address, never listed, and masked for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, render_template, request
from flask_admin import expose
from flask_babel import lazy_gettext as _l

from admin import protect_pages
from admin.acts import READERS
from admin.base import StaffView, ctx, see
from admin.forms import DeskForm, Needed, Understood, built, text_field
from portal import contact
from portal.casework import accounts, decisions, protection
from portal.domain.lifecycle import Role
from portal.models import Account

# What an account remembers, in the words in which it raises the tier of a case.
MARKS: Mapping[str, str] = {
    "failed_check": "failed_checks",
    "pressure": "pressure_marker",
    "dispute": "past_dispute",
    "decline": "past_decline",
}


class AccountsView(StaffView):
    """For all who work cases, those who read them, and those who look after the register."""

    roles = READERS | {Role.ADMIN}
    # the search: an address of an owner does not go into an address of ours
    readers_send = frozenset({"index"})
    icon = "search"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Response:
        # by POST: an address in a query would stay in histories and in the logs of proxies
        form = _search_form()
        if request.method != "POST" or not form.validate():
            return _paint_search(form, None)
        found = accounts.search(ctx(), **asked_for(form["q"].data))
        if len(found) == 1:
            return see("accounts.account", account_id=found[0].id)
        return _paint_search(form, found)

    @expose("/<account_id>")
    def account(self, account_id: str) -> Response:
        sees_cases = ctx().actor.is_any(READERS)
        case_id = request.args.get("case_id") if sees_cases else None
        seen = accounts.view(ctx(), account_id, case_id=case_id)
        html = render_template(
            "staff/account.html",
            seen=seen,
            sees_cases=sees_cases,
            sees_retention=ctx().actor.is_any(protect_pages.SEES),
            said=protect_pages.WORDS.said.get(request.args.get("said", "")),
            **_settings_of(seen.account),
            mark_words=MARKS,
            limits=ctx().limits,
            most_cases=accounts.MOST_CASES,
        )
        return Response(html, mimetype="text/html")


def _settings_of(account: Account) -> dict[str, Any]:
    """What is decided about the account by two, for those who may read it, and what this reader may propose."""
    matter = protection.MATTER
    waiting = decisions.asked_for(ctx(), matter, account) if ctx().actor.is_any(protect_pages.SEES) else []
    pending = {one.kind for one in waiting}
    return {
        "waiting": waiting,
        "to_propose": [
            kind
            for kind in matter.kinds
            if kind not in pending and decisions.refusal(ctx(), matter, kind, account) is None
        ],
    }


def asked_for(text: str) -> dict[str, str]:
    """The one identifier that was typed. Raises ContactError."""
    if "@" in text or "\N{FULLWIDTH COMMERCIAL AT}" in text:
        return {"email": contact.parse_email(text).canonical}
    return {"account_number": contact.parse_account_number(text)}


def _search_form() -> DeskForm:
    field = text_field(
        _l("AWS account ID or registered email address"),
        Needed(_l("Enter an account ID or an email address")),
        Understood(asked_for),
        description=_l("The whole number or the whole address. Searching is recorded under your name."),
        render_kw={
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
            "inputmode": "search",
        },
    )
    return built(("q", field))


def _paint_search(form: DeskForm, found: Sequence[Account] | None) -> Response:
    html = render_template("staff/accounts.html", form=form, found=found, most=accounts.MOST_FOUND)
    return Response(html, 422 if form.errors else 200, mimetype="text/html")
