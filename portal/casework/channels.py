"""How a proposal was made: on a page by somebody signed in, or on the command line, where anybody can be named its proposer.

So the person named there is told, and whoever decides reads it. The audit log keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import select

from portal.casework import staff_mail
from portal.casework.context import Context
from portal.models import AuditEvent, Proposal, Staff

PAGE, COMMAND_LINE = "page", "command_line"
PROPOSED = ("system:register:proposed", "staff:role:proposed", "staff:change:proposed")


def tell_proposer(ctx: Context, channel: str) -> None:
    """Tell whoever the command line names as the proposer, on every login of theirs: it may not have been them."""
    if channel == COMMAND_LINE:
        named = ctx.session.get_one(Staff, ctx.actor.staff_id)
        staff_mail.changed(ctx, staff_mail.of_person(ctx, named.person_id), "named_proposer", about=named)


def by_command(ctx: Context, proposals: Iterable[Proposal]) -> frozenset[str]:
    """Which of these were made on the command line, by id. Their events are found by the moment they share."""
    moments = {proposal.created_at for proposal in proposals}
    query = select(AuditEvent.event_bytes).where(AuditEvent.at.in_(moments), AuditEvent.tag.in_(PROPOSED))
    facts = [json.loads(event)["d"] for event in ctx.session.execute(query).scalars()]
    return frozenset(fact["proposal"] for fact in facts if fact.get("channel", PAGE) != PAGE)
