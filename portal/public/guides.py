"""The guides that triage leads to: steps in AWS with its labels as they stood on the day they were checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

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
