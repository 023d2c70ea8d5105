"""Logins of staff: how one is made and entered for the first time, and what its holder may change alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from portal import contact, passwords, tokens
from portal.casework import factor, sessions, sign_in, staff_mail
from portal.casework.context import Context, NotFound, Refused
from portal.casework.sessions import Opened, SignedIn
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import SYSTEM, Role
from portal.models import AuditEvent, Installation, LinkToken, Person, Staff, StaffRole, new_id

THEMES = ("auto", "light", "dark")
DENSITIES = ("standard", "dense")


@dataclass(frozen=True)
class Entry:
    """Somebody who is to get a login. `person_id` names a human being who has another one already."""

    name: str
    email: str
    language: str
    roles: frozenset[Role]
    person_id: str | None = None


@dataclass(frozen=True)
class RosterRow:
    """A login as the list of staff shows it. `state` is invited, active, factor_disabled or disabled."""

    staff: Staff
    person: Person
    roles: tuple[Role, ...]
    state: str
    last_sign_in: datetime | None


def read_entry(entry: Entry) -> Entry:
    """Check what was typed for a login. Raises Refused with the field."""
    if entry.language not in LANGUAGES:
        raise Refused("language_unknown", field="language")
    try:
        name = contact.clean_name(entry.name)
    except contact.ContactError as error:
        raise Refused(error.key, field="name", **error.details) from None
    return Entry(name, read_address(entry.email), entry.language, entry.roles, entry.person_id)


def read_address(text: str) -> str:
    """The one spelling of an address. Raises Refused."""
    try:
        return contact.parse_email(text).canonical
    except contact.ContactError as error:
        raise Refused(error.key, field="email", **error.details) from None


def address_taken(ctx: Context, email: str) -> bool:
    """Whether a login has this address, a disabled one too."""
    return ctx.session.execute(select(Staff.id).where(Staff.email == email)).scalar_one_or_none() is not None


def create(ctx: Context, entry: Entry, *, effective_at: datetime, proposal_id: str | None = None) -> Staff:
    """Insert a login with its roles, and its person where the entry names none. The caller has checked everything."""
    person = ctx.session.get_one(Person, entry.person_id) if entry.person_id else _new_person(ctx, entry.name)
    staff = Staff(
        id=new_id(),
        person_id=person.id,
        subject_id=ctx.vault.new_subject(ctx.session),
        email=entry.email,
        language=entry.language,
        created_at=ctx.now,
    )
    ctx.session.add(staff)
    ctx.session.flush()
    for role in sorted(entry.roles):
        ctx.session.add(
            StaffRole(staff_id=staff.id, role=role, proposal_id=proposal_id, effective_at=effective_at)
        )
    ctx.session.flush()
    return staff


def _new_person(ctx: Context, name: str) -> Person:
    person = Person(id=new_id(), name=name, created_at=ctx.now)
    ctx.session.add(person)
    ctx.session.flush()
    return person


def invite(ctx: Context, staff: Staff, *, proposal_id: str | None = None) -> None:
    """Mail a link for the first sign-in to a login's address."""
    staff_mail.invited(ctx, staff)
    held = select(StaffRole.role).where(StaffRole.staff_id == staff.id, StaffRole.revoked_at.is_(None))
    facts: dict[str, Any] = {
        "staff": staff.id,
        "person": staff.person_id,
        "proposal": proposal_id,
        "roles": sorted(ctx.session.execute(held).scalars()),
    }
    factor.record(ctx, staff, "staff:login:invited", **facts)


def invite_again(ctx: Context, staff_id: str) -> None:
    """Send another link to somebody who has not used theirs. One admin may: it goes to the agreed address only."""
    with ctx.act():
        staff = target(ctx, staff_id)
        if staff.password_hash is not None or staff.disabled_at is not None:
            raise Refused("not_invited")
        invite(ctx, staff)


def target(ctx: Context, staff_id: str) -> Staff:
    """Lock the login that an admin acts on: never one of their own. Raises NotFound or Refused."""
    if not ctx.actor.is_any(frozenset({Role.ADMIN})):
        raise Refused("wrong_role")
    staff = factor.lock(ctx, staff_id)
    if staff is None:
        raise NotFound()
    if staff.person_id == ctx.actor.person_id:
        raise Refused("own_login")
    return staff


def find_invite(ctx: Context, raw: str) -> Staff | None:
    """Whose link this is, while it works. Changes nothing."""
    token = tokens.find(ctx.session, raw, "invite")
    if token is None or not tokens.is_live(token, ctx.now):
        return None
    staff = ctx.session.get(Staff, token.staff_id)
    return staff if staff and staff.disabled_at is None else None


def accept_invite(ctx: Context, raw: str, password: str, *, old_cookie: str | None = None) -> Opened:
    """Set the password with the link, once, and go on to the second factor. Raises Refused."""
    invited = find_invite(ctx, raw)
    if invited is None:
        raise Refused("link_over")
    refuse_weak(ctx, invited, password)
    hashed = passwords.hashed(password)
    with ctx.act():
        token: LinkToken | None = tokens.consume(ctx.session, raw, "invite", now=ctx.now)
        staff = factor.lock(ctx, token.staff_id) if token and token.staff_id else None
        if staff is None or staff.disabled_at is not None or factor.is_enrolled(staff):
            raise Refused("link_over")
        staff.password_hash = hashed
        factor.end_sessions(ctx, staff, "password")
        sessions.end(ctx, old_cookie)
        factor.record(ctx, staff, "staff:password:changed", actor=f"staff:{staff.id}")
        return sign_in.begin_enrolment(ctx, staff)


def refuse_weak(ctx: Context, staff: Staff, password: str) -> None:
    """Raise Refused for a password that cannot be chosen."""
    person = ctx.session.get_one(Person, staff.person_id)
    words = [*person.name.split(), *staff.email.replace("@", ".").split(".")]
    limits = ctx.limits
    reason = passwords.refusal(password, least=limits.password_min, most=limits.password_max, words=words)
    if reason:
        raise Refused(reason, field="password")


def change_password(ctx: Context, signed: SignedIn, *, present: str, code: str, new: str) -> None:
    """Change one's own password, with the present one and a fresh code. Other sessions end."""
    refuse_weak(ctx, signed.staff, new)
    known = signed.staff.password_hash
    right = passwords.fits(known, present)
    if not sign_in.fresh_factor(ctx, signed.staff.id, code) or not right:
        raise Refused("password_or_code")
    hashed = passwords.hashed(new)
    with ctx.act():
        staff = factor.lock(ctx, signed.staff.id)
        if staff is None or staff.password_hash != known:
            raise Refused("session_moved")
        staff.password_hash, staff.totp_failures = hashed, 0  # whoever knew the old one has no more tries
        factor.end_sessions(ctx, staff, "password", keep=signed.session_hash)
        factor.record(ctx, staff, "staff:password:changed")
        staff_mail.changed(ctx, [staff], "password_changed", about=staff)


def change_settings(
    ctx: Context, signed: SignedIn, *, language: str, theme: str, density: str, shortcuts: bool | None = None
) -> None:
    """Keep how a person wants their own pages. Raises Refused for a value that is none of ours."""
    wanted: Mapping[str, tuple[str, Sequence[str]]] = {
        "language": (language, tuple(LANGUAGES)),
        "theme": (theme, THEMES),
        "density": (density, DENSITIES),
    }
    for field, (value, known) in wanted.items():
        if value not in known:
            raise Refused("value_unknown", field=field)
    with ctx.act():
        staff = factor.lock(ctx, signed.staff.id)
        if staff is None:
            raise NotFound()
        for field, (value, _) in wanted.items():
            setattr(staff, field, value)
        staff.shortcuts = staff.shortcuts if shortcuts is None else shortcuts
        factor.record(ctx, staff, "staff:settings:changed")


def roster(ctx: Context) -> list[RosterRow]:
    """All logins by name, with what they may do now. A constant number of statements."""
    query = (
        select(Staff, Person).join(Person, Person.id == Staff.person_id).order_by(Person.name, Staff.email)
    )
    logins = ctx.session.execute(query).all()
    roles = _roles_by_login(ctx)
    seen = _last_sign_ins(ctx, [staff.id for staff, _ in logins])
    return [
        RosterRow(
            staff=staff,
            person=person,
            roles=tuple(roles.get(staff.id, ())),
            state=state_of(ctx, staff),
            last_sign_in=seen.get(f"staff:{staff.id}"),
        )
        for staff, person in logins
    ]


def state_of(ctx: Context, staff: Staff) -> str:
    """In one word, what stands between a login and its work."""
    if staff.disabled_at is not None:
        return "disabled"
    if not factor.is_enrolled(staff):
        return "invited"
    return "factor_disabled" if factor.is_disabled(ctx, staff) else "active"


def _roles_by_login(ctx: Context) -> dict[str, list[Role]]:
    query = select(StaffRole).where(
        StaffRole.effective_at <= ctx.now,
        or_(StaffRole.revoked_at.is_(None), StaffRole.revoked_at > ctx.now),
    )
    found: dict[str, list[Role]] = {}
    for row in ctx.session.execute(query.order_by(StaffRole.role, StaffRole.id)).scalars():
        found.setdefault(row.staff_id, []).append(Role(row.role))
    return found


def _last_sign_ins(ctx: Context, ids: list[str]) -> dict[str, datetime]:
    streams = [f"staff:{staff_id}" for staff_id in ids]
    query = (
        select(AuditEvent.stream, func.max(AuditEvent.at))
        .where(AuditEvent.stream.in_(streams), AuditEvent.tag == "staff:sign_in:done")
        .group_by(AuditEvent.stream)
    )
    return {row[0]: row[1] for row in ctx.session.execute(query)}


def plant(ctx: Context, entry: Entry, *, password: str, secret: str | None = None) -> tuple[Staff, str]:
    """Insert a login that is ready to sign in, and return its TOTP key: for invented people in a demo, nowhere else."""
    mark = ctx.session.execute(select(Installation.mark)).scalar_one()
    if ctx.actor != SYSTEM or mark != "demo":
        raise Refused("only_in_demo")
    known, key = read_entry(entry), secret or factor.new_secret()
    hashed = passwords.hashed(password)
    codes = factor.hashes_of(factor.new_recovery_codes(ctx.limits.recovery_codes))
    with ctx.act():
        if address_taken(ctx, known.email):
            raise Refused("address_taken", field="email")
        staff = create(ctx, known, effective_at=ctx.now)
        staff.password_hash, staff.totp_enrolled_at = hashed, ctx.now
        ctx.vault.seal(ctx.session, staff.subject_id, staff, "totp", key)
        factor.replace_recovery_codes(ctx, staff, codes)
    return staff, key
