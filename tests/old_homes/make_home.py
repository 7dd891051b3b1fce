"""Makes home-0.1.0.tar.xz: a home as version 0.1.0 leaves it, with a little of everything in it.

Run it with the code of that version, which is commit 3739527:

    git worktree add /tmp/before 3739527
    cd /tmp/before && export PYTHONPATH=$PWD
    unshare --uts sh -c "hostname old-host; python THIS_REPOSITORY/tests/old_homes/make_home.py"

The home is made through what a person has: the HTTP API, the command line, real workers. Only two things are
not: workers are held (SIGSTOP) so that a pause and a kill hit them at a known moment, and what tells of the
machine is taken out afterwards. Everything lies below FOLDER; a test that unpacks it elsewhere replaces that
text in spec.json and in the database.

    galaxyscope-0.1.0/
      home/          the home
      pictures/      images and labels.csv that were imported as `own`
      more/          images of an import that was killed while it wrote, and of one that was queued
      encoder.safetensors   weights that were imported as a run of kind `adopt`, and that two more will read
      trained.zip, adopted.zip   bundles that this version exported
      manifest.json  ids by role, states, figures, the curve of a run that was not paused, routes, CLI options
"""

import json
import math
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FOLDER = Path("/tmp/galaxyscope-0.1.0")
HOME = FOLDER / "home"
PACKED = Path(__file__).with_name("home-0.1.0.tar.xz")
PORT = 8765
API = f"http://127.0.0.1:{PORT}/api/v1"
HOST = "old-host"
PATIENCE_S = 600
CLASSES = ("round", "edge-on", "spiral")
MODEL = {
    "img_size": 16, "patch_size": 4, "embed_dim": 16, "depth": 1, "num_heads": 1, "mlp_ratio": 1.0,
}  # fmt: skip
TRAINING = {"batch_size": 16, "warmup_epochs": 0, "eval_every_epochs": 1, "keep_checkpoints": 2, "blr": 0.01}
PRETRAINING = MODEL | TRAINING | {
    "dataset": "sky", "decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 1, "sample_count": 2,
    "epochs": 2,
}  # fmt: skip
PAUSED = PRETRAINING | {
    "epochs": 12,
    "online_probe": "off",
    "eval_every_epochs": 3,
    "keep_checkpoints": 0,
    "seed": 11,
}
ENVIRONMENT = os.environ | {
    "GALAXYSCOPE_HOME": str(HOME),
    "GALAXYSCOPE_DATA_ROOTS": str(FOLDER),
    "OMP_NUM_THREADS": "1",
}
ENDED = ("succeeded", "failed", "cancelled", "paused")

roles: dict[str, str] = {}
"""Ids of runs by what they are here."""


def main() -> None:
    if socket.gethostname() != HOST:
        sys.exit(f"the machine's name would be in it; run it as {HOST}, see above")
    FOLDER.mkdir()  # fails where it is there: nothing is overwritten
    HOME.mkdir()
    draw_pictures(FOLDER / "pictures", 40, seed=1, labels=True)
    draw_pictures(FOLDER / "more", 120, seed=2)
    log = (FOLDER / "up.log").open("wb")
    up = subprocess.Popen(
        [*shell_words(), "up", "--port", str(PORT)], env=ENVIRONMENT, stdout=log, stderr=log
    )
    wait_until(is_up, "the dashboard")
    make_datasets()
    train()
    look_at_them()
    say_things()
    ask_for_more()
    leave_jobs_at_work(up)
    manifest = read_manifest()
    clean()
    (FOLDER / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    pack()


def make_datasets() -> None:
    finish("simulated", "simulate", {"name": "sky", "n": 60, "img_size": 32, "seed": 3})
    finish("imported", "import", {"path": "pictures", "labels": "labels.csv", "name": "own"})
    finish("subset", "subset", {"dataset": "sky", "name": "half", "n": 30})
    ask("PATCH", "/datasets/own", {"description": "drawn by hand"})


def train() -> None:
    finish("selftest", "selftest", {"steps": 5})
    finish("preflight", "preflight", PRETRAINING)
    finish("trained", "pretrain", PRETRAINING, name="first light")
    finish("whole", "pretrain", PAUSED, name="never paused")
    pause_a_training()
    finish("finetuned", "finetune", TRAINING | {"encoder": roles["trained"], "epochs": 2})
    finish("supervised", "supervised", TRAINING | {"encoder": roles["trained"], "epochs": 2})
    shell("runs", "export", roles["trained"], "--encoder", str(FOLDER / "encoder.safetensors"))
    finish("adopted", "adopt", {"path": "encoder.safetensors", "dataset": "sky", "num_heads": 1})


def pause_a_training() -> None:
    run_id = launch("paused", "pretrain", PAUSED, name="to be resumed")
    metrics = HOME / "runs" / run_id / "metrics.jsonl"
    wait_until(
        lambda: metrics.is_file() and metrics.read_bytes().count(b'"train/loss"') >= 15, "steps", 0.001
    )
    worker = worker_of(run_id)
    os.kill(worker, signal.SIGSTOP)
    wait_for(run_id, "running")
    ask("POST", f"/runs/{run_id}/pause")
    wait_until(lambda: any((HOME / "runs" / run_id / "control").iterdir()), "the request")
    os.kill(worker, signal.SIGCONT)
    assert wait_for(run_id)["state"] == "paused"


def look_at_them() -> None:
    encoder = {"encoder": roles["trained"]}
    finish("probe", "probe", encoder | {"heads": ["knn", "linear"]})
    finish("embed", "embed", encoder | {"every_checkpoint": True, "quality": True})
    finish("project", "project", encoder | {"perplexity": 5.0})
    shell("runs", "export", roles["trained"], "--zip", str(FOLDER / "trained.zip"))
    shell("runs", "export", roles["adopted"], "--zip", str(FOLDER / "adopted.zip"))


def say_things() -> None:
    """What people write."""
    trained = f"/runs/{roles['trained']}"
    ask("PATCH", trained, {"tags": ["deep field", "paper"], "note": "as in the talk"})
    ask("PUT", "/datasets/sky/flags/4", {"note": "looks merged"})
    ask("PUT", "/datasets/sky/flags/9", {})
    for row, rating in ((0, 5), (7, 0), (12, 3)):
        ask("PUT", f"/datasets/sky/ratings/{row}", {"rating": rating})
    ask("POST", "/datasets/sky/collections/odd ones".replace(" ", "%20"), {"rows": [2, 3, 5, 8]})
    ask("PATCH", "/datasets/sky/collections/odd ones".replace(" ", "%20"), {"note": "for the next proposal"})
    ask("PUT", "/webhook", {"url": "http://127.0.0.1:9/hook", "kinds": ["failed", "diverged"]})


def ask_for_more() -> None:
    """What waits, what was called off, and what was deleted."""
    ask("POST", "/queue/train/pause")
    axes = [{"field": "mask_ratio", "values": [0.5, 0.75]}]
    spec = {
        "kind": "pretrain",
        "config": PRETRAINING | {"epochs": 1},
        "axes": axes,
        "name": "how much hidden",
    }
    report = ask("POST", "/sweeps", {"spec": spec, "confirm_runs": 2})
    roles["sweep"] = report["summary"]["id"]
    for place, member in enumerate(report["members"]):
        roles[f"member {place}"] = member["run_id"]
    ask("POST", f"/sweeps/{roles['sweep']}/stop")
    launch("archived", "pretrain", PRETRAINING, name="a mistake")
    ask("POST", f"/runs/{roles['archived']}/stop")
    ask("PATCH", f"/runs/{roles['archived']}", {"archived": True})
    again = ask("POST", f"/runs/{roles['archived']}/retry")
    roles["retried"] = again["id"]
    ask("POST", f"/runs/{again['id']}/stop")
    ask("DELETE", "/datasets/half")
    shell("runs", "prune", "--yes")  # or the package is twice as large
    launch("waiting", "pretrain", PRETRAINING | {"epochs": 1, "seed": 5}, name="waits")
    ask("DELETE", f"/runs/{roles['whole']}")


def leave_jobs_at_work(up: "subprocess.Popen[bytes]") -> None:
    """An import is killed while it writes, and so is the server; behind it wait three jobs, two of which the
    shell queued."""
    held = catch_an_import()
    shell_queued("waiting import", "data", "import", str(FOLDER / "more"), "--name", "later")
    weights = str(FOLDER / "encoder.safetensors")
    shell_queued(
        "waiting adopt of the shell", "models", "import", weights, "--dataset", "sky", "--num-heads", "1"
    )
    launch("waiting adopt", "adopt", {"path": "encoder.safetensors", "num_heads": 1}, name="sent by a page")
    up.send_signal(signal.SIGSTOP)  # else it starts its supervisor again
    os.kill(json.loads((HOME / "supervisor.json").read_text())["pid"], signal.SIGKILL)
    up.kill()
    os.kill(held, signal.SIGKILL)


def catch_an_import() -> int:
    """Its worker, stopped between its first and its last image; it is running by the database too."""
    for attempt in range(10):
        run_id = launch("broken import", "import", {"path": "more", "name": "more"})
        partial = HOME / "datasets" / f".more.{run_id}.partial"
        while not partial.exists() and ask_state(run_id) not in ENDED:
            pass
        worker = worker_of(run_id)
        os.kill(worker, signal.SIGSTOP)
        if partial.exists() and not (HOME / "runs" / run_id / "result.json").exists():
            wait_for(run_id, "running")
            return worker
        os.kill(worker, signal.SIGCONT)
        wait_for(run_id)
        ask("DELETE", "/datasets/more")
        ask("DELETE", f"/runs/{run_id}")
        print("too late, try", attempt)
    sys.exit("no import was caught at work")


def ask_state(run_id: str) -> str:
    """As its directory says it, which is quicker than the API."""
    return "succeeded" if (HOME / "runs" / run_id / "result.json").exists() else ""


def shell_queued(role: str, *words: str) -> None:
    """A command that queues a job and waits for it is killed while it waits."""
    before = {run["id"] for run in ask("GET", "/runs?all=true")}
    child = subprocess.Popen([*shell_words(), *words], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    new: set[str] = set()
    while not new:
        time.sleep(0.2)
        new = {run["id"] for run in ask("GET", "/runs?all=true")} - before
    child.kill()
    [roles[role]] = new


def read_manifest() -> dict[str, Any]:
    """What the home is known to hold, as its database says."""
    with closing(sqlite3.connect(HOME / "galaxyscope.db")) as database:
        database.row_factory = sqlite3.Row
        rows = {row["id"]: row for row in database.execute("SELECT * FROM runs")}
        notices = [row["words"] for row in database.execute("SELECT words FROM notices ORDER BY id")]
        evaluations = [
            row["id"]
            for row in database.execute("SELECT id FROM evaluations WHERE deleted_at IS NULL ORDER BY id")
        ]
    runs = {
        role: {"id": run_id, "kind": rows[run_id]["kind"], "state": rows[run_id]["state"]}
        for role, run_id in roles.items()
        if run_id in rows
    }
    return {
        "runs": runs,
        "sweep": roles["sweep"],
        "notices": notices,
        "evaluations": evaluations,
        "latest": json.loads(rows[roles["trained"]]["latest"]),
        "initial": json.loads(rows[roles["trained"]]["initial"]),
        "curve": curve(HOME / "trash" / roles["whole"]),
        "curve_at_pause": curve(HOME / "runs" / roles["paused"]),
        "routes": old_routes(),
        "words": old_words(),
    }


def curve(run_dir: Path) -> list[list[float]]:
    """(step, train/loss), in the order written."""
    lines = map(json.loads, (run_dir / "metrics.jsonl").read_text().splitlines())
    return [
        [line["step"], line["values"]["train/loss"]]
        for line in lines
        if "train/loss" in line.get("values", ())
    ]


def old_routes() -> list[list[str]]:
    """(method, path) of the API."""
    from backend.settings import Settings
    from backend.web import create_app

    with tempfile.TemporaryDirectory() as empty:
        paths = create_app(Settings(home=Path(empty)), ui=False).openapi()["paths"]
    return sorted([method.upper(), path] for path, methods in paths.items() for method in methods)


def old_words() -> dict[str, list[list[str]]]:
    """Options of each command; with a value to give where it takes one."""
    import typer

    from backend.cli.app import app

    found: dict[str, list[list[str]]] = {}

    def collect(command: Any, words: tuple[str, ...]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            collect(inner, (*words, name))
        if not hasattr(command, "commands"):
            options = [
                one for one in command.params if one.param_type_name == "option" and one.name != "help"
            ]
            found[" ".join(words)] = [
                [word] if one.is_flag else [word, "1"]
                for one in options
                for word in (*one.opts, *one.secondary_opts)
            ]

    collect(typer.main.get_command(app), ())
    return found


def clean() -> None:
    """Takes out what tells of the machine, and what is made again where it is missing."""
    for name in ("supervisor.lock", "supervisor.json", "galaxyscope.migrate.lock"):
        (HOME / name).unlink(missing_ok=True)
    with closing(sqlite3.connect(HOME / "galaxyscope.db", isolation_level=None)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
    for path in HOME.rglob("system.jsonl"):
        path.unlink()
    shutil.rmtree(HOME / "cache" / "probes", ignore_errors=True)
    for path in HOME.rglob("lock"):
        path.unlink()


def pack() -> None:
    with tarfile.open(PACKED, "w:xz", preset=9) as archive:
        for path in sorted(FOLDER.rglob("*")):
            if path.name == "up.log":
                continue
            entry = archive.gettarinfo(path, str(path.relative_to(FOLDER)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            if path.is_file():
                with path.open("rb") as file:
                    archive.addfile(entry, file)
            else:
                archive.addfile(entry)
    print(f"{PACKED}: {PACKED.stat().st_size:,} bytes")


def draw_pictures(folder: Path, n: int, *, seed: int, labels: bool = False) -> None:
    """Blobs of 16 pixels that differ, and a table of their classes."""
    folder.mkdir()
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:16j, -1:1:16j]
    lines = ["file,class"]
    for i in range(n):
        angle, flat = draw.uniform(0, math.pi), draw.uniform(0.3, 1)
        u, v = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        light = np.exp(-((u / 0.5) ** 2 + (v / (0.5 * flat)) ** 2)) * draw.uniform(120, 250)
        colour = (light[..., None] * draw.uniform(0.6, 1, 3)).astype(np.uint8) // 16 * 16
        Image.fromarray(colour).save(folder / f"{i:03d}.png", optimize=True)
        lines.append(f"{i:03d}.png,{CLASSES[i % len(CLASSES)]}")
    if labels:
        (folder / "labels.csv").write_text("\n".join(lines) + "\n")


def shell_words() -> list[str]:
    return [sys.executable, "-m", "backend.cli"]


def shell(*words: str) -> None:
    subprocess.run([*shell_words(), *words], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)


def launch(role: str, kind: str, config: dict[str, Any], name: str | None = None) -> str:
    roles[role] = ask("POST", "/runs", {"kind": kind, "config": config, "name": name})["id"]
    return roles[role]


def finish(role: str, kind: str, config: dict[str, Any], name: str | None = None) -> None:
    run = wait_for(launch(role, kind, config, name))
    if run["state"] != "succeeded":
        sys.exit(f"{role}: {run['state']}: {run['reason']}")
    print(role, run["id"])


def wait_for(run_id: str, *states: str) -> dict[str, Any]:
    wait_until(lambda: ask("GET", f"/runs/{run_id}")["state"] in (states or ENDED), run_id)
    run: dict[str, Any] = ask("GET", f"/runs/{run_id}")
    return run


def worker_of(run_id: str) -> int:
    pid: int = json.loads((HOME / "runs" / run_id / "process.json").read_text())["pid"]
    return pid


def is_up() -> bool:
    try:
        return bool(ask("GET", "/health")["supervisor_alive"])
    except OSError:
        return False


def ask(method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        API + path, data=data, method=method, headers={"Content-Type": "application/json"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def wait_until(condition: Callable[[], bool], what: str, poll_s: float = 0.1) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {PATIENCE_S} s for {what}")
        time.sleep(poll_s)


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True) if "--again" in sys.argv else None
    main()
