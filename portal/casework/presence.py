"""Who has a case open at this moment, so that two people do not do the same work twice.

Presence is a courtesy, not a lock: it never stands in anybody's way, is no event of the audit log, and nobody signs off. A row
that is not renewed says nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.casework.context import Context
from portal.domain.lifecycle import Role, Status
from portal.models import Case, Person, Presence
from portal.models.base import UtcDateTime

VIEWING, EDITING = "viewing", "editing"
# Compliance reads a case, and whoever works on it may know that somebody reads along.
SEEN_WITH = frozenset({Role.VERIFIER, Role.APPROVER, Role.LEAD, Role.COMPLIANCE})
WRITES_PER_LIFE = 3  # what is younger than a third of its life is not written again

Here = tuple[str, str]  # the name of a colleague, and what they do: viewing | editing


def note(ctx: Context, case_id: str, doing: str) -> None:
    """The actor has opened a page of the case to read it (viewing), or one with a form to fill in (editing)."""
    _keep(ctx, case_id, doing, _own(ctx, case_id))


def renew(ctx: Context, case_id: str, doing: str) -> None:
    """The actor's page is still open. While they edit on another page of theirs, that is what colleagues go on to see."""
    own = _own(ctx, case_id)
    edits_elsewhere = doing == VIEWING and own is not None and own.doing == EDITING
    if not (edits_elsewhere and own is not None and ctx.now - own.at < ctx.limits.presence_life):
        _keep(ctx, case_id, doing, own)


def here(ctx: Context, case_ids: Iterable[str]) -> Mapping[str, list[Here]]:
    """Who else has these cases open now, by case: those who edit first, then by name. Cases with nobody are left out."""
    wanted = list(case_ids)
    if not wanted or not _may_be_seen(ctx):
        return {}
    query = (
        select(Presence.case_id, Person.name, Presence.doing)
        .join(Person, Person.id == Presence.person_id)
        .where(
            Presence.case_id.in_(wanted),
            Presence.person_id != ctx.actor.person_id,
            Presence.at > ctx.now - ctx.limits.presence_life,
        )
        .order_by(Presence.case_id, Presence.doing, Person.name, Person.id)
    )
    found: dict[str, list[Here]] = {}
    for case_id, name, doing in ctx.session.execute(query):
        found.setdefault(case_id, []).append((name, doing))
    return found


def forget_before(session: Session, moment: datetime) -> None:
    """Delete what says nothing any more."""
    session.execute(delete(Presence).where(Presence.at < moment))


def _may_be_seen(ctx: Context) -> bool:
    return ctx.actor.person_id is not None and ctx.actor.is_any(SEEN_WITH)


def _own(ctx: Context, case_id: str) -> Presence | None:
    query = select(Presence).where(Presence.case_id == case_id, Presence.person_id == ctx.actor.person_id)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _keep(ctx: Context, case_id: str, doing: str, own: Presence | None) -> None:
    is_said = own is not None and own.doing == doing
    is_fresh = own is not None and ctx.now - own.at < ctx.limits.presence_life / WRITES_PER_LIFE
    if _may_be_seen(ctx) and not (is_said and is_fresh):
        _write(ctx, case_id, doing)


def _write(ctx: Context, case_id: str, doing: str) -> None:
    """From the case itself, so that nobody is ever in one that is not there or not yet on the desk."""
    dialect: Any = postgresql if ctx.session.get_bind().dialect.name == "postgresql" else sqlite
    of_case = select(Case.id, literal(ctx.actor.person_id), literal(doing), literal(ctx.now, UtcDateTime()))
    statement = dialect.insert(Presence).from_select(
        ["case_id", "person_id", "doing", "at"],
        of_case.where(Case.id == case_id, Case.status != Status.UNCONFIRMED),
    )
    with ctx.act():
        ctx.session.execute(
            statement.on_conflict_do_update(
                index_elements=["case_id", "person_id"], set_={"doing": doing, "at": ctx.now}
            )
        )
