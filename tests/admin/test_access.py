"""Every page of the desk against the one table of who may open and send it, called by everybody there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, url_for
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from admin import PLACES
from admin.acts import ActPage, ActView
from admin.colleague_acts import ACTS
from portal import receipts
from portal.casework import (
    deactivation,
    decisions,
    factor,
    keeping,
    proofs,
    templates,
    training,
    verification,
)
from portal.connectors import runbook
from portal.domain.lifecycle import TRANSITIONS, Status
from portal.models import Account, Contact, IdentityCheck
from tests.admin.access import EVERYBODY, OWN_OF_COMPLIANCE, allowed, rows
from tests.admin.clerk import Clerk
from tests.admin.colleagues import WRONG_ROLE
from tests.admin.conftest import Hire
from tests.admin.desk import queued
from tests.casework.staffroom import PASSWORD, Staffroom
from tests.world import World

STAFF = {"v": "vic", "a": "ben", "l": "lou", "c": "chika", "d": "ann", "n": "nora"}
# The first of them in which an act could happen is the one that it is tried in.
ORDER = [
    Status(key)
    for key in ("verifying", "queued", "waiting_owner", "pending_approval", "ready", "executing", "frozen")
]
MATCHED = ("executing", "ready", "frozen", "verifying", "pending_approval")
THEIRS = frozenset(
    {"training.end", "reveal.letter", "templates.template", "templates.retire"}
)  # there is one
READ_ALONG = frozenset({"case.page", "colleagues.login"})
NOWHERE = "0" * 32
LAST = {"templates.retire": 1, "door.sign_out": 2}  # they end what others are asked with


@dataclass(frozen=True)
class Call:
    """One page as somebody asks for it: the row that it belongs to, its method and its address."""

    row: str
    method: str
    address: str


def is_let_in(call: Call, response: TestResponse) -> bool:
    """Whether the page was opened, or its form taken, and be it to say what is wrong with it."""
    if response.status_code in {302, 303}:
        path = urlsplit(response.headers["Location"])
        is_own = path.path == call.address or "signed_out" in path.query
        to_door = path.path.startswith("/admin/sign-in") and not is_own
        led_on = call.row.startswith("door.") and call.row != "door.language" and path.path == "/admin/"
        return not (to_door or led_on)
    if response.status_code == 404 and ("/" in call.row or call.row in THEIRS):
        return False
    # pages of the desk read along by others say the same of their buttons; a page of a form says it of itself
    is_refused = WRONG_ROLE["en"] in response.text and call.row not in READ_ALONG
    return response.status_code != 403 and not is_refused


class Desk:
    """One desk with somebody of each kind, and a case in each status that an act needs."""

    def __init__(self, app: Flask, room: Staffroom, clerk: Hire, stranger: Hire) -> None:
        self.app, self.room, self.world = app, room, room.world
        self.cases = cases(self.world)
        self.known = {
            "proposal_id": room.propose("ada", "role_grant", "bob", role="verifier"),
            "account_id": self.world.session.execute(select(Account.id).limit(1)).scalar_one(),
            "staff_id": room.id("vic"),
            "field": "name",
            "kind": "account_protect",
            "raw": "a" * 43,
        }
        self.known |= self._things()
        self.world.check("alice", self.cases["verifying"], "W3")
        removal = deactivation.removals_of(self.world.system, self.world.case(self.cases["executing"]))[0]
        self.items = {
            **dict.fromkeys(("do", "attest"), f"{removal.id}:{runbook.STEPS[0]}"),
            "record": "D2",
            "repeat": "D2",
            "witness": check_in(self.world, self.cases["verifying"]),
            "open": check_in(self.world, self.cases["pending_approval"]),
        }
        self._hire_others()
        self.callers: dict[str, Clerk] = {letter: clerk(name, "en") for letter, name in STAFF.items()}
        self.callers["x"] = stranger("alice", "en")
        for letter, name in (("e", "erin"), ("k", "kay")):
            self.callers[letter] = stranger(name, "en")
            self.callers[letter].sign_in(**({"code": ""} if letter == "e" else {}))
        rescued = self.callers["r"] = stranger("bob", "en")
        rescued.get("/admin/sign-in/recover")
        rescued.send(email="bob@desk.example", password=PASSWORD, code=room.codes["bob"][0])
        self.tokens = {letter: token_of(caller) for letter, caller in self.callers.items()}

    def _hire_others(self) -> None:
        for name in ("nora", "erin", "kay"):
            self.world.hire(name)
            self.room.give_password(name)
        with self.world.system.act():
            self.world.role_row("nora").revoked_at = self.world.now
            self.room.login("erin").sealed_totp = None
            factor.replace_recovery_codes(self.world.system, self.room.login("kay"), [])

    def _things(self) -> dict[str, str]:
        """A letter that waits for the post, a template, and a case that a lead has planted."""
        world = self.world
        account_id = world.case(self.cases["verifying"]).account_id
        post = select(Contact.id).where(Contact.account_id == account_id, Contact.kind == "post")
        contact_id = world.session.execute(post).scalar_one()
        planted = training.plant(world.as_("lou"), "name_differs", "en", code=world.code("lou"))
        letter_id = proofs.post_letter(world.as_("alice"), self.cases["verifying"], contact_id)
        receipts.store(world.system, letter_id, b"%PDF-1.7 letter")
        kept = self.cases["ready"]
        return {
            "decision": "case_hold",
            "target_id": kept,
            "sort": "case",
            "kept_id": decisions.propose(
                world.as_("ada"), keeping.MATTER, "case_hold", kept, reason="A court asks"
            ),
            "document_id": letter_id,
            "template_id": templates.create(world.as_("lou"), "en", "Thanks", "Thank you", "Thank you.").id,
            "planted": planted,
        }

    def calls(self) -> Iterator[Call]:
        """Every page with each of its methods; the one that ends sessions last."""
        for rule in sorted(
            desk_rules(self.app), key=lambda rule: (LAST.get(rule.endpoint, 0), rule.endpoint)
        ):
            for key in keys_of(rule.endpoint):
                row = rule.endpoint + (f"/{key}" if key else "")
                for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                    yield Call(row, method, self._address(rule, key))

    def _address(self, rule: Rule, key: str) -> str:
        values = {name: self.known.get(name, NOWHERE) for name in rule.arguments}
        values.update({"key": key} if key else {})
        if rule.endpoint == "training.end":
            values["case_id"] = self.known["planted"]
        elif "case_id" in values:
            values["case_id"] = self.cases[status_for(rule.endpoint, key)]
        values.update({"item": self.items[key]} if key in self.items else {})
        with self.app.test_request_context():
            return url_for(rule.endpoint, **values)

    def asks(self, letter: str, call: Call) -> TestResponse:
        client = self.callers[letter].client
        if call.method == "GET":
            return client.get(call.address)
        return client.post(call.address, data={"csrf_token": self.tokens[letter], "version": "0"})


def token_of(caller: Clerk) -> str:
    """What proves that a form is one of the desk's, as it stands on some page that this browser may open."""
    found = caller.get("/admin/own/").html.find("input", attrs={"name": "csrf_token"})
    return str(found["value"])


def cases(world: World) -> Mapping[str, str]:
    """A case in each status that some act of the desk needs, each of another account."""
    made = {}
    for place, status in enumerate(MATCHED):
        mailbox = f"p{place}@mail.example"
        world.account(
            number=f"{place:012}",
            account_email=mailbox,
            second_email=f"second.{mailbox}",
            connector="local" if status != "executing" else "runbook",
        )
        before = "ready" if status == "executing" else status
        made[status] = getattr(world, before)(account_email=mailbox, reply_email=mailbox)
        if status == "executing":
            begin_by_hand(world, made[status])
    made["queued"], made["waiting_owner"] = queued(world, 2)
    verification.claim(world.as_("alice"), made["waiting_owner"])
    verification.ask(world.as_("alice"), made["waiting_owner"], ["H4"])
    assert {status: world.status(case_id) for status, case_id in made.items()} == {key: key for key in made}
    return made


def begin_by_hand(world: World, case_id: str) -> None:
    """A removal whose steps people do and confirm."""
    deactivation.declare_ready(world.owner, case_id)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.carry_out(world.system, case_id)


def check_in(world: World, case_id: str) -> str:
    """A check that a person recorded in this case."""
    query = select(IdentityCheck.id).where(
        IdentityCheck.case_id == case_id, IdentityCheck.person_id.is_not(None)
    )
    return world.session.execute(query).scalars().one()


def desk_rules(app: Flask) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin/")]
    # an act has two addresses, with and without what of the case is meant
    return [
        rule for rule in rules if "key" not in rule.arguments or "item" in rule.arguments or not is_act(rule)
    ]


def is_act(rule: Rule) -> bool:
    return rule.endpoint.endswith(".act") and "case_id" in rule.arguments


def keys_of(endpoint: str) -> Iterable[str]:
    """The kinds of an act that stand behind one endpoint."""
    if endpoint == "colleagues.act":
        return tuple(ACTS)
    return tuple(act_pages(endpoint)) or ("",)


def act_pages(endpoint: str) -> Mapping[str, ActPage]:
    view, _, name = endpoint.partition(".")
    found = (place.view for place in PLACES if place.endpoint == view)
    return next((one.pages for one in found if name == "act" and issubclass(one, ActView)), {})


def status_for(endpoint: str, key: str) -> str:
    """A status in which the act could happen, or else one in which people work."""
    page = act_pages(endpoint).get(key)
    row = next((row for row in TRANSITIONS if page and row.act is page.act), None)
    origins = [str(status) for status in ORDER if row and status in row.origins]
    return origins[0] if origins else "verifying"


def test_every_page_has_a_row_and_every_row_a_page(app: Flask):
    there = {
        rule.endpoint + (f"/{key}" if key else "")
        for rule in desk_rules(app)
        for key in keys_of(rule.endpoint)
    }

    assert sorted(there ^ rows().keys()) == []


def test_every_page_opens_and_takes_forms_from_whom_the_table_names(
    app: Flask, room: Staffroom, clerk: Hire, stranger: Hire
):
    desk = Desk(app, room, clerk, stranger)
    wrong: dict[str, list[str]] = defaultdict(list)
    for call in desk.calls():
        cell = rows()[call.row][call.method == "POST"]
        for letter in EVERYBODY:
            room.world.now += timedelta(milliseconds=1)
            response = desk.asks(letter, call)
            found = is_let_in(call, response)
            if response.status_code >= 500 or found is not (letter in allowed(cell)):
                wrong[f"{call.method} {call.row} ({cell})"].append(f"{letter}: {response.status_code}")

    assert not wrong, "\n".join(f"{call}: {', '.join(found)}" for call, found in sorted(wrong.items()))


def test_compliance_sends_nothing_but_what_is_its_own():
    sent = {name for name, (_opens, sends) in rows().items() if "c" in allowed(sends)}

    assert sent - OWN_OF_COMPLIANCE == set()


def test_who_is_not_fully_signed_in_opens_nothing_but_doors():
    reached = {name for name, cells in rows().items() for cell in cells if allowed(cell) & frozenset("xekr")}

    assert {name.partition(".")[0] for name in reached} == {"door", "invite", "halt"}


def test_administrators_have_no_page_of_a_case():
    of_cases = ("queue.", "case.", "reveal.", "checks.", "decisions.", "removals.", "freezes.", "messages.")

    assert [n for n, cells in rows().items() if n.startswith(of_cases) and "d" in "".join(cells)] == []


def test_somebody_without_a_role_has_their_own_settings_and_no_more():
    reached = {name for name, cells in rows().items() if "n" in "".join(cells)}

    assert {name.partition(".")[0] for name in reached} == {
        *("admin", "door", "invite", "halt"),
        "own",
    }
