from dataclasses import fields

import pytest

from portal.domain.evidence import EVIDENCE_KINDS
from portal.domain.limits import Limits
from portal.domain.methods import (
    ATTESTED,
    CHANNELS,
    EVIDENCE_CHOICES,
    EVIDENCE_FIELDS,
    KLASSES,
    METHODS,
    RESULTS,
    STRENGTHS,
    WHY_UNAVAILABLE,
    recordable,
)

#       class           strength       attested  channel  live   two staff  why not available
TABLE = {
    "P1": ("possession", "very_high", "system", None, False, False, None),
    "P2": ("possession", "high", "system", None, False, False, "comes_with_recovery_codes"),
    "P3": ("possession", "medium_high", "system", None, False, False, "comes_with_registered_keys"),
    "H1": ("held_channel", "medium", "system", "email", False, False, None),
    "H2": ("held_channel", "medium", "system", "phone", False, False, None),
    "H3": ("held_channel", "medium_high", "system", "phone", True, False, None),
    "H4": ("held_channel", "medium", "system", "post", False, False, None),
    "D1": ("document", "very_high", "person", None, False, False, None),
    "D2": ("document", "high", "person", None, True, False, None),
    "D3": ("document", "high", "person", None, False, False, None),
    "D4": ("document", "low", "person", None, False, False, None),
    "D5": ("document", "high", "person", None, False, False, None),
    "D6": ("document", "high", "person", None, False, False, None),
    "W1": ("witness", "medium_high", "person", None, False, False, None),
    "W2": ("witness", "medium", "system", None, False, False, "comes_with_recovery_contacts"),
    "W3": ("witness", "very_high", "person", None, True, True, None),
}

EVIDENCE = {
    "P1": "device",
    "P2": "code_number",
    "P3": "key_fingerprint challenge",
    "H1": "address_masked link network_address",
    "H2": "number_masked call tries",
    "H3": "call call_length pin",
    "H4": "letter posted_on code",
    "D1": "provider transaction assurance name_result",
    "D2": "document_type document_end expires_on face_compared gesture_done image_hash",
    "D3": "provider transaction score",
    "D4": "document_type document_end image_hash",
    "D5": "notary_name paper_number issued_on image_hash",
    "D6": "paper_number issued_on image_hash",
    "W1": "colleague channel statement",
    "W2": "address_masked code",
    "W3": "place document_type document_end",
}

evidence_fields = [(method.key, field) for method in METHODS.values() for field in method.evidence]


def test_the_methods_are_those_of_the_table_in_its_order():
    assert list(METHODS) == list(TABLE)


@pytest.mark.parametrize("key", TABLE)
def test_every_cell_of_the_table_is_as_decided(key):
    method = METHODS[key]
    row = (
        method.klass,
        method.strength,
        method.attested,
        method.channel,
        method.live,
        method.two_staff,
        method.why_unavailable,
    )

    assert row == TABLE[key]
    assert method.key == key
    assert method.available is (method.why_unavailable is None)


@pytest.mark.parametrize("key", TABLE)
def test_a_method_records_this_evidence_and_never_more(key):
    assert " ".join(field.key for field in METHODS[key].evidence) == EVIDENCE[key]


def test_what_somebody_knows_is_no_method():
    assert not [key for key in METHODS if key.startswith("K")]


@pytest.mark.parametrize("key", TABLE)
def test_every_word_of_a_method_is_a_known_one(key):
    method = METHODS[key]

    assert method.klass in KLASSES
    assert method.strength in STRENGTHS
    assert method.attested in ATTESTED
    assert method.channel in (None, *CHANNELS)
    assert method.why_unavailable in (None, *WHY_UNAVAILABLE)


def test_a_held_channel_is_the_only_class_that_has_a_channel():
    assert {method.klass for method in METHODS.values() if method.channel} == {"held_channel"}
    assert all(method.channel for method in METHODS.values() if method.klass == "held_channel")


def test_no_reason_is_left_without_a_method():
    assert {method.why_unavailable for method in METHODS.values()} == {None, *WHY_UNAVAILABLE}


def test_persons_and_the_system_can_record_what_is_available_now():
    assert [method.key for method in recordable("person")] == ["D1", "D2", "D3", "D4", "D5", "D6", "W1", "W3"]
    assert [method.key for method in recordable("system")] == ["P1", "H1", "H2", "H3", "H4"]


def test_only_the_calls_need_a_telephone_and_no_person_attests_one():
    calls = [method for method in METHODS.values() if method.needs_telephone]

    assert [method.key for method in calls] == ["H2", "H3"]
    assert {method.attested for method in calls} == {"system"}


def test_results_leave_out_what_was_not_done():
    assert RESULTS == ("match", "mismatch", "could_not")


@pytest.mark.parametrize(("method", "field"), evidence_fields)
def test_every_evidence_field_is_whole(method, field):
    assert field.kind in EVIDENCE_KINDS
    assert bool(field.choices) is (field.kind == "choice")
    assert field.max_age is None or field.max_age in {one.name for one in fields(Limits)}
    assert 0 < field.max_length <= 300


def test_all_fields_and_choices_are_listed_once_for_the_labels():
    assert set(EVIDENCE_FIELDS) == {field.key for _, field in evidence_fields}
    assert set(EVIDENCE_CHOICES) == {choice for _, field in evidence_fields for choice in field.choices}
    assert len(EVIDENCE_FIELDS) == len(set(EVIDENCE_FIELDS))
    assert len(EVIDENCE_CHOICES) == len(set(EVIDENCE_CHOICES))
