"""
What looks like a secret in any device's or program's text, for platforms without rules and for what rules missed.

Patterns in the form of a platform's secret rules; each is searched in lines that hold a word it needs.
"""

from evidence.platforms.platform import SecretRule

_WORDS = ("password", "passwd", "passphrase", "passcode", "passwort", "secret", "psk", "token")
_COMPOUNDS = (
    "pre-shared-key",
    "shared-key",
    "shared-secret",
    "api-key",
    "access-key",
    "secret-key",
    "private-key",
    "auth-key",
    "priv-key",
    "encryption-key",
    "wpa-key",
    "wep-key",
    "auth-password",
    "auth-pass",
    "priv-password",
    "priv-pass",
    "authentication-password",
    "authentication-key",
    "privacy-password",
    "key-string",
    "ro-community",
    "rw-community",
    "community-name",
    "community-string",
)
_NAMES = "(?:{})".format(
    "|".join((*_WORDS, *(name.replace("-", joint) for name in _COMPOUNDS for joint in ("-", "_", "", " "))))
)
"""Written out in every spelling: the line search looks for each as a whole word."""
_NOT_A_VALUE = (
    r"(?!(?:true|false|yes|no|none|null|nil|enabled?|disabled?|required?|optional|prompt|ask|never|\*+|\.{3}"
    r"|encryption|encrypted|min(?:imum)?|max(?:imum)?|length|policy|history|lifetime|expir\w*|strength|complexity"
    r"|strong|weak|recovery|aging|age|change\w*|level|check|rule|rules|reset\S*|hint|manage\w*|control|default|set"
    r"|attempts?|retr\w+|time\S*|in|for|is|are|was|were|the|of|on|to|at|a|an|and|or|must|may|not|will|has|have|with"
    r"|from|by|only|mode|type|group|file|database|protect\w*|storage|server|auth\w*|local|login|radius|tacacs\S*"
    r"|ascii|hex|md5|sha\S*|valid\S*|alert\S*|update\w*|failed|failure|incorrect|wrong|invalid|key|keys|chain|string"
    r"|[a-z][a-z0-9+.-]*://\S*|[01]|community-\w+|plain-text|cleartext|hash\w*|cipher|sent|received|lock\w*|user\w*|days?|interface|vrf|ssh|snmp|http\S*|ldap\S*)"
    r"(?:[\s\"',;:.<>)]|$))"
)
_KINDS = (
    r"(?:(?:encrypted|cleartext|clear(?:-text)?|clear_text|plaintext|plain(?:-text)?|plaintext-password|"
    r"encrypted-password|ciphertext|cipher|hash|hashed|simple|irreversible-cipher|sha-?\d*|md5|enc|ascii(?:-text)?|"
    r"hex|key|level \d+|[0-9]) )*"
)

_CRYPT = (
    r"(?:\$1\$|\$2\$|\$2a\$|\$2b\$|\$2x\$|\$2y\$|\$5\$|\$6\$|\$7\$|\$8\$|\$14\$|\$y\$|\$gy\$|\$apr1\$|\$sha1\$"
    r"|\$sha256\$|\$sha512\$|\$argon2i\$|\$argon2id\$|\$pbkdf2\$|\$pbkdf2-sha256\$|\$pbkdf2-sha512\$)"
)
"""Schemes of crypt(5) and vendors' own, written out: the line search looks for them as words."""

GENERIC_RULES = (
    SecretRule(
        type="private-key",
        pattern=r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<secret>.*)",
        until=r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
    ),
    SecretRule(type="password", pattern=rf"(?i)(?<![a-z<]){_NAMES}[\"']?\s*[:=]\s*\"(?P<secret>[^\"\r\n]+)\""),
    SecretRule(type="password", pattern=rf"(?i)(?<![a-z<]){_NAMES}[\"']?\s*[:=]\s*'(?P<secret>[^'\r\n]+)'"),
    SecretRule(
        type="password",
        pattern=rf"(?i)(?<![a-z<]){_NAMES}[\"']?\s*[:=]\s*{_NOT_A_VALUE}(?P<secret>[^\s\"'<>{{][^\s\"'<>,;]*)",
    ),
    SecretRule(
        type="password",
        pattern=rf"(?i)(?<![a-z-]){_NAMES} {_KINDS}{_NOT_A_VALUE}"
        r"(?![\w-]+=[\w\"'])(?P<secret>(?=\S*[\d$!@#%^&*+=/\\])[^\s\"'<>{;:=][^\s\"'<>;]{2,})",
    ),
    SecretRule(
        type="password",
        pattern=rf"(?i)(?<![a-z-])(?:password|passwd|passphrase|psk|pre-shared-key|shared-secret|key-string) {_KINDS}"
        rf"{_NOT_A_VALUE}(?P<secret>[a-z]{{3,}})\s*$",
    ),
    SecretRule(type="password", pattern=rf"(?i)(?<![a-z-]){_NAMES} {_KINDS}\"(?P<secret>[^\"]+)\""),
    SecretRule(
        type="snmp-community",
        pattern=rf"(?i)\bsnmp\S*\s(?:.*\s)?community (?:name |read |write |ro |rw )?{_KINDS}[\"']?{_NOT_A_VALUE}"
        r"(?P<secret>[^\s\"',;{]+)",
    ),
    SecretRule(
        type="password-hash",
        scheme="opaque",
        pattern=rf"(?P<secret>{_CRYPT}[^\s\"'<>:,;]{{4,}})",
    ),
    SecretRule(type="password", scheme="juniper9", pattern=r"(?P<secret>\$9\$[A-Za-z0-9./-]{4,}(?:\$[A-Za-z0-9./]+)?)"),
    SecretRule(type="password", scheme="opaque", pattern=r"\bENC (?P<secret>[A-Za-z0-9+/=]{12,})"),
    SecretRule(
        type="url-password", pattern=r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/@:\"'<>]*:(?P<secret>[^\s@/\"'<>]+)@"
    ),
    SecretRule(
        type="bearer-token",
        pattern=r"(?i)\bauthorization[\"']?\s*[:=]?\s*[\"']?(?:bearer|basic|digest|token)\s+(?P<secret>[^\s\"',;]+)",
    ),
    SecretRule(type="bearer-token", pattern=r"(?i)\bbearer\s+(?P<secret>(?=\S*\d)[A-Za-z0-9._~+/=-]{12,})"),
    SecretRule(type="api-token", pattern=r"(?i)\bx-[a-z-]*(?:token|key):\s*(?P<secret>\S+)"),
    SecretRule(
        type="password",
        pattern=rf"(?i)<([\w:.-]*(?:{_NAMES}|prv|community)[\w:.-]*)(?:\s[^<>]*)?>{_NOT_A_VALUE}(?P<secret>[^<>\r\n]+)",
    ),
    SecretRule(type="config-digest", pattern=r"\bCryptochecksum: ?(?P<secret>[0-9a-f][0-9a-f ]{30,})"),
    SecretRule(type="config-digest", pattern=r"\bhmConfigurationSignature\b[^=:]*[=:]\s*(?P<secret>\S+)"),
)
"""Ordered; a platform's own rules go before them."""
