"""The pages about what is kept: two at their browsers decide, compliance reads, and a file is handed out once."""

from __future__ import annotations

import json

import pytest

from portal.casework import decisions, keeping, retention
from portal.models import LegalHold, Proposal
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.casework.kept import decided, erased, events, later
from tests.public.visitor import Page
from tests.world import World

HOME = "/admin/retention/"


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.declined()


def propose(clerk: Clerk, target: str, decision: str = "case_hold", reason: str = "A court asks") -> Page:
    clerk.get(f"{HOME}propose/{decision}/{target}")
    return clerk.send(reason=reason)


def newest(world: World) -> Proposal:
    world.session.rollback()
    return world.session.query(Proposal).order_by(Proposal.created_at.desc()).first()  # type: ignore[return-value]


def decide(clerk: Clerk, decision: str | None = "agree", **more: str) -> Page:
    clerk.get(f"{HOME}proposal/{newest(clerk.world).id}")
    return clerk.send(**{"decision": decision, "code": clerk.code(), **more})


def holds(world: World) -> int:
    world.session.rollback()
    return world.session.query(LegalHold).filter_by(lifted_at=None).count()


def test_two_place_a_hold_and_the_case_says_so(world: World, clerk: Hire, case_id: str, lang: str) -> None:
    lee, ada = clerk("lee", lang), clerk("ada", lang)
    proposed = propose(lee, case_id)
    waiting = holds(world)
    done = decide(ada)
    shown = lee.get(f"/admin/case/{case_id}")

    assert (proposed.path, waiting) == (f"{HOME}case/{case_id}", 0)
    assert (done.path, holds(world)) == (f"{HOME}case/{case_id}", 1)
    assert {"ja": "リーガルホールド中", "en": "A legal hold stands"}[lang] in shown.text


def test_an_erasure_is_agreed_for_tomorrow_and_stopped_by_one(
    world: World, clerk: Hire, case_id: str
) -> None:
    later(world, days=15)
    lee, lou = clerk("lee", "en"), clerk("lou", "en")
    propose(lee, case_id, "case_erase")
    agreed = decide(lou)
    listed = lee.get(HOME)
    stopped = decide(lee, None)

    assert "Agreed. It takes effect at the time below" in agreed.text
    assert "Takes effect at" in listed.text
    assert "Stopped. Nothing changes." in stopped.text
    assert newest(world).state == "stopped"


def test_the_proposer_can_only_withdraw(world: World, clerk: Hire, case_id: str) -> None:
    lee = clerk("lee", "en")
    propose(lee, case_id)
    page = lee.get(f"{HOME}proposal/{newest(world).id}")
    forged = lee.post(page.path, {**lee.fill(), "decision": "agree", "code": lee.code()})
    withdrawn = decide(lee, None)

    assert not page.html.find_all("input", attrs={"name": "decision"})
    assert (forged.code, "somebody else must decide" in forged.text) == (422, True)
    assert ("Withdrawn." in withdrawn.text, holds(world)) == (True, 0)


def test_compliance_reads_everything_and_decides_nothing(world: World, clerk: Hire, case_id: str) -> None:
    propose(clerk("lee"), case_id)
    chika, proposal = clerk("chika", "en"), newest(world)
    home, case = chika.get(HOME), chika.get(f"{HOME}case/{case_id}")
    seen = chika.get(f"{HOME}proposal/{proposal.id}")
    sent = {"csrf_token": chika.token, "decision": "agree", "digest": proposal.digest, "code": chika.code()}
    forged = chika.post(f"{HOME}proposal/{proposal.id}", sent)

    assert world.case(case_id).reference in home.text
    assert "A court asks" in seen.text
    assert not seen.html.main.find_all("form")
    assert not [link for link in case.links() if "/propose/" in link or "/export/" in link]
    assert (forged.code, holds(world)) == (403, 0)


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_who_works_cases_has_none_of_it(clerk: Hire, case_id: str, name: str) -> None:
    worker = clerk(name, "en")
    page = worker.get(f"/admin/case/{case_id}")

    assert not [link for link in page.links() if link.startswith(HOME)]
    assert worker.get(HOME).code == 403


def test_a_wrong_code_decides_nothing_and_is_not_put_back(world: World, clerk: Hire, case_id: str) -> None:
    propose(clerk("lee"), case_id)
    page = decide(clerk("lou", "en"), code="000000")

    assert (page.code, page.value("code"), holds(world)) == (422, "", 0)
    assert page.errors_at("code") == ["The code does not match. Enter the newest code in your app"]


def test_what_cannot_be_proposed_says_why(world: World, clerk: Hire, case_id: str) -> None:
    lee = clerk("lee", "en")

    assert "can still be objected to or appealed" in lee.get(f"{HOME}propose/case_erase/{case_id}").text
    assert "There is no legal hold." in lee.get(f"{HOME}propose/case_release/{case_id}").text
    assert propose(lee, case_id, reason=" ").errors_at("reason") == ["Enter a reason."]


@pytest.mark.parametrize(
    "path",
    [
        *("propose/nothing/{case}", "propose/account_erase/{case}", "proposal/{case}", "case/{nowhere}"),
        *("account/{case}", "export/case/{nowhere}", "export/person/{case}"),
    ],
)
def test_what_is_not_there_is_not_found(clerk: Hire, case_id: str, path: str) -> None:
    assert clerk("lee").get(HOME + path.format(case=case_id, nowhere="0" * 32)).code == 404


def test_the_overview_finds_a_case_and_an_account_and_says_when_there_is_none(
    world: World, clerk: Hire, case_id: str
) -> None:
    lee, case = clerk("lee", "en"), world.case(case_id)
    found = lee.get(f"{HOME}?q={case.reference.lower()}")
    account = lee.get(f"{HOME}?q=123456789012")
    nothing = lee.get(f"{HOME}?q=<b>")

    assert found.path == f"{HOME}case/{case_id}"
    assert account.path == f"{HOME}account/{case.account_id}"
    assert (nothing.code, nothing.value("q")) == (404, "<b>")
    assert nothing.errors_at("q") == ["There is no request and no account of this number"]


def test_the_overview_says_periods_what_goes_next_and_the_proofs(
    world: World, clerk: Hire, case_id: str, lang: str
) -> None:
    erased(world, case_id)
    other = world.cancelled(reply_email="o@mail.example", account_email="o@mail.example")
    decided(world, "case_hold", world.cancelled(reply_email="h@mail.example", account_email="h@mail.example"))
    later(world, days=3)
    page = clerk("chika", lang).get(HOME)
    [said] = events(world, "case:data:erased")

    assert said["key"] in page.text
    assert {"ja": "30 日", "en": "30 days"}[lang] in page.text
    assert world.case(other).reference in page.text


def test_what_a_run_took_away_stands_on_the_overview(world: World, clerk: Hire, case_id: str) -> None:
    later(world, days=40)
    retention.run(world.runtime)
    lee = clerk("lee", "en")

    assert "Evidence and messages 1" in lee.get(HOME).text
    assert "Deleted" in lee.get(f"{HOME}case/{case_id}").text
    assert lee.get(f"/admin/case/{case_id}").code == 200


@pytest.mark.parametrize("days", [40, 120, 400, 3000])
def test_every_page_of_a_case_still_opens_when_its_data_is_gone(
    world: World, clerk: Hire, case_id: str, days: int
) -> None:
    later(world, days=days)
    retention.run(world.runtime)
    lee = clerk("lee", "en")
    pages = ("case/{0}", "retention/case/{0}", "messages/{0}/note", "messages/{0}/reply", "reveal/{0}/name")

    assert [lee.get("/admin/" + page.format(case_id)).code for page in pages] == [200] * len(pages)


def test_a_lead_takes_a_persons_data_as_a_file(world: World, clerk: Hire, case_id: str) -> None:
    lee = clerk("lee", "en")
    lee.get(f"{HOME}export/case/{case_id}")
    page = lee.send(reason="asked_by_person", code=lee.code())
    whole = json.loads(page.response.text)

    assert whole["about"] == {"case": world.case(case_id).reference}
    assert events(world, "case:data:exported") == [
        {"case": case_id, "form": "json", "why": "asked_by_person"}
    ]


def test_an_export_asks_for_a_reason_and_a_code(world: World, clerk: Hire, case_id: str) -> None:
    lee = clerk("lee", "en")
    lee.get(f"{HOME}export/case/{case_id}")
    page = lee.send(code=lee.code())

    assert page.errors_at("reason") == ["Select why the data is handed out"]
    assert (page.code, events(world, "case:data:exported")) == (422, [])


def test_an_erased_account_still_has_its_page(world: World, clerk: Hire, case_id: str) -> None:
    account_id = world.case(case_id).account_id or ""
    later(world, days=15)
    decided(world, "account_erase", account_id)
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)
    lee = clerk("lee", "en")

    assert "Erased" in lee.get(f"/admin/accounts/{account_id}").text
    assert "This account was erased" in lee.get(f"{HOME}account/{account_id}").text
    assert lee.get(f"/admin/case/{case_id}").code == 200
