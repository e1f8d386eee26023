"""Starting a program that sees files of the test's own in place of the machine's, e.g. /etc/resolv.conf."""

import shlex


def launcher(files):
    """What to put before a program's command line; `files`: path on the machine -> the file shown there.

    Each step replaces the one before by exec, so the process id is the program's, and the mounts are in a namespace
    of its own and go with it.
    """
    if not files:
        return []
    binds = "".join(f"mount --bind {shlex.quote(str(shown))} {shlex.quote(str(path))} && "
                    for path, shown in files.items())
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", binds + 'exec "$@"', "sh"]
