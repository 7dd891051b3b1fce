"""The reconstruction viewer under a hand: dragged, painted, scrubbed, compared, and opened again."""

import base64
import io
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, Request, expect

from shared.base.states import RunState
from shared.configs import removed_patches
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.reconstruction import (
    CurveRequest,
    GalaxyView,
    LadderRequest,
    Masking,
    Reconstruction,
    ReconstructionRequest,
)
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

Pixels = NDArray[np.uint8]
VIEWER = ".gx-mask_scrubber"
SETTLED = f'{VIEWER}[data-exact="true"][data-ladder="true"]'
ROW = 7
WIDTHS = ("embed_dim", "decoder_embed_dim")
ONES = ("depth", "num_heads", "decoder_depth", "decoder_num_heads")
SMALL: dict[str, Any] = dict.fromkeys((*WIDTHS, "batch_size"), 32) | dict.fromkeys(ONES, 1)
SMALL |= {"warmup_epochs": 0, "sample_count": 2}
DRAG = """(root) => new Promise(resolve => {
    const slider = root.querySelector('.ratio input')
    const canvas = root.querySelector('canvas[data-panel=masked]')
    const pen = canvas.getContext('2d')
    const n = 14, side = canvas.width / n
    const veiled = ({data}, i) => {
        const at = ((i / n | 0) * side * canvas.width + (i % n) * side)
        for (let k = 0; k < side; k++)
            for (let c = 0; c < 3; c++)
                if (data[4 * (at + k * (canvas.width + 1)) + c] !== 72) return 0
        return 1
    }
    const look = () => {
        const picture = pen.getImageData(0, 0, canvas.width, canvas.width)
        return Array.from({length: n * n}, (_, i) => veiled(picture, i)).join('')
    }
    let drawn = 0
    pen.drawImage = function (...given) { drawn++; return CanvasRenderingContext2D.prototype.drawImage.apply(this, given) }
    const seen = [], took = [], asked = [], fetch = globalThis.fetch, started = performance.now()
    globalThis.fetch = (address, ...rest) => { asked.push(String(address)); return fetch(address, ...rest) }
    const frame = (now) => {
        const i = seen.length
        if (i === 180) {
            delete pen.drawImage
            globalThis.fetch = fetch
            return resolve({seen, took, asked, seconds: (now - started) / 1000, drawn: drawn / 2})  // galaxy, then veil
        }
        slider.value = Math.round(10000 * (i < 90 ? i / 89 : (179.5 - i) / 89))  // back between the steps there
        const before = performance.now()
        slider.dispatchEvent(new Event('input', {bubbles: true}))
        const mask = look()
        took.push(performance.now() - before)
        seen.push([slider.value / 10000, mask])
        requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
})"""  # noqa: E501

ADDRESS_SAYS = """wanted => {
    const said = new URL(location.href).searchParams
    return Object.entries(wanted).every(([key, value]) => said.get(key) === value)
}"""


LIFTED = """root => {
    addEventListener('pointerup', () => {
        const start = performance.now()
        const look = () => root.dataset.exact === 'true' ? globalThis.took = performance.now() - start
            : requestAnimationFrame(look)
        setTimeout(look)
    }, {once: true, capture: true})
}"""


@dataclass
class Viewer:
    """A tab with the viewer in it, and the methods by which it asked for pictures."""

    visit: Visit
    site: Site
    run_id: str
    asked: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.visit.page

    def open(self, **query: Any) -> "Viewer":
        self.page.on("request", self._note)
        self.visit.open("/reconstruct?" + urlencode({"run": self.run_id, "row": ROW} | query))
        self.settle()
        return self

    def settle(self) -> None:
        self.page.wait_for_selector(f'{VIEWER}[data-exact="true"]')

    def settle_ladder(self) -> None:
        self.page.wait_for_selector(SETTLED)

    def posts(self) -> int:
        return sum(asked == "POST" for asked in self.asked)

    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.page.url).query).items()}

    def wait_for_query(self, **wanted: str) -> None:
        """Wait until the address says so; asked of the page itself, as no navigation comes with it."""
        self.page.wait_for_function(ADDRESS_SAYS, arg=wanted)

    def panel(self, name: str) -> Pixels:
        """What stands on a panel's canvas, (H, W, 3)."""
        address = self.page.locator(f'canvas[data-panel="{name}"]').evaluate("node => node.toDataURL()")
        return decoded(address.partition(",")[2])

    def press_patch(self, row: int, column: int) -> None:
        box = self.page.locator('canvas[data-panel="masked"]').bounding_box()
        assert box is not None
        x, y = (box["width"] * (column + 0.5) / 14, box["height"] * (row + 0.5) / 14)
        self.page.mouse.move(box["x"] + x, box["y"] + y)

    def ask(self, masking: Masking, checkpoint: int | str = "last", row: int = ROW) -> Reconstruction:
        viewed = GalaxyView(run=self.run_id, checkpoint=str(checkpoint), dataset="sky", row=row)
        return self.site.client.call(
            endpoints.RECONSTRUCT, body=ReconstructionRequest(viewed=viewed, masking=masking)
        )

    def _note(self, request: Request) -> None:
        if "/api/v1/reconstructions" in request.url:
            self.asked.append(request.method)


def decoded(base64_png: str) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(base64_png))).convert("RGB"))


@pytest.fixture(scope="module")
def run_id(site: Site) -> str:
    """A barely trained run at 224 pixels in patches of 16, with the checkpoints of two epochs."""
    config = {"dataset": "sky", "img_size": 224, "patch_size": 16, "epochs": 2, "eval_every_epochs": 1}
    request = RunRequest(kind=RunKind.PRETRAIN, config=config | SMALL, name="half seen")
    assert site.run_to_the_end(request) is RunState.SUCCEEDED
    return next(run.id for run in site.client.call(endpoints.LIST_RUNS) if run.name == "half seen")


@pytest.fixture
def viewer(visit: Visit, site: Site, run_id: str) -> Viewer:
    return Viewer(visit, site, run_id)


def test_the_mask_follows_the_hand_at_exactly_its_ratio_and_nothing_is_asked_until_it_rests(
    viewer: Viewer,
) -> None:
    viewer.open().settle_ladder()
    viewed = GalaxyView(run=viewer.run_id, dataset="sky", row=ROW)
    ranks = np.array(viewer.site.client.call(endpoints.GET_LADDER, query=LadderRequest(viewed=viewed)).ranks)
    before = viewer.posts()
    dragged = viewer.page.locator(VIEWER).evaluate(DRAG)
    assert [address for address in dragged["asked"] if "/reconstructions" in address] == []
    for ratio, mask in dragged["seen"]:
        hidden = ranks >= 196 - removed_patches(196, ratio)
        assert mask == "".join("1" if patch else "0" for patch in hidden), f"at {ratio}"
    events, masks = len(dragged["seen"]), len({mask for _, mask in dragged["seen"]})
    assert dragged["drawn"] == events == 180, "every event is drawn, once"
    assert masks >= 150
    p95 = float(np.percentile(dragged["took"], 95))
    rate = dragged["drawn"] / dragged["seconds"]
    print(f"\n{rate:.1f} draws/s, {masks} distinct masks, input to pixels p95 {p95:.1f} ms")
    viewer.settle()
    assert viewer.posts() == before + 1, "the exact picture, once"


def test_the_sprite_shows_the_visible_patches_as_they_are_while_the_hand_moves(viewer: Viewer) -> None:
    viewer.open().settle_ladder()
    pictures = viewer.page.locator(VIEWER).evaluate(
        """root => {
            const slider = root.querySelector('.ratio input')
            slider.value = 6200
            slider.dispatchEvent(new Event('input', {bubbles: true}))
            return ['original', 'composite', 'masked'].map(
                name => root.querySelector(`canvas[data-panel=${name}]`).toDataURL().split(',')[1])
        }"""
    )
    original, composite, masked = (decoded(picture) for picture in pictures)
    exact = viewer.ask(Masking(ratio=0.62))
    kept = np.zeros(196, bool)
    kept[exact.ids_keep] = True
    seen = np.kron(kept.reshape(14, 14), np.ones((16, 16), bool))
    assert (composite[seen] == original[seen]).all()
    assert (masked[~seen] == 72).all()
    assert np.abs(composite[~seen].astype(int) - decoded(exact.composite)[~seen]).mean() < 8


def test_where_the_hand_rests_the_pictures_and_figures_are_the_servers(viewer: Viewer) -> None:
    viewer.open(ratio="0.4")
    slider = viewer.page.get_by_role("slider", name="Mask ratio")
    slider.focus()
    slider.press("ArrowRight")  # one patch more: 78 + 1 of 196
    viewer.wait_for_query(ratio="0.4031")
    viewer.settle()
    exact = viewer.ask(Masking(ratio=0.4031))
    assert exact.visible == 117
    for name in ("original", "masked", "reconstruction", "composite", "error"):
        assert (viewer.panel(name) == decoded(getattr(exact, name))).all(), name
    assert exact.loss is not None
    words = viewer.page.locator(".figures").inner_text()
    assert "117 of 196 patches visible" in words
    assert f"{exact.loss:.3f}" in words


def test_a_painted_mask_is_reconstructed_as_the_brush_lifts_and_the_address_opens_it_again(
    viewer: Viewer,
) -> None:
    viewer.open(ratio="0")
    viewer.press_patch(2, 3)
    viewer.page.mouse.down()
    viewer.press_patch(2, 6)
    painted = viewer.posts()
    assert (viewer.panel("masked")[32:48, 48:112] == 72).all(), "the patches are veiled under the brush"
    viewer.page.locator(VIEWER).evaluate(LIFTED)
    viewer.page.mouse.up()
    viewer.wait_for_query(hidden="31-34")  # row 2, columns 3 to 6
    viewer.settle()
    assert viewer.posts() == painted + 1
    took = viewer.page.evaluate("() => globalThis.took")
    print(f"\nbrush lifted to exact picture: {took:.0f} ms at 224/16")
    exact = viewer.ask(Masking(hidden=(31, 32, 33, 34)))
    assert (viewer.panel("composite") == decoded(exact.composite)).all()
    viewer.page.get_by_role("button", name="Invert").click()
    viewer.wait_for_query(hidden="0-30.35-195")
    viewer.settle()
    shown = viewer.panel("composite")
    viewer.page.reload()
    viewer.settle()
    assert (viewer.panel("composite") == shown).all()
    expect(viewer.page.locator(".figures")).to_contain_text("4 of 196 patches visible")


def test_checkpoints_are_scrubbed_and_two_are_wiped_with_the_same_mask(viewer: Viewer) -> None:
    steps = viewer.site.client.call(endpoints.LIST_CHECKPOINTS, run_id=viewer.run_id).steps
    viewer.open(kind="core", ratio="0.5")
    slider = viewer.page.get_by_role("slider", name="Checkpoint", exact=True)
    slider.focus()
    slider.press("Home")
    viewer.wait_for_query(checkpoint=str(steps[0]))
    viewer.settle()
    mask = Masking(ratio=0.5, kind="core")
    first, last = (decoded(viewer.ask(mask, step).composite) for step in (steps[0], steps[-1]))
    assert (viewer.panel("composite") == first).all()
    slider.press("End")
    viewer.wait_for_query(checkpoint=str(steps[-1]))
    viewer.page.get_by_role("button", name="Compare…").click()
    viewer.wait_for_query(against_checkpoint=str(steps[0]))
    viewer.settle()
    wiped = viewer.panel("composite")
    assert (wiped[:, :112] == last[:, :112]).all(), "A, left of the line"
    assert (wiped[:, 112:] == first[:, 112:]).all(), "B, right of it"
    viewer.page.go_back()
    expect(viewer.page.get_by_role("slider", name="Wipe between A and B")).to_be_hidden()
    viewer.settle()
    assert (viewer.panel("composite") == last).all()


def test_galaxies_are_walked_by_keyboard_drawn_by_class_and_kept_in_the_address(viewer: Viewer) -> None:
    viewer.open()
    pictures = viewer.page.get_by_role("group", name="Images.")
    pictures.focus()
    pictures.press("ArrowRight")
    viewer.wait_for_query(row=str(ROW + 1))
    viewer.settle()
    assert (viewer.panel("original") == decoded(viewer.ask(Masking(), row=ROW + 1).original)).all()
    label = viewer.site.client.call(endpoints.GET_DATASET, name="sky").class_names[1]
    viewer.page.get_by_role("combobox", name="Class").select_option(label)
    viewer.wait_for_query(label=label)
    of_class = [
        galaxy.row
        for galaxy in viewer.site.client.call(
            endpoints.LIST_GALAXIES, name="sky", label=label, limit=200
        ).galaxies
    ]
    drawn = int(viewer.query()["row"])
    assert drawn in of_class
    pictures.focus()
    pictures.press("ArrowRight")
    after = of_class[min(of_class.index(drawn) + 1, len(of_class) - 1)]
    viewer.wait_for_query(row=str(after))


def test_back_and_forward_show_the_galaxies_that_were_seen(viewer: Viewer) -> None:
    viewer.open()
    pictures = viewer.page.get_by_role("group", name="Images.")
    for row in (ROW + 1, ROW + 2):
        pictures.press("ArrowRight")
        viewer.wait_for_query(row=str(row))
        viewer.settle()
    for move, row in ((viewer.page.go_back, ROW + 1), (viewer.page.go_forward, ROW + 2)):
        move()
        expect(viewer.page.get_by_role("spinbutton", name="Row")).to_have_value(str(row))
        viewer.settle()
        assert (viewer.panel("original") == decoded(viewer.ask(Masking(), row=row).original)).all()


def test_an_image_of_ones_own_is_half_hidden_too_and_a_file_that_is_none_changes_nothing(
    viewer: Viewer,
) -> None:
    viewer.open()
    held = io.BytesIO()
    y, x = np.mgrid[-150:150, -200:200]
    Image.fromarray((255 * np.exp(-(x**2 + 2 * y**2) / 5000)).astype(np.uint8)).convert("RGB").save(
        held, "PNG"
    )
    file = viewer.page.get_by_label("Image file")
    file.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": held.getvalue()})
    viewer.page.wait_for_function("() => location.search.includes('upload=')")
    viewer.settle()
    shown = viewer.panel("original")
    assert shown[112, 112].min() > 200
    assert shown[0, 0].max() < 30
    file.set_input_files({"name": "notes.png", "mimeType": "image/png", "buffer": b"no galaxy"})
    expect(viewer.page.locator(f"{VIEWER} .messages [role=alert]")).to_contain_text("cannot be read")
    assert (viewer.panel("original") == shown).all()


GIVE = """(root, [how, base64]) => {
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
    const given = new DataTransfer()
    given.items.add(new File([bytes], 'mine.png', {type: 'image/png'}))
    const bubbling = {bubbles: true, cancelable: true}
    const event = how === 'drop' ? new DragEvent('drop', {dataTransfer: given, ...bubbling})
        : new ClipboardEvent('paste', {clipboardData: given, ...bubbling})
    ;(how === 'drop' ? root : document).dispatchEvent(event)
}"""


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_an_image_is_taken_from_the_hand_and_from_the_clipboard(viewer: Viewer, how: str) -> None:
    viewer.open()
    held = io.BytesIO()
    Image.new("RGB", (60, 60), (200, 100, 50)).save(held, "PNG")
    viewer.page.locator(VIEWER).evaluate(GIVE, [how, base64.b64encode(held.getvalue()).decode()])
    viewer.page.wait_for_function("() => location.search.includes('upload=')")
    viewer.settle()
    assert (viewer.panel("original") == (200, 100, 50)).all()


def test_curves_of_this_galaxy_and_of_a_sample_stand_beside_with_the_ratio_marked(viewer: Viewer) -> None:
    viewer.open(ratio="0.6").settle_ladder()
    chart = viewer.page.locator(".chart")
    expect(chart.locator("svg .curve.many.side-a")).to_be_visible()
    own = viewer.site.client.call(
        endpoints.GET_LADDER,
        query=LadderRequest(viewed=GalaxyView(run=viewer.run_id, dataset="sky", row=ROW)),
    ).curve
    sample = viewer.site.client.call(endpoints.GET_SAMPLE_CURVE, query=CurveRequest(run=viewer.run_id))
    expect(chart).to_contain_text(f"mean of {len(sample.rows)} validation galaxies")
    said = chart.get_by_role("img", name="Loss of hidden patches")
    assert own.losses[2] is not None
    assert sample.curve.losses[2] is not None
    expect(said).to_have_attribute("aria-label", re.compile(f"this galaxy: 15 % {own.losses[2]:.2f}"))
    expect(said).to_have_attribute("aria-label", re.compile(f"galaxies: 15 % {sample.curve.losses[2]:.2f}"))
    marks = chart.locator(".marker")
    expect(marks).to_have_count(2)
    before = float(marks.first.get_attribute("x1") or 0)
    slider = viewer.page.get_by_role("slider", name="Mask ratio")
    slider.press("End")
    assert float(marks.first.get_attribute("x1") or 0) > before
    assert marks.first.get_attribute("x1") == marks.last.get_attribute("x1")


def test_what_is_seen_is_saved_as_a_picture_and_the_sweep_as_an_animation(viewer: Viewer) -> None:
    viewer.open(kind="core", ratio="0.5")
    exact = viewer.ask(Masking(ratio=0.5, kind="core"))
    with viewer.page.expect_download() as waiting:
        viewer.page.get_by_role("button", name="PNG").click()
    assert waiting.value.suggested_filename.startswith(viewer.run_id)
    figure = np.asarray(Image.open(waiting.value.path()))
    assert (figure[20 : 20 + 224, 8 : 8 + 224] == decoded(exact.original)).all()
    assert (figure[20 : 20 + 224, 8 + 3 * 232 : 8 + 3 * 232 + 224] == decoded(exact.composite)).all()
    with viewer.page.expect_download() as waiting:
        viewer.page.get_by_role("button", name="WebP").click()
    with Image.open(waiting.value.path()) as sweep:
        assert (sweep.format, getattr(sweep, "n_frames", 1)) == ("WEBP", 36)


def test_a_lost_server_leaves_the_pictures_and_is_asked_again_when_it_is_back(viewer: Viewer) -> None:
    viewer.open(ratio="0.5")
    before = viewer.panel("composite")
    viewer.page.route("**/api/v1/reconstructions", lambda route: route.abort())
    slider = viewer.page.get_by_role("slider", name="Mask ratio")
    slider.press("End")
    expect(viewer.page.locator(f"{VIEWER} .messages [role=alert]")).to_contain_text(
        "The server is not responding"
    )
    assert (viewer.panel("original") == decoded(viewer.ask(Masking(ratio=0.5)).original)).all()
    assert (viewer.panel("composite") != before).any(), "the mask still follows the hand"
    viewer.page.unroute("**/api/v1/reconstructions")
    viewer.settle()
    expect(viewer.page.locator(f"{VIEWER} .messages [role=alert]")).to_have_count(0)
    assert (viewer.panel("composite") == decoded(viewer.ask(Masking(ratio=1.0)).composite)).all()


def test_a_checkpoint_deleted_meanwhile_is_named_and_the_others_stay(viewer: Viewer) -> None:
    steps = viewer.site.client.call(endpoints.LIST_CHECKPOINTS, run_id=viewer.run_id).steps
    viewer.open(checkpoint=str(steps[-1]))
    folder = viewer.site.home / "runs" / viewer.run_id / "checkpoints" / f"step_{steps[0]:08d}"
    aside = folder.with_name("aside")
    folder.rename(aside)
    try:
        slider = viewer.page.get_by_role("slider", name="Checkpoint", exact=True)
        slider.press("Home")
        alert = viewer.page.locator(f"{VIEWER} .messages [role=alert]")
        expect(alert).to_contain_text(f"checkpoint {steps[0]}")
        viewer.settle()
        last = viewer.ask(Masking(), steps[-1])
        assert (viewer.panel("composite") == decoded(last.composite)).all(), "the newest is shown instead"
    finally:
        aside.rename(folder)


def test_nothing_hidden_has_no_loss_and_says_so(viewer: Viewer) -> None:
    viewer.open(ratio="0")
    expect(viewer.page.locator(".figures")).to_contain_text("196 of 196 patches visible")
    expect(viewer.page.locator(".figures")).to_contain_text("loss –")
    expect(viewer.page.locator(".notes")).to_contain_text("hidden")


def test_the_run_page_and_an_opened_galaxy_lead_here(viewer: Viewer) -> None:
    page = viewer.page
    viewer.visit.open(f"/run?run={viewer.run_id}")
    page.get_by_role("button", name="Reconstruct").click()
    page.wait_for_function("() => location.pathname === '/reconstruct' && location.search")
    viewer.settle()
    viewer.visit.open(f"/data?dataset=sky&run={viewer.run_id}")
    page.locator(".gx-galaxy_grid .cells button").nth(3).click()
    page.get_by_role("link", name="Reconstruct").last.click()
    viewer.wait_for_query(run=viewer.run_id, dataset="sky", row="3")
    viewer.settle()


def test_on_a_phone_nothing_scrolls_sideways_and_the_slider_stays_under_the_thumb(
    phone: Visit, site: Site, run_id: str
) -> None:
    viewer = Viewer(phone, site, run_id).open()
    wide = viewer.page.evaluate("() => document.querySelector('.stMain').scrollWidth - window.innerWidth")
    assert wide <= 0
    slider = viewer.page.get_by_role("slider", name="Mask ratio").bounding_box()
    assert slider is not None
    assert slider["y"] + slider["height"] <= 844
    assert slider["height"] >= 40


def test_a_new_checkpoint_appears_by_itself_while_the_run_trains(visit: Visit, site: Site) -> None:
    config = {"dataset": "sky", "img_size": 32, "patch_size": 8, "epochs": 10_000, "eval_every_epochs": 5}
    run = site.client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PRETRAIN, config=config | SMALL)
    )
    viewer = Viewer(visit, site, run.id).open()
    latest = viewer.page.locator(".model output").first
    before = latest.inner_text()
    expect(latest).not_to_have_text(before)
    site.client.call(endpoints.STOP_RUN, run_id=run.id)
    site.wait_for_end(run.id)
    last = site.client.call(endpoints.LIST_CHECKPOINTS, run_id=run.id).steps[-1]
    expect(viewer.page.locator(".figures")).to_contain_text(re.compile(rf"step {last:,}$"))
    assert "checkpoint" not in viewer.query(), "the newest is followed, not held"
