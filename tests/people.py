"""The cast. Everybody is invented and lives under a reserved domain."""

from __future__ import annotations

from portal.domain.lifecycle import Role

STAFF: dict[str, tuple[str, Role]] = {
    "alice": ("Alice Verity", Role.VERIFIER),
    "vic": ("Vic Verdi", Role.VERIFIER),
    "bob": ("Bob Approva", Role.APPROVER),
    "ben": ("Ben Approva", Role.APPROVER),
    "lee": ("Lee Leader", Role.LEAD),
    "lou": ("Lou Leader", Role.LEAD),
    "chika": ("Chika Kansa", Role.COMPLIANCE),
    "ada": ("Ada Admin", Role.ADMIN),
    "ann": ("Ann Admin", Role.ADMIN),
}

HANAKO = {
    "name": "山田 花子",
    "kana": "ヤマダ ハナコ",
    "latin_name": "Hanako Yamada",
    "account_email": "hanako@mail.example",
    "second_email": "hanako.old@mail.example",
    "phone": "+819012345678",
    "number": "123456789012",
}
