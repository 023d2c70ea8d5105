"""Messages as a real mail server gets them, and what each way to be refused means."""

from __future__ import annotations

import datetime as dt
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from portal import mailer
from portal.config import Settings, Smtp
from portal.mailer import Attachment, DeliveryFailed, Mail
from portal.models import DemoMail
from tests.post import Mailroom, body_of, mail_server
from tests.world import World

AT = dt.datetime(2026, 11, 23, 5, 5, tzinfo=dt.UTC)
RECEIPT = Attachment(
    "MFA解除リクエスト受付票_MR-7K4Q-2W9D.pdf", "mfa-request-receipt_MR-7K4Q-2W9D_ja.pdf", b"%PDF-1.7\n"
)
SENDER = Smtp(sender="desk@kaijo.example")
MAIL = Mail(
    to="taro@mail.example",
    subject="【Kaijo】リクエストを受け付けました（受付番号 MR-7K4Q-2W9D）",
    text="山田 太郎 様\n\n髙﨑德塚神𠮷\n",
    html='<!doctype html><html lang="ja"><body><p>山田 太郎 様</p></body></html>',
    language="ja",
    attachments=(RECEIPT,),
)


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


@pytest.fixture
def smtp(room: Mailroom) -> Iterator[Smtp]:
    with mail_server(room) as settings:
        yield settings


def composed(mail: Mail = MAIL, smtp: Smtp = SENDER) -> EmailMessage:
    settings = Settings(data=Path("/nowhere"), database_url="sqlite://", keys=Path("/nowhere"), smtp=smtp)
    return mailer.compose(mail, settings, key="0123abcd", at=AT)


def refusal(smtp: Smtp) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as refused:
        mailer.send(smtp, composed(smtp=smtp))
    return refused.value


def test_a_japanese_mail_with_a_paper_arrives_as_it_was_written(smtp: Smtp, room: Mailroom) -> None:
    mailer.send(smtp, composed(smtp=smtp))
    (mail,) = room.mails
    assert mail["Subject"] == MAIL.subject
    assert body_of(mail, "plain") == MAIL.text
    assert body_of(mail, "html").strip() == MAIL.html
    (paper,) = mail.iter_attachments()
    assert paper.get_content() == RECEIPT.data
    assert paper.get_filename() == RECEIPT.name
    assert paper["Content-Type"].params["name"] == RECEIPT.plain_name


def test_a_mail_says_who_sends_it_and_that_a_machine_does(smtp: Smtp, room: Mailroom) -> None:
    mailer.send(smtp, composed(smtp=smtp))
    (mail,) = room.mails
    assert str(mail["From"]) == "Kaijo <desk@kaijo.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "ja"
    assert mail["Date"].datetime == AT
    assert room.envelopes[0].mail_from == "desk@kaijo.example"


def test_the_message_id_is_the_rows_and_the_services() -> None:
    assert composed()["Message-ID"] == "<0123abcd@kaijo.example>"


def test_the_same_row_gives_the_same_bytes() -> None:
    assert composed().as_bytes() == composed().as_bytes()


def test_every_line_ends_as_smtp_wants_it() -> None:
    assert b"\n" not in composed().as_bytes().replace(b"\r\n", b"")


@pytest.mark.parametrize("address", ["a..b@docomo.ne.jp", "abc.@docomo.ne.jp", "o'neil+mfa@mail.example"])
def test_an_address_arrives_as_it_was_read(smtp: Smtp, room: Mailroom, address: str) -> None:
    mailer.send(smtp, composed(replace(MAIL, to=address), smtp))
    assert room.envelopes[0].rcpt_tos == [address]


def test_a_comma_never_makes_two_recipients(smtp: Smtp, room: Mailroom) -> None:
    mailer.send(smtp, composed(replace(MAIL, to="a@else.example,b@mail.example"), smtp))
    (envelope,) = room.envelopes
    assert len(envelope.rcpt_tos) == 1
    assert len(room.mails[0]["To"].addresses) == 1


@pytest.mark.parametrize("broken", ["\r\nBcc: all@mail.example", "\n", "\r"])
@pytest.mark.parametrize("field", ["subject", "to"])
def test_a_header_cannot_be_smuggled_in(field: str, broken: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)linefeed|newline|crlf|cr|lf"):
        composed(replace(MAIL, **{field: f"a{broken}@mail.example"}))


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        ("550 5.1.1 <{address}> unknown", True),
        ("551 not here", True),
        ("450 4.2.1 <{address}> busy", False),
        ("421 4.3.2 closing", False),
    ],
)
def test_what_is_said_of_the_recipient_is_final_or_not(
    smtp: Smtp, room: Mailroom, answer: str, permanent: bool
) -> None:
    room.rcpt = answer
    assert refusal(smtp).permanent is permanent


@pytest.mark.parametrize(("answer", "permanent"), [("554 5.7.1 no", True), ("451 4.3.0 later", False)])
def test_what_is_said_of_the_mail_is_final_or_not(
    smtp: Smtp, room: Mailroom, answer: str, permanent: bool
) -> None:
    room.data = answer
    assert refusal(smtp).permanent is permanent


def test_an_error_names_the_code_and_no_address(smtp: Smtp, room: Mailroom) -> None:
    room.rcpt = "550 5.1.1 <{address}> unknown"
    assert str(refusal(smtp)) == "550 5.1.1"


def test_a_server_that_is_away_is_no_reason_to_give_a_mail_up() -> None:
    failed = refusal(Smtp(host="127.0.0.1", port=1, tls="none", sender="desk@kaijo.example"))
    assert not failed.permanent
    assert str(failed) == "no connection: ConnectionRefusedError"


def test_a_server_that_takes_too_long_is_no_reason_to_give_a_mail_up(
    smtp: Smtp, room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "ALL_SECONDS", 0)
    assert not refusal(smtp).permanent
    assert not room.mails


def test_a_failure_after_the_mail_was_taken_is_none(
    smtp: Smtp, room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_client: smtplib.SMTP) -> None:
        raise smtplib.SMTPResponseException(421, b"gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", broken)
    mailer.send(smtp, composed(smtp=smtp))
    assert len(room.mails) == 1


def test_nothing_is_sent_unencrypted_to_another_machine() -> None:
    failed = refusal(Smtp(host="mail.example", tls="none", sender="desk@kaijo.example"))
    assert "encrypted" in str(failed)


def test_nothing_is_sent_to_a_server_that_does_not_encrypt(smtp: Smtp, room: Mailroom) -> None:
    assert not refusal(replace(smtp, tls="starttls")).permanent
    assert not room.envelopes


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


def test_we_sign_in_where_the_server_asks_for_it(
    room: Mailroom, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with mail_server(room, tls_context=certificate[1], authenticator=knows_desk, auth_required=True) as smtp:
        mailer.send(replace(smtp, tls="starttls", user="desk", password="right"), composed(smtp=smtp))
    assert len(room.mails) == 1


def test_our_own_wrong_password_is_no_reason_to_give_a_mail_up(
    room: Mailroom, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with mail_server(room, tls_context=certificate[1], authenticator=knows_desk) as smtp:
        failed = refusal(replace(smtp, tls="starttls", user="desk", password="wrong"))
    assert not failed.permanent
    assert "535" in str(failed)


def knows_desk(
    _server: object, _session: object, _envelope: object, _way: str, said: LoginPassword
) -> AuthResult:
    return AuthResult(success=said.login == b"desk" and said.password == b"right", handled=False)


def test_a_mail_goes_over_starttls_to_a_server_that_we_trust(
    room: Mailroom, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with mail_server(room, tls_context=certificate[1], require_starttls=True) as smtp:
        mailer.send(replace(smtp, tls="starttls"), composed(smtp=smtp))
    assert len(room.mails) == 1


def test_a_mail_goes_over_tls_to_a_server_that_we_trust(
    room: Mailroom, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with mail_server(room, ssl_context=certificate[1]) as smtp:
        mailer.send(replace(smtp, tls="tls"), composed(smtp=smtp))
    assert len(room.mails) == 1


def test_nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for(
    room: Mailroom, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    with mail_server(room, tls_context=certificate[1]) as smtp:
        failed = refusal(replace(smtp, tls="starttls"))
    assert not failed.permanent
    assert not room.envelopes


def test_the_demo_keeps_a_mail_once(world: World) -> None:
    for _ in range(2):
        with world.system.act():
            mailer.keep(world.session, composed(), now=AT)
    (kept,) = world.session.execute(select(DemoMail)).scalars()
    assert kept.recipient == MAIL.to
    assert kept.subject == MAIL.subject
    assert kept.raw == composed().as_bytes()
