"""What can go wrong with a permission to open a mailbox.

    OauthError
    ├── SignInAgain      the provider takes it back, or a person must consent anew
    ├── Misregistered    the provider does not know us as we introduce ourselves
    └── NotNow           the provider cannot be asked just now; try again later

Callers decide by class. The sentences are for people and hold no token, no code and
no secret.
"""


class OauthError(Exception):
    """Any trouble with a permission; `cure` says what to do about it."""

    cure = ""

    @property
    def is_lasting(self) -> bool:
        """Whether only a person can mend it."""
        return True


class SignInAgain(OauthError):
    """The permission is over; somebody has to sign in once more."""

    cure = (
        "Sign in again under Synchronization. Nothing is lost: Letterbox goes on where "
        "it stopped."
    )


class Misregistered(OauthError):
    """Our registration at the provider must be mended first."""

    cure = (
        "Check client ID, client secret and addresses under System, Sign-in providers; "
        "a client secret may have expired. Mailboxes go on by themselves afterwards."
    )


class NotNow(OauthError):
    """The provider cannot be reached, or is too busy."""

    cure = "Nothing: Letterbox asks again by itself."

    @property
    def is_lasting(self) -> bool:
        """Time mends it."""
        return False
