"""Signed heads of the tree, as text that anybody can check: C2SP signed-note and tlog-checkpoint, with Ed25519.

origin                      the log's name
123                         how many events it holds
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
                            the root over them
                            (an empty line)
— origin Az3grl…            four bytes that name the key, then the signature over the lines above
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
KEY_BYTES = 32
LONGEST = 4096  # characters of a note: room for a head and a dozen signatures
PRIVATE = "PRIVATE+KEY+"


class BadNote(ValueError):
    """This is no signed head of this log. The text says why."""


class BadKey(ValueError):
    """This is no key of the kind that is needed. The text says why."""


@dataclass(frozen=True)
class Head:
    """The tree at one size."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Verifier:
    """The published half of the log's key, and the name that it signs under."""

    name: str
    key: bytes

    @staticmethod
    def parse(text: str) -> Verifier:
        """Read `name+hash+key`, as C2SP writes it. Raises BadKey."""
        text = text.strip()
        if text.startswith(PRIVATE):
            raise BadKey("this is the private key of a log: the published one is needed")
        name, key = _named_key(text)
        return Verifier(name, key)

    @property
    def identity(self) -> bytes:
        return _identity(self.name, self.key)

    def __str__(self) -> str:
        return f"{self.name}+{self.identity.hex()}+{base64.b64encode(ED25519 + self.key).decode()}"

    def open(self, note: str) -> Head:
        """The head that this key has signed. Raises BadNote."""
        body, signatures = _parts_of(note)
        head = _head_of(body)
        if head.origin != self.name:
            raise BadNote(f"it is of the log “{head.origin}”, not of “{self.name}”")
        found = [raw[4:] for name, raw in signatures if name == self.name and raw[:4] == self.identity]
        if not found:
            raise BadNote("this key has not signed it")
        for signature in found:
            try:
                Ed25519PublicKey.from_public_bytes(self.key).verify(signature, body.encode())
            except InvalidSignature:
                raise BadNote("the signature does not fit") from None
        return head


@dataclass(frozen=True, repr=False)
class NoteSigner:
    """The secret half. Only the signer's own process has it."""

    name: str
    seed: bytes

    @staticmethod
    def generate(name: str) -> NoteSigner:
        """A new key for a log of this name. Raises BadKey where the name could not stand in a note."""
        return NoteSigner(_checked_name(name), Ed25519PrivateKey.generate().private_bytes_raw())

    @staticmethod
    def parse(text: str) -> NoteSigner:
        """Read what `str` wrote. Raises BadKey."""
        text = text.strip()
        if not text.startswith(PRIVATE):
            raise BadKey("this is no private key of a log")
        return NoteSigner(*_named_key(text.removeprefix(PRIVATE), private=True))

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def __str__(self) -> str:
        seed = base64.b64encode(ED25519 + self.seed).decode()
        return f"{PRIVATE}{self.name}+{self.verifier.identity.hex()}+{seed}"

    def sign(self, head: Head) -> str:
        """The note of a head of this log. Raises BadNote for one of another."""
        if head.origin != self.name:
            raise BadNote(f"it is of the log “{head.origin}”, not of “{self.name}”")
        signature = self.verifier.identity + self._key.sign(head.body().encode())
        return f"{head.body()}\n— {self.name} {base64.b64encode(signature).decode()}\n"


def _identity(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key).digest()[:4]


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[!-*,-~]{1,100}", name):
        raise BadKey("the name of a log is one word of letters, digits and signs other than +")
    return name


def _named_key(text: str, *, private: bool = False) -> tuple[str, bytes]:
    parts = text.split("+", 2)
    try:
        name, identity, coded = parts
        data = base64.b64decode(coded, validate=True)
    except (ValueError, binascii.Error):
        raise BadKey("this is no key of a log: it has the form name+hash+key") from None
    if data[:1] != ED25519 or len(data) != 1 + KEY_BYTES:
        raise BadKey("this key is of another kind: Ed25519 is needed")
    key = data[1:]
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw() if private else key
    if identity != _identity(_checked_name(name), public).hex():
        raise BadKey("this key was changed or cut: name, hash and key do not fit together")
    return name, key


def head_of(note: str) -> Head:
    """What a note says, whoever signed it. For showing only. Raises BadNote."""
    return _head_of(_parts_of(note)[0])


def _parts_of(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note) > LONGEST:
        raise BadNote("it is too long for a signed head")
    body, separator, rest = note.partition("\n\n")
    lines = rest.split("\n")
    if not separator or not rest or lines.pop() != "":
        raise BadNote("it is no signed head of a log, or it was cut")
    return f"{body}\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    found = re.fullmatch(r"— (\S+) ([A-Za-z0-9+/]+=*)", line)
    if found is None:
        raise BadNote("a line of signature is none")
    try:
        return found[1], base64.b64decode(found[2], validate=True)
    except binascii.Error:
        raise BadNote("a line of signature is none") from None


def _head_of(body: str) -> Head:
    found = re.fullmatch(r"(\S+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\n", body)
    if found is None:
        raise BadNote("it names no log, size and root")
    root = base64.b64decode(found[3])
    if base64.b64encode(root).decode() != found[3]:
        raise BadNote("its root is not written as it has to be")
    return Head(found[1], int(found[2]), root)
