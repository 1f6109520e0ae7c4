"""One typed OAuth 2.0 conversation with a provider that mailboxes are opened by.

`values` what is asked and got, `providers` what is known of Google and Microsoft,
`conversation` the requests, `errors` what can go wrong. Knows no Django and stores
nothing.
"""
