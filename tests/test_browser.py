"""The page of a run in a real browser: it plays, obeys the keys, and loads nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from dynpat.tasks.serve import PageServer

pytestmark = pytest.mark.slow
webdriver = pytest.importorskip("selenium.webdriver")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which(
    "google-chrome"
)
DRIVER = shutil.which("chromedriver")
SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1100,1400",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not (BROWSER and DRIVER):
        pytest.skip("Chromium and its driver are not installed.")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for switch in SWITCHES:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(300)
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any, learned: Path) -> Any:
    browser.get((learned / "report.html").as_uri())
    until(lambda: browser.execute_script("return document.body.dataset.decoded"))
    return browser


def until(condition: Callable[[], Any], looks: int = 4000) -> None:
    for _ in range(looks):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("It did not happen.")


def drawn(browser: Any, pictures: int = 30) -> None:
    """Wait until the browser has drawn so many pictures of the page."""
    browser.execute_async_script(
        """const [most, done] = arguments;
        let count = 0;
        const next = () => (++count < most ? requestAnimationFrame(next) : done());
        next();""", pictures,
    )


def frame(browser: Any) -> int:
    return int(browser.execute_script("return window.dynpat.state.frame"))


def pressed(browser: Any, key: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(key).perform()


PICTURES = """return window.dynpat.screens.map(({canvas}) => {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let low = 255, high = 0, sum = 0;
    for (let i = 0; i < data.length; i += 4) {
        low = Math.min(low, data[i]); high = Math.max(high, data[i]); sum += data[i] * (i % 9973);
    }
    return [high - low, sum];
});"""


def test_every_video_decodes_and_plays_in_step(opened: Any) -> None:
    screens = opened.execute_script("return window.dynpat.screens.length")
    assert screens == 4  # observed, two samples, filters
    assert int(opened.execute_script("return document.body.dataset.decoded")) == screens
    first = opened.execute_script(PICTURES)
    assert all(contrast > 20 for contrast, _ in first)
    begun = frame(opened)
    until(lambda: frame(opened) != begun)
    later = opened.execute_script(PICTURES)
    assert all(one[1] != other[1] for one, other in zip(first[:3], later[:3], strict=True))


def test_space_pauses_and_plays_and_arrows_step(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    pressed(opened, Keys.SPACE)
    stopped = frame(opened)
    drawn(opened)
    assert frame(opened) == stopped
    pressed(opened, Keys.ARROW_RIGHT)
    assert frame(opened) == (stopped + 1) % 12
    for _ in range(3):
        pressed(opened, Keys.ARROW_LEFT)
    assert frame(opened) == (stopped - 2) % 12
    assert f"frame {(stopped - 2) % 12 + 1} of 12" in opened.find_element("id", "place").text
    button = opened.find_element("id", "toggle")
    assert button.text == "Play"
    button.click()
    assert button.text == "Pause"
    moving = frame(opened)
    until(lambda: frame(opened) != moving)


def test_the_console_is_silent_and_nothing_is_fetched(opened: Any) -> None:
    drawn(opened)
    said = opened.get_log("browser")
    # What this test does itself to read a canvas is worth a warning to Chromium.
    assert [row for row in said if row["level"] != "INFO" and row["source"] != "rendering"] == []
    fetched = opened.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert all(name.startswith("data:") for name in fetched), fetched


def test_nothing_sticks_out_of_the_window(opened: Any, tmp_path: Path) -> None:
    wide = opened.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    opened.save_screenshot(str(tmp_path / "page.png"))
    assert (tmp_path / "page.png").stat().st_size > 10_000


PLACES = """return [...document.querySelectorAll(".stage canvas, .verdict")].map(one => {
    const {left, top, width, height} = one.getBoundingClientRect();
    return [left, top, width, height];
});"""


@pytest.fixture
def screen(browser: Any) -> Iterator[Callable[[int], None]]:
    """Make the window as wide as another screen, until the test ends."""
    def widen(width: int) -> None:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False,
        })

    yield widen
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(("width", "least"), [(1280, 400), (400, 170)])
def test_observed_and_synthesised_stand_side_by_side_on_any_screen(
    opened: Any, screen: Callable[[int], None], width: int, least: int
) -> None:
    screen(width)
    drawn(opened, 3)
    one, other, verdict = opened.execute_script(PLACES)
    assert one[1:] == other[1:] and one[0] + one[2] < other[0]  # alike, at one height
    assert one[2] >= least and one[2] == pytest.approx(one[3])
    if width == 400:
        assert verdict[1] > one[1] + one[3]  # below
    else:
        assert verdict[0] > other[0] + other[2] and verdict[1] < one[1] + one[3]  # beside
    wide = opened.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


def test_a_served_page_is_refreshed_when_the_run_has_gone_on(browser: Any, learned: Path) -> None:
    with PageServer(learned) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        browser.get(server.address)
        until(lambda: browser.execute_script("return document.body.dataset.decoded"))
        browser.execute_script("window.before = true")
        (learned / "metrics.json").unlink()
        until(lambda: not browser.execute_script("return window.before"))
        until(lambda: browser.execute_script("return document.body.dataset.decoded"))
        assert "Quality, in grey levels" not in browser.page_source
        said = browser.get_log("browser")
        assert [row for row in said if row["level"] == "SEVERE"] == []
        server.shutdown()
