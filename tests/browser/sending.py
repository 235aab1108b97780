"""Files in the composer as a person sees them: chosen, looked at, sent, arrived."""

STATES = "items => items.map(item => item.dataset.state)"


def choose(page, paths) -> None:
    """Choose files, as the system's dialog gives them."""
    page.locator(".uploads__ways:not([hidden])").wait_for()
    page.locator("#files").set_input_files(paths)


def send_as_they_are(page) -> None:
    """Say of each photo that it may leave as it is."""
    while (waiting := page.locator(".upload [data-act=send]:visible")).count():
        waiting.first.click()


def states(page) -> list[str]:
    """Where each file stands."""
    return page.locator(".upload").evaluate_all(STATES)


def wait_for(page, *expected: str) -> None:
    """Wait until the files stand so, in order."""
    page.wait_for_function(
        "wanted => [...document.querySelectorAll('.upload')].map(item => item.dataset.state).join() === wanted",
        arg=",".join(expected),
    )


def wait_ready(page) -> None:
    """Wait until nothing is being prepared any more."""
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.upload__state')].some(each => each.textContent.includes('préparation'))"
    )
