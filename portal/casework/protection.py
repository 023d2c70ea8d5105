"""What two people decide about an account: its protection against self-service, and calls to it again after too many failures.

What protects is in force at once. What lifts a protection waits a day, in which any admin or lead can stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.casework import decisions, registry, staff_mail
from portal.casework.context import Context
from portal.casework.decisions import Kind, Matter
from portal.domain.lifecycle import Role
from portal.models import Account, Proposal


def _protect(_ctx: Context, account: Account, _proposal: Proposal) -> None:
    account.is_protected = True


def _unprotect(_ctx: Context, account: Account, _proposal: Proposal) -> None:
    account.is_protected = False


def _call_again(_ctx: Context, account: Account, _proposal: Proposal) -> None:
    account.calls_off_at, account.call_failures = None, 0


def _unless(fits: Callable[[Account], bool]) -> Callable[[Context, Account], str | None]:
    """Refuse it for an account whose data is gone, or that is as wanted already."""

    def refusal(_ctx: Context, account: Account) -> str | None:
        if account.erased_at is not None:
            return "data_gone"
        return None if fits(account) else "setting_as_wanted"

    return refusal


KINDS: Mapping[str, Kind] = {
    "account_protect": Kind(_unless(lambda account: not account.is_protected), _protect),
    "account_unprotect": Kind(_unless(lambda account: account.is_protected), _unprotect, waits=True),
    "account_calls_on": Kind(_unless(lambda account: account.calls_off_at is not None), _call_again),
}


def _record(ctx: Context, proposal: Proposal, what: str, outcome: str | None) -> None:
    account = ctx.session.get_one(Account, proposal.target_id)
    facts = {"proposal": proposal.id, "kind": proposal.kind}
    said = {**facts, "outcome": outcome} if what == "decided" else facts
    registry.record(ctx, account, f"account:setting:{what}", **said)


def _tell(ctx: Context, account: Account, proposal: Proposal) -> None:
    """Admins and leads hear of every decision: who agreed to it may not have known what they did."""
    if proposal.state != "refused":
        staff_mail.about_account(ctx, account, **decisions.told_of(ctx, proposal))


MATTER = Matter(
    kinds=KINDS,
    may=frozenset({Role.ADMIN}),
    may_stop=frozenset({Role.ADMIN, Role.LEAD}),
    named="account",
    record=_record,
    tell=_tell,
)
