"""
The read-only list: what is not on it is refused, and so is what changes a device even if it is on it.

Two walls, each enough by itself. The first is the platform file: a request leaves only if it is, character for
character, one of the lines the platform lists. The second does not trust the platform file, which a user may have
written: commands that configure, store, restart, transfer or open a shell are refused wherever they are listed.
"""

import re
from collections.abc import Collection

from collectors.transports.interface import NotReadOnlyError

MAX_COMMAND_CHARS = 400
"""Longest line a CLI is sent. Classic IOS takes 254 characters; the longest listed command has 120."""

MAX_PATH_CHARS = 1024
"""Longest path asked for; PATH_MAX of Linux is 4096, the listed ones have less than 60."""

SNMP_VERBS = frozenset({"get", "getnext", "getbulk"})
"""What may be asked of an SNMP agent; `set`, `inform` and the traps are not among them."""

HTTP_METHODS = frozenset({"GET", "HEAD"})
"""The safe methods of RFC 9110 §9.2.1 that give what is there; OPTIONS and TRACE tell nothing worth knowing."""

_HTTP_CHANGES = re.compile(
    r"(?:add|apply|acknowledge|ack|cancel|clear|commit|create|delete|disable|disconnect|enable|execute|exec|factory-reset"
    r"|import|install|kill|login|logout|modify|poweroff|purge|reboot|remove|rename|reset|restart|restore|resume|revert"
    r"|rollback|run|save|send|set|shutdown|start|stop|submit|terminate|trigger|uninstall|update|upgrade|upload|write)",
    re.I,
)
"""Segments of a path that name an act: some services act on a GET, whatever RFC 9110 says."""

_HTTP_LISTS = re.compile(r"/appliance/update(?:/pending)?\Z")
"""Ends of paths that name what is at hand by the word of an act: vCenter's list of updates."""

_HTTP_SESSION = re.compile(r"(?:/[a-z0-9.-]+)*/sessions?", re.ASCII)
"""Where a session is begun and ended: the one thing that is sent anything but a GET or HEAD."""

_NO_PATH = re.compile(r"[^!-~]|[?#\\]|//|%(?:2[EeFf]|5[Cc])")
"""What a plain path of visible ASCII does not hold: query, fragment, and dots or slashes in disguise."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")

_CLI_FILTERS = (
    "begin|count|display|egrep|except|exclude|find|grep|include|json|last|linnum|match|nomore|no-more|pretty|section"
    "|trim|xml"
)
_CLI_PIPE = re.compile(rf"\|\s*(?:{_CLI_FILTERS})\b", re.I)
"""What may stand behind a pipe on a network system: filters. `redirect`, `append`, `tee` and `save` write files."""

_CLI_JOINS = re.compile(r"[;&|<>`]|\$[({]")
"""What joins a second command to the first, or writes a file, once the filters are taken out."""

_CLI_CHANGES = (
    r"(?!(?:configuration\s+show|configshow)\b)conf\w*\b(?!\s+(?:history|rollback)\s+show\b)",  # configure, conf t …
    r"(?:sy|sys|syst|system|system-view|edit|unset|undo|format|squeeze|tee|save|load|restore|import|tclsh|event)\b",
    r"set\b(?!\s+(?:cli|length)\s|\s+terminal\s+(?:length|width|pager)\s|\s+session\s+more\s)",
    r"no\b(?!\s+(?:page|paging|pager)\b|\s+cli\s+(?:pager|session\s+paging)\b)",
    r"(?:wr|cop|del|era|roll|rel|reboot|shut|factory|inst|clea|exec|diag|trace|commit)\w*",  # abbreviated, too
    r"req\w*\b(?!\s+support\s+information\b)",  # Junos: request system reboot, zeroize …
    r"(?:comm|apply|activate|deactivate|discard|archive|license|firmware|software(?!\s+show\b)|upgrade|update)\b",
    r"(?:restart|reset|poweroff|halt|boot|zeroize|start|stop|kill|disconnect|debug|undebug|test)\b",
    r"(?:add|remove|create|disable|put|send|key|crypto|certificate|mkdir|rmdir|rm|mv|cp|move|rename)\b",
    r"(?:enable|logout)\s+\S",
    r"(?:ssh|telnet|ping|tftp|ftp|scp|sftp|wget|curl|connect|bash|shell|python\d?|guestshell)\b",
    r"nv\s+(?:set|unset|action|config\s+(?:apply|save|replace|patch|detach))\b",
    r"/.*\b(?:add|set|remove|enable|disable|reset|import|move|unset|edit)\b",  # RouterOS: /ip address add …
)
_CLI_WALL = re.compile(r"\s*(?:(?:do|run|sudo)\s+)*(?:" + "|".join(_CLI_CHANGES) + ")", re.I)

_HOST_META = re.compile(r"[;&|<>`$(){}*?\[\]~!#\\\"']")
"""What a shell acts on. Single-quoted words are taken out before this is looked for."""

_SINGLE_QUOTED = re.compile(r"'[^']*'")

_HOST_PROGRAMS = (
    "sh|bash|dash|ash|zsh|ksh|csh|tcsh|fish|su|sudo|doas|pkexec|eval|exec|source|xargs|env|nohup|nice|setsid|timeout",
    "watch|script|expect|busybox|python[\\d.]*|perl|ruby|node|php|lua|awk|gawk|mawk|sed|ed|ex|vi|vim|nano|tee|dd",
    "rm|mv|cp|ln|install|touch|truncate|shred|mkdir|rmdir|mkfifo|mknod|chmod|chown|chgrp|chattr|setfacl|mount|umount",
    "mkfs\\S*|fdisk|parted|swapon|swapoff|kill|killall|pkill|reboot|shutdown|halt|poweroff|init|telinit|passwd",
    "chpasswd|useradd|userdel|usermod|groupadd|groupdel|groupmod|adduser|deluser|visudo|crontab|at|batch|modprobe",
    "insmod|rmmod|ssh|scp|sftp|rsync|ftp|tftp|telnet|nc|ncat|socat|curl|wget|ping|traceroute|nmap|tcpdump|make|gcc",
    "git|patch|pip\\d*|update-\\S+|grub-\\S+|systemd-run|wall|write|logger|ifup|ifdown|openssl|gpg|restic|borg|mysql",
    "psql|sqlite3|virsh|crm|pcs|vtysh|ip6?tables-restore|(?:powershell|pwsh|cmd|[cw]script|reg|wmic)(?:\\.exe)?",
)
_HOST_CHANGES = (
    r"systemctl(?!\s+(?:--\S+\s+)*(?:list-\S+|show|status|is-\S+|cat|get-default)\b)",
    r"(?:apt|aptitude)(?!\s+(?:list|show|policy|search)\b)(?!\S)",
    r"apt-get(?!\s+(?:-s|--simulate|--just-print|--dry-run)\s)",
    r"(?:dnf|yum|microdnf)(?!\s+(?:-\S+\s+)*(?:check-update|list|info|updateinfo|repolist|repoquery|needs-restarting|history|search)\b)",
    r"(?:dnf|yum)\s.*history\s+(?:undo|redo|rollback|replay)",
    r"zypper(?!\s+(?:-\S+\s+)*(?:list-updates|list-patches|lu|lp|lr|info|search|patches)\b)",
    r"dpkg(?!\s+(?:-l|-L|-s|-S|-V|--list\w*|--get-selections|--status|--audit|--verify|--print\S*)(?!\S))(?!\S)",
    r"rpm(?!\s+(?:-q\S*|-V\S*|--query|--verify)(?!\S))",
    r"snap(?!\s+(?:list|info|version|changes)\b)",
    r"find\s.*-(?:exec|execdir|delete|ok|okdir|fprint\w*|fls)\b",
    r"sort\s.*(?:-o|--output)",
    r"ip\s.*\b(?:add|append|change|del|delete|flush|replace|set|exec|restore|save)\b",
    r"(?:ifconfig|route|arp|hostname)\s+[^-\s]",
    r"hostname\s.*(?:(?-i:-F|-b)|--file|--boot)",
    r"(?:route|arp)\s.*(?:-s|-d|--set|--delete|\sadd\s|\sdel\s)",
    r"brctl(?!\s+show)",
    r"nmcli\s.*\b(?:up|down|add|modify|delete|on|off|reload|edit|connect)\b",
    r"(?:ip6?tables|ebtables|arptables)(?!\s+(?:-t\s+\w+\s+)?(?:-S|-L|-nL|-vnL|--list\S*)(?!\S))",
    r"nft(?!\s+(?:-\w+\s+)*list\b)",
    r"ufw(?!\s+status\b)",
    r"firewall-cmd(?!\s+--(?:list|get|state|query)\S*)",
    r"sysctl\s.*(?:-w|-p|--write|--load|--system|=)",
    r"ethtool\s+(?:(?-i:-[sKGACELNUXWfprt])\b|--(?:set|change|config|flash|reset|identify)\S*)",
    r"(?:hostnamectl|timedatectl|localectl|loginctl)\s.*\b(?:set-|kill|terminate|lock|enable|disable|activate)",
    r"date\s.*(?:-s|--set)",
    r"journalctl\s.*--(?:vacuum|rotate|flush|sync|relinquish|setup|update)",
    r"(?:docker|podman|crictl)(?!\s+(?:ps|images|info|version|inspect)\b)",
    r"kubectl(?!\s+(?:get|version|describe)\b)",
)
_HOST_WALL = re.compile(
    r"(?:\S*/)?(?:(?:" + "|".join(_HOST_PROGRAMS) + r")(?!\S)|" + "|".join(_HOST_CHANGES) + ")", re.I
)

_POWERSHELL = re.compile(r'powershell -NoProfile -NonInteractive -Command "([\w ,.:\'=@{}\\|-]+)"', re.ASCII)
"""One pipeline without anything that PowerShell, or the shell in front of it, would expand: it is the same in both."""

_POWERSHELL_QUOTED = re.compile(r"'(?:[^']|'')*'")
_POWERSHELL_SOURCE = (
    r"Get-(?:HotFix|LocalUser|MpComputerStatus|NetUDPEndpoint|NetTCPConnection -State Listen)"
    r"|Get-BitLockerVolume(?= \| Select-Object)"  # with everything come recovery passwords
    r"|Get-LocalGroupMember -SID S(?:-\d+)+"
    r"|Get-CimInstance -ClassName Win32_(?!(?i:Product|Software))\w+(?: -Filter '')?"  # to list those repairs programs
    r"|Get-ItemProperty -Path ''"
    r"|New-Object -ComObject Microsoft\.Update\.(?:SystemInfo|AutoUpdate|Searcher -Property @{Online=0})"
)
_POWERSHELL_FILTER = (
    r"Select-Object -(?:Property|ExpandProperty) (?![\w,]*(?i:KeyProtector))\w+(?:,\w+)*"
    r"|Where-Object -Property \w+ -(?:EQ|NE|LT|GT) \w+"
    r"|ForEach-Object -MemberName Search -ArgumentList ''"  # of updates; Online=0 keeps it on the host
    r"|ConvertTo-Json(?: -Compress)?"
)
_POWERSHELL_PIPELINE = re.compile(rf"(?:{_POWERSHELL_SOURCE})(?: \| (?:{_POWERSHELL_FILTER}))*", re.ASCII)
"""What reads, and what may stand behind it; quoted words are empty here."""

_CALL_READS = re.compile(r"(?:Get|BatchGet|List|Describe|Lookup)[A-Z]\w*", re.ASCII)
"""Operations of a cloud's API that read, by their names (AWS API naming: Create, Delete, Put, Start … change)."""

_CALL_STATED = re.compile(r"Generate[A-Z]\w*Report", re.ASCII)
"""What else may be called, where the service file states why: it has a report made, which is then read."""

_CALL_HANDS_OUT = re.compile(
    r"(?:Batch)?Get\w*?(?:Credentials|Token|Secret|Password(?!Policy)|Parameter|KeyPair|PrivateKey|Function"
    r"|Object(?!Lock)|Item|Records)\w*",
    re.ASCII,
)
"""Reads that give out credentials, secrets or somebody's data: no evidence needs them."""

_VTYSH = re.compile(r"vtysh(?:\s+--vty_socket\s+[\w./-]+)?(?:\s+-[dEw]\s+\S+)*((?:\s+-c\s+(?:'[^']*'|[^\s']+))+)")
_VTYSH_COMMAND = re.compile(r"-c\s+(?:'([^']*)'|([^\s']+))")


def permit(command: str, allowed: Collection[str]) -> str:
    """Return `command` if a network system may be sent it; raise `NotReadOnlyError` if not."""
    _on_the_list(command, allowed)
    _behind_cli_wall(command, command)
    return command


def permit_host(command: str, allowed: Collection[str]) -> str:
    """Return `command` if a host's shell, or this machine, may be given it; raise `NotReadOnlyError` if not."""
    _on_the_list(command, allowed)
    vtysh = _VTYSH.fullmatch(command)
    if vtysh:
        for quoted, bare in _VTYSH_COMMAND.findall(vtysh.group(1)):
            _behind_cli_wall(quoted or bare, command)
        return command
    if command.startswith("powershell "):
        _one_reading_pipeline(command)
        return command
    if _HOST_META.search(_SINGLE_QUOTED.sub("", command)):
        raise NotReadOnlyError(f"a shell would act on it, so it was not sent: {command!r}")
    if _HOST_WALL.match(command.replace("'", "")):
        raise NotReadOnlyError(f"not a read-only command, so it was not sent although it is listed: {command!r}")
    return command


def permit_path(path: str, allowed: Collection[str]) -> str:
    """Return `path` if that file may be read; raise `NotReadOnlyError` if not."""
    if path not in allowed:
        raise NotReadOnlyError(f"not on the read-only list, so it was not read: {path!r:.{MAX_PATH_CHARS}}")
    if not path.startswith("/") or ".." in path.split("/") or len(path) > MAX_PATH_CHARS or _CONTROL.search(path):
        raise NotReadOnlyError(f"not a plain absolute path, so it was not read: {path!r:.{MAX_PATH_CHARS}}")
    return path


def permit_http(method: str, path: str, allowed: Collection[str]) -> str:
    """
    Return `path` if a service may be asked for it; raise `NotReadOnlyError` if not.

    `{each}` in it stands for a value that is written as one segment; it is no way to another path.
    """
    if method not in HTTP_METHODS:
        raise NotReadOnlyError(f"not a read-only HTTP method, so it was not sent: {method!r:.20}")
    if path not in allowed:
        raise NotReadOnlyError(f"not on the read-only list, so it was not sent: {path!r:.{MAX_PATH_CHARS}}")
    segments = path.split("/")
    if not path.startswith("/") or len(path) > MAX_PATH_CHARS or _NO_PATH.search(path) or {".", ".."} & set(segments):
        raise NotReadOnlyError(f"not a plain absolute path, so it was not sent: {path!r:.{MAX_PATH_CHARS}}")
    if any(_HTTP_CHANGES.fullmatch(segment) for segment in segments) and not _ends_in_list(path):
        raise NotReadOnlyError(f"it can change the service, so it was not sent although it is listed: {path!r}")
    return path


def _ends_in_list(path: str) -> bool:
    found = _HTTP_LISTS.search(path)
    return found is not None and not any(map(_HTTP_CHANGES.fullmatch, path[: found.start()].split("/")))


def permit_session(method: str, path: str) -> str:
    """Return `path` if a session may be begun (POST) or ended (DELETE) there; raise `NotReadOnlyError` if not."""
    if method not in ("POST", "DELETE") or not _HTTP_SESSION.fullmatch(path):
        raise NotReadOnlyError(f"not where a session begins or ends, so it was not sent: {method} {path!r:.200}")
    return path


def permit_call(operation: str, allowed: Collection[str], *, reason: str | None = None) -> str:
    """
    Return `operation` (`iam:ListUsers`) if a cloud account may be asked it; raise `NotReadOnlyError` if not.

    `reason` is what the service file states where the name does not say that it only reads.
    """
    if operation not in allowed:
        raise NotReadOnlyError(f"not on the read-only list, so it was not called: {operation!r:.{MAX_COMMAND_CHARS}}")
    name = operation.partition(":")[2]
    if _CALL_HANDS_OUT.fullmatch(name):
        raise NotReadOnlyError(f"it gives out secrets or data, so it was not called although it is listed: {operation}")
    if not (_CALL_READS.fullmatch(name) or (reason and _CALL_STATED.fullmatch(name))):
        raise NotReadOnlyError(f"its name is not a read's, so it was not called although it is listed: {operation}")
    return operation


def permit_snmp(verb: str) -> str:
    """Return `verb` if it is one an SNMP agent may be sent; raise `NotReadOnlyError` if not."""
    if verb not in SNMP_VERBS:
        raise NotReadOnlyError(f"not a read-only SNMP request, so it was not sent: {verb!r}")
    return verb


def _one_reading_pipeline(command: str) -> None:
    """Raise `NotReadOnlyError` unless a PowerShell command is one source that reads and filters behind it."""
    found = _POWERSHELL.fullmatch(command)
    bare = _POWERSHELL_QUOTED.sub("''", found[1]) if found else ""
    if not _POWERSHELL_PIPELINE.fullmatch(bare):
        raise NotReadOnlyError(f"not a pipeline that only reads, so it was not sent although it is listed: {command!r}")


def _on_the_list(command: str, allowed: Collection[str]) -> None:
    if command not in allowed:
        raise NotReadOnlyError(f"not on the read-only list, so it was not sent: {command!r:.{MAX_COMMAND_CHARS}}")
    if not command.strip() or len(command) > MAX_COMMAND_CHARS or _CONTROL.search(command):
        raise NotReadOnlyError(f"not one plain line, so it was not sent: {command!r:.{MAX_COMMAND_CHARS}}")


def _behind_cli_wall(command: str, shown: str) -> None:
    if _CLI_WALL.match(command):
        raise NotReadOnlyError(f"it can change the device, so it was not sent although it is listed: {shown!r}")
    if _CLI_JOINS.search(_CLI_PIPE.sub("", command)):
        raise NotReadOnlyError(f"it holds more than one command or writes a file, so it was not sent: {shown!r}")
