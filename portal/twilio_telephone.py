"""Twilio as the telephone: has it place a call that asks voice.py what to say. An optional package, see requirements-twilio.txt."""

from __future__ import annotations

import logging
from datetime import timedelta

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from portal.config import Settings, SettingsError
from portal.telephone import Placing, TelephoneError

SECONDS_FOR_AN_ANSWER = 10
SECONDS_OF_RINGING = 30
# A machine is told apart at once where it is hung up on, and after its greeting where something is left on it.
MACHINES = {False: "Enable", True: "DetectMessageEnd"}
# The package logs addresses and headers of what it sends; ours must not hold the account's name and the caller's.
_SILENT = logging.getLogger("kaijo.twilio")
_SILENT.setLevel(logging.CRITICAL)


class TwilioTelephone:
    """Places calls from the number of the settings. `http_client` is for tests: what speaks to Twilio's own address."""

    key = "twilio"
    rings: timedelta | None = None  # Twilio reports the end of every call

    def __init__(self, settings: Settings, http_client: HttpClient | None = None) -> None:
        if settings.twilio is None:
            raise SettingsError("Set KAIJO_TWILIO_ACCOUNT, KAIJO_TWILIO_TOKEN and KAIJO_TWILIO_FROM.")
        self._sender = settings.twilio.sender
        self._base_url = settings.base_url
        # The package would take what is missing from the process's environment: it is to take nothing from there.
        self._client = Client(
            settings.twilio.account,
            settings.twilio.token,
            http_client=http_client or TwilioHttpClient(timeout=SECONDS_FOR_AN_ANSWER, logger=_SILENT),
            environment={"": ""},
        )

    def place(self, call: Placing) -> str:
        """Begin to ring. Never twice: what became of a request without an answer is unknown, and it is not repeated."""
        address = f"{self._base_url}/voice/{call.path}"
        try:
            made = self._client.calls.create(
                to=call.to,
                from_=self._sender,
                url=address,
                method="POST",
                status_callback=f"{address}/status",
                status_callback_event=["completed"],
                status_callback_method="POST",
                machine_detection=MACHINES[call.speaks_to_machines],
                timeout=SECONDS_OF_RINGING,
            )
        except TwilioRestException as problem:
            # Its own message quotes the number.
            permanent = 400 <= problem.status < 500 and problem.status != 429
            raise TelephoneError(f"Twilio answers {problem.status}", permanent=permanent) from None
        except (TwilioException, RequestException) as problem:
            raise TelephoneError(f"Twilio does not answer ({type(problem).__name__})") from None
        if not made.sid:
            raise TelephoneError("Twilio names no call")
        return str(made.sid)
