"""People inside: users, their roles, and what either may do in one mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import pgettext_lazy


class UserManager(BaseUserManager["User"]):
    """Makes users; Django's commands and tests call it."""

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Make a user who may sign in; without a password only by a link."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Addresses compare without case: nobody remembers how theirs was typed."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person inside, known by an e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    signature = models.TextField(blank=True)
    language = models.CharField(max_length=12, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    roles: models.ManyToManyField[Role, Any] = models.ManyToManyField(
        "Role", related_name="members", blank=True
    )

    # Whether `access` keeps in `granted` what this object's first question found, for
    # as long as the object lives: for requests that only read (`web.once`).
    asks_once = False
    granted: Mapping[int, int] | None = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ["name", "email"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_address"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        """One or two letters for the round badge."""
        words = (self.name or self.email).replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


class Role(models.Model):
    """A named set of people's abilities.

    `abilities` are names that `access.ABILITIES` lists; they say what a member may
    administer. They give no right to read mail: that is what a Grant is for.
    """

    name = models.CharField(max_length=100, unique=True)
    abilities = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    requires_two_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """What a role or a user may do in one mailbox; each level includes the lower."""

    class Ability(models.IntegerChoices):
        """Ordered, so that `ability__gte` asks for at least."""

        READ = 10, pgettext_lazy("in a mailbox", "read")
        REPLY = 20, pgettext_lazy("in a mailbox", "reply")
        MANAGE = 30, pgettext_lazy("in a mailbox", "manage")

    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, related_name="grants"
    )
    role = models.ForeignKey(
        Role, on_delete=models.CASCADE, null=True, blank=True, related_name="grants"
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="grants"
    )
    ability = models.PositiveSmallIntegerField(choices=Ability.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__isnull=False, user__isnull=True)
                | Q(role__isnull=True, user__isnull=False),
                name="grant_is_for_a_role_or_a_user",
            ),
            models.UniqueConstraint(
                fields=["mailbox", "role"], name="one_grant_per_role"
            ),
            models.UniqueConstraint(
                fields=["mailbox", "user"], name="one_grant_per_user"
            ),
        ]
        ordering = [F("mailbox").asc(), F("ability").desc()]

    def __str__(self) -> str:
        return f"{self.role or self.user} may {self.get_ability_display()}"
