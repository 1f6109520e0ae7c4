"""Tables, constraints, and questions about one row; never a verb that changes others.

The database keeps the promises: what must not happen twice is a constraint here.
"""

from letterbox.models.alerts import Alert, AlertNotice
from letterbox.models.contacts import Contact, ContactAddress
from letterbox.models.conversations import Conversation, Note, Reference, Tag
from letterbox.models.folders import Folder, Placement, RemoteChange
from letterbox.models.history import Event, Setting
from letterbox.models.identities import ClaimedRole, Identity, IdentityProvider
from letterbox.models.mailboxes import (
    Connection,
    ConnectionSlot,
    Health,
    HealthEvent,
    Lease,
    Mailbox,
    Traffic,
)
from letterbox.models.messages import Message, RawLetter, RawPiece
from letterbox.models.outgoing import OutgoingMail
from letterbox.models.people import Grant, Role, User
from letterbox.models.records import Case, Lead
from letterbox.models.rules import (
    AutoresponseRule,
    EmailTemplate,
    RuleTrial,
    RuleVersion,
    TemplateFile,
    TemplateTranslation,
)
from letterbox.models.signing_in import OAuthProvider, SignIn

__all__ = [
    "Alert",
    "AlertNotice",
    "AutoresponseRule",
    "Case",
    "ClaimedRole",
    "Connection",
    "ConnectionSlot",
    "Contact",
    "ContactAddress",
    "Conversation",
    "EmailTemplate",
    "Event",
    "Folder",
    "Grant",
    "Health",
    "HealthEvent",
    "Identity",
    "IdentityProvider",
    "Lead",
    "Lease",
    "Mailbox",
    "Message",
    "Note",
    "OAuthProvider",
    "OutgoingMail",
    "Placement",
    "RawLetter",
    "RawPiece",
    "Reference",
    "RemoteChange",
    "Role",
    "RuleTrial",
    "RuleVersion",
    "Setting",
    "SignIn",
    "Tag",
    "TemplateFile",
    "TemplateTranslation",
    "Traffic",
    "User",
]
