"""The addresses of System: mailboxes, rules, templates, settings, history."""

from django.urls import URLPattern, path

from letterbox.web.views.system import (
    alerts,
    answer_settings,
    branding,
    history,
    mailbox,
    mailbox_health,
    mailboxes,
    outbox,
    pending_rules,
    rule_tries,
    rules,
    servers,
    sign_in_providers,
    templates,
)
from letterbox.web.views.system import settings as system_settings
from letterbox.web.views.system import sign_in as mailbox_sign_in

urlpatterns: list[URLPattern] = [
    path("system", mailboxes.system, name="system"),
    path("system/settings", system_settings.system_settings, name="system_settings"),
    path(
        "system/settings/retention-preview",
        system_settings.retention_preview,
        name="retention_preview",
    ),
    path("system/branding", branding.brand, name="branding"),
    path("system/history", history.system_history, name="system_history"),
    path("system/history.csv", history.history_export, name="history_export"),
    path("system/mailboxes", mailboxes.mailbox_list, name="system_mailboxes"),
    path("system/mailboxes/new", mailboxes.mailbox_new, name="mailbox_new"),
    path(
        "system/mailboxes/new/rules/new",
        pending_rules.pending_rule,
        name="pending_rule",
    ),
    path("system/connection-check", servers.connection_check, name="connection_check"),
    path("system/server-proposal", servers.server_proposal, name="server_proposal"),
    path("system/folder-preview", servers.folder_preview, name="folder_preview"),
    path("system/mailboxes/<int:mailbox_id>", mailbox.mailbox, name="mailbox"),
    path(
        "system/mailboxes/<int:mailbox_id>/general",
        mailbox.general,
        name="mailbox_general",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/synchronization",
        mailbox.synchronization,
        name="mailbox_synchronization",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/processing",
        mailbox.processing,
        name="mailbox_processing",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/processing/options",
        mailbox.processing_options,
        name="mailbox_processing_options",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/management",
        mailbox.management,
        name="mailbox_management",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/access",
        mailbox.mailbox_access,
        name="mailbox_access",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/activity",
        mailbox.activity,
        name="mailbox_activity",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/health",
        mailbox_health.health,
        name="mailbox_health",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/check",
        mailbox_health.check_now,
        name="mailbox_check",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/reconnection",
        mailbox_health.reconnect,
        name="mailbox_reconnection",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/folders/<int:folder_id>/repair",
        mailbox_health.folder_repair,
        name="folder_repair",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/stuck/<int:message_id>/plain",
        mailbox_health.stuck_plain,
        name="stuck_plain",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/folders/<int:folder_id>/past",
        mailbox_health.folder_past,
        name="folder_past",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/folders/<int:folder_id>/pause",
        mailbox_health.folder_pause,
        name="folder_pause",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/stuck/<int:message_id>/retry",
        mailbox_health.stuck_retry,
        name="stuck_retry",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/sign-in/<int:provider_id>",
        mailbox_sign_in.sign_in,
        name="mailbox_sign_in",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/sign-in/end",
        mailbox_sign_in.sign_in_end,
        name="mailbox_sign_in_end",
    ),
    path(
        "system/mailboxes/new/sign-in/<int:provider_id>",
        mailbox_sign_in.sign_in_new,
        name="mailbox_sign_in_new",
    ),
    path("system/alerts", alerts.alert_list, name="alerts"),
    path("system/alerts/count", alerts.alert_count, name="alert_count"),
    path("system/alerts/settings", alerts.alert_settings, name="alert_settings"),
    path(
        "system/sign-in-providers",
        sign_in_providers.provider_list,
        name="sign_in_providers",
    ),
    path(
        "system/sign-in-providers/new",
        sign_in_providers.provider_new,
        name="sign_in_provider_new",
    ),
    path(
        "system/sign-in-providers/<int:provider_id>",
        sign_in_providers.provider,
        name="sign_in_provider",
    ),
    path(
        "system/sign-in-providers/<int:provider_id>/removal",
        sign_in_providers.provider_removal,
        name="sign_in_provider_removal",
    ),
    # Registered at the providers, so it must not change.
    path(
        "system/mailboxes/oauth/return",
        mailbox_sign_in.sign_in_return,
        name="oauth_return",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/folders",
        mailboxes.mailbox_folders_page,
        name="mailbox_folders",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/switch",
        mailboxes.mailbox_switch,
        name="mailbox_switch",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/copy",
        mailboxes.mailbox_copy,
        name="mailbox_copy",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/removal",
        mailboxes.mailbox_removal,
        name="mailbox_removal",
    ),
    # System: rules, templates, outbox
    path(
        "system/mailboxes/<int:mailbox_id>/rules/new", rules.rule_new, name="rule_new"
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/rule-trials",
        rule_tries.rule_trials,
        name="rule_trials",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/processing-trials",
        rule_tries.processing_trials,
        name="processing_trials",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/answer-previews",
        rule_tries.answer_previews,
        name="answer_previews",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/test-letters",
        rule_tries.test_letters,
        name="test_letters",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/answer-settings",
        answer_settings.answer_settings,
        name="answer_settings",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/breaker",
        answer_settings.breaker,
        name="mailbox_breaker",
    ),
    path(
        "system/mailboxes/<int:mailbox_id>/held-answers",
        answer_settings.held_answers,
        name="held_answers",
    ),
    path("system/trials/<int:trial_id>", rule_tries.trial, name="trial"),
    path("system/rules/<int:rule_id>", rules.rule, name="rule"),
    path("system/rules/<int:rule_id>/switch", rules.switch, name="rule_switch"),
    path("system/rules/<int:rule_id>/copy", rules.copy, name="rule_copy"),
    path("system/rules/<int:rule_id>/removal", rules.removal, name="rule_removal"),
    path("system/rules/<int:rule_id>/place", rules.place, name="rule_place"),
    path("system/rules/<int:rule_id>/versions", rules.versions, name="rule_versions"),
    path(
        "system/rules/<int:rule_id>/versions/<int:number>/restoration",
        rules.restoration,
        name="rule_restoration",
    ),
    path("system/templates", templates.template_list, name="templates"),
    path("system/templates/new", templates.template_new, name="template_new"),
    path(
        "system/template-previews",
        templates.template_previews,
        name="template_previews",
    ),
    path("system/templates/<int:template_id>", templates.template, name="template"),
    path(
        "system/templates/<int:template_id>/clone",
        templates.clone,
        name="template_clone",
    ),
    path(
        "system/templates/<int:template_id>/removal",
        templates.removal,
        name="template_removal",
    ),
    path("outbox", outbox.outbox, name="outbox"),
    path(
        "outbox/<int:outgoing_id>/settlement",
        outbox.settlement,
        name="outgoing_settlement",
    ),
]
