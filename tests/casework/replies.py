"""What the tests of replies and notes share: words that are fit to be sent, and what the worker does with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from flask import Flask

from portal import worker
from portal.casework import messages
from portal.casework.message_drafts import Words
from portal.casework.messages import Said
from portal.domain.limits import Limits
from portal.models import DemoMail, Message
from tests.world import World

WORDS = Words("お電話の日時について", "本日 15:00 ごろにお電話いたします。")
ENGLISH = Words("About our call", "We will call you today at about 3pm.")
UNDO = Limits().reply_undo


def reply(world: World, case_id: str, words: Words = WORDS, name: str = "alice", **how: Any) -> Message:
    ctx = world.as_(name)
    return messages.reply(ctx, case_id, world.case(case_id).version, words, **how)


def note(world: World, case_id: str, body: str = "声が若い。", name: str = "alice") -> Message:
    ctx = world.as_(name)
    return messages.note(ctx, case_id, world.case(case_id).version, body)


def receive(world: World, case_id: str, text: str = "何時ごろお電話をいただけますか。") -> Message:
    return messages.receive(world.owner, world.case(case_id), text)


def thread(world: World, case_id: str, name: str = "alice") -> list[Said]:
    """What stands in a case now. No time goes by."""
    world.session.rollback()
    actor = world.as_(name).actor
    world.now -= timedelta(seconds=30)
    return messages.thread(world.system.as_actor(actor), world.case(case_id))


def states(world: World, case_id: str) -> list[str]:
    return [said.state for said in thread(world, case_id)]


def work(world: World, app: Flask) -> None:
    """Let the worker do everything that is due."""
    while worker.work_once(world.runtime, app, "worker"):
        pass
    world.session.rollback()


def leave(world: World, app: Flask) -> None:
    """Let the moment pass in which a reply can be taken back, and the worker send it."""
    world.now += UNDO
    work(world, app)


def caught(world: World, subject: str) -> EmailMessage:
    """The mail of this subject, as its reader finds it in the demo's catcher."""
    found = [one for one in mails(world) if subject in one["Subject"]]
    assert found, [str(one["Subject"]) for one in mails(world)]
    return found[0]


def mails(world: World) -> list[EmailMessage]:
    """Every mail that was sent."""
    world.session.rollback()
    opened = (message_from_bytes(mail.raw, policy=default) for mail in world.session.query(DemoMail))
    return [one for one in opened if isinstance(one, EmailMessage)]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def with_body(body: str) -> Words:
    return replace(WORDS, body=body)
