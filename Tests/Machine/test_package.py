"""The Debian package, and deploy/install beside it, on a machine that runs."""

import pathlib
import pwd
import subprocess

from machine import PACKAGE, ROOT, SETTINGS, run, show, status_of, systemctl


def processes():
    """Of the user, whoever is their parent."""
    return subprocess.run(["pgrep", "--list-full", "--uid", "drover"], capture_output=True, text=True).stdout


def links():
    """What the manager would start a unit by."""
    return [str(path) for path in pathlib.Path("/etc/systemd/system").rglob("drover*")]


def is_gone():
    assert processes() == "" and status_of() == 0
    assert {show("LoadState", f"drover.{kind}") for kind in ("service", "socket")} == {"not-found"}
    assert "drover" not in run("systemctl", "--failed", "--no-pager")
    assert links() == []


def test_a_package_comes_and_goes():
    run("dpkg", "--install", PACKAGE)
    assert pwd.getpwnam("drover").pw_uid != 0
    assert (show("LoadState"), show("ActiveState"), show("UnitFileState")) == ("loaded", "inactive", "disabled")
    run("drover", "check", "--config", "/etc/drover/drover.yaml")
    systemctl("enable", "--now", "drover")
    assert status_of() == 200
    pid = show("MainPID")
    run("dpkg", "--install", PACKAGE)
    assert show("MainPID") not in ("0", pid) and status_of() == 200, "an update runs at once"
    run("dpkg", "--remove", "drover")
    assert processes() == "" and status_of() == 0 and (SETTINGS / "drover.yaml").exists()
    run("dpkg", "--purge", "drover")
    is_gone()
    assert not any(pathlib.Path(path).exists() for path in (SETTINGS, "/var/lib/drover", "/var/cache/drover"))


def test_a_package_with_the_socket_goes():
    run("dpkg", "--install", PACKAGE)
    systemctl("enable", "--now", "drover.socket")
    assert status_of("/health/live") == 200
    run("dpkg", "--purge", "drover")
    is_gone()


def test_the_scripts_come_and_go():
    run(ROOT / "deploy" / "install", "--socket")
    assert (show("LoadState"), show("ActiveState")) == ("loaded", "inactive")
    systemctl("enable", "--now", "drover")
    assert status_of() == 200
    pid = show("MainPID")
    run(ROOT / "deploy" / "install")
    assert show("NeedDaemonReload") == "no" and show("MainPID") == pid
    systemctl("restart", "drover")
    assert status_of() == 200
    run(ROOT / "deploy" / "uninstall")
    is_gone()
    assert (SETTINGS / "drover.yaml").exists()
    run(ROOT / "deploy" / "install", "--socket")
    systemctl("enable", "--now", "drover.socket")
    assert status_of("/health/live") == 200
    run(ROOT / "deploy" / "uninstall", "--purge")
    is_gone()
    assert not SETTINGS.exists()
