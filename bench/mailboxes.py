"""The mailbox of a bench, made by the product that is measured."""

from __future__ import annotations

_ADD = """
from letterbox.models import Folder
from letterbox.services import connections, mailboxes
from letterbox.sync import probe
mailbox = mailboxes.add(label="Support", address="support@acme.example", by=None)
connections.save(mailbox, protocol="imap", host="127.0.0.1", port={port},
    encryption="none", login="support", password="secret")
report = probe.retrieve_folders(mailbox)
assert report.is_good, report
inbox = mailbox.folders.get(role=Folder.Role.INBOX)
mailboxes.tick_folders(mailbox, wanted=[inbox.pk], by=None, sync_from={sync_from!r})
"""


def add_support(*, imap_port: int, sync_from: str = "now") -> str:
    """The Python that adds support@acme.example and ticks its inbox.

    Its login on the server is `support`, with the password `secret`.
    """
    return _ADD.format(port=imap_port, sync_from=sync_from)
