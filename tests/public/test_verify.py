"""The page on which anybody checks a paper: what it shows, what it keeps to itself, and what it says of a file."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal import paper_keys, pdf, receipts
from portal.casework import proofs
from portal.models import Document, OutboxRow, Throttle
from portal.paper_check import MOST_BYTES
from tests.papers import RECEIPT, press
from tests.people import HANAKO
from tests.post import work_off
from tests.public.records import everything
from tests.public.visitor import Page, Visitor
from tests.seals import flipped, issued
from tests.sql import key_lost
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOWHERE = "0" * 32


def paper(world: World, kind: str = "receipt") -> Document:
    """The newest paper of a kind, made by the worker."""
    work_off(world)
    query = select(Document).where(Document.kind == kind).order_by(Document.created_at.desc()).limit(1)
    return world.session.execute(query).scalar_one()


def file_of(world: World, document: Document) -> bytes:
    data = receipts.open_pdf(world.system, document)
    assert data is not None
    return data


def check(visitor: Visitor, path: str, data: bytes, name: str = "paper.pdf", **fields: str) -> Page:
    """Send a file from the page at this path."""
    visitor.get(path)
    sent = {**visitor.fill(file=None), **fields, "file": FileStorage(BytesIO(data), name)}
    # in memory: the client's own way leaves large files open on the disk
    boundary, body = encode_multipart(sent)
    kind = f"multipart/form-data; boundary={boundary}"
    visitor.page = Page(visitor.client.post(f"/{visitor.language}{path}", data=body, content_type=kind))
    return visitor.page


def outcome(page: Page) -> str:
    found = page.html.select_one("#outcome .panel__title")
    return found.get_text(strip=True) if found else ""


def test_page_of_a_paper_shows_what_was_issued_and_when(visitor: Visitor, world: World):
    world.submit()
    document = paper(world)
    page = visitor.get(f"/verify/{document.id}")

    assert (page.code, page.heading) == (200, "この照合用コードで発行した書面")
    for words in ("受付票（お客様控え）", "2026年11月24日（火）10:00（日本時間）", document.sha256 or "-"):
        assert words in page.text
    assert "このリクエストについて、最も新しい書面です。" in page.text


@ONE_DATABASE
def test_page_of_a_paper_tells_nothing_about_its_owner(visitor: Visitor, world: World, lang: str):
    case_id = world.submit()
    document, case = paper(world), world.case(case_id)
    facts = receipts.open_facts(world.system, document)
    visitor.language = lang
    page = visitor.get(f"/verify/{document.id}").response.text

    personal = (HANAKO["name"], case.reference, facts["account_masked"], facts["contact_masked"], case_id)
    assert [each for each in personal if str(each) in page] == []


def test_unknown_codes_and_letters_and_papers_not_made_yet_are_answered_alike(visitor: Visitor, world: World):
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    letter = paper(world, "letter")
    world.submit()
    unmade = world.session.execute(select(Document.id).where(Document.painted_at.is_(None))).scalars().all()
    answers = [visitor.get(f"/verify/{code}") for code in (NOWHERE, letter.id, *unmade)]

    assert len(answers) == 3
    assert {page.code for page in answers} == {404}
    assert {page.heading for page in answers} == {"この照合用コードの書面は発行していません"}
    assert len({page.text for page in answers}) == 1


@ONE_DATABASE
def test_older_paper_says_that_there_is_a_newer_one_and_not_which(visitor: Visitor, world: World):
    world.account()
    world.deactivated()
    receipt, notice = paper(world), paper(world, "completion")

    assert "より新しい書面があります。" in visitor.get(f"/verify/{receipt.id}").text
    assert "完了" not in visitor.get(f"/verify/{receipt.id}").text
    assert "最も新しい書面です。" in visitor.get(f"/verify/{notice.id}").text


@ONE_DATABASE
def test_files_are_told_apart(visitor: Visitor, world: World):
    world.submit()
    document = paper(world)
    genuine = file_of(world, document)
    world.now += timedelta(hours=1)
    world.submit()
    other = file_of(world, paper(world))
    changed = flipped(genuine, len(genuine) // 2)
    files = {
        "本物です": genuine,
        "本物ですが、別の書面です": other,
        "変更されています": changed,
        "当窓口の書面ではありません": issued(name="Other desk"),
        "PDF ではありません": "ただの文章".encode(),
        "読み取れません": genuine[: len(genuine) // 2],
        "ファイルが大きすぎます": genuine + b" " * (MOST_BYTES + 1 - len(genuine)),
    }

    assert {
        words: outcome(check(visitor, f"/verify/{document.id}", data)) for words, data in files.items()
    } == {words: words for words in files}
    grown = check(visitor, f"/verify/{document.id}", genuine + b"\n%%EOF\n")
    assert "署名の後に、何かが追加されています。" in grown.text


@ONE_DATABASE
def test_without_its_code_a_file_says_itself_which_paper_it_is(visitor: Visitor, world: World):
    world.submit()
    document = paper(world)
    page = check(visitor, "/verify", file_of(world, document))

    assert outcome(page) == "本物です"
    assert f"/ja/verify/{document.id}" in page.links()


@ONE_DATABASE
def test_a_paper_that_we_signed_and_never_issued_is_not_called_genuine(visitor: Visitor, world: World):
    """Whoever took the key could sign anything: only the records know what was issued."""
    with press():
        forged = pdf.issue("receipt", RECEIPT, "ja", keys=world.runtime.settings.keys, at=world.now)

    assert outcome(check(visitor, "/verify", forged)) == "発行の記録がありません"


@ONE_DATABASE
def test_a_code_of_ours_in_a_file_of_somebody_else_does_not_make_it_ours(visitor: Visitor, world: World):
    world.submit()
    document = paper(world)
    theirs = issued(name="Other desk").replace(RECEIPT["document_id"].encode(), document.id.encode())

    assert outcome(check(visitor, "/verify", theirs)) == "変更されています"


@ONE_DATABASE
def test_a_paper_from_before_papers_were_signed_is_still_known_by_its_bytes(visitor: Visitor, world: World):
    case_id = world.submit()
    query = select(Document.id).where(Document.case_id == case_id)
    receipts.store(
        world.system, document_id := world.session.execute(query).scalar_one(), b"%PDF-1.7\nold\n%%EOF\n"
    )

    assert outcome(check(visitor, f"/verify/{document_id}", b"%PDF-1.7\nold\n%%EOF\n")) == "本物です"
    assert (
        outcome(check(visitor, f"/verify/{document_id}", b"%PDF-1.7\nOld\n%%EOF\n"))
        == "当窓口の書面ではありません"
    )


@ONE_DATABASE
def test_paper_of_an_erased_owner_is_still_known_by_its_digest(visitor: Visitor, world: World):
    case_id = world.submit()
    document = paper(world)
    data = file_of(world, document)
    key_lost(world, world.case(case_id).subject_id)

    assert outcome(check(visitor, f"/verify/{document.id}", data)) == "本物です"


@ONE_DATABASE
def test_nothing_of_a_file_is_kept(visitor: Visitor, world: World):
    world.submit()
    document = paper(world)
    before = everything(world)
    check(visitor, f"/verify/{document.id}", file_of(world, document))

    after = everything(world)
    assert {name for name, rows in after.items() if rows != before[name]} == {Throttle.__tablename__}


def test_files_are_looked_at_so_many_an_hour_from_one_network(visitor: Visitor, world: World):
    most = world.runtime.limits.paper_checks_per_ip_hour
    pages = [check(visitor, "/verify", b"text") for _number in range(most + 1)]

    assert [page.code for page in pages] == [200] * most + [422]
    assert "しばらく" in pages[-1].errors_at("file")[0] or "以降" in pages[-1].errors_at("file")[0]
    world.now += timedelta(hours=1)
    assert check(visitor, "/verify", b"text").code == 200


@ONE_DATABASE
@pytest.mark.parametrize("spelling", ["{}", "  {upper} ", "{grouped}", "{wide}"])
def test_code_is_understood_in_any_case_width_and_grouping(visitor: Visitor, world: World, spelling: str):
    world.submit()
    code = paper(world).id
    grouped = " ".join(code[at : at + 4] for at in range(0, 32, 4))
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    visitor.get("/verify")
    page = visitor.send(code=spelling.format(code, upper=code.upper(), grouped=grouped, wide=wide))

    assert (page.code, page.path) == (200, f"/ja/verify/{code}")


@ONE_DATABASE
@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "照合用コードを入力するか、ファイルを選択してください。"),
        ("MR-7K4Q-2W9D", "照合用コードは、数字と a から f までの英字の 32 文字です。"),
    ],
)
def test_code_that_cannot_be_one_is_said_at_its_field(visitor: Visitor, world: World, typed: str, error: str):
    visitor.get("/verify")
    page = visitor.send(code=typed)

    assert (page.code, page.errors_at("code"), page.value("code")) == (422, [error], typed)


@ONE_DATABASE
def test_no_file_is_said_at_its_field(visitor: Visitor, world: World):
    world.submit()
    visitor.get(f"/verify/{paper(world).id}")
    page = visitor.send()

    assert (page.code, page.errors_at("file")) == (422, ["書面のファイルを選択してください。"])


@ONE_DATABASE
def test_file_beyond_all_measure_is_refused_before_it_is_read(visitor: Visitor, world: World):
    page = check(visitor, "/verify", b"%PDF-1.7" + b" " * (MOST_BYTES + 200_000))

    assert (page.code, page.heading) == (413, "ファイルが大きすぎます")


@ONE_DATABASE
def test_certificate_can_be_saved_and_compared(visitor: Visitor, world: World):
    (certificate,) = paper_keys.published(world.runtime.settings.keys)
    answer = visitor.client.get("/ja/verify/certificate.pem")

    assert paper_keys.read_certificates(answer.data) == (certificate,)
    assert b"PRIVATE" not in answer.data
    assert paper_keys.fingerprint(certificate) in visitor.get("/verify").text
    assert visitor.client.get("/ja/verify/log.vkey").status_code == 404


@ONE_DATABASE
def test_links_to_the_page_stand_on_every_page_and_in_the_paper(app: Flask, visitor: Visitor, world: World):
    assert "/ja/verify" in visitor.get("/").links()
    world.submit()
    with world.system.act():
        world.session.execute(update(OutboxRow).where(OutboxRow.kind != "document").values(state="done"))
    assert f"<paper:document>{paper(world).id}".encode() in file_of(world, paper(world))
