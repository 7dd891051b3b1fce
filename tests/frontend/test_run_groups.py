"""Which runs are seeds of one setting, and the line each is drawn with."""

from frontend.ui.run_groups import COLOURS, group_seeds, group_title, style_lines
from shared.contract.runs import Run
from tests.frontend.runs import made_run


def ids(groups: list[list[Run]]) -> list[list[str]]:
    return [[run.id for run in group] for group in groups]


def test_runs_that_differ_only_in_their_seed_form_a_group() -> None:
    runs = [
        made_run("wide-1", seed=1, embed_dim=96, num_heads=1),
        made_run("narrow-1", seed=1, embed_dim=48, num_heads=1),
        made_run("wide-0", seed=0, embed_dim=96, num_heads=1),
        made_run("wide-long", seed=2, embed_dim=96, num_heads=1, epochs=60),
    ]
    assert ids(group_seeds(runs)) == [["wide-1", "wide-0"], ["narrow-1"], ["wide-long"]]


def test_a_repeated_seed_is_not_a_second_seed() -> None:
    runs = [made_run("again", seed=0), made_run("first", seed=0), made_run("other", seed=1)]
    assert ids(group_seeds(runs)) == [["again", "other"], ["first"]]


def test_a_group_has_the_common_name_of_its_runs_or_that_of_the_first() -> None:
    a, b = made_run("a", seed=0), made_run("b", seed=1)
    assert group_title([a, b]) == "a"
    named = [run.model_copy(update={"name": "wide"}) for run in (a, b)]
    assert group_title(named) == "wide"


def test_twelve_runs_have_twelve_lines_the_first_eight_solid() -> None:
    runs = [made_run(f"run-{place}", minute=place) for place in range(12)]
    styles = style_lines(runs[::-1])
    assert len(set(styles.values())) == 12
    assert [styles[run.id].dash for run in runs] == [0] * COLOURS + [1] * 4


def test_four_runs_have_distinguishable_colours() -> None:
    alike = [{0, 3, 4}, {1, 6}]  # orange, yellow, vermilion; sky blue, blue
    for start in range(20):
        runs = [made_run(f"run-{place}", minute=place) for place in range(start, start + 4)]
        colours = {style.colour for style in style_lines(runs).values()}
        assert all(len(colours & near) <= 1 for near in alike)


def test_a_newer_run_never_changes_the_line_of_an_older_one() -> None:
    runs = [made_run(f"run-{place}", minute=place) for place in range(12)]
    for shown in range(1, 12):
        before, after = style_lines(runs[:shown]), style_lines(runs[: shown + 1])
        assert before == {run.id: after[run.id] for run in runs[:shown]}


def test_a_single_run_always_has_the_colour_of_its_id() -> None:
    early, late = (style_lines([made_run("quiet-spiral-4127", minute=minute)]) for minute in (0, 500))
    assert early == late
