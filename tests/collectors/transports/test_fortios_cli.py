"""A FortiGate's command line: its pages are turned, nothing is configured, its policies are read from the answer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from collectors.simulate.ssh import SimulatedCli
from collectors.transports.hostkeys import HostKeys
from collectors.transports.ssh import open_cli
from evidence.normalise.blocks import read_blocks
from evidence.platforms.load import load_platforms

RECORDED = Path(__file__).parents[2] / "data" / "fortios#FortiGate-60F_7.2.8#transcript.yaml"


def test_a_firewall_is_read_page_by_page_and_nothing_is_configured(
    simulate: Callable[..., SimulatedCli], parts: Any
) -> None:
    recorded = yaml.safe_load(RECORDED.read_text(encoding="utf-8"))
    platform = load_platforms().named("fortios")
    assert platform is not None
    assert platform.session is not None
    server = simulate(
        prompt=recorded["prompt"], commands=recorded["commands"], pager="--More-- ", erase="\r         \r"
    )
    opening = parts.opening(*recorded["commands"], host_keys=HostKeys(known_hosts=[server.known_hosts]))
    answers = {}
    with open_cli(parts.access(server), platform.session, **opening) as session:
        for name in ("status", "running-config"):
            question = replace(platform.named(name), timeout_s=20)
            answers[name] = session.ask(question)
    assert server.record.commands() == ["get system status", "show"]
    assert {key for _, key in server.record.keys} == {" "}
    assert all(answer.complete for answer in answers.values())
    document = read_blocks(answers["running-config"].data, "show")
    assert isinstance(document, dict)
    assert document == read_blocks(recorded["commands"]["show"].encode(), "show")
    assert [policy["edit"] for policy in document["firewall policy"]] == ["1", "12", "13", "20", "21", "99"]
