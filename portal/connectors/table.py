"""The table of connectors: one entry for each kind of system that holds MFA devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from portal.connectors import Connector, training
from portal.connectors.local import LocalConnector
from portal.connectors.runbook import RunbookConnector
from portal.connectors.training import TrainingConnector
from portal.environment import SettingsError
from portal.vault import Vault

CONNECTORS: Mapping[str, Callable[[Vault], Connector]] = {
    "local": LocalConnector,
    "runbook": lambda _vault: RunbookConnector(),
}


def connectors_for(names: tuple[str, ...], vault: Vault) -> Mapping[str, Connector]:
    """The connectors that a setting names, and the one of training cases. Raises SettingsError for one that does not exist."""
    for name in names:
        if name not in CONNECTORS:
            raise SettingsError(f"KAIJO_CONNECTORS may name {' and '.join(CONNECTORS)}, but not {name}.")
    made = {name: CONNECTORS[name](vault) for name in names}
    return MappingProxyType({**made, training.KEY: TrainingConnector(like=made[names[0]])})


def registrable(connectors: Iterable[str]) -> tuple[str, ...]:
    """Those that an entry of the register may name: nobody can import an account of the training directory."""
    return tuple(name for name in connectors if name != training.KEY)


def shown_as(connector: str, connectors: Iterable[str]) -> str:
    """How staff see a connector: a training account must not be known by it."""
    return registrable(connectors)[0] if connector == training.KEY else connector
