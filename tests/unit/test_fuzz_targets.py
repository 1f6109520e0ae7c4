"""The targets of `make fuzz` hold on letters and answers that are plain or broken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target
from tests.mail import mail

PLAIN = (
    mail(html="<p>The <b>lamp</b> is broken.</p>"),
    b"<p onclick=run()>lamp</p><script>alert(1)</script>",
    b"* 3 EXISTS\r\n* 1 FETCH (UID 7 BODY[] {4}\r\nlamp)\r\na1 OK done\r\n",
    b"&Jjo-!&AOk-",
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("data", PLAIN, ids=["letter", "html", "imap", "utf-7"])
def test_a_target_reads_whole_and_cut_input(target: Target, data: bytes) -> None:
    for end in range(0, len(data), 1 + len(data) // 40):
        target.run(data[:end])
        target.run(data[end:])


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_target_reads_anything(target: Target) -> None:
    @given(st.binary(max_size=2000))
    @settings(max_examples=60, deadline=None)
    def read(data: bytes) -> None:
        target.run(data)

    read()
