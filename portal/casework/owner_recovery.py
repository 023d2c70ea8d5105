"""Recovery codes of owners: ten of 80 bits, hashed as passwords are, each of which signs in once without any device."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

from portal import passwords
from portal.casework import owner_brakes, owner_sessions
from portal.casework.context import Context, Refused
from portal.casework.owner_factor import admit, fresh_code, held_for, tell
from portal.casework.owner_sessions import Opened, Visitor
from portal.casework.owner_sign_in import connector_of, record
from portal.connectors import SignIn
from portal.domain.reference import bare

BYTES = 10  # 16 characters of base32
GROUP = 4
_LOOK_ALIKE = str.maketrans("018", "OIB")  # what base32 does not have, and what is meant by it


def sign_in_with_code(ctx: Context, visitor: Visitor, typed: str) -> Opened:
    """Open the stage "full" for a saved code, which is used up. Raises Refused or Throttled; every try is counted.

    A right one is taken also where device codes no longer are: nobody guesses 80 bits, and whoever tries codes with a
    stolen password would otherwise have locked its owner out.
    """
    owner_brakes.count_recovery(ctx, visitor.principal.id)
    code_id = _matching(ctx, visitor, typed)
    opened = None
    with ctx.act():
        held = held_for(ctx, visitor, "password")
        connector = connector_of(ctx, held.account)
        connector.code_failures(ctx.session, held.principal)
        if code_id and connector.use_recovery_code(ctx.session, held.principal, code_id, now=ctx.now):
            opened = admit(ctx, held, factor="recovery")
            _tell_used(ctx, connector, held)
        else:
            record(ctx, held.account, "account:recovery:refused", principal=held.principal.id)
    if opened is None:
        raise Refused("wrong_recovery_code", field="code")
    return opened


def new_codes(ctx: Context) -> list[str]:
    """A set of codes as they are shown: 16 characters in groups of four."""
    drawn = (base64.b32encode(secrets.token_bytes(BYTES)).decode() for _ in range(ctx.limits.recovery_codes))
    return ["-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP)) for code in drawn]


def hashes_of(codes: Sequence[str]) -> list[str]:
    """What is stored instead of recovery codes. Slow on purpose: call it outside of a transaction."""
    return [passwords.hashed(plain_code(code), "code") for code in codes]


def plain_code(typed: str) -> str:
    """A recovery code as it is compared: any case, width and grouping."""
    return bare(typed).upper().translate(_LOOK_ALIKE)


def unused(ctx: Context, visitor: Visitor) -> int:
    return len(connector_of(ctx, visitor.account).recovery_codes(ctx.session, visitor.principal))


def show_new(ctx: Context, held: Visitor) -> None:
    """Have the session show a new set, inside an act."""
    owner_sessions.keep(ctx, held, codes=new_codes(ctx))


def shown(ctx: Context, visitor: Visitor) -> tuple[str, ...]:
    """The recovery codes that this session shows until they are saved; nothing keeps them in clear afterwards."""
    return tuple(owner_sessions.kept(ctx, visitor).get("codes") or ())


def renew(ctx: Context, visitor: Visitor, code: str) -> None:
    """Show a new set, for a fresh code. The old set works until the new one is saved."""
    fresh_code(ctx, visitor, code)
    with ctx.act():
        held = held_for(ctx, visitor, "full")
        show_new(ctx, held)


def save(ctx: Context, visitor: Visitor) -> None:
    """The codes are saved: keep their hashes in the place of every older set."""
    codes = shown(ctx, visitor)
    hashes = hashes_of(codes)
    with ctx.act():
        held = held_for(ctx, visitor, "limited", "enrol", "full")
        if not codes or shown(ctx, held) != codes:
            raise Refused("session_moved")
        connector = connector_of(ctx, held.account)
        connector.replace_recovery_codes(ctx.session, held.principal, hashes, now=ctx.now)
        owner_sessions.keep(ctx, held)
        record(ctx, held.account, "account:recovery:renewed", principal=held.principal.id)
        tell(ctx, held.account, "owner_codes_renewed")


def _matching(ctx: Context, visitor: Visitor, typed: str) -> str | None:
    """The id of the code that was typed; as many are compared wherever it stands, and where there are none. Slow."""
    stored = connector_of(ctx, visitor.account).recovery_codes(ctx.session, visitor.principal)
    plain, found = plain_code(typed), None
    for place in range(ctx.limits.recovery_codes):
        code_id, kept = stored[place] if place < len(stored) else (None, None)
        if passwords.fits(kept, plain, "code") and code_id:
            found = code_id
    return found


def _tell_used(ctx: Context, connector: SignIn, held: Visitor) -> None:
    left = len(connector.recovery_codes(ctx.session, held.principal))
    record(ctx, held.account, "account:recovery:used", principal=held.principal.id, left=left)
    tell(ctx, held.account, "owner_recovery_used", left=left)
