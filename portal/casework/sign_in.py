"""How staff sign in: password and code in one post with one answer, enrolment, recovery codes, and fresh codes for acts.

Wrong passwords only slow down, per login and per address, and never lock; wrong codes count only behind a right password
and disable the factor in the end. A login's pause lets in whoever proves both all the same, and browsers that it lately
came in with have counts of their own (`browsers`), so nobody can shut a colleague out, not even with the password.
Whatever fails, the work done, the delays and the answer are the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select

from portal import audit, contact, passwords
from portal.casework import brakes, browsers, factor, sessions, staff_mail
from portal.casework.context import Context, Refused, Throttled
from portal.casework.sessions import Opened, SignedIn
from portal.models import Staff, StaffSession

NEW_KEY_LIFE = timedelta(minutes=10)
NEW_KEY_TRIES = 5
LOGGED_PAUSE = timedelta(minutes=1)  # shorter ones are typing errors, and would fill the log


@dataclass(frozen=True)
class Known:
    """A login as it was when its password was compared."""

    id: str
    password_hash: str | None


@dataclass(frozen=True)
class Enrolment:
    """The key that is being set up. It becomes the factor with one right code."""

    secret: str
    address: str

    @property
    def groups(self) -> tuple[str, ...]:
        """The key as it is read and typed."""
        return tuple(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))


def sign_in(
    ctx: Context,
    login: str,
    password: str,
    *,
    code: str,
    old_cookie: str | None = None,
    mark: str | None = None,
) -> Opened:
    """Open a session for password and code, or, where no factor is set up yet and no pause runs, for the password alone.

    `mark` is what the browser kept from an earlier sign-in.

    Raises Refused("sign_in_failed") whatever was wrong, and Throttled instead while a pause runs.
    """
    email = _canonical(login)
    browser = browsers.known(ctx, email, mark)
    turn = brakes.take_turn(ctx, email, browser)
    known, right = _check_password(ctx, email, password)
    opened = None
    with ctx.act():
        staff = factor.lock(ctx, known.id) if known else None
        at = browser.key if browser else ""
        stage = _judge(ctx, staff, known, code=code, password_right=right, at=at)
        if turn.wait and stage == "enrol":
            stage = None  # else the password alone could be guessed here, without any delay
        if staff and stage:
            opened = _open(ctx, staff, stage, email=email, old_cookie=old_cookie, browser=browser)
            _rehash(staff, password)
        else:
            _failed(ctx, staff, "code" if right else "password", turn)
    return _answered(opened, turn)


def recover(
    ctx: Context,
    login: str,
    password: str,
    *,
    code: str,
    old_cookie: str | None = None,
    mark: str | None = None,
) -> Opened:
    """Open a session that can only ask for a reset, for password and a saved recovery code. Raises as `sign_in`."""
    email = _canonical(login)
    browser = browsers.known(ctx, email, mark)
    turn = brakes.take_turn(ctx, email, browser)
    known, right = _check_password(ctx, email, password)
    code_id = factor.matching_recovery_code(ctx, known.id if known and right else None, code)
    opened = None
    with ctx.act():
        staff = factor.lock(ctx, known.id) if known else None
        usable = staff and right and _is_same(staff, known)
        if staff and usable and code_id and factor.use_recovery_code(ctx, code_id):
            opened = _open(ctx, staff, "recovery", email=email, old_cookie=old_cookie, browser=browser)
            left = len(factor.unused_recovery_codes(ctx, staff.id))
            factor.record(ctx, staff, "staff:recovery:used", actor=f"staff:{staff.id}", left=left)
            staff_mail.changed(ctx, [staff], "recovery_used", about=staff)
        else:
            _failed(ctx, staff, "recovery" if right else "password", turn)
    return _answered(opened, turn)


def _answered(opened: Opened | None, turn: brakes.Turn) -> Opened:
    """While a pause runs every failure is answered alike, so that a guess learns no more than if it were not judged."""
    if opened is None:
        raise Throttled(turn.wait) if turn.wait else Refused("sign_in_failed")
    return opened


def _canonical(login: str) -> str:
    try:
        return contact.parse_email(login).canonical
    except contact.ContactError:
        # nobody's, but counted and answered like everybody's; as a hash, whatever bytes were sent
        return hashlib.sha256(login.encode(errors="replace")).hexdigest()


def _check_password(ctx: Context, email: str, password: str) -> tuple[Known | None, bool]:
    """Outside of any transaction, because hashing takes longer than all else together. Nobody's takes as long."""
    query = select(Staff).where(Staff.email == email, Staff.email != "")
    staff = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    right = passwords.fits(staff.password_hash if staff else None, password)
    return (Known(staff.id, staff.password_hash) if staff else None), right


def _is_same(staff: Staff, known: Known | None) -> bool:
    """Nothing happened to the login while its password was being compared."""
    return bool(known and staff.disabled_at is None and staff.password_hash == known.password_hash)


def _judge(
    ctx: Context, staff: Staff | None, known: Known | None, *, code: str, password_right: bool, at: str
) -> str | None:
    """The stage that these proofs open, or None. A right code is used up also where the password was wrong."""
    if staff is None:
        return None
    if not (password_right and _is_same(staff, known)):
        factor.spend(ctx, staff, code)
        return None
    if not factor.is_enrolled(staff):
        return "enrol"
    if not factor.accepts(ctx, staff, code, at=at):
        return None
    return "full" if factor.unused_recovery_codes(ctx, staff.id) else "codes"


def _open(
    ctx: Context,
    staff: Staff,
    stage: str,
    *,
    email: str,
    old_cookie: str | None,
    browser: browsers.Known | None,
) -> Opened:
    brakes.give_back(ctx, email, browser)
    sessions.end(ctx, old_cookie)
    opened = sessions.start(ctx, staff, stage, kept=_first_content(ctx, stage))
    factor.record(ctx, staff, "staff:sign_in:done", actor=f"staff:{staff.id}")
    is_new = browser is None and stage in {"full", "codes"}  # a saved code proves no device
    return replace(opened, mark=browsers.mark(ctx, email)) if is_new else opened


def _first_content(ctx: Context, stage: str) -> dict[str, object] | None:
    if stage == "enrol":
        return _new_key(ctx)
    if stage == "codes":
        return {"codes": factor.new_recovery_codes(ctx.limits.recovery_codes)}
    return None


def _rehash(staff: Staff, password: str) -> None:
    if staff.password_hash and passwords.is_outdated(staff.password_hash):
        staff.password_hash = passwords.hashed(password)


def _failed(ctx: Context, staff: Staff | None, what: str, turn: brakes.Turn) -> None:
    if staff is None:
        audit.append(ctx.session, "system", "system:sign_in:failed", actor="system", at=ctx.now, facts={})
        return
    factor.record(ctx, staff, "staff:sign_in:failed", actor="system", factor=what)
    if turn.pause >= LOGGED_PAUSE:
        until = audit.timestamp(ctx.now + turn.pause)
        factor.record(ctx, staff, "staff:sign_in:blocked", actor="system", until=until)


def fresh_factor(ctx: Context, staff_id: str, code: str) -> bool:
    """Spend one code for one act, in a transaction of its own: it stays spent when that act is then refused.

    Failures count as at sign-in. Raises Throttled after too many.
    """
    if ctx.session.info.get("acting"):
        raise RuntimeError("a fresh code is spent before its act begins, or a refusal would give it back")
    with ctx.act():
        staff = factor.lock(ctx, staff_id)
        if staff is None or staff.disabled_at is not None or not factor.is_enrolled(staff):
            return False
        wait = factor.seconds_to_wait(ctx, staff, factor.desk(staff))
        accepted = factor.fresh(ctx, staff, code)
    if wait:
        raise Throttled(wait)
    return accepted


def begin_enrolment(ctx: Context, staff: Staff) -> Opened:
    """Open a session that can only set up a factor, for a locked login that has just proven its mailbox."""
    return sessions.start(ctx, staff, "enrol", kept=_new_key(ctx))


def _new_key(ctx: Context) -> dict[str, object]:
    return {"secret": factor.new_secret(), "tries": 0, "until": audit.timestamp(ctx.now + NEW_KEY_LIFE)}


def enrolment(ctx: Context, signed: SignedIn, *, issuer: str) -> Enrolment:
    """The key to set up in this session. Raises Refused outside of its stage."""
    row = ctx.session.get(StaffSession, signed.session_hash)
    if row is None or row.stage != "enrol":
        raise Refused("session_moved")
    secret = sessions.kept(ctx, row, signed.staff)["secret"]
    return Enrolment(secret, factor.address_of(secret, login=signed.staff.email, issuer=issuer))


def enrol(ctx: Context, signed: SignedIn, code: str) -> Opened:
    """Make the key the login's factor with one code of it; the recovery codes come next.

    Raises Refused("wrong_code"), or ("new_key") when the key was too old or tried too often and another is shown.
    """
    opened, refused = None, "wrong_code"
    with ctx.act():
        row, staff = sessions.lock(ctx, signed, "enrol")
        key = sessions.kept(ctx, row, staff)
        step = factor.step_of(key["secret"], code, ctx.now)
        if key["until"] <= audit.timestamp(ctx.now):
            refused = _keep(ctx, row, staff, _new_key(ctx), "new_key")
        elif step is not None:
            opened = _activate(ctx, row, staff, key["secret"], step)
        elif key["tries"] + 1 >= NEW_KEY_TRIES:
            refused = _keep(ctx, row, staff, _new_key(ctx), "new_key")
        else:
            refused = _keep(ctx, row, staff, {**key, "tries": key["tries"] + 1}, "wrong_code")
    if opened is None:
        raise Refused(refused, field="code")
    return opened


def _keep(ctx: Context, row: StaffSession, staff: Staff, content: object, reason: str) -> str:
    ctx.vault.seal_json(ctx.session, staff.subject_id, row, "enrolment", content)
    return reason


def _activate(ctx: Context, row: StaffSession, staff: Staff, secret: str, step: int) -> Opened:
    ctx.vault.seal(ctx.session, staff.subject_id, staff, "totp", secret)
    staff.totp_last_step, staff.totp_failures, staff.totp_enrolled_at = step, 0, ctx.now
    opened = sessions.move(ctx, row, staff, "codes", kept=_first_content(ctx, "codes"))
    factor.end_sessions(ctx, staff, "factor", keep=opened.hash)
    factor.record(ctx, staff, "staff:factor:enrolled", actor=f"staff:{staff.id}")
    staff_mail.changed(ctx, [staff], "factor_enrolled", about=staff)
    return opened


def codes(ctx: Context, signed: SignedIn) -> tuple[str, ...]:
    """The recovery codes that this session shows until they are saved; nothing keeps them in clear afterwards."""
    row = ctx.session.get(StaffSession, signed.session_hash)
    if row is None or row.stage != "codes":
        raise Refused("session_moved")
    return tuple(sessions.kept(ctx, row, signed.staff)["codes"])


def save_codes(ctx: Context, signed: SignedIn) -> Opened:
    """The codes are saved: keep their hashes in the place of the old set, and let the person in."""
    shown = codes(ctx, signed)
    hashes = factor.hashes_of(list(shown))
    with ctx.act():
        row, staff = sessions.lock(ctx, signed, "codes")
        if tuple(sessions.kept(ctx, row, staff)["codes"]) != shown:
            raise Refused("session_moved")
        factor.replace_recovery_codes(ctx, staff, hashes)
        factor.record(ctx, staff, "staff:codes:saved")
        staff_mail.changed(ctx, [staff], "codes_renewed", about=staff)
        return replace(sessions.move(ctx, row, staff, "full"), mark=browsers.mark(ctx, staff.email))


def renew_codes(ctx: Context, signed: SignedIn, code: str) -> Opened:
    """Show a new set of recovery codes, with a fresh code. The old set works until the new one is saved."""
    if not fresh_factor(ctx, signed.staff.id, code):
        raise Refused("wrong_code", field="code")
    with ctx.act():
        row, staff = sessions.lock(ctx, signed, "full")
        return sessions.move(ctx, row, staff, "codes", kept=_first_content(ctx, "codes"))
