"""The guides that triage leads to: steps in AWS with its labels as they stood on the day they were checked.

Where people can help themselves here, two of them lead to this portal's own pages instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal import db, i18n
from portal.casework import self_service
from portal.public.visit import context

CHECKED = date(2026, 11, 23)


@dataclass(frozen=True)
class Guide:
    """Numbered steps, one action each; a text to copy for somebody else; one thing to know."""

    steps: tuple[LazyString, ...]
    note: LazyString | None = None
    copy: LazyString | None = None


_OPEN_CREDENTIALS = _l('At the top right, open your account name and select "Security credentials".')
_SIGN_IN = _l("Sign in to AWS with your email address and password.")

GUIDES: Mapping[str, Guide] = {
    "use_other_device": Guide(
        steps=(
            _SIGN_IN,
            _l('On the page that asks for the MFA code, select "Try another MFA method".'),
            _l("Choose the device that you have at hand, and finish signing in."),
            _OPEN_CREDENTIALS,
            _l('Under "Multi-factor authentication (MFA)", choose the lost device and select "Remove".'),
            _l("Register a new device there, so that you have two again."),
        ),
    ),
    "resynchronise": Guide(
        steps=(
            _l("Set the clock of the phone to automatic. For a hardware token, go on to the next step."),
            _SIGN_IN,
            _l(
                'On the page that asks for the MFA code, select "Troubleshoot MFA". On older pages it is called '
                '"Having problems with your authentication device? Click here".'
            ),
            _l(
                "In the part about resynchronizing, enter two codes that the device shows one after the other. "
                "Wait about 30 seconds for the second one."
            ),
            _l("Send both codes straight away."),
            _l("Sign in with the next new code."),
        ),
        note=_l("Passkeys and security keys show no codes and never need this."),
    ),
    "reset_password": Guide(
        steps=(
            _l('On the AWS sign-in page, choose "Root user" and enter your email address.'),
            _l('On the page that asks for the password, select "Forgot password?".'),
            _l("Open the email from AWS and follow its link."),
            _l("Set a new password that you use nowhere else."),
        ),
        note=_l("A new password does not remove MFA. Come back here when you have it."),
    ),
    "update_phone": Guide(
        steps=(
            _l(
                'Ask an IAM user who may edit contact details ("AdministratorAccess" or '
                '"account:PutContactInformation") to sign in with their own MFA device.'
            ),
            _l('At the top right, they open the account name and select "Account".'),
            _l('Next to "Contact information", they select "Edit".'),
            _l(
                "They enter a number that you can answer, with + and the country code and without the first 0. "
                "090-0000-0000 becomes +819000000000."
            ),
            _l('They select "Update".'),
        ),
        note=_l("Changes in AWS can take up to 4 hours to take effect."),
    ),
    "ask_administrator": Guide(
        steps=(
            _l("Send the text below to the administrator of your AWS account."),
            _l("When they have removed the device, sign in with your user name and password."),
            _OPEN_CREDENTIALS,
            _l("Register a new MFA device straight away."),
        ),
        copy=_l(
            "I cannot use the MFA device of my IAM user. Could you deactivate it? Open IAM, select "
            '"Users" and my user name, then "Security credentials". Under "Multi-factor authentication (MFA)", '
            'choose the device and select "Remove". Tell me when it is done, and I will register a new device '
            "at once. My IAM user name: "
        ),
        note=_l("If the device was stolen, change your password too."),
    ),
}


def _update_phone_here(url: str, wait: str) -> Guide:
    return Guide(
        steps=(
            _l(
                'Ask an IAM user who may edit contact details ("AdministratorAccess" or '
                '"account:PutContactInformation") to sign in on this page with their own MFA device: %(url)s',
                url=url,
            ),
            _l('They open "Security credentials" and select "Change the registered phone number".'),
            _l("They enter a number that you can answer, and a code of their own MFA device."),
            _l(
                "We call that number. Whoever answers keys in the six digits that the IAM user sees on the page."
            ),
            _l("Then come back here and sign in as the root user."),
        ),
        note=_l(
            "With a number that was changed like this, the MFA device is removed after a wait of %(duration)s.",
            duration=wait,
        ),
    )


def _ask_administrator_here(url: str, _wait: str) -> Guide:
    return Guide(
        steps=(
            _l("Send the text below to the administrator of your AWS account."),
            _l("When they have removed the device, they give you a one-use pass."),
            _l(
                "Sign in on this page with account ID, user name and password, and enter the pass: %(url)s",
                url=url,
            ),
            _l("Register a new MFA device straight away."),
        ),
        copy=_l(
            "I cannot use the MFA device of my IAM user. Could you remove it? Sign in at %(url)s with your own MFA "
            'device, open "Security credentials", then "MFA devices of IAM users", and select "Remove" under my name. '
            "The page then shows a one-use pass. Call me to give it to me, and I will register a new device at once. "
            "My IAM user name: ",
            url=url,
        ),
        note=_l("If the device was stolen, change your password too."),
    )


HERE: Mapping[str, Callable[[str, str], Guide]] = {
    "update_phone": _update_phone_here,
    "ask_administrator": _ask_administrator_here,
}


def guide_for(key: str) -> Guide:
    """The guide for people who use this portal: by its own pages where it has them, else the way in AWS."""
    ctx = context()
    if key not in HERE or not self_service.offered(ctx):
        return GUIDES[key]
    address = f"{db.runtime().settings.base_url}/{i18n.current()}/sign-in"
    return HERE[key](address, i18n.duration(timedelta(hours=ctx.limits.corrected_phone_wait_hours)))
