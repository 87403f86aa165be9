"""A coat made with its customer, told in German: whatever is English about it is of our saying."""

from __future__ import annotations

import re

ENGLISH = frozenset(
    [
        "the",
        "and",
        "is",
        "are",
        "of",
        "to",
        "you",
        "your",
        "not",
        "has",
        "have",
        "had",
        "been",
        "with",
        "it",
        "this",
        "that",
        "from",
        "for",
        "by",
        "we",
        "our",
        "they",
        "would",
        "can",
        "cannot",
        "must",
        "waits",
        "asked",
        "there",
        "no",
        "yes",
        "which",
        "who",
        "what",
        "when",
        "until",
        "since",
        "after",
        "before",
    ]
)
"""Words of English sentences that are no German ones."""


def english(text: str) -> list[str]:
    """The English words in a text, each with what stands around it; what is quoted in it does not count, and names of
    variables do not."""
    plain = re.sub(r"\s+", " ", re.sub("„[^“]*“", " ", text))
    found = (
        (one[0].lower(), plain[max(0, one.start() - 40) : one.end() + 40])
        for one in re.finditer(r"\b[A-Za-z]+\b", plain)
    )
    return [around for word, around in found if word in ENGLISH]


MANTEL = """
process: mantel
title: Ein Mantel nach Maß
need: Ein Mantel
zone: Europe/Berlin
currency: EUR
roles: {schneider: {title: Schneider}}
groups: {verein: {title: Verein}}
options:
  stoff: [{id: loden, title: Loden, price: 420, lead_time: P12D}, {id: tuch, title: Tuch, price: 460.5}]
promise: {by: data.need.bis}
states:
  need:
    type: need
    ask: Wozu soll der Mantel dienen?
    fields:
      anlass: {type: string, title: Anlass, minLength: 2}
      bis: {type: string, format: date, title: Tag, earliest: now}
    next: wahl
  wahl:
    type: choice
    title: Stoff
    ask: Welcher Stoff?
    choose: {stoff: {from: stoff, title: Stoff}}
    within: P7D
    on: {chosen: angaben, expired: aus}
  angaben:
    type: ask
    title: Angaben
    ask: Was sollen wir wissen?
    fields:
      groesse: {type: number, title: Größe, unit: cm, minimum: 100, maximum: 230}
      warm: {type: boolean, title: Frieren Sie leicht?}
    within: P7D
    on: {answered: messen, expired: aus}
  messen:
    type: fitting
    title: Anprobe
    ask: Wann passt es Ihnen?
    with: schneider
    length: PT45M
    hold: PT20M
    within: P14D
    on: {held: schneiden, missed: messen, expired: aus}
  schneiden:
    type: task
    for: schneider
    phase: Schneiderei
    ask: Schneiden
    takes: P3D
    fields: {stunden: {type: number, title: Stunden, minimum: 1}}
    on: {done: abnahme}
  abnahme:
    type: approval
    by: customer
    title: Abnahme
    ask: Passt er?
    within: P7D
    on: {approved: farbe, changes: schneiden, declined: aus, expired: aus}
  farbe:
    type: vote
    title: Farbe
    ask: Welche Farbe?
    of: {group: verein}
    options: [{id: rot, title: Rot}, {id: blau, title: Blau}]
    changeable: true
    abstain: true
    secret: false
    live: 1
    within: P3D
    on: {decided: urteil, no_quorum: urteil, tied: urteil}
  urteil:
    type: feedback
    title: Urteil
    ask: Wie war es?
    within: P7D
    optional: true
    on: {given: fertig, skipped: fertig, expired: fertig}
  fertig: {type: fulfilled, because: Der Mantel passt}
  aus: {type: ended, because: Niemand hat geantwortet}
always:
  anders:
    title: Anderer Stoff
    by: customer
    when: '!passed("schneiden")'
    to: wahl
"""
