"""Certificates for the tests of TLS, made by the openssl command when they run."""

import pathlib
import subprocess


def openssl(*arguments, folder=None):
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True, timeout=60)


class Authority:
    """An authority of its own in a folder; it signs certificates and revokes them."""

    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.file = self.folder / "ca.pem"
        self.key = self.folder / "ca.key"
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "crlnumber").write_text("01\n")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = d\n[d]\ndir = .\ndatabase = index.txt\nserial = serial\ncrlnumber = crlnumber\n"
            "new_certs_dir = .\ndefault_md = sha256\ndefault_days = 30\ndefault_crl_days = 30\npolicy = p\n"
            "unique_subject = no\ncopy_extensions = copy\n[p]\ncommonName = supplied\n"
        )
        openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30".split(),
            *["-subj", f"/CN={name}", "-keyout", self.key, "-out", self.file],
        )

    def issue(self, name, *, hosts="DNS:localhost,IP:127.0.0.1", start=None, end=None):
        """A certificate and its key (mode 0600), as two paths."""
        key, request, certificate = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        openssl(
            *"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *["-subj", f"/CN={name}", "-addext", f"subjectAltName={hosts}", "-keyout", key, "-out", request],
        )
        dates = ["-startdate", start, "-enddate", end] if end else []
        openssl(
            *["ca", "-batch", "-config", "ca.cnf", "-cert", self.file, "-keyfile", self.key, "-notext"],
            *["-in", request, "-out", certificate, *dates],
            folder=self.folder,
        )
        key.chmod(0o600)
        return certificate, key

    def revoke(self, certificate):
        """Revokes a certificate; returns a file with the authority and its new revocation list."""
        command = ["ca", "-config", "ca.cnf", "-cert", self.file, "-keyfile", self.key]
        openssl(*command, "-revoke", certificate, folder=self.folder)
        openssl(*command, "-gencrl", "-out", "list.pem", folder=self.folder)
        both = self.folder / "ca-and-list.pem"
        both.write_text(self.file.read_text() + (self.folder / "list.pem").read_text())
        return both
