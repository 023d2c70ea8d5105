"""The page of objections, holds, appeals and contests: who reads it, what is due, and where each line leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from portal.casework import objection
from tests.admin.clerk import Clerk
from tests.admin.desk import address, statements
from tests.casework.test_safety import NAME, REPLY, two_requests
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]
SAFETY = "/admin/safety/"


def section(page: Page, name: str) -> str:
    found = page.html.select_one(f"section[aria-labelledby={name}-h]")
    assert found is not None
    return " ".join(found.get_text(" ", strip=True).split())


def links(page: Page, name: str) -> list[str]:
    return [str(link["href"]) for link in page.html.select(f"section[aria-labelledby={name}-h] a")]


def test_leads_and_compliance_read_it_and_nobody_else(world: World, clerk: Hire) -> None:
    codes = {name: clerk(name).get(SAFETY).code for name in ("alice", "bob", "lee", "chika", "ada")}
    assert codes == {"alice": 403, "bob": 403, "lee": 200, "chika": 200, "ada": 403}


def test_it_stands_in_the_menu_of_those_who_may_open_it(world: World, clerk: Hire) -> None:
    assert SAFETY in clerk("lee").get("/admin/queue/").links()
    assert SAFETY not in clerk("bob").get("/admin/queue/").links()


def test_each_of_the_four_groups_says_when_it_is_empty(world: World, clerk: Hire) -> None:
    page = clerk("lee", "en").get(SAFETY)
    for words in (
        "No objection is open.",
        "No case is on hold.",
        "Nobody has asked for a second look.",
        "There are no competing requests.",
    ):
        assert words in page.text


def test_an_objection_shows_who_said_it_how_and_since_when(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.frozen()
    page = clerk("lee", "en").get(SAFETY)
    said = section(page, "objections")
    for words in (
        world.case(case_id).reference,
        "example (partly hidden)",
        "Link in an email",
        "24 November 2026",
        "3h 5",
        "left",
    ):
        assert words in said
    assert HANAKO["second_email"] not in page.response.text


def test_a_case_on_hold_shows_both_due_times_and_leads_to_the_proposal(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.frozen()
    page = clerk("lee", "en").get(SAFETY)
    assert len(page.html.select("section[aria-labelledby=holds-h] .due")) == 2
    assert "Nobody has proposed how to go on" in section(page, "holds")
    assert address("freezes/propose", case_id) in links(page, "holds")


def test_after_a_proposal_another_lead_is_led_to_agree_and_its_proposer_to_the_case(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.frozen()
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "spoke to the owner")
    page = clerk("lou", "en").get(SAFETY)
    assert "Lee Leader" in section(page, "holds")
    assert len(page.html.select("section[aria-labelledby=holds-h] .due")) == 1
    assert address("freezes/agree", case_id) in links(page, "holds")
    own = links(clerk("lee").get(SAFETY), "holds")
    assert not [link for link in own if "/freezes/" in link]


def test_compliance_reads_and_is_led_to_no_act(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.frozen()
    found = clerk("chika").get(SAFETY).links()
    assert f"/admin/case/{case_id}" in found
    assert not [link for link in found if "/freezes/" in link or "/decisions/" in link]


def test_what_is_overdue_says_so(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    world.frozen()
    world.now += timedelta(hours=5)
    page = clerk("lee", lang).get(SAFETY)
    assert page.html.select("section[aria-labelledby=holds-h] .due--over")
    assert ("期限超過" if lang == "ja" else "Overdue") in section(page, "holds")


def test_an_appeal_shows_since_when_and_who_has_it(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.declined()
    objection.appeal(world.owner, case_id)
    page = clerk("lee", "en").get(SAFETY)
    for words in (world.case(case_id).reference, "Received", "24 November 2026"):
        assert words in section(page, "appeals")


def test_contested_requests_are_compared_line_by_line(world: World, clerk: Hire) -> None:
    mine, theirs = two_requests(world)
    page = clerk("lee", "en").get(SAFETY)
    said = section(page, "contests")
    for words in (
        f"AWS account ID: {HANAKO['number']}",
        "No lead has taken it yet.",
        "Contacts proven",
        "Nothing yet",
        "Name in the form",
        "Different",
        "Network",
        "Same",
    ):
        assert words in said
    for secret in (NAME, REPLY, HANAKO["name"], HANAKO["account_email"], "192.0.2.7"):
        assert secret not in page.response.text
    assert {f"/admin/case/{mine}", f"/admin/case/{theirs}"} <= set(links(page, "contests"))


def test_a_contested_request_that_waits_for_a_second_person_leads_to_the_decision(
    world: World, clerk: Hire
) -> None:
    world.account()
    mine = world.pending_approval()
    world.queued(reply_email=REPLY)
    page = clerk("lee", "en").get(SAFETY)
    assert address("decisions/approve", mine) in links(page, "contests")
    assert "No lead has taken it yet." in section(page, "contests")


def test_the_page_speaks_one_language(world: World, clerk: Hire, lang: str) -> None:
    two_requests(world)
    objection.object_by_requester(world.owner, world.queued(reply_email="x@elsewhere.example"))
    assert clerk("lee", lang).get(SAFETY).foreign_words(lang) == []


def test_the_page_asks_the_database_as_often_for_one_matter_as_for_many(world: World, clerk: Hire) -> None:
    two_requests(world)
    lee, counted = clerk("lee"), []
    for number in (1, 2):
        for one in range(number):
            reply = f"p{number}{one}@elsewhere.example"
            objection.object_by_requester(world.owner, world.queued(reply_email=reply))
        lee.get(SAFETY)
        with statements(world) as seen:
            lee.get(SAFETY)
        counted.append(len(seen))
    assert counted[0] == counted[1] < 20
