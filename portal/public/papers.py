"""Hands a paper out to the browser that sent its request, or that came with the link to its status."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, abort
from werkzeug.http import dump_options_header

from portal import pdf, receipts
from portal.casework import lookup
from portal.models import Document
from portal.public.drafting import draft
from portal.public.visit import CASE_COOKIE, context, cookie, owners, see

OWNERS_PAPERS = frozenset({"receipt", "completion"})  # the letter is for the registered postal address only
SANDBOX = "sandbox; default-src 'none'"


class Paper(Response):
    """A file that must not run in our origin. Its policy is set last, over the one that all pages get."""

    def get_wsgi_headers(self, environ: Any) -> Any:
        headers = super().get_wsgi_headers(environ)
        headers["Content-Security-Policy"] = SANDBOX
        return headers


@owners.get("/paper/<string(length=32):document_id>")
def paper(document_id: str) -> Response:
    ctx = context()
    document = ctx.session.get(Document, document_id)
    sent, followed = _sent_case(), _followed_case()
    if document is None or document.kind not in OWNERS_PAPERS or document.case_id not in {sent, followed}:
        abort(404)
    data = receipts.open_pdf(ctx, document)
    if data is None:
        return see("status" if document.case_id == followed else "request_sent")
    return handed_out(document, data, receipts.open_facts(ctx, document)["reference"])


def handed_out(document: Document, data: bytes, reference: str) -> Response:
    """A painted paper as a file to save. `reference` tells it from the others in its reader's folder."""
    plain, words = pdf.file_name(document.kind, reference, document.language)
    response = Paper(data, mimetype="application/pdf")
    # RFC 8187; the library takes the extended value as it is, and a server cannot send one that is not ASCII
    names = {"filename": plain, "filename*": f"UTF-8''{quote(words)}"}
    response.headers["Content-Disposition"] = dump_options_header("attachment", names)
    return response


def _sent_case() -> str | None:
    kept = draft()
    return kept.case_id if kept else None


def _followed_case() -> str | None:
    case = lookup.case_by_status_link(context(), cookie(CASE_COOKIE) or "")
    return case.id if case else None
