"""What the vendors' command references call secret, line by line, beyond what recordings show."""

import pytest

from collectors.redact import Redactor
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Question, Verb

PLATFORMS = load_platforms()
QUESTION = Question(
    name="running-config",
    transport="ssh",
    verb=Verb.RUN,
    objects=("show running-config",),
    tags=frozenset({"config"}),
    ttl_s=1,
    config="running",
)
LINES = {
    "cisco_ios": [
        " ip nhrp authentication Tr33hous",
        " isis password Tr33hous level-2",
        " area-password Tr33hous authenticate snp validate",
        " domain-password Tr33hous",
        " area 1 virtual-link 192.0.2.1 message-digest-key 1 md5 Tr33hous",
        " area 1 virtual-link 192.0.2.1 authentication-key Tr33hous",
        " ipv6 ospf authentication ipsec spi 500 md5 0 0123456789abcdef0123456789abcdef",
        " ospfv3 encryption ipsec spi 256 esp null sha1 0 0123456789abcdef0123456789abcdef01234567",
        " server-private 192.0.2.1 auth-port 1812 acct-port 1813 key Tr33hous",
        " client 192.0.2.1 server-key Tr33hous",
        "  authentication mode hmac-sha-256 Tr33hous",
        " encryption vlan 7 key 1 size 128bit 0 0123456789abcdef0123456789 transmit-key",
        "mpls ldp neighbor 192.0.2.1 password Tr33hous",
        " l2tp tunnel password 0 Tr33hous",
        "crypto isakmp key Tr33hous hostname hub.example.org",
        "snmp-server user eve grp v3 auth sha Tr33hous priv aes 128 W1ndmill",
    ],
    "nxos": [
        "fcsp dhchap password 7 fewhg123",
        "    password 3 a667d47acc18ea6b",
        "radius-server key 7 \"fewhg123\"",
        "snmp-server user eve network-operator auth sha 0x8f0e7d6c priv aes-128 0x1a2b3c4d localizedkey",
    ],
    "cisco_asa": [
        " radius-common-pw Tr33hous",
        "vpdn username dialer password Tr33hous store-local",
        " ikev2 remote-authentication pre-shared-key Tr33hous",
        " neighbor 192.0.2.1 password Tr33hous",
    ],
    "junos": [
        '    secret "$8$aes256-gcm$hmac-sha2-256$100$y/4YMC4YDLU$fzYDI4jjN6YCyQsYLsaf8A$Ilu4jLcZarD9YnyD/Hejww$okhBlc0cGakSqYxKww"; ## SECRET-DATA',
        '    pre-shared-key hexadecimal "$9$W7qX-waJDkqfoaFn/CB1SreM"; ## SECRET-DATA',
    ],
    "routeros": [
        "/snmp community\nadd addresses=192.0.2.0/24 name=Tr33hous",
        "/snmp community\nset [ find default=yes ] name=Tr33hous",
        "set [ find default-name=lte1 ] pin=4711",
        "add name=wep static-key-0=0x0123456789 static-algo-0=40bit-wep",
        "add .tcp-md5-key=Tr33hous name=peer",
    ],
    "comware": [
        " pre-shared-key address 192.0.2.1 255.255.255.255 key cipher $c$3$Tr33hous",
        " ntp-service authentication-keyid 1 authentication-mode md5 cipher $c$3$Tr33hous",
        " vrrp vrid 1 authentication-mode md5 cipher $c$3$Tr33hous",
    ],
    "huawei_vrp": [
        " ospf authentication-mode md5 1 plain Tr33hous",
        " tunnel password simple Tr33hous",
        " isis authentication-mode simple plain Tr33hous",
        " peer 192.0.2.1 password cipher %^%#Tr33hous%^%#",
    ],
    "procurve": [
        'password manager user-name "admin" sha1 "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"',
        'radius-server host 192.0.2.1 key "Tr33hous"',
        'snmpv3 user "eve" auth sha "Tr33hous" priv aes "W1ndmill"',
        'aaa port-access supplicant 5 secret "Tr33hous"',
    ],
    "aoscx": [
        "snmpv3 user eve auth sha auth-pass ciphertext AQBapTr33hous priv aes priv-pass ciphertext AQBapW1ndmill",
        "    neighbor 192.0.2.1 password ciphertext AQBapTr33hous",
    ],
    "arista_eos": [
        "   isis authentication key 7 Tr33hous",
        "ntp authentication-key 1 sha1 7 070E234F",
        "   neighbor PEERS password 7 Tr33hous==",
        "enable password sha512 $6$abc$Tr33hous",
    ],
    "iosxr": [
        " ldp neighbor 192.0.2.1:0 password encrypted 094F471A1A0A",
        "  message-digest-key 1 md5 encrypted 094F471A1A0A",
        "  hello-password hmac-md5 encrypted 094F471A1A0A",
        " lsp-password text clear Tr33hous",
    ],
    "fortios": [
        "        set psksecret ENC dGhpcyBpcyBhIHNlY3JldA==",
        "        set passphrase ENC dGhpcyBpcyBhIHNlY3JldA==",
        "        set ppk-secret ENC dGhpcyBpcyBhIHNlY3JldA==",
    ],
    "panos": ["      pre-shared-key { key -AQ==Tr33hous=; }", "      radius-secret { secret -AQ==Tr33hous=; }"],
    "vyos": [
        "set vpn ipsec authentication psk hub secret 'Tr33hous'",
        "set interfaces wireless wlan0 security wpa passphrase 'Tr33hous'",
        "set protocols ospf interface eth0 authentication md5 key-id 1 md5-key 'Tr33hous'",
        "set service snmp v3 user eve auth plaintext-password 'Tr33hous'",
        "set service snmp v3 user eve privacy encrypted-password '0xTr33hous'",
        "set high-availability vrrp group g authentication password 'Tr33hous'",
    ],
    "ironware": [
        "enable super-user-password 8 $1$abc$Tr33hous",
        "snmp-server user eve grp v3 access 1 encrypted auth sha Tr33hous priv encrypted aes W1ndmill",
        "tacacs-server key 2 $Tr33hous",
    ],
    "extreme_xos": [
        'configure radius mgmt-access primary shared-secret encrypted "#$Tr33hous"',
        'configure snmpv3 add user "eve" engine-id 80:00 authentication sha auth-encrypted localized-key 23:24:Tr33 privacy aes 128 privacy-encrypted localized-key 23:24:W1nd',
        'configure ospf vlan v1 authentication encrypted md5 1 "#$Tr33hous"',
        'configure sntp-client key 3 md5 encrypted "#$Tr33hous"',
    ],
    "hirschmann": ['users passwd eve encrypted Tr33hous', 'radius server key auth 192.0.2.1 encrypted "Tr33hous"'],
    "ruggedcom_rox": [' secret "$4$Tr33hous"', "  pre-shared-key $8$Tr33hous="],
    "westermo_weos": ['  secret "Tr33hous"', "  rwuser eve md5 Tr33hous des W1ndmill"],
}


@pytest.mark.parametrize(("platform", "line"), [(name, line) for name, lines in LINES.items() for line in lines])
def test_a_secret_of_the_dialect_is_taken_out_by_a_rule(platform: str, line: str) -> None:
    known = PLATFORMS.named(platform)
    assert known is not None
    got = Redactor(key=bytes(32), key_id="k1").capture(line.encode() + b"\n", QUESTION, known)
    assert (got.unlisted, "Tr33" in got.data.decode(), "W1nd" in got.data.decode()) == (0, False, False), got.data.decode()
    assert got.hits


@pytest.mark.parametrize(
    ("platform", "line"),
    [
        ("cisco_ios", " ip rip authentication key-chain old"),
        ("cisco_ios", " authentication mode md5"),
        ("cisco_ios", " mpls ldp neighbor 192.0.2.1 targeted"),
        ("routeros", "/interface bridge\nadd name=bridge1"),
        ("routeros", "/interface ethernet\nset [ find default-name=ether1 ] name=lan"),
        ("hirschmann", "radius server primary 192.0.2.1"),
    ],
)
def test_what_only_looks_like_one_of_these_stays(platform: str, line: str) -> None:
    known = PLATFORMS.named(platform)
    assert known is not None
    got = Redactor(key=bytes(32), key_id="k1").capture(line.encode() + b"\n", QUESTION, known)
    assert got.data.decode() == line + "\n"
