"""Named tuples by the hundred thousand."""

made = tuple.__new__
"""`made(Kind, (…))` makes a named tuple of all its members in less than half of the time its constructor takes."""
