"""Words for identity checks: methods, evidence, results, and what a policy set asks for."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words = Mapping[str, LazyString]

METHOD: Words = {
    "P1": _l("Another registered MFA device"),
    "P2": _l("Saved recovery code"),
    "P3": _l("Signature with a registered key"),
    "H1": _l("Link to the registered email"),
    "H2": _l("Automated call to the registered number"),
    "H3": _l("Call to number on record"),
    "H4": _l("Letter to the registered address"),
    "D1": _l("Digital identity confirmed by a provider"),
    "D2": _l("Video call with photo ID"),
    "D3": _l("Photo ID and face compared by a provider"),
    "D4": _l("Picture of an ID document"),
    "D5": _l("Statement certified by a notary"),
    "D6": _l("Company register extract and seal certificate"),
    "W1": _l("Manager or second administrator confirms"),
    "W2": _l("Code from a named recovery contact"),
    "W3": _l("In person with photo ID"),
}

# What to do, and what counts as a match.
METHOD_HOW: Words = {
    "P1": _l(
        "The owner types the present code of another registered device on the status page. The system"
        " writes the result."
    ),
    "P2": _l("The owner types one of the codes saved at registration. The system writes the result."),
    "P3": _l(
        "The owner signs a text of ours with a key registered before the request. The system writes "
        "the result."
    ),
    "H1": _l("Send the link to the mailbox in the register. It counts when the owner opens it and confirms."),
    "H2": _l(
        "The system calls the number in the register. It counts when the digits on the screen are keyed in."
    ),
    "H3": _l(
        "The system calls the number on record, not the number in the form, while you have the owner on "
        "the status page. It counts when they key in the digits that only that page shows. If you have a desk phone, "
        "you talk to them afterwards."
    ),
    "H4": _l(
        "Ask for the letter. A colleague with no other part in the case prints it and posts it to the registered "
        "address, marked not to be forwarded. It counts when the owner types its code on the status page."
    ),
    "D1": _l(
        "A provider reads the chip or certificate. It counts when the provider confirms the person "
        "and the name is the registered one."
    ),
    "D2": _l(
        "Have the photo ID held to the camera, the face beside it, and one gesture of your choice. It"
        " counts when face, document and registered name agree."
    ),
    "D3": _l(
        "A provider compares the photo ID with a live picture of the face. It counts when the "
        "provider confirms both."
    ),
    "D4": _l("Look at the picture of the document. It never completes the checks by itself."),
    "D5": _l(
        "Call the notary's office at its published number. It counts when they confirm the "
        "certificate and its number."
    ),
    "D6": _l(
        "Both papers must be younger than three months. It counts when company, representative and "
        "seal agree."
    ),
    "W1": _l(
        "Ask a manager or second administrator of the owner, who must answer from their own signed-in"
        " account. It counts when they name the person and the reason."
    ),
    "W2": _l(
        "The person named in advance reads out the code that we sent them. The system writes the result."
    ),
    "W3": _l(
        "See the person and their photo ID at an office. It counts when face, document and registered"
        " name agree."
    ),
}

METHOD_CLASS: Words = {
    "possession": _l("Something the owner holds"),
    "held_channel": _l("A registered contact was reached"),
    "document": _l("A document was checked"),
    "witness": _l("Another person confirmed"),
}

STRENGTH: Words = {
    "very_high": _l("Very high"),
    "high": _l("High"),
    "medium_high": _l("Fairly high"),
    "medium": _l("Medium"),
    "low": _l("Low"),
}

ATTESTED: Words = {
    "system": _l("Written by the system"),
    "person": _l("Written by a member of staff"),
}

CHANNEL: Words = {
    "email": _l("Email"),
    "phone": _l("Telephone"),
    "post": _l("Post"),
}

UNAVAILABLE: Words = {
    "comes_with_recovery_codes": _l("Not available: owners have no recovery codes here."),
    "comes_with_registered_keys": _l("Not available: no keys are registered here."),
    "comes_with_recovery_contacts": _l("Not available: nobody is named as recovery contact."),
}

RESULT: Words = {
    "match": _l("Match"),
    "mismatch": _l("Mismatch"),
    "could_not": _l("Could not check"),
    "not_done": _l("Not done"),
}

EVIDENCE: Words = {
    "device": _l("Device"),
    "code_number": _l("Number of the code"),
    "key_fingerprint": _l("Fingerprint of the key"),
    "challenge": _l("Text that was signed"),
    "address_masked": _l("Email address (partly hidden)"),
    "link": _l("Link"),
    "network_address": _l("Network address"),
    "number_masked": _l("Phone number (partly hidden)"),
    "call": _l("Number of the call"),
    "tries": _l("Attempts"),
    "call_length": _l("Length of the call"),
    "pin": _l("Checksum of the digits"),
    "letter": _l("Letter"),
    "posted_on": _l("Posted on"),
    "code": _l("Code"),
    "provider": _l("Provider"),
    "transaction": _l("Transaction number"),
    "assurance": _l("How it was confirmed"),
    "name_result": _l("Comparison of the name"),
    "document_type": _l("Kind of document"),
    "document_end": _l("Last 4 characters of its number"),
    "expires_on": _l("Valid until"),
    "face_compared": _l("I compared the face with the picture"),
    "gesture_done": _l("The gesture I asked for was made"),
    "image_hash": _l("Checksum of the picture"),
    "score": _l("Score"),
    "notary_name": _l("Name of the notary"),
    "paper_number": _l("Number of the paper"),
    "issued_on": _l("Issued on"),
    "colleague": _l("Who confirmed"),
    "statement": _l("What they said"),
    "place": _l("Place"),
    "channel": _l("How they answered"),
}

EVIDENCE_CHOICE: Words = {
    "driving_licence": _l("Driving licence"),
    "my_number_card": _l("My Number card (front side only)"),
    "passport": _l("Passport"),
    "residence_card": _l("Residence card"),
    "other_photo_document": _l("Another document with a photo"),
    "chip_read": _l("Chip of the card read"),
    "certificate": _l("Electronic certificate"),
    "wallet": _l("Wallet on the phone"),
    "exact": _l("Exactly the same"),
    "relaxed": _l("The same, written differently"),
    "different": _l("Different"),
    "signed_in_message": _l("Message from their own account"),
    "signed_in_call": _l("Call from their own account"),
    "in_person": _l("In person"),
}

EVIDENCE_ERROR: Words = {
    "required": _l("Enter this"),
    "too_long": _l("This is too long"),
    "not_a_choice": _l("Select one of the answers"),
    "not_a_date": _l("Enter a real date"),
    "in_future": _l("The date must be today or earlier"),
    "in_past": _l("The date must be today or later"),
    "too_old": _l("The paper must be younger than three months"),
    "not_four_characters": _l("Enter exactly 4 letters or digits"),
    "not_ticked": _l("Confirm that this was done"),
    "never_recorded": _l("Leave this empty: it must not be recorded for this document"),
    "not_asked_for": _l("This method does not record that"),
}

POLICY_SET: Words = {
    "standard": _l("Standard set"),
    "password": _l("Set with the password proven"),
    "privileged": _l("Strict set"),
    "last_resort": _l("Last way out"),
}

REQUIREMENT: Words = {
    "strong_proof": _l("One strong proof: device, document or in person"),
    "held_contact": _l("One registered contact, unchanged for 30 days"),
    "password_proven": _l("The password was proven in this case"),
    "registered_mailbox": _l("The registered mailbox"),
    "registered_phone": _l("The registered phone"),
    "very_strong_proof": _l("One very strong proof: device, document or in person"),
    "call_back_or_letter": _l("Call to number on record, or letter to the registered address"),
    "company_proof": _l("For a company: manager confirms, or company papers"),
    "seen_in_person": _l("Digital identity, or seen in person by two of us"),
    "name_registered": _l("The name is the one registered for 90 days"),
    "affidavit": _l("Statement certified by a notary"),
    "company_register": _l("Company register extract and seal certificate"),
    "company_witness": _l("Manager or second administrator confirms"),
    "no_objection": _l("Nobody has objected"),
    "system_written": _l("One check written by the system"),
}

# Why a recorded check does not count.
IGNORED: Words = {
    "unknown_method": _l("This method no longer exists."),
    "other_round": _l("It belongs to an earlier round."),
    "voided": _l("It was made void."),
    "mismatch": _l("It did not match."),
    "could_not": _l("It could not be checked."),
    "conversation": _l("What is said on a call is not proof. The digits keyed in during it are."),
    "wrongly_attested": _l("It was recorded in the wrong way."),
    "is_repetition": _l("It is the second person's repetition."),
    "never_completes": _l("It never completes the checks."),
    "contradicted": _l("Another check of the same kind did not match."),
    "contact_unknown": _l("The contact is not in the register."),
    "contact_changed": _l("The contact changed in the last 30 days."),
    "same_handset": _l("The lost phone may be the registered one."),
    "contact_counted": _l("The same mailbox or phone counts once."),
}

TABLES: Mapping[str, Words] = {
    "method": METHOD,
    "method_how": METHOD_HOW,
    "method_class": METHOD_CLASS,
    "strength": STRENGTH,
    "attested": ATTESTED,
    "channel": CHANNEL,
    "unavailable": UNAVAILABLE,
    "result": RESULT,
    "evidence": EVIDENCE,
    "evidence_choice": EVIDENCE_CHOICE,
    "evidence_error": EVIDENCE_ERROR,
    "policy_set": POLICY_SET,
    "requirement": REQUIREMENT,
    "ignored": IGNORED,
}
