"""Every key that the rules speak in has words, in every language; and no word is left over from a rule that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask

import portal
from portal import contact, i18n, labels, passwords, person_text
from portal.casework import (
    exports,
    paper_checks,
    person_data,
    protection,
    register_columns,
    register_file,
    register_plan,
    staff_changes,
)
from portal.connectors import runbook
from portal.connectors.table import CONNECTORS
from portal.domain import (
    audit_tags,
    evidence,
    lifecycle,
    methods,
    notices,
    periods,
    policy,
    reports,
    retention,
    risks,
    self_service,
    training,
    triage,
)
from portal.domain.languages import LANGUAGES
from portal.models.evidence import EXPORT_FORMS, EXPORT_STATES
from portal.models.register import HOLDER_KINDS
from portal.reports import asking
from portal.tlog import findings
from tests import web

SOURCES = Path(portal.__file__).parent
# The paper and the status page say more than one thing about a status.
EXTRA_SENTENCES = {"cooling_off_notices"}
JAPANESE = re.compile("[぀-ヿ㐀-鿿]")
# Words that stand in their own script in every language.
IN_ITS_OWN_SCRIPT = {("language", "ja"), ("language", "en")}


def code() -> str:
    folders = (SOURCES, SOURCES.parent / "admin")
    paths = (path for folder in folders for path in sorted(folder.rglob("*.py")))
    return "\n".join(path.read_text() for path in paths if path.parent.name != "labels")


def answers() -> Iterator[str]:
    for question, choices in triage.QUESTIONS.items():
        yield from (f"{question}:{choice}" for choice in choices)


KEYS: Mapping[str, Iterable[str]] = {
    "status": lifecycle.Status,
    "paper_outcome": paper_checks.OUTCOMES,
    "paper_outcome_means": paper_checks.OUTCOMES,
    "owner_status": lifecycle.Status,
    "owner_sentence": {*lifecycle.Status, *EXTRA_SENTENCES},
    "role": lifecycle.Role,
    "act": lifecycle.Act,
    "close_reason": lifecycle.CLOSE_REASONS,
    "cancel_reason": lifecycle.CANCEL_REASONS,
    "decline_reason": lifecycle.DECLINE_REASONS,
    "reveal_reason": lifecycle.REVEAL_REASONS,
    "pressure": lifecycle.PRESSURE_MARKERS,
    "decision": lifecycle.DECISIONS,
    "unfreeze": lifecycle.UNFREEZE_OUTCOMES,
    "runbook_step": runbook.STEPS,
    "tier": policy.Tier,
    "tier_reason": policy.TIER_REASONS,
    "risk": risks.RISKS,
    "risk_means": risks.RISKS,
    "training_scenario": training.SCENARIOS,
    "training_tell": training.SCENARIOS,
    "training_outcome": training.OUTCOMES,
    "training_means": training.OUTCOMES,
    "policy_set": policy.POLICY_SETS,
    "requirement": policy.REQUIREMENTS,
    "ignored": policy.IGNORED_REASONS,
    "method": methods.METHODS,
    "method_how": methods.METHODS,
    "method_class": methods.KLASSES,
    "strength": methods.STRENGTHS,
    "attested": methods.ATTESTED,
    "channel": methods.CHANNELS,
    "unavailable": methods.WHY_UNAVAILABLE,
    "result": {*methods.RESULTS, "not_done"},
    "evidence": methods.EVIDENCE_FIELDS,
    "evidence_choice": methods.EVIDENCE_CHOICES,
    "evidence_error": evidence.EVIDENCE_ERRORS,
    "language": LANGUAGES,
    "principal_kind": {*triage.FORM_ANSWERS["principal_kind"], retention.ERASED},
    "reason": {
        *(*triage.FORM_ANSWERS["problem"], "lost", "stolen", "broken", "replaced", "other"),
        retention.ERASED,
    },
    "device_kind": {"virtual", "passkey", "hardware", "unknown"},
    "registered_phone": {*triage.FORM_ANSWERS["registered_phone"], "unknown", retention.ERASED},
    "phone_on_device": {"yes", "no", "unknown", retention.ERASED},
    "holder_kind": {*HOLDER_KINDS, retention.ERASED},
    "is_administrator": {"yes", "no", "unknown", retention.ERASED},
    "mailbox": triage.FORM_ANSWERS["mailbox"],
    "call_time": {"any", "morning", "afternoon", "evening"},
    "triage_question": triage.QUESTIONS,
    "triage_answer": set(answers()),
    "triage_error": triage.QUESTIONS,
    "triage_help": {triage.FIRST},
    "triage_outcome": triage.OUTCOMES,
    "triage_reason": triage.REASONS,
    "contact_error": contact.CONTACT_ERRORS,
    "notice": notices.ALL_NOTICES,
    "audit": audit_tags.FACTS,
    "proposal": {*staff_changes.CHANGES, *protection.KINDS, *retention.DECISIONS},
    "retention_class": (period.key for period in retention.PERIODS),
    "retention_holds": (period.key for period in retention.PERIODS),
    "person_part": person_data.PARTS,
    "person_field": person_text.FIELDS,
    "export_reason": person_data.REASONS,
    "file_mistake": register_file.FILE_MISTAKES,
    "export_form": EXPORT_FORMS,
    "export_state": EXPORT_STATES,
    "export_error": exports.ERRORS,
    "column_format": reports.KINDS,
    "register_field": register_plan.FIELDS,
    "register_column": register_columns.HEADER,
    "connector": CONNECTORS,
    "self_service_step": self_service.FAILURE_STEPS,
    "self_service_failure": self_service.FAILURE_REASONS,
    "call_state": self_service.CALL_STATES,
    "call_outcome": self_service.CALL_OUTCOMES,
    "talk_state": self_service.TALK_STATES,
    "talk_advice": self_service.TALK_STATES,
    "log_check": findings.CHECKS,
    "report": reports.REPORTS,
    "report_help": reports.REPORTS,
    "report_column": {column.key for report in reports.REPORTS.values() for column in report.columns},
    "report_column_help": {column.key for report in reports.REPORTS.values() for column in report.columns},
    "report_period": {*periods.PRESETS, asking.CUSTOM},
    "report_basis": reports.BASES,
    "report_filter": reports.FILTERS,
    "report_outcome": reports.OUTCOMES,
    "report_clock": reports.CLOCKS,
    "report_decision": reports.DECISIONS,
    "report_channel": reports.STOP_CHANNELS,
    "report_error": asking.ERRORS,
    "call_advice": {*self_service.CALL_STATES, *self_service.CALL_OUTCOMES},
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return web.portal(web.demo_settings(tmp_path_factory.mktemp("labels")))


@pytest.mark.parametrize("kind", KEYS)
def test_every_key_of_the_rules_has_words_and_no_other_has(kind: str) -> None:
    assert set(labels.TABLES[kind]) == {str(key) for key in KEYS[kind]}


def test_every_refusal_has_words() -> None:
    raised = set(re.findall(r'Refused\(\s*"([a-z_]+)"', code()))
    wanted = lifecycle.REFUSALS | raised | set(passwords.REFUSALS) | {"stale", "throttled", "not_found"}
    assert not wanted - set(labels.TABLES["refusal"])


def test_no_refusal_keeps_words_after_its_rule_is_gone() -> None:
    text = code()
    assert not [key for key in labels.TABLES["refusal"] if f'"{key}"' not in text]


def test_every_table_of_words_belongs_to_a_rule() -> None:
    assert set(labels.TABLES) == {*KEYS, "refusal"}


@pytest.mark.parametrize("kind", labels.TABLES)
def test_words_are_japanese_in_japanese_and_not_in_english(app: Flask, kind: str) -> None:
    with app.app_context():
        for key in labels.TABLES[kind]:
            if (kind, key) in IN_ITS_OWN_SCRIPT:
                continue
            assert JAPANESE.search(labels.word(kind, key, "ja")), f"{kind}:{key} has no Japanese words"
            assert not JAPANESE.search(labels.word(kind, key, "en")), f"{kind}:{key} has no English words"


def test_words_of_one_kind_can_be_told_apart(app: Flask) -> None:
    chosen_from = ("status", "role", "method", "result", "reason", "decline_reason", "tier", "call_time")
    with app.app_context():
        for language in LANGUAGES:
            for kind in chosen_from:
                words = [labels.word(kind, key, language) for key in labels.TABLES[kind]]
                assert len(set(words)) == len(words), f"{kind} in {language}"


def test_unknown_key_is_an_error_not_an_empty_word(app: Flask) -> None:
    with app.app_context(), pytest.raises(KeyError):
        labels.word("status", "cooling")


def test_staff_and_owner_hear_different_words_where_they_must(app: Flask) -> None:
    with app.app_context(), i18n.spoken_in("ja"):
        assert labels.word("status", "declined") == "不承認"
        assert labels.word("owner_status", "declined") == "お受けできませんでした"
        assert labels.word("status", "pending_approval") == "二次承認待ち"
        assert labels.word("owner_status", "pending_approval") == "承認手続き中"
        assert labels.word("owner_status", "frozen") == "安全確認のため停止中"
