"""A real mail server on loopback that writes down what it gets, and the smallest application that can write mails."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import Envelope, Session
from flask import Flask

from portal import db, i18n, labels, notices, runtime, worker
from portal.config import Settings, Smtp
from portal.mailer import Mail
from portal.models import OutboxRow
from portal.runtime import Runtime
from tests.world import World

OK = "250 2.0.0 accepted"
Hook = Callable[[], object]


class Mailroom:
    """What the server answers, and what it accepted. `accepted` runs after a mail is taken and before we say so."""

    def __init__(self) -> None:
        self.rcpt = OK
        self.data = OK
        self.accepted: Hook = lambda: None
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt.format(address=address)

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        if self.data.startswith("250"):
            self.envelopes.append(envelope)
            self.accepted()
        return self.data

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(bytes(each.content), policy=default) for each in self.envelopes]

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]


@contextmanager
def mail_server(room: Mailroom, **options: Any) -> Iterator[Smtp]:
    """Run a server for the room; gives the settings to reach it with."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Named, or each connection asks the DNS who we are.
    server = Controller(room, hostname="127.0.0.1", port=port, server_hostname="localhost", **options)
    server.start()
    try:
        yield Smtp(host="127.0.0.1", port=port, tls="none", sender="desk@kaijo.example")
    finally:
        server.stop()


def body_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def office(built: Runtime) -> Flask:
    """An application without windows: what a worker speaks in."""
    app = Flask("portal")
    db.init_app(app, built)
    i18n.init_app(app, built.settings)
    labels.init_app(app)
    return app


def live(url: str, folder: Path, smtp: Smtp) -> World:
    """A desk that sends its mail."""
    return World(url, folder, demo=False, base_url="https://mfa.kaijo.example", smtp=smtp)


def written(world: World, row: OutboxRow, language: str | None = None) -> Mail:
    """The mail of a row, in its own or in another language."""
    world.session.rollback()
    if language:
        row.language = language
    with office(world.runtime).app_context(), world.session.no_autoflush:
        mail = notices.render(world.runtime, world.session, row)
    world.session.rollback()
    return mail


def work_off(world: World, worker_id: str = "w1") -> int:
    """Let a worker do everything that is due now. Returns how many rows it took."""
    app, rows = office(world.runtime), 0
    while worker.work_once(world.runtime, app, worker_id):
        rows += 1
    world.session.rollback()
    return rows


def run_worker(url: str, folder: str, port: str, now: str) -> None:
    """A worker in a process of its own, with its clock standing still, until a signal ends it."""
    settings = Settings(
        data=Path(folder),
        database_url=url,
        keys=Path(folder) / "keys",
        smtp=Smtp(host="127.0.0.1", port=int(port), tls="none", sender="desk@kaijo.example"),
    )
    built = runtime.build(settings, clock=lambda _session: datetime.fromisoformat(now))
    worker.run(built, office(built), threading.Event(), idle=0.05)


if __name__ == "__main__":
    run_worker(*sys.argv[1:])
