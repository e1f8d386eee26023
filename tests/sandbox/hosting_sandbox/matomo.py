"""Starts the Matomo stand-in (tests/sandbox/matomo_standin.py); its knobs are DIR/knobs.json, see there."""

import json
import secrets
import urllib.parse
import urllib.request
from pathlib import Path

from .json_lines import json_lines
from .processes import PYTHON

STANDIN = Path(__file__).resolve().parent.parent / "matomo_standin.py"


class Matomo:
    """The stand-in of one sandbox. `url` is None where it does not run."""

    def __init__(self, supervisor, directory):
        self.directory = Path(directory)
        self.token = secrets.token_hex(16)
        self.url = None
        self._supervisor = supervisor
        self._started = False
        self._port = 0

    def start(self, wait=True):
        """Starts it on a free port, and again on the same one after a stop."""
        if not STANDIN.exists():
            return
        self.directory.mkdir(exist_ok=True)
        (self.directory / "port").unlink(missing_ok=True)
        self._supervisor.spawn(
            "matomo", [PYTHON, STANDIN, "--listen", f"127.0.0.1:{self._port}", "--state", self.directory,
                       "--token", self.token], log=self.directory / "matomo.log")
        self._started = True
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self):
        if not self._started:
            return
        port = self.directory / "port"
        self._supervisor.wait_ready("matomo", lambda: port.exists() and port.read_text().strip(),
                                    self.directory / "matomo.log", "it listens")
        self._port = int(port.read_text())
        self.url = f"http://127.0.0.1:{self._port}"

    def stop(self):
        self._supervisor.stop("matomo")
        self._started = False

    def set_knobs(self, knobs):
        """Replaces all knobs (matomo_standin.py documents them); counts begin anew."""
        new = self.directory / "knobs.json.new"
        new.write_text(json.dumps(knobs))
        new.rename(self.directory / "knobs.json")

    def sites(self):
        """What is registered: dicts with idsite, name, urls."""
        file = self.directory / "sites.json"
        return json.loads(file.read_text())["sites"] if file.exists() else []

    def requests(self):
        """What was asked so far: dicts with method, url, status, token (good, bad or none)."""
        return json_lines(self.directory / "requests.jsonl")

    def add_site(self, name, *urls):
        """Registers a site, as a person or another program would."""
        body = {"token_auth": self.token, "siteName": name, **{f"urls[{i}]": url for i, url in enumerate(urls)}}
        query = "?module=API&format=json&method=SitesManager.addSite"
        with urllib.request.urlopen(self.url + "/index.php" + query, urllib.parse.urlencode(body).encode()) as answer:
            return json.load(answer)["value"]
