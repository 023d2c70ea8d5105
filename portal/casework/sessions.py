"""Sessions of staff: rows in the database, found by the hash of a cookie, judged anew at every request.

The stage tells what a session may do: `enrol` sets up the second factor, `codes` keeps the recovery codes, `recovery` asks
for a reset, and only `full` works. Each change of stage has a new cookie, so that one planted before is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from portal import tokens
from portal.casework import factor, roles
from portal.casework.context import Context, NotFound, Refused
from portal.domain.lifecycle import Actor, Role
from portal.models import Person, Staff, StaffSession, SubjectKey

# reading pages writes this often at most, and idle time counts that much too early at most
TOUCH = timedelta(seconds=30)
KEY = 16  # so much of a session's hash names it on a page


@dataclass(frozen=True)
class SignedIn:
    """Who sent this request, and what the session may do. Roles are empty in every stage but `full`."""

    staff: Staff
    person: Person
    roles: frozenset[Role]
    stage: str
    session_hash: str
    warning_at: datetime
    ends_at: datetime

    @property
    def actor(self) -> Actor:
        """The actor that this person is now."""
        return Actor(
            roles=self.roles, person_id=self.person.id, staff_id=self.staff.id, name=self.person.name
        )


@dataclass(frozen=True)
class Opened:
    """A new session: its cookie, its stage, whether the oldest one had to make room, and the browser's mark if it is new."""

    cookie: str
    stage: str
    ended_oldest: bool = False
    mark: str = ""

    @property
    def hash(self) -> str:
        """What is stored of the cookie."""
        return tokens.digest(self.cookie)


@dataclass(frozen=True)
class Listed:
    """One of a person's own sessions as they see it."""

    key: str
    address: str
    browser: str
    since: datetime
    seen_at: datetime
    is_this: bool


def current(ctx: Context, raw_cookie: str | None, *, awake: bool = True) -> SignedIn | None:
    """Who this cookie belongs to at this moment, or None. A request in time keeps the session `awake`, if a person made it."""
    if not raw_cookie or not tokens.FORM.match(raw_cookie):
        return None
    hashed = tokens.digest(raw_cookie)
    found = _find(ctx, hashed)
    if found is None:
        return None
    if awake and ctx.now - found[0].seen_at >= TOUCH:
        with ctx.act():
            seen = update(StaffSession).where(StaffSession.hash == hashed, StaffSession.seen_at < ctx.now)
            ctx.session.execute(seen.values(seen_at=ctx.now).execution_options(synchronize_session=False))
        found = _find(ctx, hashed)
    return _signed_in(ctx, *found) if found else None


def _find(ctx: Context, hashed: str) -> Row[StaffSession, Staff, Person] | None:
    query = (
        select(StaffSession, Staff, Person)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .join(Person, Person.id == Staff.person_id)
        .where(StaffSession.hash == hashed, *_live(ctx))
    )
    return ctx.session.execute(query.execution_options(populate_existing=True)).one_or_none()


def _live(ctx: Context) -> tuple[ColumnElement[bool], ...]:
    return (
        StaffSession.seen_at > ctx.now - ctx.limits.staff_idle,
        StaffSession.created_at > ctx.now - ctx.limits.staff_absolute,
        StaffSession.epoch == Staff.session_epoch,
        Staff.disabled_at.is_(None),
    )


def _signed_in(ctx: Context, row: StaffSession, staff: Staff, person: Person) -> SignedIn:
    ends_at = min(row.seen_at + ctx.limits.staff_idle, row.created_at + ctx.limits.staff_absolute)
    return SignedIn(
        staff=staff,
        person=person,
        roles=roles.of_login(ctx, staff) if row.stage == "full" else frozenset(),
        stage=row.stage,
        session_hash=row.hash,
        warning_at=ends_at - (ctx.limits.staff_idle - ctx.limits.staff_idle_warning),
        ends_at=ends_at,
    )


def start(ctx: Context, staff: Staff, stage: str, *, kept: Any = None) -> Opened:
    """Open a session for a login whose row is locked. With three open already, the oldest ends."""
    ended = _make_room(ctx, staff)
    return Opened(_insert(ctx, staff, stage, since=ctx.now, kept=kept), stage, ended_oldest=ended)


def _make_room(ctx: Context, staff: Staff) -> bool:
    own = StaffSession.staff_id == staff.id
    live = (
        select(StaffSession.hash).join(Staff).where(own, *_live(ctx)).order_by(StaffSession.created_at.desc())
    )
    hashes = list(ctx.session.execute(live).scalars())
    stay = hashes[: ctx.limits.staff_sessions - 1]
    ctx.session.execute(delete(StaffSession).where(own, StaffSession.hash.not_in(stay)))
    if len(hashes) == len(stay):
        return False
    factor.record(ctx, staff, "staff:session:ended", actor=f"staff:{staff.id}", why="too_many")
    return True


def _insert(ctx: Context, staff: Staff, stage: str, *, since: datetime, kept: Any) -> str:
    raw = tokens.random_token()
    row = StaffSession(
        hash=tokens.digest(raw),
        staff_id=staff.id,
        stage=stage,
        epoch=staff.session_epoch,
        created_at=since,
        seen_at=ctx.now,
    )
    origin = {"address": ctx.origin.address, "browser": ctx.origin.browser[:300]}
    ctx.vault.seal_json(ctx.session, staff.subject_id, row, "origin", origin)
    if kept is not None:
        ctx.vault.seal_json(ctx.session, staff.subject_id, row, "enrolment", kept)
    ctx.session.add(row)
    ctx.session.flush()
    return raw


def lock(ctx: Context, signed: SignedIn, stage: str) -> tuple[StaffSession, Staff]:
    """Read the session and its login for writing. Raises Refused when another tab has moved on or ended it."""
    staff = factor.lock(ctx, signed.staff.id)
    query = (
        select(StaffSession).where(StaffSession.hash == signed.session_hash).with_for_update(key_share=True)
    )
    row = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if staff is None or row is None or row.stage != stage or row.epoch != staff.session_epoch:
        raise Refused("session_moved")
    return row, staff


def move(ctx: Context, row: StaffSession, staff: Staff, stage: str, *, kept: Any = None) -> Opened:
    """Put a locked session into another stage, under a new cookie. Its age goes on counting."""
    since = row.created_at
    ctx.session.execute(delete(StaffSession).where(StaffSession.hash == row.hash))
    ctx.session.expunge(row)
    return Opened(_insert(ctx, staff, stage, since=since, kept=kept), stage)


def kept(ctx: Context, row: StaffSession, staff: Staff) -> Any:
    """What the stage keeps for itself: the key that is being set up, or the codes that are being shown."""
    return ctx.vault.open_json(ctx.session, staff.subject_id, row, "enrolment")


def end(ctx: Context, raw_cookie: str | None) -> None:
    """Sign out: the row goes, whatever its stage. Nothing happens where there is none."""
    if not raw_cookie or not tokens.FORM.match(raw_cookie):
        return
    with ctx.act():
        _end(ctx, tokens.digest(raw_cookie), "signed_out")


def _end(ctx: Context, hashed: str, why: str, actor: str | None = None) -> bool:
    gone = delete(StaffSession).where(StaffSession.hash == hashed).returning(StaffSession.staff_id)
    staff_id = ctx.session.execute(gone.execution_options(synchronize_session=False)).scalar_one_or_none()
    if staff_id is None:
        return False
    staff = ctx.session.get_one(Staff, staff_id)
    factor.record(ctx, staff, "staff:session:ended", actor=actor or f"staff:{staff_id}", why=why)
    return True


def list_own(ctx: Context, signed: SignedIn) -> list[Listed]:
    """The person's open sessions under this login, newest first."""
    return list_of(ctx, signed.staff, signed.session_hash)


def list_of(ctx: Context, staff: Staff, this: str = "") -> list[Listed]:
    """The open sessions of a login, newest first. `this` is the hash of the reader's own."""
    query = select(StaffSession, SubjectKey).join(Staff, Staff.id == StaffSession.staff_id)
    # read along, or the vault would ask for the key of each row by itself
    query = query.outerjoin(SubjectKey, SubjectKey.subject_id == Staff.subject_id)
    query = query.where(StaffSession.staff_id == staff.id, *_live(ctx))
    rows = ctx.session.execute(query.order_by(StaffSession.created_at.desc(), StaffSession.hash)).all()
    return [_listed(ctx, staff, row, this) for row, _key in rows]


def _listed(ctx: Context, staff: Staff, row: StaffSession, this: str) -> Listed:
    origin = ctx.vault.open_json(ctx.session, staff.subject_id, row, "origin") or {}
    return Listed(
        key=row.hash[:KEY],
        address=origin.get("address", ""),
        browser=origin.get("browser", ""),
        since=row.created_at,
        seen_at=row.seen_at,
        is_this=row.hash == this,
    )


def revoke(ctx: Context, signed: SignedIn, key: str) -> None:
    """End one of one's own other sessions. Raises NotFound for anybody else's and for one that is gone."""
    with ctx.act():
        if not end_one(ctx, signed.staff, key, "revoked"):
            raise NotFound()


def end_one(ctx: Context, staff: Staff, key: str, why: str) -> bool:
    """End the session of a login that a list names by this key. False for anybody else's and for one that is gone."""
    own = select(StaffSession.hash).where(StaffSession.staff_id == staff.id)
    hashed = next((each for each in ctx.session.execute(own).scalars() if each[:KEY] == key), None)
    return hashed is not None and _end(ctx, hashed, why, ctx.actor_name)


def revoke_others(ctx: Context, signed: SignedIn) -> None:
    """End all of one's own sessions but this one."""
    with ctx.act():
        staff = factor.lock(ctx, signed.staff.id)
        if staff is None:
            raise NotFound()
        factor.end_sessions(ctx, staff, "revoked", keep=signed.session_hash)
