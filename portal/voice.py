"""What Twilio asks during a call, and what it is told to say. Registered only where Twilio is the telephone.

Nobody is signed in here. A question is answered when it is signed with the account's token over our own public address and
all that came with it, and names account, call and number as they stand with us; what answering.py does with it is safe
against the same question coming twice or late, because a signature carries no time. The digits are in no answer.

A coded call waits for six keys, and takes what there is after six seconds without one: so a single 9 needs no end mark,
and is heard at any moment, also while the words are still being spoken.

A call-back may be connected to an agent by the answer to its right digits, and by no other: the number is the stored one of
that agent, the time is limited, and Twilio asks about the agent's end too, before anybody hears anybody.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from portal import call_words, db, i18n
from portal.casework import answering, talks
from portal.casework.answering import Spoken
from portal.casework.bridges import Bridge
from portal.casework.context import Context, NotFound
from portal.config import Twilio
from portal.domain.lifecycle import SYSTEM
from portal.spoken import Said

SECONDS_OF_SILENCE = 6
SECONDS_OF_RINGING = 25  # of the agent's telephone
SECONDS_TO_TAKE = 10
TIMES_ASKED = 3  # in all, before the call ends by itself
SPEAKS = {"ja": "ja-JP", "en": "en-US"}

voice = Blueprint("voice", __name__, url_prefix="/voice/<string(length=43):path>")


class Unsigned(Exception):
    """Not from our Twilio account."""


def init_app(app: Flask) -> None:
    # No browser and no form of ours: the signature stands where the CSRF token would.
    app.extensions["csrf"].exempt(voice)
    app.register_blueprint(voice)


@voice.post("")
def answer(path: str) -> Response:
    """Somebody or something has picked up."""
    named = _named()
    by = request.form.get("AnsweredBy", "")
    machine, fax = by.startswith("machine"), by == "fax"
    said = answering.answered(_context(), path, **named, machine=machine, fax=fax)
    return _say(path, said)


@voice.post("/keys")
def keys(path: str) -> Response:
    """Keys were pressed, or the words of a notice are over."""
    return _say(path, answering.keyed(_context(), path, **_named(), digits=request.form.get("Digits", "")))


@voice.post("/agent")
def agent(path: str) -> Response:
    """The agent's telephone was picked up, by them or by a machine: whoever presses the key takes the call."""
    said = talks.agent_answered(_context(), path, **_named_to_agent())
    answer = VoiceResponse()
    if said is not None:
        address = f"{_address(path)}/agent/keys"
        gather = answer.gather(
            input="dtmf",
            num_digits=1,
            timeout=SECONDS_TO_TAKE,
            finish_on_key="",
            action=address,
            method="POST",
        )
        _add(gather, _words(said))
    answer.hangup()
    return _xml(answer)


@voice.post("/agent/keys")
def agent_keys(path: str) -> Response:
    """With the right key there is nothing left to say, and so the two are connected."""
    digits = request.form.get("Digits", "")
    answer = VoiceResponse()
    if not talks.agent_keyed(_context(), path, **_named_to_agent(), digits=digits):
        answer.hangup()
    return _xml(answer)


@voice.post("/parted")
def parted(path: str) -> Response:
    """The agent's end is over, or did not come about."""
    return _say(path, talks.parted(_context(), path, **_named()))


@voice.post("/status")
def status(path: str) -> Response:
    """The call is over."""
    answering.status(_context(), path, **_named(), status=request.form.get("CallStatus", ""))
    return Response(status=204)


@voice.errorhandler(Unsigned)
def refuse(_error: Unsigned) -> Response:
    return Response(status=403)


@voice.errorhandler(NotFound)
def nothing_here(_error: NotFound) -> Response:
    return Response(status=404)


def _context() -> Context:
    return db.runtime().context(db.session(), SYSTEM)


def _named_to_agent() -> dict[str, str]:
    """Of a question about the agent's end: the call that it was dialled from, and the agent's number. Raises Unsigned."""
    return {**_named(), "provider_id": request.form.get("ParentCallSid", "")}


def _named() -> dict[str, str]:
    """The call and the number that a genuine question names. Raises Unsigned."""
    settings = db.runtime().settings
    twilio = settings.twilio
    if twilio is None or not _is_signed(twilio, settings.base_url):
        raise Unsigned
    return {"provider_id": request.form.get("CallSid", ""), "number": request.form.get("To", "")}


def _is_signed(twilio: Twilio, base_url: str) -> bool:
    # The configured address, not the one that this process sees: a proxy in front changes scheme, host and port.
    asked = base_url + request.path
    if request.query_string:
        asked += f"?{request.query_string.decode()}"
    signature = request.headers.get("X-Twilio-Signature", "")
    genuine = RequestValidator(twilio.token).validate(asked, request.form, signature)
    return bool(genuine) and request.form.get("AccountSid") == twilio.account


def _say(path: str, said: Spoken | None) -> Response:
    answer = VoiceResponse()
    if said is not None:
        _speak(answer, path, said)
    answer.hangup()
    return _xml(answer)


def _xml(answer: VoiceResponse) -> Response:
    # Without its charset some readers take the words for Latin-1.
    return Response(str(answer), content_type="text/xml; charset=utf-8")


def _address(path: str) -> str:
    return f"{db.runtime().settings.base_url}/voice/{path}"


def _words(said: Spoken) -> tuple[Said, ...]:
    with i18n.spoken_in(said.call.language):
        return call_words.said(db.runtime(), db.session(), said)


def _speak(answer: VoiceResponse, path: str, said: Spoken) -> None:
    runtime, session = db.runtime(), db.session()
    words = _words(said)
    if not said.listen:
        _add(answer, words)
        if said.bridge is not None:
            _connect(answer, path, said.bridge)
        return
    with i18n.spoken_in(said.call.language):
        again = call_words.phrase(runtime, session, said.call, "again")
    address = f"{_address(path)}/keys"
    if said.say == "notice":
        _gather(answer, address, said.listen, words)
        answer.redirect(address, method="POST")  # nobody pressed a key: it was heard to its end
        return
    for asked in (words, *((again,) for _ in range(TIMES_ASKED - 1))):
        _gather(answer, address, said.listen, asked)
    _add(answer, (call_words.phrase(runtime, session, said.call, "goodbye"),))


def _connect(answer: VoiceResponse, path: str, bridge: Bridge) -> None:
    """To one number, for a limited time, from our own number: else the agent's telephone would show the owner's."""
    twilio = db.runtime().settings.twilio
    dial = answer.dial(
        action=f"{_address(path)}/parted",
        method="POST",
        timeout=SECONDS_OF_RINGING,
        time_limit=int(bridge.limit.total_seconds()),
        caller_id=twilio.sender if twilio else "",
    )
    dial.number(bridge.number, url=f"{_address(path)}/agent", method="POST")


def _gather(answer: VoiceResponse, address: str, keys: int, words: tuple[Said, ...]) -> None:
    gather = answer.gather(
        input="dtmf",
        num_digits=keys,
        timeout=SECONDS_OF_SILENCE,
        finish_on_key="",
        action=address,
        method="POST",
    )
    _add(gather, words)


def _add(verb: VoiceResponse, words: tuple[Said, ...]) -> None:
    for part in words:
        verb.say(part.text, language=SPEAKS[part.language])
