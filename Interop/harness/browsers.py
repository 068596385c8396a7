"""Browsers that hold a conversation with themselves through a relay: Chromium and Firefox."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from websockets.sync.client import connect

from harness.context import ROOT

PAGE = (ROOT / "Interop" / "browser" / "relay.html").as_uri()

MESSAGES = 100
BYTES_EACH = 500
CONVERSATION_SECONDS_MAX = 25
ANSWER_SECONDS_MAX = CONVERSATION_SECONDS_MAX + 15

CHROMIUM_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
    # No multicast names in the place of addresses: not every other end can resolve them.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)

# What the driver adds by itself, so that hidden pages run on as if they were not.
CHROMIUM_DRIVER_FLAGS = (
    "disable-background-timer-throttling", "disable-renderer-backgrounding",
    "disable-backgrounding-occluded-windows",
)

FIREFOX_PREFERENCES = {
    # The relay is on an address of this machine, which WebRTC leaves out otherwise.
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.gmp-manager.updateEnabled": False,
    # It must neither look for the world nor conclude from its absence that it is offline.
    "network.manage-offline-status": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    # WebDriver BiDi only.
    "remote.active-protocols": 1,
}


class Browser:
    """What both can do: call a function of the page."""

    name = ""

    def open(self, url: str) -> None:
        """Goes to a page and waits for all of it."""
        raise NotImplementedError

    def evaluate(self, script: str) -> str:
        """The text that a promise in the page came to."""
        raise NotImplementedError

    def ask(self, script: str) -> object:
        """The value that a promise in the page came to; what it is rejected with is raised."""
        answer = json.loads(self.evaluate(
            f"{script}.then((value) => JSON.stringify({{ value: value ?? null }}),"
            " (error) => JSON.stringify({ error: `${error} ${error?.stack}` }))"))
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer["value"]

    def call(self, function: str, *arguments: object) -> object:
        """What a function of a fresh page that talks with itself came to."""
        self.open(PAGE)
        return self.ask(f"{function}({', '.join(json.dumps(each) for each in arguments)})")

    def converse(self, urls: list[str], username: str, password: str, media: bool = False) -> dict:
        """What two ends in one page made of these servers."""
        servers = [{"urls": urls, "username": username, "credential": password}]
        return self.call("converse", servers, media, CONVERSATION_SECONDS_MAX)

    def gather(self, urls: list[str], username: str, password: str) -> list[str]:
        """The kinds of the candidates that one end found when it had looked for all."""
        servers = [{"urls": urls, "username": username, "credential": password}]
        return self.call("gather", servers, CONVERSATION_SECONDS_MAX)


class Chromium(Browser):
    """Headless Chromium under its driver."""

    name = "Chromium"

    def __init__(self, authority: pathlib.Path | None = None, background: bool = False) -> None:
        """With `background` pages that are hidden are treated as for people, not as for tests."""
        self._home = tempfile.TemporaryDirectory(prefix="interop-chromium-")
        if authority is not None:
            trust(pathlib.Path(self._home.name) / ".pki" / "nssdb", authority)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        if background:
            options.add_experimental_option("excludeSwitches", list(CHROMIUM_DRIVER_FLAGS))
        for flag in (*CHROMIUM_FLAGS, f"--user-data-dir={self._home.name}/profile"):
            options.add_argument(flag)
        environment = {**os.environ, "HOME": self._home.name, "NO_PROXY": "*"}
        self._driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"), env=environment))

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.quit()
        self._home.cleanup()

    def open(self, url: str) -> None:
        self._driver.get(url)

    def hide(self) -> None:
        """Minimizes the window, which hides its page."""
        window = self._driver.execute_cdp_cmd("Browser.getWindowForTarget", {})["windowId"]
        self._driver.execute_cdp_cmd("Browser.setWindowBounds", {
            "windowId": window, "bounds": {"windowState": "minimized"}})

    def evaluate(self, script: str) -> str:
        self._driver.set_script_timeout(ANSWER_SECONDS_MAX)
        return self._driver.execute_async_script(
            f"const done = arguments[arguments.length - 1]; {script}.then(done)")


class Firefox(Browser):
    """Headless Firefox, spoken to over WebDriver BiDi, which it serves without a driver."""

    name = "Firefox"

    def __init__(self, authority: pathlib.Path | None = None) -> None:
        self._stack = contextlib.ExitStack()
        home = pathlib.Path(self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="interop-firefox-", ignore_cleanup_errors=True)))
        preferences = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                       for name, value in FIREFOX_PREFERENCES.items())
        (home / "user.js").write_text("".join(preferences))
        if authority is not None:
            trust(home, authority)
        log = home / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "firefox-esr", "--headless", "--no-remote",
                 "--profile", str(home), "--remote-debugging-port", "0"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, "HOME": str(home), "MOZ_DISABLE_CONTENT_SANDBOX": "1"})
        self._stack.callback(self._end)
        self._session = self._stack.enter_context(
            connect(self._address(log) + "/session", max_size=None, proxy=None))
        self._number = 0
        self._command("session.new", capabilities={
            "alwaysMatch": {"acceptInsecureCerts": False}})
        self._page = self._command("browsingContext.getTree")["contexts"][0]["context"]

    def __enter__(self) -> "Firefox":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _address(self, log: pathlib.Path) -> str:
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text("utf-8"))
            if found:
                return found.group(1)
            time.sleep(0.05)
        self._stack.close()
        raise RuntimeError("Firefox does not get ready")

    def _command(self, method: str, **parameters: object) -> dict:
        self._number += 1
        self._session.send(json.dumps(
            {"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._session.recv(ANSWER_SECONDS_MAX))
            if answer.get("id") == self._number:
                if answer["type"] != "success":
                    raise RuntimeError(f"{method}: {answer}")
                return answer["result"]

    def open(self, url: str) -> None:
        self._command("browsingContext.navigate", context=self._page, url=url, wait="complete")

    def evaluate(self, script: str) -> str:
        answer = self._command("script.evaluate", expression=script,
                               target={"context": self._page}, awaitPromise=True)
        return answer["result"]["value"]


def trust(database: pathlib.Path, authority: pathlib.Path) -> None:
    """Puts a certificate authority into a browser's own list."""
    database.mkdir(parents=True, exist_ok=True)
    for words in (["-N", "--empty-password"],
                  ["-A", "-n", "interop", "-t", "CT,,", "-i", str(authority)]):
        subprocess.run(["certutil", *words, "-d", f"sql:{database}"], check=True)
