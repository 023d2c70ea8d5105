"""Settings: what starts, what does not, and that every refusal says what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal import config
from portal.config import SETTINGS, SettingsError, from_environment
from portal.domain.limits import LIMITS

Given = dict[str, str]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def live(tmp_path: Path, keys: Path) -> Given:
    return {
        "KAIJO_DATA": str(tmp_path / "data"),
        "KAIJO_KEYS": str(keys),
        "KAIJO_BASE_URL": "https://mfa.corp.example",
        "KAIJO_SMTP_HOST": "mail.corp.example",
        "KAIJO_SMTP_FROM": "mfa@corp.example",
        "KAIJO_EMERGENCY": "03-0000-0000",
    }


DEMO = {"KAIJO_DEMO": "1"}


def refusal(environ: Given) -> str:
    with pytest.raises(SettingsError) as caught:
        from_environment(environ)
    return str(caught.value)


def test_demo_needs_nothing_else() -> None:
    settings = from_environment(DEMO)
    assert settings.demo
    assert settings.base_url == "http://127.0.0.1:5000"
    assert settings.database_url.startswith("sqlite:///")
    assert settings.keys == settings.data / "keys"
    assert settings.smtp.host is None


def test_demo_follows_the_port() -> None:
    assert from_environment(DEMO | {"PORT": "8123"}).base_url == "http://127.0.0.1:8123"


def test_live_reads_what_is_given(live: Given) -> None:
    settings = from_environment(live | {"KAIJO_PROXIES": "2", "KAIJO_WINDOWS": "public"})
    assert not settings.demo
    assert settings.proxies == 2
    assert settings.windows == ("public",)
    assert settings.host_names == ("mfa.corp.example",)
    assert (settings.smtp.port, settings.smtp.tls) == (587, "starttls")


def test_postgresql_address_names_the_driver() -> None:
    settings = from_environment(DEMO | {"KAIJO_DATABASE_URL": "postgresql://kaijo:pw@db.example/kaijo"})
    assert settings.database_url == "postgresql+psycopg://kaijo:pw@db.example/kaijo"


@pytest.mark.parametrize(
    "name", ["KAIJO_KEYS", "KAIJO_BASE_URL", "KAIJO_SMTP_HOST", "KAIJO_SMTP_FROM", "KAIJO_EMERGENCY"]
)
def test_what_is_required_is_asked_for_by_name(live: Given, name: str) -> None:
    del live[name]
    assert name in refusal(live)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAIJO_DEMO", "yes"),
        ("KAIJO_DATABASE_URL", "mysql://db.example/kaijo"),
        ("KAIJO_BASE_URL", "http://mfa.corp.example"),
        ("KAIJO_BASE_URL", "https://mfa.corp.example/portal"),
        ("KAIJO_BASE_URL", "https://agent@mfa.corp.example"),
        ("KAIJO_BASE_URL", "mfa.corp.example"),
        ("KAIJO_WINDOWS", "public,backdoor"),
        ("KAIJO_PROXIES", "4"),
        ("KAIJO_PROXIES", "-1"),
        ("KAIJO_PROXIES", "１"),
        ("KAIJO_SMTP_PORT", "0"),
        ("KAIJO_SMTP_PORT", "99999"),
        ("KAIJO_SMTP_TLS", "maybe"),
        ("KAIJO_SMTP_TLS", "none"),
        ("KAIJO_SMTP_USER", "kaijo"),
        ("KAIJO_SMTP_FROM", "mfa at corp.example"),
        ("KAIJO_SERVICE_NAME", "Kaijo\nBcc: all@corp.example"),
        ("KAIJO_SERVICE_NAME", "K" * 41),
        ("KAIJO_HELP_URL", "javascript:alert(1)"),
        ("KAIJO_COMPLIANCE_MAIL", "nobody"),
        ("KAIJO_LIMIT_CONFIRM_LIFE", "48h"),
        ("KAIJO_LIMIT_CONFIRM_LIFE", "soon"),
        ("KAIJO_TELEPHONE", "demo"),
        ("KAIJO_TELEPHONE", "asterisk"),
        ("KAIJO_TWILIO_TOKEN", "0" * 32),
        ("KAIJO_CALL_COUNTRIES", "Japan"),
        ("KAIJO_CALL_COUNTRIES", "81;82"),
        ("KAIJO_CALL_COUNTRIES", "0081"),
        ("KAIJO_CALL_COUNTRIES", "８１"),
        ("KAIJO_TRAINING_DOMAIN", "a b.example"),
        ("KAIJO_TRAINING_DOMAIN", "me@corp.example"),
        ("KAIJO_TRAINING_DOMAIN", ".example"),
    ],
)
def test_unusable_value_stops_the_start_in_one_sentence(live: Given, name: str, value: str) -> None:
    text = refusal(live | {name: value})
    assert re.search(name.removeprefix("KAIJO_LIMIT_").lower(), text.lower())
    assert "\n" not in text
    assert text.endswith(".")


TWILIO = {
    "KAIJO_TELEPHONE": "twilio",
    "KAIJO_TWILIO_ACCOUNT": "AC" + "a1" * 16,
    "KAIJO_TWILIO_TOKEN": "0123456789abcdef" * 2,
    "KAIJO_TWILIO_FROM": "+815012345678",
}


def test_twilio_is_read_with_all_it_needs(live: Given) -> None:
    settings = from_environment(live | TWILIO | {"KAIJO_CALL_COUNTRIES": "81, +82"})
    assert settings.telephone == "twilio"
    assert settings.twilio is not None
    assert settings.twilio.sender == "+815012345678"
    assert settings.call_countries == ("81", "82")


def test_without_a_telephone_nobody_can_be_called_and_nothing_is_needed(live: Given) -> None:
    settings = from_environment(live)
    assert (settings.telephone, settings.twilio, settings.call_countries) == ("none", None, ("81",))


@pytest.mark.parametrize("name", [name for name in TWILIO if name != "KAIJO_TELEPHONE"])
@pytest.mark.parametrize("value", ["", "no such form", "+81 50 1234 5678"])
def test_what_twilio_lacks_is_asked_for_by_name(live: Given, name: str, value: str) -> None:
    text = refusal(live | TWILIO | {name: value})
    assert name in text
    assert text.endswith(".")
    assert not value or value not in text


def test_the_token_is_shown_nowhere(live: Given) -> None:
    settings = from_environment(live | TWILIO)
    assert settings.public_view()["twilio_token"] == "set"
    assert TWILIO["KAIJO_TWILIO_TOKEN"] not in str(settings.public_view()) + repr(settings)


def test_the_demo_rings_on_its_own_page_and_nowhere_else() -> None:
    assert from_environment(DEMO).telephone == "demo"
    assert from_environment(DEMO | {"KAIJO_TELEPHONE": "demo"}).telephone == "demo"
    for wanted in ("none", "twilio"):
        assert "KAIJO_TELEPHONE" in refusal(DEMO | {"KAIJO_TELEPHONE": wanted})
    assert "KAIJO_TWILIO_TOKEN" in refusal(DEMO | {"KAIJO_TWILIO_TOKEN": "0" * 32})


@pytest.mark.parametrize("name", ["KAIJO_DATABASE_URI", "KAIJO_LIMIT_CONFIRM_LIVE", "KAIJO_DEMO_", "KAIJO_"])
def test_misspelt_name_is_refused_by_name(name: str) -> None:
    assert name in refusal(DEMO | {name: "1"})


def test_keys_inside_the_data_are_refused(live: Given, tmp_path: Path) -> None:
    inside = tmp_path / "data" / "keys"
    inside.mkdir(parents=True, mode=0o700)
    assert "overlap" in refusal(live | {"KAIJO_KEYS": str(inside)})


def test_keys_reached_by_a_link_into_the_data_are_refused(live: Given, tmp_path: Path) -> None:
    inside = tmp_path / "data" / "keys"
    inside.mkdir(parents=True, mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(inside)
    assert "overlap" in refusal(live | {"KAIJO_KEYS": str(link)})


def test_data_inside_the_keys_are_refused(live: Given, keys: Path) -> None:
    assert "overlap" in refusal(live | {"KAIJO_DATA": str(keys / "data")})


def test_keys_that_others_can_read_are_refused(live: Given, keys: Path) -> None:
    (keys / "wrapping-1.key").touch(mode=0o640)
    assert "chmod" in refusal(live)


def test_missing_folder_of_keys_is_to_be_created(live: Given, tmp_path: Path) -> None:
    assert "mkdir" in refusal(live | {"KAIJO_KEYS": str(tmp_path / "elsewhere")})


@pytest.mark.parametrize("value", ["1", "true"])
def test_debug_mode_is_refused_where_real_people_are_served(live: Given, value: str) -> None:
    assert "FLASK_DEBUG" in refusal(live | {"FLASK_DEBUG": value})


def test_debug_mode_is_allowed_in_a_demo() -> None:
    assert from_environment(DEMO | {"FLASK_DEBUG": "1"}).demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAIJO_PROXIES", "1"),
        ("KAIJO_BASE_URL", "http://demo.corp.example"),
        ("KAIJO_SMTP_HOST", "mail.corp.example"),
    ],
)
def test_demo_refuses_what_reaches_beyond_this_machine(name: str, value: str) -> None:
    assert refusal(DEMO | {name: value})


def test_mail_without_encryption_stays_on_this_machine(live: Given) -> None:
    given = live | {"KAIJO_SMTP_TLS": "none", "KAIJO_SMTP_HOST": "127.0.0.1"}
    assert from_environment(given).smtp.port == 25


def test_limit_is_moved_inside_its_bounds() -> None:
    settings = from_environment(DEMO | {"KAIJO_LIMIT_CONFIRM_LIFE": "12h"})
    assert settings.limits.confirm_life.total_seconds() == 12 * 3600


def test_public_view_shows_no_secret(live: Given) -> None:
    secret = {
        "KAIJO_DATABASE_URL": "postgresql://kaijo:s3cret@db.example/kaijo",
        "KAIJO_SMTP_USER": "kaijo",
        "KAIJO_SMTP_PASSWORD": "s3cret",
    }
    settings = from_environment(live | secret)
    assert "s3cret" not in str(settings.public_view())
    assert "s3cret" not in repr(settings)


def test_digest_changes_with_a_setting_and_only_then(live: Given) -> None:
    first = from_environment(live).digest()
    assert from_environment(dict(reversed(live.items()))).digest() == first
    assert from_environment(live | {"KAIJO_PROXIES": "1"}).digest() != first
    assert from_environment(live | {"KAIJO_LIMIT_CLAIM_LEASE": "3h"}).digest() != first


def test_every_limit_is_in_the_public_view() -> None:
    assert {f"limit_{key}" for key in LIMITS} <= set(from_environment(DEMO).public_view())


def test_table_names_every_setting_once() -> None:
    names = [item.name for item in SETTINGS]
    assert len(names) == len(set(names))
    for name in names:
        assert f"| `{name}` |" in config.table()


def test_readme_carries_the_table() -> None:
    readme = Path(config.__file__).parent.parent / "README.md"
    assert config.table() in readme.read_text()
