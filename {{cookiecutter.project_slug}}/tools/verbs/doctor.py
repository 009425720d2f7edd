"""make doctor"""

from __future__ import annotations

from tools import checks, terminal

COLOURS = {checks.GOOD: terminal.GREEN, checks.WARNING: terminal.YELLOW, checks.BAD: terminal.RED}


def doctor() -> int:
    """Check what the stack needs, and say the cure of what is missing."""
    failed = 0
    for finding in checks.run(checks.ALL):
        failed += finding.level == checks.BAD
        terminal.say(f"{terminal.coloured(f'{finding.level:<6}', COLOURS[finding.level])}{finding.text}")
        if finding.cure:
            terminal.say(f"      → {finding.cure}")
    if failed:
        terminal.say(f"\n{failed} to cure; make demo works without Docker.")
    return 1 if failed else 0
