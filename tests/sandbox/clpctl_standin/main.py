"""From the command line to the exit code."""

import os
import signal
import sys
import time

from . import options as console
from .call import Call
from .refusal import Refusal

VERSION = "Symfony 6.4.8 (env: prod, debug: false)"  # the console's, not CloudPanel's
BROKEN_INSTALL = "Could not open input file: /home/clp/htdocs/app/files/bin/clpctl"
LISTS = {
    "vhost-templates:list": ["Generic", "Laravel 11", "NodeJS", "Python", "Static", "WordPress"],
    "user:list": ["USERNAME\tFIRST NAME\tLAST NAME\tEMAIL\tROLE\tTIMEZONE\tSTATUS",
                  "admin\tAda\tMin\tadmin@example.com\tAdmin\tUTC\tActive"],
}
FLOOD_LINE = b"PHP Deprecated:  Return type should be compatible in /home/clp/htdocs/app/files/vendor/x.php\n"


def write(stream, data):
    """Writes everything; a closed channel is no reason to stop, as for PHP."""
    descriptor = 2 if stream == "stderr" else 1
    try:
        while data:
            data = data[os.write(descriptor, data):]
    except BrokenPipeError:
        pass


def make_operation(command, call, options):
    if command == "site:add:static":
        console.require(options, "domainName", "siteUser", "siteUserPassword")
        from .site_add import SiteAdd
        return SiteAdd(call, options)
    console.require(options, "domainName")
    if command == "site:delete":
        from .site_delete import SiteDelete
        return SiteDelete(call, options)
    from .lets_encrypt import InstallCertificate
    return InstallCertificate(call, options)


def execute(call, command, arguments):
    """What the command prints on success; anything else is a Refusal."""
    root = os.geteuid() == 0
    if not command or command == "list":
        return "CloudPanel\n\nUsage:\n  command [options] [arguments]"
    if command in ("--version", "-V"):
        return VERSION
    if not console.is_defined(command, root):
        raise console.console_error(f'Command "{command}" is not defined.', command, arguments)
    options = console.parse(command, arguments)
    if command in LISTS:
        return "\n".join(LISTS[command])
    if command not in console.MUTATING:
        return ""
    operation = make_operation(command, call, options)
    operation.validate()
    before_effects(call)
    if call.effects.get("fail") == "success_without_effect":
        raise Refusal(sentence(command, operation.domain), code=0)
    answer = operation.perform()
    after_effects(call)
    return twisted(call, answer)


def sentence(command, domain):
    if command == "site:add:static":
        return f"Site {domain} has been added."
    return "Certificate installation was successful." if command.startswith("lets") else f"Site {domain} has been deleted."


def before_effects(call):
    call.pass_hold("before")
    time.sleep(call.effects.get("delay", 0))  # a knob: how long the work takes
    if call.effects.get("hang") == "before":
        hang()
    if call.effects.get("die") == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    if "text" in call.effects and not call.effects.keys() & {"fail", "fail_after"}:
        raise Refusal(call.effects["text"], call.effects.get("stream", "stdout"), call.effects.get("code", 1))


def after_effects(call):
    call.pass_hold("after")
    time.sleep(call.effects.get("delay_after", 0))
    if call.effects.get("hang") == "after":
        hang()
    if call.effects.get("die") == "after":
        os.kill(os.getpid(), signal.SIGKILL)


def hang():
    while True:
        signal.pause()


def twisted(call, answer):
    """The answer of a success, or what a knob makes of it."""
    failure = call.effects.get("fail")
    if failure == "success_but_reported_failure":
        raise Refusal(call.effects.get("text", "An unexpected error occurred."))
    if failure == "failure_after_success":
        raise Refusal(answer + "\n" + call.effects.get("text", "An unexpected error occurred."))
    if failure == "silent_success":
        return ""
    return answer


def detach_if_asked(call):
    """Knob `detached`: the work goes on in a process of its own session, as PHP under `su` may, so that killing
    what `timeout` started does not stop it; the parent passes the exit code on."""
    if not call.effects.get("detached"):
        return
    worker = os.fork()
    if worker == 0:
        os.setsid()
        return
    _, status = os.waitpid(worker, 0)
    os._exit(max(os.waitstatus_to_exitcode(status), 0))


def main(arguments):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if console.is_invalid_command(arguments):
        Call(arguments, None, [], mutating=False).note("end", code=0, answer="Invalid command")
        write("stdout", b"Invalid command\n")
        os._exit(0)
    seen = [console.mangle(argument) for argument in arguments]  # what gets through the wrapper
    command = seen[0] if seen else ""
    call = Call(arguments, command, mentioned_names(seen), command in console.MUTATING)
    if call.effects.get("ignore_term"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    detach_if_asked(call)
    try:
        if call.effects.get("fail") == "not_installed":
            raise Refusal("bash: line 1: clpctl: command not found", "stderr", 127)
        if call.effects.get("fail") == "broken_install":
            raise Refusal(BROKEN_INSTALL)
        text, stream, code = execute(call, command, seen[1:]), "stdout", 0
    except Refusal as refusal:
        text, stream, code = refusal.text, refusal.stream, refusal.code
    for name in ("stdout", "stderr"):
        lines = int(call.effects.get(f"flood_{name}_mb", 0) * 1_000_000) // len(FLOOD_LINE)
        if lines:
            write(name, FLOOD_LINE * lines)
    call.note("end", code=code, stream=stream, answer=redacted(text, seen))
    write(stream, text.encode() + b"\n" if text else b"")
    sys.stdout = None
    os._exit(code)


def mentioned_names(arguments):
    """The domains that this call is about, lowercased: what a knob's `domain` is compared with."""
    from .validation import certificate_names
    names = []
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in ("--domainName", "--subjectAlternativeName"):
            names += (value if equals else "".join(arguments[index + 1:index + 2])).lower().strip().split(",")
    if arguments[:1] == ["lets-encrypt:install:certificate"] and names:
        names = certificate_names(names[0], names[1:])
    return names


def redacted(text, arguments):
    """The record never holds a password, not even one that the panel printed."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--siteUserPassword":
            value = value if equals else "".join(arguments[index + 1:index + 2])
            if len(value) > 3:
                text = text.replace(value, "<password>")
    return text
