"""Commands of the console script, in a process of their own or in this one."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from backend.cli import main

Answer = subprocess.CompletedProcess[str]


def shell(home: Path, *words: str) -> Answer:
    """A command as a person types it."""
    environment = os.environ | {"GALAXYSCOPE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "backend.cli", *words]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=800)


def call(home: Path, *words: str) -> Answer:
    """The same in this process, without the seconds in which Python starts and imports."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("GALAXYSCOPE_HOME", str(home))
        patch.setenv("OMP_NUM_THREADS", "1")  # of the workers it starts
        patch.setattr(sys, "argv", ["galaxyscope", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(words, int(ended.value.code or 0), out.getvalue(), err.getvalue())
