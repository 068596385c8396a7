// Event loop.
