"""Every milestone has its text in the journal's catalog, which journald itself accepts."""

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CATALOG = ROOT / "packaging/systemd/hosting-automator.catalog"
FIELDS = {"SITE_ID", "DOMAIN", "SERVER", "STAGE", "ATTEMPT", "ERROR_CODE"}


def milestones():
    return re.findall(r'event_id\{event::\w+, "(\w+)"\}', (ROOT / "core/events.hpp").read_text(encoding="utf-8"))


def test_each_milestone_has_its_text_and_each_text_its_milestone():
    ids = milestones()
    assert len(ids) == len(set(ids)) and all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    assert re.findall(r"^-- (\w+)$", CATALOG.read_text(encoding="utf-8"), re.MULTILINE) == ids


def test_the_texts_name_fields_that_lines_have():
    assert set(re.findall(r"@(\w+)@", CATALOG.read_text(encoding="utf-8"))) <= FIELDS


def test_journalctl_reads_it(tmp_path):
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    shutil.copy(CATALOG, folder)
    subprocess.run(["journalctl", f"--root={tmp_path}", "--update-catalog"], check=True)
    listed = subprocess.run(["journalctl", f"--root={tmp_path}", "--list-catalog"], check=True, capture_output=True,
                            text=True).stdout
    for one in milestones():
        assert re.search(f"^{one} hosting-automator: ", listed, re.MULTILINE), listed
