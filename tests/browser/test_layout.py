"""Every page fits its screen, is light, stays still while it loads, and keeps what it holds to itself."""

import pytest

from tests.browser.school import DESKTOP, PHONE, ROLES, pages_of

pytestmark = pytest.mark.browser
# 640 is a desk of 1,280 px at 200 %, 320 the narrowest that WCAG 1.4.10 asks for.
WIDTHS = (320, 360, 390, 640, 768, 1280)
HEAVIEST, MOST_SHIFT = 60_000, 0.05
_TOO_WIDE = """
() => {
  const room = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth <= room) return "";
  for (const each of document.querySelectorAll("body *")) {
    const box = each.getBoundingClientRect();
    if (box.width && (box.right > room + 1 || box.left < -1)) found.push(each.outerHTML.slice(0, 90));
  }
  return `${document.documentElement.scrollWidth} px: ${found.slice(-3).join(" … ")}`;
}
"""
_SMALL = """
() => {
  const found = [];
  const primary = ".button, summary, select, textarea, input:not([type=checkbox], [type=radio]), .choice, .brand, "
    + ".nav__link, .tabs__link, .menu__item, .chip[href], .child[href]";
  const least = (each) => (each.matches(primary) ? 44 : 24);
  for (const each of document.querySelectorAll("a[href], button, summary, select, textarea, input, label.choice")) {
    if (each.closest(".skip") || each.matches("label.choice input, [type=hidden]") || !each.checkVisibility()) continue;
    const box = each.getBoundingClientRect(), wanted = least(each);
    const within = getComputedStyle(each).display === "inline" && each.closest("p, li, dd, td, .rich");
    if (within || !box.width) continue;
    if (box.height < wanted - 0.5 || box.width < Math.min(wanted, 44) - 0.5)
      found.push(`${Math.round(box.width)}×${Math.round(box.height)} ${each.outerHTML.slice(0, 140)}`);
  }
  return found;
}
"""


@pytest.mark.parametrize("role", ROLES)
def test_no_page_scrolls_sideways_and_a_finger_meets_every_control(school, role):
    page = school.visit(ROLES[role])
    start = ("/connexion",) if ROLES[role] is None else ("/",)
    faults = []
    for address in pages_of(page, start):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if fault := page.evaluate(_TOO_WIDE):
                faults.append(f"{address} at {width}: {fault}")
        page.set_viewport_size(PHONE)
        faults += [f"{address}: {fault}" for fault in page.evaluate(_SMALL)]
        page.evaluate("document.documentElement.dir = 'rtl'")
        if fault := page.evaluate(_TOO_WIDE):
            faults.append(f"{address} from right to left: {fault}")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:40])


@pytest.mark.parametrize("role", ("signed_out", "guardian", "teacher"))
def test_letters_twice_as_large_still_fit(school, role):
    page = school.visit(ROLES[role])
    start = ("/connexion",) if ROLES[role] is None else ("/",)
    faults = []
    for address in pages_of(page, start):
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if fault := page.evaluate(_TOO_WIDE):
            faults.append(f"{address}: {fault}")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:40])


@pytest.mark.parametrize("login", (None, "guardian3", "teacher"))
def test_the_first_page_is_light_without_its_photos(school, login):
    page = school.visit(login)
    weights: dict[str, tuple[str, int]] = {}
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    wire.send("Network.setBypassServiceWorker", {"bypass": True})
    wire.on("Network.responseReceived", lambda event: weights.update({event["requestId"]: (event["response"], 0)}))
    wire.on(
        "Network.loadingFinished",
        lambda event: weights.update(
            {event["requestId"]: (weights[event["requestId"]][0], event["encodedDataLength"])}
            if event["requestId"] in weights
            else {}
        ),
    )
    page.goto("/", wait_until="networkidle")
    photos = ("image/jpeg", "image/webp", "image/png")
    counted = {answer["url"]: size for answer, size in weights.values() if answer["mimeType"] not in photos}
    table = "\n".join(f"{size:7} {url}" for url, size in sorted(counted.items(), key=lambda item: -item[1]))
    assert sum(counted.values()) < HEAVIEST, f"{sum(counted.values())} bytes:\n{table}"


_COLUMNS = """
() => {
  const side = document.querySelector(".side"), main = document.querySelector("main");
  return side !== null && side.getBoundingClientRect().left >= main.getBoundingClientRect().right;
}
"""


@pytest.mark.parametrize("login", ("guardian3", "teacher"))
def test_a_desk_has_a_second_column_beside_the_home_and_the_feed(school, login):
    page = school.visit(login, phone=False)
    room = school.class_of(school.visit("teacher"))
    for address in ("/", room):
        page.goto(address)
        assert page.evaluate(_COLUMNS), f"{address} is a stretched phone"


def test_the_pages_of_a_class_begin_where_the_one_before_began(school):
    """A tab does not move away from the pointer that has just pressed it."""
    page = school.visit("teacher", phone=False)
    page.goto(school.class_of(page))
    tabs = page.locator(".tabs a")
    left = tabs.first.bounding_box()["x"]
    for number in range(1, tabs.count()):
        tabs.nth(number).click()
        page.locator(f".tabs a:nth-child({number + 1})[aria-current]").wait_for()
        assert tabs.first.bounding_box()["x"] == left, page.url


def test_a_word_without_end_stays_inside_every_column(school):
    page = school.visit("teacher")
    page.goto(f"{school.class_of(page)}/publications/nouvelle")
    page.get_by_label("Votre message").fill("Rindfleisch" * 20)
    page.get_by_role("button", name="Publier", exact=True).click()
    page.wait_for_url("**/classes/*")
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        for address in ("/", school.class_of(page)):
            page.goto(address)
            assert not page.evaluate(_TOO_WIDE), address


def test_every_child_of_a_family_is_in_sight_on_a_phone(school):
    page = school.visit("guardian3")
    page.goto("/")
    room = page.viewport_size["width"]
    chips = page.locator("nav .child")
    chips.first.locator("span:not([class])").evaluate("each => each.append(' de ' + 'Montmorency-'.repeat(9))")
    assert chips.count() > 1
    for box in (each.bounding_box() for each in chips.all()):
        assert box["x"] >= 0 and box["x"] + box["width"] <= room


@pytest.mark.parametrize("width", (320, 360))
def test_every_page_of_a_class_is_in_sight_on_a_small_phone(school, width):
    page = school.visit("teacher", viewport={"width": width, "height": 640})
    page.goto(f"{school.class_of(page)}/membres")
    boxes = [each.bounding_box() for each in page.locator(".tabs a").all()]
    assert len(boxes) == 4 and (width < 360 or len({box["y"] for box in boxes}) == 1)
    assert all(0 <= box["x"] and box["x"] + box["width"] <= width for box in boxes)


def test_the_four_reactions_stand_on_one_line_of_a_small_phone(school):
    page = school.visit("guardian2", viewport={"width": 360, "height": 640})
    page.goto("/")
    boxes = [each.bounding_box() for each in page.locator(".post__foot").first.locator(".reaction").all()]
    assert len(boxes) == 4 and len({box["y"] for box in boxes}) == 1
    assert all(box["width"] >= 44 and box["height"] >= 44 for box in boxes)


def test_what_stands_beside_a_home_is_large_enough_for_a_thumb(school):
    for login in ("guardian3", "teacher"):
        page = school.visit(login)
        page.goto("/")
        links = page.locator(".side .person a, .side .beside__post p a")
        assert links.count()
        assert min(link.bounding_box()["height"] for link in links.all()) >= 44, login


def test_a_text_twice_as_large_cuts_nothing_off_a_phone(school):
    page = school.visit("guardian3", viewport={"width": 360, "height": 640})
    for address in ("/", "/compte"):
        page.goto(address)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert not page.evaluate(_TOO_WIDE), address
        page.locator(".top summary").click()
        sheet = page.locator(".menu__sheet--account").bounding_box()
        assert 0 <= sheet["x"] and sheet["x"] + sheet["width"] <= 360, address


def test_what_is_chosen_shows_when_the_system_decides_the_colours(school):
    page = school.visit("guardian3", forced_colors="active")
    page.goto("/compte/affichage")
    circle = page.locator("input[name=theme]").first
    pictures = []
    for state in (True, False):
        circle.evaluate("(each, state) => { each.checked = state; }", state)
        pictures.append(circle.screenshot())
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize("phone", (True, False), ids=("phone", "desktop"))
def test_whoever_writes_sees_the_way_to_publish_without_scrolling(school, phone):
    page = school.visit("teacher", phone=phone)
    page.goto(f"{school.class_of(page)}/publications/nouvelle")
    box = page.get_by_role("button", name="Publier", exact=True).bounding_box()
    assert box["y"] + box["height"] <= page.viewport_size["height"]


_SHIFT = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("phone", (True, False), ids=("phone", "desktop"))
@pytest.mark.parametrize("login", ("guardian1", "teacher"))
def test_nothing_moves_while_a_page_loads(school, login, phone):
    page = school.visit(login, phone=phone)
    page.add_init_script(_SHIFT)
    faults, room = [], school.class_of(page) if login == "teacher" else "/"
    page.goto(room)
    post = page.locator("article:has(.gallery) .post__when a").first.get_attribute("href")
    for address in ("/", room, post, f"{post}/photos/1", "/compte"):
        page.goto(address, wait_until="networkidle")
        page.evaluate("document.fonts.ready")
        shift = page.evaluate("window.shift")
        if shift >= MOST_SHIFT:
            faults.append(f"{address}: {shift:.3f}")
    assert not faults, "\n".join(faults)


def test_every_picture_says_its_size_before_it_comes(school):
    page = school.visit("guardian3")
    faults = []
    for address in pages_of(page):
        images = page.locator("img:not([width][height])")
        faults += [f"{address}: {html}" for html in images.evaluate_all("all => all.map(each => each.outerHTML)")]
    assert not faults, "\n".join(faults)


def test_the_worker_keeps_the_shell_and_nothing_personal(school):
    page = school.visit("guardian1")
    page.goto("/")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    visited = list(pages_of(page))
    page.goto("/", wait_until="networkidle")
    kept = page.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
          return found;
        }"""
    )
    assert len(visited) > 5 and kept
    strangers = [path for path in kept if not path.startswith("/static/")]
    assert not strangers, strangers


def test_without_a_network_the_page_says_so(school):
    page = school.visit("guardian1")
    page.goto("/")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.goto("/compte")
    text = page.locator("main").inner_text()
    page.context.set_offline(False)
    assert page.locator("h1").count() == 1
    assert "Anne" not in text and text.strip()


def test_the_appliance_can_be_installed(school):
    page = school.visit("guardian1", viewport=DESKTOP)
    page.goto("/")
    address = page.locator("link[rel=manifest]").get_attribute("href")
    wire = page.context.new_cdp_session(page)
    manifest = wire.send("Page.getAppManifest")
    assert not manifest["errors"], manifest["errors"]
    assert page.request.get(address).headers["content-type"].startswith("application/manifest+json")
    found = page.request.get(address).json()
    assert found["start_url"] == "/" and found["display"] == "standalone"
    sizes = {icon["sizes"] for icon in found["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in found["icons"]:
        assert page.request.get("/static/" + icon["src"]).ok, icon["src"]
    # Playwright's profiles are private windows, where nothing can be installed: that is all that may stand in the way.
    blockers = wire.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {each["errorId"] for each in blockers} <= {"in-incognito"}, blockers
