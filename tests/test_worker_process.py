"""Workers that are killed in the middle of a mail: nothing is lost, and what comes twice can be recognised."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import outbox
from portal.casework import staff_mail
from portal.config import Smtp
from portal.models import OutboxRow, Staff
from tests.post import Mailroom, live, mail_server
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent
KILLED_AT = (1, 3, 6)  # the how many-th mail that the server takes is each worker's last one

pytestmark = pytest.mark.processes


def start(world: World, smtp: Smtp) -> subprocess.Popen[bytes]:
    settings = world.runtime.settings
    arguments = (settings.database_url, str(settings.data), str(smtp.port), world.now.isoformat())
    return subprocess.Popen([sys.executable, "-m", "tests.post", *arguments], cwd=ROOT)


def put_mails(world: World) -> list[str]:
    with world.system.act():
        for login in world.logins.values():
            staff = world.session.get_one(Staff, login.staff_id)
            staff_mail.changed(world.system, [staff], "password_changed", about=staff)
        return list(world.session.execute(select(OutboxRow.id)).scalars())


def test_a_killed_worker_loses_nothing_and_what_comes_twice_has_the_same_message_id(
    database_url: str, tmp_path: Path
) -> None:
    room = Mailroom()
    with mail_server(room) as smtp:
        world = live(database_url, tmp_path, smtp)
        rows = put_mails(world)
        for last in KILLED_AT:
            worker = start(world, smtp)
            room.accepted = lambda pid=worker.pid, last=last: (
                # taken by the server, not yet answered: the worker cannot know that it has arrived
                os.kill(pid, signal.SIGKILL) if len(room.envelopes) == last else None
            )
            assert worker.wait() == -signal.SIGKILL
            world.now += outbox.LEASE + timedelta(seconds=1)
        worker = start(world, smtp)
        room.accepted = lambda: worker.terminate() if len(set(room.ids)) == len(rows) else None
        assert worker.wait() == 0
        states = set(world.session.execute(select(OutboxRow.state)).scalars())
        world.close()
    counted = Counter(room.ids)
    assert set(counted) == {f"<{row}@kaijo.example>" for row in rows}
    assert sum(counted.values()) == len(rows) + len(KILLED_AT)
    assert len({bytes(each.content) for each in room.envelopes}) == len(rows)
    assert states == {"done"}
