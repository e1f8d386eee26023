"""Logs that another process writes, a JSON object a line."""

import json


def json_lines(file):
    """The objects of the lines that are whole; the last may be on its way."""
    return [json.loads(line) for line in file.read_text().rpartition("\n")[0].splitlines()] if file.exists() else []
