"""A network system's command line: what is sent, and what is made of the answers."""

import inspect
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from netmiko.ssh_dispatcher import CLASS_MAPPER

from collectors.credentials import Secret
from collectors.inventory.host import SshAccess
from collectors.simulate.ssh import SimulatedCli
from collectors.transports.hostkeys import HostKeys, fingerprint
from collectors.transports.interface import (
    AuthenticationError,
    DeniedError,
    HostKeyError,
    LeftAloneError,
    RefusedError,
    TransportError,
    UnreachableError,
)
from collectors.transports.ssh import GuardedChannel, open_cli, read_only_driver
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Verb

Simulate = Callable[..., SimulatedCli]
CONFIG = "\n".join(f"interface Gi0/{n}\n description port {n}  \n!" for n in range(40)) + "\nend\n"
COMMANDS = {"show version": "Version 15.2", "show running-config": CONFIG, "show nothing": ""}


def visit(access: SshAccess, session: Any, **opening: Any) -> None:
    """Open a session and close it again."""
    with open_cli(access, session, **opening):
        pass


def known(server: SimulatedCli) -> HostKeys:
    return HostKeys(known_hosts=[server.known_hosts])


def test_an_answer_comes_without_echo_and_prompt_and_otherwise_as_given(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, banner="Welcome #\nAuthorised use only>")
    opening = parts.opening("terminal length 0", *COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session("terminal length 0"), **opening) as session:
        assert session.host_key == fingerprint(server.key.asbytes())
        version = session.ask(parts.question("show version"))
        config = session.ask(parts.question("show running-config", complete=r"^end\s*$"))
        empty = session.ask(parts.question("show nothing"))
    assert (version.data, version.request, version.complete, version.reason) == (
        b"Version 15.2\n",
        "show version",
        True,
        None,
    )
    assert config.data == CONFIG.encode()
    assert config.complete
    assert (empty.data, empty.complete) == (b"", True)
    assert server.record.commands() == ["terminal length 0", "show version", "show running-config", "show nothing"]
    assert server.record.logins == [("sw", True)]
    login = f"login sw@127.0.0.1:{server.port}"
    assert parts.gate.said == [login, *(f"run {line}" for line in server.record.commands())]
    assert [(action, error) for action, _, error in parts.gate.ended] == [(a, None) for a in parts.gate.actions]
    assert parts.gate.ended[3][1] > len(CONFIG)


def test_a_device_that_does_not_echo_is_read_as_well(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, echo=False)
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session(), **opening) as session:
        assert session.ask(parts.question("show version")).data == b"\nVersion 15.2\n"
        assert session.ask(parts.question("show nothing")).data == b"\n"
        assert session.ask(parts.question("show running-config")).data == b"\n" + CONFIG.encode()


@pytest.mark.parametrize(
    ("pager", "erase", "pattern"),
    [
        (" --More-- ", "\b" * 10 + " " * 10 + "\b" * 10, None),
        ("--More--", "\r        \r", "--More--"),
        ("<--- More --->", "\r              \r", None),
        ("\x1b[7m--More--\x1b[m", "\x1b[m\r\x1b[K", "^--More--"),
        ("-- MORE --, next page: Space, quit: Control-C", "\r\x1b[2K\r", "-- MORE --"),
        ("--More--", "", None),
        ("--More--", "\r\n", None),
        ("lines 1-23 ", "\r\x1b[K", None),
        ("Press any key to continue", "\r\x1b[K", None),
    ],
)
def test_pages_are_turned_with_a_blank_and_the_pager_leaves_no_trace(
    simulate: Simulate, parts: Any, pager: str, erase: str, pattern: str | None
) -> None:
    server = simulate(commands=COMMANDS, pager=pager, erase=erase)
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session(pager=pattern), **opening) as session:
        answer = session.ask(parts.question("show running-config"))
        again = session.ask(parts.question("show version"))
    expected = [line for line in CONFIG.encode().split(b"\n") if line]
    assert [line.rstrip() for line in answer.data.split(b"\n") if line] == [line.rstrip() for line in expected]
    assert again.data == b"Version 15.2\n"
    assert {key for _, key in server.record.keys} == {" "}
    assert len(server.record.keys) == 5


def test_no_line_leaves_but_those_listed_and_an_enter(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, pager="--More--")
    listed = {"terminal length 0", *COMMANDS}
    with open_cli(
        parts.access(server), parts.session("terminal length 0"), **parts.opening(*listed, host_keys=known(server))
    ) as session:
        session.ask(parts.question("show version"))
        for command in ("show clock", "configure terminal", "show version ", "show version\nreload"):
            with pytest.raises(RefusedError, match=r"sw-01|so it was not sent"):
                session.ask(parts.question(command))
        for verb in (Verb.READ, Verb.GET, Verb.WALK):
            with pytest.raises(RefusedError, match="is not asked to"):
                session.ask(parts.question("show version", verb))
        assert session.ask(parts.question("show version")).complete
    assert set(server.record.commands()) == {"terminal length 0", "show version"}
    assert {line for _, line in server.record.lines} <= listed | {""}


def test_a_platform_file_that_lists_a_write_gets_nothing_sent(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS)
    listed = parts.opening("configure terminal", "write memory", *COMMANDS, host_keys=known(server))
    with pytest.raises(RefusedError, match="can change the device"):
        visit(parts.access(server), parts.session("configure terminal"), **listed)
    with (
        open_cli(parts.access(server), parts.session(), **listed) as session,
        pytest.raises(RefusedError, match="can change the device"),
    ):
        session.ask(parts.question("write memory"))
    assert server.record.commands() == []


def test_a_set_up_command_that_is_not_listed_is_not_sent(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS)
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with pytest.raises(RefusedError, match="not on the read-only list"):
        visit(parts.access(server), parts.session("terminal length 0"), **opening)
    assert server.record.commands() == []


DRIVERS = sorted(
    name for name in CLASS_MAPPER if name and not any(end in name for end in ("_telnet", "_serial", "autodetect"))
)


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_netmiko_driver_can_act_by_itself(driver: str) -> None:
    made: Any = read_only_driver(driver)(host="127.0.0.1", device_type=driver, auto_connect=False)
    acting = ["config_mode", "send_config_set", "save_config", "commit", "enable", "session_preparation", "cleanup"]
    for name in [*acting, "disable_paging", "establish_connection", "send_command", "special_login_handler"]:
        with pytest.raises(RefusedError, match=name):
            getattr(made, name)()
    made.channel = GuardedChannel(_Deaf(), frozenset({"show version"}))  # type: ignore[arg-type]
    for line in (
        "configure terminal",
        "config system console",
        "set output standard",
        "exit",
        "\0",
        "show version\n\0",
    ):
        with pytest.raises(RefusedError):
            made.write_channel(line + made.RETURN)
    with pytest.raises(RefusedError, match="tried to read"):
        made.read_channel()
    with pytest.raises(RefusedError, match="tried to read"):
        made.channel.read_buffer()
    made.disconnect()


class _Deaf:
    """A channel nothing may reach."""

    def sendall(self, data: bytes) -> None:
        pytest.fail(f"sent: {data!r}")


def test_netmiko_has_no_other_way_to_write_than_the_channel_that_is_guarded() -> None:
    written = [
        (name, driver.__module__)
        for name, driver in CLASS_MAPPER.items()
        for line in inspect.getsource(inspect.getmodule(driver)).splitlines()  # type: ignore[arg-type]
        if "remote_conn.send" in line or "remote_conn.write" in line
    ]
    assert written == []


@pytest.mark.parametrize("driver", ["", "no_such_system", "cisco_ios_telnet", "cisco_ios_serial"])
def test_only_ssh_drivers_that_exist_are_used(driver: str) -> None:
    with pytest.raises(TransportError, match="no SSH driver is called"):
        read_only_driver(driver)


def test_a_login_option_of_the_driver_is_kept(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, prompt="[admin@MikroTik] > ")
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session(driver="mikrotik_routeros"), **opening) as session:
        assert session.ask(parts.question("show version")).data == b"Version 15.2\n"
    assert server.record.logins == [("sw+ct511w4098h", True)]


@pytest.mark.parametrize(
    "prompt",
    ["switch#", "switch>", "<HUAWEI>", "[admin@MikroTik] > ", "(Controller) >", "FGT-1 # ", "u@h:~$ ", "> ", "A:r1#"],
)
def test_prompts_of_many_systems_are_found(simulate: Simulate, parts: Any, prompt: str) -> None:
    server = simulate(commands=COMMANDS, prompt=prompt)
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session(), **opening) as session:
        assert session.ask(parts.question("show running-config")).data == CONFIG.encode()


def test_a_prompt_the_platform_describes_is_found(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, prompt="Moxa menu: ")
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session(prompt=r"^Moxa \w+: *$"), **opening) as session:
        assert session.ask(parts.question("show running-config")).data == CONFIG.encode()


def test_a_device_that_shows_no_prompt_is_unreachable(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, prompt="Username: ")
    opening = parts.opening(*COMMANDS, host_keys=known(server), timeout_s=2.5)
    with pytest.raises(UnreachableError, match=r"sw-01: no prompt within 2\.5 s of the login"):
        visit(parts.access(server), parts.session(), **opening)
    assert server.record.commands() == []


def test_the_privileged_level_is_entered_only_with_the_secret_for_it(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, enable="En4ble-Secret")
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session(), **opening) as session:
        session.ask(parts.question("show version"))
    assert server.record.commands() == ["show version"]
    with open_cli(parts.access(server, enable=Secret("En4ble-Secret")), parts.session(), **opening) as session:
        assert session.ask(parts.question("show running-config")).data == CONFIG.encode()
    assert server.record.commands()[1:] == ["enable", "show running-config"]
    assert "run enable" in parts.gate.said
    assert not any("En4ble" in line for line in parts.gate.said)


def test_a_device_that_asks_for_no_enable_password_is_not_told_one(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, enable="")
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server, enable=Secret("En4ble-Secret")), parts.session(), **opening) as session:
        session.ask(parts.question("show version"))
    assert server.record.commands() == ["enable", "show version"]


def test_a_device_that_is_privileged_already_is_not_sent_enable(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS)
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server, enable=Secret("En4ble-Secret")), parts.session(), **opening) as session:
        session.ask(parts.question("show version"))
    assert server.record.commands() == ["show version"]


def test_a_wrong_enable_password_is_tried_once(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, enable="En4ble-Secret")
    opening = parts.opening(*COMMANDS, host_keys=known(server))
    with pytest.raises(AuthenticationError) as raised:
        visit(parts.access(server, enable=Secret("wr0ng-Secret")), parts.session(), **opening)
    assert str(raised.value) == "sw-01: the enable password was refused"
    assert server.record.commands() == ["enable"]
    assert parts.gate.ended[-1][2] == "refused"


def test_a_refusal_by_the_device_keeps_nothing_of_what_it_said(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, unknown="% Invalid input (user secret-name)")
    opening = parts.opening("show nvram", *COMMANDS, host_keys=known(server))
    with open_cli(parts.access(server), parts.session(), **opening) as session:
        with pytest.raises(RefusedError) as raised:
            session.ask(parts.question("show nvram", refused=r"^% ?Invalid"))
        assert session.ask(parts.question("show version", refused=r"^% ?Invalid")).complete
    assert str(raised.value) == "sw-01: the device does not know or allow 'show nvram'"


def test_a_configuration_that_holds_the_words_of_a_refusal_is_none(simulate: Simulate, parts: Any) -> None:
    text = CONFIG * 3 + "banner motd ^C\n% Invalid input\n^C\nend\n"
    server = simulate(commands={"show running-config": text})
    opening = parts.opening("show running-config", host_keys=known(server))
    with open_cli(parts.access(server), parts.session(), **opening) as session:
        answer = session.ask(parts.question("show running-config", refused=r"^% ?Invalid", complete="^end$"))
    assert answer.data == text.encode()


def test_an_answer_whose_end_is_missing_is_partial(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands={"show running-config": "hostname x\n", "show version": "Version 15.2"})
    opening = parts.opening("show running-config", "show version", host_keys=known(server))
    with open_cli(parts.access(server), parts.session(), **opening) as session:
        answer = session.ask(parts.question("show running-config", complete="^end$"))
        after = session.ask(parts.question("show version"))
    assert (answer.data, answer.complete, answer.reason) == (
        b"hostname x\n",
        False,
        "the end of the answer was not seen",
    )
    assert after.data == b"Version 15.2\n"


def test_an_unknown_host_key_gets_no_password(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS)
    with pytest.raises(HostKeyError, match=r"sw-01: \[127\.0\.0\.1\]:\d+: the host key is not known") as raised:
        visit(parts.access(server), parts.session(), **parts.opening(*COMMANDS))
    assert "ssh-keyscan" in (raised.value.hint or "")
    assert server.record.logins == []
    assert parts.gate.ended[0][2] == "HostKey"


def test_a_changed_host_key_gets_no_password(simulate: Simulate, parts: Any) -> None:
    before, after = simulate(commands=COMMANDS), simulate(commands=COMMANDS)
    pins = {f"[127.0.0.1]:{after.port}": f"{before.key.get_name()} {fingerprint(before.key.asbytes())}"}
    with pytest.raises(HostKeyError, match="CHANGED"):
        visit(parts.access(after), parts.session(), **parts.opening(*COMMANDS, host_keys=HostKeys(pins=pins)))
    assert after.record.logins == []
    assert len(parts.gate.actions) == 1


def test_where_the_inventory_says_so_any_host_key_will_do_and_the_session_says_it(
    simulate: Simulate, parts: Any
) -> None:
    server = simulate(commands=COMMANDS)
    access = parts.access(server, host_key_checking=False)
    with open_cli(access, parts.session(), **parts.opening(*COMMANDS)) as session:
        assert session.host_key == "unchecked"


def test_a_wrong_password_is_one_failed_login(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS)
    access = parts.access(server, password=Secret("wr0ng-Pa55"))
    with pytest.raises(AuthenticationError) as raised:
        visit(access, parts.session(), **parts.opening(*COMMANDS, host_keys=known(server)))
    assert str(raised.value) == "sw-01: the login of 'sw' was refused"
    assert server.record.logins == [("sw", False)]
    assert server.record.connections == 1
    assert parts.gate.ended[0][2] == "Authentication"


def test_without_a_user_name_nothing_is_tried(parts: Any) -> None:
    access = SshAccess(address="127.0.0.1", port=9, password=Secret("x"))
    with pytest.raises(AuthenticationError, match="sw-01: no user name") as raised:
        visit(access, parts.session(), **parts.opening(*COMMANDS))
    assert raised.value.hint == "set ansible_user in the inventory"
    assert parts.gate.actions == []


def test_a_closed_port_is_unreachable_and_tried_once(parts: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UnreachableError, match="Connection refused"):
        visit(
            SshAccess(address="127.0.0.1", port=port, user="x", password=Secret("x")),
            parts.session(),
            **parts.opening(*COMMANDS),
        )
    assert len(parts.gate.actions) == 1


def test_a_name_that_does_not_resolve_is_unreachable(parts: Any) -> None:
    access = SshAccess(address="no-such-host.invalid", user="x", password=Secret("x"))
    with pytest.raises(UnreachableError, match=r"no-such-host\.invalid port 22: the name does not resolve"):
        visit(access, parts.session(), **parts.opening(*COMMANDS))


def test_the_gate_can_end_a_session_at_any_request(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, enable="En4ble-Secret")
    access = parts.access(server, enable=Secret("En4ble-Secret"))
    opening = parts.opening("terminal length 0", *COMMANDS, host_keys=known(server))
    for at_most in range(4):
        parts.gate.at_most, parts.gate.actions = at_most, []
        with (
            pytest.raises(LeftAloneError),
            open_cli(access, parts.session("terminal length 0"), **opening) as session,
        ):
            session.ask(parts.question("show version"))
    assert server.record.commands() == ["enable", "enable", "terminal length 0"]
    assert server.record.connections == 3


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("cisco_ios", "Command authorization failed.\n"),
        ("cisco_ios", "% Authorization failed.\n"),
        ("cisco_asa", "Command authorization failed\n"),
        ("nxos", "% Permission denied for the role\n"),
        ("nxos", "Error: AAA authorization failed for command:show running-config\n"),
        ("junos", "error: permission denied: configuration\n"),
        ("routeros", "not enough permissions (9)\n"),
        ("fortios", "Command fail. Return code -37\n"),
        ("aoscx", "Cannot execute command. Command not allowed.\n"),
        ("vyos", "Permission denied\n"),
        ("smartbyte", "% Authorization denied for command 'show running-config'\n"),
        ("smartbyte", "Not authorized to run this command.\n"),
    ],
)
def test_what_a_platform_says_to_a_command_without_a_right_is_told_from_an_unknown_one(
    simulate: Simulate, parts: Any, platform: str, text: str
) -> None:
    platforms = load_platforms(only=("generic", platform))
    (said,) = [one.session for one in platforms if one.name == platform]
    server = simulate(commands={"show secret": text, "show other": "nothing of the kind\n"}, unknown="% Invalid input")
    session = replace(parts.session(), denied=said.denied if said else None)
    opening = parts.opening(
        "show secret", "show none", "show other", host_keys=HostKeys(known_hosts=[server.known_hosts])
    )
    with open_cli(parts.access(server), session, **opening) as cli:
        with pytest.raises(DeniedError, match="sw-01: the account has no right to run 'show secret'"):
            cli.ask(parts.question("show secret", refused="^%"))
        with pytest.raises(RefusedError, match="does not know or allow 'show none'"):
            cli.ask(parts.question("show none", refused="^%"))
        assert cli.ask(parts.question("show other")).complete
