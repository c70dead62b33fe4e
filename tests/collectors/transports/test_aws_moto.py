"""A cloud account as moto plays it: every fact compared with what the test put there."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from collectors.transports.aws import AwsSession, open_aws
from collectors.transports.interface import AuthenticationError, NotReadOnlyError, RefusedError, TransportError
from evidence.platforms.platform import Question
from evidence.platforms.rights import policy

pytestmark = pytest.mark.real


@pytest.fixture
def opening(moto: Any, cloud_parts: Any, parts: Any) -> Any:
    """Return the keyword arguments of `open_aws`."""
    clock = cloud_parts.clock
    return {
        "asset": "cloud",
        "gate": parts.gate,
        "clock": clock,
        "wait": lambda _: None,
        "cursors": {},
    }


@pytest.fixture
def session(moto: Any, cloud_parts: Any, opening: Any) -> Iterator[AwsSession]:
    with open_aws(moto.access(), cloud_parts.platform, **opening) as opened:
        yield opened


@pytest.fixture
def heard(session: AwsSession, cloud_parts: Any) -> Any:
    """Ask questions by name; return them with what was answered, whole."""

    def ask(*names: str) -> list[tuple[Question, bytes]]:
        found = []
        for name in names:
            question = cloud_parts.platform.named(name)
            answer = session.ask(question)
            assert (answer.complete, answer.reason) == (True, None)
            found.append((question, answer.data))
        return found

    return ask


def test_the_account_says_who_it_is(heard: Any, cloud_parts: Any) -> None:
    found = cloud_parts.read(*heard("identity", "aliases", "summary"))
    assert found["platform", None] == "aws_account"
    assert (found["cloud.account", None], found["system.name", None]) == ("123456789012", "acme-plant")
    assert (found["cloud.users", None], found["cloud.root_mfa", None]) == ("2", "no")


def test_accounts_are_read_from_the_credential_report(heard: Any, cloud_parts: Any) -> None:
    rows = cloud_parts.rows("account", *heard("report-made", "credentials"))
    assert {"anna", "ben"} <= rows.keys()
    assert (rows["anna"]["mfa"], rows["anna"]["password"], rows["anna"]["keys"]) == ("yes", "yes", "1")
    assert (rows["ben"]["mfa"], rows["ben"]["password"], rows["ben"]["keys"]) == ("no", "no", "0")
    assert rows["ben"]["created"].endswith("Z")
    assert "last_login" not in rows["ben"]


def test_administrators_are_known_by_the_policy_they_hold(heard: Any, cloud_parts: Any) -> None:
    found = heard("report-made", "credentials", "administrators")
    assert {row for row, one in cloud_parts.rows("account", *found).items() if one.get("privileged")} == {"ben"}
    assert cloud_parts.rows("grant", *found) == {"user ben": {"who": "user ben", "may": "AdministratorAccess"}}


def test_keys_and_devices_are_read_user_by_user(heard: Any, cloud_parts: Any, moto: Any) -> None:
    found = heard("users", "access-keys", "access-key-use", "mfa-devices")
    keys = cloud_parts.rows("key", *found)
    assert {row: (one["account"], one["active"]) for row, one in keys.items()} == {
        moto.made["keys"]["anna"]: ("anna", "yes"),
        moto.made["keys"]["ben"]: ("ben", "no"),
    }
    assert {row: one["account"] for row, one in cloud_parts.rows("mfa", *found).items()} == {moto.made["mfa"]: "anna"}


def test_rules_are_read_with_owner_reason_and_end(heard: Any, cloud_parts: Any, moto: Any) -> None:
    rows = cloud_parts.rows("rule", *heard("security-group-rules"))
    always = {"action": "permit", "enabled": "yes"}
    told = {row: {k: v for k, v in one.items() if k != "name"} for row, one in rows.items()}
    assert told == {row: {**always, **one} for row, one in moto.made["rules"].items()}


def test_certificates_and_backups_are_read(heard: Any, cloud_parts: Any, moto: Any) -> None:
    found = heard("certificates", "certificate", "backup-plans", "backup-vaults")
    (certificate,) = cloud_parts.rows("certificate", *found).items()
    assert certificate[0] == certificate[1]["where"] == moto.made["certificate"]
    assert (certificate[1]["not_after"], certificate[1]["in_use"]) == (moto.made["not_after"], "no")
    assert certificate[1]["subject"] == "CN=scada.example"
    assert cloud_parts.rows("vault", *found)[moto.made["vault"]]["name"] == "plant"
    assert cloud_parts.rows("plan", *found)[moto.made["plan"]]["kind"] == "backup"


def test_an_answer_is_canonical_and_holds_nothing_that_only_carried_it(heard: Any) -> None:
    for _, data in heard("identity", "users", "access-keys"):
        for line in data.splitlines():
            page = json.loads(line)
            assert line == json.dumps(page, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            assert page.keys().isdisjoint({"ResponseMetadata", "IsTruncated", "Marker"})
    assert heard("users") == heard("users")


def test_every_request_passes_the_gate(heard: Any, parts: Any) -> None:
    heard("users", "access-keys")
    assert parts.gate.said == [
        "call sts:GetCallerIdentity",
        "call iam:ListUsers",
        "call iam:ListAccessKeys",
        "call iam:ListAccessKeys",
    ]
    assert all(received > 0 and error is None for _, received, error in parts.gate.ended)


def test_what_another_question_goes_through_is_asked_where_it_was_not(heard: Any, parts: Any) -> None:
    heard("access-keys", "mfa-devices")
    assert parts.gate.said.count("call iam:ListUsers") == 1


def test_too_many_to_go_through_are_cut(session: AwsSession, cloud_parts: Any) -> None:
    keys = cloud_parts.platform.named("access-keys")
    cut = session.ask(replace(keys, call=replace(keys.call, max_each=1)))
    assert (cut.complete, cut.reason) == (False, "2 to go through, the first 1 were")
    assert len(cut.data.splitlines()) == 1


def test_an_answer_longer_than_the_limit_is_cut_between_pages(moto: Any, cloud_parts: Any, opening: Any) -> None:
    keys = cloud_parts.platform.named("access-keys")
    with open_aws(moto.access(), cloud_parts.platform, **opening, read_limit=1500) as session:
        users = cloud_parts.platform.named("users")
        session.ask(users)
        session.read_limit = 250
        cut = session.ask(keys)
    assert (cut.complete, len(cut.data.splitlines())) == (False, 1)
    assert len(cut.data) <= 250


@pytest.mark.parametrize("operation", ["iam:CreateUser", "iam:DeleteUser", "sts:GetSessionToken", "iam:ListRoles"])
def test_nothing_but_listed_reads_leaves(session: AwsSession, cloud_parts: Any, parts: Any, operation: str) -> None:
    users = cloud_parts.platform.named("users")
    service, _, name = operation.partition(":")
    other = replace(users, objects=(operation,), call=replace(users.call, service=service, operation=name))
    with pytest.raises(NotReadOnlyError):
        session.ask(other)
    session.platform = replace(cloud_parts.platform, questions=(*cloud_parts.platform.questions, other))
    if operation != "iam:ListRoles":
        with pytest.raises(NotReadOnlyError):
            session.ask(other)
    assert parts.gate.said == ["call sts:GetCallerIdentity"]


def test_an_operation_nobody_knows_is_refused(session: AwsSession, cloud_parts: Any) -> None:
    users = cloud_parts.platform.named("users")
    strange = replace(users, objects=("iam:ListGhosts",), call=replace(users.call, operation="ListGhosts"))
    session.platform = replace(cloud_parts.platform, questions=(strange,))
    with pytest.raises(RefusedError, match="no such operation"):
        session.ask(strange)


@pytest.fixture
def least(moto: Any, cloud_parts: Any) -> Iterator[Any]:
    """A user with a policy and a key, in an account that checks both."""
    iam = moto.client("iam")
    made: list[tuple[str, str]] = []

    def make(document: object) -> Any:
        name = f"least-{len(made)}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="reads", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made.append((name, key["AccessKeyId"]))
        moto.demand_rights(after=0)
        return moto.access(key["AccessKeyId"], key["SecretAccessKey"])

    yield make
    moto.demand_rights(after=1_000_000_000)
    for name, key in made:
        iam.delete_access_key(UserName=name, AccessKeyId=key)
        iam.delete_user_policy(UserName=name, PolicyName="reads")
        iam.delete_user(UserName=name)


def test_the_printed_policy_is_enough(least: Any, cloud_parts: Any, opening: Any) -> None:
    with open_aws(least(policy(cloud_parts.platform)), cloud_parts.platform, **opening) as session:
        for name in ("identity", "users", "access-keys", "report-made", "credentials", "security-group-rules"):
            assert session.ask(cloud_parts.platform.named(name)).complete


def test_a_missing_right_is_named_and_the_others_are_asked(least: Any, cloud_parts: Any, opening: Any) -> None:
    document = policy(cloud_parts.platform)
    document["Statement"][0]["Action"].remove("iam:ListUsers")  # type: ignore[index]
    with open_aws(least(document), cloud_parts.platform, **opening) as session:
        with pytest.raises(RefusedError, match=r"cloud: iam:ListUsers: .*right.*AccessDenied"):
            session.ask(cloud_parts.platform.named("users"))
        with pytest.raises(RefusedError, match="iam:ListUsers"):
            session.ask(cloud_parts.platform.named("access-keys"))
        assert session.ask(cloud_parts.platform.named("aliases")).complete


def test_a_wrong_key_is_an_authentication_failure(moto: Any, least: Any, cloud_parts: Any, opening: Any) -> None:
    good = least(policy(cloud_parts.platform))
    for wrong in (moto.access("AKIAWRONGWRONGWRONG0"), moto.access(good.key_id.reveal(), "wrong")):
        with pytest.raises(AuthenticationError, match="not accepted") as caught:
            open_aws(wrong, cloud_parts.platform, **opening).__enter__()
        assert "wrong" not in str(caught.value)


def test_without_a_region_or_a_credential_nothing_leaves(
    moto: Any, cloud_parts: Any, opening: Any, parts: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for changes, error, words in (
        ({"region": None}, TransportError, "no region"),
        ({"key_id": None, "secret_key": None}, AuthenticationError, "no credential"),
        ({"profile": "ghost", "key_id": None, "secret_key": None}, AuthenticationError, "ghost"),
    ):
        with pytest.raises(error, match=words):
            open_aws(replace(moto.access(), **changes), cloud_parts.platform, **opening).__enter__()
    assert parts.gate.said == []
