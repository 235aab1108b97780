"""A person who has a keyboard and nothing else: every stop of the tab key must be seen."""

# Whether the focused element, or a frame around it that takes its place, is drawn in a way that shows the focus.
_VISIBLE = """
() => {
  const outlined = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const shows = (style) => outlined(style) || style.boxShadow !== "none";
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  for (let each = at, depth = 0; each && depth < 3; each = each.parentElement, depth += 1) {
    const style = getComputedStyle(each);
    if (shows(style) && (each === at || each.matches(":focus-within"))) return "";
    if (each.matches("main, form, body")) break;
  }
  return at.outerHTML.slice(0, 200);
}
"""
_CLIPPED = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body || at.matches("input[type=hidden]")) return "";
  const box = at.getBoundingClientRect();
  return box.width && box.height ? "" : at.outerHTML.slice(0, 200);
}
"""
_MATCHES = """
([selector, text]) => {
  const at = document.activeElement;
  return at.matches(selector) && (!text || at.textContent.trim().replace(/\\s+/g, " ").includes(text));
}
"""
MOST = 250


class Keyboard:
    """Keys only; each stop is checked while passing."""

    def __init__(self, page):
        self.page, self.unseen = page, []

    def press(self, key: str) -> None:
        """Press a key or a combination."""
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Write where the focus is."""
        self.page.keyboard.insert_text(text)

    def tab(self, key: str = "Tab") -> None:
        """One stop further; a stop that nobody can see is noted."""
        self.press(key)
        self.unseen += [fault for fault in (self.page.evaluate(_VISIBLE), self.page.evaluate(_CLIPPED)) if fault]

    def reach(self, selector: str, text: str = "", key: str = "Tab") -> None:
        """Go on until the focus is on what is wanted."""
        for _stop in range(MOST):
            if self.is_on(selector, text):
                return
            self.tab(key)
        raise AssertionError(f"the tab key never comes to {selector} {text} on {self.page.url}")

    def is_on(self, selector: str, text: str = "") -> bool:
        """Whether the focus is on this."""
        return self.page.evaluate(_MATCHES, [selector, text])

    def follow(self, selector: str, text: str = "", key: str = "Enter") -> None:
        """Reach something, press it and wait for the page that comes."""
        self.reach(selector, text)
        with self.page.expect_navigation():
            self.press(key)
        self.page.wait_for_load_state()
