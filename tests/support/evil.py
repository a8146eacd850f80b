"""Makes an evil duplicity: the real one in a wrapper that spoils what it did, and says success.

The wrapper is a program of its own, since drtest builds duplicity's environment from empty: what it
should do is written into it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from drtest.duplicity.versions import Duplicity, verify

_PROGRAM = '''#!{python} -I
import os, shutil, subprocess, sys
from pathlib import Path

REAL = {real!r}
ACTIONS = {{"restore", "full", "incremental", "backup", "remove-older-than"}}
args = sys.argv[1:]
action = args[0] if args and args[0] in ACTIONS else "backup"
call = lambda argv=args: subprocess.run([REAL, *argv]).returncode
if "--version" in args:
    sys.exit(call())


def files(root):
    return sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())


def keeping(path, change, *, mode=None, mtime=None):
    """Change something at *path* and set back what the change moved beside it."""
    parent = path.parent
    before, above = os.lstat(path), os.lstat(parent)
    change(path)
    if os.path.lexists(path) and not path.is_symlink():
        os.chmod(path, before.st_mode & 0o7777 if mode is None else mode)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns if mtime is None else mtime))
    if os.path.lexists(path):
        if path.is_symlink():
            os.lchown(path, before.st_uid, before.st_gid)
    os.utime(parent, ns=(above.st_atime_ns, above.st_mtime_ns))


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def relink(path):
    path.unlink()
    path.symlink_to("elsewhere")


def become_folder(path):
    path.unlink()
    path.mkdir()


{sabotage}

sys.exit(main())
'''

# A restore that succeeded, spoiled afterwards. ``root`` is the restored tree.
_AFTER = """
def spoil(root):
    {body}


def main():
    status = call()
    if action == "restore" and status == 0:
        spoil(Path(args[-1]))
    return status
"""

AFTER_RESTORE = {
    "drops a file": "keeping(files(root)[3], os.unlink)",
    "adds a file": "keeping(files(root)[3], lambda p: p.with_name('new').write_text('x'))",
    "flips a byte": "keeping(max(files(root), key=lambda p: p.stat().st_size), flip)",
    "cuts a file short": "keeping(files(root)[3], lambda p: os.truncate(p, p.stat().st_size // 2))",
    "changes a mode": "keeping(files(root)[3], lambda p: None, mode=0o601)",
    "changes an mtime": "keeping(files(root)[3], lambda p: None, mtime=86400 * 10**9)",
    "changes an owner": "keeping(files(root)[3], lambda p: os.chown(p, 12345, 54321))",
    "changes a link": "keeping(next(p for p in root.rglob('*') if p.is_symlink()), relink)",
    "makes a file a folder": "keeping(files(root)[3], become_folder)",
    "swaps two files": """a, b = files(root)[3], files(root)[5]
    one, two = a.read_bytes(), b.read_bytes()
    keeping(a, lambda p: p.write_bytes(two))
    keeping(b, lambda p: p.write_bytes(one))""",
    "restores half": """for path in files(root)[::2]:
        keeping(path, os.unlink)""",
}

INSTEAD = {
    "restores another point": """
def main():
    if action != "restore":
        return call()
    i = args.index("--time")
    return call([*args[: i + 1], str(int(args[i + 1]) - 86400), *args[i + 2 :]])
""",
    "says success and restores nothing": """
def main():
    return 0 if action == "restore" else call()
""",
    "refuses to restore": """
def main():
    return 1 if action == "restore" else call()
""",
    "says success and backs nothing up": """
def main():
    return 0 if action == "backup" else call()
""",
    "fails at a backup": """
def main():
    return 50 if action == "backup" else call()
""",
    "hangs": """
def main():
    if action != "restore":
        return call()
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pause()
""",
    "fills stderr and stdout": """
def main():
    sys.stderr.write("x" * 3_000_000)
    sys.stdout.write("y" * 3_000_000)
    sys.stdout.flush()
    return call()
""",
    "does nothing evil": """
def main():
    return call()
""",
}


def make(real: Duplicity, deed: str, folder: Path) -> Duplicity:
    """Write the wrapper that does *deed* into *folder* and return it as drtest finds it."""
    sabotage = INSTEAD.get(deed) or _AFTER.format(body=AFTER_RESTORE[deed])
    program = folder / "duplicity"
    program.write_text(
        _PROGRAM.format(python=sys.executable, real=str(real.program), sabotage=sabotage)
    )
    program.chmod(0o755)
    return verify(program, which=str(program))
