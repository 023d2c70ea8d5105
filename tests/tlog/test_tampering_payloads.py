"""What is sealed: altered, swapped or emptied without a word; and told apart from what was lawfully deleted."""

from __future__ import annotations

from portal import audit, receipts
from portal.casework import decisions, keeping, messages, templates
from portal.casework.message_drafts import Words
from tests.casework import kept
from tests.sql import TABLES, changed, inserted, row_of
from tests.tlog.tampering import checked, failing, tampered
from tests.world import World


def two_checks(world: World) -> tuple[dict[str, object], dict[str, object]]:
    world.account()
    case_id = world.verifying()
    made = [world.check("alice", case_id, method).id for method in ("D2", "W3")]
    one, other = (row_of(world, "identity_check", id=check) for check in made)
    return one, other


def test_evidence_that_was_altered_is_found(world: World) -> None:
    one, _other = two_checks(world)
    tampered(world, changed("identity_check", str(one["id"]), sealed_note=b"another"))
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("payloads", f"case:{one['case_id']} check {one['id']}")


def test_evidence_that_was_moved_to_another_check_is_found(world: World) -> None:
    one, other = two_checks(world)
    tampered(
        world,
        changed("identity_check", str(one["id"]), sealed_evidence=other["sealed_evidence"]),
        changed("identity_check", str(other["id"]), sealed_evidence=one["sealed_evidence"]),
    )
    verdict = checked(world)
    assert verdict.failed == "payloads"
    assert verdict.findings[0].more == 1


def test_evidence_that_is_gone_without_an_event_is_no_lawful_erasure(world: World) -> None:
    one, _other = two_checks(world)
    tampered(world, changed("identity_check", str(one["id"]), sealed_evidence=None, sealed_note=None))
    verdict = checked(world)
    assert verdict.failed == "payloads"
    assert verdict.findings[0].words == "it is empty, and no event says that it was deleted"


def test_what_was_said_in_a_case_is_what_was_sealed(world: World) -> None:
    world.account()
    case_id = world.verifying()
    version = world.case(case_id).version
    messages.note(world.as_("alice"), case_id, version, "The owner sounded hurried.")
    messages.reply(
        world.as_("alice"), case_id, version + 1, Words("About MFA", "We will call."), other_script=True
    )
    assert failing(world) == set()
    reply = row_of(world, "message", kind="reply")
    tampered(
        world,
        changed("message", reply["id"], sealed_body=row_of(world, "message", kind="note")["sealed_body"]),
    )
    assert checked(world).first_bad == f"case:{case_id} message {reply['id']}"


def test_a_message_that_nobody_sent_is_found(world: World) -> None:
    world.account()
    case_id = world.verifying()
    note = messages.note(world.as_("alice"), case_id, world.case(case_id).version, "One.")
    row = row_of(world, "message", id=note.id)
    tampered(world, TABLES["message"].insert().values({**row, "id": "e" * 32}))
    assert checked(world).failed == "reconcile"


def test_the_words_of_a_reply_template_are_those_that_were_kept(world: World) -> None:
    templates.create(world.as_("lee"), "en", "Hello", "About your request", "We have your request.")
    assert failing(world) == set()
    tampered(world, TABLES["reply_template_version"].update().values(body="Send us your password."))
    assert checked(world).failed == "payloads"


def test_a_paper_is_the_one_that_was_issued(world: World) -> None:
    world.submit()
    paper = row_of(world, "document", kind="receipt")["id"]
    receipts.store(world.system, paper, b"%PDF-1.7")
    assert failing(world) == set()
    tampered(world, changed("document", paper, sha256="0" * 64))
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("payloads", f"paper {paper}")


def test_the_file_of_an_export_is_the_one_that_was_built(world: World) -> None:
    facts = {"export": "f" * 32, "digest": "1" * 64}
    with world.system.act():
        audit.append(
            world.session, "system", "system:export:built", actor="system", at=world.now, facts=facts
        )
    assert failing(world) == set()
    row = {"id": "f" * 32, "staff_id": world.logins["chika"].staff_id, "report": "volumes", "settings": {}}
    row |= {"form": "csv", "language": "ja", "personal": False, "subject_id": "e" * 32, "rows": 1}
    row |= {"state": "expired", "sha256": "0" * 64, "created_at": world.now}
    tampered(world, inserted("export", row))
    assert checked(world).first_bad == f"export {'f' * 32}"


def test_what_went_with_its_event_is_no_tampering_whatever_class_it_was(world: World) -> None:
    world.account()
    held = world.declined()
    note_in(world, held)
    erased = world.declined(account_email="nobody@else.example", reply_email="nobody@else.example")
    note_in(world, erased)
    kept.erased(world, erased)
    hold = kept.decided(world, "case_hold", held)
    assert hold.state == "effective"
    assert failing(world) == set()
    kept.decided(world, "case_release", held)
    kept.later(world, days=2)
    decisions.apply_due(world.system, keeping.MATTER)
    for stage in ("evidence", "network", "contact", "fact"):
        kept.kept_until(world, stage)
        kept.run(world)
        assert failing(world) == set(), stage
    assert row_of(world, "cases", id=held)["retention_stage"] == 4


def test_what_was_deleted_is_not_filled_again_with_something_else(world: World) -> None:
    world.account()
    case_id = world.declined()
    check = check_in(world, case_id)
    kept.kept_until(world, "evidence")
    kept.run(world)
    assert row_of(world, "identity_check", id=check)["sealed_evidence"] is None
    tampered(world, changed("identity_check", check, sealed_evidence=b"made up afterwards"))
    assert checked(world).failed == "payloads"


def test_an_account_that_two_have_erased_is_what_its_events_say(world: World) -> None:
    account = world.account()
    kept.later(world, days=30)
    kept.decided(world, "account_erase", account.id)
    kept.later(world, days=2)
    decisions.apply_due(world.system, keeping.MATTER)
    assert row_of(world, "account", id=account.id)["erased_at"] is not None
    assert failing(world) == set()


def note_in(world: World, case_id: str) -> None:
    messages.note(world.as_("alice"), case_id, world.case(case_id).version, "She sounded hurried.")


def check_in(world: World, case_id: str) -> str:
    return str(row_of(world, "identity_check", case_id=case_id)["id"])
