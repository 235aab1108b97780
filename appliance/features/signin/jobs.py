"""What sign-in leaves behind goes away by itself: old failures, and sessions that open nothing any more."""

from appliance.services.people import accounts, throttle


def forget_old_attempts() -> None:
    """Delete failures past their fifteen minutes and sessions past their life."""
    throttle.forget_old()
    accounts.forget_expired_sessions()
