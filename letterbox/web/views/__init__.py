"""One module per noun. A view is: reach, read, call, answer; nothing else fits."""
