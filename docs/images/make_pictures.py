"""Take the pictures of docs/guide/ from a running Galaxyscope, with simulated galaxies.

    GALAXYSCOPE_HOME=/tmp/pictures GALAXYSCOPE_DATA_ROOTS=/tmp/cutouts galaxyscope up --port 8720 &
    python docs/images/make_pictures.py prepare
    python docs/images/make_pictures.py shoot            # or: shoot map search

`prepare` makes what the pictures show: 2,000 simulated galaxies, a pretraining with evaluations, embeddings
and a t-SNE, a sweep, a suite, ratings, flags and a collection. It skips what is there, and can be run again
at any time. `shoot` opens every page in headless Chromium and writes one JPEG a page beside this file. For
the picture of Runs it queues three long trainings and deletes them afterwards. Both talk to the server over
HTTP and import nothing of the product.

Pictures show simulated galaxies only: no real data is committed to this repository.
"""

import argparse
import contextlib
import csv
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
UNFINISHED = "[data-stale=true], [data-testid=stStatusWidget], [data-testid=stSkeleton], .gx-bone.wait"
ENDED = {"succeeded", "failed", "cancelled"}
DATASET, SAMPLE = "simulated", "sample"
MAIN = "hide 60 %"
QUERY = 1
"""An edge-on galaxy with a bulge: easy to find others like it."""
SWEEP: dict[str, Any] = {
    "kind": "pretrain",
    "preset": "laptop-tiny",
    "config": {
        "dataset": SAMPLE,
        "epochs": 8,
        "warmup_epochs": 1.0,
        "batch_size": 32,
        "eval_every_epochs": 2,
    },
    "axes": [{"field": "mask_ratio", "values": [0.4, 0.6, 0.8]}, {"field": "blr", "values": [2e-3, 1e-2]}],
    "seeds": 2,
    "name": "ratio and rate",
}
SUITE, SUITE_SCALE, SUITE_SEEDS = "R5", "laptop", 3


class Api:
    """The JSON API of one server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=f"{url}/api/v1", timeout=120, trust_env=False)

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The JSON of an answer; a refusal ends the script with its sentence."""
        answer = self.http.request(method, path, json=body, params=query or None)
        if answer.is_error:
            sys.exit(f"{method} {path}: {answer.text}")
        return answer.json() if answer.content else None

    def runs(self, **query: Any) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/runs", limit=500, all=True, **query))

    def named(self, name: str) -> dict[str, Any] | None:
        """The newest run of that name that has not failed."""
        found = (run for run in self.runs() if run["name"] == name)
        return next((run for run in found if run["state"] not in ("failed", "cancelled")), None)

    def launch(self, kind: str, config: dict[str, Any], name: str, preset: str | None = None) -> str:
        """The id of a run of that name, queued where there is none."""
        known = self.named(name)
        if known is not None:
            return str(known["id"])
        body = {"kind": kind, "config": config, "name": name, "preset": preset}
        return str(self.ask("POST", "/runs", body)["id"])

    def wait(self, run_id: str) -> None:
        """Until a run has ended; one that failed ends the script."""
        while (run := self.ask("GET", f"/runs/{run_id}"))["state"] not in ENDED:
            time.sleep(2)
        if run["state"] != "succeeded":
            sys.exit(f"{run_id} ended {run['state']}: {run['reason']}")


def prepare(api: Api, cutouts: Path) -> None:
    """Make all that the pictures show, as far as it is missing."""
    datasets = {one["name"] for one in api.ask("GET", "/datasets")}
    if DATASET not in datasets:
        api.wait(api.launch("simulate", {"name": DATASET}, "make simulated"))
    if SAMPLE not in datasets:
        api.wait(api.launch("subset", {"dataset": DATASET, "name": SAMPLE, "n": 600}, "make sample"))
    run = api.launch("pretrain", {"dataset": DATASET}, MAIN, "demo-60s")
    api.ask("POST", "/sweeps", {"spec": SWEEP})
    suite = {"scale": SUITE_SCALE, "dataset": SAMPLE, "seeds": SUITE_SEEDS}
    api.ask("POST", f"/suites/{SUITE}/launch", suite)
    api.wait(run)
    encoder = {"encoder": run}
    heads = {"heads": ["knn", "linear", "mlp"], "depths": "all", "seeds": 3}
    jobs = [
        api.launch("probe", encoder | heads, "heads"),
        api.launch("embed", encoder | {"every_checkpoint": True, "quality": True}, "embed"),
    ]
    write_cutouts(api, cutouts)
    for job in jobs:
        api.wait(job)
    api.launch("selftest", {}, "self-test")
    api.wait(api.launch("project", encoder, "t-SNE"))
    annotate(api, run)
    while any(one["state"] not in ENDED for one in api.runs()):
        time.sleep(5)


def annotate(api: Api, run: str) -> None:
    """Ratings that teach something, a few flags, and a collection."""
    space = {"run": run}
    query = {"space": space, "by": "isolation", "limit": 40}
    page = api.ask("GET", "/odd", query=json.dumps(query))
    for one in page["galaxies"][:30]:
        row, label = one["galaxy"]["row"], one["galaxy"]["label"]
        rating = 5 if "Merging" in label else 4 if "Disturbed" in label else one["galaxy"]["row"] % 3
        api.ask("PUT", f"/datasets/{DATASET}/ratings/{row}", {"rating": rating})
    doubtful = api.ask("GET", "/odd", query=json.dumps(query | {"by": "mislabel", "limit": 4}))
    for one in doubtful["galaxies"]:
        api.ask("PUT", f"/datasets/{DATASET}/flags/{one['galaxy']['row']}", {"note": "neighbours disagree"})
    found = api.ask("GET", "/search", query=json.dumps({"space": space, "row": QUERY, "k": 23}))
    rows = [QUERY, *(one["galaxy"]["row"] for one in found["neighbours"])]
    api.ask("POST", f"/datasets/{DATASET}/collections/{quote(f'like galaxy {QUERY}')}", {"rows": rows})


def write_cutouts(api: Api, folder: Path) -> None:
    """A folder as a person might bring it: 80 PNGs and a table with made-up positions."""
    folder.mkdir(parents=True, exist_ok=True)
    page = api.ask("GET", f"/datasets/{DATASET}/galaxies", offset=0, limit=80)
    with (folder / "catalogue.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["objid", "file", "ra", "dec", "z", "morphology"])
        for galaxy in page["galaxies"]:
            row = galaxy["row"]
            picture = api.http.get(f"/datasets/{DATASET}/images/{row}.png", params={"size": 64})
            (folder / f"cutout_{row:03d}.png").write_bytes(picture.content)
            ra, dec, z = 150 + row * 0.37 % 9, 2 + row * 0.53 % 7, 0.01 + row * 7 % 90 / 1000
            place = [f"{ra:.4f}", f"{dec:.4f}", f"{z:.3f}"]
            table.writerow([f"sim-{row:04d}", f"cutout_{row:03d}.png", *place, galaxy["label"]])


Act = Callable[[Page], None]


@dataclass(frozen=True)
class Shot:
    """One picture: the page's address, how much of it is shown, and when it is ready. `wait` is a selector of
    what must be there, `act` is done before the picture is taken."""

    name: str
    path: str
    wait: str
    height: int = 900
    width: int = 1280
    act: Act | None = None


def shots(api: Api) -> list[Shot]:
    """Every picture, with the addresses of what `prepare` has made."""
    run = known(api, MAIN)
    space = {"run": run, "dataset": DATASET}
    sweep = next(one["id"] for one in api.ask("GET", "/sweeps") if one["name"] == SWEEP["name"])
    launch = {"preset": "laptop-base", "on": DATASET, "set": "mask_ratio=0.65"}
    compare = {"runs": of_one_rate(api, sweep), "keys": "train/loss,val/linear_accuracy", "x": "epoch"}
    looked_into = {"row": 159, "ratio": 0.6, "inside": 0, "patch": 27}
    suite = {"suite": SUITE, "dataset": SAMPLE, "scale": SUITE_SCALE, "seeds": SUITE_SEEDS}
    source = {"add": "import", "set": ["path=/tmp/cutouts", "name=cutouts"]}
    settled = ".gx-mask_scrubber[data-exact=true] path.curve.many"
    drawn = ".gx-galaxy_map canvas[data-drawn]:not([data-drawn='0'])"
    return [
        Shot("runs", "/", ".gx-runs_table tbody tr", 760, 1440),
        Shot("launch", _at("/launch", **launch), ".gx-first_batch canvas:not(.gx-bone)", 1010),
        Shot("run", _at("/run", run=run), ".gx-samples canvas", 1530),
        Shot("sweep", _at("/sweep", sweep=sweep), ".gx-sweep_results tbody tr", 880),
        Shot("compare", _at("/compare", **compare), ".gx-compare_curves .scores td", 960),
        Shot(
            "evaluate",
            _at("/evaluate", run=run, **worst_cell(api, run)),
            ".gx-prediction_grid img",
            1300,
            1440,
        ),
        Shot("reconstruct", _at("/reconstruct", **space, **looked_into), settled, 1540, 1440),
        Shot("search", _at("/search", **space, row=QUERY, k=24), ".gx-galaxy_search .tile img", 900),
        Shot("odd", _at("/search", **space, view="odd"), ".gx-odd_review .queue img", 860),
        Shot("map", _at("/map", **space, method="tsne", galaxy=QUERY), drawn, 900),
        Shot("data", _at("/data", dataset=DATASET), ".gx-galaxy_grid img", 900),
        Shot("import", _at("/data", **source), ".gx-source_preview .tiles span[style]", 1080),
        Shot("report", _at("/report", **suite), ".gx-suite_rows svg", 960),
        Shot("machine", "/machine", ".gx-facts dd", 720, act=_hide_home),
    ]


def shoot(api: Api, names: list[str]) -> None:
    """Take the pictures of these names, or all of them."""
    wanted = [one for one in shots(api) if not names or one.name in names]
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no chromium on the PATH")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(color_scheme="dark", reduced_motion="reduce")
        context.add_init_script("localStorage.setItem('galaxyscope-notice', '999999999')")  # no toasts
        page = context.new_page()
        page.set_default_timeout(120_000)
        for shot in wanted:
            with busy(api) if shot.name == "runs" else contextlib.nullcontext():
                take(page, api.url, shot)
        browser.close()


def take(page: Page, url: str, shot: Shot) -> None:
    """One picture, as a JPEG of at most 200 kB."""
    page.set_viewport_size({"width": shot.width, "height": shot.height})
    page.goto(url + shot.path)
    page.wait_for_selector(".gx-header nav a[aria-current]")
    page.wait_for_selector(shot.wait)
    settle(page)
    if shot.act is not None:
        shot.act(page)
    file = HERE / f"{shot.name}.jpg"
    for quality in (80, 72, 64, 56):
        page.screenshot(path=file, type="jpeg", quality=quality)
        if file.stat().st_size <= 200_000:
            break
    sys.stdout.write(f"{file.name}: {file.stat().st_size // 1000} kB\n")


def settle(page: Page) -> None:
    """Returns when nothing on the page has been unfinished for five seconds: a component may ask for another
    run of the script a moment after it was drawn."""
    quiet = 0
    while quiet < 5:
        page.wait_for_timeout(1000)
        quiet = 0 if page.query_selector(UNFINISHED) else quiet + 1


@contextlib.contextmanager
def busy(api: Api) -> Iterator[None]:
    """An active training and two that wait, deleted afterwards."""
    config = {"dataset": SAMPLE, "epochs": 400}
    names = {"longer, tiny": "laptop-tiny", "longer, small": "laptop-small", "longer, base": "laptop-base"}
    queued = [api.launch("pretrain", config, name, preset) for name, preset in names.items()]
    try:
        while api.ask("GET", f"/runs/{queued[0]}")["progress"]["step"] < 5:
            time.sleep(1)
        yield
    finally:
        for run in queued:
            api.ask("POST", f"/runs/{run}/stop")
        for run in queued:
            while api.ask("GET", f"/runs/{run}")["state"] not in ENDED:
                time.sleep(1)
            api.ask("DELETE", f"/runs/{run}")


def known(api: Api, name: str) -> str:
    """The id of the run of that name; without it the script ends."""
    run = api.named(name)
    if run is None:
        sys.exit(f"there is no run named {name}: run `prepare` first")
    return str(run["id"])


def worst_cell(api: Api, run: str) -> dict[str, str]:
    """The evaluation of the linear probe, and the two classes that it confuses most; nothing without one."""
    found = api.ask("GET", "/evaluations", encoder=run)
    linear = [one for one in found if one["head"] == "linear" and one["basis"] == "encoder"]
    if not linear:
        return {}
    one = linear[0]
    counts = {(i, j): n for i, row in enumerate(one["confusion_matrix"]) for j, n in enumerate(row) if i != j}
    i, j = max(counts, key=lambda cell: counts[cell])
    names = one["class_names"]
    return {"evaluation": one["id"], "true": names[i], "predicted": names[j], "order": "worst"}


def of_one_rate(api: Api, sweep: str) -> str:
    """The runs of the sweep that differ in mask ratio and seed alone, for Compare."""
    rate = SWEEP["axes"][1]["values"][0]
    members = api.ask("GET", f"/sweeps/{sweep}")["members"]
    return ",".join(one["run_id"] for one in members if one["values"]["blr"] == rate)


def _at(path: str, **query: Any) -> str:
    return f"{path}?{urlencode(query, doseq=True)}"


def _hide_home(page: Page) -> None:
    """Shows the default home in place of the folder that these pictures were taken from."""
    page.evaluate(
        """() => { for (const name of document.querySelectorAll(".gx-facts dt"))
             if (name.textContent === "home") name.nextElementSibling.textContent = "~/galaxyscope" }"""
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8720", help="where Galaxyscope listens")
    steps = parser.add_subparsers(dest="step", required=True)
    preparing = steps.add_parser("prepare", help="make what the pictures show")
    preparing.add_argument("--cutouts", type=Path, default=Path("/tmp/cutouts"))
    shooting = steps.add_parser("shoot", help="take the pictures")
    shooting.add_argument("names", nargs="*", help="all where none is named")
    given = parser.parse_args()
    api = Api(given.url)
    if given.step == "prepare":
        prepare(api, given.cutouts)
    else:
        shoot(api, given.names)


if __name__ == "__main__":
    main()
