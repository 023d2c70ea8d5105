"""Every page that an owner can come to, in every state that looks different, with what a browser needs to come there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from portal import receipts
from portal.casework import drafts, intake, objection, proofs, verification
from portal.domain.lifecycle import Status
from portal.models import Account, OutboxRow
from portal.public.steps import TRIAGE
from tests.journeys.story import TO_THE_FORM
from tests.post import work_off
from tests.public.records import new_status_link
from tests.public.visitor import ANSWERS
from tests.world import World

# Those that turn the clock come first, so that the others are as young as their pages say.
BY_AGE = (
    *(
        "reversed",
        "deactivated",
        "executing",
        "ready",
        "expired",
        "declined",
        "cooling_off",
        "pending_approval",
    ),
    *("frozen", "cancelled", "waiting_owner", "verifying", "queued", "unconfirmed"),
)
# Where what the page about cancelling offers is not what it offers elsewhere.
CANCEL_DIFFERS = frozenset({"deactivated", "executing", "cooling_off", "frozen", "cancelled"})


@dataclass(frozen=True)
class View:
    """A page: its address behind the language, the cookies that open it, and what is typed before its button is pressed."""

    name: str
    path: str
    cookies: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] | None = None


def all_views(world: World) -> list[View]:
    """Walk cases into every state and return the pages about them, and those that are about none."""
    return [
        *_about_cases(world),
        *_links_of_mails(world),
        *_form(world),
        *_questions(world),
        *_telling(),
    ]


def _telling() -> Iterator[View]:
    for path in ("/", "/help", "/privacy", "/accessibility", "/find", "/find/sent", "/request/start-again"):
        yield View(path.strip("/") or "start", path)
    yield View("find, wrong", "/find", typed={"reference": "MR-1", "email": "hanako"})
    yield View("verify", "/verify")
    yield View("verify, wrong", "/verify", typed={"code": "MR-7K4Q-2W9D"})
    yield View("verify, unknown", f"/verify/{'0' * 32}")
    yield View("deleted", "/request/deleted")
    yield View("not found", "/nothing")


def _draft(world: World, **values: str) -> dict[str, str]:
    return {"draft": drafts.start(world.owner, values)}


def _answered(*answers: tuple[str, str]) -> dict[str, str]:
    return {f"{TRIAGE}{question}": answer for question, answer in answers}


def _questions(world: World) -> Iterator[View]:
    lost = tuple((question, "no") for question in ("other_device", "codes_refused", "mailbox", "phone"))
    gone = (("user", "root"), ("password", "yes"), *lost)
    yield View("question", "/triage/user")
    yield View("question, wrong", "/triage/user", typed={})
    yield View("question, helped", "/triage/user", _draft(world, **_answered(("user", "unknown"))))
    yield View("result, form", "/triage/result", _draft(world, **_answered(*TO_THE_FORM.items())))
    for last, name in (("yes", "last resort"), ("no", "no way")):
        yield View(
            f"result, {name}", "/triage/result", _draft(world, **_answered(*gone, ("name_on_file", last)))
        )
    administrator = _draft(world, **_answered(("user", "iam")))
    yield View("result, guide", "/triage/result", administrator)
    yield View("guide", "/guide/ask_administrator", administrator)
    yield View("guide, wrong", "/guide/ask_administrator", administrator, typed={})
    yield View("guide by itself", "/guide/resynchronise")


def _form(world: World) -> Iterator[View]:
    wrong = {"account": {"account_number": "12"}, "detail": {"detail": "password: x"}}
    yield View("form, language", "/request/language")
    for step in ANSWERS:
        yield View(f"form, {step}, wrong", f"/request/{step}", typed=wrong.get(step, {}))
    told = {name: value for answers in ANSWERS.values() for name, value in answers.items()}
    told |= {
        "phone": "０９０ー１２３４ー５６７８",
        "detail": "駅で落としたようです。\n昨日の朝までは使えました。",
    }
    full = _draft(world, **told)
    yield View("form, filled in", "/request/name", full)
    yield View("check", "/request/check", full)
    yield View("check, wrong", "/request/check", full, typed={})
    yield View("delete", "/request/delete", full)


def _about_cases(world: World) -> Iterator[View]:
    ready = world.ready(**_own(world, 91, connector="runbook"))
    yield View("status, runbook", "/status", {"case": new_status_link(world, ready)})
    for number, status in enumerate(BY_AGE):
        case_id = world.walks[Status(status)](**_own(world, number))
        cookies = {"case": new_status_link(world, case_id)}
        yield View(f"status, {status}", "/status", cookies)
        if status in CANCEL_DIFFERS:
            yield View(f"cancel, {status}", "/status/cancel", cookies)
        if status == "declined":
            yield View("appeal", "/status/appeal", cookies)
        if status == "queued":
            yield View("cancel, wrong", "/status/cancel", cookies, typed={})
            yield View("forget", "/request/delete", cookies)
    yield from _asked(world)
    yield from _sent(world)


def _asked(world: World) -> Iterator[View]:
    own = _own(world, 90)
    case_id = world.verifying(**own)
    post = world.contacts(world.session.get_one(Account, world.case(case_id).account_id), "post")[0].id
    proofs.post_letter(world.as_("alice"), case_id, post)
    verification.ask(world.as_("alice"), case_id, ["H4", "P1", "D6", "D2", "H1"])
    cookies = {"case": new_status_link(world, case_id)}
    _paint_only(world, case_id)
    receipt = receipts.document_of(world.system, world.case(case_id), "receipt")
    assert receipt is not None
    yield View("verify, a paper", f"/verify/{receipt.id}")
    yield View("verify, a paper, wrong", f"/verify/{receipt.id}", typed={})
    yield View("status, asked for more", "/status?said=letter", cookies)
    yield View("status, too late", "/status?said=too_late", cookies)
    for page in ("call-time", "mailbox"):
        yield View(f"status, {page}", f"/status/{page}", cookies)
    yield View("call-time, wrong", "/status/call-time", cookies, typed={})
    for page in ("message", "answer", "done/D6"):
        yield View(f"{page}, wrong", f"/status/{page}", cookies, typed={"message": "password: x"})
    for page, typed in (("letter", "ABCD-EFGH-JKMN"), ("device", "12")):
        yield View(page, f"/status/{page}", cookies)
        yield View(f"{page}, wrong", f"/status/{page}", cookies, typed={"code": typed})


def _paint_only(world: World, case_id: str) -> None:
    """Let the worker do what waits for one case; painting the papers of all would take most of the time."""
    with world.system.act():
        world.session.execute(update(OutboxRow).where(OutboxRow.case_id != case_id).values(state="done"))
    work_off(world)


def _sent(world: World) -> Iterator[View]:
    raw = drafts.start(world.owner, {})
    intake.submit(world.owner, raw, world.request(theft_suspected=True, **_own(world, 92)))
    yield View("sent", "/request/sent", {"draft": raw})
    yield View("sent before", "/request/sent?again=yes", {"draft": raw})


def _links_of_mails(world: World) -> Iterator[View]:
    case_id = world.submit(**_own(world, 93))
    raw = world.link(case_id, "confirm")
    yield View("confirm", f"/confirm/{raw}")
    yield View("confirm, gone", f"/confirm/{'A' * 43}")
    yield View("status, gone", "/status")
    other = world.verifying(**(_own(world, 94) | {"reply_email": "new@elsewhere.example"}))
    account = world.session.get_one(Account, world.case(other).account_id)
    proofs.send_mailbox_link(world.as_("alice"), other, world.contacts(account, "email")[0].id)
    yield View("mailbox", f"/mailbox/{world.link(other, 'mailbox')}")
    yield View("stop", f"/stop/{world.link(other, 'stop')}")
    stopped = world.queued(**_own(world, 95))
    link = world.link(stopped, "stop")
    objection.stop_by_link(world.owner, link)
    yield View("stopped", f"/stop/{link}")
    confirmed = world.submit(**_own(world, 96))
    raw = world.link(confirmed, "confirm")
    intake.confirm(world.owner, raw)
    yield View("confirmed", f"/confirm/{raw}")


def _own(world: World, number: int, **entry: Any) -> dict[str, str]:
    """An account of its own in the register, and what a request for it says."""
    world.now += timedelta(hours=1)  # each hour takes five requests from one address
    email = f"owner{number}@mail.example"
    second = f"owner{number}.old@mail.example"
    world.account(number=f"1234567890{number:02}", account_email=email, second_email=second, **entry)
    return {"account_email": email, "reply_email": email}
