"""The pretend mail server: SMTP in, IMAP out, everything in memory, loopback only.

`python -m letterbox.demo.server SMTP_PORT IMAP_PORT`. A letter to any address lands in
that address's INBOX; whoever logs in with the demo's mail password reads it there.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.sock import SocketInfoLocal
from pymap.backend.dict import Config, Identity, Login
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata

from letterbox.demo import accounts

HOST = "127.0.0.1"
LARGEST_LETTER_BYTES = 30_000_000


class Post:
    """Hands letters from SMTP over to the mailboxes of pymap."""

    def __init__(self, config: Config, login: Login, password: str) -> None:
        self._config = config
        self._login = login
        self._password = password

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Deliver to every recipient."""
        content = envelope.original_content or b""
        for address in envelope.rcpt_tos:
            await self.deliver(address.lower(), content)
        return "250 Delivered"

    async def deliver(self, address: str, content: bytes) -> None:
        """Put a letter into the INBOX of an address, which may be new."""
        inbox = await (await self.open(address)).get_mailbox("INBOX")
        stamp = f"Delivered-To: {address}\r\n".encode()
        letter = AppendMessage(stamp + content, datetime.now(UTC), frozenset())
        await inbox.append(letter, recent=True)

    async def open(self, address: str) -> Any:
        """The mailboxes of an address, made on first use."""
        if address not in self._login.users_dict:
            user = UserMetadata(self._config, address, password=self._password)
            await Identity(address, self._login, None, frozenset()).set(user)
        async with Identity(
            address, self._login, None, frozenset()
        ).new_session() as session:
            names = {
                entry.name
                for entry in (await session.mailbox_set.list_mailboxes()).list()
            }
            for name in accounts.FOLDERS:
                if name not in names:
                    await session.mailbox_set.add_mailbox(name)
            return session.mailbox_set


async def serve(smtp_port: int, imap_port: int) -> None:
    """Serve until told to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    config = Config(
        argparse.Namespace(passlib_cfg=None, proxy_protocol=None),
        demo_data=False,
        demo_user="nobody",
        demo_password="",
        host=HOST,
        port=imap_port,
        tls_enabled=False,
        secure_auth=False,
    )
    config.apply_context()
    login = Login(config)
    password = await Passwords(config).hash_password(accounts.MAIL_PASSWORD)
    post = Post(config, login, password)
    for address in (accounts.SUPPORT, accounts.SALES):
        await post.open(address)
    imap = IMAPServer(login, config)

    async def converse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await imap(reader, writer, SocketInfoLocal(writer))

    imap_server = await asyncio.start_server(converse, HOST, imap_port)
    smtp_server = await loop.create_server(
        lambda: SMTP(
            post,
            enable_SMTPUTF8=True,
            data_size_limit=LARGEST_LETTER_BYTES,
            ident="Letterbox demo",
            loop=loop,
        ),
        HOST,
        smtp_port,
    )
    async with imap_server, smtp_server:
        print("The pretend mail server is ready.", flush=True)  # noqa: T201
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
