"""What has no language: whether the process lives, whether it can work, how much waits, what a telephone asks, and the demo's
mailbox and telephone.
"""

from __future__ import annotations

from ipaddress import ip_address

from flask import Blueprint, Flask, Response, abort, request
from sqlalchemy import func, select, text

from portal import db, demo_mail, demo_phone
from portal.domain.lifecycle import OPEN
from portal.models import Case, OutboxRow
from portal.outbox import LANES
from portal.security import client_ip

plain = Blueprint("plain", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(plain)
    settings = db.runtime_of(app).settings
    if settings.demo:
        app.register_blueprint(demo_mail.mailbox)
        app.register_blueprint(demo_phone.phone)
    if settings.telephone == "twilio":
        from portal import voice  # needs a package that is not there without Twilio

        voice.init_app(app)


@plain.get("/healthz")
def healthz() -> Response:
    """The process answers. Nothing else is asked, so that a slow database does not get it killed."""
    return Response("ok\n", mimetype="text/plain")


@plain.get("/readyz")
def readyz() -> Response:
    """The database answers too: a balancer may send visitors here."""
    db.session().execute(text("SELECT 1"))
    return Response("ready\n", mimetype="text/plain")


@plain.get("/metrics")
def metrics() -> Response:
    """Counts for a monitor on this machine, in the text form that Prometheus reads. Nothing of anybody is in it."""
    if not ip_address(client_ip(request)).is_loopback:
        abort(404)
    session = db.session()
    now = db.runtime().clock(session)
    due = select(func.count(), func.min(OutboxRow.not_before)).where(
        OutboxRow.state == "pending", OutboxRow.not_before <= now
    )
    # apart, because a file may take minutes and a mail may not
    lanes = {f'{{lane="{lane}"}}': session.execute(due.where(rows)).one() for lane, rows in LANES.items()}
    dead = session.execute(
        select(func.count()).select_from(OutboxRow).where(OutboxRow.state == "dead")
    ).scalar_one()
    by_status = select(Case.status, func.count()).where(Case.status.in_(OPEN)).group_by(Case.status)
    cases = session.execute(by_status.order_by(Case.status))
    lines = [
        *_gauge(
            "kaijo_outbox_waiting",
            "Outbox rows that are due and not carried out.",
            {lane: waiting for lane, (waiting, _) in lanes.items()},
        ),
        *_gauge(
            "kaijo_outbox_oldest_seconds",
            "Age of the oldest outbox row that is due.",
            {
                lane: int((now - oldest).total_seconds()) if oldest else 0
                for lane, (_, oldest) in lanes.items()
            },
        ),
        *_gauge("kaijo_outbox_dead", "Outbox rows that were given up.", {"": dead}),
        *_gauge(
            "kaijo_open_cases",
            "Open cases by status.",
            {f'{{status="{status}"}}': count for status, count in cases},
        ),
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")


def _gauge(name: str, meaning: str, values: dict[str, int]) -> list[str]:
    return [
        f"# HELP {name} {meaning}",
        f"# TYPE {name} gauge",
        *(f"{name}{labels} {value}" for labels, value in values.items()),
    ]
