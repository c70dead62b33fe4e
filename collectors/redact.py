"""
Secrets out, keyed tags in, before anything is hashed, stored, logged or printed.

1. What the platform's rules name: lines of a configuration, values of SNMP objects.
2. Every secret this run holds, in every form it may be written in (`collectors.redact_forms`).
3. What looks like a secret to the generic detector; counted apart, because a rule should have known it.

Text in UTF-16 is read as what it says. What is no text (an archive, a ciphertext) is refused: nothing can be taken out.
A file of certificates without a certificate may be a key or a key store in a binary form: it is replaced whole.

All three look at the answer as it came, so none sees another's tags; what they find is replaced at once. What a device
says that looks like one of our tags is escaped. No exception and no `repr` here shows a secret.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from collectors import redact_json
from collectors.inventory.host import Host, SnmpAccess
from collectors.redact_held import HeldSecrets
from collectors.redact_opaque import opaque, wide
from collectors.redact_rules import SecretSearch, secret_search
from collectors.redact_snmp import dotted, index_spans, line_of, lines_below, rewrite_lines
from collectors.redact_tags import Span, Tagger, union
from evidence.model.capture import Access
from evidence.model.ssh import SshLink
from evidence.normalise.readers import READERS
from evidence.platforms.platform import Platform, Question

_JSON = ("json", "pages", "endpoints")
"""Readers of answers that are JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """An answer that may rest."""

    data: bytes
    hits: int = 0
    """How many secrets were replaced."""
    found: tuple[tuple[str, int], ...] = ()
    """Type of secret and how many, by type."""
    unlisted: int = 0
    """How many of them only the generic detector found: a rule is missing."""
    refused: str | None = None
    """Why the answer may not rest at all; `data` is then empty."""


class Redactor:
    """Replaces secrets under one owner's key, for one run."""

    __slots__ = ("_accessed", "_before", "_held", "_met", "_tagger")

    def __init__(
        self,
        *,
        key: bytes,
        key_id: str,
        secrets: Iterable[str] = (),
        before: tuple[bytes, str] | None = None,
        tagger: Tagger | None = None,
    ) -> None:
        """
        Take the redaction master key (32 bytes), its name in the tags, and every secret this run holds.

        `before` is the key that this one took the place of, where answers are still to carry its tags, too. A `tagger`
        of another kind says what stands in a secret's place.
        """
        self._tagger = tagger or Tagger(key=key, key_id=key_id)
        self._before = Tagger(key=before[0], key_id=before[1]) if before else None
        self._held = HeldSecrets(secrets)
        self._met: dict[tuple[str, str], tuple[Question, Platform, dict[str, str], dict[str, str]]] = {}
        """By names of platform and question, what `_may_hold` said of this very question and platform."""
        self._accessed: tuple[SnmpAccess, Access] | None = None
        """The last way of asking, and how it is told: an asset's answers share one."""

    @classmethod
    def for_hosts(
        cls,
        hosts: Iterable[Host],
        *,
        key: bytes,
        key_id: str,
        before: tuple[bytes, str] | None = None,
        tagger: Tagger | None = None,
    ) -> "Redactor":
        """
        Return the redactor of a run that holds these hosts' credentials.

        Of a token written `name:key` the key alone is one, too.
        """
        hosts = tuple(hosts)
        held = {secret.reveal() for host in hosts for secret in host.secrets()}
        tokens = {host.http.token.reveal() for host in hosts if host.http and host.http.token}
        held |= {key for name, colon, key in (token.partition(":") for token in tokens) if colon and len(key) >= 8}
        return cls(key=key, key_id=key_id, secrets=held, before=before, tagger=tagger)

    def __repr__(self) -> str:
        return f"Redactor({self._tagger!r}, {self._held!r})"

    @property
    def keys(self) -> Mapping[str, str]:
        """The names of the keys the tags are made with: `key` and, for a cycle after a change, the one `before`."""
        ids = {"key": self._tagger.key_id, "before": self._before.key_id if self._before else None}
        return {name: key_id for name, key_id in ids.items() if key_id is not None}

    def capture(self, data: bytes, question: Question, platform: Platform) -> Redacted:
        """Return the answer to a platform's question without its secrets."""
        search = secret_search(platform.secrets)
        if question.transport == "snmp":
            text, spans = self._snmp(data, question, platform, search)
        elif question.reader == "x509" and data and not READERS["x509"](data, ""):
            whole = Span(start=0, end=len(data), plain=data, type="private-key")
            text, spans = self._replaced(data, [whole])
        elif question.reader != "x509" and (encoding := wide(data)) is not None:
            inner = self.capture(data.decode(encoding).encode(), question, platform)
            return replace(inner, data=inner.data.decode().encode(encoding))
        elif question.reader != "x509" and (kind := opaque(data)) is not None:
            return Redacted(
                data=b"",
                refused=f"{len(data)} bytes that are no text ({kind}): not kept, as no secret in them can be found",
            )
        else:
            found = self._spans(data, search)
            if question.reader in _JSON or question.inside is not None:
                found = [*redact_json.find(data), *(span for span in found if not redact_json.breaks(span))]
            text, spans = self._replaced(data, found)
        secrets = [span for span in spans if span.rank != 3]
        if not secrets:
            return Redacted(data=text)
        return Redacted(
            data=text,
            hits=len(secrets),
            found=tuple(sorted(Counter(span.type for span in secrets).items())),
            unlisted=sum(span.rank == 2 for span in secrets),
        )

    def access(self, access: SnmpAccess) -> Access:
        """Return as what SNMP was asked, without what opens it: the tag of the community, the user like any text."""
        last = self._accessed
        if last is None or last[0] is not access:
            last = self._accessed = access, self._access(access)
        return last[1]

    def _access(self, access: SnmpAccess) -> Access:
        if access.version == "3":
            return Access(version="3", user=self.text(access.user or ""), auth=access.auth, priv=access.priv)
        assert access.community is not None  # noqa: S101 - versions 1 and 2c have no other way in
        plain = access.community.reveal().encode("utf-8", "surrogatepass")
        whole = Span(start=0, end=len(plain), plain=plain, type="snmp-community")
        return Access(version=access.version, community=self._tagger.tag(whole).decode())

    def link(self, link: SshLink) -> SshLink:
        """Return what SSH agreed; the users of hosts on the way are like any text."""
        return replace(link, via=tuple(map(self.text, link.via)))

    def request(self, text: str) -> str:
        """Return a request without the secrets of this run: its own words are a platform file's, which holds none."""
        return self._without(text, self._held.find)

    def text(self, text: str) -> str:
        """Return a message, a URL or any other string of a statement without its secrets."""
        return self._without(text, lambda data: self._spans(data, secret_search(())))

    def _without(self, text: str, find: Callable[[bytes], Iterable[Span]]) -> str:
        data = text.encode("utf-8", "surrogatepass")
        redacted, spans = self._replaced(data, list(find(data)))
        return redacted.decode("utf-8", "replace") if spans else text

    def _spans(self, data: bytes, search: SecretSearch) -> list[Span]:
        return [*self._held.find(data), *search.find(data)]

    def _replaced(self, data: bytes, spans: Sequence[Span]) -> tuple[bytes, list[Span]]:
        if not spans:
            return data, []
        parts: list[bytes] = []
        done = 0
        joined = union(spans)
        for span in joined:
            parts.append(data[done : span.start])
            parts.append(self._tag(span))
            done = span.end
        parts.append(data[done:])
        return b"".join(parts), joined

    def _tag(self, span: Span) -> bytes:
        """Return the tag of a span, and behind it the one of the key before: so one secret is known under both."""
        tag = self._tagger.tag(span)
        if self._before is None or span.rank == 3 or span.scheme == "varying":
            return tag
        return tag + self._before.tag(span)

    def _snmp(
        self, data: bytes, question: Question, platform: Platform, search: SecretSearch
    ) -> tuple[bytes, list[Span]]:
        asked, indexed = self._may_hold(question, platform)
        lines: list[tuple[int, int, str | None]] = [(*line_of(data, span), None) for span in self._spans(data, search)]
        lines += lines_below(data, asked)
        lines += ((start, end, None) for start, end, _ in lines_below(data, indexed))
        if not lines:
            return data, []

        def octets(value: bytes, kind: str | None) -> tuple[bytes, list[Span]]:
            spans = self._spans(value, search)
            if kind is not None and value:
                spans.append(Span(start=0, end=len(value), plain=value, type=kind))
            return self._replaced(value, spans)

        return rewrite_lines(data, lines, octets=octets, oid=lambda text: self._oid(text, platform.secret_indexes))

    def _may_hold(self, question: Question, platform: Platform) -> tuple[dict[str, str], dict[str, str]]:
        """Return the platform's secret objects, and its secret indexes, that an answer to `question` can hold."""
        key = (platform.name, question.name)
        held = self._met.get(key)
        if held is None or held[0] is not question or held[1] is not platform:
            asked, indexed = (
                _meeting(oids, question.objects) for oids in (platform.secret_oids, platform.secret_indexes)
            )
            held = self._met[key] = (question, platform, asked, indexed)
        return held[2], held[3]

    def _oid(self, text: bytes, indexed: Mapping[str, str]) -> tuple[bytes, list[Span]]:
        """Replace the secrets in a dotted OID, and an index that is one, by the arcs of their tags."""
        spans = [span for span in self._held.find(text) if text[span.start : span.end] == dotted(span.plain)]
        spans += index_spans(text, indexed)
        if not spans or text.isdigit():
            return text, []
        parts: list[bytes] = []
        done = 0
        joined = union([span for span in spans if span.start])
        for span in joined:
            parts.append(text[done : span.start])
            parts.append(dotted(self._tagger.tag(span)))
            done = span.end
        parts.append(text[done:])
        return b"".join(parts), joined


def _meeting(secrets: Mapping[str, str], objects: Sequence[str]) -> dict[str, str]:
    """Return those `secrets`, OIDs with their types, that an answer about `objects` can hold an OID of."""
    within = tuple(f"{asked}." for asked in objects)
    above = set[str]()
    for oid in objects:
        while oid and oid not in above:
            above.add(oid)
            oid = oid.rpartition(".")[0]
    return {oid: kind for oid, kind in secrets.items() if oid in above or f"{oid}.".startswith(within)}
