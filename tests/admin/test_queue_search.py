"""The search of the queue: by what a case is found, how a search is narrowed, and what it says of words it cannot look for."""

from __future__ import annotations

from urllib.parse import quote

from tests.admin.conftest import Hire
from tests.admin.desk import queued, tags_of
from tests.admin.queue_page import QUEUE, references
from tests.people import HANAKO
from tests.world import World

SEARCHES = {
    "reference": lambda world, case: case.reference,
    "reference without its dashes": lambda world, case: case.reference.replace("-", "").lower(),
    "account ID": lambda world, case: HANAKO["number"],
    "account ID with spaces": lambda world, case: "1234 5678 9012",
    "email": lambda world, case: HANAKO["account_email"].upper(),
    "phone": lambda world, case: "090-1234-5678",
    "full name": lambda world, case: HANAKO["name"],
    "family name": lambda world, case: "山田",
    "name in Latin letters": lambda world, case: "Hanako Yamada",
}


def test_a_case_is_found_by_each_of_its_marks(world: World, clerk: Hire) -> None:
    world.account()
    case = world.case(world.queued(latin_name="Hanako Yamada"))
    queued(world, name="佐藤 次郎", kana="サトウ ジロウ", phone="03-0000-0000")
    alice = clerk("alice")
    pages = {kind: alice.get(f"{QUEUE}?q={quote(text(world, case))}") for kind, text in SEARCHES.items()}
    assert {kind: references(page) for kind, page in pages.items()} == {
        kind: [case.reference] for kind in SEARCHES
    }
    assert {page.heading for page in pages.values()} == {"検索結果"}


def test_a_search_looks_at_closed_cases_too(world: World, clerk: Hire) -> None:
    case = world.case(world.cancelled())
    assert references(clerk("alice").get(f"{QUEUE}?q={case.reference}")) == [case.reference]


def test_a_search_can_be_narrowed(world: World, clerk: Hire) -> None:
    case = world.case(world.cancelled())
    page = clerk("alice").get(f"{QUEUE}?q={case.reference}&status=queued")
    assert not references(page)
    assert "この条件に該当するケースはありません。" in page.text


def test_an_unconfirmed_request_is_not_found(world: World, clerk: Hire) -> None:
    case = world.case(world.submit())
    assert not references(clerk("alice").get(f"{QUEUE}?q={case.reference}"))


def test_a_search_is_recorded_without_its_words(world: World, clerk: Hire) -> None:
    world.queued()
    alice = clerk("alice")
    alice.get(f"{QUEUE}?q={quote(HANAKO['account_email'])}")
    assert tags_of(world, f"staff:{world.logins['alice'].staff_id}")[-1] == "case:search:made"


TOO_LONG = "x" * 255
WRONG_SEARCHES = {
    "a": ("2 文字以上で検索してください。", "Enter at least 2 characters"),
    TOO_LONG: ("254 文字以内で検索してください。", "Search text must be 254 characters or less"),
    "ab\u202e": ("表示できない文字を取り除いてください。", "Remove the characters that cannot be shown."),
}


def test_a_search_that_cannot_be_made_says_why_at_its_field(clerk: Hire, lang: str) -> None:
    alice = clerk("alice", lang)
    for text, words in WRONG_SEARCHES.items():
        page = alice.get(f"{QUEUE}?q={quote(text)}")
        assert page.code == 422
        assert page.errors_at("q")[0].startswith(words[lang == "en"])
        assert page.summary[0][1] == "q"
        assert page.value("q") == text
        assert page.title.startswith("エラー：" if lang == "ja" else "Error: ")
