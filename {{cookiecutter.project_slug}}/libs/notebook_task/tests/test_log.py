import pytest
from notebook_task.log import LineWriter, reproduction
from notebook_task.parameters import Resolution, Sourced


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["a\nb", "c\n"], "a\nbc\n"),
        (["no end"], "no end\n"),
        (["\r 10%", "\r 50%", "\r100%\n"], "100%\n"),
        (["10%\r", "50%\r", "done\r\n", "next\n"], "done\nnext\n"),
        (["windows\r", "\nunix\n"], "windows\nunix\n"),
        (["\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\n"], "red link\n"),
        (["\x1b[3", "1mred\n"], "red\n"),
    ],
)
def test_lines_are_whole_plain_and_in_their_last_form(pieces, lines, capsys):
    writer = LineWriter()
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    assert capsys.readouterr().out == lines


def resolution(**values):
    return Resolution(given={name: Sourced(value, "upstream x") for name, value in values.items()}, unused=())


def test_reproduction_gives_what_the_folder_does_not_say():
    given = resolution(n=1, region="north")
    given.given["seed"] = Sourced(7, "params.yaml, line 1")
    assert reproduction("t", given) == 'make run task=t set="n=1 region=north"'


@pytest.mark.parametrize("value", ["x" * 600, "two words", ["a"], "$HOME", 'a"b'])
def test_reproduction_of_values_that_no_shell_passes_on_points_to_the_notebook(value):
    assert "injected-parameters" in reproduction("t", resolution(value=value))
