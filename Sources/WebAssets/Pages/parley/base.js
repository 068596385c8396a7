// What every part of the library stands on: its errors and its events.

export class ParleyError extends Error {
  constructor(code, message, { temporary = false, retryAfter, cause } = {}) {
    super(message, { cause });
    Object.assign(this, { name: "ParleyError", code, temporary, retryAfter });
  }
}

// An error that may not come again.
export const temporary = (code, text, cause) =>
  new ParleyError(code, text, { temporary: true, cause });

export const EMIT = Symbol("emit"); // so that only the library can emit
export const HEARD = Symbol("heard"); // whether anybody listens to an event

export class Emitter {
  #handlers = new Set();

  on(event, handler) {
    const entry = { event, handler };
    this.#handlers.add(entry);
    return () => this.#handlers.delete(entry);
  }

  [HEARD](event) { return [...this.#handlers].some((entry) => entry.event === event); }

  [EMIT](event, ...details) {
    if (event === "error" && !this[HEARD](event)) console.warn("parley:", ...details);
    for (const entry of [...this.#handlers]) {
      // A page's mistake in one handler must not stop the call.
      try { if (entry.event === event) entry.handler(...details); } catch (e) { reportError(e); }
    }
  }
}
