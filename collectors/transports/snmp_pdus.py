"""
What an answer is read as: pysnmp's types (RFC 3416 §3, RFC 3412 §6) without their ranges.

Devices send numbers out of range, most often a counter whose sign bit is set. pysnmp refuses such an answer as a whole;
here it is read as it was meant, and as gufo reads it. Nothing but an answer or a report can be read.
"""

from typing import Any

from pyasn1.type import namedtype, tag, univ
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.proto.mpmod.rfc3412 import HeaderData

from collectors.transports.interface import Value

_UINTEGER32 = univ.Integer.tagSet.tagImplicitly(tag.Tag(tag.tagClassApplication, tag.tagFormatSimple, 7))
"""Of RFC 1442, in some old agents."""

_BITS = {
    rfc1902.Counter32.tagSet: 32,
    rfc1902.Gauge32.tagSet: 32,
    rfc1902.TimeTicks.tagSet: 32,
    _UINTEGER32: 32,
    rfc1902.Counter64.tagSet: 64,
}
"""The numbers that have no sign."""


def _named(**types: Any) -> namedtype.NamedTypes:
    return namedtype.NamedTypes(*(namedtype.NamedType(name, kind) for name, kind in types.items()))


class _Value(univ.Choice):
    componentType = _named(  # noqa: N815
        integer=univ.Integer(),
        octets=univ.OctetString(),
        oid=univ.ObjectIdentifier(),
        address=rfc1902.IpAddress(),
        opaque=rfc1902.Opaque(),
        null=univ.Null(),
        noSuchObject=rfc1905.noSuchObject,
        noSuchInstance=rfc1905.noSuchInstance,
        endOfMibView=rfc1905.endOfMibView,
        **{f"unsigned{number}": univ.Integer().clone(tagSet=tags) for number, tags in enumerate(_BITS)},
    )


class _VarBind(univ.Sequence):
    componentType = _named(name=univ.ObjectIdentifier(), value=_Value())  # noqa: N815


class _VarBindList(univ.SequenceOf):
    componentType = _VarBind()  # noqa: N815


class _Pdu(univ.Sequence):
    componentType = _named(  # noqa: N815
        number=univ.Integer(), status=univ.Integer(), index=univ.Integer(), varbinds=_VarBindList()
    )


class Response(_Pdu):
    """An answer."""

    tagSet = rfc1905.ResponsePDU.tagSet  # noqa: N815


class Report(_Pdu):
    """What an SNMPv3 engine says instead of answering."""

    tagSet = rfc1905.ReportPDU.tagSet  # noqa: N815


class _Pdus(univ.Choice):
    componentType = _named(response=Response(), report=Report())  # noqa: N815


class Message(univ.Sequence):
    """A message of v1 or v2c."""

    componentType = _named(version=univ.Integer(), community=univ.OctetString(), data=_Pdus())  # noqa: N815


class Scoped(univ.Sequence):
    """What an SNMPv3 message carries, once it is decrypted."""

    componentType = _named(engine=univ.OctetString(), context=univ.OctetString(), data=_Pdus())  # noqa: N815


class _ScopedData(univ.Choice):
    componentType = _named(plaintext=Scoped(), encryptedPDU=univ.OctetString())  # noqa: N815


class V3Message(univ.Sequence):
    """A message of v3."""

    componentType = _named(  # noqa: N815
        version=univ.Integer(), header=HeaderData(), security=univ.OctetString(), data=_ScopedData()
    )


def value_of(value: Any) -> Value:
    """Return a value as both engines give it."""
    if isinstance(value, univ.Null):
        return None
    if isinstance(value, univ.Integer):
        bits = _BITS.get(value.tagSet)
        return int(value) % 2**bits if bits else int(value)
    if isinstance(value, univ.ObjectIdentifier):
        return ".".join(map(str, value))
    return ".".join(map(str, bytes(value))) if isinstance(value, rfc1902.IpAddress) else bytes(value)
