"""New words open; quotes, signatures and disclaimers closed; nothing ever cut.

blocks    fold(): text → blocks, and new_text()
html      the same in cleaned HTML
lines     what a line announces, in many languages
match     what equals text that the conversation already holds
tail      what stands under the words: sign-offs, signatures, duties
words, closings   the tables
"""

from letterbox.mime.fold.blocks import Block, Kind, fold, new_text

__all__ = ["Block", "Kind", "fold", "new_text"]
