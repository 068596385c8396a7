"""coturn's user database in Redis: users, secrets and peer rules come and go while turnd runs."""

import base64
import hashlib
import hmac
import subprocess
import time

from harness import calls, daemons, uclient
from harness.process import wait_until
from harness.relaychecks import Ledger

REFRESH_SECONDS = 1
KNOWN_SECONDS_MAX = 6


class RedisTurnd(daemons.Turnd):
    """A relay whose users are in Redis, and nowhere else."""

    def __init__(self, port, admin_port, redis_port):
        super().__init__(port, admin_port)
        self.redis_port = redis_port

    def arguments(self):
        """Without the user that the others have."""
        words = super().arguments()
        at = words.index("--user")
        del words[at:at + 2]
        return [*words, "--redis-userdb",
                f"ip=127.0.0.1 port={self.redis_port} dbname=2 connect_timeout=2",
                "--redis-refresh", str(REFRESH_SECONDS)]


class Redis:
    """A Redis server of this test's own."""

    def __init__(self, context):
        self.port = context.port()
        self.context = context
        self.start()

    def start(self):
        """Starts it, without a file to keep anything in."""
        self.process = self.context.start(
            f"redis-{self.port}", ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                                   "--save", "", "--appendonly", "no"])
        if not wait_until(lambda: self.ask("PING") == "PONG", 5):
            raise RuntimeError("redis-server does not answer")

    def ask(self, *words):
        """One command, by redis-cli."""
        done = subprocess.run(
            ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "-n", "2", *words],
            capture_output=True, text=True, check=False, timeout=10)
        return done.stdout.strip()


def key_of(user, password):
    """RFC 8489 §9.2.2, as turnadmin -k prints it."""
    return hashlib.md5(f"{user}:{daemons.REALM}:{password}".encode()).hexdigest()


def time_limited(secret):
    """draft-uberti-behave-turn-rest-00 §2.2."""
    name = f"{int(time.time()) + 600}:somebody"
    digest = hmac.new(secret.encode(), name.encode(), "sha1").digest()
    return name, base64.b64encode(digest).decode()


def prefix(name):
    """Where coturn's schema has it."""
    return f"turn/realm/{daemons.REALM}/{name}"


def run(context):
    """Everything that changes in Redis is known soon, and nothing is forgotten when it is away."""
    redis = Redis(context)
    redis.ask("SET", prefix(f"user/{daemons.USER}/key"), key_of(daemons.USER, daemons.PASSWORD))
    redis.ask("SET", prefix("user/%s%n;x/key"), key_of("%s%n;x", "pw"))
    server = context.daemon(RedisTurnd(context.port(), context.port(), redis.port))
    address = ("127.0.0.1", server.port)

    context.ok("a user of Redis allocates", allocates(address, daemons.USER, daemons.PASSWORD))
    context.ok("a wrong password is refused",
               not allocates(address, daemons.USER, "guessed", seconds=0))
    context.ok("a name with % and ; is a name", allocates(address, "%s%n;x", "pw"))
    context.ok("an unknown user is refused", not allocates(address, "late", "pw", seconds=0))

    peer = uclient.peer(context)
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", *peer, messages=50)
    ledger.check(context, "uclient with a user of Redis", outcome)

    redis.ask("SET", prefix("user/late/key"), key_of("late", "pw"))
    context.ok("a new user is known soon", allocates(address, "late", "pw"))
    redis.ask("DEL", prefix("user/late/key"))
    context.ok("a user that is gone is refused soon",
               wait_until(lambda: not allocates(address, "late", "pw", seconds=0),
                          KNOWN_SECONDS_MAX))

    redis.ask("SADD", prefix("secret"), "from-redis")
    name, password = time_limited("from-redis")
    context.ok("a secret of Redis makes credentials", allocates(address, name, password))

    redis.process.stop()
    time.sleep(2 * REFRESH_SECONDS)
    context.ok("without Redis, known users go on",
               allocates(address, daemons.USER, daemons.PASSWORD, seconds=0))
    redis.start()
    context.ok("an emptied Redis is believed",
               wait_until(lambda: not allocates(address, daemons.USER, daemons.PASSWORD, seconds=0),
                          KNOWN_SECONDS_MAX))


def allocates(address, name, password, seconds=KNOWN_SECONDS_MAX):
    """Whether an allocation comes to be, within some seconds."""
    def attempt():
        try:
            with calls.allocation(address, name, password):
                return True
        except (OSError, LookupError, calls.Refused):
            return False
    return attempt() or (seconds > 0 and wait_until(attempt, seconds))
