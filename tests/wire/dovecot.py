"""A real Dovecot for tests and benchmarks: in a temporary folder, on free ports.

    with Dovecot.started() as dovecot:
        dovecot.add_user("support", "secret")
        dovecot.deliver("support", b"Subject: hello\\r\\n\\r\\nhi\\r\\n")

Runs as root and as anyone else, with Dovecot 2.3 and 2.4. Needs no pytest.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

HOST = "127.0.0.1"
HOW_TO_GET = (
    "Dovecot is missing: apt-get install dovecot-imapd dovecot-lmtpd, or run as root."
)
_PATIENCE_SECONDS = 15.0

_SHARED = """
base_dir = {d}/run
state_dir = {d}/state
log_path = {d}/dovecot.log
instance_name = t{imap_port}
protocols = imap lmtp
listen = 127.0.0.1
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
auth_mechanisms = plain login{oauth_mechanisms}
mail_fsync = never
mail_max_userip_connections = {connections}
{users_of_dovecot}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  {restart_count} = {never}
  process_min_avail = 1
  client_limit = 10000
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 6000
  {restart_count} = {service_count}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
"""

_CONFIG_2_3 = """
mail_location = maildir:{d}/mail/%u
mail_home = {d}/home/%u
ssl_cert = <{d}/cert.pem
ssl_key = <{d}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mailbox_list_index = yes
# Wrong passwords are part of the tests; nobody shall wait for them.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
mail_plugins = {mail_plugins}
protocol imap {{
  mail_plugins = {mail_plugins} {imap_plugins}
}}
namespace inbox {{
  inbox = yes
  separator = /
{mailboxes}
}}
{oauth_passdb}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u {d}/users/%u
}}
{userdb}
"""

_ONE_USER_2_3 = """
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={d}/home/%u allow_all_users=yes
}}
"""
_MANY_USERS_2_3 = """
userdb {{
  driver = passwd-file
  args = username_format=%u {d}/users/%u
}}
"""

_OAUTH_2_3 = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {d}/oauth2.conf
}}
"""

_CONFIG_2_4 = """
mail_driver = maildir
mail_path = {d}/mail/%{{user}}
mail_home = {d}/home/%{{user}}
ssl_server_cert_file = {d}/cert.pem
ssl_server_key_file = {d}/key.pem
auth_allow_cleartext = yes
auth_failure_delay = 0
mailbox_list_index = yes
{imap_plugins_2_4}
namespace inbox {{
  inbox = yes
  separator = /
{mailboxes}
}}
passdb passwd-file {{
  passwd_file_path = {d}/users/%{{user}}
  default_password_scheme = plain
}}
{userdb}
"""

_ONE_USER_2_4 = """
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {d}/home/%{{user}}
  }}
  userdb_static_allow_all_users = yes
}}
"""
_MANY_USERS_2_4 = """
userdb passwd-file {{
  passwd_file_path = {d}/users/%{{user}}
}}
"""

_OAUTH_2_4 = """
oauth2 {{
  introspection_mode = post
  introspection_url = {introspection_url}
  username_attribute = email
  active_attribute = active
  active_value = true
}}
passdb oauth2 {{
  mechanisms_filter = xoauth2 oauthbearer
}}
"""

SPECIAL_FOLDERS = {
    "Sent": "\\Sent",
    "Drafts": "\\Drafts",
    "Junk": "\\Junk",
    "Trash": "\\Trash",
    "Archive": "\\Archive",
}


def version() -> tuple[int, int] | None:
    """Return the version of the Dovecot that is installed, or None."""
    program = _program()
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True)
    major, minor = said.stdout.split()[0].split(".")[:2]
    return int(major), int(minor)


@dataclass
class Dovecot:
    """A running server; make it by `started`, or by hand with `start` and `stop`."""

    folder: Path
    imap_port: int = 0
    imaps_port: int = 0
    lmtp_port: int = 0
    special_folders: dict[str, str] = field(
        default_factory=lambda: dict(SPECIAL_FOLDERS)
    )
    introspection_url: str = ""
    connections_per_user: int = 50
    host: str = HOST
    authority: trustme.CA = field(default_factory=trustme.CA)
    extra_config: str = ""
    # With a number each login becomes a system user of its own, counted from there:
    # the kernel watches files (inotify) for so many processes of one user only.
    first_uid: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def started(
        cls,
        *,
        introspection_url: str = "",
        connections_per_user: int = 50,
        extra_config: str = "",
        first_uid: int = 0,
    ) -> Iterator[Dovecot]:
        """Run one until the block ends, then remove everything that it wrote.

        `introspection_url` is asked about OAuth tokens; see RFC 7662.
        """
        folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        dovecot = cls(
            folder,
            introspection_url=introspection_url,
            connections_per_user=connections_per_user,
            extra_config=extra_config,
            first_uid=first_uid,
        )
        try:
            dovecot.start()
            yield dovecot
        finally:
            dovecot.stop()
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def authority_file(self) -> Path:
        """The certificate of the authority that vouches for this server."""
        return self.folder / "authority.pem"

    @property
    def log(self) -> str:
        """What the server wrote into its log."""
        path = self.folder / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def trust(self) -> ssl.SSLContext:
        """Return TLS settings that trust this server, and nobody else."""
        context = ssl.create_default_context(cafile=str(self.authority_file))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def start(self) -> None:
        """Write the configuration, start, and wait until it answers."""
        program = _program()
        if program is None:
            raise RuntimeError(HOW_TO_GET)
        if not self.imap_port:
            self.imap_port, self.imaps_port, self.lmtp_port = _free_ports(3)
            self._prepare()
        self._launch(program)
        self._wait_until_it_answers(program)

    def stop(self) -> None:
        """Stop gently; harmless when it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stop at once, all its processes, as a power cut would."""
        group = self._process.pid if self._process else 0
        self._end(signal.SIGKILL)
        # One that is not quite dead would make its lock anew behind our back.
        until = time.monotonic() + _PATIENCE_SECONDS
        while group and _is_alive(group) and time.monotonic() < until:
            time.sleep(0.01)
        # Dovecot waits minutes for a lock whose owner may be on another host.
        for lock in (self.folder / "mail").rglob("*.lock"):
            lock.unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop and start with the same ports, people and letters."""
        self.stop()
        self.start()

    def add_user(self, login: str, password: str) -> None:
        """Let somebody log in; the inbox is made at the first letter or login."""
        # A file for each, since Dovecot looks at a file only once a second.
        users = self.folder / "users"
        uid = self._uid
        if self.first_uid:
            uid = self.first_uid + sum(1 for _ in users.iterdir())
            for part in ("mail", "home"):
                (self.folder / part / login).mkdir()
                os.chown(self.folder / part / login, uid, self._gid)
        line = f"{login}:{{PLAIN}}{password}:{uid}:{self._gid}::\n"
        (users / login).write_text(line)

    def deliver(self, login: str, raw: bytes, *, sender: str = "") -> None:
        """Deliver a letter as a mail server would, by LMTP."""
        with smtplib.LMTP(HOST, self.lmtp_port, local_hostname="localhost") as lmtp:
            lmtp.sendmail(sender, [login], raw)

    def append(
        self,
        login: str,
        folder: str,
        letters: Sequence[bytes],
        *,
        flags: str = "",
    ) -> None:
        """Put letters straight into the Maildir, fast and with no one told.

        `flags` are Maildir's letters, such as `S` for seen.
        """
        maildir = self.maildir(login, folder)
        for part in ("tmp", "new", "cur"):
            (maildir / part).mkdir(parents=True, exist_ok=True)
        stamp = time.time_ns()
        for number, raw in enumerate(letters):
            name = f"{stamp // 10**9}.M{stamp % 10**9}P{number:07d}.test:2,{flags}"
            path = maildir / "cur" / name
            path.write_bytes(raw)
        self._give_away(self.folder / "mail")

    def maildir(self, login: str, folder: str = "INBOX") -> Path:
        """Return where the letters of a folder are."""
        root = self.folder / "mail" / login
        if folder == "INBOX":
            return root
        return root / ("." + folder.replace("/", "."))

    @property
    def _uid(self) -> int:
        return pwd.getpwnam("mail").pw_uid if os.geteuid() == 0 else os.geteuid()

    @property
    def _gid(self) -> int:
        return pwd.getpwnam("mail").pw_gid if os.geteuid() == 0 else os.getegid()

    def _prepare(self) -> None:
        self.folder.chmod(0o755)
        for name in ("run", "state", "mail", "home", "users"):
            (self.folder / name).mkdir(exist_ok=True)
        certificate = self.authority.issue_cert(HOST, "localhost")
        certificate.private_key_pem.write_to_path(self.folder / "key.pem")
        (self.folder / "key.pem").chmod(0o600)
        for number, blob in enumerate(certificate.cert_chain_pems):
            blob.write_to_path(self.folder / "cert.pem", append=number > 0)
        self.authority.cert_pem.write_to_path(self.authority_file)
        (self.folder / "dovecot.conf").write_text(self._config())
        (self.folder / "oauth2.conf").write_text(
            "introspection_mode = post\n"
            f"introspection_url = {self.introspection_url}\n"
            "username_attribute = email\n"
            "active_attribute = active\n"
            "active_value = true\n"
        )
        self._give_away(self.folder / "mail")
        self._give_away(self.folder / "home")

    def _config(self) -> str:
        is_new = (version() or (2, 3)) >= (2, 4)
        me = pwd.getpwuid(os.geteuid()).pw_name
        group = _group_name(os.getegid())
        as_me = (
            f"default_internal_user = {me}\n"
            f"default_login_user = {me}\n"
            f"default_internal_group = {group}\n"
        )
        mailboxes = "\n".join(
            f"  mailbox {name} {{\n    special_use = {use}\n    auto = subscribe\n  }}"
            for name, use in self.special_folders.items()
        )
        head = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
        template = _SHARED + (_CONFIG_2_4 if is_new else _CONFIG_2_3)
        if self.introspection_url and is_new:
            template += _OAUTH_2_4
        values = {
            "d": str(self.folder),
            "imap_port": self.imap_port,
            "imaps_port": self.imaps_port,
            "lmtp_port": self.lmtp_port,
            "uid": self._uid,
            "gid": self._gid,
            "connections": self.connections_per_user,
            "users_of_dovecot": "" if os.geteuid() == 0 else as_me,
            # A process that serves many keeps its user id, so only for one user.
            "restart_count": "restart_request_count" if is_new else "service_count",
            "never": "unlimited" if is_new else "0",
            "service_count": 1 if self.first_uid else 256,
            "oauth_mechanisms": " xoauth2 oauthbearer" * bool(self.introspection_url),
            "introspection_url": self.introspection_url,
            "mailboxes": mailboxes,
            "mail_plugins": "",
            "imap_plugins": "imap_zlib" if _has_plugin("imap_zlib") else "",
            "imap_plugins_2_4": "",
        }
        values["oauth_passdb"] = (
            _OAUTH_2_3.format(**values) if self.introspection_url else ""
        )
        users = (
            (_MANY_USERS_2_4 if is_new else _MANY_USERS_2_3)
            if self.first_uid
            else (_ONE_USER_2_4 if is_new else _ONE_USER_2_3)
        )
        values["userdb"] = users.format(**values)
        config = template.format(**values)
        return (head if is_new else "") + config + self.extra_config + "\n"

    def _launch(self, program: str) -> None:
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(self.folder / "dovecot.conf")],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _wait_until_it_answers(self, program: str) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            if self._process is None:
                break
            if self._process.poll() is not None:
                if "Address already in use" not in self.log[-2000:]:
                    break
                # While it was down, somebody's connection got its port, for a moment.
                time.sleep(0.2)
                self._launch(program)
            if all(map(_says_hello, (self.imap_port, self.lmtp_port))):
                return
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"Dovecot does not start:\n{self.log[-2000:]}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if how is signal.SIGKILL:
            # Its children run in the session that was made for it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)
        else:
            process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def _give_away(self, path: Path) -> None:
        """Let Dovecot own what root made."""
        if os.geteuid() != 0:
            return
        subprocess.run(
            ["chown", "-R", f"{self._uid}:{self._gid}", str(path)], check=True
        )


def _program() -> str | None:
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin:/usr/local/sbin"
    return shutil.which("dovecot", path=path)


def _has_plugin(name: str) -> bool:
    return any(
        (Path(place) / f"lib30_{name}_plugin.so").exists()
        for place in ("/usr/lib/dovecot/modules", "/usr/lib64/dovecot/modules")
    )


def _group_name(gid: int) -> str:
    return grp.getgrgid(gid).gr_name


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _is_alive(group: int) -> bool:
    """Whether a process of this group can still do something; a zombie cannot."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def _says_hello(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            return connection.recv(3)[:1] in (b"*", b"2")
    except OSError:
        return False
