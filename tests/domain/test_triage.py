from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.triage import (
    FIRST,
    FORM_ANSWERS,
    GUIDES,
    OUTCOME_KINDS,
    OUTCOMES,
    QUESTIONS,
    REASONS,
    STEPS,
    Outcome,
    Question,
    certain_total,
    next_step,
    walk,
)
from tests.domain.steady import steady

ROOT = {"user": "root"}
NO_DEVICE = ROOT | {"other_device": "no", "codes_refused": "no"}
KNOWS_PASSWORD = NO_DEVICE | {"password": "yes"}
READS_MAIL = KNOWS_PASSWORD | {"mailbox": "yes"}
NO_PHONE = READS_MAIL | {"phone": "no"}
NO_MAIL = KNOWS_PASSWORD | {"mailbox": "no"}
NO_PASSWORD = NO_DEVICE | {"password": "no", "reset_password": "no"}
ALL_LOST = NO_MAIL | {"phone": "no"}

#   answers                                                    asked next, or outcome and why
ROUTES = [
    ({}, "user"),
    ({"user": "unknown"}, "user"),
    (ROOT, "other_device"),
    ({"user": "iam"}, ("ask_administrator", "iam_user")),
    ({"user": "iam", "ask_administrator": "yes"}, ("solved", "it_worked")),
    ({"user": "iam", "ask_administrator": "no"}, ("request_form", "no_administrator")),
    (ROOT | {"other_device": "yes"}, ("use_other_device", "has_other_device")),
    (ROOT | {"other_device": "yes", "use_other_device": "yes"}, ("solved", "it_worked")),
    (ROOT | {"other_device": "yes", "use_other_device": "no"}, "codes_refused"),
    (ROOT | {"other_device": "no"}, "codes_refused"),
    (ROOT | {"other_device": "no", "codes_refused": "yes"}, ("resynchronise", "codes_refused")),
    (ROOT | {"other_device": "no", "codes_refused": "yes", "resynchronise": "yes"}, ("solved", "it_worked")),
    (ROOT | {"other_device": "no", "codes_refused": "yes", "resynchronise": "no"}, "password"),
    (NO_DEVICE, "password"),
    (NO_DEVICE | {"password": "no"}, ("reset_password", "password_lost")),
    (NO_DEVICE | {"password": "no", "reset_password": "yes"}, "mailbox"),
    (KNOWS_PASSWORD, "mailbox"),
    (READS_MAIL, "phone"),
    (READS_MAIL | {"phone": "yes"}, ("self_service", "can_prove_both")),
    (NO_PHONE, "contact_editor"),
    (NO_PHONE | {"contact_editor": "no"}, ("request_form", "phone_lost")),
    (NO_PHONE | {"contact_editor": "yes"}, ("update_phone", "has_contact_editor")),
    (NO_PHONE | {"contact_editor": "yes", "update_phone": "yes"}, ("self_service", "can_prove_both")),
    (NO_PHONE | {"contact_editor": "yes", "update_phone": "no"}, ("request_form", "phone_lost")),
    (NO_MAIL, "phone"),
    (NO_MAIL | {"phone": "yes"}, ("request_form", "mailbox_lost")),
    (ALL_LOST, "name_on_file"),
    (ALL_LOST | {"name_on_file": "yes"}, ("last_resort", "all_lost")),
    (ALL_LOST | {"name_on_file": "unknown"}, ("last_resort", "all_lost")),
    (ALL_LOST | {"name_on_file": "no"}, ("cannot_decide", "no_name_on_file")),
    (NO_PASSWORD, "mailbox"),
    (NO_PASSWORD | {"mailbox": "yes"}, "phone"),
    (NO_PASSWORD | {"mailbox": "yes", "phone": "yes"}, ("request_form", "no_password")),
    (NO_PASSWORD | {"mailbox": "yes", "phone": "no"}, ("request_form", "phone_lost")),
    (NO_PASSWORD | {"mailbox": "no", "phone": "yes"}, ("request_form", "mailbox_lost")),
    (NO_PASSWORD | {"mailbox": "no", "phone": "no"}, "name_on_file"),
]

answers = st.dictionaries(
    st.sampled_from([*QUESTIONS, *GUIDES, "colour"]),
    st.sampled_from(["yes", "no", "unknown", "root", "iam", "", "YES"]),
)


def said(step):
    return step.key if isinstance(step, Question) else (step.key, step.why)


def ends(found=None):
    """Every whole set of answers, by answering each step in every way until nothing more is asked."""
    found = found or {}
    step = next_step(found, self_service=True)
    ways = [choice.key for choice in step.choices if choice.to != step.node]
    return [end for way in ways for end in ends(found | {step.key: way})] or [found]


@pytest.mark.parametrize(("given_answers", "expected"), ROUTES, ids=str)
def test_answers_lead_where_the_table_says(given_answers, expected):
    assert said(next_step(given_answers, self_service=True)) == expected


def test_the_routes_above_pass_every_step_of_the_table():
    passed = {walk(given_answers, self_service=True).step.node for given_answers, _ in ROUTES}

    assert passed == set(STEPS) - {"form_self_service_off"}


@pytest.mark.parametrize(
    "extra", [{"phone": "yes"}, {"phone": "no", "contact_editor": "yes", "update_phone": "yes"}]
)
def test_without_self_service_its_users_get_the_form_and_the_reason(extra):
    step = next_step(READS_MAIL | extra, self_service=False)

    assert said(step) == ("request_form", "self_service_off")
    assert step.kind == "form"


def test_without_self_service_all_other_ways_stay_the_same():
    for given_answers, expected in ROUTES:
        if expected != ("self_service", "can_prove_both"):
            assert said(next_step(given_answers, self_service=False)) == expected


def test_who_does_not_know_is_helped_and_asked_again():
    first, again = next_step({}, self_service=True), next_step({"user": "unknown"}, self_service=True)

    assert (first.key, first.helped) == ("user", False)
    assert (again.key, again.helped) == ("user", True)


@pytest.mark.parametrize(
    ("given_answers", "form"),
    [
        ({"user": "iam", "ask_administrator": "no"}, {"principal_kind": "iam"}),
        (
            NO_PHONE | {"contact_editor": "no"},
            {
                "principal_kind": "root",
                "password_known": "yes",
                "mailbox": "reachable",
                "registered_phone": "no",
            },
        ),
        (
            NO_MAIL | {"phone": "yes"},
            {"principal_kind": "root", "password_known": "yes", "mailbox": "lost", "registered_phone": "yes"},
        ),
        (
            ALL_LOST | {"codes_refused": "yes", "resynchronise": "no", "name_on_file": "yes"},
            {
                "principal_kind": "root",
                "problem": "code_refused",
                "password_known": "yes",
                "mailbox": "lost",
                "registered_phone": "no",
                "last_resort": "yes",
            },
        ),
        (
            READS_MAIL | {"password": "no", "reset_password": "yes", "phone": "no", "contact_editor": "no"},
            {
                "principal_kind": "root",
                "password_known": "yes",
                "mailbox": "reachable",
                "registered_phone": "no",
            },
        ),
        (
            NO_PASSWORD | {"mailbox": "yes", "phone": "yes"},
            {
                "principal_kind": "root",
                "password_known": "no",
                "mailbox": "reachable",
                "registered_phone": "yes",
            },
        ),
    ],
)
def test_what_was_answered_is_not_asked_again_on_the_form(given_answers, form):
    assert next_step(given_answers, self_service=False).form == form


@pytest.mark.parametrize(
    ("given_answers", "asked"),
    [
        ({"user": "nobody", "other_device": "yes"}, "user"),
        ({"other_device": "yes", "use_other_device": "no"}, "user"),
        (NO_DEVICE | {"password": "perhaps", "mailbox": "yes", "phone": "yes"}, "password"),
        (ROOT | {"other_device": "", "codes_refused": "no"}, "other_device"),
        ({"user": "ROOT"}, "user"),
    ],
)
def test_answers_after_the_first_unknown_one_are_ignored(given_answers, asked):
    assert next_step(given_answers, self_service=True).key == asked


def test_answers_of_a_way_not_taken_are_left_out():
    found = walk({"user": "iam", "phone": "no", "ask_administrator": "no"}, self_service=True)

    assert found.taken == (("user", "iam"), ("ask_administrator", "no"))


def test_every_way_ends_after_at_most_eight_questions():
    for end in ends():
        found = walk(end, self_service=True)

        assert isinstance(found.step, Outcome)
        assert not found.step.choices
        assert found.asked <= 8


def test_every_way_asks_nothing_twice():
    for end in ends():
        keys = [key for key, _ in walk(end, self_service=True).taken]

        assert len(keys) == len(set(keys))


@steady
@given(answers, st.booleans())
def test_any_answers_lead_to_a_known_step(found, self_service):
    step = next_step(found, self_service=self_service)

    assert said(step)[0] in OUTCOMES if isinstance(step, Outcome) else step.key in QUESTIONS
    assert self_service or step.key != "self_service"


@steady
@given(answers, st.booleans())
def test_the_answers_that_counted_lead_to_the_same_step_again(found, self_service):
    first = walk(found, self_service=self_service)
    again = walk(dict(first.taken), self_service=self_service)

    assert (again.taken, again.step.node) == (first.taken, first.step.node)


@steady
@given(answers, st.booleans())
def test_a_certain_total_stays_true_to_the_end(found, self_service):
    total = certain_total(found, self_service=self_service)
    taken = dict(walk(found, self_service=self_service).taken)
    if total is None:
        return
    for end in ends(taken):
        assert walk(end, self_service=self_service).asked == total[1]


@pytest.mark.parametrize(
    ("given_answers", "total"),
    [
        ({}, None),
        (ROOT, None),
        (READS_MAIL, None),
        (NO_PHONE, (7, 7)),
        (ALL_LOST, (7, 7)),
        (NO_PASSWORD | {"mailbox": "yes"}, (6, 6)),
        (READS_MAIL | {"phone": "yes"}, None),
    ],
)
def test_question_n_of_m_is_said_only_where_it_is_certain(given_answers, total):
    assert certain_total(given_answers, self_service=True) == total


def test_every_answer_leads_to_a_step_that_exists_and_every_step_can_be_reached():
    targets = {choice.to for step in STEPS.values() for choice in step.choices}

    assert targets | {FIRST, "form_self_service_off"} == set(STEPS)


def test_questions_that_ask_the_same_offer_the_same_answers():
    for one, other in product(STEPS.values(), STEPS.values()):
        if one.key == other.key and isinstance(one, Question):
            assert [choice.key for choice in one.choices] == [choice.key for choice in other.choices]


def test_outcomes_and_reasons_are_listed_for_the_labels():
    outcomes = [step for step in STEPS.values() if isinstance(step, Outcome)]

    assert {step.key for step in outcomes} == set(OUTCOMES)
    assert {step.why for step in outcomes} == set(REASONS)
    assert {step.kind for step in outcomes} == set(OUTCOME_KINDS)


def test_the_form_starts_only_with_fields_and_values_it_knows():
    forms = [choice.form for step in STEPS.values() for choice in step.choices]

    assert all(value in FORM_ANSWERS[key] for form in forms for key, value in form.items())
