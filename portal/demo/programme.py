"""Which stories the demo tells, in which status each leaves its case, and how all of them are put on the stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from portal.demo import households, roads, staff, walks
from portal.demo.deeds import Part
from portal.demo.households import Home
from portal.demo.people import human
from portal.demo.roads import DAY, LATER, SOON, TO_AGREED, WAIT, Road
from portal.demo.stage import Stage, play
from portal.domain.lifecycle import Status
from portal.domain.lifecycle import Status as S

HOUR = timedelta(hours=1)
OPENING = (
    400 * DAY
)  # before that the register has known nobody: names and contacts are old enough to prove something
ROOT = Home()
IAM = Home(kind="iam", is_administrator=True)
BY_HAND = Home(connector="runbook")
NOBODY = None


@dataclass(frozen=True)
class Walk:
    """One story: in which status it leaves its case, how long before now it begins, and about whom it is.

    `is_paired` where the case names another one, so that it cannot stand alone.
    """

    key: str
    status: Status
    age: timedelta
    language: str
    road: Callable[[Part], Road]
    home: Home | None = ROOT
    is_company: bool = False
    is_paired: bool = False


# fmt: off
WALKS: tuple[Walk, ...] = (
    Walk("just_sent", S.UNCONFIRMED, 20 * SOON / 8, "ja", roads.sent),
    Walk("confirmation_runs_out", S.UNCONFIRMED, 24 * HOUR - 3 * SOON, "en", roads.sent),
    Walk("new", S.QUEUED, HOUR, "ja", roads.queued),
    Walk("overdue", S.QUEUED, 8 * DAY, "en", roads.queued, IAM),
    Walk("contested", S.QUEUED, 5 * HOUR, "ja", walks.contested, is_paired=True),
    Walk("claim_lapsed", S.QUEUED, 9 * HOUR, "ja", roads.checked),
    Walk("appealed", S.QUEUED, 4 * DAY, "en", walks.appealed),
    Walk("claimed", S.VERIFYING, 2 * HOUR, "ja", roads.claimed),
    Walk("unmatched", S.VERIFYING, 3 * HOUR, "en", walks.unmatched, NOBODY),
    Walk("sent_back", S.VERIFYING, 5 * HOUR, "en", walks.sent_back),
    Walk("voided", S.VERIFYING, TO_AGREED + WAIT + 3 * HOUR, "ja", walks.voided),
    Walk("under_pressure", S.VERIFYING, 3 * HOUR, "ja", walks.under_pressure),
    Walk("asked", S.WAITING_OWNER, 2 * DAY, "en", walks.asked),
    Walk("company_letter", S.WAITING_OWNER, 2.5 * DAY, "ja", walks.company_letter, is_company=True),
    Walk("reminded", S.WAITING_OWNER, 8 * DAY, "ja", walks.asked),
    Walk("proposed", S.PENDING_APPROVAL, 4 * HOUR, "ja", roads.proposed),
    Walk("company_proposed", S.PENDING_APPROVAL, 4 * DAY, "en", roads.privileged_proposed, is_company=True),
    Walk("decline_proposed", S.PENDING_APPROVAL, 8 * DAY, "ja", walks.decline_proposed),
    Walk("agreed", S.COOLING_OFF, 8 * HOUR, "ja", roads.agreed),
    Walk("wait_ends_soon", S.COOLING_OFF, TO_AGREED + WAIT - 3 * SOON, "en", roads.agreed),
    Walk("company_agreed", S.COOLING_OFF, 5 * DAY, "ja", roads.privileged_agreed, is_company=True),
    Walk("unreached", S.COOLING_OFF, 3 * DAY, "en", walks.unreached),
    Walk("mailbox_changed", S.COOLING_OFF, 14 * DAY, "ja", walks.mailbox_changed),
    Walk("last_resort", S.COOLING_OFF, 12 * DAY, "en", walks.last_resort),
    Walk("ready", S.READY, TO_AGREED + WAIT + 3 * HOUR, "ja", roads.ready),
    Walk("removal_overdue", S.READY, 8 * DAY, "en", roads.ready),
    Walk("removal_failed", S.READY, 2 * DAY, "ja", walks.removal_failed),
    Walk("owner_ready", S.READY, TO_AGREED + WAIT + 2 * LATER, "en", walks.owner_ready, BY_HAND),
    Walk("half_by_hand", S.EXECUTING, TO_AGREED + WAIT + 3 * LATER, "ja", walks.half_by_hand, BY_HAND),
    Walk("stuck_by_hand", S.EXECUTING, 7 * DAY, "en", walks.half_by_hand, BY_HAND),
    Walk("removed", S.DEACTIVATED, 3 * DAY, "ja", roads.removed),
    Walk("removed_in_english", S.DEACTIVATED, 9 * DAY, "en", roads.removed),
    Walk("company_removed", S.DEACTIVATED, 30 * DAY, "ja", walks.privileged_removed, is_company=True),
    Walk("all_by_hand", S.DEACTIVATED, 16 * DAY, "en", walks.all_by_hand, BY_HAND),
    Walk("objection_unfounded", S.DEACTIVATED, 12 * DAY, "ja", walks.objection_unfounded),
    Walk("stopped", S.FROZEN, 5 * HOUR, "ja", walks.stopped),
    Walk("stopped_while_waiting", S.FROZEN, 3 * DAY, "en", walks.stopped_while_waiting),
    Walk("stopped_after_removal", S.FROZEN, 9 * DAY, "ja", walks.stopped_after_removal),
    Walk("stopped_without_case", S.FROZEN, 4 * HOUR - 3 * SOON, "en", walks.stopped_without_case),
    Walk("declined", S.DECLINED, 6 * DAY, "ja", walks.declined),
    Walk("declined_in_english", S.DECLINED, 40 * DAY, "en", walks.declined),
    Walk("declined_after_stop", S.DECLINED, 15 * DAY, "ja", walks.declined_after_stop),
    Walk("withdrawn", S.CANCELLED, 5 * DAY, "en", walks.withdrawn),
    Walk("sent_twice", S.CANCELLED, 7 * DAY, "ja", walks.sent_twice, is_paired=True),
    Walk("not_mine", S.CANCELLED, 3 * DAY, "en", walks.not_mine),
    Walk("never_confirmed", S.EXPIRED, 4 * DAY, "en", roads.sent),
    Walk("no_answer", S.EXPIRED, 20 * DAY, "ja", walks.asked),
    Walk("reversed", S.REVERSED, 18 * DAY, "ja", walks.reversed_removal),
    Walk("reversed_in_english", S.REVERSED, 33 * DAY, "en", walks.reversed_removal),
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
    parts = {walk.key: _part(stage, seed, walk) for walk in programme}
    stories = [(walk.key, stage.end - walk.age, walk.road(parts[walk.key])) for walk in programme]
    cases = play(stage, stories, told)
    return [Told(walk, parts[walk.key], cases[walk.key]) for walk in programme]


def _part(stage: Stage, seed: int, walk: Walk) -> Part:
    who = human(seed, WALKS.index(walk) + 1, language=walk.language, is_company=walk.is_company)
    home = households.settle_in(stage.system, who, walk.home) if walk.home else None
    return Part(stage, who, home, walk.home.kind if walk.home else "root")
