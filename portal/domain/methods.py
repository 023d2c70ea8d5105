"""The methods of an identity check: how strong each is, who attests it, and what evidence it records.

What somebody knows is no method. Invoices, card digits and voices can be bought (OWASP ASVS 5.0 6.4.2), so
there is nothing to record them with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.domain.evidence import PHOTO_DOCUMENTS, EvidenceField, choice, text, yes

KLASSES = ("possession", "held_channel", "document", "witness")
STRENGTHS = ("very_high", "high", "medium_high", "medium", "low")
ATTESTED = ("system", "person")
CHANNELS = ("email", "phone", "post")
RESULTS = ("match", "mismatch", "could_not")  # "not done" is that there is no check
WHY_UNAVAILABLE = (
    "comes_with_recovery_codes",
    "comes_with_registered_keys",
    "comes_with_recovery_contacts",
)


@dataclass(frozen=True)
class Method:
    """One kind of identity check.

    `live`: somebody was there at that moment, so it can be repeated. `two_staff`: a second member of staff
    can record that they saw it too.
    """

    key: str
    klass: str
    strength: str
    attested: str
    evidence: tuple[EvidenceField, ...]
    channel: str | None = None
    live: bool = False
    two_staff: bool = False
    why_unavailable: str | None = None

    @property
    def available(self) -> bool:
        """Whether a check of this kind can be recorded at all; one over the telephone, where one is connected."""
        return self.why_unavailable is None

    @property
    def needs_telephone(self) -> bool:
        """Whether the portal itself has to call somebody for it."""
        return self.channel == "phone"


_DOCUMENT = (
    choice("document_type", *PHOTO_DOCUMENTS),
    EvidenceField("document_end", kind="last4", max_length=4),
)
_ISSUED = EvidenceField("issued_on", kind="date")
_ISSUED_LATELY = EvidenceField("issued_on", kind="date", max_age="company_paper_age")
_IMAGE = text("image_hash", 64, required=False)

# fmt: off
METHODS: Mapping[str, Method] = {
    method.key: method
    for method in (
        # Possession
        Method("P1", "possession", strength="very_high", attested="system",
               evidence=(text("device"),)),
        Method("P2", "possession", strength="high", attested="system",
               why_unavailable="comes_with_recovery_codes",
               evidence=(text("code_number", 4),)),
        Method("P3", "possession", strength="medium_high", attested="system",
               why_unavailable="comes_with_registered_keys",
               evidence=(text("key_fingerprint"), text("challenge"))),

        # A channel on file. Digits that a called person keys in, or the owner types, the system writes.
        Method("H1", "held_channel", strength="medium", attested="system", channel="email",
               evidence=(text("address_masked"), text("link"), text("network_address", 45, required=False))),
        Method("H2", "held_channel", strength="medium", attested="system", channel="phone",
               evidence=(text("number_masked"), text("call"), text("tries", 4))),
        Method("H3", "held_channel", strength="medium_high", attested="system", channel="phone", live=True,
               evidence=(text("call"), text("call_length", 10), text("pin"))),
        Method("H4", "held_channel", strength="medium", attested="system", channel="post",
               evidence=(text("letter"), EvidenceField("posted_on", kind="date"), text("code"))),

        # Document or biometric
        Method("D1", "document", strength="very_high", attested="person",
               evidence=(text("provider"), text("transaction"),
                         choice("assurance", "chip_read", "certificate", "wallet"),
                         choice("name_result", "exact", "relaxed", "different"))),
        Method("D2", "document", strength="high", attested="person", live=True,
               evidence=(*_DOCUMENT, EvidenceField("expires_on", kind="date", ahead=True, required=False),
                         yes("face_compared"), yes("gesture_done"), _IMAGE)),
        Method("D3", "document", strength="high", attested="person",
               evidence=(text("provider"), text("transaction"), text("score", 20))),
        Method("D4", "document", strength="low", attested="person",
               evidence=(*_DOCUMENT, _IMAGE)),
        Method("D5", "document", strength="high", attested="person",
               evidence=(text("notary_name"), text("paper_number", 60), _ISSUED, _IMAGE)),
        Method("D6", "document", strength="high", attested="person",
               evidence=(text("paper_number", 60), _ISSUED_LATELY, _IMAGE)),

        # A third person
        Method("W1", "witness", strength="medium_high", attested="person",
               evidence=(text("colleague"),
                         choice("channel", "signed_in_message", "signed_in_call", "in_person"),
                         text("statement", 300))),
        Method("W2", "witness", strength="medium", attested="system",
               why_unavailable="comes_with_recovery_contacts",
               evidence=(text("address_masked"), text("code"))),
        Method("W3", "witness", strength="very_high", attested="person", live=True, two_staff=True,
               evidence=(text("place"), *_DOCUMENT)),
    )
}
# fmt: on

EVIDENCE_FIELDS: tuple[str, ...] = tuple(
    dict.fromkeys(field.key for method in METHODS.values() for field in method.evidence)
)
EVIDENCE_CHOICES: tuple[str, ...] = tuple(
    dict.fromkeys(
        option for method in METHODS.values() for field in method.evidence for option in field.choices
    )
)


def recordable(attested: str) -> tuple[Method, ...]:
    """Return the methods that can be recorded now, by a person or by the system."""
    return tuple(method for method in METHODS.values() if method.available and method.attested == attested)
