"""What may be sent, and what may not even if a platform file lists it."""

from collections.abc import Callable

import pytest

from collectors import guard
from collectors.inventory.service_access import LISTS
from collectors.transports.interface import RefusedError
from evidence.platforms.build import fitted
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Verb

READ_ON_A_CLI = [
    "show version",
    "show running-config",
    "show running-config all",
    "show configuration | display set | no-more",
    "show configuration commands | no-more",
    "show | grep .",
    "show full-configuration",
    "show run | exclude ^ntp clock-period",
    "show run | section interface | include description",
    "display current-configuration",
    "get system status",
    "more system:running-config",
    "config history show",
    "conf rollback show",
    "configuration show",
    "configshow -all",
    "software show",
    "terminal length 0",
    "terminal width 511",
    "terminal pager 0",
    "screen-length disable",
    "set cli screen-length 0",
    "set cli pager off",
    "set terminal length 0",
    "set terminal width 511",
    "set length 0",
    "set session more off",
    "no page",
    "no paging",
    "no pager",
    "no cli pager session",
    "no cli session paging enable",
    "nv config show --color off",
    "/export show-sensitive",
    "/system resource print",
    "request support information",
    "show install log",
    "show archive",
    "enable",
    "showing",
]

CHANGES_A_DEVICE = [
    "configure",
    "configure terminal",
    "conf t",
    "conf",
    "CONF T",
    " configure terminal",
    "config system console",
    "config history",
    "configuration",
    "configuration save",
    "configupload",
    "software install x",
    "config paging disable",
    "do reload",
    "do do reload",
    "run request system reboot",
    "sudo reboot",
    "sy",
    "system",
    "system-view",
    "edit",
    "set system host-name x",
    "set",
    "set output standard",
    "set terminal monitor",
    "set session timeout 5",
    "set cli",
    "no shutdown",
    "no",
    "no pagex",
    "no cli",
    "unset all",
    "undo shutdown",
    "write",
    "wr",
    "wr mem",
    "write erase",
    "copy running-config startup-config",
    "cop run start",
    "delete flash:x",
    "del x",
    "erase startup-config",
    "format flash:",
    "save",
    "save configuration",
    "load factory-default",
    "restore x",
    "import x",
    "mkdir x",
    "rmdir x",
    "rm x",
    "mv a b",
    "cp a b",
    "move a b",
    "rename a b",
    "squeeze flash:",
    "tee x",
    "comm",
    "commit",
    "commit confirmed 5",
    "rollback 1",
    "roll 1",
    "apply",
    "activate x",
    "deactivate x",
    "discard",
    "reload",
    "rel in 5",
    "reboot",
    "restart",
    "reset saved-configuration",
    "shutdown",
    "shut",
    "poweroff",
    "halt",
    "boot system x",
    "factory-reset",
    "zeroize",
    "install add file x",
    "inst x",
    "upgrade x",
    "update x",
    "archive download-sw x",
    "license install x",
    "firmware x",
    "software install x",
    "request system reboot",
    "request support",
    "req sys reboot",
    "clear counters",
    "clea arp",
    "debug all",
    "undebug all",
    "test cable",
    "kill 3",
    "disconnect 1",
    "start shell",
    "stop x",
    "execute reboot",
    "exec reboot",
    "diagnose sys kill 9 1",
    "tclsh",
    "bash",
    "shell",
    "python",
    "python3 x",
    "guestshell run x",
    "event manager run x",
    "add x",
    "remove x",
    "create x",
    "disable port 1",
    "enable port 1",
    "enable 15",
    "logout now",
    "put x",
    "send log x",
    "key config-key",
    "crypto key generate rsa",
    "certificate x",
    "ssh 192.0.2.1",
    "telnet 192.0.2.1",
    "ping 192.0.2.1",
    "traceroute 192.0.2.1",
    "tftp x",
    "ftp x",
    "scp x",
    "sftp x",
    "wget x",
    "curl x",
    "connect x",
    "nv set system x",
    "nv unset system x",
    "nv action x",
    "nv config apply",
    "nv config save",
    "nv config replace x",
    "nv config patch x",
    "nv config detach",
    "/ip address add address=192.0.2.1/24",
    "/system reset-configuration",
    "/user set admin password=x",
    "/ip firewall filter remove 0",
    "/interface disable ether1",
    "/interface enable ether1",
    "/import x",
    "/ip route move 0 1",
    "/ip dns unset x",
    "/queue edit 0",
    "/system script run x; /ip address add",
]

MORE_THAN_ONE_COMMAND = [
    "show version; reload",
    "show version & reload",
    "show run | redirect tftp://192.0.2.1/x",
    "show run | append flash:x",
    "show run | tee flash:x",
    "show run | save x",
    "show run > flash:x",
    "show run < x",
    "show `reload`",
    "show $(reload)",
    "show ${reload}",
    "show run || reload",
    "show run | includes",
]

NOT_ONE_LINE = [
    "show version\nreload",
    "show version\rreload",
    "show version\tx",
    "show \x1b[A",
    "show \x7f",
    "show \x85",
    "show \u2028reload",
    "",
    "   ",
    "show " + "x" * 400,
]

RUN_ON_A_HOST = [
    "uname -srm",
    "dpkg-query -W -f '${Package} ${Version}\\n'",
    "dpkg -l",
    "dpkg --list",
    "dpkg --get-selections",
    "rpm -qa",
    "rpm -q --last kernel",
    "apt list --upgradable",
    "apt-get -s upgrade",
    "apt-get --simulate dist-upgrade",
    "dnf check-update",
    "dnf -C updateinfo list",
    "yum history",
    "zypper --quiet list-patches",
    "snap list",
    "systemctl list-units --type=service",
    "systemctl --no-pager status ssh",
    "systemctl is-enabled ssh",
    "ip -brief address show",
    "ip route",
    "ss -lntuH",
    "getent passwd",
    "timedatectl show --property=NTP",
    "hostname",
    "hostname -f",
    "sysctl -a",
    "sysctl net.ipv4.ip_forward",
    "iptables -S",
    "iptables -t nat -S",
    "ip6tables -L -n",
    "nft list ruleset",
    "nft -j list ruleset",
    "ufw status verbose",
    "firewall-cmd --list-all",
    "ethtool eth0",
    "ethtool -i eth0",
    "ethtool -S eth0",
    "ethtool -k eth0",
    "journalctl -n 100",
    "docker ps",
    "kubectl get nodes",
    "find /etc -name passwd",
    "find /etc -newer /etc/deletedx",
    "sort /etc/passwd",
    "date",
    "brctl show",
    "ifconfig -a",
    "route -n",
    "arp -an",
    "last -F",
    "shasum /etc/passwd",
    "supervise-x",
    "/usr/bin/uname -a",
    "vtysh -c 'show running-config'",
    "vtysh -c 'show version' -c 'show ip route'",
    "vtysh --vty_socket /run/frr -c 'show | include x'",
    "vtysh -d zebra -c version",
]

CHANGES_A_HOST = [
    "rm -rf /",
    "/bin/rm -rf /",
    "RM x",
    "'rm' -rf /",
    "r''m -rf /",
    "sh -c reboot",
    "bash",
    "sudo uname",
    "su",
    "env uname",
    "xargs rm",
    "python3 -c x",
    "python3.11 -c x",
    "pip3 install x",
    "awk x",
    "sed -i x",
    "tee x",
    "dd if=x",
    "mkfs.ext4 x",
    "reboot",
    "useradd x",
    "passwd root",
    "crontab -r",
    "curl x",
    "ping 192.0.2.1",
    "ssh x",
    "update-grub",
    "grub-install x",
    "systemctl restart ssh",
    "systemctl --now enable ssh",
    "systemctl",
    "systemctl listen",
    "apt install x",
    "apt",
    "apt-get upgrade",
    "apt-get -y upgrade",
    "apt-get -s",
    "dnf install x",
    "dnf -y update",
    "dnf history undo 3",
    "yum history rollback 3",
    "zypper update",
    "dpkg -i x",
    "dpkg -P x",
    "dpkg --purge x",
    "dpkg",
    "rpm -i x",
    "rpm -e x",
    "rpm --import x",
    "snap install x",
    "find / -delete",
    "find / -exec rm",
    "find / -fprintf x",
    "sort -o /etc/passwd x",
    "sort x --output=x",
    "ip link set eth0 down",
    "ip address add 192.0.2.1/24 dev eth0",
    "ip route flush table main",
    "ip netns exec x reboot",
    "ifconfig eth0 down",
    "route add default gw 192.0.2.1",
    "route -n add x",
    "arp -s 192.0.2.1 00:00:5e:00:53:00",
    "hostname x",
    "hostname -F x",
    "brctl addbr x",
    "ifdown eth0",
    "nmcli connection up x",
    "iptables -F",
    "iptables -t nat -F",
    "iptables",
    "iptables-restore x",
    "ip6tables-restore x",
    "nft flush ruleset",
    "nft -f x",
    "ufw disable",
    "firewall-cmd --reload",
    "sysctl -w net.ipv4.ip_forward=1",
    "sysctl net.ipv4.ip_forward=1",
    "sysctl -p",
    "ethtool -s eth0 speed 10",
    "ethtool --reset eth0",
    "ethtool -K eth0 tso off",
    "arp -d x",
    "hostname -b x",
    "hostnamectl set-hostname x",
    "loginctl terminate-user x",
    "timedatectl set-time x",
    "date -s x",
    "date --set=x",
    "journalctl --vacuum-size=1",
    "journalctl --rotate",
    "docker rm x",
    "docker exec x reboot",
    "kubectl delete pod x",
    "vtysh",
    "vtysh -w",
    "vtysh -b",
    "vtysh -c 'configure terminal'",
    "vtysh -c 'show version' -c 'write memory'",
    "vtysh -c reload",
    "vtysh -c 'show version; reload'",
    "vtysh -c 'show version' -f x",
    "vtysh -f x",
    "/usr/bin/vtysh -f x",
]

A_SHELL_ACTS_ON = [
    "uname; reboot",
    "uname & reboot",
    "uname && reboot",
    "uname || reboot",
    "uname | tee x",
    "cat /etc/passwd > x",
    "cat < x",
    "echo `reboot`",
    "echo $(reboot)",
    "echo $HOME",
    "ls ~",
    "ls *",
    "ls ?",
    "ls [a]",
    "ls {a}",
    "ls !x",
    "ls #x",
    'ls "x"',
    "ls \\x",
    "ls 'x",
    "ls 'a' ; 'b'",
]


@pytest.mark.parametrize("command", READ_ON_A_CLI)
def test_a_listed_reading_command_may_be_sent(command: str) -> None:
    assert guard.permit(command, {command}) == command


@pytest.mark.parametrize("command", CHANGES_A_DEVICE + MORE_THAN_ONE_COMMAND + NOT_ONE_LINE)
def test_listing_a_command_that_changes_a_device_does_not_let_it_through(command: str) -> None:
    with pytest.raises(RefusedError, match="so it was not sent"):
        guard.permit(command, {command})


@pytest.mark.parametrize("near", ["show versio", "show version ", " show version", "Show version", "show  version"])
def test_only_the_very_line_that_is_listed_may_be_sent(near: str) -> None:
    with pytest.raises(RefusedError, match="not on the read-only list"):
        guard.permit(near, {"show version"})


@pytest.mark.parametrize("command", RUN_ON_A_HOST)
def test_a_listed_reading_command_may_be_run_on_a_host(command: str) -> None:
    assert guard.permit_host(command, {command}) == command


@pytest.mark.parametrize("command", CHANGES_A_HOST)
def test_listing_a_command_that_changes_a_host_does_not_let_it_through(command: str) -> None:
    with pytest.raises(RefusedError, match=r"although it is listed|more than one command"):
        guard.permit_host(command, {command})


@pytest.mark.parametrize("command", A_SHELL_ACTS_ON)
def test_what_a_shell_would_act_on_is_not_run(command: str) -> None:
    with pytest.raises(RefusedError, match="a shell would act on it"):
        guard.permit_host(command, {command})


@pytest.mark.parametrize("command", NOT_ONE_LINE)
def test_a_host_is_given_one_plain_line(command: str) -> None:
    with pytest.raises(RefusedError, match="not one plain line"):
        guard.permit_host(command, {command})


def test_a_command_that_is_not_listed_is_not_run_on_a_host() -> None:
    with pytest.raises(RefusedError, match="not on the read-only list"):
        guard.permit_host("uname -a", {"uname"})


def test_a_command_of_the_greatest_length_may_be_sent() -> None:
    longest = "show " + "x" * (guard.MAX_COMMAND_CHARS - 5)
    assert guard.permit(longest, {longest}) == longest


def test_a_refusal_names_the_command_it_refused() -> None:
    with pytest.raises(RefusedError) as refused:
        guard.permit("reload", {"reload"})
    assert str(refused.value) == "it can change the device, so it was not sent although it is listed: 'reload'"
    with pytest.raises(RefusedError) as refused:
        guard.permit_host("vtysh -c 'show version' -c reload", {"vtysh -c 'show version' -c reload"})
    assert "-c reload" in str(refused.value)


def test_a_listed_absolute_path_may_be_read() -> None:
    assert guard.permit_path("/etc/os-release", {"/etc/os-release"}) == "/etc/os-release"
    assert guard.permit_path("/etc/a..b", {"/etc/a..b"}) == "/etc/a..b"
    longest = "/" + "x" * (guard.MAX_PATH_CHARS - 1)
    assert guard.permit_path(longest, {longest}) == longest


@pytest.mark.parametrize(
    "path", ["etc/passwd", "", "~/x", "/etc/../root/x", "/..", "/etc/\nx", "/etc/\0", "/" + "x" * 1024]
)
def test_a_path_that_is_not_plain_and_absolute_is_not_read(path: str) -> None:
    with pytest.raises(RefusedError, match="not a plain absolute path"):
        guard.permit_path(path, {path})


def test_a_path_that_is_not_listed_is_not_read() -> None:
    with pytest.raises(RefusedError, match="not on the read-only list"):
        guard.permit_path("/etc/shadow", {"/etc/os-release", "/etc"})


@pytest.mark.parametrize("verb", ["get", "getnext", "getbulk"])
def test_snmp_may_be_asked(verb: str) -> None:
    assert guard.permit_snmp(verb) == verb


@pytest.mark.parametrize("verb", ["set", "SET", "inform", "trap", "", "Get", "get "])
def test_snmp_is_never_set(verb: str) -> None:
    with pytest.raises(RefusedError, match="not a read-only SNMP request"):
        guard.permit_snmp(verb)


def test_every_command_of_the_built_in_platforms_passes_both_walls() -> None:
    checks: dict[tuple[bool, Verb], Callable[..., str]] = {
        (False, Verb.RUN): guard.permit,
        (True, Verb.RUN): guard.permit_host,
        (True, Verb.READ): guard.permit_path,
    }
    seen = 0
    for platform in load_platforms():
        platform = fitted(platform, dict.fromkeys(LISTS, ("/srv/plain", "/srv/with a blank")))
        session = platform.session
        host = session is None or session.kind == "host"
        for line in session.setup if session else ():
            guard.permit(line, {line})
        for question in platform.questions:
            if question.transport in ("ssh", "local"):
                on_host = host or question.transport == "local"
                checks[on_host, question.verb](question.objects[0], {question.objects[0]})
                seen += 1
    assert seen > 10


CALLS_THAT_READ = [
    "iam:GetCredentialReport",
    "iam:ListUsers",
    "ec2:DescribeSecurityGroupRules",
    "cloudtrail:LookupEvents",
    "ssm:DescribeInstancePatchStates",
    "iam:GetAccessKeyLastUsed",
    "codebuild:BatchGetProjects",
    "kms:GetKeyRotationStatus",
    "iam:ListServiceSpecificCredentials",
    "iam:GetAccountPasswordPolicy",
    "s3:GetObjectLockConfiguration",
]

CALLS_THAT_DO_NOT = [
    "iam:CreateUser",
    "iam:DeleteUser",
    "iam:PutUserPolicy",
    "ec2:RunInstances",
    "ssm:SendCommand",
    "backup:StartRestoreJob",
    "sts:AssumeRole",
    "ec2:GetterOfAll",
    "ec2:Describe",
    "ec2:describeInstances",
    "ec2:DescribeInstances ",
    "ec2:DescribeInstances\n",
    "ec2",
    "",
]

CALLS_THAT_HAND_OUT = [
    "sts:GetSessionToken",
    "sts:GetFederationToken",
    "ecr:GetAuthorizationToken",
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetRandomPassword",
    "ec2:GetPasswordData",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ssm:GetParameterHistory",
    "cognito-identity:GetCredentialsForIdentity",
    "redshift:GetClusterCredentials",
    "sso:GetRoleCredentials",
    "s3:GetObject",
    "kinesis:GetRecords",
    "dynamodb:BatchGetItem",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
]


@pytest.mark.parametrize("operation", CALLS_THAT_READ)
def test_a_listed_operation_that_reads_by_its_name_may_be_called(operation: str) -> None:
    assert guard.permit_call(operation, [operation]) == operation


@pytest.mark.parametrize("operation", CALLS_THAT_READ)
def test_an_operation_that_is_not_listed_may_not(operation: str) -> None:
    with pytest.raises(RefusedError, match="not on the read-only list"):
        guard.permit_call(operation, ["iam:ListRoles"], reason="a reason is no listing")


@pytest.mark.parametrize("operation", [*CALLS_THAT_DO_NOT, *CALLS_THAT_HAND_OUT])
def test_no_listing_and_no_reason_permits_a_change_or_what_hands_out_secrets(operation: str) -> None:
    for reason in (None, "somebody thought it was safe"):
        with pytest.raises(RefusedError, match="although it is listed"):
            guard.permit_call(operation, [operation], reason=reason)


def test_a_report_is_had_made_where_the_service_file_says_why() -> None:
    operation = "iam:GenerateCredentialReport"
    assert guard.permit_call(operation, [operation], reason="changes no setting") == operation
    for reason in (None, ""):
        with pytest.raises(RefusedError, match="not a read's"):
            guard.permit_call(operation, [operation], reason=reason)
    with pytest.raises(RefusedError):
        guard.permit_call("kms:GenerateDataKey", ["kms:GenerateDataKey"], reason="it is no report")


def test_every_shipped_operation_may_be_called() -> None:
    called = [
        question for platform in load_platforms() for question in platform.questions if question.verb is Verb.CALL
    ]
    assert len(called) > 20
    for question in called:
        stated = question.call.safe_call if question.call else None  # type: ignore[union-attr]
        assert guard.permit_call(question.objects[0], [question.objects[0]], reason=stated) == question.objects[0]


PS = "powershell -NoProfile -NonInteractive -Command "
READS_WINDOWS = [
    '"Get-HotFix | Select-Object -Property HotFixID,InstalledOn | ConvertTo-Json -Compress"',
    "\"Get-CimInstance -ClassName Win32_Service -Filter 'State=''Running''' | ConvertTo-Json\"",
    "\"Get-ItemProperty -Path 'HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion' | Select-Object -Property UBR\"",
    '"Get-NetUDPEndpoint | Where-Object -Property LocalPort -LT 49152 | Select-Object -Property LocalPort"',
    '"New-Object -ComObject Microsoft.Update.Searcher -Property @{Online=0}'
    " | ForEach-Object -MemberName Search -ArgumentList 'IsInstalled=0' | Select-Object -ExpandProperty Updates\"",
]
CHANGES_WINDOWS = [
    "",
    '"Restart-Computer"',
    '"Stop-Service sshd"',
    '"Get-HotFix',
    '"Get-HotFix" ; reboot',
    '"Get-HotFix" | tee x',
    '"Get-HotFix; Restart-Computer"',
    '"Get-HotFix > x"',
    '"Get-HotFix | Out-File x"',
    '"Get-HotFix | Remove-Item"',
    '"Get-HotFix | ForEach-Object -MemberName Delete"',
    '"Get-HotFix | ForEach-Object {reboot}"',
    '"Get-HotFix | Select-Object -Property @{Name=1}"',
    '"Get-HotFix -ComputerName other"',
    '"Get-HotFix -cn other"',
    '"Get-BitLockerVolume | Select-Object -Property MountPoint,KeyProtector"',
    '"Get-BitLockerVolume | Select-Object -Property k*"',
    '"Get-HotFix $(reboot)"',
    '"Get-HotFix `n reboot"',
    '"Get-HotFix %PATH%"',
    '"& Get-HotFix"',
    '"Get-LocalUser | Disable-LocalUser"',
    '"Get-Content x"',
    '"Get-CimInstance -ClassName Win32_Product"',
    '"Get-CimInstance -ClassName Win32_product"',
    '"Get-CimInstance -ClassName Win32_SoftwareFeature"',
    '"Get-BitLockerVolume | ConvertTo-Json"',
    '"Get-BitLockerVolume"',
    '"Get-CimInstance -Query x"',
    '"Get-CimInstance -ClassName Win32_Service -CimSession x"',
    '"Get-BitLockerVolume | Select-Object -ExpandProperty KeyProtector"',
    '"New-Object -ComObject WScript.Shell"',
    "\"New-Object -ComObject Microsoft.Update.Searcher | ForEach-Object -MemberName Search -ArgumentList 'x'\"",
    '"New-Object -ComObject Microsoft.Update.Searcher -Property @{Online=1} | Select-Object -Property Online"',
    '"Get-HotFix \'x | Restart-Computer"',
    "\"Get-HotFix 'x' y' | Restart-Computer\"",
]


@pytest.mark.parametrize("pipeline", READS_WINDOWS)
def test_a_listed_pipeline_that_reads_may_be_run_on_windows(pipeline: str) -> None:
    assert guard.permit_host(PS + pipeline, {PS + pipeline}) == PS + pipeline


@pytest.mark.parametrize("pipeline", CHANGES_WINDOWS)
def test_listing_a_pipeline_that_does_more_does_not_let_it_through(pipeline: str) -> None:
    with pytest.raises(RefusedError, match="not a pipeline that only reads"):
        guard.permit_host(PS + pipeline, {PS + pipeline})


@pytest.mark.parametrize(
    "command", ["powershell -File x", "powershell -EncodedCommand AAAA", "PowerShell -c x", "pwsh x"]
)
def test_powershell_gets_no_script_in_any_other_way(command: str) -> None:
    with pytest.raises(RefusedError):
        guard.permit_host(command, {command})


def test_a_session_is_begun_and_ended_at_its_own_path_and_nothing_else_is_posted() -> None:
    assert guard.permit_session("POST", "/api/session") == "/api/session"
    assert guard.permit_session("DELETE", "/rest/com/vmware/cis/session") == "/rest/com/vmware/cis/session"
    for method, path in (
        *(("PUT", "/api/session"), ("PATCH", "/api/session"), ("POST", "/api/vm"), ("DELETE", "/api/session/..")),
        *(("POST", "/api/session?action=x"), ("POST", "//api/session"), ("POST", "/api/../session x")),
    ):
        with pytest.raises(RefusedError, match="not where a session begins or ends"):
            guard.permit_session(method, path)
    with pytest.raises(RefusedError, match="not a read-only HTTP method"):
        guard.permit_http("POST", "/api/session", {"/api/session"})


def test_a_list_of_updates_is_no_update() -> None:
    for path in ("/api/appliance/update/pending", "/api/appliance/update"):
        assert guard.permit_http("GET", path, {path}) == path
    for path in ("/api/appliance/update/pending/install", "/api/update/pending", "/api/install/appliance/update"):
        with pytest.raises(RefusedError, match="it can change the service"):
            guard.permit_http("GET", path, {path})
