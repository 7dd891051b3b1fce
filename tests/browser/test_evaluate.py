"""An encoder is judged through the page, and its confusion matrix opens into galaxies."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from shared.base.states import RunState
from shared.base.vocabulary import Basis, Head
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.evaluations import Evaluation
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

CELL = ".gx-confusion_matrix [data-cell='{} {}']"
GALAXIES = ".gx-prediction_grid .cells .tile"


@pytest.fixture(scope="module")
def evaluation(site: Site, encoder: str) -> Evaluation:
    """k-NN on that encoder, asked for behind the page."""
    config = {"encoder": encoder, "heads": ["knn"], "knn_k": 5}
    assert site.run_to_the_end(RunRequest(kind=RunKind.PROBE, config=config)) is RunState.SUCCEEDED
    found = site.client.call(endpoints.LIST_EVALUATIONS, encoder=encoder)
    return next(one for one in found if one.basis is Basis.ENCODER)


def fullest_cell(one: Evaluation) -> tuple[int, int]:
    counts = one.confusion_matrix
    places = [(i, j) for i in range(len(counts)) for j in range(len(counts))]
    return max(places, key=lambda place: counts[place[0]][place[1]])


def query(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def rows_shown(page: Page) -> list[int]:
    return [int(cell.get_attribute("data-row") or -1) for cell in page.locator(GALAXIES).all()]


def expect_galaxies(page: Page, site: Site, one: Evaluation, true: int, predicted: int) -> None:
    """The grid holds what the API says of the cell, in its order."""
    wanted = site.client.call(
        endpoints.LIST_PREDICTIONS, evaluation_id=one.id, true=true, predicted=predicted
    ).predictions
    expect(page.locator(GALAXIES)).to_have_count(len(wanted))
    expect(page.locator(f"{GALAXIES} img")).to_have_count(len(wanted))
    assert rows_shown(page) == [prediction.row for prediction in wanted]


def chosen(cell: Locator) -> None:
    expect(cell).to_have_attribute("aria-pressed", "true")


def test_an_encoder_is_judged_from_its_run_and_a_cell_opens_into_its_galaxies(
    visit: Visit, site: Site, encoder: str
) -> None:
    page = visit.page
    visit.open(f"/run?run={encoder}")
    page.locator(".gx-run_status").get_by_role("button", name="Evaluate", exact=True).click()
    page.wait_for_url(re.compile("/evaluate"))
    if site.client.call(endpoints.LIST_EVALUATIONS, encoder=encoder):  # then the form is folded
        page.locator("summary").filter(has_text="Evaluate this encoder").click()
    page.locator(".st-key-probe_start button").click()
    title = page.locator(".gx-score_table tr.own .title").filter(has_text="linear")
    title.first.click()
    page.wait_for_url(re.compile("evaluation=[^&]*linear"))
    one = site.client.call(endpoints.GET_EVALUATION, evaluation_id=query(page)["evaluation"])
    assert one.head is Head.LINEAR
    row = page.locator(".gx-score_table tr.selected")
    expect(row).to_contain_text(f"{100 * one.accuracy:.1f} %")
    i, j = fullest_cell(one)
    expect(page.locator(CELL.format(i, j))).to_have_attribute(
        "aria-label", re.compile(rf"^{one.confusion_matrix[i][j]} of {sum(one.confusion_matrix[i])} ")
    )
    page.locator(CELL.format(i, j)).click()
    page.wait_for_url(re.compile("predicted="))
    expect_galaxies(page, site, one, i, j)
    page.reload()
    chosen(page.locator(CELL.format(i, j)))
    expect_galaxies(page, site, one, i, j)


def test_arrows_and_enter_choose_a_cell_and_a_galaxy_shows_its_probabilities(
    visit: Visit, site: Site, encoder: str, evaluation: Evaluation
) -> None:
    page, (i, j) = visit.page, fullest_cell(evaluation)
    visit.open(f"/evaluate?evaluation={evaluation.id}&shown=counts")
    first = page.locator(CELL.format(0, 0))
    first.focus()
    for key, times in (("ArrowDown", i), ("ArrowRight", j)):
        for _ in range(times):
            page.keyboard.press(key)
    expect(page.locator(CELL.format(i, j))).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("predicted="))
    assert query(page) == {
        "run": encoder,
        "evaluation": evaluation.id,
        "shown": "counts",
        "true": evaluation.class_names[i],
        "predicted": evaluation.class_names[j],
    }
    expect_galaxies(page, site, evaluation, i, j)
    curves = {
        one.name: one
        for one in site.client.call(endpoints.GET_THRESHOLD_CURVES, evaluation_id=evaluation.id).classes
    }
    chosen_class = page.locator(".gx-class_curves tr.chosen")
    expect(chosen_class).to_contain_text(f"{curves[evaluation.class_names[i]].auc:.3f}")
    other = next(name for name in curves if name != evaluation.class_names[i])
    page.locator(".gx-class_curves").get_by_role("button", name=other, exact=True).click()
    expect(chosen_class).to_contain_text(other)
    assert (query(page)["true"], "predicted" in query(page)) == (other, False)
    page.locator(CELL.format(i, j)).click()
    expect_galaxies(page, site, evaluation, i, j)
    page.locator(GALAXIES).first.click()
    dialog = page.get_by_role("dialog", name="Galaxy")
    expect(dialog.get_by_role("row")).to_have_count(len(evaluation.class_names))
    row = rows_shown(page)[0]
    expect(dialog.get_by_role("link", name="Reconstruct")).to_have_attribute(
        "href", f"/reconstruct?run={encoder}&dataset=sky&row={row}"
    )


def test_a_label_is_flagged_by_a_key_taken_back_and_found_again_with_its_reason(
    visit: Visit, site: Site, evaluation: Evaluation
) -> None:
    page = visit.page

    def flags() -> list[tuple[int, str]]:
        return [(flag.row, flag.note) for flag in site.client.call(endpoints.LIST_LABEL_FLAGS, name="sky")]

    visit.open(f"/evaluate?evaluation={evaluation.id}")
    tile = page.locator(GALAXIES).nth(1)
    tile.focus()
    row = rows_shown(page)[1]
    line = page.locator(".gx-prediction_grid .line")
    page.keyboard.press("f")
    expect(line).to_contain_text(re.compile(rf"galaxy {row} .*flagged. Undo"))
    assert flags() == [(row, "")]
    line.get_by_role("button", name="Undo").click()
    expect(line).to_contain_text("removed.")
    assert flags() == []
    tile.click()
    page.keyboard.press("f")
    why = page.get_by_role("dialog", name="Galaxy").get_by_label("Why the label is doubtful")
    why.press_sequentially("of")
    why.press("f")  # a letter of the note, not the key
    why.press("Enter")
    expect(page.get_by_role("dialog", name="Galaxy")).to_contain_text("Note saved for galaxy")
    assert flags() == [(row, "off")]
    page.keyboard.press("Escape")
    page.get_by_text("Flagged only").click()
    expect(page.locator(GALAXIES)).to_have_count(1)
    page.reload()
    expect(page.locator(".gx-prediction_grid .box.flagged")).to_have_count(1)
    page.locator(".gx-prediction_grid .foot").get_by_role("link", name="list").click()
    page.locator(".gx-flag_list li").get_by_role("button", name="Remove flag").click()
    expect(page.locator(".gx-flag_list")).to_contain_text("No labels are flagged.")
    assert flags() == []


def test_two_evaluations_are_compared_in_words_and_by_the_difference_of_their_matrices(
    visit: Visit, site: Site, evaluation: Evaluation
) -> None:
    other = next(
        one
        for one in site.client.call(endpoints.LIST_EVALUATIONS, dataset="sky")
        if one.basis is Basis.MAJORITY
    )
    visit.open(f"/evaluate?evaluation={evaluation.id}&against={other.id}&shown=difference")
    verdict = site.client.call(endpoints.COMPARE_EVALUATIONS, a=evaluation.id, b=other.id).verdict
    expect(visit.page.get_by_text(verdict[1:].rstrip("."))).to_be_visible()
    i, j = fullest_cell(other)
    words = visit.page.locator(CELL.format(i, j)).get_attribute("aria-label") or ""
    assert "by A" in words
    assert words.endswith("points.")


def test_two_methods_of_three_seeds_are_judged_as_methods_above_the_two_evaluations(
    visit: Visit, site: Site, encoder: str
) -> None:
    config = {"encoder": encoder, "heads": ["knn", "linear"], "seeds": 3, "label_fraction": 0.5}
    request = RunRequest(kind=RunKind.PROBE, config=config | {"references": False})
    assert site.run_to_the_end(request) is RunState.SUCCEEDED
    job = next(
        run.id for run in site.client.call(endpoints.LIST_RUNS, kind="probe") if run.config["seeds"] == 3
    )
    found = site.client.call(endpoints.LIST_EVALUATIONS, run=job)
    linear, knn = (sorted(one.id for one in found if one.head is head) for head in (Head.LINEAR, Head.KNN))
    methods = site.client.call(endpoints.COMPARE_METHODS, a=linear, b=knn)
    visit.open(f"/evaluate?evaluation={linear[1]}&against={knn[1]}")
    page = visit.page
    expect(page.get_by_text(f"Methods: {methods.verdict}.")).to_be_visible()
    facts = page.locator(".gx-facts").filter(has_text="paired t-test")
    expect(facts).to_contain_text(f"p = {methods.p:.2g}")
    single = site.client.call(endpoints.COMPARE_EVALUATIONS, a=linear[1], b=knn[1]).verdict
    expect(page.get_by_text(single[1:].rstrip("."))).to_be_visible()
    expect(page.get_by_text("seed 1 of A against seed 1 of B")).to_be_visible()


def test_on_a_phone_the_matrix_scrolls_and_the_page_does_not(phone: Visit, evaluation: Evaluation) -> None:
    i, j = fullest_cell(evaluation)
    classes = [evaluation.class_names[k] for k in (i, j)]
    phone.open(f"/evaluate?evaluation={evaluation.id}&true={classes[0]}&predicted={classes[1]}")
    expect(phone.page.locator(GALAXIES).first).to_be_visible()
    wide = phone.page.evaluate("() => document.querySelector('.stMain').scrollWidth - window.innerWidth")
    assert wide <= 0


def test_a_fine_tuning_is_launched_from_the_page_and_stands_in_its_table(
    visit: Visit, site: Site, encoder: str, evaluation: Evaluation
) -> None:
    page = visit.page
    visit.open(f"/evaluate?run={encoder}")
    page.locator("summary").filter(has_text="Evaluate this encoder").click()
    page.get_by_text("Fine-tune", exact=True).click()
    for label, value in (("epochs", "6"), ("batch_size, images", "16")):
        page.get_by_label(label, exact=True).fill(value)
        page.get_by_label(label, exact=True).press("Tab")
    page.get_by_role("button", name="Fine-tune", exact=True).click()
    page.locator(".gx-score_table tr.own .title").filter(has_text="fine-tuned").first.click()
    page.wait_for_url(re.compile("evaluation=[^&]*finetune"))
    one = site.client.call(endpoints.GET_EVALUATION, evaluation_id=query(page)["evaluation"])
    assert (one.head, one.encoder) == (Head.FINETUNE, encoder)
    expect(page.locator(".gx-score_table tr.selected")).to_contain_text(f"{100 * one.accuracy:.1f} %")
    expect(page.locator(".gx-learning_curves svg")).to_have_attribute("aria-label", re.compile("at epoch 6"))
    visit.open(f"/run?run={one.run}")
    expect(page.locator(".gx-run_status .descent a")).to_have_text(encoder)
    expect(page.locator("[data-panel=accuracy] .keys")).to_contain_text("classifier")
