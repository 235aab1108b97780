"""A program that works on what people sent can do its work and nothing else, and always ends."""

import io
import os
import sys
import time
from pathlib import Path

import pytest

from appliance.services.media import programs
from appliance.services.media.refusals import FileRefused

PYTHON = os.path.realpath(sys.executable)


@pytest.fixture
def folder(tmp_path_factory):
    with programs.private_folder() as made:
        yield made


@pytest.fixture
def run(folder, monkeypatch):
    """`run("python code")` in the private folder."""
    monkeypatch.setattr(programs, "find", lambda name: name)

    def run(code, **options):
        options = {"seconds": 20, "memory_mb": 512, "output_mb": 1, **options}
        return programs.run([PYTHON, "-I", "-S", "-c", code], folder=folder, **options)

    return run


def alive(marker: str) -> list[str]:
    """The processes whose command line holds this text, zombies left aside."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                if marker.encode() in (entry / "cmdline").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def test_a_program_works_in_its_folder_and_prints(run, folder):
    result = run("open('made', 'w').write('x'); print('done')")
    assert result == (0, b"done\n", b"", "") and result.ok and (folder / "made").read_text() == "x"


def test_its_input_is_piped_to_it(run):
    data = os.urandom(3_000_000)
    result = run("import sys, zlib; print(zlib.crc32(sys.stdin.buffer.read()))", input=io.BytesIO(data))
    assert int(result.output) == __import__("zlib").crc32(data)


def test_it_may_end_before_it_has_read_all_its_input(run):
    assert run("print(1)", input=io.BytesIO(bytes(5_000_000))).ok


def test_what_goes_wrong_with_its_input_is_raised_and_ends_it(run):
    class Broken:
        def read(self, size):
            raise EOFError("a piece is missing")

    with pytest.raises(EOFError):
        run("import time; time.sleep(60) # broken-input", input=Broken())
    assert not alive("broken-input")


def test_its_environment_tells_nothing(run, monkeypatch, folder):
    monkeypatch.setenv("PREAU_SECRET", "x")
    names = eval(run("import os; print(sorted(os.environ))").output)  # noqa: S307 - our own list
    assert set(names) <= {"HOME", "TMPDIR", "LC_ALL", "LC_CTYPE"}


def test_one_that_fails_says_so(run):
    assert run("raise SystemExit(3)")[0::3] == (3, "failed")


def test_one_that_sleeps_is_stopped(run):
    begun = time.monotonic()
    assert run("import time; time.sleep(60) # sleeps-long", seconds=0.3).reason == "too_slow"
    assert time.monotonic() - begun < 10 and not alive("sleeps-long")


def test_one_that_burns_time_is_stopped_by_its_own_account(run, monkeypatch):
    result = run("while True: pass", seconds=0.5)
    assert result.reason == "too_slow"


def test_one_that_something_else_kills_says_nothing_of_the_file(run):
    with pytest.raises(programs.ProgramKilled):
        run("import os; os.kill(os.getpid(), 9)")


def test_a_polite_stop_of_the_whole_group_does_not_look_like_a_failure(run):
    assert run("import os; os.kill(os.getpid(), 15); print('still here')").output == b"still here\n"


def test_one_that_leaves_children_behind_leaves_none(run):
    code = "import os, time\nfor _ in range(5):\n  if os.fork() == 0: time.sleep(60) # left-behind\nprint('gone')"
    assert run(code).output == b"gone\n"
    assert not alive("left-behind")


def test_a_child_cannot_leave_the_group_to_outlive_it(run):
    leave = "  try: os.setsid()\n  except OSError as e: print(type(e).__name__)"
    code = f"import os\nif os.fork() == 0:\n{leave}\nelse: os.wait()"
    assert run(code).output == b"PermissionError\n"


def test_one_that_eats_memory_is_refused_it(run):
    assert b"MemoryError" in run("bytearray(1 << 30)").errors


def test_one_that_writes_too_much_is_stopped(run, folder):
    result = run("f = open('big', 'wb')\nwhile True: f.write(bytes(65536))")
    assert result.reason == "failed" and (folder / "big").stat().st_size <= 1 << 20


def test_one_that_prints_too_much_is_stopped(run):
    result = run("import sys\nwhile True: sys.stdout.write('x' * 65536)")
    assert result.reason == "too_much_output" and len(result.output) < 6_000_000


def test_it_reaches_no_network(run):
    code = "import socket\ntry: socket.socket().connect(('127.0.0.1', 9))\nexcept OSError as e: print(type(e).__name__)"
    assert run(code).output == b"PermissionError\n"


def test_it_sees_no_file_but_its_own(run, tmp_path, needs):
    if not has_landlock():
        pytest.skip("by design: this kernel has no Landlock, so the other walls stand alone")
    secret = tmp_path / "kek"
    secret.write_text("key")
    code = f"try: print(open({str(secret)!r}).read())\nexcept OSError as e: print(type(e).__name__)"
    assert run(code).output == b"PermissionError\n"
    code = f"try: open({str(tmp_path / 'new')!r}, 'w')\nexcept OSError as e: print(type(e).__name__)"
    assert run(code).output == b"PermissionError\n" and not (tmp_path / "new").exists()


def has_landlock() -> bool:
    """Whether the kernel answers to landlock_create_ruleset(2)."""
    import ctypes

    return ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1


def test_it_dies_with_us(folder, monkeypatch):
    """The process that started it is killed: nothing of the program stays."""
    import subprocess

    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from appliance.services.media import programs\n"
        "programs.find = lambda name: name\n"
        "c = 'import time; print(1, flush=True); time.sleep(60) # orphan-mark'\n"
        "say = lambda line: print(line, flush=True)\n"
        "programs.run([sys.argv[2], '-I', '-S', '-c', c], folder=Path(sys.argv[3]), seconds=60, on_line=say)\n"
    )
    root = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen([sys.executable, "-c", code, root, PYTHON, str(folder)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"1\n" and alive("orphan-mark")
        parent.kill()
    for _ in range(1000):
        if not alive("orphan-mark"):
            break
        time.sleep(0.01)
    assert not alive("orphan-mark")


def test_what_stops_the_task_stops_the_program(run, monkeypatch):
    monkeypatch.setattr(programs, "_TURN_SECONDS", 0.01)

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("import time; time.sleep(60) # stopped-task", tick=stop)
    assert not alive("stopped-task")


def test_lines_are_handed_over_as_they_come(run):
    lines = []
    assert run("print('a'); print('b')", on_line=lines.append).ok and lines == ["a", "b"]


def test_a_program_that_is_not_installed_waits_for_the_operator(folder):
    with pytest.raises(programs.MissingProgram) as raised:
        programs.run(["no-such-program"], folder=folder, seconds=1)
    assert raised.value.reason == "missing_program"
    with pytest.raises(FileRefused) as refused:
        programs.require("no-such-program")
    assert refused.value.reason == "missing_program"


def test_many_files_that_are_small_enough_each_are_too_much_together(run, folder):
    (folder / "source").write_bytes(bytes(3 << 20))  # what it was given doesn't count
    code = """
import time
for number in range(40):
    open(str(number), "wb").write(bytes(500_000))
    time.sleep(0.1)
"""
    begun = time.monotonic()
    assert run(code).reason == "too_much_output" and time.monotonic() - begun < 3
    assert sum(path.stat().st_size for path in folder.iterdir()) < 10 << 20
    assert run("open('one', 'wb').write(bytes(500_000))").ok
