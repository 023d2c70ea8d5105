"""A desk with a telephone, an account, and an IAM user of it who may correct its number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.models import (
    Account,
)
from tests.casework.keepers import (
    Keeper,
    Telephoned,
    iam_user,
)
from tests.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = Telephoned(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def taro(world: World, account: Account) -> Keeper:
    return iam_user(world, account, "taro", edits=True)
