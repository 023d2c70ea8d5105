"""Words for a call that the portal places: how far it is, how it ended, and what whoever waits for it can do next."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

CALL_STATE: Words = {
    "queued": _p("call", "Calling"),
    "calling": _p("call", "Calling"),
    "answered": _p("call", "Connected"),
    "ended": _p("call", "Call ended"),
}

CALL_OUTCOME: Words = {
    "confirmed": _p("call", "Confirmed"),
    "stopped": _p("call", "Stopped with 9 on the phone"),
    "wrong": _p("call", "Number did not match"),
    "no_answer": _p("call", "No answer"),
    "busy": _p("call", "Line busy"),
    "machine": _p("call", "Answered by a machine"),
    "failed": _p("call", "Could not be connected"),
    "expired": _p("call", "Number expired"),
    "hung_up": _p("call", "Ended before the number was keyed in"),
    "heard": _p("call", "Heard"),
    "left": _p("call", "Left on an answering machine"),
}

# What to do now, for the person who is called. The keys are those of both tables above.
CALL_ADVICE: Words = {
    "queued": _l("Answer the call and key in the number below."),
    "calling": _l("Answer the call and key in the number below."),
    "answered": _l("Key in the number below on the phone."),
    "ended": _l("You can ask for another call."),
    "confirmed": _l("The number you keyed in is right."),
    "stopped": _l(
        'Somebody pressed 9, which means "this was not me". Everything is on hold until we have looked into it.'
    ),
    "wrong": _l(
        "The number keyed in was not the one shown here. Ask for another call and key in its new number."
    ),
    "no_answer": _l("Nobody answered. Have the phone ready and ask for another call."),
    "busy": _l("The line was busy. End other calls and ask for another call."),
    "machine": _l("An answering machine took the call. Switch it off and ask for another call."),
    "failed": _l("The telephone network could not connect the call. Ask for another call in a few minutes."),
    "expired": _l("The number was not keyed in in time. Ask for another call and key in its new number."),
    "hung_up": _l("The call ended before the whole number was keyed in. Ask for another call."),
    "heard": _l("The message was heard."),
    "left": _l("The message was left on an answering machine."),
}

# After the right digits, where the call leads to an agent.
TALK_STATE: Words = {
    "connecting": _p("call", "Connecting to the agent"),
    "connected": _p("call", "Connected to the agent"),
}
TALK_ADVICE: Words = {
    "connecting": _l(
        "The number you keyed in is right. Stay on the line: we connect you to a member of our team."
    ),
    "connected": _l(
        "If their first two words match the words below, you are talking to a member of our team."
    ),
}

TABLES: Mapping[str, Words] = {
    "call_state": CALL_STATE,
    "call_outcome": CALL_OUTCOME,
    "call_advice": CALL_ADVICE,
    "talk_state": TALK_STATE,
    "talk_advice": TALK_ADVICE,
}
