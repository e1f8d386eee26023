"""The runner: what is found fails it, is named, kept and counted; what is not found leaves no trace."""

import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FINDINGS = HERE.parents[1] / "build/fuzz/findings"


def run(*arguments):
    return subprocess.run([HERE / "run", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def children_of(pid):
    return [child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("seed, says", [
    ("property", "BROKEN: nothing begins with this word: [property]"),
    ("overflow", "ERROR: AddressSanitizer: heap-buffer-overflow"),
    ("undefined", "runtime error: signed integer overflow"),
    ("leak", "ERROR: LeakSanitizer: detected memory leaks"),
    ("exception", "ERROR: libFuzzer: deadly signal"),
])
def test_a_finding_fails_the_run_and_its_input_is_kept(tmp_path, seed, says):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "one").write_text(seed)
    ran = run(5, "broken", "--seeds", tmp_path / "seeds", "--junit", tmp_path / "fuzz.xml")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert says in ran.stdout
    kept = [Path(line.split()[1]) for line in ran.stdout.splitlines() if line.startswith("  input: ")]
    assert len(kept) == 1 and kept[0].parent == FINDINGS
    assert kept[0].read_text() == seed
    kept[0].unlink()
    assert says in ElementTree.parse(tmp_path / "fuzz.xml").find("testcase/failure").get("message")


def test_a_run_without_findings_writes_no_corpus(tmp_path):
    before = files_of(HERE)
    ran = run(1, "message_text", "--junit", tmp_path / "fuzz.xml")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("message_text") and ran.stdout.endswith("ok\n")
    assert files_of(HERE) == before
    cases = ElementTree.parse(tmp_path / "fuzz.xml").findall("testcase")
    assert [case.get("name") for case in cases] == ["message_text"] and cases[0].find("failure") is None


def test_a_run_that_is_ended_leaves_nothing(tmp_path):
    environment = dict(os.environ, TMPDIR=str(tmp_path))
    command = [HERE / "run", "600", "url", "message_text", "script_output", "--jobs", "2"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while len(children := children_of(process.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.terminate()
        assert process.wait(30) == 143
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_no_success():
    ran = run(1, "no_such_target")
    assert ran.returncode == 1
    assert "it is not built" in ran.stdout


def test_every_target_has_a_corpus():
    targets = {path.stem for path in (HERE / "targets").glob("*.cpp")}
    assert targets == {path.name for path in (HERE / "corpus").iterdir() if path.is_dir()}
    assert {path.stem for path in (HERE / "dictionaries").iterdir()} <= targets
