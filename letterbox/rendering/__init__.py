"""Template + variables → text, in a sandbox that a hostile template cannot leave.

Nothing here knows the database or sends anything: callers hand in plain values.

    variables    what people may write between the braces, with its meaning
    filters      what they may do with it, each with a bound
    sandbox      render, check, and the limits
"""

from letterbox.rendering.sandbox import (
    Problem,
    TemplateError,
    check_template,
    render,
    render_subject,
)
from letterbox.rendering.variables import VARIABLES, Variable, sample_values

__all__ = [
    "VARIABLES",
    "Problem",
    "TemplateError",
    "Variable",
    "check_template",
    "render",
    "render_subject",
    "sample_values",
]
