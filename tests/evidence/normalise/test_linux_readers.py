from typing import Any

import pytest

from evidence.normalise.linux_readers import block_devices, dnf_advisories, password_policy


def read(reader: Any, *lines: str) -> Any:
    return reader("\n".join(lines).encode(), "asked")


def test_each_package_that_lacks_a_fix_counts_once_with_its_worst_severity() -> None:
    found = read(
        dnf_advisories,
        "  A-1 Moderate/Sec.  kernel-5.14.0-1.el9.x86_64",
        "  A-2 Critical/Sec.  kernel-5.14.0-2.el9.x86_64",
        "  A-3 Unknown/Sec.   python3-a-b-1:2.0-3.el9.noarch",
        "i A-4 Important/Sec. less-590-4.el9.x86_64",
        "  A-5 bugfix         tzdata-2024b-2.el9.noarch",
    )
    assert [(one["name"], one["arch"], one["severity"], one["advisories"]) for one in found] == [
        ("kernel", "x86_64", "Critical", ["A-1", "A-2"]),
        ("python3-a-b", "noarch", "Unknown", ["A-3"]),
    ]


def test_nothing_missing_is_said_only_where_advisories_are_known() -> None:
    assert read(dnf_advisories, "i A-4 Important/Sec. less-590-4.el9.x86_64") == []
    assert read(dnf_advisories, "") is None
    assert read(dnf_advisories, "Name Type Severity Package Issued", "A-1 security Low less-590-4.x86_64 2026") is None


def device(name: str, parent: str, kind: str, mount: str = "") -> str:
    return f'NAME="{name}" KNAME="{name}" PKNAME="{parent}" TYPE="{kind}" FSTYPE="" MOUNTPOINT="{mount}" SIZE="1"'


@pytest.mark.parametrize(
    ("lines", "encrypted"),
    [
        ([device("a", "", "disk", "/")], False),
        ([device("a", "", "disk"), device("c", "a", "crypt", "/")], True),
        ([device("a", "", "disk"), device("c", "a", "crypt"), device("v", "c", "lvm", "/")], True),
        (
            [
                *(device("a", "", "disk"), device("b", "", "disk"), device("c", "a", "crypt")),
                *(device("r", "c", "raid1", "/"), device("r", "b", "raid1", "/")),
            ],
            False,
        ),
        ([device("a", "b", "lvm", "/"), device("b", "a", "lvm")], False),  # a ring, which no kernel would make
        ([device("v", "gone", "lvm", "/")], False),
    ],
)
def test_a_file_system_is_encrypted_where_every_way_to_a_disk_is(lines: list[str], encrypted: bool) -> None:
    found = read(block_devices, *lines)
    assert [(one["mount"], one["encrypted"]) for one in found] == [("/", encrypted)]


def test_a_modules_file_counts_only_where_a_stack_has_the_module() -> None:
    conf = "/etc/security/pwquality.conf:minlen = 14"
    without = read(password_policy, conf, "/etc/pam.d/common-password:password required pam_unix.so minlen=9")
    assert without == {"quality": ["none"], "min_length": ["9"]}
    line = "/etc/pam.d/common-password:password requisite pam_pwquality.so retry=3"
    unix = "/etc/pam.d/common-password:password [success=1 default=ignore] /lib/security/pam_unix.so yescrypt"
    assert read(password_policy, conf, line, unix) == {"quality": ["pam_pwquality"], "min_length": ["14"]}
    assert read(password_policy, conf, f"{line} minlen=20", unix)["min_length"] == ["20"]


def test_the_file_itself_goes_before_the_files_of_its_folder() -> None:
    folder = "/etc/security/pwquality.conf.d"
    lines = [f"{folder}/20.conf:minclass=2", "/etc/security/pwquality.conf:minlen=14", f"{folder}/10.conf:minclass=1"]
    stack = "/etc/pam.d/system-auth:password requisite pam_pwquality.so"
    found = read(password_policy, *lines, f"{folder}/30.conf:minlen=8", stack)
    assert (found["min_length"], found["min_classes"]) == (["14"], ["2"])


def test_two_stacks_that_differ_give_two_values() -> None:
    lines = [f"/etc/pam.d/{name}:auth required pam_faillock.so deny={n}" for name, n in (("a", 3), ("b", 5), ("c", 3))]
    assert read(password_policy, *lines) == {"lockout_after": ["3", "5"]}
