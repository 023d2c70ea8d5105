from dataclasses import FrozenInstanceError, fields
from datetime import timedelta

import pytest

from portal.domain.limits import LIMITS, ORDERED, UNITS, Limits, duration, written

DEFAULTS = {
    "draft_life": "24h",
    "confirm_life": "24h",
    "claim_lease": "4h",
    "owner_answer": "14d",
    "owner_reminders": "72h,7d,12d",
    "first_answer_hours": "9",
    "approval_alarm_hours": "9",
    "ready_alarm_hours": "24",
    "ready_return_hours": "72",
    "executing_alarm": "10min",
    "runbook_alarm_hours": "9",
    "removal_tries": "3",
    "wait_standard_hours": "24",
    "wait_privileged_hours": "72",
    "wait_elevated_hours": "168",
    "wait_last_resort_hours": "720",
    "wait_unreached_hours": "168",
    "late_stop_hours": "72",
    "last_resort_notice_every": "7d",
    "contact_age": "30d",
    "name_age": "90d",
    "memory": "90d",
    "freeze_lead": "4h",
    "freeze_decision_hours": "27",
    "objection_window": "10d",
    "appeal_window": "14d",
    "stop_link_after_end": "10d",
    "status_link_after_end": "30d",
    "unproven_notices_per_day": "1",
    "submissions_per_ip_hour": "5",
    "submissions_per_ip_day": "20",
    "mails_per_mailbox_hour": "3",
    "mails_per_mailbox_day": "6",
    "mails_per_mailbox_all_day": "24",
    "lookups_per_ip_hour": "10",
    "paper_checks_per_ip_hour": "30",
    "code_tries_per_case": "5",
    "ready_to_sign_in": "1h",
    "staff_idle": "15min",
    "staff_idle_warning": "13min",
    "staff_absolute": "10h",
    "staff_sessions": "3",
    "staff_password_free_tries": "5",
    "staff_password_delay_max": "15min",
    "staff_password_per_ip_hour": "50",
    "staff_totp_tries": "5",
    "staff_totp_window": "15min",
    "staff_totp_cap": "20",
    "staff_browser_life": "30d",
    "fresh_factor": "5min",
    "invite_life": "24h",
    "grant_delay": "24h",
    "admin_exclusion": "30d",
    "password_min": "15",
    "password_max": "1024",
    "recovery_codes": "10",
    "detail_length": "1000",
    "name_length": "100",
    "failed_checks_elevate": "2",
    "company_paper_age": "92d",
    "letter_life": "21d",
    "letter_wait": "24h",
    "reveal_visible": "1min",
    "count_cap": "1000",
    "self_service_life": "1h",
    "self_service_starts_hour": "10",
    "self_service_hold_hours": "0",
    "corrected_phone_wait_hours": "72",
    "prove_link_life": "30min",
    "prove_resend_wait": "1min",
    "prove_mails_hour": "3",
    "prove_mails_day": "6",
    "changes_held": "72h",
    "limited_session": "15min",
    "owner_session": "30min",
    "pass_life": "1h",
    "pass_resend_wait": "1min",
    "pass_tries": "5",
    "owner_password_tries": "5",
    "owner_password_per_ip_hour": "50",
    "owner_password_account_day": "100",
    "owner_code_tries": "5",
    "owner_code_cap": "20",
    "resync_steps": "120",
    "new_device_tries": "5",
    "new_device_life": "10min",
    "call_code_life": "5min",
    "call_tries": "3",
    "call_failures_cap": "10",
    "call_wait": "1min",
    "call_talk": "15min",
    "calls_per_number_hour": "3",
    "calls_per_number_day": "5",
    "calls_per_account_day": "10",
    "calls_per_ip_hour": "5",
    "calls_in_all_hour": "300",
    "notice_call_tries": "3",
    "notice_call_again": "1h",
    "phone_change_told": "7d,28d",
    "reply_undo": "20s",
    "presence_life": "45s",
    "message_length": "2000",
    "owner_messages_day": "10",
    "saved_views": "20",
    "assigned_at_once": "50",
    "call_booking_ahead": "7d",
    "training_open": "5",
    "log_alarm": "5min",
    "log_stop": "15min",
    "log_verify": "6h",
    "export_life": "24h",
    "exports_waiting": "5",
    "report_days": "366",
    "report_small": "20",
    "fast_approval_minutes": "3",
    "audit_sample": "25",
    "saved_reports": "20",
    "retention_evidence": "30d",
    "retention_contact": "365d",
    "retention_case": "2557d",
    "retention_network": "90d",
}


def ends(value):
    return (min(value), max(value)) if isinstance(value, tuple) else (value, value)


def just_outside(limit):
    """Settings just beyond each bound, where such a number can be written at all."""
    if isinstance(limit.low, int):
        return [str(limit.low - 1)] * (limit.low > 0) + [str(limit.high + 1)]
    return [f"{int(bound.total_seconds()) + step}s" for bound, step in ((limit.low, -1), (limit.high, 1))]


def test_every_default_is_as_decided():
    assert {key: written(limit.default) for key, limit in LIMITS.items()} == DEFAULTS


@pytest.mark.parametrize("key", LIMITS)
def test_default_lies_within_its_hard_bounds(key):
    limit = LIMITS[key]
    smallest, largest = ends(limit.default)

    assert limit.low <= smallest
    assert largest <= limit.high


@pytest.mark.parametrize("key", LIMITS)
def test_every_limit_has_a_unit_and_a_source(key):
    assert LIMITS[key].unit in UNITS
    assert LIMITS[key].source.strip()


@pytest.mark.parametrize("key", LIMITS)
def test_no_setting_passes_a_hard_bound(key):
    for text in just_outside(LIMITS[key]):
        with pytest.raises(ValueError, match=key) as refused:
            Limits().tightened({key: text})
        assert f"between {written(LIMITS[key].low)} and {written(LIMITS[key].high)}" in str(refused.value)


@pytest.mark.parametrize("key", LIMITS)
def test_every_default_may_also_be_written_as_a_setting(key):
    assert Limits().tightened({key: written(LIMITS[key].default)}) == Limits()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("claim_lease", "30min", timedelta(minutes=30)),
        ("confirm_life", "24h", timedelta(hours=24)),
        ("grant_delay", "2d", timedelta(days=2)),
        ("fresh_factor", "90s", timedelta(seconds=90)),
        ("removal_tries", "2", 2),
        ("wait_standard_hours", "48h", 48),
        ("wait_standard_hours", "48", 48),
        ("owner_reminders", "2d,5d", (timedelta(days=2), timedelta(days=5))),
    ],
)
def test_setting_makes_a_limit_stricter(key, text, value):
    assert getattr(Limits().tightened({key: text}), key) == value


@pytest.mark.parametrize("text", ["", "soon", "-4h", "4", "4 hours", "4H", "４h", "1e3h", "4h\n5h"])
def test_nonsense_is_refused_by_name(text):
    with pytest.raises(ValueError, match="claim_lease"):
        Limits().tightened({"claim_lease": text})


@pytest.mark.parametrize("text", ["", "three", "-3", "3.0", "3d", "３"])
def test_a_number_that_is_none_is_refused_by_name(text):
    with pytest.raises(ValueError, match="removal_tries"):
        Limits().tightened({"removal_tries": text})


@pytest.mark.parametrize("text", ["7d,3d", "3d,3d", "3d,,7d", "3d,14d"])
def test_reminders_come_one_after_another_and_before_the_end(text):
    with pytest.raises(ValueError, match="owner_reminders"):
        Limits().tightened({"owner_reminders": text})


def test_a_limit_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="wait_a_little"):
        Limits().tightened({"wait_a_little": "1h"})


@pytest.mark.parametrize(
    "overrides",
    [
        {"wait_standard_hours": "96"},
        {"staff_idle": "10min"},
        {"owner_answer": "10d"},
        {"mails_per_mailbox_day": "2"},
        {"appeal_window": "21d", "retention_evidence": "20d"},
    ],
)
def test_two_limits_that_contradict_each_other_are_refused(overrides):
    with pytest.raises(ValueError, match="must not be larger than"):
        Limits().tightened(overrides)


def test_limits_that_fit_each_other_may_be_set_together():
    limits = Limits().tightened({"wait_standard_hours": "96", "wait_privileged_hours": "120"})

    assert (limits.wait_standard_hours, limits.wait_privileged_hours) == (96, 120)


def test_orders_name_limits_that_exist():
    assert {key for pair in ORDERED for key in pair} <= {one.name for one in fields(Limits)}


def test_limits_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        Limits().removal_tries = 99


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("30min", 1800), ("24h", 86400), ("14d", 14 * 86400), (" 4h ", 14400)]
)
def test_a_length_of_time_is_read(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)
