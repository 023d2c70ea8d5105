"""The life-cycle's table, every cell: each act in each status by each role, and each guard turned once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.domain import lifecycle
from portal.domain.lifecycle import Act, Actor, CaseFacts, NotAllowed, Party, Role, Status
from portal.domain.limits import Limits

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
BEFORE = "queued verifying waiting_owner pending_approval cooling_off ready"
SEEN = " ".join(status for status in Status if status != "unconfirmed")
ANSWERED = "verifying waiting_owner pending_approval cooling_off ready executing deactivated declined cancelled expired reversed"
ENDED = "deactivated declined cancelled expired reversed"
STOPPABLE = f"unconfirmed {BEFORE} executing deactivated"

# Written from the design, not from the code: act -> (from, to where nothing special holds, who).
TABLE: dict[str, tuple[str, str, str]] = {
    "submit": ("none", "unconfirmed", "owner"),
    "confirm": ("unconfirmed", "queued", "owner"),
    "expire_unconfirmed": ("unconfirmed", "expired", "system"),
    "withdraw": (f"unconfirmed {BEFORE}", "cancelled", "owner"),
    "match": ("queued verifying waiting_owner", "same", "system"),
    "contest": (BEFORE, "same", "system"),
    "merge": ("queued", "cancelled", "system"),
    "close_solved": (BEFORE, "cancelled", "system"),
    "claim": ("queued", "verifying", "verifier"),
    "release": ("verifying", "queued", "verifier"),
    "reassign": ("queued verifying", "verifying", "lead"),
    "take_over": ("verifying", "same", "verifier"),
    "lapse_claim": ("verifying", "queued", "system"),
    "record_check": ("verifying", "same", "verifier"),
    "witness_check": ("verifying", "same", "verifier"),
    "send_challenge": ("verifying", "same", "verifier"),
    "system_check": ("queued verifying waiting_owner", "same", "system"),
    "mark_pressure": ("verifying pending_approval", "same", "verifier approver lead"),
    "ask_owner": ("verifying", "waiting_owner", "verifier"),
    "remind_owner": ("waiting_owner", "same", "system"),
    "answer": ("waiting_owner", "verifying", "owner system"),
    "send_link_again": ("waiting_owner", "same", "owner"),
    "end_asking": ("waiting_owner", "verifying", "verifier"),
    "expire_waiting": ("waiting_owner", "expired", "system"),
    "propose_removal": ("verifying", "pending_approval", "verifier"),
    "propose_decline": ("verifying", "pending_approval", "verifier"),
    "alarm_approval": ("pending_approval", "same", "system"),
    "open_check": ("pending_approval", "same", "approver lead"),
    "repeat_check": ("pending_approval", "same", "lead"),
    "approve": ("pending_approval", "cooling_off", "approver lead"),
    "approve_decline": ("pending_approval", "declined", "approver lead"),
    "send_back": ("pending_approval", "verifying", "approver lead"),
    "start_waiting": ("cooling_off", "same", "system"),
    "remind_contacts": ("cooling_off", "same", "system"),
    "extend_waiting": ("cooling_off ready", "cooling_off", "contact"),
    "end_waiting": ("cooling_off", "ready", "system"),
    "void_round": ("pending_approval cooling_off ready", "verifying", "system"),
    "declare_ready": ("ready", "same", "owner"),
    "alarm_ready": ("ready", "same", "system"),
    "return_unexecuted": ("ready", "verifying", "system"),
    "execute": ("ready", "executing", "verifier approver lead"),
    "confirm_step": ("executing", "same", "verifier approver lead"),
    "attest_step": ("executing", "same", "verifier approver lead"),
    "alarm_executing": ("executing", "same", "system"),
    "confirm_gone": ("executing", "deactivated", "system"),
    "fail_removal": ("executing", "ready", "system"),
    "object": (STOPPABLE, "frozen", "owner contact system"),
    "open_frozen": ("none", "frozen", "contact system"),
    "alarm_freeze_lead": ("frozen", "same", "system"),
    "alarm_freeze_decision": ("frozen", "same", "system"),
    "propose_unfreeze": ("frozen", "same", "lead"),
    "agree_unfreeze": ("frozen", "queued", "approver lead"),
    "appeal": ("declined", "queued", "owner"),
    "reveal": (" ".join(Status), "same", "verifier approver lead"),
    "write_note": (SEEN, "same", "verifier approver lead"),
    "send_reply": (f"{ANSWERED} frozen", "same", "verifier approver lead"),
    "take_back_reply": (SEEN, "same", "verifier approver lead"),
    "receive_message": (f"{BEFORE} executing frozen", "same", "owner"),
    "book_call": ("queued verifying waiting_owner", "same", "owner"),
    "print_letter": ("verifying waiting_owner", "same", "verifier approver lead"),
    "repeat_by_call": ("pending_approval", "same", "system"),
    "close_training": (f"unconfirmed {BEFORE} frozen", "cancelled", "system"),
    "delete_evidence": (ENDED, "same", "system"),
    "delete_network": (ENDED, "same", "system"),
    "delete_contact": (ENDED, "same", "system"),
    "delete_facts": (ENDED, "same", "system"),
    "erase": (ENDED, "same", "lead admin system"),
    "place_hold": (" ".join(Status), "same", "lead admin"),
    "lift_hold": (" ".join(Status), "same", "lead admin system"),
}
# While a case is frozen its requester may be the thief: only leads write to them.
ONLY_LEADS = {("send_reply", "frozen")}
NOT_THE_HOLDER = {Act.TAKE_OVER, Act.WITNESS_CHECK}
SECOND_PERSON = {Act.AGREE_UNFREEZE}


def willing(act: Act, status: Status | None) -> CaseFacts:
    """Facts under which nothing stands in the way of this act."""
    second = "approve" in act or act in {Act.SEND_BACK, Act.OPEN_CHECK, Act.REPEAT_CHECK}
    return CaseFacts(
        status=status,
        holder="another" if act in NOT_THE_HOLDER or second else "me",
        holder_may_continue=True,
        parties={"another": Party("verifier")},
        account_known=True,
        contacts_known=True,
        policy_met=True,
        decision="decline" if act is Act.APPROVE_DECLINE else "remove",
        proposer="another",
        waiting_until=NOW,
        gone=True,
        training=act is Act.CLOSE_TRAINING,
        tries_left=0,
        unfreeze="resume",
        unfreeze_proposer="another",
        appeal_until=NOW + timedelta(days=1) if act is Act.APPEAL else None,
        periods=dict.fromkeys(Act, NOW),
        held=act is Act.LIFT_HOLD,
        timers={timed: NOW for timed in Act if timed is not Act.EXPIRE_UNCONFIRMED or act is timed},
        given=frozenset({"reason", "fresh_factor", "items", "devices", "agreed"}),
    )


def somebody(role: Role) -> Actor:
    return Actor(roles=frozenset({role}), person_id="me")


def test_the_table_names_every_act() -> None:
    assert set(TABLE) == set(Act)


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("role", list(Role))
def test_every_cell_leads_where_the_design_says(act: Act, role: Role) -> None:
    origins, target, usual = TABLE[act]
    for status in (None, *Status):
        who = "lead" if (act, status) in ONLY_LEADS else usual
        expected: str = "wrong_status"
        if (status or "none") in origins.split():
            expected = (
                "wrong_role" if role not in who.split() else str(status) if target == "same" else target
            )
        assert outcome(willing(act, status), act, somebody(role)) == expected, status


def outcome(facts: CaseFacts, act: Act, actor: Actor) -> str:
    try:
        return lifecycle.decide(facts, act, actor, NOW)
    except NotAllowed as refusal:
        return refusal.reason


# One way to break each guard, and the acts that must then be refused with it.
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "own_account": ({"own_account": True}, "claim take_over record_check witness_check send_challenge mark_pressure ask_owner end_asking propose_removal propose_decline open_check repeat_check approve approve_decline send_back execute confirm_step attest_step propose_unfreeze agree_unfreeze reveal reassign write_note send_reply take_back_reply print_letter erase place_hold lift_hold"),
    "excluded": ({"parties": {"me": Party("verifier", excluded=True)}}, "claim take_over record_check witness_check send_challenge mark_pressure ask_owner end_asking propose_removal propose_decline open_check repeat_check approve approve_decline send_back execute confirm_step attest_step propose_unfreeze agree_unfreeze reveal reassign write_note send_reply take_back_reply print_letter"),
    "planter": ({"parties": {"me": Party("planter")}}, "claim take_over record_check witness_check send_challenge mark_pressure ask_owner end_asking propose_removal propose_decline open_check repeat_check approve approve_decline send_back execute confirm_step attest_step propose_unfreeze agree_unfreeze reveal write_note send_reply take_back_reply print_letter"),
    "other_part": ({"parties": {"me": Party("approver")}}, "claim take_over record_check witness_check send_challenge ask_owner end_asking propose_removal propose_decline print_letter"),
    "another_person": ({"parties": {"me": Party("verifier")}}, "open_check repeat_check approve approve_decline send_back agree_unfreeze"),
    "not_holder": ({"holder": "another"}, "release record_check send_challenge ask_owner end_asking propose_removal propose_decline"),
    "already_holder": ({"holder": "me"}, "take_over witness_check"),
    "lead_needed": ({"lead_needed": True}, "approve approve_decline"),
    "other_lead": ({"contest_lead": "another"}, "approve approve_decline"),
    "account_unknown": ({"account_known": False}, "record_check send_challenge system_check propose_removal approve execute repeat_by_call"),
    "no_registered_contact": ({"contacts_known": False}, "propose_removal approve"),
    "policy_not_met": ({"policy_met": False}, "propose_removal approve"),
    "objection_open": ({"objection_open": True}, "propose_removal approve end_waiting execute delete_evidence delete_network delete_contact delete_facts erase"),
    "facts_changed": ({"facts_changed": True}, "approve execute"),
    "checks_unopened": ({"checks_unopened": 1}, "approve"),
    "repeat_missing": ({"repeat_missing": True}, "approve"),
    "notices_pending": ({"notices_pending": True}, "start_waiting end_waiting execute"),
    "wait_started": ({"waiting_started": True}, "start_waiting"),
    "wait_runs": ({"waiting_until": NOW + timedelta(seconds=1)}, "end_waiting execute"),
    "already_extended": ({"extended": True}, "extend_waiting"),
    "signed_in_since": ({"signed_in_since": True}, "execute"),
    "real_case": ({"training": False}, "close_training"),
    "training": ({"training": True}, "confirm_gone"),
    "owner_not_ready": ({"owner_ready_needed": True}, "execute"),
    "still_there": ({"gone": False}, "confirm_gone"),
    "tries_left": ({"tries_left": 1}, "fail_removal"),
    "too_early": ({"timers": {}, "periods": {}}, "expire_unconfirmed lapse_claim remind_owner expire_waiting alarm_approval remind_contacts alarm_ready return_unexecuted alarm_executing alarm_freeze_lead alarm_freeze_decision delete_evidence delete_network delete_contact delete_facts"),
    "already_appealed": ({"appealed": True}, "appeal"),
    "wrong_outcome": ({"removed_at": NOW}, "propose_unfreeze agree_unfreeze"),
    "not_proposed": ({"decision": None, "unfreeze": None, "given": frozenset()}, "approve approve_decline agree_unfreeze erase place_hold lift_hold"),
    "legal_hold": ({"held": True}, "delete_evidence delete_network delete_contact delete_facts erase place_hold"),
    "no_legal_hold": ({"held": False}, "lift_hold"),
    "data_gone": ({"data_gone": True}, "erase write_note send_reply reveal"),
    "objection_possible": ({"objection_until": NOW + timedelta(days=1)}, "delete_contact delete_facts erase"),
    "log_behind": ({"log_behind": True}, "approve approve_decline execute agree_unfreeze delete_contact erase"),
    "reason_missing": ({"given": frozenset({"fresh_factor", "items", "devices"})}, "take_over propose_decline send_back propose_unfreeze reveal"),
    "fresh_factor": ({"given": frozenset({"reason", "items", "devices"})}, "witness_check approve approve_decline send_back execute attest_step agree_unfreeze"),
    "items_missing": ({"given": frozenset()}, "ask_owner"),
    "devices_missing": ({"given": frozenset()}, "propose_removal"),
}  # fmt: skip


@pytest.mark.parametrize("reason", sorted(BROKEN))
def test_each_guard_refuses_exactly_the_acts_that_the_design_binds_to_it(reason: str) -> None:
    change, named = BROKEN[reason]
    refused = {act for act in Act if reason in blockers(act, change)}
    assert refused == {Act(word) for word in named.split()}


def blockers(act: Act, change: dict[str, Any]) -> tuple[str, ...]:
    row = next(row for row in lifecycle.TRANSITIONS if row.act is act)
    status = next(iter(sorted(row.origins, key=str)))
    actor = Actor(roles=frozenset({min(row.who)}), person_id="me")
    return lifecycle.blocked_by(replace(willing(act, status), **change), act, actor, NOW)


def test_every_refusal_is_turned_once_in_this_file() -> None:
    elsewhere = {"wrong_status", "wrong_role", "too_late"}
    assert set(BROKEN) | elsewhere == lifecycle.REFUSALS


@pytest.mark.parametrize("status", [Status.VERIFYING, Status.WAITING_OWNER])
def test_nobody_answers_an_owner_over_the_head_of_the_colleague_who_has_the_case(status: Status) -> None:
    facts = replace(willing(Act.SEND_REPLY, status), holder="another")
    assert lifecycle.refusal(facts, Act.SEND_REPLY, somebody(Role.VERIFIER), NOW) == "not_holder"


def test_a_confirmation_after_its_time_is_refused() -> None:
    facts = CaseFacts(status=Status.UNCONFIRMED, timers={Act.EXPIRE_UNCONFIRMED: NOW})
    assert lifecycle.refusal(facts, Act.CONFIRM, somebody(Role.OWNER), NOW) == "too_late"


def test_an_objection_later_than_its_window_is_refused() -> None:
    facts = CaseFacts(status=Status.DEACTIVATED, removed_at=NOW, objection_until=NOW)
    assert lifecycle.refusal(facts, Act.OBJECT, somebody(Role.CONTACT), NOW) == "too_late"


def test_an_appeal_after_its_window_is_refused() -> None:
    facts = CaseFacts(status=Status.DECLINED, appeal_until=NOW - timedelta(seconds=1))
    assert lifecycle.refusal(facts, Act.APPEAL, somebody(Role.OWNER), NOW) == "too_late"


@pytest.mark.parametrize("act", [Act.ANSWER, Act.SEND_BACK, Act.VOID_ROUND, Act.RETURN_UNEXECUTED])
def test_a_case_returns_to_the_queue_when_its_holder_may_not_go_on(act: Act) -> None:
    row = next(row for row in lifecycle.TRANSITIONS if row.act is act)
    origin = next(iter(row.origins))
    facts = replace(willing(act, origin), holder_may_continue=False)
    assert lifecycle.decide(facts, act, Actor(row.who, person_id="me"), NOW) == Status.QUEUED


@pytest.mark.parametrize(
    ("proposal", "removed", "status"),
    [
        ("resume", False, "queued"),
        ("decline", False, "declined"),
        ("unfounded", True, "deactivated"),
        ("reverse", True, "reversed"),
    ],
)
def test_a_freeze_ends_as_proposed(proposal: str, removed: bool, status: str) -> None:
    facts = replace(
        willing(Act.AGREE_UNFREEZE, Status.FROZEN), unfreeze=proposal, removed_at=NOW if removed else None
    )
    assert lifecycle.decide(facts, Act.AGREE_UNFREEZE, somebody(Role.LEAD), NOW) == status


def test_who_proposed_an_unfreeze_cannot_agree_to_it() -> None:
    facts = replace(willing(Act.AGREE_UNFREEZE, Status.FROZEN), unfreeze_proposer="me")
    assert lifecycle.refusal(facts, Act.AGREE_UNFREEZE, somebody(Role.LEAD), NOW) == "another_person"


def test_no_status_but_the_final_ones_is_a_dead_end() -> None:
    left = {origin for row in lifecycle.TRANSITIONS for origin in row.origins if row.to != (None,)}
    assert set(Status) - left == {Status.CANCELLED, Status.EXPIRED, Status.REVERSED}


def test_every_status_can_be_reached() -> None:
    assert {status for row in lifecycle.TRANSITIONS for status in row.to if status} == set(Status)


def test_every_timed_act_belongs_to_the_system_alone() -> None:
    timed = {timer.act for timers in lifecycle.TIMERS.values() for timer in timers}
    rows = [row for row in lifecycle.TRANSITIONS if row.act in timed]
    assert all(row.who == frozenset({Role.SYSTEM}) for row in rows)


def test_every_timer_counts_by_a_limit_that_exists() -> None:
    limits = Limits()
    assert all(hasattr(limits, timer.delay) for timers in lifecycle.TIMERS.values() for timer in timers)


def test_compliance_can_do_nothing_to_a_case_and_admins_only_decide_what_is_kept() -> None:
    allowed = {(role, row.act) for row in lifecycle.TRANSITIONS for role in row.who}
    theirs = {(role, act) for role, act in allowed if role in {Role.COMPLIANCE, Role.ADMIN}}
    assert theirs == {(Role.ADMIN, act) for act in (Act.ERASE, Act.PLACE_HOLD, Act.LIFT_HOLD)}


def test_while_a_decline_can_be_appealed_nothing_is_destroyed_for_good() -> None:
    facts = replace(willing(Act.DELETE_CONTACT, Status.DECLINED), appeal_until=NOW)
    assert lifecycle.refusal(facts, Act.DELETE_CONTACT, lifecycle.SYSTEM, NOW) == "objection_possible"
    after = replace(facts, appealed=True)
    assert lifecycle.refusal(after, Act.DELETE_CONTACT, lifecycle.SYSTEM, NOW) is None


def test_the_diagram_has_a_line_for_each_row() -> None:
    assert len(lifecycle.diagram().splitlines()) == len(lifecycle.TRANSITIONS) + 2
