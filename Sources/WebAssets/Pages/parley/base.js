// What every part of the library stands on: its errors and its events.

/** Everything that goes wrong is one of these: `code` is stable, `message` is for people. */
export class ParleyError extends Error {
  constructor(code, message, { temporary = false, retryAfter, cause } = {}) {
    super(message, { cause });
    Object.assign(this, { name: "ParleyError", code, temporary, retryAfter });
  }
}

export const temporary = (code, text, cause) => new ParleyError(code, text, { temporary: true, cause });

/** Joins a room; resolves once the server let us in, rejects with a ParleyError. */

export const EMIT = Symbol("emit"); // so that only the library can emit

/** Whatever has events. */
export class Emitter {
  #handlers = new Set();

  /** Calls `handler` at each `event`; returns a function that ends this. */
  on(event, handler) {
    const entry = { event, handler };
    this.#handlers.add(entry);
    return () => this.#handlers.delete(entry);
  }

  [EMIT](event, ...details) {
    const handlers = [...this.#handlers].filter((entry) => entry.event === event);
    if (event === "error" && !handlers.length) console.warn("parley:", ...details);
    for (const { handler } of handlers) {
      // A page's mistake in one handler must not stop the call.
      try { handler(...details); } catch (error) { reportError(error); }
    }
  }
}
