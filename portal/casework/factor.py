"""The second factor of staff: time-based codes of which each counts once, how often one may be wrong, recovery codes.

A code is checked inside the caller's transaction with the login's row locked, so that of two posts at once one wins.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update

from portal import audit, passwords, throttle
from portal.casework import staff_mail
from portal.casework.context import Context
from portal.domain.lifecycle import Role
from portal.domain.reference import ALPHABET, bare
from portal.models import Staff, StaffRecoveryCode, StaffSession, Throttle

FORM = re.compile(r"\A[0-9]{6}\Z")  # ^\d{6}$ would let a trailing newline and full-width digits through
STEP_SECONDS = 30
RULE, DESK_RULE = "staff_totp", "staff_totp_desk"
RECOVERY_GROUP, RECOVERY_LENGTH = 5, 10


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32(32)


def address_of(secret: str, *, login: str, issuer: str) -> str:
    """The otpauth address that the QR code shows."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is: the present one or, because typing takes time, the one before."""
    if not FORM.match(code):
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    shown = [step for step in (present, present - 1) if hmac.compare_digest(totp.generate_otp(step), code)]
    return shown[0] if shown else None


def lock(ctx: Context, staff_id: str) -> Staff | None:
    """Read a login for writing."""
    query = (
        select(Staff)
        .where(Staff.id == staff_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return ctx.session.execute(query).scalar_one_or_none()


def spend(ctx: Context, staff: Staff, code: str) -> bool:
    """Use up the step of a right code. False for a wrong one and for one that was used before."""
    secret = ctx.vault.open(ctx.session, staff.subject_id, staff, "totp")
    step = step_of(secret, code, ctx.now) if secret else None
    if step is None:
        return False
    spent = (
        update(Staff)
        .where(Staff.id == staff.id, Staff.totp_last_step < step)
        .values(totp_last_step=step)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    )
    return ctx.session.execute(spent).scalar_one_or_none() is not None


def is_enrolled(staff: Staff) -> bool:
    """Whether the login has a factor, be it one that failures have disabled."""
    return staff.sealed_totp is not None


def is_disabled(ctx: Context, staff: Staff) -> bool:
    """Too many wrong codes in a row from browsers that nobody knows: waiting does not open the door to them again.

    Another password does, chosen where the login is known, and a reset by two.
    """
    return staff.totp_failures >= ctx.limits.staff_totp_cap


def seconds_to_wait(ctx: Context, staff: Staff, at: str = "") -> int:
    """How long no code is accepted after too many wrong ones; 0 where one may be tried."""
    window = ctx.limits.staff_totp_window
    query = select(func.sum(Throttle.count), func.max(Throttle.window_at)).where(
        Throttle.rule == RULE,
        Throttle.digest == ctx.vault.digest(RULE, at or staff.id),
        Throttle.window_at > ctx.now - window,
    )
    count, began = ctx.session.execute(query).one()
    if not count or count < ctx.limits.staff_totp_tries:
        return 0
    return max(1, int((began + window - ctx.now).total_seconds()))


def accepts(ctx: Context, staff: Staff, code: str, *, at: str = "") -> bool:
    """Judge a code of somebody whose password is proven, count it, and disable the factor at the cap.

    `at` is a place that has shown itself to be the person's: a browser known to the login, or an open session. Its wrong
    codes are its own, and so is a right one: or whoever has the password could keep the person out, and each code of
    the person would give them new tries.
    """
    spent = spend(ctx, staff, code)
    if seconds_to_wait(ctx, staff, at) or (not at and is_disabled(ctx, staff)):
        return False
    if not spent:
        _count_failure(ctx, staff, at)
    elif not at:
        staff.totp_failures = 0
    return spent


def _count_failure(ctx: Context, staff: Staff, at: str) -> None:
    window = ctx.limits.staff_totp_window
    failed = throttle.hit(ctx.session, ctx.vault, RULE, at or staff.id, window=window, now=ctx.now)
    if not at:
        staff.totp_failures += 1
    if not at and is_disabled(ctx, staff):
        record(ctx, staff, "staff:factor:disabled", actor="system")
        told = [*staff_mail.holders(ctx, Role.LEAD), staff]
        staff_mail.changed(ctx, told, "factor_disabled", about=staff)
    elif failed == ctx.limits.staff_totp_tries:
        # whoever tries codes has the password: its owner must hear of it
        staff_mail.changed(ctx, [staff], "codes_refused", about=staff)


def desk(staff: Staff) -> str:
    """Where codes of somebody who is signed in are counted."""
    return f"desk:{staff.id}"


def fresh(ctx: Context, staff: Staff, code: str) -> bool:
    """Judge a code that is to open one act of somebody who is signed in. Too many wrong ones in a row end the sessions."""
    at = desk(staff)
    if accepts(ctx, staff, code, at=at):
        throttle.clear(ctx.session, ctx.vault, DESK_RULE, at)
        return True
    record(ctx, staff, "staff:factor:refused")
    if throttle.tally(ctx.session, ctx.vault, DESK_RULE, at) >= ctx.limits.staff_totp_cap:
        # who sits at the desk lacks the device: the sessions are not the person's any more
        end_sessions(ctx, staff, "factor")
        # nobody sits there now: the first slip of whoever signs in next must not end their sessions too
        throttle.clear(ctx.session, ctx.vault, DESK_RULE, at)
    return False


def end_sessions(ctx: Context, staff: Staff, why: str, *, keep: str | None = None) -> None:
    """End every session of a login, but for the one with the given hash."""
    staff.session_epoch += 1
    ctx.session.flush()
    ended = delete(StaffSession).where(StaffSession.staff_id == staff.id, StaffSession.hash != (keep or ""))
    if ctx.session.execute(ended.returning(StaffSession.hash)).scalars().all():
        record(ctx, staff, "staff:session:ended", why=why)
    if keep:
        kept = update(StaffSession).where(StaffSession.hash == keep).values(epoch=staff.session_epoch)
        ctx.session.execute(kept)


def record(ctx: Context, login: Staff, tag: str, *, actor: str | None = None, **facts: object) -> None:
    """Append to the login's own stream of the audit log."""
    audit.append(
        ctx.session, f"staff:{login.id}", tag, actor=actor or ctx.actor_name, at=ctx.now, facts=facts
    )


def new_recovery_codes(count: int) -> list[str]:
    """Random codes of about 49 bits, in two groups."""
    drawn = ("".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(count))
    return [f"{code[:RECOVERY_GROUP]}-{code[RECOVERY_GROUP:]}" for code in drawn]


def hashes_of(codes: list[str]) -> list[str]:
    """What is stored instead of recovery codes. Slow on purpose: call it outside of a transaction."""
    return [passwords.hashed(bare(code), "code") for code in codes]


def replace_recovery_codes(ctx: Context, staff: Staff, hashes: list[str]) -> None:
    """Put a new set in the place of the old one."""
    ctx.session.execute(delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff.id))
    ctx.session.add_all(StaffRecoveryCode(staff_id=staff.id, hash=each) for each in hashes)


def unused_recovery_codes(ctx: Context, staff_id: str) -> list[StaffRecoveryCode]:
    """The codes of a login that were not used yet."""
    query = select(StaffRecoveryCode).where(
        StaffRecoveryCode.staff_id == staff_id, StaffRecoveryCode.used_at.is_(None)
    )
    return list(ctx.session.execute(query.order_by(StaffRecoveryCode.id)).scalars())


def matching_recovery_code(ctx: Context, staff_id: str | None, typed: str) -> str | None:
    """The id of the code that was typed. As many are tried for nobody as for somebody. Slow, as `hashes_of`."""
    codes = unused_recovery_codes(ctx, staff_id) if staff_id else []
    plain, found = bare(typed).upper(), None
    for place in range(ctx.limits.recovery_codes):
        code = codes[place] if place < len(codes) else None
        if passwords.fits(code.hash if code else None, plain, "code") and code:
            found = code.id
    return found


def use_recovery_code(ctx: Context, code_id: str) -> bool:
    """Use a code up. Of two posts at once one gets it."""
    used = (
        update(StaffRecoveryCode)
        .where(StaffRecoveryCode.id == code_id, StaffRecoveryCode.used_at.is_(None))
        .values(used_at=ctx.now)
        .returning(StaffRecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return ctx.session.execute(used).scalar_one_or_none() is not None
