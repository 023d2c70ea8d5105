"""The table of connectors: one entry for each kind of system that holds MFA devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from portal.connectors import Connector
from portal.connectors.local import LocalConnector
from portal.connectors.runbook import RunbookConnector
from portal.environment import SettingsError
from portal.vault import Vault

CONNECTORS: Mapping[str, Callable[[Vault], Connector]] = {
    "local": LocalConnector,
    "runbook": lambda _vault: RunbookConnector(),
}


def connectors_for(names: tuple[str, ...], vault: Vault) -> Mapping[str, Connector]:
    """The connectors that a setting names. Raises SettingsError for one that does not exist."""
    for name in names:
        if name not in CONNECTORS:
            raise SettingsError(f"KAIJO_CONNECTORS may name {' and '.join(CONNECTORS)}, but not {name}.")
    return MappingProxyType({name: CONNECTORS[name](vault) for name in names})
