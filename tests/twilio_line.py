"""A desk whose telephone is Twilio, played by the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from portal.casework import call_checks
from portal.config import Smtp, Twilio
from portal.models import PhoneCall
from portal.twilio_telephone import TwilioTelephone
from tests import calling
from tests.applications import app_for
from tests.calling import seen
from tests.post import work_off
from tests.talking import AGENT
from tests.twilio_stand_in import ACCOUNT, SENDER, SID, TOKEN, Answer, LocalClient, StandIn, served, stand_in
from tests.world import World

OURS = Twilio(ACCOUNT, TOKEN, SENDER)
CHILD = "CA" + "e5" * 16


class Line:
    """A desk whose telephone is Twilio, and the Twilio that serves it."""

    def __init__(self, world: World, twilio: StandIn) -> None:
        self.world, self.twilio = world, twilio

    def ordered(self, **more: str) -> PhoneCall:
        """A call for step 2 that the worker has ordered."""
        account = self.world.account()
        attempt = calling.attempt(self.world, account).id
        call = calling.ask(self.world, account, self_service_id=attempt, **more)
        work_off(self.world)
        return seen(self.world, call)

    def called_back(self) -> PhoneCall:
        """A call-back that alice has had placed, and that the worker has ordered."""
        account = self.world.account()
        case_id = self.world.verifying(language="en")
        contact = self.world.contacts(account, "phone")[0]
        call = call_checks.call_back(self.world.as_("alice"), case_id, contact.id)
        work_off(self.world)
        return seen(self.world, call)

    def keys(self, digits: str, **changes: str) -> Answer:
        return self.twilio.ask("/keys", Digits=digits, **changes)

    def agent(self, rest: str = "", **changes: str) -> Answer:
        """What Twilio asks about the agent's end: under an id of its own, which names the call that it was dialled from."""
        end = {
            "CallSid": CHILD,
            "ParentCallSid": SID,
            "To": AGENT,
            "Called": AGENT,
            "Direction": "outbound-dial",
        }
        return self.twilio.ask(f"/agent{rest}", **{**end, **changes})


@contextmanager
def twilio_line(database_url: str, folder: Path) -> Iterator[Line]:
    with stand_in() as (twilio, address):
        world = World(
            database_url,
            folder,
            demo=False,
            base_url=twilio.base_url,
            proxies=1,
            smtp=Smtp(host="127.0.0.1", port=1, tls="none"),
            telephone="twilio",
            twilio=OURS,
        )
        telephone = TwilioTelephone(world.runtime.settings, LocalClient(address))
        world.runtime = replace(world.runtime, telephone=telephone)
        with served(app_for(world.runtime)) as twilio.portal:
            yield Line(world, twilio)
        world.close()
