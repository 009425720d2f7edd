"""Each task of the example alone, as a process, with little data. Delete it together with the example."""

from __future__ import annotations

import pytest
from launcher.outcome import TaskRefused

COLUMNS = "date,precipitation,temp_max,temp_min,wind,weather"


@pytest.fixture(scope="module")
def parts(run_task):
    """Two years of data."""
    return [run_task("extract_year", {"year": year}, map_index=year) for year in (2012, 2013)]


@pytest.fixture(scope="module")
def prepared(run_task, parts):
    return run_task("prepare", upstream={"extract_year": parts})


@pytest.fixture(scope="module")
def trained(run_task, prepared):
    upstream = {"prepare": prepared}
    return {
        "prepare": prepared,
        "train_ridge": run_task("train_ridge", {"test_year": 2013}, upstream=upstream),
        "train_forest": run_task("train_forest", {"test_year": 2013, "trees": 10}, upstream=upstream),
    }


@pytest.fixture
def write_weather(data):
    """Write days as extract_year does; return the reference."""

    def write(name, *rows):
        data.mkdir(exist_ok=True)
        (data / name).write_text("\n".join([COLUMNS, *rows]) + "\n")
        return name

    return write


def test_a_year_is_a_file_and_a_small_result(parts, data):
    leap_year, year = parts
    assert (leap_year["days"], year["days"]) == (366, 365)
    lines = (data / year["path"]).read_text().splitlines()
    assert lines[0] == COLUMNS
    assert [line[:10] for line in (lines[1], lines[-1])] == ["2013-01-01", "2013-12-31"]


def test_the_instances_of_a_mapped_task_write_different_files(parts):
    assert len({part["path"] for part in parts}) == len(parts)


def test_a_year_that_the_data_does_not_have_is_not_tried_again(run_task):
    with pytest.raises(TaskRefused, match="no weather of 1999: the data has the years 2012 to 2015"):
        run_task("extract_year", {"year": 1999})


def test_prepare_joins_the_years(prepared, data):
    assert (prepared["days"], prepared["missing_days"]) == (731, 0)
    header, *rows = (data / prepared["features"]).read_text().splitlines()
    assert header.startswith("date,temp_max,temp_max_lag1,temp_max_lag2,temp_max_lag3,")
    assert len(rows) == prepared["rows"] == 731 - 7  # the mean of a week needs a week


def test_yesterday_is_a_lag_and_today_is_not(prepared, data):
    rows = [line.split(",") for line in (data / prepared["features"]).read_text().splitlines()[1:]]
    assert [row[1] for row in rows[:-1]] == [row[2] for row in rows[1:]]


def test_a_skipped_year_is_left_out(run_task, parts):
    assert run_task("prepare", upstream={"extract_year": [None, parts[1]]})["days"] == 365


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            ["2013-01-01,0,9,1,2,sun", "2013-01-03,0,9,1,2,sun"],
            "1 days are missing, 0 may be; the first is 2013-01-02",
        ),
        (
            ["2013-01-01,0,9,1,2,sun", "2013-01-01,0,9,1,2,sun"],
            "1 days are there twice; the first is 2013-01-01",
        ),
        (["2013-01-01,0,99,1,2,sun"], "temp_max must be from -30 to 50, but is 99"),
        (["2013-01-01,,9,1,2,sun"], "precipitation must be from 0 to 300, but is nan on 2013-01-01"),
        (["2013-01-01,0,1,9,2,sun"], "temp_max is below temp_min on 2013-01-01"),
    ],
)
def test_bad_data_is_refused_in_words(run_task, write_weather, rows, words):
    with pytest.raises(TaskRefused, match="not fit for use") as refused:
        run_task("prepare", upstream={"extract_year": [{"path": write_weather("bad.csv", *rows)}]})
    assert words in str(refused.value)


def test_some_missing_days_can_be_allowed(run_task, parts, write_weather, data):
    lines = (data / parts[1]["path"]).read_text().splitlines()
    gap = write_weather("gap.csv", *lines[1:100], *lines[102:])
    result = run_task("prepare", {"max_missing_days": 2}, upstream={"extract_year": [{"path": gap}]})
    assert result["missing_days"] == 2


def test_models_of_two_scikit_learns_are_tested_on_the_same_year(trained):
    ridge, forest = trained["train_ridge"], trained["train_forest"]
    assert (ridge["sklearn"], forest["sklearn"]) == ("1.7.2", "1.8.0")
    assert ridge["test_year"] == forest["test_year"] == 2013
    assert 1.5 < ridge["mae"] < 2.5
    assert 1.5 < forest["mae"] < 2.5


def test_the_seed_decides_what_the_forest_predicts(run_task, prepared, trained, data):
    def predictions(result):
        return (data / result["predictions"]).read_text()

    first = trained["train_forest"]
    given = {"test_year": 2013, "trees": 10}
    again = run_task("train_forest", given, upstream={"prepare": prepared})
    other = run_task("train_forest", given | {"seed": 8}, upstream={"prepare": prepared})
    assert predictions(again) == predictions(first)
    assert predictions(other) != predictions(first)


def test_a_year_without_earlier_ones_cannot_be_the_test(run_task, prepared):
    with pytest.raises(TaskRefused, match=r"test_year=2012: choose one of \[2013\]"):
        run_task("train_ridge", {"test_year": 2012}, upstream={"prepare": prepared})


def test_the_report_picks_the_smallest_error(run_task, trained, artifacts):
    report = run_task("report", upstream=trained)
    assert report["mae"] == min(trained["train_ridge"]["mae"], trained["train_forest"]["mae"])
    assert report["best"] == min(report["models"], key=report["models"].get)
    assert report["improvement_percent"] == pytest.approx(
        100 * (1 - report["mae"] / report["baseline_mae"]), abs=0.1
    )
    assert [(artifacts / figure).read_bytes()[:4] for figure in report["figures"]] == [b"\x89PNG"] * 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("prepare", "extract_year"),
        ("train_ridge", "no features: run the DAG"),
        ("train_forest", "no features: run the DAG"),
        ("report", "no models to compare"),
    ],
)
def test_a_task_says_what_it_misses(run_task, name, words):
    with pytest.raises(TaskRefused, match=words):
        run_task(name)
