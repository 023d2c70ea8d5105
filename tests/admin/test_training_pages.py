"""The pages of training cases: who sees what of them and when, planting, ending, and the reveal after the decisive act."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from portal.casework import approval, training, verification
from portal.domain.training import SCENARIOS
from portal.models import Case
from tests import planting
from tests.admin.clerk import Clerk
from tests.admin.desk import banner, do, open_act, send, statements
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]

PLACE = "/admin/training/"


def revealing(case_id: str) -> str:
    return f"/admin/training-case/{case_id}"


def plant(clerk: Clerk, **changed: str) -> Page:
    clerk.get(f"{PLACE}plant")
    fields = {"scenario": "urgent", "language": "ja", "code": clerk.code(), **changed}
    return clerk.send(**fields)


def rows(page: Page) -> list[str]:
    return [
        " ".join(row.get_text(" ", strip=True).split())
        for row in page.html.select("section[aria-labelledby=cases-h] tbody tr")
    ]


@pytest.mark.parametrize("name", ["alice", "bob", "ada"])
def test_the_page_is_for_leads_and_compliance_alone(clerk: Hire, name: str) -> None:
    somebody = clerk(name)
    assert not [link for link in somebody.get("/admin/own/").html.select("nav a") if link["href"] == PLACE]
    for path in (PLACE, f"{PLACE}plant"):
        assert somebody.get(path).code == 403


def test_compliance_reads_and_does_not_plant(clerk: Hire, world: World) -> None:
    case_id = planting.queued(world)
    chika = clerk("chika")
    assert "plant" not in str(chika.get(PLACE).html.main.find_all("a"))
    assert chika.get(f"{PLACE}plant").code == 403
    assert len(rows(chika.get(PLACE))) == 1
    assert chika.get(f"{PLACE}{case_id}/end").code == 404


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_lead_plants_every_scenario(clerk: Hire, world: World, scenario: str, lang: str) -> None:
    lee = clerk("lee", lang)
    page = plant(lee, scenario=scenario, language="en")

    assert page.path == PLACE
    assert banner(page)
    (case,) = planting.cases(world)
    assert (case.training, case.language, case.status) == (True, "en", "unconfirmed")


@pytest.mark.parametrize("missing", ["scenario", "language", "code"])
def test_what_is_missing_is_said_at_its_field_and_nothing_is_planted(
    clerk: Hire, world: World, missing: str, lang: str
) -> None:
    lee = clerk("lee", lang)
    page = plant(lee, **{missing: ""})
    assert page.code == 422
    assert page.errors_at(missing)
    assert planting.cases(world) == []
    if missing == "code":
        assert page.html.find("input", value="urgent").has_attr("checked")


def test_one_more_than_may_be_open_is_refused_in_words(clerk: Hire, world: World) -> None:
    lee = clerk("lee", "en")
    for _ in range(world.runtime.limits.training_open):
        planting.plant(world, by="lou")
    page = plant(lee)
    assert page.code == 422
    assert "You have reached the limit for open training cases" in page.text


def test_the_planter_sees_it_at_once_and_another_lead_when_it_is_over(clerk: Hire, world: World) -> None:
    case_id = planting.queued(world)
    lee, lou = clerk("lee", "en"), clerk("lou", "en")
    assert [len(rows(one.get(PLACE))) for one in (lee, lou)] == [1, 0]
    planting.agree(world, _to_decline(world, case_id))
    (row,) = rows(lou.get(PLACE))
    assert "Recognised by the first person" in row
    assert "Matches the log" in row
    assert "Alice Verity" in row


def _to_decline(world: World, case_id: str) -> str:
    verification.claim(world.as_("alice"), case_id)
    approval.propose_decline(world.as_("alice"), case_id, "identity_not_confirmed")
    return case_id


def test_the_planter_ends_it_by_one_press(clerk: Hire, world: World) -> None:
    case_id = planting.queued(world)
    lee = clerk("lee", "en")
    lee.get(f"{PLACE}{case_id}/end")
    page = lee.send()
    assert page.path == PLACE
    assert "The training case is over." in banner(page)
    assert world.status(case_id) == "cancelled"
    assert clerk("lou").get(f"{PLACE}{case_id}/end").code == 404


def test_before_it_is_over_there_is_no_page_that_reveals_it(clerk: Hire, world: World) -> None:
    case_id = planting.queued(world)
    world.account()
    real = world.queued()
    for name in ("alice", "lee", "chika"):
        somebody = clerk(name)
        assert somebody.get(revealing(case_id)).code == 404
        assert somebody.get(revealing(real)).code == 404
        assert somebody.get(revealing("0" * 32)).code == 404


def test_whoever_executes_it_is_told_instead(clerk: Hire, world: World, lang: str) -> None:
    case_id = planting.ready(world)
    alice = clerk("alice", lang)
    page = do(alice, "removals/execute", case_id, seen="y", code="new")

    assert page.path == revealing(case_id)
    if lang == "en":
        assert "This was a training case" in page.text
        assert "Not recognised" in page.text
        assert "refuses to be called back" in page.text
    assert world.status(case_id) == "cancelled"


def test_whoever_agrees_to_decline_it_is_praised(clerk: Hire, world: World) -> None:
    case_id = planting.pending_decline(world)
    bob = clerk("bob", "en")
    page = do(bob, "decisions/approve", case_id, decision="agree", code="new")

    assert page.path == revealing(case_id)
    assert "Well done." in page.text
    assert "Well done." in clerk("alice", "en").get(revealing(case_id)).text
    assert "Well done." not in clerk("vic", "en").get(revealing(case_id)).text


def test_sending_it_back_reveals_nothing_yet(clerk: Hire, world: World) -> None:
    case_id = planting.pending_removal(world)
    bob = clerk("bob", "en")
    page = do(bob, "decisions/approve", case_id, decision="send_back", reason="Nobody answers", code="new")
    assert page.path != revealing(case_id)
    assert "training" not in page.text.casefold()


def test_the_page_of_a_case_that_is_over_leads_to_the_reveal(clerk: Hire, world: World, lang: str) -> None:
    case_id = planting.executed(world)
    page = clerk("vic", lang).get(f"/admin/case/{case_id}")
    assert page.html.find("a", href=revealing(case_id))


TELLING = re.compile(r"training|訓練|planted|Set up the case", re.IGNORECASE)


@pytest.mark.parametrize("scenario", ["urgent", "new_phone"])
def test_no_page_tells_an_agent_before_it_is_over(
    clerk: Hire, world: World, scenario: str, lang: str
) -> None:
    world.account()
    alice, case_id = clerk("alice", lang), planting.verifying(world, scenario)
    case = world.case(case_id)
    paths = [
        "/admin/queue/",
        "/admin/queue/?view=open",
        f"/admin/case/{case_id}",
        f"/admin/accounts/{case.account_id}",
        f"/admin/accounts/{case.account_id}?case_id={case_id}",
        f"/admin/checks/{case_id}/record/D2",
        f"/admin/decisions/{case_id}/propose_decline",
    ]
    for path in paths:
        page = alice.get(path)
        assert page.code == 200, path
        assert not TELLING.search(str(page.html)), path


def test_no_page_tells_those_who_decide_either(clerk: Hire, world: World, lang: str) -> None:
    case_id = planting.ready(world)
    for name in ("bob", "alice"):
        somebody = clerk(name, lang)
        for path in (f"/admin/case/{case_id}", f"/admin/removals/{case_id}/execute"):
            page = somebody.get(path)
            assert page.code == 200
            assert not TELLING.search(str(page.html)), path


def test_a_refusal_on_the_way_to_the_reveal_does_not_tell(clerk: Hire, world: World, lang: str) -> None:
    case_id = planting.ready(world)
    alice = clerk("alice", lang)
    open_act(alice, "removals/execute", case_id)
    page = send(alice, seen="y", code="000000")
    assert page.code == 422
    assert not TELLING.search(str(page.html))


def test_the_page_of_an_invented_account_has_the_labels_of_any(clerk: Hire, world: World) -> None:
    world.account()
    real, invented = world.case(world.queued()), world.case(planting.queued(world))
    vic = clerk("vic", "en")

    def labels(case: Case) -> list[str]:
        html = vic.get(f"/admin/accounts/{case.account_id}").html
        return [tag.get_text(" ", strip=True) for tag in html.main.select("h2, dt, thead th")]

    assert labels(invented) == labels(real)


def test_the_list_costs_the_same_number_of_statements_however_long(clerk: Hire, world: World) -> None:
    chika = clerk("chika")
    for _ in range(2):
        planting.declined(world)
    chika.get(PLACE)
    with statements(world) as few:
        chika.get(PLACE)
    for _ in range(3):
        planting.declined(world)
    with statements(world) as many:
        chika.get(PLACE)
    assert len(many) == len(few)


def test_the_totals_say_how_many_were_recognised(clerk: Hire, world: World) -> None:
    planting.declined(world)
    planting.executed(world)
    training.end(world.as_("lee"), planting.queued(world))
    text = clerk("chika", "en").get(PLACE).text
    assert "1 of 2 decided training cases were recognised." in " ".join(text.split())
