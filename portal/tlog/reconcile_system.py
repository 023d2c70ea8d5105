"""What the events of the system say about things that carry a digest: words of reply templates, papers, files of exports."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from portal.models import Document, Export, ReplyTemplateVersion
from portal.tlog.findings import Book
from portal.tlog.folds import Known

FULL = 500


class SystemFold:
    """Its stream is as long as the desk is old, so what it holds is compared piece by piece."""

    def __init__(self, _about: str, _known: Known) -> None:
        self.templates: dict[tuple[str, int], str] = {}
        self.papers: dict[str, str] = {}
        self.files: dict[str, str] = {}

    def __str__(self) -> str:
        return "system"

    @property
    def is_full(self) -> bool:
        return len(self.templates) + len(self.papers) + len(self.files) >= FULL

    def take(self, event: Mapping[str, Any]) -> None:
        facts = event["d"]
        if event["act"] == "desk:template:changed":
            self.templates[facts["template"], facts["version"]] = facts["payload"]
        elif event["act"] == "system:paper:issued":
            self.papers[facts["document"]] = facts["digest"]
        elif event["act"] == "system:export:built" and "export" in facts:
            self.files[facts["export"]] = facts["digest"]


def compare_system(session: Session, book: Book, _known: Known, folds: Sequence[SystemFold]) -> None:
    for fold in folds:
        _templates(session, book, fold.templates)
        _papers(session, book, fold.papers)
        _files(session, book, fold.files)
        for told in (fold.templates, fold.papers, fold.files):
            told.clear()


def _templates(session: Session, book: Book, told: Mapping[tuple[str, int], str]) -> None:
    version = ReplyTemplateVersion
    query = select(version.template_id, version.version, version.subject, version.body).where(
        tuple_(version.template_id, version.version).in_(list(told))
    )
    found = {
        (template, number): hashlib.sha256(f"{subject}\n{body}".encode()).hexdigest()
        for template, number, subject, body in session.execute(query)
    }
    _same(book, "template", told, found)


def _papers(session: Session, book: Book, told: Mapping[str, str]) -> None:
    query = select(Document.id, Document.sha256).where(Document.id.in_(told))
    _same(book, "paper", told, {row.id: row.sha256 for row in session.execute(query)})


def _files(session: Session, book: Book, told: Mapping[str, str]) -> None:
    """Only those that are still kept: a file goes after a day, and its row may follow."""
    query = select(Export.id, Export.sha256).where(Export.id.in_(told), Export.sha256.is_not(None))
    found = {row.id: row.sha256 for row in session.execute(query)}
    _same(book, "export", {one: told[one] for one in found}, found)


def _same(book: Book, what: str, told: Mapping[Any, str], found: Mapping[Any, str | None]) -> None:
    for key, digest in told.items():
        if found.get(key) != digest:
            where = f"{what} {key if isinstance(key, str) else f'{key[0]} {key[1]}'}"
            book.bad("payloads", where, "it is not what its event says, or it is gone")
