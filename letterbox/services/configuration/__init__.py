"""The configuration of an installation as one document, out and in again.

    exporting    what is set up here, as plain values; never a secret
    house        … and what is there for the whole house beside settings
    references   where secrets are found
    comparing    two documents → lines of what differs
    applying     a document → the verbs that make it so

Mailboxes, rules, templates, roles, people's rights and settings; no letters, no people.
A password stands there as a reference: `{env: NAME}` or `{file: PATH}`. What a document
does not name is left alone; inside of a mailbox, a list that it has is the whole list.
"""
