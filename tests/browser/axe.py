"""axe-core on a page: what it finds, in words that lead to the fault."""

from pathlib import Path

SOURCE = (Path(__file__).parent / "vendor" / "axe" / "axe.min.js").read_text(encoding="utf-8")
# Colours change with the theme, nothing else does: the rest is looked at once for each width.
COLOURS = ("color-contrast", "link-in-text-block")
TARGETS = ("target-size",)
_RUN = """
async (only) => {
  const options = { resultTypes: ["violations"] };
  if (only.length) options.runOnly = { type: "rule", values: only };
  const found = await axe.run(document, options);
  return found.violations.map(({ id, help, nodes }) => ({
    id, help, nodes: nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary}`),
  }));
}
"""


def look(page, only: tuple[str, ...] = ()) -> list[str]:
    """What axe finds on the page as it stands; the policy of the page stays in force."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SOURCE)
    return [
        f"{found['id']} ({found['help']}): " + " | ".join(" ".join(node.split())[:400] for node in found["nodes"][:3])
        for found in page.evaluate(_RUN, list(only))
    ]


def look_all_ways(page, phone: dict, desktop: dict) -> list[str]:
    """The same page on a phone and on a desk, light and dark, menus closed and open."""
    faults = []
    for name, size in (("phone", phone), ("desktop", desktop)):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        faults += [f"{name}: {fault}" for fault in look(page)]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        faults += [f"{name}, dark: {fault}" for fault in look(page, COLOURS)]
    # A screen as high as the page: what scrolls under the bar of buttons is not small for that.
    page.set_viewport_size(phone)
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": phone["width"], "height": min(height, 8000)})
    faults += [f"fingers: {fault}" for fault in look(page, TARGETS)]
    page.set_viewport_size(desktop)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if opened := page.locator("details:not([open])").count():
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        faults += [f"{opened} menus open: {fault}" for fault in look(page)]
    page.set_viewport_size(phone)
    return faults
