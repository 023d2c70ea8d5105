"""Where anybody who holds a paper checks it: by its code, and byte by byte by its file.

With script the file stays in the browser, which computes its digest. Without, it is sent, looked at in memory, and gone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

from cryptography.hazmat.primitives.serialization import Encoding
from flask import Response, abort, request
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import Field
from wtforms.validators import StopValidation

from portal import db, paper_keys, pdf
from portal.casework import paper_checks
from portal.casework.paper_checks import Checked, Issued
from portal.paper_check import MOST_BYTES
from portal.public.fields import Line
from portal.public.forms import TYPED_CODE, OwnerForm
from portal.public.refusals import attempted, is_filled_in, paint_tried
from portal.public.visit import context, owners, paint, see
from portal.security import may_upload
from portal.tlog.checkpoints import published_key
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadKey

FORM_BYTES = 64 * 1024
CODE = re.compile("[0-9a-f]{32}")
CHOOSE = _l("Choose the file of the paper")


def code_of(text: str | None) -> str:
    """A code as it is printed or typed: any case, width and grouping."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text or "")).lower()


def _right_code(form: OwnerForm, field: Field) -> None:
    code = code_of(field.data)
    if not code and not form["file"].data:
        raise StopValidation(str(_l("Type the code of the paper, or choose its file")))
    if code and not CODE.fullmatch(code):
        raise StopValidation(str(_l("The code has 32 digits and letters from a to f")))


def _file_field(*validators: Any) -> FileField:
    hint = _l("PDF, at most 5 MB")
    return FileField(
        _l("File"), list(validators), description=hint, render_kw={"accept": ".pdf,application/pdf"}
    )


class _Chosen:
    field_flags: ClassVar[Mapping[str, bool]] = {"required": True}

    def __call__(self, _form: OwnerForm, field: Field) -> None:
        if not field.data:
            raise StopValidation(str(CHOOSE))


class AnyPaperForm(OwnerForm):
    """A code or a file; either is enough."""

    code = Line(
        _l("Code for checking"),
        [_right_code],
        description=_l("At the foot of the paper: 32 digits and letters"),
        render_kw={**TYPED_CODE, "autocapitalize": "none"},
    )
    file = _file_field()


class ThisPaperForm(OwnerForm):
    file = _file_field(_Chosen())


@owners.route("/verify", methods=["GET", "POST"])
@may_upload(MOST_BYTES + FORM_BYTES)
def verify() -> Response:
    form = AnyPaperForm(_sent())
    if not is_filled_in(form, "file"):
        return paint_tried("verify", form, **_keys())
    code = code_of(form["code"].data)
    if not form["file"].data:
        return see("verify_paper", document_id=code)
    return paint_tried("verify", form, found=_looked_at(form, code or None), **_keys())


@owners.route("/verify/<string(length=32):document_id>", methods=["GET", "POST"])
@may_upload(MOST_BYTES + FORM_BYTES)
def verify_paper(document_id: str) -> Response:
    paper = paper_checks.issued(context(), document_id)
    if paper is None:
        return paint("verify_unknown", code=404)
    form = ThisPaperForm(_sent())
    found = _looked_at(form, document_id) if is_filled_in(form, "file") else None
    return paint_tried("verify_paper", form, found=found, **_shown(paper), **_keys())


@owners.get("/verify/<string(length=32):document_id>/proof.txt")
def verify_proof(document_id: str) -> Response:
    """That today's log begins with the log which the paper names, in a public format."""
    paper, key = paper_checks.issued(context(), document_id), _log_key()
    found = paper_checks.continuity(context(), paper.head, key) if paper and paper.head and key else None
    if found is None or not found.holds:
        abort(404)
    return _saved(found.text, "text/plain", f"log-proof-{found.printed.size}-{found.newest.size}.txt")


@owners.get("/verify/certificate.pem")
def verify_certificate() -> Response:
    certificates = paper_keys.published(db.runtime().settings.keys)
    if not certificates:
        abort(404)
    pem = "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)
    return _saved(pem, "application/x-pem-file", "paper-certificates.pem")


@owners.get("/verify/log.vkey")
def verify_log_key() -> Response:
    key = _log_key()
    if key is None:
        abort(404)
    return _saved(f"{key}\n", "text/plain", "log.vkey")


def _sent() -> dict[str, Any] | None:
    return {**request.form.to_dict(), **request.files.to_dict()} if request.method == "POST" else None


def _looked_at(form: OwnerForm, document_id: str | None) -> Checked | None:
    upload: FileStorage = form["file"].data
    # one byte more than allowed is enough to know that it is too large
    data = upload.read(MOST_BYTES + 1)
    certificates = paper_keys.published(db.runtime().settings.keys)
    return attempted(
        form, "file", lambda: paper_checks.check(context(), data, certificates, document_id), unsaid=()
    )


def _shown(paper: Issued) -> dict[str, Any]:
    key = _log_key()
    return {
        "paper": paper,
        "kind": pdf.PAPERS[paper.kind].title,
        "grouped": _grouped(paper.id),
        "continuity": paper_checks.continuity(context(), paper.head, key) if paper.head and key else None,
    }


def _keys() -> dict[str, Any]:
    certificates = paper_keys.published(db.runtime().settings.keys)
    return {
        "most_bytes": MOST_BYTES,
        "fingerprint": paper_keys.fingerprint(certificates[0]) if certificates else None,
        "log_key": _log_key(),
    }


def _log_key() -> LogKeys | None:
    """The log's published keys; None where a file cannot be read as such: papers are checked without it."""
    try:
        return published_key(db.runtime().settings.keys)
    except (BadKey, OSError):
        return None


def _grouped(code: str) -> str:
    return " ".join(code[at : at + pdf.GROUP] for at in range(0, len(code), pdf.GROUP))


def _saved(text: str, mimetype: str, name: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
