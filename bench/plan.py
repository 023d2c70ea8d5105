"""How much is measured: the usual numbers, and small ones for trying the benchmarks out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Say = Callable[[str], None]

CLIENTS = 8
LONGEST = 8.0  # seconds for one heap of work: on a slow machine less of it is done


@dataclass(frozen=True)
class Plan:
    rounds: int = 3
    submissions: int = 240  # in each round: so many only sent, and so many fetched and sent
    bare_requests: int = 2_000
    inserts: int = 2_000
    few_cases: int = 1_000
    many_cases: int = 100_000
    most_cases: int = 1_000_000  # on PostgreSQL alone, whose place it is to hold so many
    events: int = 1_000_000  # of the audit log, to be checked
    page_views: int = 30
    cold_starts: int = 5
    sheets: int = 20
    sign_in_pairs: int = 400
    profile: bool = False


USUAL = Plan()
QUICK = Plan(
    rounds=1,
    submissions=40,
    bare_requests=200,
    inserts=200,
    few_cases=1_000,
    many_cases=3_000,
    most_cases=5_000,
    events=30_000,
    page_views=10,
    cold_starts=1,
    sheets=3,
    sign_in_pairs=40,
)
