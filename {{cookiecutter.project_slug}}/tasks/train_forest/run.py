from pathlib import Path

try:
    from notebook_task import runner
except ModuleNotFoundError:
    name = Path(__file__).resolve().parent.name
    raise SystemExit(f"This Python has no notebook_task. Type: make run task={name}") from None

if __name__ == "__main__":
    runner.run()
