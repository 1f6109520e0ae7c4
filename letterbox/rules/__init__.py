"""Facts and conditions → verdict and trace: whether a letter is answered, and why.

Everything here is pure: no Django, no database, no clock of its own. The pipeline,
the dry run and the explain card therefore call the same functions.

    facts        what a decision may see of a letter
    folding      text → the form in which two texts are compared
    seen         what one field of one letter holds, in the forms that are needed
    fields       the registry of what a condition can look at
    operators    the registry of how it can look
    conditions   Condition, Group, EveryMessage; their JSON and its problems
    budgets      how many automatic answers may go out, counted over those that did
    questions    what a guard is asked and what it says; trust and waivers
    guards       the registry of what forbids an automatic answer, whatever rules say
    engine       decide(): facts, rules, guards → Verdict
    trace        why, step by step, as JSON; what of it who may see
    answer_settings   budgets, hours and age limit of one mailbox, as JSON
    calendars    business hours and holidays, in a time zone
    claims       what conditions say about one another
    lint         what is probably wrong with a rule, told on saving
    compare      what changed between two versions of a rule
"""
