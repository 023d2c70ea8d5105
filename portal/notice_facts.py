"""What a mail may say of its case, and to whom: the facts, already in the words of one language.

Who has not proven to be the owner is told no name and nothing of an account: the address they typed may be a stranger's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.lists import format_list
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from portal import contact as contacts
from portal import i18n, labels, notice_layout, receipts
from portal.business_calendar import is_holiday
from portal.casework.context import Context
from portal.config import Settings
from portal.domain.business_time import add_business_hours
from portal.domain.languages import LANGUAGES
from portal.models import Account, Case, Objection, OutboxRow, Removal
from portal.tlog import checkpoints
from portal.written_times import ZONE

# Where the links of mails lead. A link without a language is the back office's, which knows its reader's.
PATHS: Mapping[str, str] = {
    "confirm": "/{language}/confirm/{token}",
    "status": "/{language}/status/{token}",
    "stop": "/{language}/stop/{token}",
    "mailbox": "/{language}/mailbox/{token}",
    "prove": "/{language}/reset/link/{token}",
    "revert": "/{language}/revert/{token}",
    "invite": "/admin/invite/{token}",
    "halt": "/admin/halt/{token}",
}
CASE_PATH = "/admin/case/{case}"
EXPORTS_PATH = "/admin/exports/"
SIGN_IN_PATH = "/{language}/sign-in"
SOME_DAY = date(2000, 1, 1)  # an hour is written as a moment of some day; Japan has no summer time

# What an owner is asked to do, by method of identity check.
TASKS: Mapping[str, LazyString] = {
    "P1": _l("Type the code of another registered MFA device on the status page"),
    "P2": _l("Type one of your saved recovery codes on the status page"),
    "P3": _l("Sign our text with your registered key"),
    "H1": _l("Open the link that we sent to the registered email address"),
    "H2": _l("Answer our automated call to the registered phone number"),
    "H3": _l("Answer our call to the registered phone number"),
    "H4": _l("Type the code from our letter to the registered address on the status page"),
    "D1": _l("Confirm your identity with a digital ID"),
    "D2": _l("Show your photo ID in a video call"),
    "D3": _l("Have your photo ID and your face compared by our provider"),
    "D4": _l("Show a picture of your ID document"),
    "D5": _l("Provide a statement certified by a notary"),
    "D6": _l("Provide a company register extract and a seal certificate, both younger than three months"),
    "W1": _l("Have your manager or a second administrator confirm the request to us"),
    "W2": _l("Ask your named recovery contact for the code that we sent them"),
    "W3": _l("Come to one of our offices with your photo ID"),
}


@dataclass(frozen=True)
class Source:
    """All that one mail is made from. `audience` is requester, contact or staff."""

    ctx: Context
    settings: Settings
    row: OutboxRow
    params: Mapping[str, Any]
    audience: str
    case: Case | None = None
    account: Account | None = None
    has_receipt: bool = False

    def moment(self, name: str) -> datetime | None:
        """A time that was frozen with the row."""
        written = self.params.get(name)
        return datetime.fromisoformat(written) if written else None

    @property
    def links(self) -> Mapping[str, str]:
        return self.params.get("links") or {}


def words(source: Source, language: str) -> dict[str, Any]:
    """Everything that the words of a notice may name, said in one language, which must be the one spoken now."""
    known = {**_desk(source, language), **_links(source, language), **_params(source, language)}
    if source.case:
        return known | _of_case(source, source.case, language)
    return known | (_of_account(source, source.account) if source.account else {})


def support_hours(language: str) -> str:
    """When the desk answers in a language, in the language spoken now."""
    support = LANGUAGES[language].support
    opens, closes = (
        i18n.clock(datetime.combine(SOME_DAY, hour, tzinfo=ZONE)) for hour in (support.opens, support.closes)
    )
    words: str = _(
        "%(days)s, %(opens)s to %(closes)s (Japan time, UTC+9)",
        days=_("Monday to Friday except Japanese public holidays"),
        opens=opens,
        closes=closes,
    )
    return words


def help_url(settings: Settings, language: str) -> str:
    """Where owners find help."""
    return settings.help_url or f"{settings.base_url}/{language}/help"


def _log_head(source: Source) -> str:
    """Line by line as it was signed: the mail is to prove it, and is kept where nobody here can change it."""
    note = checkpoints.newest_note(source.ctx.session) if source.row.notice == "log_head" else None
    return note or "–"


def _desk(source: Source, language: str) -> dict[str, Any]:
    settings, limits = source.settings, source.ctx.limits
    return {
        "audience": source.audience,
        "service": settings.service_name,
        "emergency": settings.emergency,
        "help_url": help_url(settings, language),
        "start_url": f"{settings.base_url}/{language}/",
        "hours": support_hours(language),
        "receipt": source.has_receipt,
        "log_head": _log_head(source),
        "exports_url": settings.base_url + EXPORTS_PATH,
        "lead_within": i18n.duration(limits.freeze_lead),
        "ready_for": i18n.duration(limits.ready_to_sign_in),
        "reference": None,
        "account": None,
        "status": None,
        "name": source.params.get("name"),
    }


def _links(source: Source, language: str) -> dict[str, Any]:
    """The links of the mail, and its own page in the other language."""

    def url(purpose: str, spoken: str) -> str:
        path = PATHS[purpose].format(language=spoken, token=source.links[purpose])
        return source.settings.base_url + path

    translated = [purpose for purpose in source.links if "{language}" in PATHS[purpose]]
    known: dict[str, Any] = {f"{purpose}_url": url(purpose, language) for purpose in source.links}
    return known | {"other_url": url(translated[0], i18n.other(language)) if translated else None}


def _params(source: Source, language: str) -> dict[str, Any]:
    """What was frozen in the act, in words."""
    params = source.params
    hours = params.get("hours")
    unreached = source.ctx.limits.wait_unreached_hours
    roles = params.get("roles") or ([params["role"]] if params.get("role") else [])
    return {
        "at": i18n.when(source.moment("at")),
        "until": i18n.when(_until(source)),
        "effective_at": i18n.when(source.moment("effective_at")),
        "wait": i18n.duration(timedelta(hours=hours)) if hours else None,
        "longer_wait": i18n.duration(timedelta(hours=unreached)) if hours and hours < unreached else None,
        "items": [str(TASKS[item]) for item in params.get("items") or ()],
        "alarm": params.get("alarm"),
        "reply_subject": params.get("subject"),
        "reply_body": notice_layout.typed(params.get("body") or ""),
        "why": labels.word("decline_reason", params["why"]) if source.row.notice == "declined" else None,
        "role": labels.word("role", params["role"]) if params.get("role") else "",
        "roles": format_list([labels.word("role", role) for role in roles], "standard", language),
        **{
            name: params.get(name)
            for name in ("kind", "about", "by", "decider", "state", "what", "own", "code")
        },
    }


def _until(source: Source) -> datetime | None:
    if source.row.notice == "mailbox_check":
        at = source.moment("at")
        return at + source.ctx.limits.confirm_life if at else None
    if source.row.notice == "waiting_reminder" and source.case:
        return source.case.waiting_until
    return source.moment("until") or source.row.expires_at


def _of_case(source: Source, case: Case, language: str) -> dict[str, Any]:
    ctx, at = source.ctx, source.moment("at") or case.status_at
    limits, removed = ctx.limits, case.deactivated_at
    return {
        "reference": case.reference,
        "status": labels.word(
            "status" if source.audience == "staff" else "owner_status", source.params["status"]
        ),
        "case_url": source.settings.base_url + CASE_PATH.format(case=case.id),
        "filed_at": i18n.when(case.created_at),
        "answer_by": i18n.when(_business(at, limits.first_answer_hours, case.language)),
        "decide_by": i18n.when(_business(at, limits.freeze_decision_hours, case.language)),
        "removed_at": i18n.when(removed),
        "object_until": i18n.when(removed + limits.objection_window if removed else None),
        "appeal_by": "" if case.appealed_at else i18n.when(at + limits.appeal_window),
        "unchanged": not _touched(ctx, case),
        "heard": _was_heard(source, case),
        "owner_ready": _owner_ready(source),
        "needs_pass": _needs_pass(source),
        "sign_in_url": source.settings.base_url + SIGN_IN_PATH.format(language=language),
        **_persons(source, case),
    }


def _of_account(source: Source, account: Account) -> dict[str, Any]:
    """What a registered contact is told where there is no case: the account, and what was frozen with the row, by name."""
    said = {name: value for name, value in source.params.items() if name != "links"}
    times = [name for name in said if name in {"at", "until"} or name.endswith("_at")]
    return {
        "device": None,
        "heard": False,  # a stop always counts in full
        **said,
        **{name: i18n.when(source.moment(name)) for name in times},
        "name": None,
        "account": contacts.mask_account_number(account.number),
    }


def _persons(source: Source, case: Case) -> dict[str, Any]:
    """Name and account, for those who may be told; what a contact is told of the account comes from the register."""
    ctx = source.ctx
    nobody: dict[str, Any] = {"name": None, "account": None, "reply": None}
    if source.audience == "contact":
        typed = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
        number = source.account.number if source.account else ""
        return nobody | {
            "account": contacts.mask_account_number(number),
            "reply": contacts.mask_email(typed) if typed else None,
        }
    if source.audience == "requester" and source.params.get("proven"):
        name = ctx.vault.open(ctx.session, case.subject_id, case, "name")
        return nobody | {"name": name, "account": receipts.masked_account(ctx, case)}
    return nobody


def _was_heard(source: Source, case: Case) -> bool:
    """Whether this contact has stopped the request before, and it was upheld: a later stop does less."""
    query = select(
        exists().where(
            Objection.case_id == case.id,
            Objection.contact_id == source.row.contact_id,
            Objection.outcome == "upheld",
        )
    )
    return source.row.contact_id is not None and bool(source.ctx.session.execute(query).scalar_one())


def _touched(ctx: Context, case: Case) -> bool:
    """Whether anything was ever sent to the system that holds the devices. Only if not, settings "have not changed"."""
    query = select(exists().where(Removal.case_id == case.id, Removal.state != "intended"))
    return case.deactivated_at is not None or bool(ctx.session.execute(query).scalar_one())


def _owner_ready(source: Source) -> bool:
    connector = source.ctx.connectors.get(source.account.connector) if source.account else None
    return connector is not None and connector.needs_owner_ready


def _needs_pass(source: Source) -> bool:
    """Whether the next sign-in after a removal takes a one-use pass beside the password."""
    connector = source.ctx.connectors.get(source.account.connector) if source.account else None
    return connector is not None and connector.holds_pass


def _business(start: datetime, hours: int, language: str) -> datetime:
    support = LANGUAGES[language].support
    return add_business_hours(start, hours, support, lambda day: is_holiday(language, day))
