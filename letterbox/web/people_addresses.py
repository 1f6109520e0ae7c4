"""The addresses of people: signing in, being invited, users, roles, providers."""

from django.urls import URLPattern, path

from letterbox.web.views import (
    brand,
    first_run,
    language,
    new_password,
    provider_sign_in,
    sign_in,
)
from letterbox.web.views.system import identity_providers, people, roles

urlpatterns: list[URLPattern] = [
    path("account/login/", sign_in.sign_in, name="account_login"),
    path(
        "account/password/forgotten",
        new_password.password_forgotten,
        name="password_forgotten",
    ),
    path(
        "account/password/new/<str:token>",
        new_password.new_password,
        name="new_password",
    ),
    # These stand before the addresses of allauth, which would answer them.
    path("account/signup/", new_password.closed),
    path("account/email/", new_password.closed),
    path("account/confirm-email/", new_password.closed),
    path("account/confirm-email/<str:key>/", new_password.closed),
    path("account/password/reset/", new_password.closed),
    path("account/password/reset/<str:key>/", new_password.closed),
    path("account/password/reset/key/<str:key>/", new_password.closed),
    path(
        "account/sign-in/<str:key>",
        provider_sign_in.provider_sign_in,
        name="provider_sign_in",
    ),
    # Registered at the providers, so it must not change.
    path(
        "account/provider-return",
        provider_sign_in.provider_return,
        name="provider_return",
    ),
    path("account/language", language.language, name="language"),
    path("account/connections", provider_sign_in.connections, name="connections"),
    path(
        "account/connections/<str:key>/end",
        provider_sign_in.connection_end,
        name="connection_end",
    ),
    path("brand/style.css", brand.brand_style, name="brand_style"),
    path("brand/<str:name>", brand.brand_logo, name="brand_logo"),
    path("first-run", first_run.first_run, name="first_run"),
    path("system/people", people.people_list, name="people"),
    path("system/people/new", people.person_new, name="person_new"),
    path("system/people/<int:user_id>", people.person, name="person"),
    path(
        "system/people/<int:user_id>/switch",
        people.person_switch,
        name="person_switch",
    ),
    path(
        "system/people/<int:user_id>/sign-out",
        people.person_sign_out,
        name="person_sign_out",
    ),
    path(
        "system/people/<int:user_id>/second-factor",
        people.person_second_factor,
        name="person_second_factor",
    ),
    path(
        "system/people/<int:user_id>/password-link",
        people.person_password_link,
        name="person_password_link",
    ),
    path(
        "system/people/<int:user_id>/connections/<str:key>/end",
        people.person_connection_end,
        name="person_connection_end",
    ),
    path("invitation/<str:key>/<str:token>", people.invitation, name="invitation"),
    path("system/roles", roles.role_list, name="roles"),
    path("system/roles/new", roles.role_new, name="role_new"),
    path("system/roles/<int:role_id>", roles.role, name="role"),
    path("system/roles/<int:role_id>/removal", roles.role_removal, name="role_removal"),
    path(
        "system/user-sign-in",
        identity_providers.identity_provider_list,
        name="identity_providers",
    ),
    path(
        "system/user-sign-in/new",
        identity_providers.identity_provider_new,
        name="identity_provider_new",
    ),
    path(
        "system/user-sign-in/<int:identity_provider_id>",
        identity_providers.identity_provider,
        name="identity_provider",
    ),
    path(
        "system/user-sign-in/<int:identity_provider_id>/removal",
        identity_providers.identity_provider_removal,
        name="identity_provider_removal",
    ),
]
