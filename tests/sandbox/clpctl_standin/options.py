"""Symfony's console: commands, options, and what the wrapper does to arguments before PHP sees them."""

import json

from .refusal import Refusal

COMMANDS = {  # name -> options; a True value takes a value, False is a flag
    "site:add:static": {"domainName": True, "siteUser": True, "siteUserPassword": True},
    "site:delete": {"domainName": True, "force": False},
    "lets-encrypt:install:certificate": {"domainName": True, "subjectAlternativeName": True},
    "vhost-templates:list": {},
    "user:list": {},
    "db:show:master-credentials": {},
    "system:permissions:reset": {"directories": True, "files": True, "path": True},
    "varnish-cache:purge": {"purge": True},
}
MUTATING = ("site:add:static", "site:delete", "lets-encrypt:install:certificate")
FOR_EVERYBODY = ("system:permissions:reset", "varnish-cache:purge")  # and db:*; the rest is defined for root only


def mangle(argument):
    """What is left of an argument after the wrapper put it into a shell command in double quotes (CE#798).

    The page says which characters are mangled, not into what [I]: expansions become empty, quotes go.
    """
    if not any(character in argument for character in '$()"\\`'):
        return argument
    kept, index = [], 0
    while index < len(argument):
        character = argument[index]
        if character == "$":
            index += 1
            if argument[index:index + 1] == "(":
                index = _after(argument, index, ")")
            else:
                while index < len(argument) and (argument[index].isalnum() or argument[index] == "_"):
                    index += 1
            continue
        if character == "`":
            index = _after(argument, index + 1, "`")
            continue
        if character == "\\":
            index += 1
            kept.append(argument[index:index + 1])
        elif character not in '()"':
            kept.append(character)
        index += 1
    return "".join(kept)


def _after(text, start, closing):
    end = text.find(closing, start)
    return len(text) if end < 0 else end + 1


def is_invalid_command(arguments):
    """The wrapper refuses these with exit 0: a backslash-n or backslash-r, or a newline."""
    return any("\\n" in argument or "\\r" in argument or "\n" in argument for argument in arguments)


def is_defined(command, root):
    return command in COMMANDS and (root or command in FOR_EVERYBODY or command.startswith("db:"))


def parse(command, arguments):
    """The options as Symfony's ArgvInput reads them: `--name=value`, or `--name value` unless it begins with -."""
    known = COMMANDS[command]
    options, rest = {}, list(arguments)
    while rest:
        token = rest.pop(0)
        if not token.startswith("--"):
            if token.startswith("-") and len(token) > 1:
                raise console_error(f'The "{token[:2]}" option does not exist.', command, arguments)
            raise console_error(f'No arguments expected for "{command}" command, got "{token}".', command, arguments)
        name, equals, value = token[2:].partition("=")
        if name not in known:
            raise console_error(f'The "--{name}" option does not exist.', command, arguments)
        if not known[name]:
            if equals:
                raise console_error(f'The "--{name}" option does not accept a value.', command, arguments)
            options[name] = True
            continue
        if not value and rest and not rest[0].startswith("-"):
            value = rest.pop(0)
        options[name] = value
    return options


def require(options, *names):
    """The first option that is absent or empty is named."""
    for name in names:
        if not options.get(name):
            raise Refusal(f'The "--{name}" option requires a value.')


def console_error(message, command, arguments):
    """An error of the console itself: JSON log lines and the message, all on stderr.

    Symfony's ErrorListener logs the whole command line, passwords included.
    """
    line = " ".join([command, *(f"'{argument}'" for argument in arguments)])
    entry = {"message": f'Error thrown while running command "{line}". Message: "{message}"',
             "context": {"command": line, "message": message}, "level": 500, "level_name": "CRITICAL",
             "channel": "console", "extra": {}}
    exited = {"message": f'Command "{line}" exited with code "1"', "context": {"command": line, "code": 1},
              "level": 100, "level_name": "DEBUG", "channel": "console", "extra": {}}
    return Refusal("\n".join([json.dumps(entry), json.dumps(exited), message]), "stderr")
