"""After an objection to a removal: nobody stays signed in, and what was bound since is suspended until two have decided."""

from __future__ import annotations

from datetime import datetime

from portal.casework import owner_sessions, self_service_end
from portal.casework.context import Context, NotFound
from portal.casework.devices import held_by
from portal.casework.facts import removal_began
from portal.connectors import Connector
from portal.models import Account, Case, Principal


def suspend(ctx: Context, case_id: str) -> None:
    """The worker's part of a freeze after a removal: end all sessions, suspend every device bound since. Repeatable."""
    ctx = ctx.as_system()
    case = ctx.session.get(Case, case_id, populate_existing=True)
    if case is None:
        raise NotFound()
    for connector, principal, since in _removals_in_doubt(ctx, case):
        with ctx.act():
            connector.end_sessions(ctx.session, principal, now=ctx.now)
            # also those that were opened between the objection and this moment
            owner_sessions.end_all(ctx, principal.id)
            connector.suspend_since(ctx.session, principal, since, now=ctx.now)


def _removals_in_doubt(ctx: Context, case: Case) -> list[tuple[Connector, Principal, datetime]]:
    """What an objection to this case is about: its own removal, and what self-service took from the account lately."""
    found: list[tuple[Connector, Principal, datetime]] = []
    if (since := removal_began(ctx.session, case)) is not None:
        found.append((*held_by(ctx, case), since))
    if case.account_id is not None:
        connector = ctx.connectors[ctx.session.get_one(Account, case.account_id).connector]
        for principal_id, at in self_service_end.removed_lately(ctx, case.account_id):
            found.append((connector, ctx.session.get_one(Principal, principal_id), at))
    return found
