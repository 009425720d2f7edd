import pytest
from notebook_task.artifacts import attempt_path


def test_each_id_is_one_quoted_folder():
    path = attempt_path(
        dag="é d", run="manual__2026-01-01T00:00:00+00:00", task="g.t", map_index=3, try_number=2
    )
    assert path == "%C3%A9%20d/manual__2026-01-01T00%3A00%3A00%2B00%3A00/g.t/3/2"


@pytest.mark.parametrize("part", ["", ".", "..", "../x", "a/b"])
def test_an_id_that_would_leave_its_folder_is_refused(part):
    with pytest.raises(ValueError, match="cannot be part of an artifact's path"):
        attempt_path(dag=part, run="r", task="t")
