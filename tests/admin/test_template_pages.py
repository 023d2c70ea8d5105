"""The pages of reply templates: everybody at work reads them, leads keep them, and nobody overwrites another unseen."""

from __future__ import annotations

import pytest

from portal.casework import templates
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.admin.desk import says_in, statements
from tests.public.visitor import Page
from tests.world import World

HOME = "/admin/templates/"
CALL = {
    "language": "en",
    "name": "When we call",
    "subject": "About our call",
    "body": "We will call you at {time}.",
}


@pytest.fixture
def made(world: World) -> str:
    return templates.create(world.as_("lee"), *CALL.values()).id


def send(clerk: Clerk, path: str, **fields: str) -> Page:
    page = clerk.get(path)
    assert page.code == 200, page.text
    return clerk.send(**fields)


def test_a_lead_makes_a_template_that_is_offered_in_its_language(
    lang: str, clerk: Hire, world: World
) -> None:
    page = send(clerk("lee", lang), f"{HOME}new", **CALL)
    assert (page.code, page.path) == (200, HOME)
    assert "When we call" in page.html.find(id="language-en").parent.get_text()
    assert [one.row.name for one in templates.offered(world.system, language="en")] == ["When we call"]


def test_a_change_makes_a_version_and_both_texts_stand_with_who_and_when(clerk: Hire, made: str) -> None:
    page = send(clerk("lou", "en"), HOME + made, body="We will ring you at {time}.")
    versions = [one.get_text(" ", strip=True) for one in page.html.select(".said-list > li")]
    assert len(versions) == 2
    assert "Version 2 Lou Leader" in versions[0]
    assert "We will ring you" in versions[0]
    assert "Version 1 Lee Leader" in versions[1]
    assert "We will call you" in versions[1]


def test_a_change_on_top_of_another_shows_both_and_keeps_what_was_typed(
    clerk: Hire, world: World, made: str
) -> None:
    lee = clerk("lee", "en")
    lee.get(HOME + made)
    templates.change(world.as_("lou"), made, 1, "About our call", "We will ring you.")
    page = lee.send(body="We will phone you.")
    assert page.code == 409
    assert "Lou Leader updated this" in page.text
    assert "We will ring you." in page.html.select_one(".banner").get_text()
    assert page.html.find(id="body").get_text(strip=True) == "We will phone you."
    assert lee.send().code == 200
    assert templates.offered(world.system)[0].version.body == "We will phone you."


def test_a_template_is_copied_to_the_other_language(clerk: Hire, world: World, made: str) -> None:
    lee = clerk("lee", "en")
    page = lee.get(HOME)
    page = lee.get(page.html.select_one("a[href*='like=']")["href"])
    assert page.html.find("input", attrs={"name": "language", "value": "ja"}).has_attr("checked")
    assert page.html.find(id="name")["value"] == "When we call"
    page = lee.send()
    says_in("en", page, "body", ("", "Write the template in its own language"))
    assert lee.send(subject="お電話", body="{日時} ごろにお電話いたします。").path == HOME
    assert len(templates.offered(world.system)) == 2


def test_a_template_is_retired(clerk: Hire, world: World, made: str) -> None:
    lee = clerk("lee", "en")
    lee.get(HOME + made)
    assert lee.send("/retire").path == HOME
    assert templates.offered(world.system) == []
    assert "Retired on" in lee.get(HOME + made).text


@pytest.mark.parametrize("name", ["alice", "bob", "chika"])
def test_others_read_templates_and_find_no_way_to_change_them(
    clerk: Hire, world: World, made: str, name: str
) -> None:
    reader = clerk(name, "en")
    assert "When we call" in reader.get(HOME).text
    page = reader.get(HOME + made)
    assert "We will call you" in page.text
    assert page.html.main.find("form") is None
    assert "/new" not in str(reader.get(HOME).html.main)
    sent = {"csrf_token": reader.token, "version": "1", "subject": "x", "body": "Pay us."}
    assert reader.post(HOME + made, sent).code in {403, 422}
    assert reader.post(f"{HOME}new", {**sent, **CALL}).code in {403, 422}
    assert reader.post(f"{HOME}{made}/retire", sent).code in {403, 409, 422}
    assert [one.version.body for one in templates.offered(world.system)] == [CALL["body"]]


def test_administrators_have_no_templates(clerk: Hire, made: str) -> None:
    assert clerk("ada", "en").get(HOME).code == 403


@pytest.mark.parametrize("path", [f"{HOME}{'0' * 32}", f"{HOME}new?like={'0' * 32}"])
def test_a_template_that_there_never_was_is_not_there(clerk: Hire, path: str) -> None:
    assert clerk("lee", "en").get(path).code == 404


def test_mistakes_stand_at_their_fields(clerk: Hire) -> None:
    lee = clerk("lee", "en")
    says_in(
        "en", send(lee, f"{HOME}new", **{**CALL, "name": ""}), "name", ("", "Enter a name for the template")
    )
    says_in(
        "en",
        send(lee, f"{HOME}new", **{**CALL, "body": "x" * 4001}),
        "body",
        ("", "Message must be 4,000 characters or less"),
    )
    page = send(lee, f"{HOME}new", **{**CALL, "body": "Your password: hunter2"})
    says_in("en", page, "body", ("", "The message seems to contain a code or password"))


def test_the_list_takes_the_same_statements_for_one_and_for_many(
    clerk: Hire, world: World, made: str
) -> None:
    lee = clerk("lee", "en")
    numbers = []
    for more in (0, 5):
        for number in range(more):
            templates.create(world.as_("lee"), "en", f"Call {number}", "Our call", "We will call you.")
        lee.get(HOME)
        with statements(world) as seen:
            lee.get(HOME)
        numbers.append(len(seen))
    assert numbers[0] == numbers[1]
