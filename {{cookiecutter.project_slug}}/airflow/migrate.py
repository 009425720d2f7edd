"""Bring Airflow's tables to this version and make the first user; both do nothing the second time."""

from __future__ import annotations

import os

from airflow.cli.cli_parser import get_parser


def airflow(*words: str) -> None:
    """Run one `airflow` command in this process: a second one would spend seconds on importing Airflow."""
    arguments = get_parser().parse_args(words)
    arguments.func(arguments)


def main() -> None:
    user = os.environ["ADMIN_USER"]
    airflow("db", "migrate")
    airflow(
        *(
            "users",
            "create",
            "--role",
            "Admin",
            "--username",
            user,
            "--password",
            os.environ["ADMIN_PASSWORD"],
        ),
        *("--firstname", user, "--lastname", user, "--email", f"{user}@localhost"),
    )


if __name__ == "__main__":
    main()
