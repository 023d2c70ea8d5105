"""Every column says what it holds, and what must not stand in clear does not."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Column, DateTime, LargeBinary, String

from portal.models import HOLDS, Base, UtcDateTime
from portal.models.base import column

COLUMNS = {
    f"{table.name}.{each.name}": each for table in Base.metadata.sorted_tables for each in table.columns
}

# Hashes and keys that are wrapped already: they open nothing by themselves.
OPENS_NOTHING = {
    "link_token.hash": "SHA-256 of 256 random bits, or a keyed digest of a short code",
    "staff_session.hash": "SHA-256 of 256 random bits",
    "owner_session.hash": "SHA-256 of 256 random bits",
    "self_service.session_hash": "SHA-256 of 256 random bits",
    "phone_call.path_hash": "SHA-256 of 256 random bits",
    "phone_call.code_digest": "keyed digest",
    "phone_call.number_digest": "keyed digest",
    "draft.hash": "SHA-256 of 256 random bits",
    "throttle.digest": "keyed digest",
    "staff.password_hash": "argon2id",
    "directory_principal.password_hash": "argon2id",
    "staff_recovery_code.hash": "argon2id",
    "directory_recovery_code.hash": "argon2id",
    "training.salt": "random, and told when the case is opened; it keeps the plan from being guessed",
    "subject_key.wrapped": "wrapped by a key outside the database",
}
# In a demo nobody is real, and a person must be able to read the mail that was caught.
ONLY_IN_A_DEMO = {"demo_mail.recipient", "demo_mail.subject", "demo_mail.raw"}

# Words that sound like personal data, and what stands in these columns instead.
PERSONAL = re.compile(
    r"name|kana|mail|phone|number|address|birth|detail|note|reason|payload|params|answers|origin|browser|secret|token"
)
SOUNDS_PERSONAL = {
    "person.name": "a colleague, known to colleagues",
    "staff.email": "a work address, shown to colleagues",
    "account.number": "in clear by the design, to be searched",
    "cases.account_number": "in clear by the design, to be searched",
    "principal.username": "the name of an IAM user in its account",
    "account.name_since": "a time",
    "self_service.mailbox_at": "a time",
    "self_service.mailbox_contact_id": "an id",
    "self_service.failed_reason": "a key of the rules",
    "link_token.phone_change_id": "an id",
    "phone_call.phone_change_id": "an id",
    "cases.registered_phone": "a choice: yes, no, unknown",
    "cases.phone_on_device": "a choice: yes, no, unknown",
    "cases.tier_reasons": "keys of the rules",
    "cases.decision_reason": "a key of the rules",
    "cases.close_reason": "a key of the rules",
    "saved_view.name": "what a colleague calls their own view of the queue",
    "reply_template.name": "what leads call a template",
    "report_setting.name": "what somebody in compliance calls their own report",
    "audit_checkpoint.note": "a signed head of the tree, public by design",
    "export.file_name": "made of the report's key and its period",
    "export_part.name": "a key: data or dictionary",
    "export_part.number": "a number",
    "installation.token_epoch": "a number",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_declares_what_it_holds(name: str) -> None:
    assert COLUMNS[name].info.get("holds") in HOLDS


def test_a_column_cannot_be_made_without_saying_what_it_holds() -> None:
    with pytest.raises(ValueError, match="anything"):
        column("anything", String(3))


def is_sealed(each: Column[object]) -> bool:
    return each.name.startswith("sealed_")


@pytest.mark.parametrize("name", [name for name, each in COLUMNS.items() if is_sealed(each)])
def test_a_sealed_column_holds_bytes_and_says_of_which_kind(name: str) -> None:
    assert isinstance(COLUMNS[name].type, LargeBinary)
    assert COLUMNS[name].info["holds"] != "fact"


def test_what_is_no_fact_is_sealed_or_opens_nothing() -> None:
    secret = {name for name, each in COLUMNS.items() if each.info["holds"] != "fact" and not is_sealed(each)}
    assert secret == set(OPENS_NOTHING) | ONLY_IN_A_DEMO


def test_what_is_sealed_belongs_to_a_subject_that_can_be_erased() -> None:
    """Either the row names its subject, or a row that it hangs on does."""
    hangs_on = {"staff_session": "staff", "directory_device": "directory_principal", "contact": "account"}
    hangs_on |= {"identity_check": "cases", "owner_session": "account", "self_service": "account"}
    hangs_on |= {"message": "cases", "message_draft": "cases"}
    hangs_on |= {"export_part": "export"}
    hangs_on |= {"phone_change": "account", "managed_removal": "account"}
    for table in {each.table.name for each in COLUMNS.values() if is_sealed(each)}:
        holder = hangs_on.get(table, table)
        assert "subject_id" in Base.metadata.tables[holder].columns, table
        points_at = {key.column.table.name for key in Base.metadata.tables[table].foreign_keys}
        assert holder == table or holder in points_at, table


def test_no_fact_sounds_like_personal_data_without_a_reason() -> None:
    sounds = {
        name for name, each in COLUMNS.items() if each.info["holds"] == "fact" and PERSONAL.search(each.name)
    }
    assert sounds == set(SOUNDS_PERSONAL)


def test_times_are_utc_and_their_names_say_that_they_are_times() -> None:
    for name, each in COLUMNS.items():
        is_time = isinstance(each.type, UtcDateTime)
        assert is_time or not isinstance(each.type, DateTime), name
        assert is_time == bool(re.search(r"(^|_)(at|until|since|before)$", each.name)), name


def test_hashes_have_room_for_exactly_one_hash() -> None:
    for name in OPENS_NOTHING:
        kind = COLUMNS[name].type
        if isinstance(kind, String):
            assert kind.length in {64, 200}, name
