"""Amounts of currencies (ISO 4217) as people write them in English: ``£420.00``, ``420.00 SEK``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flowengine.exact import CONTEXT, Number

_DIGITS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP"
    " CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES"
    " KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK"
    " NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB"
    " TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
CURRENCIES: Mapping[str, int] = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}
"""The digits behind the point, by code."""

_SYMBOLS = {
    "GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "INR": "₹", "ILS": "₪", "KRW": "₩", "NGN": "₦", "PHP": "₱",
    "UAH": "₴", "VND": "₫", "AUD": "A$", "CAD": "C$", "HKD": "HK$", "NZD": "NZ$", "SGD": "S$", "BRL": "R$",
}  # fmt: skip


def money(amount: Number, code: str = "") -> str:
    """An amount of a currency; without one, the number alone. Thousands are set off, and there are as many digits as
    the currency has, or more where the amount has: nothing is rounded, so no text hides what a comparison sees.

    >>> money(1510, "GBP"), money(Decimal("-0.125"), "EUR"), money(Decimal("1510.0"), "JPY")
    ('£1,510.00', '-€0.125', '¥1,510')
    """
    exact = CONTEXT.normalize(Decimal(amount))
    written = f"{abs(exact):,.{max(CURRENCIES.get(code, 2), -int(exact.as_tuple().exponent))}f}"
    sign, symbol = "-" if exact < 0 else "", _SYMBOLS.get(code)
    return f"{sign}{symbol}{written}" if symbol else f"{sign}{written} {code}".rstrip()
