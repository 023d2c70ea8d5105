"""Links in mails: stored as hashes, exact in their form, good once, for one purpose, for their time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal import tokens
from portal.casework.context import Refused
from portal.engine import writing
from portal.models import Installation, LinkToken
from tests.sql import attack, refused, row_of, sql
from tests.together import together
from tests.world import World

HOUR = timedelta(hours=1)


def issued(world: World, purpose: str = "stop", **bound_to: Any) -> str:
    with world.system.act():
        return tokens.issue(world.session, purpose, now=world.now, expires_at=world.now + HOUR, **bound_to)


def consumed(world: World, raw: str, purpose: str = "stop") -> LinkToken | None:
    with world.system.act():
        return tokens.consume(world.session, raw, purpose, now=world.now)


def test_a_link_is_good_once(world: World) -> None:
    raw = issued(world)
    first = consumed(world, raw)
    assert first is not None
    assert first.used_at == world.now
    assert consumed(world, raw) is None


def test_only_the_hash_is_kept(world: World) -> None:
    raw = issued(world)
    row = row_of(world, "link_token")
    assert row["hash"] == tokens.digest(raw)
    assert raw not in repr(row)


def test_no_two_links_are_the_same(world: World) -> None:
    assert len({tokens.random_token() for _ in range(1000)}) == 1000


def test_a_link_serves_its_own_purpose_only(world: World) -> None:
    raw = issued(world, "status")
    assert consumed(world, raw, "stop") is None
    assert tokens.find(world.session, raw, "stop") is None
    assert consumed(world, raw, "status") is not None


def test_a_link_ends_at_its_time_and_not_a_moment_later(world: World) -> None:
    early, late = issued(world), issued(world)
    world.now += HOUR - timedelta(microseconds=1)
    assert consumed(world, early) is not None
    world.now += timedelta(microseconds=1)
    assert consumed(world, late) is None


def test_a_link_without_an_end_cannot_be_stored(world: World) -> None:
    issued(world)
    refused(world, "expires_at", sql("UPDATE link_token SET expires_at = NULL"))


@pytest.mark.parametrize(
    "spelling",
    ["{} ", " {}", "{}\n", "{}=", "\u200b{}", "{}\x00"],
)
def test_a_link_has_one_spelling(world: World, spelling: str) -> None:
    raw = issued(world)
    assert consumed(world, spelling.format(raw)) is None
    assert tokens.find(world.session, spelling.format(raw), "stop") is None
    assert consumed(world, raw) is not None


def test_case_and_letters_of_a_link_count(world: World) -> None:
    raw = issued(world)
    for other in (raw.swapcase(), raw[::-1], raw[:-1], raw + "A", "", "a" * 43, "あ" * 43, "１" * 43):
        assert consumed(world, other) is None


def test_looking_at_a_link_uses_nothing_up(world: World) -> None:
    raw = issued(world)
    for _ in range(3):
        row = tokens.find(world.session, raw, "stop")
        assert row is not None
        assert tokens.is_live(row, world.now)
    assert consumed(world, raw) is not None


def test_a_used_link_is_still_found_and_said_to_be_used(world: World) -> None:
    raw = issued(world)
    consumed(world, raw)
    row = tokens.find(world.session, raw, "stop")
    assert row is not None
    assert not tokens.is_live(row, world.now)


def test_revoking_ends_links_of_the_purpose_and_of_what_they_are_bound_to(world: World) -> None:
    case_id, other = world.submit(), world.submit()
    ended = issued(world, "mailbox", case_id=case_id)
    spared = [issued(world, "mailbox", case_id=other), issued(world, "letter", case_id=case_id)]
    with world.system.act():
        tokens.revoke(world.session, now=world.now, purpose="mailbox", case_id=case_id)
    assert consumed(world, ended, "mailbox") is None
    assert consumed(world, spared[0], "mailbox") is not None
    assert consumed(world, spared[1], "letter") is not None


def test_revoking_does_not_touch_what_was_used(world: World) -> None:
    raw = issued(world)
    consumed(world, raw)
    with world.system.act():
        tokens.revoke(world.session, now=world.now, purpose="stop")
    assert world.session.execute(select(LinkToken.revoked_at)).scalar_one() is None


def test_links_from_before_a_restored_backup_are_dead(world: World) -> None:
    raw = issued(world)
    with world.system.act():
        world.session.execute(update(Installation).values(token_epoch=Installation.token_epoch + 1))
    assert consumed(world, raw) is None
    assert tokens.find(world.session, raw, "stop") is None
    assert consumed(world, issued(world)) is not None


def test_an_act_that_fails_gives_its_link_back(world: World) -> None:
    raw = issued(world)
    with pytest.raises(Refused):
        consume_and_refuse(world, raw)
    assert consumed(world, raw) is not None


def consume_and_refuse(world: World, raw: str) -> None:
    with world.system.act():
        assert consumed(world, raw) is not None
        raise Refused("wrong_status")


def test_of_eight_presses_at_once_one_gets_the_link(world: World) -> None:
    raw = issued(world)

    def press() -> bool:
        with world.runtime.sessions() as session, writing(session):
            return tokens.consume(session, raw, "stop", now=world.now) is not None

    assert sorted(together(8, press)) == [False] * 7 + [True]


def test_no_purpose_but_those_of_the_table_is_stored(world: World) -> None:
    issued(world)
    refused(world, "ck_link_token_purpose", sql("UPDATE link_token SET purpose = 'login'"))
    attack(world, sql("UPDATE link_token SET purpose = 'halt'"))
