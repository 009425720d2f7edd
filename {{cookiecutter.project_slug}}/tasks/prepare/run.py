"""Joins the years, checks the data and makes the table that the models learn from.

A task that is no notebook: the parameters are the arguments of `main`, the result is what it returns.
"""

from __future__ import annotations

from pathlib import Path

try:
    from notebook_task import script, task
except ModuleNotFoundError:
    name = Path(__file__).resolve().parent.name
    raise SystemExit(f"This Python has no notebook_task. Type: make run task={name}") from None

import numpy as np
import pandas as pd

# °C, mm a day and m/s: beyond these a sensor or a unit is wrong
PLAUSIBLE = {"temp_max": (-30, 50), "temp_min": (-30, 50), "precipitation": (0, 300), "wind": (0, 60)}


def main(parts: list[str] | None = None, lags: int = 3, max_missing_days: int = 0) -> dict[str, object]:
    """Write one table with a row for each day.

    :param parts: references of the files that extract_year wrote, one a year; None where a year was skipped.
    :param lags: how many of the days before a day are inputs.
    :param max_missing_days: more missing days than this fail the task.
    """
    files = [part for part in parts or [] if part]
    if not files:
        task.fail(
            "no parts: they come from the task extract_year. By hand: set='parts=[its path, …]'", retry=False
        )
    weather = pd.concat([pd.read_csv(task.data_url(file), parse_dates=["date"]) for file in files])
    weather = weather.sort_values("date", ignore_index=True)
    missing = missing_days(weather)
    if problems := check(weather, missing, max_missing_days):
        task.fail("the weather is not fit for use: " + "; ".join(problems), retry=False)

    table = make_table(weather, lags)
    features = task.data_reference("features.csv")
    table.to_csv(task.data_url(features), index=False)
    print(f"{len(files)} files, {len(weather)} days, {len(missing)} missing; {len(table)} rows written")
    return {"features": features, "rows": len(table), "days": len(weather), "missing_days": len(missing)}


def missing_days(weather: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the days between the first and the last that have no row."""
    return pd.date_range(weather["date"].min(), weather["date"].max()).difference(weather["date"])


def check(weather: pd.DataFrame, missing: pd.DatetimeIndex, max_missing_days: int) -> list[str]:
    """Return a sentence for each thing that is wrong with the data."""
    problems = []
    if len(missing) > max_missing_days:
        problems.append(
            f"{len(missing)} days are missing, {max_missing_days} may be; the first is {missing[0]:%Y-%m-%d}"
        )
    if (twice := weather["date"].duplicated()).any():
        problems.append(
            f"{twice.sum()} days are there twice; the first is {weather['date'][twice].iloc[0]:%Y-%m-%d}"
        )
    for column, (lowest, highest) in PLAUSIBLE.items():
        wrong = weather[~weather[column].between(lowest, highest)]
        if len(wrong):
            value, day = wrong.iloc[0][[column, "date"]]
            problems.append(f"{column} must be from {lowest} to {highest}, but is {value} on {day:%Y-%m-%d}")
    if (colder := weather["temp_max"] < weather["temp_min"]).any():
        problems.append(f"temp_max is below temp_min on {weather['date'][colder].iloc[0]:%Y-%m-%d}")
    return problems


def make_table(weather: pd.DataFrame, lags: int) -> pd.DataFrame:
    """Return one row a day: its maximum temperature, and what was known on the evening before."""
    days = weather.set_index("date").asfreq("D")  # so that one row back is one day back
    before = days.shift(1)
    angle = 2 * np.pi * days.index.day_of_year / 365.25
    table = days[["temp_max"]].assign(
        **{f"temp_max_lag{lag}": days["temp_max"].shift(lag) for lag in range(1, lags + 1)},
        temp_max_week=before["temp_max"].rolling(7).mean(),
        temp_min_lag1=before["temp_min"],
        precipitation_lag1=before["precipitation"],
        precipitation_week=before["precipitation"].rolling(7).sum(),
        wind_lag1=before["wind"],
        season_sin=np.sin(angle),
        season_cos=np.cos(angle),
    )
    return table.dropna().round(4).reset_index()


if __name__ == "__main__":
    script.run(main)
