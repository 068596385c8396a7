"""Who may join: tokens by PyJWT and by the API, tenants, limits, and those who try too often."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness import calls, daemons
from harness.context import ROOT
from harness.process import ENVIRONMENT, wait_until
from harness.signaling import Session

SECRET = "a secret of thirty-two bytes, no less"
API_KEY = "0123456789abcdef"
ORIGIN = "https://shop.example"
_addresses = (f"127.0.{high}.{low}" for high in range(1, 250) for low in range(1, 250))


def started(context, *flags: str) -> daemons.Parleyd:
    """parleyd on two loops: what is counted is counted over both."""
    return context.daemon(daemons.Parleyd(
        context.port(), context.port(), context.port(), "--threads", "2", *flags))


class Keys:
    """A key of each kind, and what the server is told of it."""

    def __init__(self, folder) -> None:
        self.private = {
            "HS256": SECRET,
            "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate()}
        self.rsa_pem = self.pem("RS256")
        (folder / "rsa.pem").write_bytes(self.rsa_pem)
        point = jwt.algorithms.ECAlgorithm(
            jwt.algorithms.ECAlgorithm.SHA256).to_jwk(self.private["ES256"].public_key())
        (folder / "set.json").write_text(json.dumps(
            {"keys": [{**json.loads(point), "kid": "ES256", "use": "sig", "alg": "ES256"}]}))
        self.told = [
            {"kid": "HS256", "secret": SECRET}, {"kid": "RS256", "pem": str(folder / "rsa.pem")},
            {"jwks": str(folder / "set.json")},
            {"kid": "EdDSA", "pem": self.pem("EdDSA").decode()}]

    def pem(self, algorithm: str) -> bytes:
        """The public key."""
        return self.private[algorithm].public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def token(self, algorithm: str = "HS256", kid: str | None = None, **claims: object) -> str:
        """For the room `tea`, for ten minutes, unless the claims say otherwise; None takes one
        out."""
        now = int(time.time())
        payload = {"room": "tea", "iat": now, "exp": now + 600, **claims}
        return jwt.encode({name: value for name, value in payload.items() if value is not None},
                          self.private[algorithm], algorithm=algorithm,
                          headers={"kid": kid or algorithm})


def run(context):
    """One server for most of it; failures come from addresses of their own."""
    keys = Keys(context.logs)
    path = context.logs / "tenants.json5"
    shop = {"keys": keys.told, "origins": [ORIGIN],
            "apiKeys": ["sha256:" + hashlib.sha256(API_KEY.encode()).hexdigest()]}
    tenants = {"shop": shop, "bar": {
        "keys": [{"kid": "bar", "secret": SECRET}], "limits": {"peersPerRoom": 2, "rooms": 1}}}
    path.write_text(json.dumps({"tenants": tenants}))
    server = started(context, "--tenants", str(path))
    for part in (admitted, refused, traps, pages, apart, limits, issued):
        part(context, server, keys)
    reloaded(context, server, keys, path, tenants)
    too_often(context, keys, path)
    documented(context)
    open_house(context)


def guest(server, origin: str | None = None) -> Session:
    """Somebody whose failures are his own."""
    return Session(server.url, origin, source=next(_addresses))


def outcome(server, token, room="tea", *, origin=None, **members):
    """What a join comes to: `joined`, or the code of the error and that of the close."""
    with guest(server, origin) as session:
        session.send("join", room=room, **({} if token is None else {"token": token}), **members)
        answer = session.receive()
        if answer["type"] == "joined":
            return "joined"
        return answer["code"], session.closed()


def admitted(context, server, keys):
    """A token of each algorithm, and what it gives."""
    for algorithm in keys.private:
        context.same(f"{algorithm} by PyJWT: joined",
                     outcome(server, keys.token(algorithm)), "joined")
    with guest(server) as ann, guest(server) as ben:
        ann.join("tea-7", token=keys.token(room=["tea-*"], peer="ann-1", name="Ann", role="guide",
                                           can=["message"], relay="never"), name="not this")
        context.same("peer, relay and can are the token's",
                     (ann.name, ann.joined["relay"], ann.joined["can"]),
                     ("ann-1", "never", ["message"]))
        context.same("relay never: no TURN servers", ann.relay(), None)
        joined = ben.join("tea-7", token=keys.token("ES256", room="*"))
        first = joined["peers"][0]
        context.same("the others are told name and role",
                     (first["peer"], first["name"], first["role"]), ("ann-1", "Ann", "guide"))
        ann.send("offer", to=ben.name, sdp="v=0\r\n")
        while (answer := ann.receive())["type"] == "presence":
            pass
        context.same("who may not signal does not", answer["code"], "not_permitted")


def refused(context, server, keys):
    """Tokens that are wrong in an ordinary way."""
    now = int(time.time())
    bad = ("bad_token", 4103)
    for label, token, verdict in (
            ("no token", None, bad), ("no JWT", "hello", bad),
            ("an expired one", keys.token(exp=now - 120), ("token_expired", 4103)),
            ("one from the future", keys.token(nbf=now + 120), bad),
            ("one without exp", keys.token(exp=None), bad),
            ("one without a room", keys.token(room=None), bad),
            ("another's audience", keys.token(aud="billing"), bad),
            ("another tenant", keys.token(tenant="bar"), bad),
            ("an unknown kid", keys.token(kid="nobody"), bad),
            ("another room", keys.token(room="cake"), ("forbidden", 4103))):
        context.same(f"{label}: refused", outcome(server, token), verdict)
    context.same("a minute late is on time", outcome(server, keys.token(exp=now - 30)), "joined")


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def traps(context, server, keys):
    """Forgeries that PyJWT does not make by itself."""
    payload = keys.token().split(".")[1]

    def forged(header: dict, secret: bytes | None) -> str:
        text = base64url(json.dumps(header).encode()) + "." + payload
        mac = b"" if secret is None else hmac.digest(secret, text.encode(), "sha256")
        return f"{text}.{base64url(mac)}"

    good = keys.token()
    for label, token in (
            ("alg none", forged({"alg": "none"}, None)),
            ("alg none with a kid", forged({"alg": "none", "kid": "HS256"}, None)),
            ("HS256 under the RSA public key", forged({"alg": "HS256", "kid": "RS256"},
                                                      keys.rsa_pem)),
            ("crit", forged({"alg": "HS256", "kid": "HS256", "crit": ["b64"], "b64": False},
                            SECRET.encode())),
            ("padding", good + "="), ("a fourth part", good + ".e30"),
            ("a changed payload", good.replace(payload, base64url(b'{"room":"*","exp":9e9}'))),
            ("4,097 bytes", keys.token(more="x" * 4000))):
        context.same(f"{label}: refused", outcome(server, token), ("bad_token", 4103))
    context.same("the same by hand, and right: joined",
                 outcome(server, forged({"alg": "HS256", "kid": "HS256"}, SECRET.encode())),
                 "joined")


def pages(context, server, keys):
    """Origins are those of the tenant."""
    context.same("a page of the shop: joined",
                 outcome(server, keys.token(), origin=ORIGIN), "joined")
    token = jwt.encode({"room": "tea", "exp": int(time.time()) + 60}, SECRET, "HS256",
                       headers={"kid": "bar"})
    context.same("the same page in the bar: refused",
                 outcome(server, token, origin=ORIGIN), ("forbidden", 4103))


def bar_token(room: str) -> str:
    """For the other tenant."""
    return jwt.encode({"room": room, "exp": int(time.time()) + 60}, SECRET, "HS256",
                      headers={"kid": "bar"})


def apart(context, server, keys):
    """Two tenants, one name of a room."""
    with guest(server) as one, guest(server) as other:
        one.join("tea", token=keys.token())
        joined = other.join("tea", token=bar_token("tea"))
        context.same("rooms of two tenants never meet", joined["peers"], [])
        one.send("message", data="for the shop")
        one.send("ping", ack=one.received)
        one.expect("pong")
        other.send("ping", ack=other.received)
        context.same("nor do their messages", other.receive()["type"], "pong")
        # Whoever is only cut off keeps his place for a while.
        other.send("leave")
        other.closed()


def limits(context, server, keys):
    """What a tenant may have."""
    token = bar_token("*")
    with guest(server) as one, guest(server) as two:
        one.join("tea", token=token)
        two.join("tea", token=token)
        context.same("the third in a room for two", outcome(server, token), ("room_full", 4004))
        context.same("a second room where one is the limit", outcome(server, token, "cake"),
                     ("tenant_full", 4004))
        context.same("the other tenant has no such limit",
                     outcome(server, keys.token(room="*"), "cake"), "joined")


def post(server, path, body, *, key=API_KEY, source=None, **fields):
    """Status and JSON of an answer of the API."""
    request = urllib.request.Request(
        f"{server.url}/api/v1/{path}", json.dumps(body).encode() if body is not None else None,
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}", **fields})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text.startswith(b"{") else {}


def issued(context, server, keys):
    """The API: tokens that work, credentials that work, and what it refuses."""
    status, answer = post(server, "tokens", {"room": "tea", "peer": "ann-9", "name": "Ann",
                                             "can": ["signal"], "ttl": 60_000})
    context.same("a token is issued", (status, sorted(answer)), (200, sorted(
        ["token", "expires", "url", "iceServers", "iceTtl"])))
    context.ok("it expires in a minute", abs(answer["expires"] / 1000 - time.time() - 60) < 5)
    context.same("and says where to join", answer["url"], server.url.replace("http", "ws")
                 + "/signal")
    claims = jwt.decode(answer["token"], SECRET, ["HS256"])
    context.same("PyJWT verifies it", (claims["room"], claims["tenant"]), ("tea", "shop"))
    with guest(server) as session:
        session.join("tea", token=answer["token"])
        context.same("it opens the door", (session.name, session.joined["can"]),
                     ("ann-9", ["signal"]))
    status, answer = post(server, "ice-servers", {"room": "mine", "peer": "x", "ttl": 60_000})
    turn = [each for each in answer["iceServers"] if "username" in each][0]
    context.same("ICE servers, for as long as asked", (status, answer["iceTtl"]), (200, 60_000))
    context.ok("their name says for whom", turn["username"].endswith(":shop.mine.x"), turn)
    with calls.allocation(("127.0.0.1", server.port), turn["username"], turn["credential"]):
        context.ok("the relay takes them", True)
    for label, verdict, answer in (
            ("a wrong key", (401, "unauthorized"), post(server, "tokens", {}, key="x" * 16)),
            ("no room", (400, "bad_request"), post(server, "tokens", {})),
            ("no JSON", (400, "bad_request"), post(server, "tokens", "tea")),
            ("a page", (403, "forbidden"), post(server, "tokens", {}, Origin=server.url)),
            ("GET", (405, "method_not_allowed"), post(server, "tokens", None)),
            ("another path", (404, "not_found"), post(server, "rooms", {})),
            ("a form", (415, "unsupported_media_type"), post(
                server, "tokens", {}, **{"Content-Type": "text/plain"}))):
        context.same(f"{label}: refused", (answer[0], answer[1]["error"]["code"]), verdict)
    context.same("too long a body: refused",
                 post(server, "tokens", {"room": "x" * 20_000})[0], 413)


def reloaded(context, server, keys, path, tenants):
    """SIGHUP: all of the file, or nothing of it."""

    def reload(text: str, line: str) -> bool:
        path.write_text(text)
        before = server.process.log.read_text().count(line)
        server.process.send(1)
        return wait_until(lambda: server.process.log.read_text().count(line) > before)

    with guest(server) as session:
        session.join("tea", token=keys.token("EdDSA"))
        shop = {**tenants["shop"], "keys": keys.told[:3]}
        new = {"kid": "pub", "secret": "another secret of thirty-two bytes"}
        good = json.dumps({"tenants": {"shop": shop, "pub": {"keys": [new]}}})
        context.ok("SIGHUP: other tenants", reload(good, "configuration read"))
        token = jwt.encode({"room": "tea", "exp": int(time.time()) + 60}, new["secret"], "HS256",
                           headers={"kid": "pub"})
        context.ok("the new one's token", wait_until(lambda: outcome(server, token) == "joined"))
        context.same("a key that is gone", outcome(server, keys.token("EdDSA")),
                     ("bad_token", 4103))
        context.same("a tenant that is gone", outcome(server, bar_token("tea")),
                     ("bad_token", 4103))
        context.same("one that stayed", outcome(server, keys.token("ES256")), "joined")
        bad = json.dumps({"tenants": {"shop": shop, "pub": {"keys": [{"secret": "hunter2"}]}}})
        context.ok("SIGHUP with a mistake", reload(bad, "configuration not taken"))
        line = [line for line in server.process.log.read_text().splitlines()
                if "not taken" in line][-1]
        context.ok("the log says where it is, and no secret",
                   "tenants.pub.keys[0].secret" in line and "hunter2" not in line, line)
        context.same("and nothing has changed", outcome(server, token), "joined")
        session.send("ping", ack=session.received)
        while (answer := session.receive())["type"] == "presence":
            pass
        context.same("who was in stays in", answer["type"], "pong")
    path.write_text(bad)
    start = context.run_program("parleyd", "--dev", "--tenants", str(path))
    context.same("a server with such a file does not start", start.returncode, 64)


def too_often(context, keys, path):
    """Failures of one address are counted, over all loops; others go in."""
    path.write_text(json.dumps({"tenants": {"shop": {"keys": keys.told}}}))
    server = started(context, "--tenants", str(path))

    def attempt(token, source):
        with Session(server.url, source=source) as session:
            session.send("join", room="tea", token=token)
            answer = session.receive()
            return answer, session.closed() if answer["type"] == "error" else None

    codes = [attempt("nonsense", "127.0.0.2")[0]["code"] for _ in range(10)]
    context.same("ten failures are told what was wrong", set(codes), {"bad_token"})
    answer, code = attempt(keys.token(), "127.0.0.2")
    context.same("then the address has to wait, by 4006",
                 (answer.get("code"), code), ("too_many_attempts", 4006))
    context.ok("100 ms at first", 0 < answer.get("retryAfter", 0) <= 100, answer)
    context.same("others go in", attempt(keys.token(), "127.0.0.3")[0]["type"], "joined")
    time.sleep(answer["retryAfter"] / 1_000)
    context.same("after it a good token opens the door",
                 attempt(keys.token(), "127.0.0.2")[0]["type"], "joined")


def documented(context):
    """What Docs/api.md has in it runs as it is."""
    server = started(context, "--join-secret", SECRET, "--api-key", API_KEY)
    page = (ROOT / "Docs" / "api.md").read_text()
    python = re.search(r"```python\n(.*?)```", page, re.S).group(1)
    environment = {**ENVIRONMENT, "JOIN_SECRET": SECRET, "API_KEY": API_KEY}
    made = subprocess.run([sys.executable, "-c", python], env=environment, timeout=10,
                          capture_output=True, text=True, check=False)
    context.same("the page's Python makes a token", (made.returncode, made.stderr), (0, ""))
    context.same("that opens the door", outcome(server, made.stdout.strip()), "joined")
    curl = re.search(r"```sh\n(curl .*?)```", page, re.S).group(1)
    curl = curl.replace("http://127.0.0.1:8080", server.url)
    answer = subprocess.run(["sh", "-c", curl], env=environment, timeout=10,
                            capture_output=True, text=True, check=False)
    token = json.loads(answer.stdout or "{}").get("token")
    context.same("the page's curl makes one too", outcome(server, token), "joined")


def open_house(context):
    """Without keys everybody is let in, and the log says so."""
    server = started(context)
    context.same("no token: joined", outcome(server, None), "joined")
    context.same("any token: joined", outcome(server, "nonsense"), "joined")
    context.ok("the log says that everybody may join",
               "everybody may join" in server.process.log.read_text())
    context.same("nobody has an API key", post(server, "tokens", {})[0], 404)
