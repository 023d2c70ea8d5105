"""The stretches of road that many stories share: from the form to a matched request, an agreement, a removal."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from portal.casework import deactivation, verification
from portal.demo import deeds, desk
from portal.demo.deeds import Part

SOON = timedelta(minutes=8)
LATER = timedelta(minutes=40)
DAY = timedelta(days=1)
Road = Generator[timedelta, None, str]

# How long the common roads take, so that a story can be begun at the moment that brings it where it is to be now.
TO_AGREED = SOON + 4 * LATER
WAIT = timedelta(hours=24)


def sent(part: Part, **changed: Any) -> Road:
    case_id = deeds.send(part, **changed)
    yield SOON
    return case_id


def queued(part: Part, **changed: Any) -> Road:
    """Sent, confirmed, and matched by the worker."""
    case_id = yield from sent(part, **changed)
    deeds.confirm(part, changed.get("reply_email"))
    yield LATER
    return case_id


def claimed(part: Part, **changed: Any) -> Road:
    case_id = yield from queued(part, **changed)
    verification.claim(part.stage.staff(part.crew.verifier), case_id)
    yield LATER
    return case_id


def checked(part: Part, **changed: Any) -> Road:
    """A document was seen in a video call; the registered mailbox was proven by confirming."""
    case_id = yield from claimed(part, **changed)
    desk.check(part, case_id)
    return case_id


def proposed(part: Part, **changed: Any) -> Road:
    case_id = yield from checked(part, **changed)
    desk.propose(part, case_id)
    yield 2 * LATER
    return case_id


def agreed(part: Part, **changed: Any) -> Road:
    """Agreed by a second person; the wait begins when the last notice is out."""
    case_id = yield from proposed(part, **changed)
    desk.approve(part, case_id, part.crew.approver)
    return case_id


def ready(part: Part, wait: timedelta = WAIT, **changed: Any) -> Road:
    case_id = yield from agreed(part, **changed)
    yield wait + LATER
    return case_id


def removed(part: Part, **changed: Any) -> Road:
    case_id = yield from ready(part, **changed)
    desk.execute(part, case_id)
    return case_id


def letter_asked(part: Part, *asked: str, **changed: Any) -> Road:
    """What a privileged account needs: a document, and a letter to the address on file."""
    case_id = yield from checked(part, **changed)
    yield LATER
    desk.post_letter(part, case_id, *asked)
    return case_id


def privileged_proposed(part: Part, **changed: Any) -> Road:
    """The letter has come three days later, and a company has shown its papers."""
    asked = ("D6",) if part.human.company else ()
    case_id = yield from letter_asked(part, *asked, **changed)
    yield 3 * DAY
    deeds.type_letter_code(part, case_id)
    yield LATER
    for method in asked:
        desk.check(part, case_id, method)
    desk.propose(part, case_id)
    yield 2 * LATER
    return case_id


def privileged_agreed(part: Part, **changed: Any) -> Road:
    case_id = yield from privileged_proposed(part, **changed)
    desk.approve(part, case_id, part.crew.lead)
    return case_id


def by_hand_started(part: Part, **changed: Any) -> Road:
    """In a system without an interface the owner has to be there: they say so, and the runbook begins."""
    case_id = yield from ready(part, **changed)
    deactivation.declare_ready(part.stage.owner(part.human), case_id)
    yield SOON
    desk.execute(part, case_id)
    yield SOON
    return case_id
