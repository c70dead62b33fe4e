"""
What looks like a secret in any device's or program's text, for platforms without rules and for what rules missed.

Patterns in the form of a platform's secret rules; each is searched in lines that hold a word it needs. What may stand
between two words has a bound, so that no line, however long, takes more than its length in time.
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
    r"(?!(?:true|false|yes|no|none|null|nil|enabled?|disabled?|required?|optional|prompt|ask|never|\*+|\.{3}|[01]"
    r"|encryption|encrypted|min(?:imum)?|max(?:imum)?|length|policy|history|lifetime|strength|complexity|strong|weak"
    r"|expir(?:e|es|ed|y|ation)(?:-[a-z-]+)?|recovery|aging|age|changed?|level|check|rules?|reset(?:-[a-z-]+)?|hint"
    r"|manage(?:r|d|ment)?|control|default|set|attempts?|retry|retries|time(?:out|stamp|s)?|in|for|is|are|was|were|the"
    r"|of|on|to|at|a|an|and|or|must|may|not|will|has|have|with|from|by|only|mode|type|group|file|database"
    r"|protect(?:ed|ion)?|storage|server|auth(?:entication|orization)?|local|login|radius|tacacs\+?|ascii|hex|md5"
    r"|sha-?\d*(?:-password)?|valid(?:ity|ate|ation)?|alerts?|updated?|failed|failure|incorrect|wrong|invalid|keys?|chain|string"
    r"|community-[a-z]+|plain-text|cleartext|hash(?:ed|ing)?|cipher|sent|received|lock(?:ed|out)?|users?|username"
    r"|index|create|read-(?:only|write)|ip(?:addr|mask)|accessmode|complexity-check|hmac-[a-z0-9-]+|days?|interface|vrf|ssh|snmp|https?|ldaps?|[a-z][a-z0-9+.-]*://\S*)(?:[\s\"',;:.<>)]|$))"
)
"""Words that stand behind `password` in sentences and settings; a secret is none of them."""

_KINDS = (
    r"(?:(?:encrypted|cleartext|clear(?:-text)?|clear_text|plaintext|plain(?:-text)?|plaintext-password|"
    r"encrypted-password|ciphertext|cipher|hash|hashed|simple|irreversible-cipher|sha-?\d*|md5|enc|ascii(?:-text)?|"
    r"hex|key|level \d+|[0-9]) )*"
)

_ASSIGNED = (
    r"[\"']?\s*[:=]\s*(?:\"(?P<secret>[^\"\r\n]+)\"|'(?P<secret_b>[^'\r\n]+)'"
    rf"|{_NOT_A_VALUE}(?P<secret_c>[^\s\"'<>{{][^\s\"'<>,;]*))"
)
"""`password = value`, `"password": "value"`."""
_SAID = (
    rf"(?:\"(?P<secret_d>[^\"]+)\"|{_NOT_A_VALUE}(?:(?![\w-]+=[\w\"'])"
    r"(?P<secret_e>(?=\S*[\d$!@#%^&*+=/\\])[^\s\"'<>{;:=][^\s\"'<>;]{2,})"
    r"|(?<!secret )(?<!token )(?P<secret_f>[a-z]{3,})\s*$))"
)
"""`password value`: a value has a digit or a sign in it, or is the line's last word."""

_CRYPT = (
    r"(?:\$1\$|\$2\$|\$2a\$|\$2b\$|\$2x\$|\$2y\$|\$5\$|\$6\$|\$7\$|\$8\$|\$14\$|\$y\$|\$gy\$|\$apr1\$|\$sha1\$"
    r"|\$sha256\$|\$sha512\$|\$argon2i\$|\$argon2id\$|\$pbkdf2\$|\$pbkdf2-sha256\$|\$pbkdf2-sha512\$)"
)
"""Schemes of crypt(5) and vendors' own, written out: the line search looks for them as words."""

GENERIC_RULES = (
    SecretRule(
        type="private-key",
        pattern=r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?P<secret>.*)",
        until=r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
    ),
    SecretRule(type="password", pattern=rf"(?i)(?<![a-z<]){_NAMES}(?:{_ASSIGNED}| {_KINDS}{_SAID})"),
    SecretRule(
        type="snmp-community",
        pattern=r"(?i)\bsnmp\S{0,40}\s(?:.{0,200}\s)?community (?:name |read |write |ro |rw )?"
        rf"{_KINDS}[\"']?{_NOT_A_VALUE}(?P<secret>[^\s\"',;{{]+)",
    ),
    SecretRule(
        type="password-hash",
        scheme="opaque",
        pattern=rf"(?P<secret>{_CRYPT}[^\s\"'<>:,;]{{4,}})",
    ),
    SecretRule(type="password", scheme="juniper9", pattern=r"(?P<secret>\$9\$[A-Za-z0-9./-]{4,}(?:\$[A-Za-z0-9./]+)?)"),
    SecretRule(type="password", scheme="opaque", pattern=r"\bENC (?P<secret>[A-Za-z0-9+/=]{12,})"),
    SecretRule(
        type="url-password", pattern=r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/@:\"'<>]{0,200}:(?P<secret>[^\s@/\"'<>]+)@"
    ),
    SecretRule(
        type="bearer-token",
        pattern=r"(?i)\bauthorization[\"']?\s*[:=]?\s*[\"']?(?:bearer|basic|digest|token)\s+(?P<secret>[^\s\"',;]+)",
    ),
    SecretRule(type="bearer-token", pattern=r"(?i)\bbearer\s+(?P<secret>(?=\S*\d)[A-Za-z0-9._~+/=-]{12,})"),
    SecretRule(
        type="api-token",
        pattern=r"(?P<secret>(?:ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|hvs\.|xoxb-|xoxp-)[A-Za-z0-9_.-]{16,})",
    ),
    SecretRule(
        type="url-signature",
        pattern=r"(?i)[?&](?:x-amz-signature|x-amz-security-token|sig)=(?P<secret>[^\s&\"'<>]{16,})",
    ),
    SecretRule(type="api-token", pattern=r"(?i)\bx-[a-z-]*(?:token|key):\s*(?P<secret>\S+)"),
    SecretRule(
        type="password",
        pattern=rf"(?i)<[\w:.-]{{0,60}}?(?:{_NAMES}|prv|community)[\w:.-]{{0,60}}(?:\s[^<>]{{0,200}})?>{_NOT_A_VALUE}(?P<secret>[^<>\r\n]+)",
    ),
    SecretRule(type="config-digest", pattern=r"\bCryptochecksum: ?(?P<secret>[0-9a-f][0-9a-f ]{30,})"),
    SecretRule(
        type="config-digest",
        pattern=r"(?i)\bconfig(?:uration)?(?:[ _-](?:file|profile))?[ _-]?(?:checksum|hash|digest|fingerprint|signature"
        r"|md5(?:sum)?|sha-?(?:1|256|512)(?:sum)?|crc(?:32)?)\b[\"']?\s{0,20}(?:is|of [\w./-]{1,60})?\s{0,20}[:=]?"
        r"\s{0,20}[\"']?(?:0x)?(?P<secret>[0-9a-f]{2}(?:[: -]?[0-9a-f]{2}){3,63})\b",
    ),
    SecretRule(type="config-digest", pattern=r"\bhmConfigurationSignature\b[^=:]*[=:]\s*(?P<secret>\S+)"),
)
"""Ordered; a platform's own rules go before them."""
