"""The rubric's rules: their own examples, our interface, the exception list, the command."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import InputError
from harness.rubric import RULES, Interface, Rule, check_interface
from harness.rubric.cli import check_ours
from harness.rubric.exceptions import OUR_EXCEPTIONS, read_exceptions
from harness.rubric.header import parse_prototype, read_text
from harness.rubric.ours import OPTION_SETS, our_interface
from zxio_py import abi

#: Functions of the late-2022 interface that keep all rules, as the rubric's readers found.
CLEAN = """
bti_release_quarantine channel_create clock_get_monotonic clock_read cprng_add_entropy debug_write
debuglog_write event_create eventpair_create exception_get_process exception_get_thread fifo_read
fifo_write guest_set_trap handle_close handle_duplicate handle_replace interrupt_destroy
interrupt_trigger interrupt_wait msi_create object_get_child object_get_info object_set_property
object_signal object_signal_peer object_wait_one pager_create pmt_unpin port_cancel port_create
port_queue port_wait process_read_memory process_start process_write_memory restricted_write_state
socket_create socket_read socket_write stream_create stream_seek system_get_dcache_line_size
system_get_features system_get_num_cpus system_get_page_size system_get_physmem
system_get_version_string task_create_exception_channel task_kill task_suspend task_suspend_token
thread_exit thread_start thread_write_state timer_cancel timer_create timer_set vcpu_enter
vcpu_interrupt vcpu_kick vcpu_write_state vmar_destroy vmar_unmap vmo_get_size
vmo_replace_as_executable vmo_set_cache_policy
"""

#: Rules about more than prototypes and macros; they have tests of their own.
BEYOND_HEADERS = {"R24", "R28"}


def findings(rule: Rule, example: str) -> list[str]:
    interface = read_text(
        example.removesuffix(";") + ";" * (example[0] != "#"), option_sets=OPTION_SETS
    )
    return [finding.message for finding in rule.apply(interface)]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_good_examples_pass_and_bad_ones_fail(rule: Rule) -> None:
    assert bool(rule.good and rule.bad) is (rule.id not in BEYOND_HEADERS)
    for example in rule.good:
        assert findings(rule, example) == [], example
    for example in rule.bad:
        assert findings(rule, example), example


MUTATIONS = tomllib.loads(Path(__file__).with_name("mutations.toml").read_text())


@pytest.mark.parametrize(
    "rule", [r for r in RULES.values() if r.id not in BEYOND_HEADERS], ids=lambda r: r.id
)
def test_altered_prototypes_are_caught_and_near_misses_are_not(rule: Rule) -> None:
    caught, near = MUTATIONS[rule.id]["caught"], MUTATIONS[rule.id]["near"]
    assert len(caught) >= 5
    assert len(near) >= 5
    for text in caught:
        assert findings(rule, text), text
    for text in near:
        assert findings(rule, text) == [], text


def test_a_handle_that_is_consumed_now_and_then_breaks_r15() -> None:
    call = abi.CALLS["zx_channel_write_etc"]
    found = list(RULES["R15"].apply(Interface({call.name: call}, {})))
    assert [(f.function, f.parameter) for f in found] == [("zx_channel_write_etc", "handles")]


@pytest.mark.parametrize("name", CLEAN.split())
def test_functions_known_to_keep_the_rules_have_no_finding(name: str) -> None:
    call = abi.CALLS[f"zx_{name}"]
    assert check_interface(Interface({call.name: call}, {})).findings == []


def test_our_interface_has_no_violation_without_a_reason() -> None:
    result = check_ours()
    assert result.findings == []
    assert result.stale == []
    assert result.functions > 160


def test_a_new_violator_fails() -> None:
    interface = our_interface()
    call = parse_prototype("zx_status_t zx_event_peek(zx_handle_t event, uint64_t options)")
    widened = Interface({**interface.calls, call.name: call}, interface.constants, OPTION_SETS)
    found = check_interface(widened, read_exceptions()).findings
    assert [(f.rule, f.parameter) for f in found] == [
        ("R03", ""),
        ("R11", "event"),
        ("R12", "options"),
    ]


def test_a_stale_exception_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text(
        OUR_EXCEPTIONS.read_text()
        + '[[exception]]\nrule = "R11"\nreason = "none"\nfunctions = ["zx_event_create"]\n'
    )
    assert main(["rubric", "check", "--exceptions", str(path)]) == 1
    assert "R11 zx_event_create: stale" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[exception]\n", "not TOML"),
        ('[[exception]]\nrule = "R01"\n', "exception 0: wants"),
        ('[[exception]]\nrule = "R01"\nreason = " "\nfunctions = []\n', "are texts"),
        ('[[exception]]\nrule = "R01"\nreason = "x"\nfunctions = ["a", "a"]\n', "twice"),
    ],
)
def test_a_bad_exception_list_is_one_clear_error(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=problem):
        read_exceptions(path)


def test_the_command_tells_by_its_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rubric", "check"]) == 0
    assert capsys.readouterr().out.startswith("rubric: ok")
    assert main(["rubric", "check", "--no-exceptions", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert {f["rule"] for f in document["findings"]} >= {"R03", "R07", "R11", "R14"}
    assert main(["rubric", "explain", "R07"]) == 0
    assert main(["rubric", "explain", "R99"]) == 2


@pytest.mark.parametrize("text", ["", "int", "int f(", "int x"])
def test_what_is_no_prototype_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_prototype(text)
