"""The devices of the principal that a case is about, as the connector of its account shows them."""

from __future__ import annotations

from portal.casework.context import Context, Refused
from portal.connectors import Connector, Device
from portal.models import Account, Case, Principal


def held_by(ctx: Context, case: Case) -> tuple[Connector, Principal]:
    """Where the devices are and whose they are. Raises Refused for a case that matches no account."""
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    principal = ctx.session.get(Principal, case.principal_id) if case.principal_id else None
    if account is None or principal is None:
        raise Refused("account_unknown")
    return ctx.connectors[account.connector], principal


def devices_of(ctx: Context, case: Case) -> tuple[Device, ...]:
    """What the connector shows, read outside any write; nothing for a case without an account. Raises ConnectorError."""
    if case.account_id is None or case.principal_id is None:
        return ()
    connector, principal = held_by(ctx, case)
    return connector.list_devices(ctx.session, principal)
