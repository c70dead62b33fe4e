"""
SNMPv3 messages with pysnmp's types and ciphers (RFC 3412 §6, RFC 3414 §3, RFC 3826), for one session with one engine.

Everything learnt of the other side lives here and ends with the session: two devices that call themselves by the same
engine id, as cloned ones do, do not meet.
"""

import secrets
import time
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters, aes, aes192, aes256, des

from collectors.transports.snmp_engine import StrayError, UndecodableError
from collectors.transports.snmp_pdus import Report, Scoped, V3Message
from collectors.transports.snmp_user import AUTH, User

TIME_WINDOW_S = 150
"""How far an engine's message may be behind what is known of its clock (RFC 3414 §2.2.3)."""

_SIGNED, _ENCRYPTED, _REPORTABLE = 1, 2, 4
_USM = 3
_MAX_BYTES = 65_507
_MOST = 2**31 - 1
"""The largest engine time there is."""

_CIPHERS = {
    "des": des.Des(),
    "aes128": aes.Aes(),
    **dict.fromkeys(("aes192", "aes192c"), aes192.Aes192()),
    **dict.fromkeys(("aes256", "aes256c"), aes256.Aes256()),
}
"""
One cipher of a kind for all: it counts its salts, and none may come twice. Keys come lengthened already, so both ways
of lengthening meet in one cipher.
"""


class Usm:
    """The envelope of SNMPv3 between one user and one engine."""

    def __init__(self, context: str) -> None:
        """Know nobody yet: what is wrapped then asks who is there (RFC 3414 §4)."""
        self.engine_id = b""
        self.user = User(name="")
        self._context = context.encode()
        self._boots = self._time = 0
        self._learnt_at = time.monotonic()
        self._proven = False
        """The clock is known from a signed message."""
        self._message_id = 0

    @property
    def _level(self) -> int:
        return (_SIGNED if self.user.auth else 0) | (_ENCRYPTED if self.user.priv else 0)

    def _now(self) -> int:
        """Return the engine's time as far as it is known."""
        return min(self._time + int(time.monotonic() - self._learnt_at), _MOST) if self.engine_id else 0

    def wrap(self, pdu: Any) -> bytes:
        """Return the message that carries a request, as secure as the user has keys."""
        self._message_id = secrets.randbelow(2**31)
        message = SNMPv3Message()
        message.setComponentByPosition(0, 3)
        header = message.setComponentByPosition(1).getComponentByPosition(1)
        for position, said in enumerate((self._message_id, _MAX_BYTES, bytes([self._level | _REPORTABLE]), _USM)):
            header.setComponentByPosition(position, said)
        scoped = ScopedPDU()
        scoped.setComponentByPosition(0, self.engine_id)
        scoped.setComponentByPosition(1, self._context if self.engine_id else b"")
        scoped.setComponentByPosition(2).getComponentByPosition(2).setComponentByType(pdu.tagSet, pdu)
        boots, now, salt = self._boots, self._now(), b""
        data = message.setComponentByPosition(3).getComponentByPosition(3)
        if self.user.priv:
            key, plain = univ.OctetString(self.user.priv_key), encoder.encode(scoped)
            sealed, said = _CIPHERS[self.user.priv].encrypt_data(key, (boots, now, None), plain)
            data.setComponentByName("encryptedPDU", sealed)
            salt = bytes(said)
        else:
            data.setComponentByName("plaintext", scoped)
        signature = bytes(AUTH[self.user.auth]) if self.user.auth else b""
        whole = _encoded(message, (self.engine_id, boots, now, self.user.name.encode(), signature, salt))
        if self.user.auth:
            signature = self.user.sign(whole)
            whole = _encoded(message, (self.engine_id, boots, now, self.user.name.encode(), signature, salt))
        return whole

    def unwrap(self, datagram: bytes) -> Any:
        """
        Return what an answer or a report carries, having learnt the engine's id and clock from it.

        That it is signed was checked before (`User.check`).
        """
        message, _ = decoder.decode(datagram, asn1Spec=V3Message())
        number, _, flags, model = message[1].values()
        if int(message[0]) != 3 or int(model) != _USM or int(number) != self._message_id:
            raise StrayError("it answers something else")
        said, _ = decoder.decode(bytes(message[2]), asn1Spec=UsmSecurityParameters())
        pdu = self._opened(message[3], said)[2].getComponent()
        if not isinstance(pdu, Report) and bytes(said[0]) != self.engine_id:
            raise UndecodableError("answered by another engine")
        self._learn(bytes(said[0]), int(said[1]), int(said[2]), signed=bool(bytes(flags)[0] & _SIGNED))
        return pdu

    def _opened(self, data: Any, said: Any) -> Any:
        if data.getName() == "plaintext":
            return data.getComponent()
        if not self.user.priv:
            raise UndecodableError("encrypted, and there is no key")
        key, salt = univ.OctetString(self.user.priv_key), said[5]
        plain = _CIPHERS[self.user.priv].decrypt_data(key, (int(said[1]), int(said[2]), salt), data.getComponent())
        scoped, _ = decoder.decode(plain, asn1Spec=Scoped())  # what follows it fills a block of the cipher
        return scoped

    def _learn(self, engine_id: bytes, boots: int, seconds: int, *, signed: bool) -> None:
        """
        Take in who answers, and a signed message's clock unless it runs behind (RFC 3414 §3.2.7 b).

        An unsigned message's clock is a first guess, which saves a request and holds until the first signed one.
        """
        self.engine_id = self.engine_id or engine_id
        if self._proven and not signed:
            return
        if self._proven and (boots, seconds) < (self._boots, self._now() - TIME_WINDOW_S):
            raise UndecodableError("the message is older than the time window")
        if not self._proven or (boots, seconds) > (self._boots, self._now()):
            self._boots, self._time, self._learnt_at = boots, seconds, time.monotonic()
        self._proven = signed


def _encoded(message: Any, security: tuple[bytes, int, int, bytes, bytes, bytes]) -> bytes:
    """Encode a message with these security parameters."""
    parameters = UsmSecurityParameters()
    for position, said in enumerate(security):
        parameters.setComponentByPosition(position, said)
    message.setComponentByPosition(2, encoder.encode(parameters))
    return bytes(encoder.encode(message))
