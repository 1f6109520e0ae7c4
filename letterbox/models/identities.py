"""Sign-in of people by their company's OpenID provider, and who is who there."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower


class IdentityProvider(models.Model):
    """A provider that says who somebody is; the client secret only sealed.

    `key` stands in addresses. The addresses of the provider are what its issuer
    published when this was saved.
    """

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    is_on = models.BooleanField(default=True)
    client_id = models.CharField(max_length=500)
    sealed_client_secret = models.TextField(blank=True)
    issuer = models.CharField(max_length=500)
    authorise_url = models.CharField(max_length=500)
    token_url = models.CharField(max_length=500)
    keys_url = models.CharField(max_length=500)
    userinfo_url = models.CharField(max_length=500, blank=True)
    # How we prove who we are: the names of oauth.values.ClientProof.
    proof = models.CharField(max_length=10, blank=True)
    scopes: Any = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    # Whether a confirmed address leads into the account that has it already.
    joins_by_address = models.BooleanField(default=True)
    creates_people = models.BooleanField(default=False)
    # Whether a new person may have an address that the provider did not confirm.
    takes_unconfirmed = models.BooleanField(default=False)
    # The only domains whose addresses get in by themselves; empty means any.
    domains: Any = ArrayField(
        models.CharField(max_length=253), default=list, blank=True
    )
    roles_claim = models.CharField(max_length=200, blank=True)
    # Whether those are refused for whom no claim gives a role.
    needs_role = models.BooleanField(default=False)
    # Whether it asks for a second factor itself, so that a role need not.
    has_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="one_identity_provider_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class ClaimedRole(models.Model):
    """A value of the claim, and the role that it gives; `*` is everybody."""

    provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="claimed_roles"
    )
    value = models.CharField(max_length=300)
    role = models.ForeignKey("Role", on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["value", "role__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "value", "role"], name="one_role_per_claim"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} = {self.role}"


class Identity(models.Model):
    """One person as one provider knows them, by a subject that never changes.

    `roles` are those that the last sign-in gave; what a colleague gave is not here.
    """

    user = models.ForeignKey(
        "User", on_delete=models.CASCADE, related_name="identities"
    )
    provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="identities"
    )
    subject = models.CharField(max_length=255)
    email = models.CharField(max_length=254, blank=True)
    roles: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "Role", blank=True, related_name="+"
    )
    connected_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Nobody is two people, and nobody speaks for two accounts.
            models.UniqueConstraint(
                fields=["provider", "subject"], name="one_user_per_subject"
            ),
            models.UniqueConstraint(
                fields=["provider", "user"], name="one_subject_per_user"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email or self.subject} at {self.provider}"
