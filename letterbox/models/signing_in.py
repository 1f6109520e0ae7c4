"""Sign-in at providers such as Google: who we are there, and what a mailbox got."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower


class OAuthProvider(models.Model):
    """Letterbox's registration at a provider; the client secret only sealed.

    `kind` is text checked against `oauth.providers.KINDS`. The addresses are empty
    where the kind knows them.
    """

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    client_id = models.CharField(max_length=500)
    sealed_client_secret = models.TextField(blank=True)
    client_secret_expires_on = models.DateField(null=True, blank=True)
    # Microsoft: the directory whose accounts may sign in.
    tenant = models.CharField(max_length=200, blank=True)
    issuer = models.CharField(max_length=500, blank=True)
    authorise_url = models.CharField(max_length=500, blank=True)
    token_url = models.CharField(max_length=500, blank=True)
    revoke_url = models.CharField(max_length=500, blank=True)
    # How we prove who we are: the names of oauth.values.ClientProof.
    proof = models.CharField(max_length=10, blank=True)
    scopes: Any = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="one_provider_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SignIn(models.Model):
    """The permission of one account to open a mailbox; tokens only sealed.

    IMAP and SMTP share it, since a provider may end a refresh token that is used
    twice. It stays when the permission ends, so that a person can renew it.

    `fence` rises with every claim and every new sign-in: who was overtaken while the
    provider thought writes nothing.
    """

    mailbox = models.OneToOneField(
        "Mailbox", on_delete=models.CASCADE, related_name="sign_in"
    )
    # A provider that mailboxes are opened by cannot be removed.
    provider = models.ForeignKey(
        OAuthProvider, on_delete=models.PROTECT, related_name="sign_ins"
    )
    # Who signed in; may be a person whom the provider lets into the mailbox.
    account = models.CharField(max_length=320, blank=True)
    sealed_refresh_token = models.TextField(blank=True)
    sealed_access_token = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # When the permission ends unless it is used; empty where nobody says.
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField()
    connected_by = models.ForeignKey("User", on_delete=models.SET_NULL, null=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.mailbox_id} by {self.provider_id}"

    @property
    def is_connected(self) -> bool:
        """Whether the permission holds, as far as is known."""
        return self.ended_at is None and bool(self.sealed_refresh_token)
