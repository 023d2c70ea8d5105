"""The very mail that a form would send to the owner, but for its link, which is made when it is sent."""

from __future__ import annotations

from typing import Any

from portal import audit, db, notices
from portal.casework.context import Context
from portal.models import Account, Case, OutboxRow
from portal.notice_facts import Source
from portal.notices import Part


def preview(ctx: Context, case: Case, notice: str, *, status: str, **params: Any) -> Part:
    """The mail in the language of the case, as it reads once the case has this status. `params` is what its notice needs."""
    known = {
        "links": {"status": "…"},
        "at": audit.timestamp(ctx.now),
        "status": status,
        "proven": case.proven_by is not None,
        **params,
    }
    # never added to the session: only the mail's words are wanted
    row = OutboxRow(kind="mail", notice=notice, language=case.language, case_id=case.id, created_at=ctx.now)
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    source = Source(ctx, db.runtime().settings, row, known, "requester", case, account)
    return notices.part(source, case.language)
