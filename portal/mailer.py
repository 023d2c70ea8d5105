"""Makes a message of a mail and hands it to the mail server; in a demo it is kept, for /demo/mail to show.

The same outbox row always gives the same message with the same Message-ID: whoever gets it twice can see that.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings, Smtp
from portal.environment import is_loopback
from portal.models import DemoMail, new_id

CONNECT_SECONDS = 10
STEP_SECONDS = 30
ALL_SECONDS = 100  # less than a lease: a slow server must not make a second worker send the same mail
PERMANENT = range(500, 600)


class DeliveryFailed(Exception):
    """The mail was not accepted. The text names codes only: servers repeat addresses in what they answer."""

    def __init__(self, cause: str, *, permanent: bool = False) -> None:
        super().__init__(cause)
        self.permanent = permanent


@dataclass(frozen=True)
class Attachment:
    """A paper. `name` is in the reader's own words, `plain_name` in ASCII."""

    name: str
    plain_name: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """What is sent to one address. `language` is ja, en, or ja+en for whoever may read only one of them."""

    to: str
    subject: str
    text: str
    html: str
    language: str
    attachments: tuple[Attachment, ...] = ()


def compose(mail: Mail, settings: Settings, *, key: str, at: datetime) -> EmailMessage:
    """The message of an outbox row; `key` is the row's id. Raises ValueError for what no header can hold."""
    message = EmailMessage(policy=SMTP)
    sender = _address(settings.smtp.sender, settings.service_name)
    message["From"] = sender
    # One Address object: a comma in a plain string would make two recipients.
    message["To"] = _address(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = at
    message["Message-ID"] = f"<{key}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for paper in mail.attachments:
        message.add_attachment(
            paper.data,
            maintype="application",
            subtype="pdf",
            filename=paper.name,
            params={"name": paper.plain_name},
        )
    # Last, because making parts moves what begins with Content- into the first of them.
    message["Content-Language"] = ", ".join(mail.language.split("+"))
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"={key}={number}")
    return message


def _address(written: str, name: str = "") -> Address:
    # Split by hand: the parser refuses the dots in a row of old Japanese carrier addresses.
    local, _, domain = written.rpartition("@")
    return Address(name, username=local, domain=domain)


def send(smtp: Smtp, message: EmailMessage) -> None:
    """Hand the message over. Returning means that the server accepted it. Raises DeliveryFailed."""
    deadline = time.monotonic() + ALL_SECONDS
    try:
        client = _connect(smtp)
    except (OSError, smtplib.SMTPException) as problem:
        raise DeliveryFailed(f"no connection: {_code(problem)}") from None
    try:
        _greet(client, smtp, deadline)
        _hand_over(client, message, deadline)
    except (OSError, smtplib.SMTPException) as problem:
        # Whatever fails before the recipient is named is our own set-up, and is no reason to give a mail up.
        raise DeliveryFailed(_code(problem)) from None
    finally:
        _leave(client)


def _connect(smtp: Smtp) -> smtplib.SMTP:
    if smtp.host is None or (smtp.tls == "none" and not is_loopback(smtp.host)):
        raise DeliveryFailed("refused: mail leaves this machine encrypted or not at all")
    own_name = smtp.sender.rpartition("@")[2]  # else smtplib asks the DNS who we are, without a time limit
    if smtp.tls == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(smtp.host, smtp.port, own_name, timeout=CONNECT_SECONDS, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, own_name, timeout=CONNECT_SECONDS)


def _greet(client: smtplib.SMTP, smtp: Smtp, deadline: float) -> None:
    _allow(client, deadline)
    client.ehlo_or_helo_if_needed()
    if smtp.tls == "starttls":
        _allow(client, deadline)
        client.starttls(context=ssl.create_default_context())
        _allow(client, deadline)
        client.ehlo()
    if smtp.user is not None:
        _allow(client, deadline)
        client.login(smtp.user, smtp.password or "")


def _hand_over(client: smtplib.SMTP, message: EmailMessage, deadline: float) -> None:
    """MAIL, RCPT and DATA one by one: only what the server says of the recipient or the mail itself is final."""
    sender, recipient = (message[name].addresses[0].addr_spec for name in ("From", "To"))
    _allow(client, deadline)
    code, answer = client.mail(sender)
    if code != 250:
        raise smtplib.SMTPResponseException(code, answer)
    _allow(client, deadline)
    code, answer = client.rcpt(recipient)
    if code not in {250, 251}:
        raise DeliveryFailed(_said(code, answer), permanent=code in PERMANENT)
    _allow(client, deadline)
    try:
        code, said = client.data(message.as_bytes())
    except smtplib.SMTPDataError as refused:
        raise DeliveryFailed(
            _said(refused.smtp_code, refused.smtp_error), permanent=refused.smtp_code in PERMANENT
        ) from None
    if code != 250:
        raise DeliveryFailed(_said(code, said), permanent=code in PERMANENT)


def _allow(client: smtplib.SMTP, deadline: float) -> None:
    """Give the next step its time, within the time that all of them have."""
    left = deadline - time.monotonic()
    if left <= 0 or client.sock is None:
        raise TimeoutError("too slow")
    client.sock.settimeout(min(STEP_SECONDS, left))


def _leave(client: smtplib.SMTP) -> None:
    # After the mail was accepted nothing that goes wrong here may call it undelivered.
    with suppress(OSError, smtplib.SMTPException):
        if client.sock is not None:
            client.sock.settimeout(1)
        client.quit()
    client.close()


def _code(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        return _said(problem.smtp_code, problem.smtp_error)
    return type(problem).__name__


def _said(code: int, answer: bytes | str) -> str:
    """The code with its enhanced status (550 5.1.1), and nothing else of the answer."""
    text = answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
    enhanced = text.split(" ", 1)[0]
    plain = enhanced.replace(".", "").isdigit() and enhanced.count(".") == 2
    return f"{code} {enhanced}" if plain else str(code)


def keep(session: Session, message: EmailMessage, *, now: datetime) -> None:
    """Keep a message for the demo's mailbox, in the caller's act. A second copy of a mail is not kept."""
    message_id = str(message["Message-ID"])
    known = select(DemoMail.id).where(DemoMail.message_id == message_id)
    if session.execute(known).first() is None:
        session.add(
            DemoMail(
                id=new_id(),
                message_id=message_id,
                recipient=message["To"].addresses[0].addr_spec,
                subject=str(message["Subject"])[:300],
                raw=message.as_bytes(),
                at=now,
            )
        )
        session.flush()
