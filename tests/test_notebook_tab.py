"""The Notebook tab in a real browser, on a real api-server over real runs of a new project. No Docker."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.common.exceptions import (
    NoSuchElementException,
    NoSuchFrameException,
    NoSuchWindowException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.ui import WebDriverWait

from tests.conftest import users_environment
from tests.stack.test_browser import browser, chromium  # noqa: F401

PICTURES = os.environ.get("TEST_PICTURES")
TAB = (By.CSS_SELECTOR, "iframe[title^=Notebook]")
# The frame of a notebook that runs may be replaced by the next one at any moment.
REPLACED = (
    NoSuchElementException,
    NoSuchFrameException,
    NoSuchWindowException,
    StaleElementReferenceException,
)
CELLS = (By.CSS_SELECTOR, "main iframe:not(.coming)")


class Served:
    """Airflow's UI in a browser, logged in."""

    def __init__(self, process, driver) -> None:
        said = json.loads(process.stdout.readline())
        self.url, self.runs = said["url"], said["runs"]
        self._process = process
        self.driver = driver

    def log_in(self) -> None:
        self.driver.get(self.url)
        self.wait(expected.presence_of_element_located((By.NAME, "username"))).send_keys("admin")
        self.driver.find_element(By.NAME, "password").send_keys("secret")
        self.driver.find_element(By.CSS_SELECTOR, "[type=submit]").click()
        self.wait(lambda page: "/auth/login" not in page.current_url)

    def start(self, dag: str) -> None:
        self._process.stdin.write(f"{dag}\n")
        self._process.stdin.flush()
        self.runs[dag] = self._process.stdout.readline().strip()

    def wait(self, condition, seconds: float = 60):
        return WebDriverWait(self.driver, seconds, ignored_exceptions=REPLACED).until(condition)

    def open(self, path: str, dag: str = "tab") -> None:
        """Go to a page of a DAG run and into the frame of its tab."""
        self.driver.get(f"{self.url}/dags/{dag}/runs/{quote(self.runs[dag], safe='')}{path}")
        self.to_tab()

    def to_tab(self) -> None:
        self.driver.switch_to.default_content()
        self.wait(expected.frame_to_be_available_and_switch_to_it(TAB))

    def to_cells(self) -> None:
        """From the tab's page into the frame of the notebook."""
        self.wait(expected.frame_to_be_available_and_switch_to_it(CELLS))
        self.wait(expected.presence_of_element_located((By.CLASS_NAME, "cell")))

    def open_notebook(self, task: str, dag: str = "tab") -> str:
        self.open(f"/tasks/{task}/plugin/notebook", dag)
        head = self.wait(expected.presence_of_element_located((By.ID, "head"))).text
        self.to_cells()
        return head

    def scrolled(self) -> float:
        return self.driver.execute_script("return document.scrollingElement.scrollTop")

    def picture(self, name: str) -> None:
        if PICTURES:
            self.driver.switch_to.default_content()
            self.driver.save_screenshot(str(Path(PICTURES) / f"{name}.png"))


@pytest.fixture(scope="module")
def served(project, made, browser, tmp_path_factory):  # noqa: F811
    assert made("test").returncode == 0
    folder = tmp_path_factory.mktemp("served")
    process = subprocess.Popen(
        [project.path / ".venv/bin/python", "tests/tab/serve.py", folder, "tab"],
        cwd=project.path,
        env=users_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        page = Served(process, browser)
        page.log_in()
        yield page
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def test_a_task_shows_its_notebook_with_picture_and_parameters(served):
    head = served.open_notebook("shows")
    assert 'make run task=shows set="word=two"' in head
    image = served.driver.find_element(By.CSS_SELECTOR, ".outputs img")
    assert image.get_property("naturalWidth") == 64
    served.picture("notebook-tab")


def test_a_failed_notebook_opens_at_the_failing_cell(served):
    served.driver.set_window_size(1200, 700)
    served.open_notebook("fails")
    served.wait(lambda _: served.scrolled() > 0)
    cell = served.driver.find_element(By.ID, "cell-8")
    assert served.driver.execute_script("return arguments[0].getBoundingClientRect().top < innerHeight", cell)
    served.driver.execute_script("document.scrollingElement.scrollTop = 0")
    served.to_tab()
    served.driver.find_element(By.CSS_SELECTOR, "button.jump").click()
    served.to_cells()
    served.wait(lambda _: served.scrolled() > 0)
    served.picture("failed")


def test_another_try_can_be_chosen(served):
    served.open_notebook("fails")
    served.to_tab()
    served.driver.find_element(By.CSS_SELECTOR, "#try option[value='1']").click()
    served.wait(lambda page: page.execute_script("return location.search") == "?try=1")
    served.to_cells()
    assert "ZeroDivisionError" in served.driver.find_element(By.ID, "cell-8").text


def test_a_mapped_instance_shows_its_own_notebook(served):
    served.open("/tasks/mapped/mapped/1/plugin/notebook")
    served.to_cells()
    assert "number 20" in served.driver.find_element(By.TAG_NAME, "body").text


def test_a_run_lists_its_notebooks_and_opens_one(served):
    served.open("/plugin/notebooks")
    served.wait(expected.element_to_be_clickable((By.PARTIAL_LINK_TEXT, "shows"))).click()
    served.to_cells()
    assert "A picture" in served.driver.find_element(By.TAG_NAME, "body").text
    served.picture("opened-from-the-list")


def test_a_running_notebook_grows_before_ones_eyes(served):
    served.start("slow")
    served.open_notebook("grows", "slow")
    for step in ("step 1", "step 4"):
        served.wait(lambda _, step=step: step in shown(served))
    served.picture("running")


def shown(served) -> str:
    """What its cells have printed until now: its frame is replaced while it runs."""
    served.to_tab()
    served.to_cells()
    script = "return [...document.querySelectorAll('.stdout')].map((each) => each.textContent).join(' ')"
    return served.driver.execute_script(script)


def test_a_hostile_notebook_reaches_nothing(served):
    served.open_notebook("attacks")
    attack = served.driver.find_element(By.ID, "attack")
    served.wait(lambda _: "fetch" in attack.text)
    assert attack.text == (
        "cookie: SecurityError | parent: SecurityError | top: SecurityError | storage: SecurityError | "
        "navigate: SecurityError | popup: null | fetch: TypeError"
    )
    served.picture("attack")
    # It then tries to take its own frame elsewhere; the page around it forbids that and stays as it is.
    served.to_tab()
    frame = served.driver.find_element(*CELLS)
    served.driver.switch_to.frame(frame)
    served.wait(lambda page: not page.find_elements(By.ID, "attack"))
    assert "ERR_BLOCKED_BY_CSP" in served.driver.page_source
    served.to_tab()
    assert served.driver.find_element(By.TAG_NAME, "h1").text == "attacks"
    assert served.driver.execute_script("return document.querySelectorAll('img').length") == 0
    assert "attacks" in served.driver.title
    served.driver.switch_to.default_content()


def test_the_tab_follows_airflows_theme(served):
    grounds = {}
    for theme in ("light", "dark"):
        served.driver.get(served.url)
        served.driver.execute_script("localStorage.setItem('theme', arguments[0])", theme)
        served.open_notebook("shows")
        grounds[theme] = served.driver.execute_script(
            "return getComputedStyle(document.body).backgroundColor"
        )
        served.picture(theme)
    assert grounds["light"] == "rgb(255, 255, 255)"
    assert grounds["dark"] == "rgb(24, 24, 27)"


def test_a_notebook_with_much_output_is_there_soon(served):
    served.open("/tasks/floods/plugin/notebook")
    started = served.driver.execute_script("return performance.now()")
    served.to_cells()
    assert "omitted" in served.driver.find_element(By.TAG_NAME, "body").text
    assert started < 30_000
