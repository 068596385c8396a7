// Timers that come in time while the page is hidden.
//
// Browsers let the timers of a hidden page wait for up to a minute, but not those of a worker, and
// the heartbeat must not be late. So in a hidden page a worker runs each timer as well, and the
// first counts. Where a page's policy forbids workers (`worker-src blob:`), the page's is all.

const WORKER = "onmessage = ({ data: [id, ms] }) => setTimeout(postMessage, ms, id)";

const waiting = new Map(); // id to what is to be done
let last = 0;
let worker;

const fire = (id) => waiting.get(id)?.();

function start() {
  try {
    worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })));
    worker.onmessage = ({ data }) => fire(data);
  } catch {
    worker = null;
  }
}

/** Named timers of one owner: one of each name at a time. */
export class Timers {
  #ids = new Map(); // name to id

  set(name, ms, action) {
    this.clear(name);
    const id = ++last;
    const pause = Math.min(ms, 2 ** 31 - 1); // what setTimeout takes
    this.#ids.set(name, id);
    waiting.set(id, () => { this.clear(name); action(); });
    setTimeout(fire, pause, id);
    if (!globalThis.document?.hidden) return;
    if (worker === undefined) start();
    worker?.postMessage([id, pause]);
  }

  has(name) { return this.#ids.has(name); }

  clear(...names) {
    for (const name of names.length ? names : [...this.#ids.keys()]) {
      waiting.delete(this.#ids.get(name));
      this.#ids.delete(name);
    }
  }
}
