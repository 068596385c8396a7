"""One file per scenario: a docstring that says what it shows, and `run(context)`."""
