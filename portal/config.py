"""The settings: read from the environment once; one that is missing, unsafe or misspelt stops the start.

Nothing else in the project reads the environment.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from portal import environment
from portal.domain.limits import LIMITS, Limits, written
from portal.environment import SettingsError

__all__ = ["SETTINGS", "Setting", "Settings", "SettingsError", "Smtp", "Twilio", "from_environment", "table"]

WINDOWS = ("public", "admin")
MAX_PROXIES = 3


@dataclass(frozen=True)
class Setting:
    """One row of the table in the README."""

    name: str
    default: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting("KAIJO_DATA", "`var/`", "Folder of the database and of files. Created if missing."),
    Setting(
        "KAIJO_DATABASE_URL",
        "SQLite file in `KAIJO_DATA`",
        "`postgresql://name:password@host/database` to share the work among machines.",
    ),
    Setting(
        "KAIJO_KEYS",
        "required; in demo `keys/` in `KAIJO_DATA`",
        "Folder of the keys: outside `KAIJO_DATA`, readable by nobody else, never in a backup of it.",
    ),
    Setting(
        "KAIJO_SIGNER",
        "required for `flask signer`; in demo `signer/` in `KAIJO_DATA`",
        "Folder of the signer's key and memory: outside `KAIJO_DATA`, for the signer's own user.",
    ),
    Setting("KAIJO_SIGNER_SOCKET", "`signer.sock` in `KAIJO_DATA`", "Where the signer answers the workers."),
    Setting(
        "KAIJO_ANCHORS",
        "none",
        "Folder that only takes new files, where every signed head of the audit log is left as well.",
    ),
    Setting("KAIJO_DEMO", "`0`", "`1`: invented people, mail to a local catcher, 127.0.0.1 only."),
    Setting(
        "KAIJO_BASE_URL",
        "required; in demo `http://127.0.0.1:5000`",
        "Address that owners see, `https` and without a path. Every link is built from it.",
    ),
    Setting("KAIJO_WINDOWS", "`public,admin`", "Which windows this process opens."),
    Setting(
        "KAIJO_PROXIES",
        "`0`",
        "Number of proxies in front (0 to 3), each of which sets `X-Forwarded-For` and `X-Forwarded-Proto`.",
    ),
    Setting("KAIJO_CONNECTORS", "`local,runbook`", "Ways in which a device can be removed."),
    Setting("KAIJO_SMTP_HOST", "required; refused in demo", "Mail server."),
    Setting("KAIJO_SMTP_PORT", "587, with `tls` 465, with `none` 25", "Its port."),
    Setting("KAIJO_SMTP_USER", "none", "Name to sign in to it with."),
    Setting("KAIJO_SMTP_PASSWORD", "none", "The password that belongs to it."),
    Setting("KAIJO_SMTP_TLS", "`starttls`", "`starttls`, `tls`, or `none` for a server on this machine."),
    Setting("KAIJO_SMTP_FROM", "required; in demo invented", "Address that mail comes from."),
    Setting(
        "KAIJO_TELEPHONE",
        "`none`; in demo always `demo`",
        "`twilio` to place calls; `none`: no calls, and no reset without the desk.",
    ),
    Setting("KAIJO_TWILIO_ACCOUNT", "required for `twilio`; refused in demo", "Account SID."),
    Setting("KAIJO_TWILIO_TOKEN", "required for `twilio`; refused in demo", "Its auth token."),
    Setting(
        "KAIJO_TWILIO_FROM",
        "required for `twilio`; refused in demo",
        "Number that calls come from, such as `+815012345678`.",
    ),
    Setting("KAIJO_CALL_COUNTRIES", "`81`", "Calling codes of the countries that may be called."),
    Setting(
        "KAIJO_TRAINING_DOMAIN",
        "`example`",
        "A domain of yours for the mailboxes of training cases, which never get mail; under `example` they can be known.",
    ),
    Setting("KAIJO_SERVICE_NAME", "`Kaijo`", "Name of the service on pages, in mail and on paper."),
    Setting("KAIJO_HELP_URL", "the help page of the portal", "Where owners find help."),
    Setting("KAIJO_EMERGENCY", "required; in demo invented", "Contact for emergencies, shown in notices."),
    Setting("KAIJO_COMPLIANCE_MAIL", "none", "Address that is told when a setting has changed."),
    Setting(
        "KAIJO_LIMIT_…",
        "see `portal/domain/limits.py`",
        "Moves one limit inside its bounds, such as `KAIJO_LIMIT_CONFIRM_LIFE=12h`.",
    ),
)
LIMIT_PREFIX = "KAIJO_LIMIT_"
SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
# In the order of the fields of Twilio: what each setting looks like, and how to say so.
TWILIO_FORMS = {
    "KAIJO_TWILIO_ACCOUNT": (r"AC[0-9a-f]{32}", "the account SID, AC and 32 characters"),
    "KAIJO_TWILIO_TOKEN": (r"[0-9a-zA-Z]{32,64}", "the auth token of the account"),
    "KAIJO_TWILIO_FROM": (r"\+[1-9][0-9]{6,14}", "the number that calls come from, like +815012345678"),
}


@dataclass(frozen=True)
class Smtp:
    """How mail leaves; `host` is None where it goes to the local catcher."""

    host: str | None = None
    port: int = 587
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: str = "starttls"
    sender: str = "kaijo@kaijo.example"


@dataclass(frozen=True)
class Twilio:
    """The account that calls are placed with, and the number they come from."""

    account: str
    token: str = field(repr=False)
    sender: str


@dataclass(frozen=True)
class Settings:
    """The effective settings. Tests build them directly; a process reads them with `from_environment`."""

    data: Path
    database_url: str = field(repr=False)
    keys: Path
    anchors: Path | None = None
    demo: bool = False
    base_url: str = "http://127.0.0.1:5000"
    windows: tuple[str, ...] = WINDOWS
    proxies: int = 0
    connectors: tuple[str, ...] = ("local", "runbook")
    smtp: Smtp = Smtp()
    service_name: str = "Kaijo"
    help_url: str | None = None
    telephone: str = "none"
    twilio: Twilio | None = None
    call_countries: tuple[str, ...] = ("81",)
    training_domain: str = "example"
    emergency: str = "03-0000-0000"
    compliance_mail: str | None = None
    limit_overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    signer: Path | None = None  # where the signer answers, if not in the folder of data

    @property
    def signer_socket(self) -> Path:
        """Where the signer answers."""
        return self.signer or self.data / "signer.sock"

    @property
    def limits(self) -> Limits:
        """The numbers in force: the defaults, and what KAIJO_LIMIT_… changes."""
        return Limits().tightened(self.limit_overrides)

    @property
    def host_names(self) -> tuple[str, ...]:
        """The host names that this installation answers to."""
        name = urlsplit(self.base_url).hostname or ""
        return tuple(dict.fromkeys((name, "127.0.0.1", "localhost"))) if self.demo else (name,)

    def public_view(self) -> dict[str, str]:
        """The effective settings without secrets, for the terminal and the audit log."""
        view = {
            "data": str(self.data),
            "database": environment.without_password(self.database_url),
            "keys": str(self.keys),
            "signer_socket": str(self.signer_socket),
            "anchors": str(self.anchors or ""),
            "demo": "1" if self.demo else "0",
            "base_url": self.base_url,
            "windows": ",".join(self.windows),
            "proxies": str(self.proxies),
            "connectors": ",".join(self.connectors),
            "smtp_host": self.smtp.host or "",
            "smtp_port": str(self.smtp.port),
            "smtp_user": "set" if self.smtp.user else "",
            "smtp_password": "set" if self.smtp.password else "",
            "smtp_tls": self.smtp.tls,
            "smtp_from": self.smtp.sender,
            "telephone": self.telephone,
            "twilio_account": self.twilio.account if self.twilio else "",
            "twilio_token": "set" if self.twilio else "",
            "twilio_from": self.twilio.sender if self.twilio else "",
            "call_countries": ",".join(self.call_countries),
            "training_domain": self.training_domain,
            "service_name": self.service_name,
            "help_url": self.help_url or "",
            "emergency": self.emergency,
            "compliance_mail": self.compliance_mail or "",
        }
        limits = self.limits
        return view | {f"limit_{key}": written(getattr(limits, key)) for key in LIMITS}

    def digest(self) -> str:
        """SHA-256 over the public view; a password can be guessed from no digest, because none is in it."""
        text = json.dumps(self.public_view(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read all KAIJO_ variables. Raises SettingsError at the first one that cannot be used."""
    given = {name: value.strip() for name, value in environ.items() if name.startswith("KAIJO_")}
    environment.refuse_unknown(given, _known())
    demo = environment.yes_or_no(given, "KAIJO_DEMO")
    if not demo:
        environment.refuse_debug(environ)
    data = environment.data_folder(given)
    keys = given.get("KAIJO_KEYS", "")
    return Settings(
        data=data,
        database_url=environment.database_url(given.get("KAIJO_DATABASE_URL", ""), data),
        keys=Path(keys or data / "keys").absolute() if demo else environment.keys_folder(keys, data),
        signer=environment.signer_socket(given),
        anchors=environment.anchors_folder(given),
        demo=demo,
        base_url=environment.base_url(given.get("KAIJO_BASE_URL", ""), environ.get("PORT", ""), demo),
        windows=environment.windows(given.get("KAIJO_WINDOWS", ""), WINDOWS),
        proxies=_proxies(given.get("KAIJO_PROXIES", ""), demo),
        connectors=environment.names(given.get("KAIJO_CONNECTORS", "")) or ("local", "runbook"),
        smtp=_no_smtp(given) if demo else _smtp(given),
        telephone=_telephone(given, demo),
        twilio=_twilio(given, demo),
        call_countries=environment.calling_codes(given, "KAIJO_CALL_COUNTRIES") or Settings.call_countries,
        training_domain=environment.domain(given, "KAIJO_TRAINING_DOMAIN") or Settings.training_domain,
        service_name=environment.line(given, "KAIJO_SERVICE_NAME", 40) or "Kaijo",
        help_url=environment.web_address(given, "KAIJO_HELP_URL"),
        emergency=_emergency(given, demo),
        compliance_mail=environment.mail_address(given, "KAIJO_COMPLIANCE_MAIL"),
        limit_overrides=_limit_overrides(given),
    )


def table() -> str:
    """The settings as a table in Markdown, as it stands in the README."""
    rows = [f"| `{item.name}` | {item.default} | {item.meaning} |" for item in SETTINGS]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _known() -> frozenset[str]:
    limits = {f"{LIMIT_PREFIX}{key.upper()}" for key in LIMITS}
    return frozenset({item.name for item in SETTINGS} | limits)


def _proxies(value: str, demo: bool) -> int:
    number = environment.whole_number(value, "KAIJO_PROXIES", default=0, lowest=0, highest=MAX_PROXIES)
    if demo and number:
        raise SettingsError("Demo mode runs without a proxy: unset KAIJO_PROXIES.")
    return number


def _no_smtp(given: Mapping[str, str]) -> Smtp:
    if named := sorted(name for name in given if name.startswith("KAIJO_SMTP_") and given[name]):
        raise SettingsError(f"Demo mode sends no mail: unset {named[0]}.")
    return Smtp()


def _smtp(given: Mapping[str, str]) -> Smtp:
    host = environment.line(given, "KAIJO_SMTP_HOST", 200)
    if not host:
        raise SettingsError("Set KAIJO_SMTP_HOST to the mail server.")
    tls = given.get("KAIJO_SMTP_TLS", "") or "starttls"
    if tls not in SMTP_PORTS:
        raise SettingsError("KAIJO_SMTP_TLS must be starttls, tls or none.")
    if tls == "none" and not environment.is_loopback(host):
        raise SettingsError("KAIJO_SMTP_TLS=none is for a mail server on this machine: use starttls or tls.")
    user, password = given.get("KAIJO_SMTP_USER") or None, given.get("KAIJO_SMTP_PASSWORD") or None
    if (user is None) != (password is None):
        raise SettingsError("Set both KAIJO_SMTP_USER and KAIJO_SMTP_PASSWORD, or neither.")
    sender = environment.mail_address(given, "KAIJO_SMTP_FROM")
    if sender is None:
        raise SettingsError("Set KAIJO_SMTP_FROM to the address that mail comes from.")
    port = environment.whole_number(
        given.get("KAIJO_SMTP_PORT", ""), "KAIJO_SMTP_PORT", default=SMTP_PORTS[tls], lowest=1, highest=65535
    )
    return Smtp(host=host, port=port, user=user, password=password, tls=tls, sender=sender)


def _telephone(given: Mapping[str, str], demo: bool) -> str:
    wanted = given.get("KAIJO_TELEPHONE", "")
    if demo:
        if wanted not in {"", "demo"}:
            raise SettingsError("Demo mode calls nobody: unset KAIJO_TELEPHONE.")
        return "demo"
    if wanted not in {"", "none", "twilio"}:
        raise SettingsError("KAIJO_TELEPHONE must be none or twilio.")
    return wanted or "none"


def _twilio(given: Mapping[str, str], demo: bool) -> Twilio | None:
    named = sorted(name for name in given if name.startswith("KAIJO_TWILIO_") and given[name])
    if demo and named:
        raise SettingsError(f"Demo mode calls nobody: unset {named[0]}.")
    if _telephone(given, demo) != "twilio":
        if named:
            # half a set-up would look as if calls were placed
            raise SettingsError(f"Set KAIJO_TELEPHONE to twilio, or unset {named[0]}.")
        return None
    found = {name: given.get(name, "") for name in TWILIO_FORMS}
    for name, (form, looks) in TWILIO_FORMS.items():
        if not re.fullmatch(form, found[name]):
            raise SettingsError(f"Set {name} to {looks}.")
    return Twilio(*found.values())


def _emergency(given: Mapping[str, str], demo: bool) -> str:
    value = environment.line(given, "KAIJO_EMERGENCY", 100)
    if not value and not demo:
        raise SettingsError("Set KAIJO_EMERGENCY to the contact that notices name for emergencies.")
    return value or Settings.emergency


def _limit_overrides(given: Mapping[str, str]) -> Mapping[str, str]:
    overrides = {
        name.removeprefix(LIMIT_PREFIX).lower(): value
        for name, value in given.items()
        if name.startswith(LIMIT_PREFIX) and value
    }
    try:
        Limits().tightened(overrides)
    except ValueError as problem:
        raise SettingsError(f"Correct a limit: {problem}.") from problem
    return MappingProxyType(overrides)
