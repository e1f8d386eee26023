"""How a command ends when it does not succeed."""


class Refusal(Exception):
    """Ends the command with a text. Handled errors are plain lines on stdout with exit 1."""

    def __init__(self, text, stream="stdout", code=1):
        super().__init__(text)
        self.text = text
        self.stream = stream
        self.code = code
