"""Executed notebooks in Airflow's UI: read from `ARTIFACTS_URL`, rendered when somebody looks."""
