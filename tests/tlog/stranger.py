"""Checks a bundle by the words of its README alone: Python's own library, an Ed25519 tool, and nothing of this project."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def public_key(vkey: str) -> Ed25519PublicKey:
    _name, _hash, key = vkey.strip().split("+", 2)
    data = base64.b64decode(key)
    assert data[0] == 1
    return Ed25519PublicKey.from_public_bytes(data[1:])


def public_keys(text: str) -> dict[bytes, tuple[Ed25519PublicKey, float]]:
    """The keys of log.vkey, by the four bytes that name them, each with the number up to which it counts."""
    found = {}
    for line in text.strip().split("\n"):
        vkey, _until, number = line.partition(" until ")
        found[bytes.fromhex(vkey.split("+")[1])] = public_key(vkey), float(number or "inf")
    return found


def head(note: str, keys: dict[bytes, tuple[Ed25519PublicKey, float]]) -> tuple[int, bytes]:
    body, signatures = note.split("\n\n")
    _origin, size, root = body.split("\n")
    for line in signatures.strip().split("\n"):
        dash, _name, coded = line.split(" ")
        assert dash == "—"
        data = base64.b64decode(coded)
        key, until = keys[data[:4]]
        assert int(size) <= until
        key.verify(data[4:], f"{body}\n".encode())
    return int(size), base64.b64decode(root)


def number(name: str) -> int:
    digits = re.sub(r"\.p/.*", "", name).split("/", 2)[2]
    return int(digits.replace("x", "").replace("/", ""))


def entries(file: zipfile.ZipFile) -> list[bytes]:
    found = []
    names = [name for name in file.namelist() if name.startswith("tile/entries/")]
    for name in sorted(names, key=number):
        data = file.read(name)
        while data:
            length = data[0] * 256 + data[1]
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    return found


def root(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:])).digest()


def check(path: Path, published: str) -> int:
    """Returns how many events the bundle proves. Fails an assertion where a word of the README does not hold."""
    with zipfile.ZipFile(path) as file:
        assert file.read("log.vkey").decode().strip() == published
        key = public_keys(published)
        events = entries(file)
        hashes = [hashlib.sha256(b"\x00" + event).digest() for event in events]
        size, signed = head(file.read("checkpoint").decode(), key)
        assert (len(events), root(hashes)) == (size, signed)
        heads = re.findall(r"(.+\n.+\n.+\n\n(?:— .+\n)+)\n", file.read("checkpoints.txt").decode())
        assert heads
        for note in heads:
            older, known = head(note, key)
            assert root(hashes[:older]) == known
        lowest = [name for name in file.namelist() if name.startswith("tile/0/")]
        assert b"".join(file.read(name) for name in sorted(lowest, key=number)) == b"".join(hashes)
    chains(events, hashes)
    return size


def chains(events: list[bytes], hashes: list[bytes]) -> None:
    streams: dict[str, list[tuple[int, str, str]]] = {}
    for event, known in zip(events, hashes, strict=True):
        said = json.loads(event)
        streams.setdefault(said["stream"], []).append((said["sseq"], said["sprev"], known.hex()))
    for chain in streams.values():
        before = "0" * 64
        for at, (sseq, sprev, known) in enumerate(sorted(chain), 1):
            assert (sseq, sprev) == (at, before)
            before = known
