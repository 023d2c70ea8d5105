"""The register's own pages: a file of entries is proposed by one person, and counts when another agrees to just that file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import groupby
from typing import Any

from flask import Response, render_template, request, send_file
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.exceptions import BadRequest

from admin.base import StaffView, ctx, see
from admin.forms import DeskForm, built, choices, code_field, radio_field
from portal import labels
from portal.casework import register_import
from portal.casework.context import NotFound, Refused
from portal.casework.register_columns import HEADER, columns_for
from portal.casework.register_file import ENCODING, MOST_BYTES, MOST_MISTAKES, MOST_ROWS, Mistake
from portal.casework.register_import import Preview
from portal.casework.register_plan import OF_USER, Planned, PlannedChange
from portal.connectors.table import registrable
from portal.domain.languages import LANGUAGES
from portal.models import Proposal
from portal.models.register import HOLDER_KINDS, PRINCIPAL_KINDS
from portal.security import may_upload

PAGE = 25
MANY = 1000  # accounts from which on the answer to an agreement takes a while
FORM_BYTES = 64 * 1024  # what such a form has besides its file
TEMPLATE_NAME = "register.csv"
YES_OR_NO = ("yes", "no")

# What a page says after an act.
SAID: Mapping[str, LazyString] = {
    "proposed": _l("The file is proposed. It counts when a different person has agreed to it."),
    "refused": _l("The file is refused. The register is as it was."),
    "withdrawn": _l("The file is withdrawn. The register is as it was."),
}

# Refusals that say more here than their words about cases.
REFUSED: Mapping[str, LazyString] = {
    "another_person": _l("You proposed this file, so a different person must agree to it."),
    "executing": _l(
        "A device of account %(account_number)s is being deactivated just now. Nothing was taken from the file. "
        "Try again when that is done."
    ),
    "register_file": _l(
        "The register has changed since the file was proposed and now contradicts it. Nothing was taken from it."
    ),
}
NOT_AS_SHOWN = frozenset({"proposal_changed", "register_file", "executing"})

# What a column takes, as it has to be typed; an example where it takes more than a few words.
TAKES: Mapping[str, Sequence[str]] = {
    "account_number": ("123456789012",),
    "holder_kind": HOLDER_KINDS,
    "principal_kind": PRINCIPAL_KINDS,
    "is_administrator": YES_OR_NO,
    "edits_contacts": YES_OR_NO,
    "hardware_device": YES_OR_NO,
    "email_language": tuple(LANGUAGES),
    "email_confirmed_at": ("2026-04-01",),
    "phone_language": tuple(LANGUAGES),
    "phone_is_mobile": YES_OR_NO,
    "phone_confirmed_at": ("2026-04-01",),
    "post_confirmed_at": ("2026-04-01",),
}

# Values of a preview that are keys: the table of their words.
KEY_WORDS: Mapping[str, str] = {
    "holder_kind": "holder_kind",
    "connector": "connector",
    "principal_kind": "principal_kind",
    "language": "language",
    "is_administrator": "is_administrator",
    "edits_contacts": "is_administrator",
    "hardware_device": "is_administrator",
}
ANSWERS = {"True": "yes", "False": "no"}


class ProposeForm(DeskForm):
    """A file of entries. What it says is judged by casework."""

    file = FileField(
        _l("File of register entries (CSV)"),
        [FileRequired(_l("Choose a file"))],
        description=_l("CSV in UTF-8, at most 8 MB and 10,000 rows."),
        render_kw={"accept": ".csv,text/csv"},
    )


class RegisterView(StaffView):
    """Admins and leads propose and agree; the proposer of a file never agrees to it."""

    roles = register_import.MAY
    icon = "list"

    @expose("/")
    def index(self) -> Response:
        return _page("register", waiting=register_import.open_proposals(ctx()), done=_done())

    @expose("/propose", methods=("GET", "POST"))
    @may_upload(MOST_BYTES + FORM_BYTES)
    def propose(self) -> Response:
        form = ProposeForm()
        if request.method == "POST" and form.validate():
            return _propose(form)
        return _paint_propose(form, 422 if form.errors else 200)

    @expose("/template")
    def template(self) -> Response:
        """An empty file with the names of all columns."""
        empty = ",".join(HEADER) + "\r\n"
        return send_file(
            BytesIO(empty.encode(ENCODING)), "text/csv", as_attachment=True, download_name=TEMPLATE_NAME
        )

    @expose("/<proposal_id>", methods=("GET", "POST"))
    def proposal(self, proposal_id: str) -> Response:
        seen = _preview(proposal_id)
        form = _decision_form(seen)
        if request.method == "POST" and form.validate():
            return _decide(seen, form)
        return _paint_proposal(seen, form, 422 if form.errors else 200)


def _propose(form: ProposeForm) -> Response:
    # one byte more than allowed is enough to know that it is too large
    data = form.file.data.read(MOST_BYTES + 1)
    try:
        proposal = register_import.propose_import(ctx(), data)
    except Refused as refused:
        form.place(refused)
        return _paint_propose(form, 422, refused.details.get("mistakes", ()))
    return see("register.proposal", proposal_id=proposal.id, said="proposed")


def _paint_propose(form: ProposeForm, code: int, mistakes: Sequence[Mistake] = ()) -> Response:
    known = columns_for(registrable(ctx().connectors))
    takes = {**TAKES, "connector": registrable(ctx().connectors)}
    return _page(
        "register_propose",
        code,
        form=form,
        mistakes=mistakes,
        most_mistakes=MOST_MISTAKES,
        columns=[(name, column.required, takes.get(name, ())) for name, column in known.items()],
    )


def _preview(proposal_id: str) -> Preview:
    """A file that waits. Says so where it was decided meanwhile."""
    try:
        seen = register_import.preview(ctx(), proposal_id, start=_start(), most=PAGE)
    except NotFound:
        proposal = ctx().session.get(Proposal, proposal_id)
        if proposal is None or proposal.kind != register_import.KIND:
            raise
        raise Refused("proposal_decided") from None
    if not seen.planned:
        raise NotFound()
    return seen


def _start() -> int:
    """From which account on the preview is shown."""
    text = request.args.get("start", "0")
    if not text.isascii() or not text.isdigit() or len(text) > len(str(MOST_ROWS)):
        raise BadRequest
    return int(text)


def _decision_form(seen: Preview) -> DeskForm:
    """Agree or refuse; one's own file can only be withdrawn, and one that is contradicted only refused."""
    if seen.proposal.is_own or seen.mistakes:
        return built(("code", code_field()))
    ways = choices((("agree", _l("Agree")), ("refuse", _l("Refuse"))))
    return built(
        ("decision", radio_field(_l("Decision"), ways, _l("Select a decision"))), ("code", code_field())
    )


def _decide(seen: Preview, form: DeskForm) -> Response:
    proposal, code = seen.proposal, form["code"].data
    try:
        # as sent: whoever may not agree has no such field, and casework says why
        if request.form.get("decision") == "agree":
            done = register_import.agree_import(
                ctx(), proposal.id, digest=request.form.get("digest", ""), code=code
            )
            return see("register.index", **vars(done))
        register_import.refuse_import(ctx(), proposal.id, code=code)
    except Refused as refused:
        _say(form, refused)
        again = _preview(proposal.id)
        return _paint_proposal(again, form, 409 if refused.reason in NOT_AS_SHOWN else 422)
    return see("register.index", said="withdrawn" if proposal.is_own else "refused")


def _say(form: DeskForm, refused: Refused) -> None:
    words = REFUSED.get(refused.reason)
    if words is None:
        form.place(refused)
    else:
        form.form_errors.append(str(words) % refused.details)


def _paint_proposal(seen: Preview, form: DeskForm, code: int) -> Response:
    form.forget_code()
    start, total = _start(), seen.new + seen.known
    return _page(
        "register_proposal",
        code,
        seen=seen,
        form=form,
        start=start,
        total=total,
        many=MANY,
        lines=lines,
        value_words=value_words,
        earlier=max(0, start - PAGE) if start else None,
        later=start + PAGE if start + PAGE < total else None,
        most_mistakes=MOST_MISTAKES,
    )


def lines(planned: Planned) -> list[list[PlannedChange]]:
    """The changes of one account, line by line: all about one user in one, everything else by itself."""
    about_users = groupby(planned.changes, key=lambda change: change.field in OF_USER and change.whose)
    return [
        part
        for whose, group in about_users
        for part in ([list(group)] if whose else [[change] for change in group])
    ]


def value_words(change: PlannedChange, value: str) -> str:
    """A value of a preview as the reader says it."""
    kind, key = KEY_WORDS.get(change.field, ""), ANSWERS.get(value, value)
    return labels.word(kind, key) if kind and key in labels.TABLES[kind] else value


def _done() -> str:
    """What an agreed file did, as the address of the page that follows it says."""
    counts = {name: request.args.get(name, type=int) for name in ("added", "changed", "unchanged")}
    if None in counts.values():
        return ""
    return str(
        gettext(
            "The file is in the register. Accounts added: %(added)s, changed: %(changed)s, unchanged: %(unchanged)s.",
            **counts,
        )
    )


def _page(template: str, code: int = 200, **values: Any) -> Response:
    said = SAID.get(request.args.get("said", ""))
    return Response(
        render_template(f"staff/{template}.html", said=said, **values), code, mimetype="text/html"
    )
