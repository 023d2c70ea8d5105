"""Register files for tests: one good row, and how to say otherwise."""

from __future__ import annotations

import csv
import io

from portal.casework.register_columns import HEADER

GOOD = {
    "account_number": "1234-5678-9012",
    "holder_kind": "individual",
    "name": "山田 太郎",
    "latin_name": "Taro Yamada",
    "kana": "やまだ たろう",
    "connector": "runbook",
    "principal_kind": "root",
    "username": "",
    "external_id": "arn:aws:iam::123456789012:root",
    "is_administrator": "no",
    "edits_contacts": "",
    "hardware_device": "",
    "email": "Taro@Mail.example",
    "email_language": "ja",
    "email_confirmed_at": "2025-04-01",
    "phone": "090-0000-1234",
    "phone_language": "",
    "phone_is_mobile": "yes",
    "phone_confirmed_at": "2025-04-01T09:30:00+09:00",
    "post_address": "〒100-0000\r\n東京都見本区 1-2-3",
    "post_confirmed_at": "2025/4/1",
}


def row(**changes: str) -> dict[str, str]:
    return {**GOOD, **changes}


def another(number: int, **changes: str) -> dict[str, str]:
    """A row for a different account."""
    return row(**{"account_number": f"{number:012d}", "external_id": f"ext-{number}", **changes})


def file(*rows: dict[str, str], header: tuple[str, ...] = HEADER) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(header)
    writer.writerows([[each[name] for name in header] for each in rows])
    return target.getvalue().encode()
