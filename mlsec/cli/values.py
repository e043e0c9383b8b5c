"""The values of options: numbers and times, each refused with what was expected."""

from __future__ import annotations

import argparse
import datetime
import math
from urllib.parse import urlsplit

from mlsec.core.errors import MlsecError
from mlsec.history.place import Place, read_place


def moment(text: str) -> datetime.datetime:
    """Read a time; without a zone it is UTC.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    try:
        time = datetime.datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
        return time.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f'"{text}" is not a time such as 2026-11-24T12:00:00Z'
        ) from None


def positive(text: str) -> int:
    """Read a whole number of 1 or more.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number of 1 or more')
    return int(text)


def port(text: str) -> int:
    """Read the number of a TCP port; 0 is a free one.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not a port from 0 to 65535')
    return int(text)


def positive_number(text: str) -> float:
    """Read a number greater than 0.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    number = _number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number greater than 0')
    return number


def percentage(text: str) -> float:
    """Read a number from 0 to 100.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    number = _number(text.removesuffix("%"))
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f'"{text}" is not a percentage from 0 to 100')
    return number


def days(text: str) -> int:
    """Read a number of days, such as 400d.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    number = text.removesuffix("d")
    if not number.isdecimal() or not 1 <= int(number[:8]) < 100_000 or len(number) > 5:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of days such as 400d')
    return int(number)


def history_place(text: str) -> Place:
    """Read where a history is: a file, or the URL of a PostgreSQL database.

    Raises:
        argparse.ArgumentTypeError: it is a URL that is not one; it is not repeated.
    """
    try:
        return read_place(text)
    except MlsecError as error:
        raise argparse.ArgumentTypeError(f"{error.message}; {error.hint}") from None


def site_address(text: str) -> str:
    """Read the http address of a site, without query and anchor; "" means no address.

    Returns:
        It, without a slash at its end.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    parts = urlsplit(text)
    is_plain = text.isascii() and text.isprintable() and " " not in text
    is_site = parts.scheme in ("https", "http") and parts.hostname and parts.username is None
    if text and not (is_plain and is_site and not parts.query and not parts.fragment):
        raise argparse.ArgumentTypeError(
            f'"{text}" is not the address of a site such as https://docs.corp.example/mlsec'
        )
    return text.rstrip("/")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
