"""The owner's own path: its steps, what each proves, why it may not be open, and what a failure says on the request form.

Keys only; `labels` has the words. The order is enforced by the database too (CHECKs and triggers of `self_service`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from portal.domain.limits import Limits

# What a signed-in browser may do: see `MAY`.
SESSION_STAGES = ("password", "limited", "enrol", "full")

CALL_KINDS = (
    "proof",  # step 2 of self-service
    "check",  # method H2: the owner asks for the call on the status page
    "callback",  # method H3: a member of staff has the portal call
    "new_number",  # a corrected number is confirmed
    "notice",  # a spoken notice
)
CALL_STATES = ("queued", "calling", "answered", "ended")
CALL_OUTCOMES = (
    "confirmed",
    "stopped",  # 9: this was not me
    "wrong",  # the tries of this call are used up
    "no_answer",
    "busy",
    "machine",
    "failed",  # the telephone service could not place it
    "expired",
    "hung_up",
    "heard",  # a notice was spoken to somebody
    "left",  # a notice was spoken to a machine
)
TALK_STATES = ("connecting", "connected")  # of a call-back that leads to an agent, after the right digits
STOP_KEY = "9"

STEPS = ("start", "mail", "call", "remove")


@dataclass(frozen=True)
class May:
    """What a stage opens: proving more, managing devices, or everything of a signed-in owner."""

    prove: bool = False
    manage_devices: bool = False
    enrol_only: bool = False
    manage_account: bool = False


MAY: Mapping[str, May] = {
    "password": May(prove=True),
    "limited": May(manage_devices=True),
    "enrol": May(manage_devices=True, enrol_only=True),
    "full": May(manage_devices=True, manage_account=True),
}


@dataclass(frozen=True)
class PathFacts:
    """All that decides whether the path is open, read in the act that is about to go on."""

    now: datetime
    passwords_checked: bool = True
    telephone: bool = True
    is_root: bool = True
    protected: bool = False
    objection_open: bool = False
    calls_off: bool = False
    password_set_at: datetime | None = None
    password_reset_at: datetime | None = None
    mailbox_since: datetime | None = None  # of the mailbox that would be written to; None where there is none
    phone_since: datetime | None = None
    phone_corrected: bool = (
        False  # by an IAM user, and confirmed by a call: serves at once, the removal then waits
    )
    phone_allowed: bool = True  # its country may be called


Closed = Callable[[PathFacts, Limits], bool]


def _young(since: datetime | None, facts: PathFacts, limits: Limits) -> bool:
    return since is not None and facts.now - since < limits.contact_age


def _password_young(facts: PathFacts, limits: Limits) -> bool:
    changes = (facts.password_set_at, facts.password_reset_at)
    return facts.password_set_at is None or any(
        at is not None and facts.now - at < limits.contact_age for at in changes
    )


# Why the path is closed, in the order in which it is asked. What is true goes to the agent, never to the page.
CLOSED: Mapping[str, Closed] = {
    "no_passwords": lambda f, _: not f.passwords_checked,
    "no_telephone": lambda f, _: not f.telephone,
    "not_root": lambda f, _: not f.is_root,
    "protected": lambda f, _: f.protected,
    "objection_open": lambda f, _: f.objection_open,
    "path_off": lambda f, _: f.calls_off,
    "password_young": _password_young,
    "no_mailbox": lambda f, _: f.mailbox_since is None,
    "no_phone": lambda f, _: f.phone_since is None,
    "mailbox_young": lambda f, limits: _young(f.mailbox_since, f, limits),
    "phone_young": lambda f, limits: not f.phone_corrected and _young(f.phone_since, f, limits),
    "phone_not_callable": lambda f, _: not f.phone_allowed,
}


def why_closed(facts: PathFacts, limits: Limits) -> str | None:
    """The first reason for which the path is closed to this account now, or None."""
    return next((reason for reason, closed in CLOSED.items() if closed(facts, limits)), None)


def must_wait(facts: PathFacts, limits: Limits) -> bool:
    """Whether the removal waits although all is proven: the number was corrected lately."""
    return facts.phone_corrected and _young(facts.phone_since, facts, limits)


@dataclass(frozen=True)
class Failure:
    """Why somebody could not finish: at which step, and what that already says on the request form."""

    step: str
    form: Mapping[str, str] = field(default_factory=dict)


_READS, _LOST = {"mailbox": "reachable"}, {"mailbox": "lost"}
_SILENT, _ANSWERS = {"registered_phone": "no"}, {"registered_phone": "yes"}

# What the owner presses, and what ended a call. The keys of CLOSED are the reasons of the step "start".
FAILURES: Mapping[str, Failure] = {
    **{reason: Failure("start") for reason in CLOSED},
    "other_way": Failure("start"),
    "mail_not_received": Failure("mail", _LOST),
    "link_expired": Failure("mail", _READS),
    "phone_unreachable": Failure("call", {**_READS, **_SILENT}),
    "call_did_not_come": Failure("call", {**_READS, **_ANSWERS}),
    "no_answer": Failure("call", {**_READS, **_SILENT}),
    "busy": Failure("call", {**_READS, **_ANSWERS}),
    "machine": Failure("call", {**_READS, **_ANSWERS}),
    "wrong": Failure("call", {**_READS, **_ANSWERS}),
    "failed": Failure("call", {**_READS, **_ANSWERS}),
    "expired": Failure("call", {**_READS, **_ANSWERS}),
    "hung_up": Failure("call", {**_READS, **_ANSWERS}),
    "calls_used_up": Failure("call", {**_READS, **_ANSWERS}),
    "stopped": Failure("call", {**_READS, **_ANSWERS}),
    "time_over": Failure("remove"),
    "changed_meanwhile": Failure("remove"),
    "removal_failed": Failure("remove"),
}
FAILURE_REASONS: tuple[str, ...] = tuple(FAILURES)
FAILURE_STEPS: tuple[str, ...] = STEPS
