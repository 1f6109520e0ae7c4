"""Letters over the limit: header and parts are kept, and they stay one letter."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from django.test import override_settings

from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.inbound import pipeline
from letterbox.models import Folder, Placement
from letterbox.sync import on_demand, reconcile
from tests.mail import mail
from tests.wire import keeping
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter

pytestmark = pytest.mark.django_db

ARCHIVE = WireName("Archive")
_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    login = f"large{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep(server, login)
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    kept.tick(ARCHIVE, sync_from=Folder.SyncFrom.EVERYTHING)
    with override_settings(LARGEST_LETTER_BYTES=2_000):
        yield kept
    kept.outlook.close()


def large_letter() -> bytes:
    return mail(
        subject="large",
        attachments=[("plan.pdf", "application/pdf", b"%PDF-1.7" + b"x" * 4_000)],
    )


def test_a_large_letter_comes_as_its_header_and_parts(support: Kept) -> None:
    support.put(letter("small"))
    large = large_letter()
    uid = support.put(large)

    support.go()
    pipeline.process_mailbox(support.mailbox.pk)

    placement = support.placement(uid)
    assert placement.state == Placement.State.OVERSIZE
    assert placement.size == len(large)
    text, plan = placement.structure
    assert (text["content_type"], plan["content_type"]) == (
        "text/plain",
        "application/pdf",
    )
    assert (plan["section"], plan["name"]) == ("2", "plan.pdf")
    assert plan["size"] > 4_000
    assert placement.message is not None
    assert placement.message.subject == "large"
    assert placement.message.parts_on_server == placement.structure
    assert len(placement.message.raw.content) < 1_000
    assert b"small" in support.history()


def test_a_large_letter_that_is_moved_stays_one_message(support: Kept) -> None:
    large = large_letter()
    uid = support.put(large)
    support.go()
    pipeline.process_mailbox(support.mailbox.pk)
    before = support.placement(uid)

    support.outlook.select(INBOX)
    support.outlook.move(UidSet.of([uid]), ARCHIVE)
    support.go()
    outcome = support.go(ARCHIVE)

    (there,) = support.uids(ARCHIVE)
    place = support.placement(there, ARCHIVE)
    assert outcome.reappeared == 1
    assert (place.message, place.state) == (before.message, Placement.State.OVERSIZE)
    assert place.structure == before.structure
    assert len(support.messages()) == 1
    assert support.uids() == []

    assert place.message is not None
    on_demand.fetch_whole(place.message, by=None)

    assert support.messages()[0].raw.content == large
    assert support.messages()[0].parts_on_server == []
    assert support.placement(there, ARCHIVE).state == Placement.State.STORED


def test_a_large_letter_keeps_its_state_under_new_numbers(support: Kept) -> None:
    uids = [support.put(large_letter()), support.put(letter("small"))]
    support.go()
    pipeline.process_mailbox(support.mailbox.pk)
    structure = support.placement(uids[0]).structure

    support.renumber()
    support.go()

    places = [support.placement(uid) for uid in support.uids()]
    states = sorted(place.state for place in places)
    assert states == [Placement.State.OVERSIZE, Placement.State.STORED]
    assert structure in [place.structure for place in places]
    assert len(support.messages()) == 2
    with support.session() as session:
        count = reconcile.count(session, support.folder())
    assert (count.oversize, count.stored, count.missing) == (1, 1, 0)
