"""The user interface in a real browser: log in with what `make up` printed and see the example green."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.ui import WebDriverWait

from tests import engine

EXAMPLE = "seattle_weather"
PICTURES = os.environ.get("TEST_PICTURES")


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = chromium()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1500,1000"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


def chromium() -> str:
    """Debian's chromium; installed where that is possible, since a skipped browser test shows nothing."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            engine.skip_or_fail("no chromium and chromedriver on PATH, and no right to install Debian's")
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "chromium-driver"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return shutil.which("chromium")


def test_the_printed_login_shows_the_example_green(stack, browser):
    user, password = stack.login
    run = stack.api.trigger(EXAMPLE, "seen-in-the-browser")
    assert stack.api.wait_for_run(EXAMPLE, run, seconds=600) == "success"

    browser.get(stack.url)
    waiting = WebDriverWait(browser, 60)
    waiting.until(expected.presence_of_element_located((By.NAME, "username"))).send_keys(user)
    browser.find_element(By.NAME, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    waiting.until(lambda page: "/auth/login" not in page.current_url)

    browser.get(f"{stack.url}/dags/{EXAMPLE}/runs/{run}")
    waiting.until(lambda page: "Success" in page.find_element(By.TAG_NAME, "body").text)
    text = browser.find_element(By.TAG_NAME, "body").text
    assert "report" in text
    assert "extract_year" in text
    if PICTURES:
        browser.save_screenshot(str(Path(PICTURES) / "green-run.png"))
