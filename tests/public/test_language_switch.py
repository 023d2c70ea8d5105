"""Changing the language on a page with a form: the page, what was typed and the errors stay, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from portal.casework import proofs, verification
from portal.models import Case, OutboxRow
from tests.public.records import count, only_case
from tests.public.visitor import CONSENTS, Page, Visitor
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _nothing(_visitor: Visitor, _world: World) -> None:
    return None


def _filled_in(visitor: Visitor, _world: World) -> None:
    visitor.fill_in()


def _on_the_way(visitor: Visitor, _world: World) -> None:
    visitor.answer("language")


def _follows_a_queued_request(visitor: Visitor, world: World) -> None:
    visitor.open(f"/ja/status/{world.link(world.queued(), 'status')}")


def _waits_for_a_letter(visitor: Visitor, world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    visitor.open(f"/ja/status/{world.link(case_id, 'status')}")


def _is_asked_for_a_device(visitor: Visitor, world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["P1"])
    visitor.open(f"/ja/status/{world.link(case_id, 'status')}")


def _reads_a_guide(visitor: Visitor, _world: World) -> None:
    visitor.get("/triage")
    visitor.send(answer="iam")


@dataclass(frozen=True)
class Place:
    """A page with a form: how to come there, what is typed wrongly, and the field that says so."""

    path: str
    typed: Mapping[str, str | None]
    wrong: str
    come: Callable[[Visitor, World], None] = _nothing


PLACES = (
    Place("/triage/user", {"answer": None}, "answer"),
    Place("/guide/ask_administrator", {"answer": "perhaps"}, "answer", _reads_a_guide),
    Place("/request/language", {"language": "fr"}, "language"),
    Place("/request/user", {"principal_kind": None}, "principal_kind"),
    Place("/request/account", {"account_email": "ｈａｎａｋｏ", "account_number": "１２"}, "account_number"),
    Place("/request/name", {"name": "", "kana": "やまだ", "latin_name": "O'Brien <b>"}, "name", _on_the_way),
    Place("/request/holder", {"holder_kind": "company", "organisation": "あ" * 101}, "organisation"),
    Place("/request/reply", {"reply_to": "other", "reply_email": "x&y"}, "reply_email"),
    Place("/request/phone", {"phone": "０３ー１", "call_time": "evening"}, "phone"),
    Place("/request/registered-phone", {"registered_phone": None}, "registered_phone"),
    Place("/request/problem", {"problem": "other", "problem_other": " "}, "problem_other"),
    Place("/request/device", {"phone_on_device": None, "device_kind": "hardware"}, "phone_on_device"),
    Place("/request/theft", {"theft_suspected": None}, "theft_suspected"),
    Place("/request/detail", {"detail": "password: hunter2\n\n昨日 <script>"}, "detail"),
    Place("/request/check", {"declaration": "y"}, "waiting", _filled_in),
    Place("/verify", {"code": "ＭＲ-７"}, "code"),
    Place("/find", {"reference": "ｍｒ-７", "email": "hanako@mail.example"}, "reference"),
    Place("/status/cancel", {"reason": None}, "reason", _follows_a_queued_request),
    Place("/status/letter", {"code": "abcd-efgh"}, "code", _waits_for_a_letter),
    Place("/status/device", {"device": None, "code": "１２３"}, "code", _is_asked_for_a_device),
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_switching_amid_an_error_keeps_page_values_and_errors(visitor: Visitor, world: World, place: Place):
    place.come(visitor, world)
    page = visitor.get(place.path)
    assert page.path == f"/ja{place.path}"
    wrong = visitor.send(**place.typed)
    english = visitor.switch()
    japanese = visitor.switch()

    for shown, language in ((wrong, "ja"), (english, "en"), (japanese, "ja")):
        assert (shown.code, shown.path, shown.html.html["lang"]) == (
            422,
            f"/{language}{place.path}",
            language,
        )
        assert kept(shown, place) == {name: value for name, value in place.typed.items() if value}
        assert shown.foreign_words(language) == typed_in(place, language)
    assert [target for _words, target in english.summary] == [target for _words, target in wrong.summary]
    assert japanese.summary == wrong.summary
    assert english.errors_at(place.wrong) != wrong.errors_at(place.wrong) == japanese.errors_at(place.wrong)
    assert english.title.startswith("Error: ")


def kept(page: Page, place: Place) -> dict[str, str]:
    return {name: page.value(name) for name, value in place.typed.items() if value and page.value(name)} | {
        # a value that no choice has cannot stand in a radio
        name: value
        for name, value in place.typed.items()
        if value in {"perhaps", "fr"}
    }


def typed_in(place: Place, language: str) -> list[str]:
    """What the visitor typed in the other language may stand in the page."""
    return [value for value in place.typed.values() if value and language == "en" and "昨日" in value]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_switching_before_sending_keeps_what_is_typed_and_shows_no_errors(
    visitor: Visitor, world: World, place: Place
):
    place.come(visitor, world)
    visitor.get(place.path)
    page = visitor.switch(**place.typed)

    assert (page.code, page.path) == (200, f"/en{place.path}")
    assert (page.summary, page.html.select(".field-error")) == ([], [])
    assert kept(page, place) == {name: value for name, value in place.typed.items() if value}


def test_switching_with_everything_ticked_sends_nothing(visitor: Visitor, world: World):
    visitor.fill_in()
    page = visitor.switch(**CONSENTS)

    assert (page.path, [page.value(name) for name in CONSENTS]) == ("/en/request/check", ["y", "y", "y"])
    assert (count(world, Case), count(world, OutboxRow)) == (0, 0)


def test_switching_over_a_right_answer_stays_on_the_page_and_keeps_it(visitor: Visitor):
    visitor.get("/request/phone")
    page = visitor.switch(phone="090-1234-5678")

    assert page.path == "/en/request/phone"
    assert visitor.get("/request/phone").value("phone") == "090-1234-5678"


def test_switching_after_a_wrong_code_shows_it_again_and_is_no_further_try(visitor: Visitor, world: World):
    _waits_for_a_letter(visitor, world)
    visitor.get("/status/letter")
    visitor.send(code="ABCD-EFGH-JKMN")
    page = visitor.switch()

    assert page.errors_at("code") == [
        "The code does not match. Compare it with the letter and enter it again"
    ]
    assert only_case(world).code_failures == 1


def test_switching_on_the_cancel_page_cancels_nothing(visitor: Visitor, world: World):
    _follows_a_queued_request(visitor, world)
    visitor.get("/status/cancel")
    page = visitor.switch(reason="not_mine")

    assert (page.path, page.value("reason")) == ("/en/status/cancel", "not_mine")
    assert only_case(world).status == "queued"


def test_query_of_the_address_goes_along(visitor: Visitor):
    visitor.get("/find?from=mail&x=%E5%B1%B1")

    assert visitor.switch().query == "from=mail&x=%E5%B1%B1"


def test_address_of_the_page_does_not_change_where_the_switch_leads(visitor: Visitor):
    visitor.get("/find?_scheme=evil&_external=1&_anchor=x")

    assert visitor.switch().path == "/en/find"


@pytest.mark.parametrize("language", ["fr", "", "ja-JP", "../en", "EN"])
def test_unknown_language_is_a_clear_error(visitor: Visitor, language: str):
    visitor.get("/find")
    page = visitor.send(switch_language=language)

    assert (page.code, page.html.html["lang"]) == (400, "ja")


def test_enter_in_a_field_sends_the_form_and_does_not_switch(visitor: Visitor):
    page = visitor.get("/find")

    pressed = next(button for button in page.html.find_all("button", type="submit"))
    assert pressed["form"] == page.html.find("form", method="post")["id"]
    assert not pressed.has_attr("name")


def test_page_with_typed_values_offers_no_link_that_would_lose_them(visitor: Visitor):
    page = visitor.get("/request/account")

    assert [link for link in page.links() if link.startswith("/en/")] == []
