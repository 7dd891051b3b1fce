"""Positions as people write them, compared with astropy."""

import numpy as np
import pytest
from astropy import coordinates

from backend.errors import InvalidInputError
from backend.search.coordinates import Position, near, parse_position, separation_arcsec, separation_words

M87 = (187.70593076, 12.39112331)


@pytest.mark.parametrize(
    "text",
    [
        "187.70593076 12.39112331",
        "187.70593076, +12.39112331",
        "ra=187.70593076 dec=12.39112331",
        "RA: 187.70593076, Dec: 12.39112331",
        "187.70593076° 12.39112331°",
        "187.70593076d +12.39112331d",
        "12:30:49.42338 +12:23:28.0439",
        "12:30:49.42338+12:23:28.0439",
        "12 30 49.42338 12 23 28.0439",
        "12h30m49.42338s +12d23m28.0439s",
        "12h 30m 49.42338s, +12° 23′ 28.0439″",
        "12h30m49.42338s 12d23m28.0439s",
        "187d42m21.3507s +12d23m28.0439s",
        "SDSS J123049.42338+122328.0439",
        "https://www.legacysurvey.org/viewer?ra=187.70593076&dec=12.39112331&layer=ls-dr10&zoom=14",
        "https://www.legacysurvey.org/viewer/?layer=ls-dr9&ra=187.70593076&dec=%2B12.39112331&zoom=14",
        "https://www.legacysurvey.org/viewer#ra=187.70593076&dec=12.39112331",
    ],
)
def test_usual_spellings_of_one_position_are_that_position(text: str) -> None:
    found = parse_position(text)
    expected = coordinates.SkyCoord(*M87, unit="deg")
    apart = coordinates.SkyCoord(found.ra, found.dec, unit="deg").separation(expected)
    assert apart.arcsec < 0.001


@pytest.mark.parametrize(
    ("text", "ra", "dec"),
    [
        ("00h42m44.33s -00d16m07.5s", "00h42m44.33s", "-00d16m07.5s"),
        ("0:42:44.33 −0:16:07.5", "0h42m44.33s", "-0d16m07.5s"),
        ("23:59:59.9 -89:59:59.9", "23h59m59.9s", "-89d59m59.9s"),
        ("5.5 -0.25", "5.5d", "-0.25d"),
        ("12.5h 3d", "12.5h", "3d"),
        ("12:30.5 -45:30", "12h30.5m", "-45d30m"),
    ],
)
def test_signs_hours_and_parts_are_read_as_astropy_reads_them(text: str, ra: str, dec: str) -> None:
    found = parse_position(text)
    assert found.ra == pytest.approx(coordinates.Angle(ra).degree, abs=1e-9)
    assert found.dec == pytest.approx(coordinates.Angle(dec).degree, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "ra", "dec"),
    [
        ("2MASX J00151234+1234567", 3.80142, 12.58242),
        ("2MASX J01020304-0506071", 15.51267, -5.10197),
        ("2MASX J12304942+1223279", 187.70592, 12.39108),
        ("2MASX  J12304942+1223279 ", 187.70592, 12.39108),
        ("SDSS J123049.42+122328.0", 187.70592, 12.39111),
        ("SDSSJ123049.42+122328.0", 187.70592, 12.39111),
        ("J000000.00-003000.0", 0.0, -0.5),
        ("WISEA J000102.03−000405.6", 0.25846, -0.06822),
        ("PSR J0437-4715", 69.25, -47.25),
        ("PKS J1230.8+1223.5", 187.7, 12.39167),
        ("123049.42+122328.0", 187.70592, 12.39111),
    ],
)
def test_a_name_that_is_a_position_is_read_to_its_last_digit(name: str, ra: float, dec: float) -> None:
    found = parse_position(name)
    assert (found.ra, found.dec) == (pytest.approx(ra, abs=5e-6), pytest.approx(dec, abs=5e-6))


@pytest.mark.parametrize(
    "name", ["J123049+122328 and more", "1230-1223", "B1230+1223", "spec-1234-56789-0123"]
)
def test_part_of_a_name_is_not_a_position(name: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_position(name)


def test_a_full_turn_is_zero() -> None:
    assert parse_position("360 0") == Position(0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("370 5", "not_on_sky"),
        ("-5 5", "not_on_sky"),
        ("10 91", "not_on_sky"),
        ("25:00:00 +5:00:00", "not_on_sky"),
        ("12:61:00 +5:00:00", "not_on_sky"),
        ("12:59:60 +5:00:00", "not_on_sky"),
        ("NGC 1300", "no_position"),
        ("12 30 49", "no_position"),
        ("nan nan", "no_position"),
        ("https://example.org/viewer?zoom=3", "no_position"),
        ("", "no_position"),
    ],
)
def test_a_text_without_a_position_on_the_sky_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_position(text)
    assert (refused.value.code, refused.value.field) == (code, "text")
    if code == "not_on_sky":  # the value at fault is named
        assert any(part.removesuffix("°") in refused.value.detail for part in text.split())


def test_separations_are_astropys_near_and_far() -> None:
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    ra[:50], dec[:50] = 187.0 + rng.uniform(-1e-3, 1e-3, 50), 12.0 + rng.uniform(-1e-3, 1e-3, 50)
    ra[50], dec[50] = 7.0, -12.0  # the antipode
    expected = coordinates.SkyCoord(ra, dec, unit="deg").separation(coordinates.SkyCoord(187, 12, unit="deg"))
    np.testing.assert_allclose(
        separation_arcsec(ra, dec, Position(187.0, 12.0)), expected.arcsec, atol=1e-4, rtol=1e-7
    )


def test_near_knows_the_poles_the_turn_of_ra_and_unknown_positions() -> None:
    ra = np.array([0.001, 359.999, 0.0, np.nan])
    dec = np.array([0.0, 0.0, 0.01, np.nan])
    assert near(ra, dec, Position(0.0, 0.0), 5.0).tolist() == [True, True, False, False]
    at_pole = near(np.array([0.0, 180.0]), np.array([89.9999, 89.9999]), Position(90.0, 90.0), 1.0)
    assert at_pole.tolist() == [True, True]


def test_distances_have_the_unit_that_suits() -> None:
    assert [separation_words(value) for value in (0.4, 12.34, 90, 7200)] == ["0.4″", "12.3″", "1.5′", "2°"]
