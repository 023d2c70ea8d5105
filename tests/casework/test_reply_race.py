"""Undo against the worker, each with a connection of its own: a reply is either taken back or sent, never both, never neither."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask

from portal import outbox
from portal.casework import messages
from portal.casework.context import Refused
from portal.domain.lifecycle import Actor
from portal.engine import writing
from tests.applications import app_for
from tests.casework.replies import UNDO, WORDS, mails, reply, work
from tests.sql import row_of
from tests.world import World

ROUNDS = 6


@pytest.fixture
def app(world: World) -> Flask:
    world.account()
    return app_for(world.runtime)


@pytest.fixture
def case_id(app: Flask, world: World) -> str:
    made = world.verifying()
    work(world, app)
    return made


def claim_early(world: World) -> str | None:
    """A worker whose clock is fast comes while the reply can still be taken back."""
    with world.runtime.sessions() as session, writing(session):
        row = outbox.claim(session, "fast", now=world.now + UNDO)
        return row.id if row else None


def take_back(world: World, actor: Actor, case_id: str, message_id: str) -> str:
    with world.runtime.sessions() as session:
        try:
            messages.take_back(world.runtime.context(session, actor), case_id, message_id)
        except Refused as refused:
            return refused.reason
    return "undone"


def test_undo_and_worker_at_the_same_moment_leave_one_winner(world: World, case_id: str) -> None:
    actor = world.as_("alice").actor
    for _ in range(ROUNDS):
        message = reply(world, case_id)
        message_id, outbox_id = message.id, message.outbox_id
        world.now -= timedelta(seconds=25)
        world.session.rollback()
        line = threading.Barrier(2)

        def at_once(act: Callable[[], str | None], line: threading.Barrier = line) -> str | None:
            line.wait(timeout=30)
            return act()

        with ThreadPoolExecutor(2) as threads:
            worker = threads.submit(at_once, partial(claim_early, world))
            author = threads.submit(at_once, partial(take_back, world, actor, case_id, message_id))
        undone = author.result() == "undone"
        assert (worker.result(), author.result()) in {(None, "undone"), (outbox_id, "reply_left")}
        assert (row_of(world, "outbox", id=outbox_id)["state"] == "cancelled") is undone
        assert (row_of(world, "message", id=message_id)["taken_back_at"] is not None) is undone


def test_a_reply_that_a_worker_holds_is_not_taken_back(world: World, case_id: str) -> None:
    message = reply(world, case_id)
    claim_early(world)
    world.now -= timedelta(seconds=25)
    with pytest.raises(Refused, match="reply_left"):
        messages.take_back(world.as_("alice"), case_id, message.id)
    assert row_of(world, "outbox", id=message.outbox_id)["state"] == "pending"


def test_a_reply_that_was_taken_back_is_claimed_by_nobody(world: World, app: Flask, case_id: str) -> None:
    message = reply(world, case_id)
    world.now -= timedelta(seconds=30)
    messages.take_back(world.as_("alice"), case_id, message.id)
    world.now += timedelta(days=1)
    work(world, app)
    row = row_of(world, "outbox", id=message.outbox_id)
    assert (row["state"], row["attempts"], row["sealed_params"]) == ("cancelled", 0, None)
    assert all(WORDS.subject not in mail["Subject"] for mail in mails(world))
