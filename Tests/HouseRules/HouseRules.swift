// House rules.
