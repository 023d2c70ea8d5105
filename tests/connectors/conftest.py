"""One open act on a fresh database, and a vault with keys of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import profiles
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portal import passwords
from portal.engine import writing
from portal.vault import Keys, Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    Keys.generate(tmp_path / "keys")
    return Vault(Keys.load(tmp_path / "keys"))


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    passwords.use(profiles.CHEAPEST)
    yield
    passwords.use(passwords.PASSWORDS)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as opened, writing(opened):
        yield opened
