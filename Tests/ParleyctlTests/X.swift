// Placeholder of tests.
