"""Who may open which page of the desk, and who may send its form: one table, which the real pages are held against.

    x  nobody is signed in              v  verifier
    e  sets up the second factor        a  approver
    k  is shown recovery codes          l  lead
    r  came in with a saved code        c  compliance
    n  signed in, without a role        d  administrator

An act has a row for each of its kinds. "-" is a method that the page does not have, "." nobody: a page that only leads
on, or that is there for one person alone, as the result of a call is for whoever was on it.
"""

from __future__ import annotations

EVERYBODY = "xekrnvalcd"
SIGNED_IN = "nvalcd"

TABLE = """
admin.index                      nvalcd      -

door.sign_in                     x           xekrnvalcd
door.recover                     x           xekrnvalcd
door.language                    -           xekrnvalcd
door.sign_out                    -           xekrnvalcd
door.enrol                       e           e
door.qr                          e           -
door.codes                       k           k
door.codes_file                  k           -
door.reset                       r           r
invite.index                     .           -
invite.page                      xekrnvalcd  xekrnvalcd
halt.index                       .           -
halt.page                        xekrnvalcd  xekrnvalcd

own.index                        nvalcd      nvalcd
own.stay                         -           nvalcd
own.end_session                  -           nvalcd
own.end_others                   -           nvalcd
own.password                     nvalcd      nvalcd
own.codes                        nvalcd      nvalcd
desk_phone.index                 val         val

log.index                        c           -
log.event                        c           -
log.proof                        c           -

reports.index                    c           -
reports.builder                  c           -
reports.result                   c           -
reports.save                     c           c
reports.forget                   -           c

exports.index                    c           -
exports.live                     c           -
exports.ask                      c           c
exports.fetch                    c           c

queue.index                      valc        -
queue.live                       valc        -
queue.save                       valc        valc
queue.forget                     -           valc
queue.assign                     valc        vl

case.index                       valc        -
case.page                        valc        -
case.live                        valc        -
reveal.index                     val         -
reveal.show                      val         val
reveal.letter                    -           val

checks.index                     val         -
checks.act/claim                 v           v
checks.act/release               v           v
checks.act/take_over             v           v
checks.act/reassign              l           l
checks.act/record                v           v
checks.act/mailbox               v           v
checks.act/letter                v           v
checks.act/call                  v           v
checks.act/talk                  .           .
checks.act/witness               v           v
checks.act/pressure              val         val
checks.act/ask                   v           v
checks.act/end_asking            v           v
checks.act/repeat_call           l           l
checks.act/repeat_talk           .           .

decisions.index                  val         -
decisions.act/propose            v           v
decisions.act/propose_decline    v           v
decisions.act/approve            al          al
decisions.act/open               al          al
decisions.act/repeat             l           l
decisions.decided                val         -

removals.index                   val         -
removals.act/execute             val         val
removals.act/do                  val         val
removals.act/attest              val         val
removals.result                  val         -

freezes.index                    val         -
freezes.act/propose              l           l
freezes.act/agree                al          al

messages.index                   val         -
messages.reply                   val         val
messages.note                    val         val
messages.live                    -           val
messages.forget                  -           val
messages.sent                    val         -
messages.take_back               -           val
messages.send_again              -           val

templates.index                  valc        -
templates.new                    l           l
templates.template               valc        l
templates.retire                 -           l

undelivered.index                ld          -
undelivered.again                -           l

board.index                      lc          -
safety.index                     lc          -

training.index                   lc          -
training.plant                   l           l
training.end                     l           l
training_case.index              valc        -
training_case.page               valc        -

register.index                   ld          -
register.propose                 ld          ld
register.proposal                ld          ld
register.template                ld          -
accounts.index                   valcd       valcd
accounts.account                 valcd       -
protect.index                    lcd         -
protect.propose                  d           d
protect.proposal                 lcd         ld

retention.index                  lcd         -
retention.case                   lcd         -
retention.account                lcd         -
retention.propose                ld          ld
retention.proposal               lcd         ld
retention.export                 ld          ld

colleagues.index                 lcd         -
colleagues.login                 lcd         -
colleagues.new                   d           d
colleagues.proposal              lcd         ld
colleagues.act/invite            d           d
colleagues.act/grant             d           d
colleagues.act/revoke            d           d
colleagues.act/address           d           d
colleagues.act/another           d           d
colleagues.act/reset             d           d
colleagues.act/enable            d           d
colleagues.act/sessions          d           d
colleagues.act/disable           d           d
"""

# What compliance may send: its own settings and views, a search, and what whoever stands at the door may.
OWN_OF_COMPLIANCE = frozenset(
    {
        *("door.sign_in", "door.recover", "door.language", "door.sign_out", "invite.page", "halt.page"),
        *("own.index", "own.stay", "own.end_session", "own.end_others", "own.password", "own.codes"),
        *("queue.save", "queue.forget", "accounts.index", "exports.ask", "exports.fetch"),
        *("reports.save", "reports.forget"),
    }
)


def rows() -> dict[str, tuple[str, str]]:
    """Endpoint, with the key of an act, and who opens and sends it."""
    parts = (line.split() for line in TABLE.splitlines() if line.strip())
    return {name: (opens, sends) for name, opens, sends in parts}


def allowed(cell: str) -> frozenset[str]:
    return frozenset(cell) - {"-", "."}
