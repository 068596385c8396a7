// Logging.
