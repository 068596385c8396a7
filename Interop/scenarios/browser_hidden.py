"""Chromium: in a hidden page, whose own timers come late, those of the browser library do not."""

from harness import browsers, daemons

ALONE = True

PERIOD_MS = 200
SECONDS = 6
# A hidden page's own timers come once a second.
OWN_MAX = SECONDS + 2

# Both count for as long as a worker says, whose time is never held up.
COUNT = """(async () => {
  const { Timers } = await import("/parley/clock.js");
  const timers = new Timers();
  const counts = { library: 0, page: 0 };
  const library = () => { counts.library += 1; timers.set("next", %(period)d, library); };
  const page = () => { counts.page += 1; setTimeout(page, %(period)d); };
  const code = "setTimeout(postMessage, %(length)d, 0)";
  const end = new Worker(URL.createObjectURL(new Blob([code])));
  library();
  page();
  await new Promise((resolve) => end.onmessage = resolve);
  return { ...counts, state: document.visibilityState };
})()"""


def run(context):
    """In a page of the server, so that its policy for pages counts too."""
    server = context.daemon(daemons.Parleyd(context.port(), context.port(), context.port()))
    with browsers.Chromium(background=True) as window:
        window.open(server.url + "/parley.d.ts")
        window.hide()
        seen = window.ask(COUNT % {"period": PERIOD_MS, "length": SECONDS * 1000})
    context.same("the page is hidden", seen["state"], "hidden")
    context.ok("its own timers come late", seen["page"] <= OWN_MAX, seen["page"])
    wanted = SECONDS * 1000 / PERIOD_MS / 2
    context.ok("those of the library come in time", seen["library"] >= wanted,
               f"{seen['library']} in {SECONDS} s")
