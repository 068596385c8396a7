"""A certificate authority of the tests' own, for clients that trust none that signed itself."""

from __future__ import annotations

import pathlib
import subprocess

SECONDS_MAX = 20

KEY = ("-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class Authority:
    """`path` is the PEM file that clients are to trust."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self.path = directory / "authority.pem"
        self._key = directory / "authority-key.pem"
        self._openssl(
            "req", "-x509", *KEY, "-days", "2", "-subj", "/CN=Interop authority",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-out", str(self.path), "-keyout", str(self._key))

    def issue(self, *names: str) -> tuple[str, ...]:
        """A certificate for hosts of these names, as a server's flags."""
        chain, key = str(self._directory / "issued.pem"), str(self._directory / "issued-key.pem")
        request, extensions = self._directory / "request.pem", self._directory / "extensions"
        self._openssl("req", *KEY, "-subj", f"/CN={names[0]}",
                      "-out", str(request), "-keyout", key)
        alternatives = ",".join(f"DNS:{name}" for name in names)
        extensions.write_text(f"subjectAltName={alternatives}\nextendedKeyUsage=serverAuth\n")
        self._openssl("x509", "-req", "-in", str(request), "-CA", str(self.path),
                      "-CAkey", str(self._key), "-CAcreateserial", "-days", "2",
                      "-extfile", str(extensions), "-out", chain)
        return "--cert", chain, "--key", key

    @staticmethod
    def _openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=SECONDS_MAX)
