"""Who is told what: one table from (act, status after it) to the notices that go out with it. Keys only, no words.

Audiences: `requester` is the address given in the form; `contacts` are all contacts of the register, those retired less
than 30 days ago among them; `contact` is the one that the act names; `leads` and `compliance` are staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Act, Status

AUDIENCES = ("requester", "contacts", "contact", "leads", "compliance", "staff")


@dataclass(frozen=True)
class Notice:
    """`security` notices hold the removal up until they are out. `links` are the tokens that the mail carries.

    `spoken` ones are worth ringing a person: registered telephones are called too, with 9 for "this was not me".
    """

    key: str
    audience: str
    security: bool = False
    links: tuple[str, ...] = ()
    spoken: bool = False


def _requester(key: str, *links: str, security: bool = False) -> Notice:
    return Notice(key, "requester", security, links or ("status",))


def _contacts(key: str, *, security: bool = True, spoken: bool = False) -> Notice:
    return Notice(key, "contacts", security, ("stop",), spoken)


_LEADS_ALARM = Notice("lead_alarm", "leads")
_FROZEN = (_requester("frozen"), _contacts("frozen"), _LEADS_ALARM)
_CHECKS_AGAIN = (_requester("checks_again"),)
_MAILBOX = (Notice("mailbox_check", "contact", links=("mailbox", "stop")),)
_CANCELLED = (_requester("cancelled"), _contacts("cancelled"))

NOTICES: Mapping[tuple[Act, Status], tuple[Notice, ...]] = {
    (Act.SUBMIT, Status.UNCONFIRMED): (_requester("confirm_address", "confirm"),),
    (Act.CONFIRM, Status.QUEUED): (_requester("received"),),
    (Act.MATCH, Status.QUEUED): (_contacts("request_filed", security=False),),
    (Act.MATCH, Status.VERIFYING): (_contacts("request_filed", security=False),),
    (Act.MATCH, Status.WAITING_OWNER): (_contacts("request_filed", security=False),),
    (Act.SEND_CHALLENGE, Status.VERIFYING): _MAILBOX,
    (Act.SEND_LINK_AGAIN, Status.WAITING_OWNER): _MAILBOX,
    (Act.ASK_OWNER, Status.WAITING_OWNER): (_requester("check_needed"),),
    (Act.REMIND_OWNER, Status.WAITING_OWNER): (_requester("reminder"),),
    (Act.EXPIRE_WAITING, Status.EXPIRED): (_requester("expired"),),
    (Act.ALARM_APPROVAL, Status.PENDING_APPROVAL): (_LEADS_ALARM,),
    (Act.APPROVE, Status.COOLING_OFF): (
        _requester("approved", security=True),
        _contacts("approved", spoken=True),
    ),
    (Act.APPROVE_DECLINE, Status.DECLINED): (_requester("declined"),),
    (Act.START_WAITING, Status.COOLING_OFF): (
        _requester("waiting_started", security=True),
        _contacts("waiting_started"),
    ),
    (Act.REMIND_CONTACTS, Status.COOLING_OFF): (_contacts("waiting_reminder", spoken=True),),
    (Act.EXTEND_WAITING, Status.COOLING_OFF): (
        _requester("waiting_extended", security=True),
        _contacts("waiting_extended"),
    ),
    (Act.END_WAITING, Status.READY): (_requester("ready"),),
    (Act.VOID_ROUND, Status.VERIFYING): _CHECKS_AGAIN,
    (Act.VOID_ROUND, Status.QUEUED): _CHECKS_AGAIN,
    (Act.RETURN_UNEXECUTED, Status.VERIFYING): _CHECKS_AGAIN,
    (Act.RETURN_UNEXECUTED, Status.QUEUED): _CHECKS_AGAIN,
    (Act.ALARM_READY, Status.READY): (_LEADS_ALARM,),
    (Act.ALARM_EXECUTING, Status.EXECUTING): (_LEADS_ALARM,),
    (Act.CONFIRM_GONE, Status.DEACTIVATED): (
        _requester("deactivated", security=True),
        _contacts("deactivated", spoken=True),
    ),
    (Act.FAIL_REMOVAL, Status.READY): (_requester("removal_failed"), _LEADS_ALARM),
    (Act.OBJECT, Status.FROZEN): _FROZEN,
    (Act.OPEN_FROZEN, Status.FROZEN): (_contacts("frozen"), _LEADS_ALARM),
    (Act.ALARM_FREEZE_LEAD, Status.FROZEN): (_LEADS_ALARM,),
    (Act.ALARM_FREEZE_DECISION, Status.FROZEN): (_LEADS_ALARM, Notice("compliance_alarm", "compliance")),
    (Act.AGREE_UNFREEZE, Status.QUEUED): (_requester("resumed"), _contacts("resumed")),
    (Act.AGREE_UNFREEZE, Status.DECLINED): (_requester("declined"), _contacts("objection_upheld")),
    (Act.AGREE_UNFREEZE, Status.DEACTIVATED): (
        _requester("objection_unfounded"),
        _contacts("objection_unfounded"),
    ),
    (Act.AGREE_UNFREEZE, Status.REVERSED): (_requester("reversed"), _contacts("reversed")),
    (Act.WITHDRAW, Status.CANCELLED): _CANCELLED,
    (Act.CLOSE_SOLVED, Status.CANCELLED): (_requester("solved"),),
    (Act.APPEAL, Status.QUEUED): (_requester("appeal_received"), _contacts("resumed")),
}

# A colleague's own words to the owner: queued by `casework/messages.py`, which keeps hold of the row to take it back.
DESK_REPLY = _requester("desk_reply")

# The last that a requester hears: two have agreed to erase what is kept of them. No link of theirs will work any more.
DATA_ERASED = Notice("data_erased", "requester")

# What is held about a requester has left the desk. Whoever else has asked for it in their name, they hear of it.
DATA_EXPORTED = Notice("data_exported", "requester")

# What is told to the mailbox of compliance, whoever reads it.
TO_COMPLIANCE = ("settings_changed", "log_alarm", "log_head")

# Notices that no transition sends: answers to "find my request", duplicates, and what staff are told about staff.
OTHER_NOTICES = (
    DESK_REPLY.key,
    DATA_ERASED.key,
    DATA_EXPORTED.key,
    "find_link",
    "duplicate_open",
    "staff_invite",
    "staff_proposal",
    "staff_changed",
    "account_setting",
    "export_ready",
    "retention_decision",
    *TO_COMPLIANCE,
)

# Notices about an account and no request, to its registered mailboxes: see casework/account_notices.py.
ACCOUNT_NOTICES = (
    "self_service_link",
    "self_service_waiting",
    "self_service_done",
    "calls_off",
    "codes_refused_owner",
    "lost_device_used",
    "owner_recovery_used",
    "owner_codes_renewed",
    "device_registered",
    "owner_device_removed",
    "one_use_pass",
    "phone_changed",
    "phone_reverted",
    "iam_device_removed",
    "account_erased",
    "account_exported",
)

ALL_NOTICES: tuple[str, ...] = tuple(
    sorted(
        {notice.key for notices in NOTICES.values() for notice in notices}
        | {*OTHER_NOTICES, *ACCOUNT_NOTICES}
    )
)

# What registered telephones are told: notices of a case, and of an account without one.
SPOKEN: tuple[str, ...] = tuple(
    sorted(
        {notice.key for notices in NOTICES.values() for notice in notices if notice.spoken}
        | {"self_service_waiting", "self_service_done", "phone_changed", "phone_reverted"}
    )
)

# Nobody is rung up at night to be told something, however urgent it is to the desk.
RINGS_FROM, RINGS_UNTIL = time(8), time(21)


def waking(moment: datetime) -> datetime:
    """The moment itself, or the end of the night in Japan that it falls into."""
    local = moment.astimezone(ZoneInfo(LANGUAGES["ja"].zone))
    if RINGS_FROM <= local.time() < RINGS_UNTIL:
        return moment
    day = local.date() if local.time() < RINGS_FROM else local.date() + timedelta(days=1)
    return datetime.combine(day, RINGS_FROM, tzinfo=local.tzinfo).astimezone(moment.tzinfo)
