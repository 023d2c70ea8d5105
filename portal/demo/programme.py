"""Which stories the demo tells, in which status each leaves its case, and how all of them are put on the stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from portal.demo import households, replies, roads, staff, walks
from portal.demo.deeds import Part
from portal.demo.households import Home
from portal.demo.people import human
from portal.demo.roads import DAY, LATER, SOON, TO_AGREED, WAIT, Road
from portal.demo.stage import Stage, play
from portal.domain.lifecycle import Status
from portal.domain.lifecycle import Status as S

HOUR = timedelta(hours=1)
# Before that the register has known nobody: names and contacts are old enough to prove something.
OPENING = 400 * DAY
ROOT = Home()
IAM = Home(kind="iam", is_administrator=True)
BY_HAND = Home(connector="runbook")
COMPANY = Home(is_company=True)
NOBODY = None  # the register has no such account


@dataclass(frozen=True)
class Walk:
    """One story: in which status it leaves its case, how long before now it begins, and about whom it is.

    `share` says how often it is copied into history, of about a thousand; a case that names another one cannot be.
    """

    key: str
    status: Status
    language: str
    age: timedelta
    road: Callable[[Part], Road]
    home: Home | None = ROOT
    share: int = 0


# fmt: off
WALKS: tuple[Walk, ...] = (
    #    key                      leaves it in        in    begun this long ago, told by, about whom
    Walk("just_sent",             S.UNCONFIRMED,      "ja", SOON, roads.sent, share=15),
    Walk("confirmation_runs_out", S.UNCONFIRMED,      "en", 24 * HOUR - 3 * SOON, roads.sent, share=5),
    Walk("new",                   S.QUEUED,           "ja", HOUR, roads.queued, share=25),
    Walk("overdue",               S.QUEUED,           "en", 8 * DAY, roads.queued, IAM, share=12),
    Walk("contested",             S.QUEUED,           "ja", 5 * HOUR, walks.contested),
    Walk("claim_lapsed",          S.QUEUED,           "ja", 9 * HOUR, roads.checked, share=10),
    Walk("appealed",              S.QUEUED,           "en", 4 * DAY, walks.appealed, share=2),
    Walk("resumed",               S.QUEUED,           "ja", DAY, walks.resumed, share=2),
    Walk("device_found",          S.VERIFYING,        "ja", 2 * HOUR, walks.other_device_found, share=12),
    Walk("unmatched",             S.VERIFYING,        "en", 3 * HOUR, walks.unmatched, NOBODY, share=4),
    Walk("sent_back",             S.VERIFYING,        "en", 5 * HOUR, walks.sent_back, share=5),
    Walk("voided",                S.VERIFYING,        "ja", TO_AGREED + WAIT + 3 * HOUR, walks.voided, share=1),
    Walk("under_pressure",        S.VERIFYING,        "ja", 3 * HOUR, walks.under_pressure, share=3),
    Walk("asked",                 S.WAITING_OWNER,    "en", 2 * DAY, walks.asked, share=12),
    Walk("company_letter",        S.WAITING_OWNER,    "ja", 2.5 * DAY, walks.company_letter, COMPANY, share=6),
    Walk("reminded",              S.WAITING_OWNER,    "ja", 8 * DAY, walks.asked, share=10),
    Walk("proposed",              S.PENDING_APPROVAL, "ja", 4 * HOUR, roads.proposed, share=9),
    Walk("company_proposed",      S.PENDING_APPROVAL, "en", 4 * DAY, roads.privileged_proposed, COMPANY, share=3),
    Walk("decline_proposed",      S.PENDING_APPROVAL, "ja", 8 * DAY, walks.decline_proposed, share=3),
    Walk("agreed",                S.COOLING_OFF,      "ja", 8 * HOUR, roads.agreed, share=10),
    Walk("wait_ends_soon",        S.COOLING_OFF,      "en", TO_AGREED + WAIT - 3 * SOON, roads.agreed, share=4),
    Walk("unreached",             S.COOLING_OFF,      "en", 3 * DAY, walks.unreached, share=2),
    Walk("mailbox_changed",       S.COOLING_OFF,      "ja", 14 * DAY, walks.mailbox_changed, share=1),
    Walk("last_resort",           S.COOLING_OFF,      "en", 12 * DAY, walks.last_resort, share=1),
    Walk("ready",                 S.READY,            "ja", TO_AGREED + WAIT + 3 * HOUR, roads.ready, share=4),
    Walk("removal_overdue",       S.READY,            "en", 8 * DAY, roads.ready, share=1),
    Walk("removal_failed",        S.READY,            "ja", 2 * DAY, walks.removal_failed, share=1),
    Walk("owner_ready",           S.READY,            "en", TO_AGREED + WAIT + 2 * LATER, walks.owner_ready, BY_HAND),
    Walk("half_by_hand",          S.EXECUTING,        "ja", TO_AGREED + WAIT + 3 * LATER, walks.half_by_hand, BY_HAND, share=1),
    Walk("stuck_by_hand",         S.EXECUTING,        "en", 7 * DAY, walks.half_by_hand, BY_HAND),
    Walk("removed",               S.DEACTIVATED,      "ja", 3 * DAY, roads.removed, share=270),
    Walk("removed_in_english",    S.DEACTIVATED,      "en", 9 * DAY, roads.removed, share=130),
    Walk("company_removed",       S.DEACTIVATED,      "ja", 30 * DAY, walks.privileged_removed, COMPANY, share=20),
    Walk("all_by_hand",           S.DEACTIVATED,      "en", 16 * DAY, walks.all_by_hand, BY_HAND, share=8),
    Walk("objection_unfounded",   S.DEACTIVATED,      "ja", 12 * DAY, walks.objection_unfounded, share=2),
    Walk("stopped",               S.FROZEN,           "ja", 5 * HOUR, walks.stopped, share=1),
    Walk("stopped_while_waiting", S.FROZEN,           "en", 3 * DAY, walks.stopped_while_waiting, share=1),
    Walk("stopped_after_removal", S.FROZEN,           "ja", 9 * DAY, walks.stopped_after_removal, share=1),
    Walk("stopped_without_case",  S.FROZEN,           "en", 4 * HOUR - 3 * SOON, walks.stopped_without_case),
    Walk("declined",              S.DECLINED,         "ja", 6 * DAY, walks.declined, share=70),
    Walk("declined_after_stop",   S.DECLINED,         "ja", 15 * DAY, walks.declined_after_stop, share=5),
    Walk("withdrawn",             S.CANCELLED,        "en", 5 * DAY, walks.withdrawn, share=70),
    Walk("sent_twice",            S.CANCELLED,        "ja", 7 * DAY, walks.sent_twice),
    Walk("not_mine",              S.CANCELLED,        "en", 3 * DAY, walks.not_mine, share=30),
    Walk("never_confirmed",       S.EXPIRED,          "en", 4 * DAY, roads.sent, share=190),
    Walk("no_answer",             S.EXPIRED,          "ja", 20 * DAY, walks.asked, share=30),
    Walk("reversed",              S.REVERSED,         "ja", 18 * DAY, walks.reversed_removal, share=3),
    # last, so that nobody else in the demo becomes somebody else
    Walk("in_conversation",       S.VERIFYING,        "ja", 3 * HOUR, walks.in_conversation),
    Walk("in_conversation_en",    S.VERIFYING,        "en", 2.5 * HOUR, walks.in_conversation),
)
# fmt: on


@dataclass(frozen=True)
class Told:
    """A story that was told, and the case it left."""

    walk: Walk
    part: Part
    case_id: str


def perform(stage: Stage, seed: int, programme: Sequence[Walk], told: Callable[[], None]) -> list[Told]:
    """Hire the staff, fill the register, and tell the stories up to this moment."""
    stage.logins.update(staff.hire(stage.system))
    replies.keep_templates(stage)
    parts = {walk.key: _part(stage, seed, walk) for walk in programme}
    stories = [(walk.key, stage.end - walk.age, walk.road(parts[walk.key])) for walk in programme]
    cases = play(stage, stories, told)
    return [Told(walk, parts[walk.key], cases[walk.key]) for walk in programme]


def _part(stage: Stage, seed: int, walk: Walk) -> Part:
    who = human(
        seed,
        WALKS.index(walk) + 1,
        language=walk.language,
        is_company=bool(walk.home and walk.home.is_company),
    )
    home = households.settle_in(stage.system, who, walk.home) if walk.home else None
    return Part(stage, who, home, walk.home.kind if walk.home else "root")
