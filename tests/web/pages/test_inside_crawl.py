"""All that people can reach by links, followed: nothing refuses, and each page keeps the rules of pages."""

from __future__ import annotations

import pytest
from crawling import crawl
from house import House


@pytest.mark.parametrize(("person", "least"), [("tom", 20), ("ned", 8), ("olga", 60), ("cy", 25), ("bob", 15)])
def test_every_link_leads_somewhere_and_every_page_keeps_the_rules(full: House, person: str, least: int) -> None:
    """For staff, for staff without the role, for operators, and for customers."""
    found = crawl(full.visitor(person))
    assert found.wrong == []
    assert len(found.pages) >= least


def test_a_link_leads_to_one_job_and_all_that_it_says_of_it(full: House) -> None:
    """Who came by a link finds no page to which he would have to be known better."""
    job = full.engine.inbox(by="cy")[0].job
    found = crawl(full.visitor("cy", "link", job), f"/jobs/{job}")
    assert found.wrong == []
    assert len(found.pages) >= 4
