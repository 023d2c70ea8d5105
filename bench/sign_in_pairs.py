"""Wrong passwords for known and unknown accounts, in pairs one after the other: does the time tell who has an account?

The two of a pair come in random order from the same network, so that what disturbs the machine disturbs both. The median
of the differences is what counts, and the signed-rank test of Wilcoxon says whether they lean to one side.
"""

from __future__ import annotations

import http.client
import random
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import NormalDist
from urllib.parse import urlencode

from bench.desks import HOST, Desk, live
from bench.durable import STORES
from bench.figures import Figure, middle
from bench.machine import Usage, metered
from bench.plan import Plan, Say
from bench.servers import LOOPBACK, gunicorn
from bench.visitors import TIME_OUT, TOKEN, address_of
from portal.connectors import directory
from portal.domain.lifecycle import SYSTEM
from portal.models import Account, Principal, new_id

PAGE, PASSWORD_PAGE = "/ja/sign-in", "/ja/sign-in/password"
PAIRS_EACH = 40  # an account takes a hundred tries a day
MOST_MS, MOST_PART = 2.0, 0.05
CHANCE = 0.01


@dataclass(frozen=True)
class Pair:
    """What the two took, in milliseconds."""

    known: float
    unknown: float

    @property
    def difference(self) -> float:
        return self.known - self.unknown


def measure(plan: Plan, say: Say) -> Iterator[Figure]:
    for kind, opened in STORES.items():
        say(f"sign-in, {kind}: {plan.sign_in_pairs} pairs of wrong passwords")
        with opened() as store, live(store) as desk:
            accounts, usage = -(-plan.sign_in_pairs // PAIRS_EACH), Usage()
            _register(desk, accounts)
            with gunicorn("wsgi:create_app()", desk.environ) as server, metered(usage, store.pids):
                numbers = range(plan.sign_in_pairs)
                pairs = [_pair(server.port, number, number % accounts) for number in numbers]
        yield _figure(kind, pairs, usage)


def _register(desk: Desk, accounts: int) -> None:
    """Accounts whose root users have a password, hashed as everybody's is."""
    vault = desk.runtime.vault
    with desk.runtime.sessions() as session:
        ctx = desk.runtime.context(session, SYSTEM)
        with ctx.act():
            for number in range(accounts):
                account = Account(
                    id=new_id(),
                    subject_id=vault.new_subject(session),
                    number=f"{number:012d}",
                    connector="local",
                    created_at=ctx.now,
                )
                session.add(account)
                session.flush()
                entry = directory.add_principal(
                    session, vault, password=secrets.token_urlsafe(12), now=ctx.now
                )
                session.add(
                    Principal(
                        id=new_id(),
                        account_id=account.id,
                        kind="root",
                        external_id=entry.id,
                        created_at=ctx.now,
                    )
                )
                vault.set_terms(session, account.subject_id, "email", [_address("known", number)])


def _address(kind: str, number: int) -> str:
    return f"{kind}{number:04d}@mail.example"


def _pair(port: int, number: int, account: int) -> Pair:
    order = ["known", "unkno"]  # as long as each other, so that nothing but the account differs
    random.shuffle(order)
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIME_OUT)) as connection:
        headers, token = _begin(connection, number)
        took = {each: _try(connection, headers, token, _address(each, account)) for each in order}
    return Pair(took["known"], took["unkno"])


def _begin(connection: http.client.HTTPConnection, number: int) -> tuple[dict[str, str], str]:
    headers = {
        "Host": HOST,
        "X-Forwarded-For": address_of(number),
        "X-Forwarded-Proto": "https",
        "Sec-Fetch-Site": "same-origin",
    }
    connection.request("GET", PAGE, headers=headers)
    response = connection.getresponse()
    token = TOKEN.search(response.read().decode())
    if token is None:
        raise RuntimeError(f"{PAGE} shows no form.")
    cookies = [each.partition(";")[0] for each in response.headers.get_all("Set-Cookie") or ()]
    form = {"Cookie": "; ".join(cookies), "Content-Type": "application/x-www-form-urlencoded"}
    return {**headers, **form}, token[1]


def _try(connection: http.client.HTTPConnection, headers: dict[str, str], token: str, email: str) -> float:
    body = urlencode({"email": email, "password": "wrong", "csrf_token": token})
    started = time.perf_counter()
    connection.request("POST", PASSWORD_PAGE, body=body, headers=headers)
    response = connection.getresponse()
    response.read()
    took = (time.perf_counter() - started) * 1000
    if response.status != 422:
        raise RuntimeError(f"POST {PASSWORD_PAGE} was answered with {response.status}.")
    return took


def signed_rank(differences: Sequence[float]) -> float:
    """How probable differences that lean so far to one side are by chance, of either side. Normal approximation."""
    ordered = sorted((each for each in differences if each), key=abs)
    count = len(ordered)
    if count == 0:
        return 1.0
    positive = sum(rank for rank, each in enumerate(ordered, start=1) if each > 0)
    mean, spread = count * (count + 1) / 4, (count * (count + 1) * (2 * count + 1) / 24) ** 0.5
    return 2 * (1 - NormalDist().cdf(abs(positive - mean) / spread))


def _figure(kind: str, pairs: Sequence[Pair], usage: Usage) -> Figure:
    known, unknown = middle([each.known for each in pairs]), middle([each.unknown for each in pairs])
    lean, chance = (
        middle([each.difference for each in pairs]),
        signed_rank([each.difference for each in pairs]),
    )
    part = abs(lean) / unknown
    broken = ""
    # on a busy machine a median wanders: it is a leak only where the differences lean as well
    if chance < CHANCE and (abs(lean) >= MOST_MS or part >= MOST_PART):
        broken = f"sign-in, {kind}: known and unknown accounts differ by {lean:.2f} ms ({part:.1%})."
    return Figure(
        name=f"wrong password, {kind}",
        ours=known,
        floor=unknown,
        floor_name="unknown account",
        unit="ms",
        limit=f"median difference {lean:+.2f} ms ({part:.1%}), p = {chance:.2f}",
        others=usage.share("others"),
        details={
            "pairs": len(pairs),
            "median_difference_ms": lean,
            "part": part,
            "signed_rank_p": chance,
            "leans": chance < CHANCE,
        },
        broken=broken,
    )
