"""deploy/install and deploy/uninstall, into a folder, and what systemd says of the units."""

import os
import shutil
import subprocess

import pytest

from conftest import BINARY, ROOT


def run(script, folder, *arguments):
    environment = {**os.environ, "DESTDIR": str(folder)}
    return subprocess.run([ROOT / "deploy" / script, *arguments], env=environment, capture_output=True, text=True)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_installs_updates_and_removes(tmp_path):
    assert run("install", tmp_path, "--socket").returncode == 0
    assert files(tmp_path) == {
        "usr/local/bin/drover",
        "usr/lib/sysusers.d/drover.conf",
        "etc/systemd/system/drover.service",
        "etc/systemd/system/drover.socket",
        "etc/drover/drover.yaml",
    }
    settings = tmp_path / "etc/drover/drover.yaml"
    settings.write_text("port: 0\n")
    assert run("install", tmp_path).returncode == 0
    assert settings.read_text() == "port: 0\n", "an update keeps the settings"
    assert run("uninstall", tmp_path).returncode == 0
    assert files(tmp_path) == {"etc/drover/drover.yaml"}
    assert run("uninstall", tmp_path, "--purge").returncode == 0
    assert files(tmp_path) == set()
    assert run("install", tmp_path, "--what").returncode == 2


def test_the_settings_that_come_with_it_are_right():
    settings = ROOT / "deploy" / "drover.yaml"
    # Whoever has the port of the file.
    command = [BINARY, "check", "--config", settings, "--listen", "127.0.0.1:0"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_O33_the_unit_is_hardened():
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", ROOT / "deploy" / "drover.service"]
    assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(shutil.which("chrpath") is None, reason="chrpath is not installed")
def test_the_debian_package_has_all_that_it_needs(tmp_path):
    # Fast in place of small.
    environment = {**os.environ, "DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}
    made = subprocess.run([ROOT / "deploy" / "package", tmp_path], env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    package, tree = made.stdout.strip(), tmp_path / "tree"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)

    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout.strip()
    fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True).stdout
    assert f"Version: {version}\n" in fields and "libc6 (>=" in fields and "libssl3 (>=" in fields
    assert {
        "usr/lib/drover/drover",
        "usr/lib/drover/libswiftCore.so",
        "usr/lib/sysusers.d/drover.conf",
        "lib/systemd/system/drover.service",
        "lib/systemd/system/drover.socket",
        "etc/drover/drover.yaml",
        "usr/share/doc/drover/copyright",
        "usr/share/man/man1/drover.1.gz",
        "DEBIAN/postinst",
    } <= files(tree)
    assert (tree / "DEBIAN/conffiles").read_text() == "/etc/drover/drover.yaml\n"
    assert "ExecStart=/usr/bin/drover " in (tree / "lib/systemd/system/drover.service").read_text()
    # The toolchain that built it is nowhere needed: each library comes from the package or from Debian.
    binary = tree / "usr/bin/drover"
    assert subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip() == version
    linked = subprocess.run(["ldd", binary.resolve()], capture_output=True, text=True, check=True).stdout
    places = [line.split("=> ")[1] for line in linked.splitlines() if "=> " in line]
    assert places and all(place.startswith((f"{tree}/usr/lib/drover/", "/lib/", "/usr/lib/")) for place in places), linked
