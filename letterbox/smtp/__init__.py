"""One typed SMTP conversation with a server: hand over a letter, or check that we could.

No Django, no retries, no queue: `outbound` decides what becomes of a failure, and it
can, because every failure is a class that says whether a copy may be out.

    settings    how to reach a server, and what it answered
    errors      what can go wrong
    wire        the conversation itself, bounded in time and bytes
    opening     the steps from a host name to a server that knows us
    signing_in  passwords and tokens
    session     one letter to its recipients
    check       the same steps one by one, for the settings page
"""
