"""A worker that is killed at its first moment, its second, its third, and so on.

One process sets the product up and forks a worker for every order, so that a hundred
deaths cost little more than a hundred letters. The worker ends itself with SIGKILL when
so many moments have passed: nothing of it is closed, flushed or rolled back by itself.
A moment is a statement to the database, the end of a step, and for deliveries also every
call in the modules that send and talk.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

_PROGRAM = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.db import connection
from letterbox.inbound import pipeline
from letterbox.outbound import deliver

class Fuse:
    def __init__(self, moments):
        self.left = moments

    def burn(self):
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, execute, sql, params, many, context):
        self.burn()
        return execute(sql, params, many, context)

    def step(self, step):
        def run(work):
            step(work)
            self.burn()
        return run

    def call(self, frame, event, argument):
        code = frame.f_code
        where = os.path.basename(code.co_filename)
        # How often the wire calls itself depends on how the server's words arrive.
        is_inside = code.co_name[0] == "<" or where == "wire.py" and code.co_name[0] == "_"
        if event == "call" and where in WATCHED and not is_inside:
            self.burn()

WATCHED = {"deliver.py", "session.py", "opening.py", "wire.py"}

def process(fuse, message_id):
    pipeline.process(message_id, [fuse.step(each) for each in pipeline.STEPS])

def send(fuse, mailbox_id):
    sys.setprofile(fuse.call)
    deliver.deliver(mailbox_id)
    sys.setprofile(None)

WORK = {"process": process, "deliver": send}
for order in sys.stdin:
    name, moments, subject = order.split()
    worker = os.fork()
    if not worker:
        fuse = Fuse(int(moments))
        with connection.execute_wrapper(fuse.statement):
            WORK[name](fuse, int(subject))
        os._exit(0)
    _, status = os.waitpid(worker, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@dataclass(frozen=True)
class Workers:
    """Where workers are made, each for one order."""

    process: subprocess.Popen[str]

    def survives(self, name: str, moments: int, subject: int) -> bool:
        """Whether a worker ended its work before so many moments had passed.

        `name` is `process` with a message id, or `deliver` with a mailbox id.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{name} {moments} {subject}\n")
        self.process.stdin.flush()
        code = self.process.stdout.readline().strip()
        assert code in ("0", str(-signal.SIGKILL)), f"The worker ended with {code!r}."
        return code == "0"


@contextmanager
def mortal_workers() -> Iterator[Workers]:
    """A maker of workers on the database of this test."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, settings.DATABASES["default"]["NAME"]],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "letterbox.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as maker:
        try:
            yield Workers(maker)
        finally:
            maker.kill()
