"""Checks single values from the environment: each returns the value to use or says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("127.0.0.1", "localhost")
LONGEST_SOCKET = 107  # bytes: what the system takes as the path of a socket


class SettingsError(Exception):
    """The process must not start; the text is one sentence that says what to do."""


def refuse_unknown(given: Mapping[str, str], known: frozenset[str]) -> None:
    for name in sorted(given):
        # a misspelt name would silently leave the default in force
        if name not in known:
            raise SettingsError(f"There is no setting called {name}: correct its name or unset it.")


def refuse_debug(environ: Mapping[str, str]) -> None:
    if environ.get("FLASK_DEBUG", "").lower() not in {"", "0", "false", "no"}:
        raise SettingsError("Debug mode shows secrets to visitors: unset FLASK_DEBUG, or set KAIJO_DEMO=1.")


def yes_or_no(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "") or "0"
    if value not in {"0", "1"}:
        raise SettingsError(f"{name} must be 0 or 1, not “{value}”.")
    return value == "1"


def names(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


def windows(value: str, known: tuple[str, ...]) -> tuple[str, ...]:
    wanted = names(value) or known
    if unknown := [name for name in wanted if name not in known]:
        raise SettingsError(f"KAIJO_WINDOWS may name {' and '.join(known)}, but not {unknown[0]}.")
    return wanted


def whole_number(value: str, name: str, *, default: int, lowest: int, highest: int) -> int:
    if not value:
        return default
    # isdigit alone lets full-width and superscript digits through
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else lowest - 1
    if not lowest <= number <= highest:
        raise SettingsError(f"{name} must be a number from {lowest} to {highest}.")
    return number


def line(given: Mapping[str, str], name: str, longest: int) -> str:
    value = given.get(name, "")
    if len(value) > longest or not value.isprintable():
        raise SettingsError(f"{name} must be one line of at most {longest} characters.")
    return value


def calling_codes(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    codes = tuple(code.removeprefix("+") for code in names(given.get(name, "")))
    if any(not re.fullmatch("[1-9][0-9]{0,2}", code) for code in codes):
        raise SettingsError(f"{name} must be calling codes with commas between them, like 81,82.")
    return codes


def domain(given: Mapping[str, str], name: str) -> str:
    value = line(given, name, 100).lower()
    part = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if value and not re.fullmatch(rf"{part}([.]{part})*", value):
        raise SettingsError(f"{name} must be a domain name like training.corp.example.")
    return value


def web_address(given: Mapping[str, str], name: str) -> str | None:
    value = line(given, name, 200)
    if value and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise SettingsError(f"{name} must be an address that begins with https://.")
    return value or None


def mail_address(given: Mapping[str, str], name: str) -> str | None:
    value = line(given, name, 200)
    if value and not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", value):
        raise SettingsError(f"{name} must be one mail address.")
    return value or None


def database_url(value: str, data: Path) -> str:
    if not value:
        return f"sqlite:///{data / 'kaijo.sqlite'}"
    scheme, separator, rest = value.partition("://")
    if separator and scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        return f"postgresql+psycopg://{rest}"
    if separator and scheme == "sqlite":
        return value
    raise SettingsError("KAIJO_DATABASE_URL must begin with postgresql:// (or with sqlite:///).")


def keys_folder(value: str, data: Path) -> Path:
    """The folder of keys where real people are served; a demo keeps its keys beside its data."""
    if not value:
        raise SettingsError("Set KAIJO_KEYS to the folder of the keys, outside KAIJO_DATA.")
    folder = Path(value).absolute()
    if overlap(folder, data):
        # a backup of the data must never carry the keys that open it
        raise SettingsError(f"KAIJO_KEYS ({folder}) and KAIJO_DATA overlap: move the keys away.")
    if not folder.is_dir():
        raise SettingsError(f"Create the folder that KAIJO_KEYS names: mkdir -m 700 {folder}.")
    for path in (folder, *sorted(folder.iterdir())):
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"Others can reach {path}: close it with chmod -R go= {folder}.")
    return folder


def signer_home(environ: Mapping[str, str]) -> Path:
    """The signer's own folder: its key and its memory. No other process needs it."""
    data, value = data_folder(environ), environ.get("KAIJO_SIGNER", "").strip()
    if not value and environ.get("KAIJO_DEMO", "") == "1":
        return data / "signer"
    if not value:
        raise SettingsError("Set KAIJO_SIGNER to the folder of the signer's key, outside KAIJO_DATA.")
    home = Path(value).absolute()
    if environ.get("KAIJO_DEMO", "") != "1" and overlap(home, data):
        # a backup of the data must never carry the key that vouches for it
        raise SettingsError(f"KAIJO_SIGNER ({home}) and KAIJO_DATA overlap: move the signer away.")
    return home


def signer_socket(environ: Mapping[str, str]) -> Path:
    """Where the signer answers; its folder is one that the worker can reach."""
    value = environ.get("KAIJO_SIGNER_SOCKET", "").strip()
    path = Path(value).absolute() if value else data_folder(environ) / "signer.sock"
    if len(str(path).encode()) > LONGEST_SOCKET:
        raise SettingsError(f"KAIJO_SIGNER_SOCKET is too long for a socket ({path}): name a shorter path.")
    return path


def anchors_folder(environ: Mapping[str, str]) -> Path | None:
    """A folder that only takes new files, where signed heads are left as well."""
    value = environ.get("KAIJO_ANCHORS", "").strip()
    if value and not Path(value).is_dir():
        raise SettingsError(f"Create the folder that KAIJO_ANCHORS names: mkdir {value}.")
    return Path(value).absolute() if value else None


def data_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("KAIJO_DATA", "").strip() or "var").absolute()


def overlap(one: Path, other: Path) -> bool:
    inner, outer = one.resolve(), other.resolve()
    return inner.is_relative_to(outer) or outer.is_relative_to(inner)


def base_url(value: str, port: str, demo: bool) -> str:
    if demo and not value:
        value = f"http://127.0.0.1:{port or '5000'}"
    if not value:
        raise SettingsError("Set KAIJO_BASE_URL to the address owners see, like https://mfa.corp.example.")
    match = re.fullmatch(r"(https?)://([a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?(/.*)?", value)
    if not match:
        raise SettingsError(f"KAIJO_BASE_URL must look like https://mfa.corp.example, not like “{value}”.")
    if (match[5] or "/") != "/":
        raise SettingsError("KAIJO_BASE_URL must end after the host name: take the path away.")
    if demo and match[2] not in LOOPBACK_NAMES:
        raise SettingsError("Demo mode serves this machine alone: KAIJO_BASE_URL must name 127.0.0.1.")
    if not demo and match[1] != "https":
        raise SettingsError("KAIJO_BASE_URL must begin with https://: links and cookies carry secrets.")
    return value.rstrip("/")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_password(url: str) -> str:
    """A database address that may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@", 1)).geturl()
