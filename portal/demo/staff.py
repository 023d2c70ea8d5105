"""The demo's staff, and how each signs in. Passwords follow from the keys of this very database: nothing keeps them in clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from portal.casework import logins
from portal.casework.context import Context
from portal.domain.lifecycle import SYSTEM, Role
from portal.domain.reference import ALPHABET
from portal.models import AuditEvent, Person, Staff, StaffRole
from portal.runtime import Runtime
from portal.vault import Vault

HOST = "desk.example"
CALLING = frozenset({Role.VERIFIER, Role.LEAD})
DESK_PHONES = "+8130000"  # a sample: the numbering plan gives it to nobody
GROUPS, GROUP = 4, 4  # 16 of 31 characters: 79 bits


@dataclass(frozen=True)
class Colleague:
    """One login. `same_as` names the login of a person who has another one already."""

    key: str
    name: str
    language: str
    role: Role
    same_as: str | None = None


COLLEAGUES: Mapping[str, Colleague] = {
    each.key: each
    for each in (
        Colleague("mori", "森 あおば", "ja", Role.VERIFIER),
        Colleague("clarke", "Emma Clarke", "en", Role.VERIFIER),
        Colleague("ishii", "石井 健人", "ja", Role.APPROVER),
        Colleague("reed", "Daniel Reed", "en", Role.APPROVER),
        Colleague("kobayashi", "小林 直美", "ja", Role.LEAD),
        Colleague("turner", "Grace Turner", "en", Role.LEAD),
        Colleague("okada", "岡田 修", "ja", Role.ADMIN),
        Colleague("brooks", "Helen Brooks", "en", Role.ADMIN),
        Colleague("nakajima", "中島 めぐみ", "ja", Role.COMPLIANCE),
        # Two logins and still one person: what she has checked with one she cannot agree to with the other.
        Colleague("mori.second", "森 あおば", "ja", Role.APPROVER, same_as="mori"),
    )
}


@dataclass(frozen=True)
class SignIn:
    """How somebody of the staff gets in, for the terminal only. No password where somebody has set another one."""

    name: str
    roles: str
    address: str
    password: str | None
    secret: str


def hire(ctx: Context) -> dict[str, str]:
    """Plant all colleagues, ready to sign in. Returns the id of each login by its key."""
    made: dict[str, Staff] = {}
    for each in COLLEAGUES.values():
        person_id = made[each.same_as].person_id if each.same_as else None
        entry = logins.Entry(
            each.name, f"{each.key}@{HOST}", each.language, frozenset({each.role}), person_id
        )
        made[each.key], _ = logins.plant(ctx, entry, password=password_of(ctx.vault, entry.email))
        if each.role in CALLING:
            number = f"{DESK_PHONES}{len(made):04}"
            ctx.vault.seal(ctx.session, made[each.key].subject_id, made[each.key], "desk_phone", number)
    return {key: staff.id for key, staff in made.items()}


def password_of(vault: Vault, address: str) -> str:
    """The password with which a login of the demo begins: only who has the keys of this database can work it out."""
    number = int(vault.digest("demo_password", address), 16)
    drawn = ""
    for _ in range(GROUPS * GROUP):
        number, place = divmod(number, len(ALPHABET))
        drawn += ALPHABET[place].lower()
    return "-".join(drawn[start : start + GROUP] for start in range(0, len(drawn), GROUP))


def sign_in_details(runtime: Runtime) -> list[SignIn]:
    """How each login of the demo gets in, in the order of their making. For the terminal: never log it."""
    with runtime.sessions() as session:
        ctx = runtime.context(session, SYSTEM)
        query = (
            select(Staff, Person)
            .join(Person, Person.id == Staff.person_id)
            .where(Staff.disabled_at.is_(None), Staff.sealed_totp.is_not(None))
        )
        rows = session.execute(query).all()
        order = [f"{key}@{HOST}" for key in COLLEAGUES]
        known = sorted(
            (row for row in rows if row[0].email in order), key=lambda row: order.index(row[0].email)
        )
        return [_details(ctx, staff, person) for staff, person in known]


def _details(ctx: Context, staff: Staff, person: Person) -> SignIn:
    roles = select(StaffRole.role).where(StaffRole.staff_id == staff.id, StaffRole.revoked_at.is_(None))
    changed = select(AuditEvent.id).where(
        AuditEvent.stream == f"staff:{staff.id}", AuditEvent.tag == "staff:password:changed"
    )
    is_own = staff.password_hash is None or ctx.session.execute(changed).first() is not None
    return SignIn(
        name=person.name,
        roles=", ".join(sorted(ctx.session.execute(roles).scalars())),
        address=staff.email,
        password=None if is_own else password_of(ctx.vault, staff.email),
        secret=ctx.vault.open(ctx.session, staff.subject_id, staff, "totp") or "",
    )
