"""Keep the promises in OutgoingMail: claim, send, retry, settle."""
