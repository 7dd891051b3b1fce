"""Galaxies for the eyes: neighbours, odd ones, and what a person keeps of them."""

from collections.abc import Sequence, Set

from rich.markup import escape
from rich.table import Table

from backend.cli.output import stdout_console
from shared.contract.annotations import Collection, LabelFlag, Rating
from shared.contract.odd import OddPage
from shared.contract.search import Agreement, EmbeddingState, SearchComparison, SearchResult


def print_label_flags(flags: Sequence[LabelFlag]) -> None:
    table = Table("row", "source", "label", "note", "flagged", box=None)
    for flag in flags:
        words = (str(flag.row), flag.source_id, flag.label, flag.note)
        table.add_row(*map(escape, words), f"{flag.created_at.astimezone():%d %b %Y %H:%M}")
    stdout_console().print(
        table if flags else "no label is flagged: press f on a galaxy of the Evaluate page"
    )


def print_collections(collections: Sequence[Collection]) -> None:
    table = Table("collection", "galaxies", "note", "changed", box=None)
    for one in collections:
        words = (one.name, f"{one.n:,}", one.note)
        table.add_row(*map(escape, words), f"{one.updated_at.astimezone():%d %b %Y %H:%M}")
    stdout_console().print(table if collections else "no collection yet: Keep… on the Search page makes one")


def print_ratings(ratings: Sequence[Rating]) -> None:
    table = Table("row", "source", "class", "rating", "rated", box=None)
    for one in ratings:
        words = (str(one.row), one.source_id, one.label or "–", str(one.rating))
        table.add_row(*map(escape, words), f"{one.rated_at.astimezone():%d %b %Y %H:%M}")
    stdout_console().print(table if ratings else "nothing is rated: press 0 to 5 on Search, Odd ones")


def print_odd(page: OddPage) -> None:
    """One line a galaxy, the oddest first."""
    table = Table(box=None)
    for column in ("", "row", "score", "class", "neighbours say", "rating", "flag", "source"):
        table.add_column(column, no_wrap=True)
    for rank, one in enumerate(page.galaxies, start=page.offset + 1):
        galaxy, says = one.galaxy, one.says
        words = f"{says.label}, {says.agree} of {says.of}" if says else "–"
        rating = "" if one.rating is None else str(one.rating)
        line = (galaxy.label or "–", words, rating, "" if one.flag is None else "flagged", galaxy.source_id)
        table.add_row(str(rank), str(galaxy.row), f"{one.score:.4f}", *map(escape, line))
    stdout_console().print(table)
    stdout_console().print(f"of {page.total:,} galaxies of {page.dataset}, by {page.by}", highlight=False)
    if page.learned:
        stdout_console().print(f"learned from {page.learned.words}", highlight=False)


def print_comparison(
    compared: SearchComparison, states: tuple[EmbeddingState, EmbeddingState], note: str
) -> None:
    """Both lists, with a star at what is in both, and how far they agree."""
    first, second, agreement = compared.first, compared.second, compared.agreement
    both = {one.galaxy.row for one in first.neighbours} & {one.galaxy.row for one in second.neighbours}
    for state, found in zip(states, (first, second), strict=True):
        where = f"step {state.step}, depth {state.depth} of {state.layers}, {state.pooling}"
        stdout_console().print(f"{state.run}, {where}", highlight=False)
        print_neighbours(found, "", both)
    stdout_console().print(f"* {agreement_words(agreement)}", highlight=False)
    if note:
        stdout_console().print(note, highlight=False)


def agreement_words(agreement: Agreement) -> str:
    """The overlap as a number, beside chance."""
    ranks = agreement.rank_correlation
    correlated = "" if ranks is None else f"; rank correlation of all similarities {ranks:.2f} (Spearman)"
    return (
        f"{agreement.shared} of {agreement.k} in both (Jaccard {agreement.jaccard:.2f}); "
        f"expected by chance {agreement.expected:.1f}{correlated}"
    )


def print_neighbours(found: SearchResult, note: str, marked: Set[int] = frozenset()) -> None:
    """One line a neighbour, the best first; a star at rows that are `marked`."""
    table = Table(box=None)
    for column in ("", "row", "similarity", "class", "split", "source", "RA", "Dec"):
        table.add_column(column, no_wrap=True)
    lines = [("query", found.query, None)] if found.query else []
    ranked = [
        (f"{place}{' *' if one.galaxy.row in marked else ''}", one, one.similarity)
        for place, one in enumerate(found.neighbours, start=1)
    ]
    for rank, one, similarity in [*lines, *ranked]:
        galaxy = one.galaxy
        place = [f"{value:.5f}" if value is not None else "–" for value in (galaxy.ra, galaxy.dec)]
        cosine = "" if similarity is None else f"{similarity:.4f}"
        words = (rank, str(galaxy.row), cosine, galaxy.label or "–", galaxy.split.value, galaxy.source_id)
        table.add_row(*words, *place)
    stdout_console().print(table)
    left_out = f", {found.left_out} trivial left out" if found.left_out else ""
    index = found.approximate
    how = f"; by an index that finds {index.recall:.1%} of the {index.k} nearest" if index else ""
    stdout_console().print(
        f"of {found.candidates:,} galaxies of {found.dataset}{left_out}{how}", highlight=False
    )
    if note:
        stdout_console().print(note, highlight=False)
