"""Bytes → Letter, whatever the bytes are.

assemble       the one door: parse_letter; parse_headers where nothing else is asked
tree           the MIME entities of a letter, with their places in the bytes
headers        header fields: unfolding, parameters, dates, ids
addresses      address lists, as they are really written
encoded_words  RFC 2047 in all its broken forms
body, leaf     which parts are the text, and what the others are
charsets …     declared, repaired, guessed, replaced
transfer …     base64, quoted-printable, flowed, uuencode, winmail.dat, S/MIME
"""

from letterbox.mime.parse.assemble import parse_headers, parse_letter

__all__ = ["parse_headers", "parse_letter"]
