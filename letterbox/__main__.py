"""`python -m letterbox`, for where the command is not on the PATH."""

from letterbox.management.cli import main

main()
