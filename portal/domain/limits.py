"""Every number of Kaijo: its default, the bounds that no setting can pass, and where it comes from.

A setting may move a limit inside its bounds. Where a standard sets a bound, the source names it; the others
are our own policy, with the practice they follow.
"""
# The calls below are the rows of a table; each returns an immutable `field()`.
# ruff: noqa: RUF009

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

UNITS = ("time", "times", "hours", "business_hours", "count")

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}

Value = timedelta | int | tuple[timedelta, ...]


@dataclass(frozen=True)
class Limit:
    """One row of the table. `low` and `high` are hard bounds, both allowed."""

    key: str
    default: Value
    low: timedelta | int
    high: timedelta | int
    unit: str
    source: str


def duration(text: str) -> timedelta:
    """Read a length of time such as 60s, 30min, 24h or 14d."""
    found = re.fullmatch(r"([0-9]{1,9})(s|min|h|d)", text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a length of time such as 60s, 30min, 24h or 14d")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def written(value: Value) -> str:
    """Write a value the way a setting gives it, in the largest unit that fits."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return ",".join(written(one) for one in value)
    seconds = int(value.total_seconds())
    # 24h and 72h read better than 1d and 3d; from a week on, days do.
    units = ("d", "h", "min", "s") if seconds >= 7 * 86400 else ("h", "min", "s")
    unit = next(unit for unit in units if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def _time(default: str, low: str, high: str, source: str) -> timedelta:
    row = {"low": duration(low), "high": duration(high), "unit": "time", "source": source}
    return field(default=duration(default), metadata=row)


def _times(default: str, low: str, high: str, source: str) -> tuple[timedelta, ...]:
    row = {"low": duration(low), "high": duration(high), "unit": "times", "source": source}
    return field(default=tuple(duration(one) for one in default.split(",")), metadata=row)


def _number(unit: str, default: int, low: int, high: int, source: str) -> int:
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "source": source})


def _count(default: int, low: int, high: int, source: str) -> int:
    return _number("count", default, low, high, source)


def _hours(default: int, low: int, high: int, source: str) -> int:
    return _number("hours", default, low, high, source)


def _desk(default: int, low: int, high: int, source: str) -> int:
    return _number("business_hours", default, low, high, source)


NIST = "NIST SP 800-63B-4"
ASVS = "OWASP ASVS 5.0"


@dataclass(frozen=True)
class Limits:
    """The limits in force. `Limits()` holds the defaults; `tightened` applies settings."""

    # The request form and its links
    draft_life: timedelta = _time("24h", "20h", "24h", "WCAG 2.2, 2.2.1: 20 h need no warning")
    confirm_life: timedelta = _time("24h", "1h", "24h", f"{NIST} 4.2.1.2 B(d)")
    status_link_after_end: timedelta = _time("30d", "14d", "30d", "policy: covers the appeal")
    stop_link_after_end: timedelta = _time("10d", "10d", "30d", "Login.gov: repudiation for 240 h")
    name_length: int = _count(100, 100, 100, "the words of the form; the paper holds it on one page")
    detail_length: int = _count(1000, 500, 1000, "the words of the form")

    # The desk's own time, in support hours: 9 of them are one business day
    claim_lease: timedelta = _time("4h", "30min", "4h", "policy: half a working day")
    first_answer_hours: int = _desk(9, 1, 9, "policy: one business day; GitHub takes up to three")
    approval_alarm_hours: int = _desk(9, 1, 9, "policy: one business day")
    ready_alarm_hours: int = _desk(24, 1, 24, "policy")
    ready_return_hours: int = _desk(72, 9, 72, "policy: an approval that nobody used grows stale")
    runbook_alarm_hours: int = _desk(9, 1, 9, "policy: one business day for steps done by hand")
    freeze_decision_hours: int = _desk(27, 9, 27, "policy: three business days")
    freeze_lead: timedelta = _time("4h", "30min", "4h", "policy: somebody may be under attack")
    executing_alarm: timedelta = _time("10min", "1min", "10min", "policy")
    removal_tries: int = _count(3, 1, 3, "policy")

    # The owner's time
    owner_answer: timedelta = _time("14d", "3d", "14d", "policy")
    owner_reminders: tuple[timedelta, ...] = _times("3d,7d,12d", "1d", "13d", "policy")
    appeal_window: timedelta = _time("14d", "14d", "30d", "policy")
    objection_window: timedelta = _time("10d", "10d", "30d", "Login.gov: repudiation for 240 h")
    ready_to_sign_in: timedelta = _time("1h", "10min", "1h", "policy: no account stands open overnight")

    # Waiting before a removal, by the calendar. The database knows the lower bounds of the tiers too.
    wait_standard_hours: int = _hours(24, 24, 720, "Login.gov: 24 h")
    wait_privileged_hours: int = _hours(72, 72, 720, "GitHub, Cloudflare, Coinbase: three days")
    wait_elevated_hours: int = _hours(168, 168, 1440, "Login.gov: a longer wait under fraud review")
    wait_last_resort_hours: int = _hours(720, 720, 2160, "policy: thirty days")
    wait_unreached_hours: int = _hours(168, 168, 1440, "policy: nobody else could have objected")
    late_stop_hours: int = _hours(72, 72, 720, "policy: once, for a stop that was already answered")
    last_resort_notice_every: timedelta = _time("7d", "24h", "7d", "policy: weekly, to every old contact")

    # What makes a fact old enough to prove something
    contact_age: timedelta = _time("30d", "30d", "365d", "policy: a changed contact prepares a takeover")
    name_age: timedelta = _time("90d", "90d", "730d", "policy")
    memory: timedelta = _time("90d", "90d", "365d", "policy: failed checks and disputes of an account")
    failed_checks_elevate: int = _count(2, 1, 2, "policy")
    company_paper_age: timedelta = _time("92d", "31d", "92d", "Japanese practice: issued within three months")
    letter_life: timedelta = _time("21d", "7d", "21d", f"{NIST} 4.2.1.2 B(a)")
    letter_wait: timedelta = _time("24h", "24h", "14d", "Login.gov: the next letter after 24 h")
    code_tries_per_case: int = _count(5, 3, 5, f"{NIST} 3.2.2 B")

    # Against floods
    unproven_notices_per_day: int = _count(1, 1, 1, "policy: a stranger cannot bomb a mailbox")
    submissions_per_ip_hour: int = _count(5, 1, 5, "policy")
    submissions_per_ip_day: int = _count(20, 1, 20, "policy")
    mails_per_mailbox_hour: int = _count(3, 1, 3, "policy")
    mails_per_mailbox_day: int = _count(6, 1, 6, "policy")
    mails_per_mailbox_all_day: int = _count(24, 6, 24, "policy: from however many networks it is named")
    lookups_per_ip_hour: int = _count(10, 1, 10, "policy")
    paper_checks_per_ip_hour: int = _count(30, 5, 120, "policy: each reads up to 5 MB")

    # The owner's own path
    self_service_life: timedelta = _time("60min", "15min", "60min", "policy: one sitting")
    self_service_starts_hour: int = _count(10, 3, 20, "policy: an account and network")
    self_service_hold_hours: int = _hours(0, 0, 720, "AWS: none where mailbox and telephone are proven")
    corrected_phone_wait_hours: int = _hours(72, 72, 720, "policy: the holder of the old number can object")
    prove_link_life: timedelta = _time("30min", "5min", "30min", f"{NIST} 4.2.1.2 B(d): at most 24 h")
    prove_resend_wait: timedelta = _time("60s", "30s", "10min", "policy")
    prove_mails_hour: int = _count(3, 1, 3, "policy")
    prove_mails_day: int = _count(6, 1, 6, "policy")
    changes_held: timedelta = _time("72h", "72h", "168h", "Coinbase: 48 to 72 h after a recovery")
    limited_session: timedelta = _time("15min", "5min", "15min", "policy: it may only manage devices")
    owner_session: timedelta = _time("30min", "5min", "60min", f"{NIST} 2.2.3: below AAL2's 12 h")
    pass_life: timedelta = _time("60min", "10min", "60min", "Entra, Temporary Access Pass: 1 h")
    pass_resend_wait: timedelta = _time("60s", "30s", "10min", "policy")
    pass_tries: int = _count(5, 3, 5, f"{NIST} 3.2.2 B")
    owner_password_tries: int = _count(5, 3, 10, f"{ASVS} 6.3.1: an account and network, in 15 min")
    owner_password_per_ip_hour: int = _count(50, 10, 50, f"{ASVS} 6.3.1")
    owner_password_account_day: int = _count(100, 20, 100, f"{NIST} 3.2.2: at most 100")
    owner_code_tries: int = _count(5, 3, 5, f"{ASVS} 6.6.3: in 15 min")
    owner_code_cap: int = _count(20, 5, 20, f"{NIST} 3.2.2: at most 100")
    resync_steps: int = _count(120, 20, 240, "a clock that is off by an hour")
    new_device_tries: int = _count(5, 3, 5, "policy")
    new_device_life: timedelta = _time("10min", "5min", "15min", "policy: a key that is not yet a factor")

    # Telephone calls
    call_code_life: timedelta = _time("5min", "2min", "10min", f"{NIST} 4.2.1.2 B(c): at most 10 min")
    call_tries: int = _count(3, 1, 3, "policy: a call")
    call_failures_cap: int = _count(10, 3, 10, f"{NIST} 3.2.2: at most 100")
    call_wait: timedelta = _time("60s", "30s", "10min", "policy")
    calls_per_number_hour: int = _count(3, 1, 3, "policy")
    calls_per_number_day: int = _count(5, 1, 5, "policy")
    calls_per_account_day: int = _count(10, 3, 10, "policy")
    calls_per_ip_hour: int = _count(5, 1, 5, "policy")
    calls_in_all_hour: int = _count(300, 1, 5000, "policy: a breaker against toll fraud")
    call_talk: timedelta = _time(
        "15min", "5min", "30min", "policy: toll fraud; a conversation ends by itself"
    )
    notice_call_tries: int = _count(3, 1, 5, "policy: then the notice has finally failed")
    notice_call_again: timedelta = _time("1h", "5min", "6h", "policy")
    phone_change_told: tuple[timedelta, ...] = _times("7d,28d", "1d", "30d", "policy: and at once")

    # Staff
    staff_idle: timedelta = _time("15min", "5min", "15min", f"{NIST} 2.3.3: AAL3")
    staff_idle_warning: timedelta = _time("13min", "3min", "14min", "WCAG 2.2, 2.2.1")
    staff_absolute: timedelta = _time("10h", "1h", "10h", f"{NIST} 2.3.3: below AAL3's 12 h")
    staff_sessions: int = _count(3, 1, 3, f"{ASVS} 7.1.2")
    staff_password_free_tries: int = _count(5, 3, 5, f"{ASVS} 6.3.1")
    staff_password_delay_max: timedelta = _time("900s", "900s", "900s", "policy: a delay, never a hard lock")
    staff_password_per_ip_hour: int = _count(50, 10, 50, f"{ASVS} 6.3.1")
    staff_totp_tries: int = _count(5, 3, 5, f"{ASVS} 6.6.3")
    staff_totp_window: timedelta = _time("15min", "15min", "60min", "policy")
    staff_totp_cap: int = _count(20, 5, 20, f"{NIST} 3.2.2: at most 100")
    staff_browser_life: timedelta = _time("30d", "1d", "90d", "OWASP: device cookies")
    fresh_factor: timedelta = _time("5min", "1min", "5min", f"{ASVS} 7.5.3")
    invite_life: timedelta = _time("24h", "1h", "24h", f"{NIST} 4.2.1.2 B(d)")
    grant_delay: timedelta = _time("24h", "24h", "14d", "policy: time to object")
    admin_exclusion: timedelta = _time("30d", "30d", "365d", "policy: separation of duties")
    password_min: int = _count(15, 15, 64, f"{NIST} 3.1.1.2")
    password_max: int = _count(1024, 64, 1024, f"{NIST} 3.1.1.2: at least 64; a bound on hashing work")
    recovery_codes: int = _count(10, 8, 16, "GitHub, AWS: ten or so")
    reveal_visible: timedelta = _time("60s", "10s", "60s", "policy: shown data hides again")
    count_cap: int = _count(1000, 100, 1000, "policy: a count of the queue stays cheap")

    # The desk's day
    reply_undo: timedelta = _time(
        "20s", "10s", "120s", "Gmail offers 5 to 30 s; a screen reader takes its time"
    )
    presence_life: timedelta = _time("45s", "30s", "120s", "policy: whoever left is soon not shown")
    message_length: int = _count(2000, 500, 4000, "policy")
    owner_messages_day: int = _count(10, 3, 20, "policy: a case")
    saved_views: int = _count(20, 5, 20, "Zammad: at most 15 to 20 views")
    assigned_at_once: int = _count(50, 10, 100, "Zendesk: up to 100 a job")
    call_booking_ahead: timedelta = _time("7d", "1d", "14d", "policy")
    training_open: int = _count(5, 1, 20, "policy: planted cases must stay rare in a queue")

    # Evidence
    log_alarm: timedelta = _time("5min", "2min", "15min", "policy: a signer that is away is said soon")
    log_stop: timedelta = _time("15min", "10min", "60min", "policy: no grave act without a signed log")
    log_verify: timedelta = _time("6h", "1h", "24h", "policy")
    export_life: timedelta = _time("24h", "1h", "24h", "policy: files with personal data do not lie about")
    exports_waiting: int = _count(5, 1, 20, "policy: a person")
    report_days: int = _count(366, 31, 366, "policy: a year and a leap day")
    report_small: int = _count(20, 5, 100, "policy: shares of fewer cases say little")
    fast_approval_minutes: int = _count(3, 1, 30, "policy: faster than the checks can be opened and read")
    audit_sample: int = _count(25, 5, 200, "policy: what one person re-reads in a day")
    saved_reports: int = _count(20, 5, 50, "as the queue's views")

    # Retention after the end of a case
    retention_evidence: timedelta = _time("30d", "14d", "30d", "NIST SP 800-63A-4: a documented schedule")
    retention_contact: timedelta = _time("365d", "30d", "365d", "policy")
    retention_case: timedelta = _time(
        "2557d", "2557d", "3653d", "犯罪収益移転防止法 6: seven years, as a benchmark"
    )
    retention_network: timedelta = _time("90d", "14d", "90d", "policy")

    def tightened(self, overrides: Mapping[str, str]) -> Limits:
        """Return these limits with settings applied.

        Raises ValueError that names the limit and its bounds, or two limits that would contradict each other.
        """
        values: dict[str, Any] = {key: _read(_row(key), text) for key, text in overrides.items()}
        changed = replace(self, **values)
        for smaller, larger in ORDERED:
            if not _largest(getattr(changed, smaller)) <= getattr(changed, larger):
                raise ValueError(f"{smaller} must not be larger than {larger}")
        return changed


ORDERED = (
    ("staff_idle_warning", "staff_idle"),
    ("staff_idle", "staff_absolute"),
    ("owner_reminders", "owner_answer"),
    ("appeal_window", "status_link_after_end"),
    ("objection_window", "stop_link_after_end"),
    ("ready_alarm_hours", "ready_return_hours"),
    ("wait_standard_hours", "wait_privileged_hours"),
    ("wait_privileged_hours", "wait_elevated_hours"),
    ("wait_elevated_hours", "wait_last_resort_hours"),
    ("submissions_per_ip_hour", "submissions_per_ip_day"),
    ("mails_per_mailbox_hour", "mails_per_mailbox_day"),
    ("prove_mails_hour", "prove_mails_day"),
    ("calls_per_number_hour", "calls_per_number_day"),
    ("prove_link_life", "self_service_life"),
    ("phone_change_told", "contact_age"),
    ("mails_per_mailbox_day", "mails_per_mailbox_all_day"),
    ("appeal_window", "retention_evidence"),
    ("objection_window", "retention_evidence"),
    # class by class, in the order of domain/retention.py
    ("retention_evidence", "retention_network"),
    ("retention_network", "retention_contact"),
    ("retention_contact", "retention_case"),
)

DEFAULTS = Limits()

LIMITS: Mapping[str, Limit] = {
    one.name: Limit(
        key=one.name,
        default=getattr(DEFAULTS, one.name),
        low=one.metadata["low"],
        high=one.metadata["high"],
        unit=one.metadata["unit"],
        source=one.metadata["source"],
    )
    for one in fields(Limits)
}


def _row(key: str) -> Limit:
    if key not in LIMITS:
        raise ValueError(f"there is no limit called {key}")
    return LIMITS[key]


def _read(row: Limit, text: str) -> Value:
    refusal = f"{row.key} must be between {written(row.low)} and {written(row.high)}, not {text!r}"
    try:
        value = _parsed(row, text)
    except ValueError as error:
        raise ValueError(refusal) from error
    parts: tuple[Any, ...] = value if isinstance(value, tuple) else (value,)  # of the kind of its bounds
    if not all(row.low <= part <= row.high for part in parts):
        raise ValueError(refusal)
    return value


def _parsed(row: Limit, text: str) -> Value:
    if row.unit == "time":
        return duration(text)
    if row.unit == "times":
        parts = tuple(duration(one) for one in text.split(","))
        if parts != tuple(sorted(set(parts))):
            raise ValueError("not in ascending order")
        return parts
    digits = text.strip().removesuffix("h") if row.unit.endswith("hours") else text.strip()
    if not re.fullmatch(r"[0-9]{1,9}", digits):
        raise ValueError("not a number")
    return int(digits)


def _largest(value: Value) -> timedelta | int:
    return max(value) if isinstance(value, tuple) else value
