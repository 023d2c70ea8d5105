"""The certificate of papers: made once, never overwritten, and refused in plain words where it could not sign."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from portal import paper_keys
from portal.environment import SettingsError
from portal.paper_keys import Seal
from portal.setup_cli import keys as keys_command
from tests.seals import AT, certified, ec_key, rsa_key

UNFIT_FOR_SIGNING = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    paper_keys.make(made, "Kaijo", AT)
    return made


def refusal(folder: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        paper_keys.load(folder, AT)
    return str(refused.value)


def swap(path: Path, data: bytes) -> None:
    path.unlink()
    path.touch(mode=0o400)
    path.chmod(0o600)
    path.write_bytes(data)
    path.chmod(0o400)


def test_a_made_certificate_counts_ten_years_and_may_sign_documents_only(folder: Path):
    certificate = paper_keys.load(folder, AT).certificate
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    assert certificate.subject.rfc4514_string() == "CN=Kaijo"
    assert certificate.not_valid_after_utc - AT == paper_keys.LIFE
    assert (usage.content_commitment, usage.key_cert_sign, is_authority) == (True, False, False)


def test_key_and_certificate_are_for_their_owner_alone(folder: Path):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert modes == {"paper-1.pem": 0o400, "paper-1.key": 0o400}


def test_a_second_one_signs_from_then_on_and_the_first_stays_published(folder: Path):
    first = paper_keys.load(folder, AT).certificate
    second = paper_keys.make(folder, "Kaijo", AT)

    assert paper_keys.load(folder, AT).certificate == second
    assert paper_keys.published(folder) == (second, first)


def test_a_folder_without_one_says_what_to_do(tmp_path: Path):
    assert "run `flask keys paper`" in refusal(tmp_path)
    assert paper_keys.published(tmp_path) == ()


def test_a_missing_key_is_said(folder: Path):
    (folder / "paper-1.key").unlink()
    assert "paper-1.key is missing" in refusal(folder)


def test_a_key_that_others_can_read_is_refused(folder: Path):
    (folder / "paper-1.key").chmod(0o440)
    assert "can be read by others: run `chmod 400" in refusal(folder)


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())]
)
def test_a_key_of_the_wrong_kind_is_refused(folder: Path, key: ec.EllipticCurvePrivateKey):
    swap(folder / "paper-1.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "of a kind that papers cannot be signed with" in refusal(folder)


def test_a_weak_rsa_key_is_refused(tmp_path: Path):
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is what is tested
    paper_keys.keep(tmp_path / "keys", Seal(weak, certified(weak)))
    assert "RSA key of 2048 bits" in refusal(tmp_path / "keys")


def test_a_key_that_belongs_to_another_certificate_is_refused(folder: Path):
    swap(
        folder / "paper-1.key",
        ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    assert "does not belong to" in refusal(folder)


def test_a_key_behind_a_password_is_refused(folder: Path):
    locked = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    swap(folder / "paper-1.key", locked)
    assert "locked with a password" in refusal(folder)


@pytest.mark.parametrize(
    "junk", [b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_file_is_refused(folder: Path, junk: bytes):
    swap(folder / "paper-1.key", junk)
    assert "holds no private key in PEM" in refusal(folder)
    swap(folder / "paper-1.pem", junk)
    with pytest.raises(SettingsError, match="holds no certificate in PEM"):
        paper_keys.published(folder)


def test_a_private_key_in_place_of_the_certificate_is_never_published(folder: Path):
    swap(folder / "paper-1.pem", (folder / "paper-1.key").read_bytes())
    with pytest.raises(SettingsError, match="private key"):
        paper_keys.published(folder)


@pytest.mark.parametrize("days", [-40, 400])
def test_a_certificate_whose_time_is_over_or_not_come_is_refused(tmp_path: Path, days: int):
    key = ec_key()
    paper_keys.keep(tmp_path / "keys", Seal(key, certified(key, first=AT + timedelta(days=days))))
    assert "run `flask keys paper --new`" in refusal(tmp_path / "keys")


def test_a_certificate_that_is_not_for_signing_is_refused(tmp_path: Path):
    key = ec_key()
    paper_keys.keep(tmp_path / "keys", Seal(key, certified(key, usage=UNFIT_FOR_SIGNING)))
    assert "not made for signing" in refusal(tmp_path / "keys")


def test_the_secret_is_never_shown(folder: Path):
    assert "PrivateKey" not in repr(paper_keys.load(folder, AT))


# the command


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made


def run(home: Path, *words: str, typed: str = "") -> Result:
    environ = {"KAIJO_KEYS": str(home), "KAIJO_DATA": str(home.parent / "data"), "KAIJO_SERVICE_NAME": "開錠"}
    return CliRunner().invoke(keys_command, words, env=environ, input=typed)


def test_the_first_keys_come_with_a_certificate_in_the_services_name(home: Path):
    assert run(home, "init").exit_code == 0
    (certificate,) = paper_keys.published(home)

    assert certificate.subject.rfc4514_string() == "CN=開錠"


def test_an_older_installation_gets_its_certificate_once(home: Path):
    first, again, new = run(home, "paper"), run(home, "paper"), run(home, "paper", "--new")

    assert paper_keys.fingerprint(paper_keys.published(home)[1]) in first.output
    assert (again.exit_code, "--new makes another" in again.output) == (1, True)
    assert (new.exit_code, len(paper_keys.published(home))) == (0, 2)


def own_file(folder: Path, key: rsa.RSAPrivateKey) -> Path:
    """One's own certificate as other tools hand it over; it counts for ever, because the command asks the real clock."""
    data = pkcs12.serialize_key_and_certificates(
        b"corp", key, certified(key, days=36500), None, BestAvailableEncryption("合言葉".encode())
    )
    path = folder / "own.p12"
    path.write_bytes(data)
    return path


def test_ones_own_certificate_is_taken_from_pkcs12(home: Path, tmp_path: Path):
    said = run(home, "paper", "--own", str(own_file(tmp_path, rsa_key())), typed="合言葉\n")

    assert said.exit_code == 0, said.output
    assert paper_keys.published(home)[0].subject.rfc4514_string() == "CN=Corp"


def test_a_wrong_password_leaves_nothing_behind(home: Path, tmp_path: Path):
    said = run(home, "paper", "--own", str(own_file(tmp_path, rsa_key())), typed="wrong\n")

    assert (said.exit_code, "the password is wrong" in said.output) == (1, True)
    assert list(home.iterdir()) == []
