"""The library `webauthn`, loaded by the first ceremony: a tenth of a start would go into it."""

from __future__ import annotations

from typing import Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import exceptions
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

__all__ = (
    "FAULTS",
    "TRANSPORTS",
    "AuthenticatorSelectionCriteria",
    "AuthenticatorTransport",
    "PublicKeyCredentialDescriptor",
    "ResidentKeyRequirement",
    "UserVerificationRequirement",
    "generate_authentication_options",
    "generate_registration_options",
    "options_to_json",
    "verify_authentication_response",
    "verify_registration_response",
)

TRANSPORTS: Final = frozenset(one.value for one in AuthenticatorTransport)
FAULTS: Final = (
    exceptions.InvalidRegistrationResponse,
    exceptions.InvalidAuthenticationResponse,
    exceptions.WebAuthnException,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
)
"""What the library raises on what a browser sent; it reads bytes that a stranger chose."""
