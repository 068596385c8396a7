"""What the scenarios share: starting daemons, talking to them, and saying what came out."""
