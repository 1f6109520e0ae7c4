"""The addresses of daily work: the inbox, conversations, messages, records, search."""

from django.urls import URLPattern, path

from letterbox.web.views import (
    contacts,
    conversations,
    events,
    inbox,
    message_decisions,
    messages,
    outgoing,
    pictures,
    records,
    search,
    threads,
)

urlpatterns: list[URLPattern] = [
    path("", inbox.home, name="home"),
    path("events", events.events, name="events"),
    path("inbox", inbox.inbox, name="inbox"),
    path("search", search.search, name="search"),
    # conversations
    path(
        "conversations/<int:conversation_id>",
        conversations.conversation,
        name="conversation",
    ),
    path(
        "conversations/<int:conversation_id>/newer",
        conversations.newer,
        name="conversation_newer",
    ),
    path(
        "conversations/<int:conversation_id>/replies",
        conversations.reply,
        name="conversation_replies",
    ),
    path(
        "conversations/<int:conversation_id>/notes",
        conversations.note,
        name="conversation_notes",
    ),
    path(
        "conversations/<int:conversation_id>/closure",
        conversations.closure,
        name="conversation_closure",
    ),
    path(
        "conversations/<int:conversation_id>/assignment",
        conversations.assignment,
        name="conversation_assignment",
    ),
    path(
        "conversations/<int:conversation_id>/snooze",
        conversations.snooze,
        name="conversation_snooze",
    ),
    path(
        "conversations/<int:conversation_id>/spam",
        conversations.spam,
        name="conversation_spam",
    ),
    path(
        "conversations/<int:conversation_id>/records",
        conversations.records_of,
        name="conversation_records",
    ),
    path(
        "conversations/<int:conversation_id>/merging",
        threads.merging_page,
        name="conversation_merging",
    ),
    path(
        "conversations/<int:conversation_id>/events/<int:event_id>/undoing",
        threads.undoing,
        name="event_undoing",
    ),
    # messages
    path("messages/<int:message_id>", messages.message, name="message"),
    path("messages/<int:message_id>/body", messages.body, name="message_body"),
    path(
        "messages/<int:message_id>/answers",
        message_decisions.answers,
        name="message_answers",
    ),
    path(
        "messages/<int:message_id>/sender-decision",
        message_decisions.sender_decision,
        name="sender_decision",
    ),
    path("messages/<int:message_id>/raw", messages.raw, name="message_raw"),
    path("messages/<int:message_id>/whole", messages.fetch_whole, name="message_whole"),
    path("messages/<int:message_id>/picture", pictures.picture, name="message_picture"),
    path(
        "messages/<int:message_id>/separation",
        threads.separation,
        name="message_separation",
    ),
    path("messages/<int:message_id>/doubts", threads.doubts, name="message_doubts"),
    path(
        "messages/<int:message_id>/original-sender",
        threads.original_sender,
        name="message_original",
    ),
    path(
        "messages/<int:message_id>/attachments/<int:index>/letter",
        messages.nested_letter,
        name="nested_letter",
    ),
    path(
        "messages/<int:message_id>/attachments/<int:index>/letter/body",
        messages.nested_body,
        name="nested_body",
    ),
    path(
        "messages/<int:message_id>/attachments/<int:index>/letter/<int:inner>",
        messages.nested_attachment,
        name="nested_attachment",
    ),
    path(
        "messages/<int:message_id>/attachments/<int:index>",
        messages.attachment,
        name="message_attachment",
    ),
    # the outbox
    path("outbox/<int:outgoing_id>", outgoing.outgoing, name="outgoing"),
    path(
        "outbox/<int:outgoing_id>/retraction",
        outgoing.retraction,
        name="outgoing_retraction",
    ),
    path("outbox/<int:outgoing_id>/release", outgoing.release, name="outgoing_release"),
    path(
        "outbox/<int:outgoing_id>/discarding",
        outgoing.discarding,
        name="outgoing_discarding",
    ),
    # what grows from conversations
    path("cases", records.record_list, {"kind": records.CASES}, name="cases"),
    path("cases/<int:record_id>", records.record, {"kind": records.CASES}, name="case"),
    path("leads", records.record_list, {"kind": records.LEADS}, name="leads"),
    path("leads/<int:record_id>", records.record, {"kind": records.LEADS}, name="lead"),
    path("contacts", contacts.contact_list, name="contacts"),
    path("contacts/<int:contact_id>", contacts.contact, name="contact"),
]
