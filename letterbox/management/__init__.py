"""Commands for people who run Letterbox; `letterbox` (cli.py) is the one entry."""
