"""What the first seeds tell: a sample that leaves nothing out."""

from tests.chaos import attributes, deaf, obstacles
from tests.chaos.changes import ACTS
from tests.chaos.driver import FIRST, RENAMES, SAMPLE, STORIES, Story

TOLD = [Story.of(seed) for seed in range(SAMPLE)]


def test_every_action_and_every_blow():
    assert {story.action for story in TOLD} == set(STORIES)
    assert {story.blows[0].kind for story in TOLD} == set(FIRST)


def test_changes_before_an_operation_and_in_the_middle_of_it():
    made = {
        (one.act, one.moment is None)
        for story in TOLD
        for one in story.meanwhile
    }
    assert made == {(act, at_once) for act in ACTS for at_once in (0, 1)}


def test_the_other_group_works_meanwhile():
    others = {story.other.act for story in TOLD if story.other}
    assert others == {"failover", "test", "sync"}


def test_either_driver_renames_or_none_or_both():
    assert {story.renames for story in TOLD} == set(RENAMES)


def test_the_arrays_of_either_site_hear_of_no_stop_or_of_none_or_both():
    assert {story.deaf for story in TOLD} == set(deaf.SOMEWHERE)


def test_either_site_dies_in_a_drill():
    drills = {"test", "test-stopped", "cleanup", "cleanup-stopped", "drill"}
    dies = {"crash", "crash-both", "crash-and-forced", "kill-peer"}
    struck = {story.blows[0].kind for story in TOLD if story.action in drills}
    assert dies <= struck


def test_members_have_attributes_and_people_are_in_the_way():
    assert {story.attributes for story in TOLD} == set(attributes.KINDS)
    placed = {story.obstacle.kind for story in TOLD if story.obstacle}
    assert placed == set(obstacles.KINDS)
    asked = {story.obstacle.power_on for story in TOLD if story.obstacle}
    assert asked == {True, False}
