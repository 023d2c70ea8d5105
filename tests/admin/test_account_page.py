"""The page of an account of the register, and finding one: masked for everybody, and on the reader's own record."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import accounts, tiers
from portal.domain.lifecycle import Role
from portal.models import Account, AuditEvent
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.casework.register_desk import account, imported
from tests.casework.register_rows import another, row
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World

SEARCH = "/admin/accounts/"
EVERYBODY = ("alice", "bob", "lee", "chika", "ada")


def open_account(clerk: Clerk, known: Account, case_id: str = "") -> Page:
    return clerk.get(f"{SEARCH}{known.id}" + (f"?case_id={case_id}" if case_id else ""))


def find(clerk: Clerk, text: str) -> Page:
    clerk.get(SEARCH)
    return clerk.send(q=text)


def table(page: Page, section: str) -> list[list[str]]:
    """The rows of a section's table, cell by cell."""
    rows = page.html.select(f"section[aria-labelledby={section}] tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])] for row in rows]


def traces(world: World, name: str) -> list[tuple[str, dict[str, object]]]:
    world.session.rollback()
    query = select(AuditEvent).where(AuditEvent.stream == f"staff:{world.logins[name].staff_id}")
    rows = world.session.execute(query.order_by(AuditEvent.sseq)).scalars()
    return [(row.tag, json.loads(row.event_bytes)["d"]) for row in rows if row.tag.startswith("account:")]


# who


@pytest.mark.parametrize("name", EVERYBODY)
def test_all_who_work_cases_read_them_or_keep_the_register_may_read_an_account(
    world: World, clerk: Hire, name: str
):
    page = open_account(clerk(name), world.account())

    assert (page.code, HANAKO["number"] in page.text) == (200, True)


def test_whoever_has_no_role_yet_may_not(world: World, stranger: Hire):
    world.hire("newcomer", role=Role.VERIFIER)
    with world.system.act():
        world.role_row("newcomer").effective_at = world.now + timedelta(days=1)
    newcomer, known = stranger("newcomer"), world.account()
    newcomer.room.give_password("newcomer")
    newcomer.sign_in()

    assert [newcomer.get(path).code for path in (SEARCH, f"{SEARCH}{known.id}")] == [403, 403]


def test_whoever_is_not_signed_in_is_led_to_the_door(world: World, stranger: Hire):
    page = open_account(stranger("alice"), world.account())

    assert page.path == "/admin/sign-in/"


# what it shows


def test_holder_and_connector_are_told_in_words(world: World, clerk: Hire):
    page = open_account(clerk("alice", "en"), world.account())

    assert "Kind of holder Individual" in page.text
    assert "Connector The portal's own directory" in page.text


def test_nobody_reads_a_whole_name_address_or_number(world: World, clerk: Hire):
    known = world.account()
    shown = " ".join(open_account(clerk(name), known).response.text for name in EVERYBODY)

    assert not any(
        hidden in shown
        for hidden in (HANAKO["name"], "Hanako", "hanako", HANAKO["phone"], "1234-5678", "見本区")
    )


def test_users_are_told_with_their_rights_in_words(world: World, clerk: Hire):
    jiro = row(
        principal_kind="iam",
        username="jiro",
        external_id="user/jiro",
        is_administrator="yes",
        edits_contacts="yes",
        hardware_device="no",
    )
    imported(world, row(is_administrator=""), jiro)
    page = open_account(clerk("alice", "en"), account(world))

    assert table(page, "users-h") == [
        ["Root user", "Not known", "Not known", "Not known"],
        ["jiro IAM user", "Yes", "Yes", "No"],
    ]


def test_contacts_are_told_with_their_language_and_since_when(world: World, clerk: Hire):
    imported(world)
    page = open_account(clerk("alice", "en"), account(world))
    email, phone, post = table(page, "contacts-h")

    assert email[:3] == ["Email address", "t *** @m *** .example (partly hidden)", "日本語"]
    assert phone[:3] == ["Phone number", "*** - **** -1234 (partly hidden) Mobile number", "Not known"]
    assert post[:3] == ["Postal address", "*** (partly hidden)", "–"]
    assert email[3] == "1 April 2025 at 12:00am JST (UTC+9)"


def test_a_contact_that_changed_lately_is_marked_for_thirty_days(world: World, clerk: Hire):
    imported(world)
    world.now += timedelta(days=100)
    imported(world, row(email="new@else.example"))
    marked = [table(open_account(clerk("alice", "en"), account(world)), "contacts-h")]
    world.now += timedelta(days=31)
    marked.append(table(open_account(clerk("alice", "en"), account(world)), "contacts-h"))

    assert [["Changed recently" in line[3] for line in lines] for lines in marked] == [
        [True, False, False],
        [False, False, False],
    ]


def test_replaced_contacts_stand_below_with_the_time_of_their_end(world: World, clerk: Hire):
    imported(world)
    world.now += timedelta(days=100)
    imported(world, row(email="new@else.example"))
    page = open_account(clerk("alice", "en"), account(world))

    assert [line[1] for line in table(page, "retired-h")] == ["t *** @m *** .example (partly hidden)"]
    assert page.text.index("Registered contacts") < page.text.index("Earlier contacts")


def test_an_account_that_nobody_can_reach_says_so(world: World, clerk: Hire):
    empty = dict.fromkeys(("email", "email_language", "email_confirmed_at", "phone", "phone_is_mobile"), "")
    more = dict.fromkeys(("phone_confirmed_at", "post_address", "post_confirmed_at"), "")
    imported(world, row(**empty, **more, name="", latin_name="", kana="", holder_kind=""))
    page = open_account(clerk("alice", "en"), account(world))

    assert "No registered contact" in page.text
    assert "Kind of holder Not known Full name Not known" in page.text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("failed_check", "Identity checks failed"),
        ("pressure", "Somebody pressed our staff"),
        ("dispute", 'Earlier "this was not me"'),
        ("decline", "An earlier request was declined"),
    ],
)
def test_what_the_account_remembers_is_told_in_words(world: World, clerk: Hire, kind: str, words: str):
    known, case_id = world.account(), world.verifying()
    with world.system.act():
        tiers.mark(world.system, world.lock(case_id), kind)
    page = open_account(clerk("alice", "en"), known)

    assert words in page.html.select_one("section[aria-labelledby=marks-h]").get_text()


# its requests


@pytest.mark.parametrize("name", ["alice", "bob", "lee", "chika"])
def test_requests_of_the_account_are_listed_for_those_who_may_see_them(world: World, clerk: Hire, name: str):
    known, case_id = world.account(), world.queued()
    page = open_account(clerk(name, "en"), known)

    assert f"/admin/case/{case_id}" in page.links()
    assert f"{world.case(case_id).reference} Received" in page.text


def test_an_administrator_reads_no_request(world: World, clerk: Hire):
    known, case_id = world.account(), world.queued()
    page = open_account(clerk("ada"), known, case_id)

    assert world.case(case_id).reference not in page.response.text
    assert traces(world, "ada") == [("account:page:read", {"account": known.id})]


def test_whoever_comes_from_a_case_finds_the_way_back(world: World, clerk: Hire):
    known, case_id = world.account(), world.queued()
    alice = clerk("alice")
    link = next(
        link for link in alice.get(f"/admin/case/{case_id}").links() if link.startswith(SEARCH + known.id)
    )
    page = alice.get(link)

    assert page.html.select_one(".back__link")["href"] == f"/admin/case/{case_id}"


@pytest.mark.parametrize("case_id", ["nothing", "0" * 32, "x" * 300])
def test_a_case_that_is_not_this_accounts_is_no_way_back(world: World, clerk: Hire, case_id: str):
    page = open_account(clerk("alice"), world.account(), case_id)

    assert page.html.select_one(".back__link")["href"] == SEARCH


def test_reading_is_recorded_under_the_readers_name(world: World, clerk: Hire):
    known, case_id = world.account(), world.queued()
    open_account(clerk("alice"), known, case_id)

    assert traces(world, "alice") == [("account:page:read", {"account": known.id, "case": case_id})]


@pytest.mark.parametrize("wrong", ["nothing", "0" * 32, "x" * 300])
def test_an_account_that_is_not_there_is_not_found(clerk: Hire, wrong: str):
    assert clerk("alice").get(SEARCH + wrong).code == 404


# finding one


@pytest.mark.parametrize(
    "typed",
    [
        "123456789012",
        "1234-5678-9012",
        "１２３４ ５６７８ ９０１２",
        "hanako@mail.example",
        " Hanako.Old＠mail.example ",
    ],
)
def test_an_account_is_found_however_its_identifier_is_typed(world: World, clerk: Hire, typed: str):
    known = world.account()

    assert find(clerk("alice"), typed).path == f"{SEARCH}{known.id}"


def test_several_accounts_with_one_address_are_offered(world: World, clerk: Hire):
    imported(world, another(2), another(3))
    page = find(clerk("alice", "en"), "taro@mail.example")

    assert "Accounts found: 2" in page.text
    assert {f"{SEARCH}{account(world, number).id}" for number in ("000000000002", "000000000003")} <= set(
        page.links()
    )


def test_a_long_list_says_that_it_is_cut(world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accounts, "MOST_FOUND", 2)
    imported(world, another(2), another(3), another(4))

    assert "Only the first 2 are shown." in find(clerk("alice", "en"), "taro@mail.example").text


@pytest.mark.parametrize(
    ("lang", "words"),
    [("ja", "該当するアカウントはありません"), ("en", "No account of the register has this")],
)
def test_what_nobody_has_is_said_and_what_was_typed_is_kept(world: World, clerk: Hire, lang: str, words: str):
    page = find(clerk("alice", lang), "999999999999")

    assert (page.code, words in page.text, page.value("q")) == (200, True, "999999999999")


@pytest.mark.parametrize(
    ("typed", "lang", "words"),
    [
        ("", "ja", "AWS アカウント ID またはメールアドレスを入力してください。"),
        ("  ", "en", "Enter an account ID or an email address"),
        ("12", "ja", "AWS アカウント ID は 12 桁の数字です（入力された数字は 2 桁）。"),
        ("12", "en", "AWS account ID must be 12 digits (you entered 2)"),
        ("a@b", "en", "Enter an email address in the correct format, like name@example.com"),
        ("山田 花子", "en", "AWS account ID must be 12 digits (you entered 0)"),
    ],
)
def test_what_cannot_be_an_identifier_is_said_at_the_field(clerk: Hire, typed: str, lang: str, words: str):
    page = find(clerk("alice", lang), typed)

    assert (page.code, page.errors_at("q")) == (422, [words])


@pytest.mark.parametrize("typed", ["x" * 5000, "9" * 5000, "@" * 500, f"{'a' * 300}@mail.example"])
def test_an_endless_identifier_is_a_mistake_at_the_field(clerk: Hire, typed: str):
    page = find(clerk("alice"), typed)

    assert (page.code, len(page.errors_at("q"))) == (422, 1)


def test_a_search_leaves_no_address_in_the_address_bar(world: World, clerk: Hire):
    world.account()
    page = find(clerk("alice"), HANAKO["account_email"])

    assert "hanako" not in page.path + page.query


def test_the_page_to_search_on_lists_nothing(world: World, clerk: Hire):
    known = world.account()
    page = clerk("ada").get(f"{SEARCH}?q={known.number}")

    assert known.number not in page.text
    assert traces(world, "ada") == []


def test_a_search_is_recorded_without_what_was_typed(world: World, clerk: Hire):
    known = world.account()
    find(clerk("alice"), HANAKO["account_email"])

    assert traces(world, "alice") == [
        ("account:search:made", {"kind": "email", "found": 1}),
        ("account:page:read", {"account": known.id}),
    ]


# everywhere


def test_each_page_speaks_one_language(world: World, clerk: Hire, lang: str):
    imported(world, row(name="Taro Yamada", account_number="000000000009", external_id="ext-9"))
    imported(
        world,
        row(name="Taro Yamada", account_number="000000000009", external_id="ext-9", email="new@else.example"),
    )
    alice, known = clerk("alice", lang), account(world, "000000000009")
    pages = [alice.get(SEARCH), find(alice, "12"), find(alice, "999999999999"), open_account(alice, known)]

    assert [page.foreign_words(lang) for page in pages] == [[]] * 4
