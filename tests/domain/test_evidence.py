from datetime import date

import pytest

from portal.domain.evidence import EVIDENCE_ERRORS, EvidenceError, evidence_errors, needs_note
from portal.domain.limits import Limits
from portal.domain.methods import METHODS

TODAY = date(2026, 11, 24)

LICENCE = {"document_type": "driving_licence", "document_end": "1234"}
VIDEO = LICENCE | {"expires_on": "2027-01-01", "face_compared": "yes", "gesture_done": "yes"}
EXTRACT = {"paper_number": "0123-45", "issued_on": "2026-11-01"}
WITNESS = {"colleague": "emp-7", "channel": "in_person", "statement": "Works here."}


def errors(method, values, result="match", limits=None):
    asked = METHODS[method].evidence
    found = evidence_errors(asked, values, result=result, today=TODAY, limits=limits or Limits())
    return [(error.field, error.error) for error in found]


@pytest.mark.parametrize(
    ("method", "values"),
    [("D2", VIDEO), ("W3", LICENCE | {"place": "Tokyo"}), ("D6", EXTRACT), ("W1", WITNESS)],
)
def test_whole_evidence_has_no_errors(method, values):
    assert errors(method, values) == []


@pytest.mark.parametrize(
    ("method", "values", "error"),
    [
        ("D2", VIDEO | {"document_end": ""}, ("document_end", "required")),
        ("D2", VIDEO | {"document_end": "   "}, ("document_end", "required")),
        ("D2", VIDEO | {"document_end": "123"}, ("document_end", "not_four_characters")),
        ("D2", VIDEO | {"document_end": "12-4"}, ("document_end", "not_four_characters")),
        ("D2", VIDEO | {"document_end": "１２３４"}, ("document_end", "not_four_characters")),
        ("D2", VIDEO | {"document_end": "12345678"}, ("document_end", "too_long")),
        ("D2", VIDEO | {"document_type": "library_card"}, ("document_type", "not_a_choice")),
        ("D2", VIDEO | {"expires_on": "2026-11-23"}, ("expires_on", "in_past")),
        ("D2", VIDEO | {"gesture_done": ""}, ("gesture_done", "not_ticked")),
        ("D2", VIDEO | {"gesture_done": "no"}, ("gesture_done", "not_ticked")),
        ("D2", VIDEO | {"image_hash": "0" * 65}, ("image_hash", "too_long")),
        ("D6", EXTRACT | {"issued_on": "2026-11-25"}, ("issued_on", "in_future")),
        ("D6", EXTRACT | {"issued_on": "2026-08-23"}, ("issued_on", "too_old")),
        ("D6", EXTRACT | {"issued_on": "2026-02-30"}, ("issued_on", "not_a_date")),
        ("D6", EXTRACT | {"issued_on": "20261101"}, ("issued_on", "not_a_date")),
        ("D6", EXTRACT | {"issued_on": "1 November"}, ("issued_on", "not_a_date")),
        ("W1", WITNESS | {"voice": "known"}, ("voice", "not_asked_for")),
        ("W1", WITNESS | {"statement": "x" * 301}, ("statement", "too_long")),
    ],
)
def test_each_mistake_is_named_at_its_field(method, values, error):
    assert errors(method, values) == [error]


@pytest.mark.parametrize(
    ("method", "key", "day"),
    [
        ("D6", "issued_on", "2026-08-24"),  # exactly 92 days ago
        ("D6", "issued_on", "2026-11-24"),
        ("D2", "expires_on", "2026-11-24"),
    ],
)
def test_a_date_on_the_edge_still_counts(method, key, day):
    assert errors(method, (EXTRACT if method == "D6" else VIDEO) | {key: day}) == []


def test_how_old_a_company_paper_may_be_is_a_limit():
    stricter = Limits().tightened({"company_paper_age": "31d"})

    assert errors("D6", EXTRACT | {"issued_on": "2026-10-01"}, limits=stricter) == [("issued_on", "too_old")]


def test_a_notarised_paper_may_be_of_any_age():
    paper = {"notary_name": "Kagawa", "paper_number": "7", "issued_on": "1999-01-01"}

    assert errors("D5", paper) == []


def test_the_number_of_a_my_number_card_is_refused():
    card = VIDEO | {"document_type": "my_number_card"}

    assert errors("D2", card) == [("document_end", "never_recorded")]


def test_a_my_number_card_is_recorded_without_its_number():
    assert errors("D2", VIDEO | {"document_type": "my_number_card", "document_end": ""}) == []


@pytest.mark.parametrize("result", ["mismatch", "could_not"])
def test_a_check_that_failed_needs_no_evidence_but_a_note(result):
    assert errors("D2", {}, result=result) == []
    assert needs_note(result)


def test_a_match_needs_no_note():
    assert not needs_note("match")


def test_a_failed_check_still_refuses_nonsense():
    assert errors("D2", {"document_end": "12"}, result="mismatch") == [
        ("document_end", "not_four_characters")
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_form():
    assert [field for field, _ in errors("W1", {"extra": "x"})] == [
        "colleague",
        "channel",
        "statement",
        "extra",
    ]


def test_errors_are_keys_that_have_words():
    found = evidence_errors(METHODS["D2"].evidence, {}, result="match", today=TODAY, limits=Limits())

    assert {error.error for error in found} <= set(EVIDENCE_ERRORS)
    assert found[0] == EvidenceError("document_type", "required")
