"""Bytes ⇄ values: what a letter says, never what becomes of it.

Everything here is pure: no Django, no sockets. Whatever the bytes are, the functions
return; they never raise because a letter is odd.

    letter        the values that the other modules speak in
    parse         bytes → Letter
    attachments   the bytes of an attachment, sliced on demand
    build         Draft → bytes
    markup        tags of HTML, read in linear time
    message_ids   Message-IDs that we sign and know again
    classify      Letter → human, list, auto-reply, bounce … and why
    bounces       what became of a letter of ours
    address_kinds what an address says: a person, a robot, a role
    tables        words in many languages, read from data/
    language      in which language a letter is written
    subjects      subjects without Re: and Fwd:, in many languages
    fold          text → new words, quotes, signatures
    forwarded     whose letter a colleague passed on
    calendar      what an invitation invites to
    clean, text   hostile HTML → harmless HTML, or plain words
"""
