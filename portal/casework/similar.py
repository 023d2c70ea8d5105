"""Other requests that a case may have to do with: for the same account, from the same telephone number or the same network.

They are found by keyed digests, never by what was typed, and shown masked: nobody learns more here than on the page of that case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from portal.casework.context import Context
from portal.domain.lifecycle import Status
from portal.models import Case, SearchTerm

MOST = 10
LOOKED_AT = 500  # requests behind one number or network; an address that more come from says nothing about any of them


@dataclass(frozen=True)
class Similar:
    """The newest other cases, each once: under the strongest thing that it shares with this one."""

    account: Sequence[Case] = ()
    phone: Sequence[Case] = ()  # of another account, or of none
    network: Sequence[Case] = ()

    @property
    def all(self) -> list[Case]:
        return [*self.account, *self.phone, *self.network]


def similar(ctx: Context, case: Case) -> Similar:
    """What shares account, telephone number or network with a case. Three statements, whatever there is."""
    number = ctx.vault.open(ctx.session, case.subject_id, case, "phone")
    phone = _sharing(ctx, case, "phone", number)
    # no longer is an address held against anybody
    kept = Case.created_at > ctx.now - ctx.limits.retention_network
    network = _sharing(ctx, case, "network", _address(ctx, case), kept)
    shown = {each.id for each in phone}
    return Similar(same_account(ctx.session, case), phone, [each for each in network if each.id not in shown])


def same_account(session: Session, case: Case) -> Sequence[Case]:
    """Other confirmed cases of the same account, newest first."""
    if case.account_id is None:
        return ()
    return list(session.execute(_others(case).where(Case.account_id == case.account_id)).scalars())


def _others(case: Case) -> Select[Case]:
    return (
        select(Case)
        # invented people have nothing to do with real ones
        .where(Case.id != case.id, Case.status != Status.UNCONFIRMED, Case.training == case.training)
        .order_by(Case.created_at.desc(), Case.id)
        .limit(MOST)
    )


def _sharing(
    ctx: Context, case: Case, kind: str, value: str | None, *conditions: ColumnElement[bool]
) -> Sequence[Case]:
    if not value:
        return ()
    digests = [ctx.vault.digest(kind, value, version) for version in ctx.vault.keys.index]
    subjects = (
        select(SearchTerm.subject_id)
        .where(SearchTerm.kind == kind, SearchTerm.digest.in_(digests))
        .limit(LOOKED_AT)
    )
    of_another = or_(Case.account_id.is_(None), Case.account_id != case.account_id)
    query = _others(case).where(Case.subject_id.in_(subjects), *conditions)
    return list(ctx.session.execute(query.where(of_another) if case.account_id else query).scalars())


def _address(ctx: Context, case: Case) -> str | None:
    origin = ctx.vault.open_json(ctx.session, case.subject_id, case, "origin") or {}
    return origin.get("address") or None
