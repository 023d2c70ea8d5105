"""A process that does one long piece of work and says what it took: `python -m bench.long_work KIND`, the desk on its input.

Apart from the rest, because only in a process of its own is the height of its memory its own.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

import wsgi
from bench.desks import holder
from portal import i18n, reports, runtime
from portal.casework import exports
from portal.config import Settings
from portal.domain.lifecycle import SYSTEM, Role
from portal.domain.periods import today
from portal.export import building
from portal.models import AuditEvent, Export
from portal.reports import LISTS
from portal.runtime import Runtime
from portal.tlog import checkpoints, verify

STREAMED = {"stream_results": True, "yield_per": 2000}
LANGUAGE = "ja"
Work = Callable[[], Mapping[str, float]]


def export(form: str, made: Runtime, given: Mapping[str, str]) -> Work:
    """A file as the worker builds it: read from one moment, masked, hashed, sealed piece by piece, kept in the database."""
    app = wsgi.create_app(runtime=made)
    with made.sessions() as session:
        ctx = made.context(session, SYSTEM)
        asked = reports.read(given, today(ctx.now), ctx.limits)
        with ctx.act():
            export_id = exports.queue(ctx, holder(session, Role.COMPLIANCE), asked, form, LANGUAGE).id

    def work() -> Mapping[str, float]:
        with app.app_context(), i18n.spoken_in(LANGUAGE), made.sessions() as session:
            end = building.build(made, export_id, lambda _ctx: None, tries=1)
            ctx = made.context(session, SYSTEM)
            with ctx.act():
                end(ctx)
            built = session.get_one(Export, export_id)
            if built.state != "ready":
                raise RuntimeError(f"The file was not built: {built.error}.")
            return {"rows": built.rows, "bytes": built.size or 0}

    return work


def copy(made: Runtime, given: Mapping[str, str]) -> Work:
    """The same rows by the statement that they are read with, as PostgreSQL itself writes them out."""

    def work() -> Mapping[str, float]:
        with reports.snapshot(made.engine) as session:
            ctx = made.context(session, SYSTEM)
            query = LISTS[given["report"]].query(reports.read(given, today(ctx.now), ctx.limits))
            statement = query.compile(made.engine, compile_kwargs={"literal_binds": True})
            cursor = session.connection().connection.cursor()
            with cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)") as blocks:
                size = sum(len(block) for block in blocks)
            return {"rows": cursor.rowcount, "bytes": size}

    return work


def check(made: Runtime, _given: Mapping[str, str]) -> Work:
    """The whole check of the log, with its key."""

    def work() -> Mapping[str, float]:
        verdict = verify.run(made.engine, key=checkpoints.published_key(made.settings.keys))
        if verdict.failed:
            raise RuntimeError(f"The log does not hold: {verdict.findings}")
        return {"rows": verdict.events}

    return work


def digest(made: Runtime, _given: Mapping[str, str]) -> Work:
    """Every event read and hashed, and nothing else; `hashing` are the seconds without the reading."""

    def work() -> Mapping[str, float]:
        rows = size = 0
        hashing = 0.0
        with verify.snapshot(made.engine) as session:
            found = session.connection().execute(select(AuditEvent.event_bytes), execution_options=STREAMED)
            for part in found.partitions():
                begun = time.perf_counter()
                for (data,) in part:
                    hashlib.sha256(b"\x00" + data).digest()
                    size += len(data)
                hashing += time.perf_counter() - begun
                rows += len(part)
        return {"rows": rows, "bytes": size, "hashing": hashing}

    return work


KINDS: Mapping[str, Callable[[Runtime, Mapping[str, str]], Work]] = {
    "csv": partial(export, "csv"),
    "xlsx": partial(export, "xlsx"),
    "copy": copy,
    "check": check,
    "digest": digest,
}


def main(kind: str) -> None:
    given = json.load(sys.stdin)
    data, keys = Path(given["data"]), Path(given["keys"])
    made = runtime.build(Settings(data=data, database_url=given["database_url"], keys=keys, demo=True))
    print(json.dumps(_measured(KINDS[kind](made, given["asked"]))))


def _measured(work: Work) -> Mapping[str, Any]:
    """Seconds that went by, seconds of processor time, and by how many megabytes the memory grew at its height."""
    before = _megabytes("VmRSS")
    started, worked = time.perf_counter(), time.process_time()
    done = work()
    return {
        "seconds": time.perf_counter() - started,
        "processor": time.process_time() - worked,
        "grown": _megabytes("VmHWM") - before,
        **done,
    }


def _megabytes(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
