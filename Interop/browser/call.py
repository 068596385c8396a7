#!/usr/bin/env python3
"""Two real pages of the demo in one room, relay only: does the call work, and is it counted right?

usage: call.py BASE_URL ADMIN_URL [--screenshot FILE]

BASE_URL is where `parleyd --dev` serves the demo (http://127.0.0.1:8080), ADMIN_URL where its
admin endpoint listens (http://127.0.0.1:8081). Needs Chromium with its driver, and selenium.
Prints one line per check, `ok - …` or `not ok - …`, and exits 1 if one was not ok.

Nothing here sleeps for a fixed time and hopes: every wait is for a condition, with a deadline.
"""

import argparse
import json
import secrets
import shutil
import sys
import time
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from cuttable import CuttableProxy

DEADLINE_S = 30
POLL_S = 0.05

CHROMIUM_FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # The relay is on loopback, which WebRTC leaves out otherwise.
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--window-size=1280,800",
]

# What the browser knows about the call: the pair in use, and everything that went through the
# same relay address. Chromium answers getStats from a cache of 50 ms, so it is asked until the
# answer is younger than the question.
STATS_JS = """
const done = arguments[arguments.length - 1];
(async () => {
  const peer = [...parleyDemo.room.peers.values()][0];
  const asked = performance.timeOrigin + performance.now();
  let report, transport;
  do {
    report = await peer.connection.getStats();
    transport = [...report.values()].find((s) => s.type === "transport");
  } while (transport.timestamp < asked);
  const all = [...report.values()];
  const pair = report.get(transport.selectedCandidatePairId);
  const sum = (list, name) => list.reduce((n, s) => n + (s[name] ?? 0), 0);
  const ways = all.filter((s) => s.type === "candidate-pair" &&
    s.localCandidateId === pair.localCandidateId);
  const end = (id) => {
    const { candidateType, protocol, relayProtocol, address, port } = report.get(id);
    return { candidateType, protocol, relayProtocol, address, port };
  };
  return {
    local: end(pair.localCandidateId), remote: end(pair.remoteCandidateId),
    relays: all.filter((s) => s.type === "local-candidate" && s.candidateType === "relay")
      .map(({ address, port }) => `${address}:${port}`),
    bytesSent: sum(ways, "bytesSent"), bytesReceived: sum(ways, "bytesReceived"),
    packetsSent: sum(ways, "packetsSent"), packetsReceived: sum(ways, "packetsReceived"),
    checksSent: sum(ways, "requestsSent") + sum(ways, "responsesSent"),
    checksReceived: sum(ways, "requestsReceived") + sum(ways, "responsesReceived"),
  };
})().then((value) => done({ value }), (error) => done({ error: String(error) }));
"""

FRAMES_JS = """
const done = arguments[arguments.length - 1];
const peer = [...(parleyDemo.room?.peers.values() ?? [])][0];
if (!peer) return done({ video: 0, audio: 0 });
peer.connection.getStats().then((report) => {
  const inbound = [...report.values()].filter((s) => s.type === "inbound-rtp");
  const of = (kind) => inbound.find((s) => s.kind === kind);
  done({ video: of("video")?.framesDecoded ?? 0, audio: of("audio")?.packetsReceived ?? 0 });
});
"""

# The demo sends back what starts with "echo:".
ECHO_JS = """
const [count, done] = arguments;
const peer = [...parleyDemo.room.peers.values()][0];
const back = [];
const end = () => { stop(); clearTimeout(timer); done(back); };
const stop = peer.on("data", (data) => { back.push(data); if (back.length === count) end(); });
const timer = setTimeout(end, 15_000);
for (let i = 0; i < count; i += 1) peer.send(`echo:${i} ${"x".repeat(i * 8)}`);
"""

QUIET_JS = """
for (const { connection } of parleyDemo.room.peers.values()) {
  for (const sender of connection.getSenders()) sender.replaceTrack(null);
}
"""

UP_JS = """
const room = window.parleyDemo?.room;
if (room?.state !== "connected" || room.peers.size !== 1) return false;
const peer = [...room.peers.values()][0];
return peer.state === "connected" && peer.channel.readyState === "open";
"""


class Failure(Exception):
    """What the rest of a scenario builds on did not happen."""


class Checks:
    """Prints a line per check and remembers whether all were good."""

    def __init__(self):
        self.failed = 0

    def check(self, good, what, detail=""):
        print(f"{'ok' if good else 'not ok'} - {what}" + (f" ({detail})" if detail else ""),
              flush=True)
        self.failed += not good

    def equal(self, got, wanted, what):
        self.check(got == wanted, what, f"{got}" if got == wanted else f"{got}, not {wanted}")

    def within(self, low, value, high, what):
        self.check(low <= value <= high, what, f"{low} <= {value} <= {high}")


def wait_for(condition, what, seconds=DEADLINE_S):
    """The first true value of `condition`, or a Failure that says what did not come.

    `what` is text, or gives it, when it is to tell how things were in the end.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(POLL_S)
    raise Failure(f"not within {seconds} s: {what() if callable(what) else what}")


class Page:
    """One browser with the demo in it."""

    def __init__(self, name, source):
        self.name = name
        self.source = source
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
        for flag in CHROMIUM_FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(shutil.which("chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_script_timeout(DEADLINE_S)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def js_async(self, script, *arguments):
        return self.driver.execute_async_script(script, *arguments)

    def join(self, base, room):
        """As a person does it: open the link, choose, press Join."""
        self.driver.get(f"{base}/?source={self.source}&name={self.name}#{room}")
        wait_for(lambda: self.js("return document.body.dataset.source"), "the lobby's preview")
        shown = self.js("return document.body.dataset.source")
        if shown != self.source:
            raise Failure(f"the lobby shows the {shown}, not the {self.source}")
        self.driver.find_element(By.CSS_SELECTOR, ".switch").click()
        self.driver.find_element(By.ID, "join").click()
        wait_for(lambda: self.js("return !!parleyDemo.room || !!parleyDemo.joinError"), "the join")
        if not self.js("return !!parleyDemo.room"):
            raise Failure("joining failed: " + self.text("notice-text"))

    def text(self, element):
        return self.js("return document.getElementById(arguments[0]).textContent", element)

    def state(self):
        return self.js("return parleyDemo.room?.state")

    def peer(self):
        return self.js("return [...parleyDemo.room.peers.keys()][0]")

    def up(self):
        return self.js(UP_JS)

    def frames(self):
        return self.js_async(FRAMES_JS)

    def stats(self):
        answer = self.js_async(STATS_JS)
        if "error" in answer:
            raise Failure(f"{self.name}'s statistics: {answer['error']}")
        return answer["value"]

    def echoes(self, count):
        return self.js_async(ECHO_JS, count)

    def caption(self):
        text = self.js("return document.querySelector('.tile:not(.self) figcaption').textContent")
        return " ".join(text.split())

    def problems(self):
        """Errors of the page itself, and what the browser wrote to its console as errors."""
        logged = [entry["message"] for entry in self.driver.get_log("browser")
                  if entry["level"] == "SEVERE"]
        return self.js("return window.parleyDemo?.errors ?? []") + logged


class Relay:
    """The counters of the relay, without allocations that are not ours."""

    def __init__(self, admin):
        self.url = admin.rstrip("/") + "/allocations"
        self.others = {allocation["id"] for allocation in self.all()}

    def all(self):
        with urllib.request.urlopen(self.url, timeout=DEADLINE_S) as answer:
            return json.load(answer)["allocations"]

    def ours(self):
        """By relay address, as the candidates name it."""
        return {a["relay"]: a for a in self.all() if a["id"] not in self.others}


def call_comes_up(pages, room, base):
    for page in pages:
        page.join(base, room)
    for page in pages:
        wait_for(page.up, lambda: f"{page.name}'s connection and data channel "
                 f"({page.state()}, notice {page.text('notice-text')!r})")


def check_media(checks, pages, when):
    for page in pages:
        before = page.frames()

        def more():
            now = page.frames()
            return now["video"] >= before["video"] + 20 and now["audio"] > before["audio"]

        try:
            wait_for(more, "", 20)
            good = True
        except Failure:
            good = False
        checks.check(good, f"{page.name} decodes video and gets audio {when}",
                     f"{before} then {page.frames()}")


def check_echoes(checks, pages, count):
    for page in pages:
        wanted = [f"{i} {'x' * (i * 8)}" for i in range(count)]
        back = page.echoes(count)
        checks.check(back == wanted, f"{count} messages of {page.name} over the data channel come "
                     "back in order", f"{len(back)} came")


def address(candidate):
    host = candidate["address"]
    return f"[{host}]:{candidate['port']}" if ":" in host else f"{host}:{candidate['port']}"


def check_pairs(checks, pages):
    stats = [page.stats() for page in pages]
    for page, mine, theirs in zip(pages, stats, reversed(stats)):
        kinds = (mine["local"]["candidateType"], mine["local"]["relayProtocol"])
        checks.equal(kinds, ("relay", "udp"), f"{page.name}'s own end is a relay over UDP")
        # A check that is faster than its candidate makes the far end `prflx` for a while; what
        # counts is that it is the other's relay address.
        checks.equal(address(mine["remote"]), address(theirs["local"]),
                     f"{page.name}'s far end is the other's relay address")
        shown = f"relay udp {address(mine['local'])}"
        wait_for(lambda: page.caption().startswith(shown),
                 lambda: f"{page.name}'s page to show {shown!r}; it shows {page.caption()!r}")
        checks.check("through the relay" in page.caption(),
                     f"{page.name}'s page shows the pair and its bytes", page.caption())


def still_moment(pages, relay):
    """Counters of both browsers and of the relay that belong to the same instant.

    The media was stopped, so that only a check or an RTCP packet passes now and then. When the
    relay's counters are the same before and after the browsers were asked, nothing passed.
    """
    def attempt():
        before = relay.ours()
        stats = [page.stats() for page in pages]
        after = relay.ours()
        return (stats, after) if before == after else None

    return wait_for(attempt, "a moment without traffic at the relay")


# A STUN message on its way to the peer: at least a header, XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY
# and FINGERPRINT (a response: 20 + 12 + 24 + 8); at most a request with a long USERNAME and the
# browser's own attributes.
CHECK_BYTES = (64, 200)
# What TURN puts around data: 4 bytes of ChannelData, or a Send or Data indication with
# XOR-PEER-ADDRESS (12, or 24 for IPv6) and DATA (4, and up to 3 of padding) around 20 of header.
FRAMING_BYTES = (4, 51)
# A TURN request or answer at the client's side (credentials, realm, nonce).
CONTROL_BYTES_MAX = 512


def check_counters(checks, pages, relay):
    """The relay's bill against what both browsers say they sent and got.

    The browser counts on a pair the UDP payload of media and data, and leaves out the ICE checks,
    which it only counts by number; the relay's peer side counts both. Nothing is lost on loopback,
    so with the checks bounded by their size the two must agree: what the relay has more than the
    browser is explained by the number of checks, and not one byte less is allowed. Only the very
    first checks may be missing, which came before the permission that they need; those the relay
    has counted as dropped.
    """
    for page in pages:
        page.js(QUIET_JS)
    stats, allocations = still_moment(pages, relay)
    for page, mine in zip(pages, stats):
        own = allocations.get(address(mine["local"]))
        if not own:
            checks.check(False, f"the relay lists {page.name}'s allocation", str(mine["local"]))
            continue
        for way, relayed, word in (("sent", own["toPeer"], "Sent"),
                                   ("received", own["fromPeer"], "Received")):
            count, least = mine[f"checks{word}"], mine[f"bytes{word}"]
            sure = max(0, count - own["drops"])
            # A check that came from the peer before its permission was counted as it arrived and
            # dropped: the browser never saw it.
            most = count + (own["drops"] if way == "received" else 0)
            checks.check(least > 100_000, f"{page.name} {way} enough to compare", f"{least} bytes")
            checks.within(least + CHECK_BYTES[0] * sure, relayed["bytes"],
                          least + CHECK_BYTES[1] * most,
                          f"the relay counts the bytes that {page.name} {way}, plus {count} checks")
            packets = mine[f"packets{word}"]
            checks.within(packets + sure, relayed["packets"], packets + most,
                          f"the relay counts the packets that {page.name} {way}")
        for outside, inside, way in ((own["fromClient"], own["toPeer"], "from"),
                                     (own["toClient"], own["fromPeer"], "to")):
            control = outside["packets"] - inside["packets"]
            checks.within(inside["bytes"] + FRAMING_BYTES[0] * inside["packets"] + 1,
                          outside["bytes"],
                          inside["bytes"] + FRAMING_BYTES[1] * inside["packets"]
                          + CONTROL_BYTES_MAX * control,
                          f"what comes {way} {page.name} is that plus TURN's framing")
    # What one allocation sends to its peer, another gets from it. A check can come before its
    # receiver has given permission: that is dropped, and counted as such.
    sent = sum(a["toPeer"]["packets"] for a in allocations.values())
    got = sum(a["fromPeer"]["packets"] for a in allocations.values())
    drops = sum(a["drops"] for a in allocations.values())
    checks.within(sent - drops, got, sent, f"packets between the allocations add up, {drops} drops")


def check_problems(checks, pages, allowed=()):
    for page in pages:
        found = [p for p in page.problems() if not any(a in p for a in allowed)]
        checks.check(not found, f"{page.name}'s page has no errors", "; ".join(found))


def leave(checks, pages, relay):
    for page in pages:
        page.driver.find_element(By.ID, "leave").click()
    try:
        wait_for(lambda: not relay.ours(), "", 10)
    except Failure:
        pass
    checks.equal(len(relay.ours()), 0, "leaving gives all relay addresses back")


def scenario_call(checks, pages, relay, options):
    """A call that nothing disturbs."""
    call_comes_up(pages, f"tea-{secrets.token_hex(4)}", options.base)
    checks.check(True, "both pages are in the room and connected")
    check_media(checks, pages, "through the relay")
    check_echoes(checks, pages, 100)
    check_pairs(checks, pages)
    if options.screenshot:
        pages[0].driver.save_screenshot(options.screenshot)
    check_counters(checks, pages, relay)
    check_problems(checks, pages)
    leave(checks, pages, relay)


def scenario_cut(checks, pages, relay, options):
    """The signaling connection is cut, the server stays away for a while, the call goes on."""
    target = urllib.parse.urlsplit(options.base)
    with CuttableProxy(target.hostname, target.port or 80) as proxy:
        call_comes_up(pages, f"cut-{secrets.token_hex(4)}", f"http://127.0.0.1:{proxy.port}")
        old = [page.peer() for page in pages]
        proxy.cut()
        for page in pages:
            wait_for(lambda: page.state() == "reconnecting", f"{page.name} to notice the cut")
        checks.check(True, "both pages notice that the server is away")
        for page in pages:
            wait_for(lambda: "server is away" in page.text("notice-text"), "the page to say so")
        check_media(checks, pages, "while the server is away")
        proxy.mend()
        for page, before in zip(pages, old):
            wait_for(page.up, f"{page.name} to come back")
            checks.equal(page.peer(), before, f"{page.name} comes back, and the other is the same")
        check_media(checks, pages, "after both came back")
        check_echoes(checks, pages, 10)
        check_pairs(checks, pages)
        for page in pages:
            tiles = page.js("return document.querySelectorAll('.tile').length")
            checks.equal(tiles, 2, f"{page.name} shows two people")
        used = {r for page in pages for r in page.stats()["relays"]}
        try:
            wait_for(lambda: set(relay.ours()) <= used, "", 10)
        except Failure:
            pass
        checks.equal(set(relay.ours()) - used, set(), "no relay address but the call's is there")
        check_problems(checks, pages, allowed=["WebSocket connection to"])
        leave(checks, pages, relay)


def run(scenario, checks, relay, options):
    """One scenario in browsers of its own, so that nothing of another can linger."""
    pages = []
    try:
        # One with a (fake) camera, one with the demo's test pattern.
        for name, source in (("Ann", "camera"), ("Bo", "pattern")):
            pages.append(Page(name, source))
        scenario(checks, pages, relay, options)
    except (Failure, OSError, WebDriverException) as failure:
        reason = getattr(failure, "msg", None) or str(failure)  # without the driver's own stack
        checks.check(False, f"{scenario.__name__} runs to its end", reason.strip())
        for page in pages:
            print(f"# {page.name} says: {page.problems()}")
    finally:
        for page in pages:
            page.driver.quit()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("base", help="address of the demo")
    parser.add_argument("admin", help="address of the admin endpoint")
    parser.add_argument("--screenshot", metavar="FILE", help="PNG of the call as one page shows it")
    options = parser.parse_args()
    options.base = options.base.rstrip("/")
    checks = Checks()
    try:
        relay = Relay(options.admin)
    except (OSError, ValueError, KeyError) as failure:
        sys.exit(f"not ok - the admin endpoint lists the allocations ({failure!r})")
    for scenario in (scenario_call, scenario_cut):
        run(scenario, checks, relay, options)
    if checks.failed:
        sys.exit(f"{checks.failed} checks failed")


if __name__ == "__main__":
    main()
