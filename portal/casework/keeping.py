"""What two people decide about data that is kept: a legal hold and its end, the erasure of a case or of an account.

What keeps data is in force at once. What lets it go waits a day, in which any lead or admin can stop it, and is judged anew
on its day: a hold, an objection or a reopened case that came in between wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from portal import audit
from portal.casework import decisions, erasure, legal_hold, staff_mail
from portal.casework.context import Context
from portal.casework.decisions import Kind, Matter, Target
from portal.contact import mask_account_number
from portal.domain.lifecycle import Act, Role
from portal.domain.retention import DECISIONS
from portal.models import Account, Case, Proposal

MAY = frozenset({Role.LEAD, Role.ADMIN})

KINDS: Mapping[str, Kind] = {
    "case_hold": Kind(lambda ctx, case: legal_hold.refusal(ctx, case, Act.PLACE_HOLD), legal_hold.place),
    "case_release": Kind(
        lambda ctx, case: legal_hold.refusal(ctx, case, Act.LIFT_HOLD), legal_hold.lift, waits=True
    ),
    "case_erase": Kind(erasure.refusal, erasure.erase, waits=True, announce=erasure.announce),
    "account_erase": Kind(
        erasure.account_refusal, erasure.erase_account, waits=True, announce=erasure.announce_account
    ),
}
assert KINDS.keys() == DECISIONS.keys()


def _record(ctx: Context, proposal: Proposal, what: str, outcome: str | None) -> None:
    """In the stream of whoever decides. What came of it stands with the case or the account."""
    if what == "effective":
        return
    about = "account" if decisions.is_about_account(proposal.kind) else "case"
    facts = {"proposal": proposal.id, "kind": proposal.kind, about: proposal.target_id}
    stream = f"staff:{ctx.actor.staff_id}" if ctx.actor.staff_id else "system"
    tag = "staff:retention:decided" if outcome else "staff:retention:proposed"
    said = {**facts, "outcome": outcome} if outcome else facts
    audit.append(ctx.session, stream, tag, actor=ctx.actor_name, at=ctx.now, facts=said)


def _tell(ctx: Context, target: Target, proposal: Proposal) -> None:
    """Leads, admins and compliance hear of every decision: who agreed to it may not have known what they did.

    Where keeping data was refused, others may want to keep what goes on its way now.
    """
    if proposal.state == "refused" and KINDS[proposal.kind].waits:
        return
    about = abouts(ctx, [target.id]).get(target.id, "")
    staff_mail.about_retention(ctx, about=about, **decisions.told_of(ctx, proposal))


def abouts(ctx: Context, target_ids: Iterable[str]) -> dict[str, str]:
    """What each is, as everybody may read it: a receipt number, or an account number mostly hidden."""
    ids = set(target_ids)
    cases = ctx.session.execute(select(Case.id, Case.reference).where(Case.id.in_(ids)))
    accounts = ctx.session.execute(select(Account.id, Account.number).where(Account.id.in_(ids)))
    return {row.id: row.reference for row in cases} | {
        row.id: mask_account_number(row.number) for row in accounts
    }


MATTER = Matter(
    kinds=KINDS,
    may=MAY,
    may_stop=MAY,
    named="target",
    record=_record,
    tell=_tell,
    passes=frozenset({"log_behind", "hold_proposed"}),
)
