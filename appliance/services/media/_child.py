"""The first breath of a limited program: this script gives up what the program must not have, then becomes it.

Run as `python -I -S _child.py PARENT MEMORY CPU OUTPUT FOLDER PROGRAM ARGUMENT…`, so it imports nothing of the
appliance. It happens here and not between fork and exec of the server, whose other threads may hold locks. What a
kernel lacks is done without, except for the network: a program that could not be cut off from it is not begun.
"""

import ctypes
import errno
import os
import resource
import signal
import struct
import sys

NOT_CONFINED, NOT_STARTED = 126, 127
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_PARENT_DEATH, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES = 1, 22, 38
_MACHINES = {  # audit number of the architecture (linux/audit.h): socket, ptrace, process_vm_*, setsid, setpgid
    "x86_64": (0xC000003E, (41, 101, 310, 311, 112, 109)),
    "aarch64": (0xC00000B7, (198, 117, 270, 271, 157, 154)),
    "riscv64": (0xC00000F3, (198, 117, 270, 271, 157, 154)),
    "armv7l": (0x40000028, (281, 26, 376, 377, 66, 57)),
}
_EVERYWHERE = (321, 425) if os.uname().machine == "x86_64" else (425,)  # bpf, io_uring_setup
_READABLE = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/var/cache/fontconfig",
    "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/urandom", "/dev/zero",
)  # fmt: skip
_LOAD, _EQUAL, _AT_LEAST, _GIVE = 0x20, 0x15, 0x35, 0x06
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Give up memory, time, files, network, other processes; then become the program."""
    parent, memory, seconds, output = map(int, sys.argv[1:5])
    folder, command = sys.argv[5], sys.argv[6:]
    _libc.prctl(_SET_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to follow it
        os._exit(NOT_STARTED)
    # A service manager that stops us may tell the whole group; a program that gave up then would look like a bad file.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    os.setpriority(os.PRIO_PROCESS, 0, max(10, os.getpriority(os.PRIO_PROCESS, 0)))
    alone = _libc.unshare(_NEW_USER | _NEW_NET) == 0
    limits = {"AS": memory, "CPU": seconds, "FSIZE": output, "NOFILE": 64, "CORE": 0, "NPROC": 512}
    for name, limit in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        # The soft limit alone for CPU, so that the end tells why: SIGXCPU, not SIGKILL.
        resource.setrlimit(kind, (limit, hard if name == "CPU" else limit))
    _libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _close_folders(folder, os.path.dirname(os.path.dirname(os.path.realpath(command[0]))))
    if not _refuse_calls() and not alone:
        os._exit(NOT_CONFINED)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError:
        os._exit(NOT_STARTED)


def _refuse_calls() -> bool:
    """A seccomp filter without sockets, without a look into other processes, without a way out of the process group
    (seccomp(2): a classic BPF program over `struct seccomp_data`)."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return False
    architecture, calls = machine
    tests = [(_EQUAL, architecture), (_LOAD, 0), (_AT_LEAST, 0x40000000)]  # the last one: x32 has other numbers
    tests += [(_EQUAL, call) for call in (*calls, *_EVERYWHERE)]
    steps = [_step(_LOAD, 0, 0, 4)]
    for number, (code, value) in enumerate(tests):
        away = len(tests) - number  # from here to the refusal, which comes after the permission
        to = (0, 0) if code == _LOAD else (0, away) if value == architecture else (away, 0)
        steps.append(_step(code, *to, value))
    steps += [_step(_GIVE, 0, 0, 0x7FFF0000), _step(_GIVE, 0, 0, 0x00050000 | errno.EACCES)]
    code = ctypes.create_string_buffer(b"".join(steps))
    program = struct.pack("HP", len(steps), ctypes.addressof(code))  # native alignment
    return _libc.prctl(_SET_SECCOMP, 2, ctypes.create_string_buffer(program), 0, 0) == 0


def _step(code: int, true: int, false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, true, false, value)


def _close_folders(folder: str, prefix: str) -> None:
    """With Landlock (Linux 5.13): the private folder is writable, programs and fonts are readable, nothing else is
    there: neither keys, nor database, nor other people's files."""
    call = _libc.syscall
    version = call(444, None, 0, 1)
    if version < 1:
        return
    everything = (1 << {1: 13, 2: 14}.get(version, 15)) - 1
    ruleset = call(444, ctypes.byref(ctypes.c_uint64(everything)), 8, 0)
    if ruleset < 0:
        return
    read, on_file = 0b1101, 0b110 | 1 | (everything & 1 << 14)
    rules = [(path, read) for path in (*_READABLE, *((prefix,) if prefix.count("/") > 1 else ()))]
    for path, rights in (*rules, ("/dev/null", 0b110), (folder, everything)):
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        if not os.path.isdir(path):
            rights &= on_file
        call(445, ruleset, 1, ctypes.create_string_buffer(struct.pack("=Qi", rights, handle)), 0)
        os.close(handle)
    call(446, ruleset, 0)
    os.close(ruleset)


main()
