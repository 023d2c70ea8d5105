"""What is held about a person, handed out on request: all of it, in clear, on the record, and to nobody who may not ask."""

from __future__ import annotations

import json

import pytest

from portal import notices, person_text
from portal.casework import approval, objection, person_data
from portal.casework.context import NotFound
from portal.casework.person_data import Handed
from portal.models import Account, OutboxRow
from tests.casework.kept import erased, events, later, noted, refusal
from tests.people import HANAKO
from tests.world import World


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    case_id = world.verifying(detail="My phone fell into the sea", latin_name="Hanako Suzuki")
    world.check("alice", case_id)
    noted(world, case_id, "She sounded hurried")
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    return case_id


def of_case(world: World, case_id: str, by: str = "lee", **changes: str) -> Handed:
    ctx = world.as_(by)
    given = {"form": "json", "reason": "asked_by_person", "code": world.code(by)}
    return person_data.of_case(ctx, case_id, **{**given, **changes})


def test_everything_that_the_owner_typed_and_that_was_noted_is_in_it(world: World, case_id: str) -> None:
    whole = json.loads(of_case(world, case_id).as_json())
    [case], check, [note] = whole["case"], whole["checks"][-1], whole["messages"]

    assert (case["name"], case["reply_email"], case["detail"]) == (
        HANAKO["name"],
        HANAKO["account_email"],
        "My phone fell into the sea",
    )
    assert case["origin"]["address"] == "192.0.2.7"
    assert (check["method"], check["evidence"]["document_end"]) == ("D2", "1234")
    assert note["body"] == "She sounded hurried"
    assert [event["act"] for event in whole["history"]][:2] == [
        "case:request:submitted",
        "case:address:confirmed",
    ]


def test_no_secret_is_in_it(world: World, case_id: str) -> None:
    text = of_case(world, case_id).as_json()

    assert "hash" not in json.loads(text)["links"][0]
    assert "params" not in json.loads(text)["notices"][0]
    assert world.link(case_id, "status") not in text


def test_an_account_is_handed_out_with_the_names_of_its_requests_and_not_their_contents(
    world: World, case_id: str
) -> None:
    account_id = world.case(case_id).account_id or ""
    ctx = world.as_("ada")
    handed = person_data.of_account(
        ctx, account_id, form="json", reason="asked_by_authority", code=world.code("ada")
    )
    whole = json.loads(handed.as_json())

    assert {contact["value"] for contact in whole["contacts"]} >= {HANAKO["account_email"], HANAKO["phone"]}
    assert [each["reference"] for each in whole["cases"]] == [world.case(case_id).reference]
    assert "fell into the sea" not in handed.as_json()


@pytest.mark.parametrize("name", ["alice", "bob", "chika"])
def test_only_leads_and_admins_hand_it_out(world: World, case_id: str, name: str) -> None:
    assert refusal(of_case, world, case_id, by=name) == "wrong_role"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"code": "000000"}, "wrong_code"),
        ({"reason": "curious"}, "reason_missing"),
        ({"form": "exe"}, "value_unknown"),
    ],
)
def test_a_fresh_code_a_reason_and_a_form_are_needed(
    world: World, case_id: str, changes: dict[str, str], why: str
) -> None:
    assert refusal(of_case, world, case_id, **changes) == why
    assert events(world, "case:data:exported") == []


def test_nobody_takes_the_data_of_a_case_of_their_own(world: World) -> None:
    case_id = world.cancelled(reply_email="lee@desk.example")

    assert refusal(of_case, world, case_id) == "own_account"


# a thief who asks for "my data"


def of_account(world: World, account_id: str, reason: str = "asked_by_person") -> Handed:
    return person_data.of_account(
        world.as_("ada"), account_id, form="json", reason=reason, code=world.code("ada")
    )


def test_nobody_learns_from_an_open_request_what_its_checks_will_ask_for(world: World) -> None:
    account = world.account()
    case_id = world.verifying()

    assert refusal(of_case, world, case_id) == "request_open"
    assert refusal(of_account, world, account.id) == "account_in_use"
    assert of_case(world, case_id, by="lou", reason="asked_by_authority").parts["case"]
    assert of_account(world, account.id, reason="asked_by_authority").parts["contacts"]


def test_while_somebody_objects_nothing_is_handed_to_who_asks_nor_where_they_were_right(
    world: World,
) -> None:
    account = world.account()
    case_id = world.deactivated()
    later(world, days=1)
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    disputed = refusal(of_account, world, account.id)
    objection.propose_unfreeze(world.as_("lee"), case_id, "reverse", "the holder was called")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))

    assert disputed == "objection_open"
    assert world.status(case_id) == "reversed"
    assert refusal(of_case, world, case_id, by="ada") == "not_theirs"
    assert events(world, "case:data:exported") == events(world, "account:data:exported") == []


def told(world: World, *notices: str) -> list[str]:
    """Whom these notices of the last act went to."""
    world.session.rollback()
    names = {login.staff_id: name for name, login in world.logins.items()}
    rows = world.session.query(OutboxRow).filter(OutboxRow.notice.in_(notices)).all()
    return sorted(names.get(row.staff_id or "", row.notice or "") for row in rows)


def test_whom_it_is_about_hears_of_it_and_so_do_leads_admins_and_compliance(
    world: World, case_id: str
) -> None:
    mailboxes = len(world.contacts(world.session.get_one(Account, world.case(case_id).account_id), "email"))
    of_case(world, case_id)
    heard = told(world, "data_exported", "account_exported", "retention_decision")

    assert heard.count("account_exported") == mailboxes > 0
    assert heard.count("data_exported") == 1
    assert {"lee", "lou", "ada", "ann", "chika"} <= set(heard)
    assert "alice" not in heard


def test_what_an_authority_asks_for_is_told_to_the_desk_alone(world: World, case_id: str) -> None:
    of_account(world, world.case(case_id).account_id or "", reason="asked_by_authority")

    assert told(world, "data_exported", "account_exported") == []
    assert "chika" in told(world, "retention_decision")


def test_who_is_told_can_stop_what_may_follow(world: World, case_id: str) -> None:
    account_id = world.case(case_id).account_id or ""
    of_account(world, account_id)
    [row, *_] = world.session.query(OutboxRow).filter_by(notice="account_exported").all()
    objection.stop_by_link(world.owner, world.params(row)["links"]["stop"])

    assert refusal(of_account, world, account_id) == "objection_open"


def test_it_stands_in_the_log_of_who_took_it(world: World, case_id: str) -> None:
    of_case(world, case_id, form="text")

    assert events(world, "case:data:exported") == [
        {"case": case_id, "form": "text", "why": "asked_by_person"}
    ]


def test_of_an_erased_case_only_facts_are_left_to_hand_out(world: World) -> None:
    world.account()
    case_id = world.declined()
    erased(world, case_id)
    [case] = json.loads(of_case(world, case_id).as_json())["case"]

    assert (case["reference"], case.get("name"), case.get("reply_email")) == (
        world.case(case_id).reference,
        None,
        None,
    )


def test_what_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        of_case(world, "0" * 32)


def test_the_text_says_it_in_both_languages(world: World, case_id: str) -> None:
    from tests.applications import app_for

    handed = of_case(world, case_id, form="text")
    with app_for(world.runtime).app_context():
        text = person_text.written(handed)

    assert text.count(HANAKO["name"]) == 2
    assert ("[Messages and notes]" in text, "She sounded hurried" in text) == (True, True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Personal data was handed out", "everything that is held", "Exported by: ")),
        ("ja", ("エクスポート", "本人からの請求", "操作した人：")),
    ],
)
def test_what_the_desk_is_told_names_who_took_it_and_why(
    world: World, case_id: str, language: str, words: tuple[str, ...]
) -> None:
    of_case(world, case_id)
    chika = world.logins["chika"].staff_id
    row = world.session.query(OutboxRow).filter_by(notice="retention_decision", staff_id=chika).one()
    row.language = language
    from tests.applications import app_for

    with app_for(world.runtime).app_context():
        mail = notices.render(world.runtime, world.session, row)

    assert [word for word in words if word not in mail.subject + mail.text] == []
    assert world.as_("lee").actor.name in mail.text
