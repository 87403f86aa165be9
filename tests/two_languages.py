"""A process in English and German, with each kind of text that a process has."""

BREAD = """
process: bread
title: A loaf of bread
need: Fresh bread
currency: EUR
roles: {baker: {title: Baker}}
options:
  flour:
    - {id: rye, title: Rye flour, price: 3.5, description: Dark and strong}
    - {id: wheat, title: Wheat flour, price: 3}
states:
  need:
    type: need
    phase: Asking
    ask: Which day do you need it?
    fields:
      day: {type: string, format: date, title: Day}
      crust: {type: string, title: Crust, enum: [dark, light]}
    next: choose
  choose:
    type: choice
    title: Flour
    phase: Choosing
    ask: Choose the flour for {data.need.day}
    shows: {Crust: "{data.need.crust}"}
    choose: {flour: {from: flour, title: Kind of flour}}
    thanks: Thank you for {data.choose.flour}, {money(data.choose.price)}.
    within: P7D
    on:
      chosen: {to: sure, set: {word: '"by hand"'}}
      expired: given_up
  sure:
    type: ask
    phase: Making sure
    ask: Shall we bake {data.choose.titles.flour}, {data.word}?
    within: P7D
    on: {bake_it: bake, leave_it: given_up, expired: given_up}
  bake:
    type: task
    for: baker
    phase: Baking
    ask: Bake {data.choose.titles.flour} for {customer.name}
    fields: {grams: {type: number, title: Grams, unit: g, show: true}}
    on: {done: ready}
  ready:
    type: tell
    to: customer
    title: Ready
    say: Your bread of {data.bake.grams} g is ready.
    shows: {For: "{data.need.day}"}
    next: fulfilled
  fulfilled: {type: fulfilled, because: The bread is baked}
  given_up: {type: ended, because: No bread was wanted}
always:
  stop: {title: Stop it, by: customer, to: given_up}
"""
TEXTS = """
texts:
  de:
    A loaf of bread: Ein Laib Brot
    Fresh bread: Frisches Brot
    Baker: Bäckerei
    Rye flour: Roggenmehl
    Wheat flour: Weizenmehl
    Dark and strong: Dunkel und kräftig
    Asking: Die Frage
    Which day do you need it?: Für welchen Tag brauchen Sie es?
    Day: Tag
    Crust: Kruste
    dark: dunkel
    light: hell
    Flour: Mehl
    Choosing: Die Wahl
    "Choose the flour for {data.need.day}": "Wählen Sie das Mehl für {data.need.day}"
    Kind of flour: Mehlsorte
    "Thank you for {data.choose.flour}, {money(data.choose.price)}.":
      "Danke für {data.choose.flour}, {money(data.choose.price)}."
    by hand: von Hand
    Making sure: Die Rückfrage
    "Shall we bake {data.choose.titles.flour}, {data.word}?": "Backen wir {data.choose.titles.flour}, {data.word}?"
    Bake it: Backen
    Leave it: Lassen
    Baking: Es wird gebacken
    "Bake {data.choose.titles.flour} for {customer.name}": "{data.choose.titles.flour} backen für {customer.name}"
    Grams: Gewicht
    Ready: Fertig
    "Your bread of {data.bake.grams} g is ready.": "Ihr Brot von {data.bake.grams} g ist fertig."
    For: Für
    The bread is baked: Das Brot ist gebacken
    No bread was wanted: Es wurde kein Brot gewünscht
    Stop it: Nicht mehr
    Need: Der Wunsch
    Sure: Noch eine Frage
    Bake: Backen
    Fulfilled: Erledigt
    Given up: Aufgegeben
"""
